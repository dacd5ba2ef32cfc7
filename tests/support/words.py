"""Written words as UNIPEN's files have them, drawn by us, for runs that learn to read lines within seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.support.strokes import STROKES

SIDE = 800  # units of the square that a character is drawn in: 600 high


def write_words(folder: Path, count: int = 120, seed: int = 0) -> Path:
    """Write words_train.npz: words of the drawn characters by thirty persons, one with a sign of no alphabet."""
    rng = np.random.default_rng(seed)
    points, bounds, offsets, texts, persons = [], [0], [0], [], []
    for number in range(count):
        text = "".join(rng.choice(list(STROKES), int(rng.integers(1, 5))))
        for place, character in enumerate(text):
            for stroke in STROKES[character]:
                points.append(np.array(stroke) * SIDE + (place * SIDE, 0) + rng.normal(0, 6, (len(stroke), 2)))
                bounds.append(bounds[-1] + len(stroke))
        offsets.append(len(bounds) - 1)
        texts.append(text if number else "A]")
        persons.append(f"person {number % 30}")
    folder.mkdir(parents=True, exist_ok=True)
    names = np.array(persons)
    np.savez(
        folder / "words_train.npz",
        points=np.concatenate(points).round().astype(np.int16),
        stroke_offsets=np.array(bounds),
        word_offsets=np.array(offsets),
        text=np.array(texts),
        source=np.full(count, "own"),
        writer=names,
        person=names,
        style=np.full(count, "printed"),
    )
    return folder


def write_characters(
    path: Path, strokes: dict[str, Sequence[Sequence[tuple[float, float]]]], persons: int = 12
) -> Path:
    """Write a file such as in_context.npz or signs.npz: each of `strokes` by each person, in a unit square."""
    points, bounds, offsets, texts, names = [], [0], [0], [], []
    rng = np.random.default_rng(0)
    for person in range(persons):
        for text, lines in strokes.items():
            for line in lines:
                points.append(np.array(line, float) * SIDE + rng.normal(0, 6, (len(line), 2)))
                bounds.append(bounds[-1] + len(line))
            offsets.append(len(bounds) - 1)
            texts.append(text)
            names.append(f"person {person}")
    np.savez(
        path,
        points=np.concatenate(points).round().astype(np.int16),
        stroke_offsets=np.array(bounds),
        char_offsets=np.array(offsets),
        text=np.array(texts),
        source=np.full(len(texts), "own"),
        writer=np.array(names),
        person=np.array(names),
    )
    return path
