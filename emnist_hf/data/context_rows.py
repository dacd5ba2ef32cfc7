"""Characters cut out of words as people wrote them, and signs, as glyphs: UNIPEN's, split by person."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.other_hands import other_hand
from emnist_hf.data.rows import Rows
from emnist_hf.data.stroke_rows import INCOMPLETE, JAGGED, JAGGED_SMOOTHING, SMOOTHING
from emnist_hf.data.strokes import Part, draw_coverage, make_glyphs, smooth
from emnist_hf.data.words import UNITS, WordSet
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.splits import CHARACTERS, CHARSETS

SIGNS = "+=&@#%*$?{}~^<>"
"""Signs that no character looks like. A bracket, a stop or a bar drawn alone may be a C, an o or an l."""

PAD = 120  # pixels
PENS = (18.0, 84.0)  # diameters in units of the points, of which a tall character has `UNITS`


class _Job(NamedTuple):
    strokes: list[NDArray[np.float32]]
    smoothing: tuple[float, float]
    changed: bool
    seed: int


def context_rows(path: Path, part: Part, hands: int = 0, seed: int = 0, progress: bool = False) -> Rows:
    """Draw the characters of an in_context.npz by the persons of a part: once as they are, and by `hands` other hands.

    Only those of the 62 are drawn. Raises `DataError` if the file is not one.
    """
    found = WordSet.load(path)
    rows = _among(found, part, CHARACTERS)
    drawn = _draw(found, rows, hands, seed, progress)
    labels = np.array([CHARACTERS.index(text) for text in found.text[rows]], np.int64)
    return Rows(drawn, np.tile(labels, hands + 1), CHARSETS["byclass"])


def sign_glyphs(path: Path, part: Part, hands: int = 0, seed: int = 0, progress: bool = False) -> NDArray[np.uint8]:
    """Draw `SIGNS` of a signs.npz or an in_context.npz, as `context_rows` does: uint8 [N, 28, 28]."""
    found = WordSet.load(path)
    return _draw(found, _among(found, part, SIGNS), hands, seed, progress)


def _among(found: WordSet, part: Part, texts: str) -> NDArray[np.int64]:
    rows = found.rows(part)
    return rows[np.isin(found.text[rows], list(texts)) & ~np.isin(found.source[rows], INCOMPLETE)]


def _draw(found: WordSet, rows: NDArray[np.int64], hands: int, seed: int, progress: bool) -> NDArray[np.uint8]:
    every = np.tile(rows, hands + 1)
    seeds = np.random.default_rng(seed).integers(0, 2**32, len(every))
    jobs = (
        _Job(
            found.strokes(int(row)),
            JAGGED_SMOOTHING if found.source[row] in JAGGED else SMOOTHING,
            place >= len(rows),
            int(seeds[place]),
        )
        for place, row in enumerate(every)
    )
    return make_glyphs(_glyph, jobs, len(every), progress)


def _glyph(job: _Job) -> NDArray[np.uint8]:
    """Draw one character with a pen of its own: a small one has the pen of a tall one, and is the thicker for it."""
    rng = np.random.default_rng(job.seed)
    strokes: list[Any] = smooth(job.strokes, rng.uniform(*job.smoothing))
    longest = float(np.ptp(np.concatenate(strokes), axis=0).max())
    pen = np.exp(rng.uniform(*np.log(PENS))) / max(longest, UNITS / 6)
    if job.changed:
        strokes = other_hand(strokes, rng)
    return to_glyph(draw_coverage(strokes, size=PAD, pen=max(1.5, pen * PAD * 0.65), rng=rng))
