"""Text to strokes: one writer's characters set side by side, touching and overlapping as people write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.stroke_rows import INCOMPLETE, JAGGED
from emnist_hf.data.strokes import StrokeSet, smooth
from emnist_hf.data.words import WordSet, part_of_person
from emnist_hf.letterforms import CAPITAL, LETTERFORMS

Points = NDArray[np.float64]
Pool = dict[str, list[tuple[StrokeSet | WordSet, int, str]]]

LEAST = 25  # different characters that a writer must have written

SIGN_FORMS = {
    ".": (0.0, 0.12), ",": (-0.35, 0.2), ":": (0.0, 0.8), ";": (-0.35, 0.8), "-": (0.45, 0.55), "'": (1.15, 1.6),
    '"': (1.15, 1.6), "!": (0.0, 1.55), "?": (0.0, 1.55), "(": (-0.3, 1.65), ")": (-0.3, 1.65), "/": (-0.2, 1.65),
    "+": (0.15, 1.05), "=": (0.35, 0.75), "&": (0.0, 1.5), "@": (-0.2, 1.4), "#": (0.0, 1.5), "%": (0.0, 1.5),
    "*": (0.7, 1.5), "_": (-0.15, -0.05), "$": (-0.2, 1.65),
}  # fmt: skip
"""Where signs end below and above the baseline, in x-heights."""

WIDE = {"-": 0.6, "=": 0.65, "_": 1.0, ".": 0.08, ",": 0.12, "'": 0.1}
"""Widths of signs whose height says nothing of their size, in x-heights."""

# Strokes of marks over or under a letter: x in widths of the letter, from its middle, y in x-heights over its top.
_ACUTE, _GRAVE = (((-0.1, 0.15), (0.2, 0.45)),), (((-0.2, 0.45), (0.1, 0.15)),)
_HAT = (((-0.25, 0.15), (0.0, 0.4), (0.25, 0.15)),)
_DOTS = (((-0.2, 0.25), (-0.2, 0.3)), ((0.2, 0.25), (0.2, 0.3)))
_TILDE = (((-0.3, 0.2), (-0.15, 0.33), (0.12, 0.2), (0.3, 0.33)),)
_CEDILLA = (((0.0, 0.0), (-0.02, -0.15), (0.12, -0.25), (-0.1, -0.4)),)
ACCENTS: dict[str, tuple[str, Any]] = {
    "ä": ("a", _DOTS), "ö": ("o", _DOTS), "ü": ("u", _DOTS), "Ä": ("A", _DOTS), "Ö": ("O", _DOTS), "Ü": ("U", _DOTS),
    "é": ("e", _ACUTE), "è": ("e", _GRAVE), "ê": ("e", _HAT), "à": ("a", _GRAVE), "ç": ("c", _CEDILLA),
    "ñ": ("n", _TILDE),
}  # fmt: skip


class Writer:
    """One person's characters, of each some drawings, whose strokes are fetched when they are drawn.

    pool: by character, sets of strokes, rows in them and their sources. common: signs, which all writers share.
    """

    def __init__(self, pool: Pool, common: Pool) -> None:
        self.pool, self.common = pool, common

    def knows(self, character: str) -> bool:
        return character in self.pool or character in self.common

    def draw(self, character: str, rng: np.random.Generator) -> list[NDArray[np.float32]]:
        """Return one drawing of a character as strokes, float32 [n, 2] each, in units of its set."""
        among = self.pool.get(character) or self.common[character]
        drawings, row, source = among[int(rng.integers(len(among)))]
        strokes = drawings.strokes(row)
        return smooth(strokes, 0.02) if source in JAGGED else strokes


def load_writers(
    strokes: Path | None, in_context: Path | None, signs: Path | None, persons: dict[str, str]
) -> list[Writer]:
    """Return the training writers of UNIPEN's characters, those cut out of words, and its signs.

    persons: the person of a writer, where it is known; all that a person of another part wrote is left out.
    """
    pools: dict[str, Pool] = {}
    if strokes is not None:
        found = StrokeSet.load(strokes)
        for row in found.rows("train"):
            source, writer = str(found.source[row]), str(found.writer[row])
            if source not in INCOMPLETE and part_of_person(persons.get(writer, writer)) == "train":
                pools.setdefault(writer, {}).setdefault(found.label(int(row)), []).append((found, int(row), source))
    common: Pool = {}
    for path, pooled in ((in_context, False), (signs, True)):
        if path is None:
            continue
        words = WordSet.load(path)
        for row in words.rows("train"):
            text, source = str(words.text[row]), str(words.source[row])
            pool = common if pooled else pools.setdefault(f"in context: {words.person[row]}", {})
            pool.setdefault(text, []).append((words, int(row), source))
    whole = [pool for pool in pools.values() if len(pool) >= LEAST]
    return [Writer(pool, common) for pool in whole]


def can_write(writer: Writer, text: str) -> bool:
    """Whether a writer has each character of a text, or the base of an accented one."""
    return all(c == " " or writer.knows(ACCENTS[c][0] if c in ACCENTS else c) for c in text)


def write_line(text: str, writer: Writer, rng: np.random.Generator) -> list[Points]:
    """Return the strokes of a text, float64 [n, 2] each, in x-heights, y down: a capital is `letterforms.CAPITAL` high.

    Letters stand apart, touch or overlap: how closely is drawn for each line.
    """
    gap, unsteady = float(rng.normal(0.22, 0.16)), float(rng.uniform(0.02, 0.1))
    space = float(rng.uniform(0.5, 1.3))
    capital = CAPITAL * np.exp(rng.normal(0, 0.08))
    written: list[Points] = []
    x = 0.0
    before: Points | None = None
    for character in text:
        if character == " ":
            x, before = x + space * np.exp(rng.normal(0, 0.15)), None
            continue
        strokes = _placed(character, writer, capital, rng)
        points = np.concatenate(strokes)
        shift = x - points[:, 0].min()
        if before is not None:
            shift = _after(before, points) + max(gap + rng.normal(0, unsteady), -0.12)
        moved = [s + np.array((shift, rng.normal(0, 0.03))) for s in strokes]
        written += moved
        before = np.concatenate(moved)
        x = max(x, float(before[:, 0].max()))
    return written


def _after(before: Points, points: Points) -> float:
    """Return by how much to move `points` so that their ink touches that before it, row by row, not its box."""
    rows = np.arange(-8, 24) * 0.12
    right, left = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    np.maximum.at(right, np.searchsorted(rows, -before[:, 1]).clip(0, len(rows) - 1), before[:, 0])
    np.minimum.at(left, np.searchsorted(rows, -points[:, 1]).clip(0, len(rows) - 1), points[:, 0])
    right = np.maximum(right, np.maximum(np.roll(right, 1), np.roll(right, -1)))
    distance = (right - left)[np.isfinite(right - left)]
    boxes = float(before[:, 0].max() - points[:, 0].min())
    return max(float(distance.max()), boxes - 0.35) if len(distance) else boxes


def _placed(character: str, writer: Writer, capital: float, rng: np.random.Generator) -> list[Points]:
    """Return a character's strokes at its size and place over the baseline, at y = 0, in x-heights."""
    if character in ACCENTS:
        base, marks = ACCENTS[character]
        strokes = _placed(base, writer, capital, rng)
        return strokes + _marks(np.concatenate(strokes), marks, rng)
    drawn = writer.draw(character, rng)
    if character in LETTERFORMS:
        form = LETTERFORMS[character]
        bottom, top = form.hand_bottom, form.top * (capital / CAPITAL if form.top > 1.2 else 1.0)
    else:
        bottom, top = SIGN_FORMS.get(character, (0.0, 1.5))
    points = np.concatenate(drawn).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.maximum(high - low, 1e-3)
    scale = (top - bottom) / extent[1] * np.exp(rng.normal(0, 0.06))
    if character in WIDE:
        scale = WIDE[character] / max(extent) * np.exp(rng.normal(0, 0.25))
    scale = min(scale, 2.2 / extent[0])
    middle = -(top + bottom) / 2
    return [(s - (low + high) / 2) * scale + (0, middle) for s in drawn]


def _marks(base: Points, marks: Sequence[Any], rng: np.random.Generator) -> list[Points]:
    """Return the strokes of a mark on its letter."""
    left, right = base[:, 0].min(), base[:, 0].max()
    below = marks is _CEDILLA
    edge = base[:, 1].max() if below else base[:, 1].min()
    width = max(float(right - left), 0.5)
    found = []
    for stroke in marks:
        points = np.array(stroke, np.float64)
        points = points * (width, -1) * np.exp(rng.normal(0, 0.2, 2)) + ((left + right) / 2 + rng.normal(0, 0.06), edge)
        found.append(points + rng.normal(0, 0.02, points.shape))
    return found
