"""How well ink is found, by kind of picture, and how long each stage takes, by size.

    python -m benchmarks.ink --conditions all [--strokes STROKES.npz] [--count 200] [--seed 0] [--show FOLDER]

A character of a held-out writer (with --strokes UNIPEN's; else one that the tests draw) counts where the glyph of its
ink alone, as it was drawn, is read right: `read` is the share of those that are read right in the picture of a kind,
shape-folded, `blank` the share of pictures of the same paper without strokes in which no character is found.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from emnist_hf import Recognizer
from emnist_hf.data.conditions import KINDS, Strokes, pad_for
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.errors import EmnistError
from emnist_hf.ink import open_picture, to_glyph
from emnist_hf.splits import fold_shape
from tests.support.strokes import STROKES


def characters(path: Path | None, seed: int) -> Iterator[tuple[str, Strokes]]:
    """Give characters of the test's writers, or those that the tests draw, at random, without end."""
    if path is None:
        yield from _drawn_by_tests(seed)
        return
    strokes = StrokeSet.load(path)
    rng, rows = np.random.default_rng(seed), strokes.rows("test")
    while True:
        row = int(rng.choice(rows))
        yield strokes.label(row), strokes.strokes(row)


def _drawn_by_tests(seed: int) -> Iterator[tuple[str, Strokes]]:
    rng, names = np.random.default_rng(seed), list(STROKES)
    while True:
        name = names[int(rng.integers(len(names)))]
        yield name, [np.array(stroke, np.float32) for stroke in STROKES[name]]


def answer(recognizer: Recognizer, picture: Any) -> tuple[str | None, str]:
    """The label of a picture, shape-folded, and what else is to say; None where no character is found."""
    try:
        found = recognizer.examine(picture, top_k=1)
    except EmnistError as error:
        return None, str(error)
    return fold_shape(found.predictions[0].label), "" if found.is_character else "no character"


def score_kind(
    recognizer: Recognizer, kind: str, strokes: Path | None, count: int, seed: int, show: Path | None
) -> dict:
    """Read `count` pictures of a kind, and as many of its paper."""
    rng = np.random.default_rng((seed, zlib.crc32(kind.encode())))
    right = asked = blank = 0
    began = time.process_time()
    for label, written in characters(strokes, int(rng.integers(2**31))):
        pad = pad_for(kind, rng)
        clean = to_glyph(pad.coverage(written))
        if fold_shape(recognizer.classify_glyph(clean, top_k=1)[0].label) != fold_shape(label):
            continue
        picture, paper = KINDS[kind](written, pad, rng), KINDS[kind]((), pad, rng)
        got, said = answer(recognizer, picture)
        on_paper, unsure = answer(recognizer, paper)
        right += got == fold_shape(label)
        blank += on_paper is None or bool(unsure)
        if show and got != fold_shape(label):
            open_picture(picture).save(show / f"{kind}-{asked}-{label}-{got}{'-' + said[:30] if said else ''}.png")
        if show and on_paper is not None and not unsure:
            open_picture(paper).save(show / f"{kind}-{asked}-paper-{on_paper}.png")
        asked += 1
        if asked == count:
            break
    seconds = time.process_time() - began
    return {"kind": kind, "asked": asked, "read": right / asked, "blank": blank / asked, "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conditions", nargs="+", default=["all"], help=f"some of {', '.join(KINDS)} (default: all)")
    parser.add_argument("--strokes", type=Path, help="UNIPEN's strokes.npz")
    parser.add_argument("--count", type=int, default=200, help="pictures of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of characters and papers (default: %(default)s)")
    parser.add_argument("--show", type=Path, help="folder for the pictures that are read wrong")
    options = parser.parse_args()
    recognizer = Recognizer.from_pretrained()
    if options.show:
        options.show.mkdir(parents=True, exist_ok=True)
    for kind in KINDS if "all" in options.conditions else options.conditions:
        found = score_kind(recognizer, kind, options.strokes, options.count, options.seed, options.show)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
