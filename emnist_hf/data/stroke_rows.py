"""Real pen strokes as training rows: the writers who are not scored, drawn with pens of many widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.other_hands import glyphs_by_other_hands
from emnist_hf.data.rows import Rows, to_dataset
from emnist_hf.data.strokes import HELD_OUT_SOURCES, PAD, Part, StrokeSet, glyphs, open_strokes
from emnist_hf.splits import CHARSETS

PENS = (5.0, 32.0)  # diameters on a pad of 300 pixels
TRAINING_PAD = 120  # smaller is quicker, and a glyph has 28 pixels
INCOMPLETE = ("ibm",)  # sources that miss strokes are not learnt from
SMOOTHING = (0.0, 0.02)  # of the size of the character: pens differ in how much of a tremor they keep
JAGGED = ("apa", "apb", "app")  # sources of low resolution, whose steps no pen makes
JAGGED_SMOOTHING = (0.01, 0.04)
SLANT, STRETCH, SHAKE = 0.12, 0.12, 0.6  # of a variant; see `strokes.glyphs`


def write_stroke_rows(
    path: Path, folder: Path, seed: int = 0, variants: int = 4, hands: int = 10
) -> Iterator[tuple[Path, int]]:
    """Draw the training and the validation writers' characters as glyphs; yield each Parquet file and its rows.

    A training writer's character is drawn `variants` times, each with another pen, slant, proportion, tremor and
    smoothness, before it becomes a glyph: what UNIPEN lacks is hands, and two drawings of one character differ more
    this way than when pixels are bent afterwards. A validation writer's is drawn once, as it is. The characters of the
    training writers whose tablets were clean, as those of the test are, are drawn by `hands` other hands besides.
    """
    strokes = open_strokes(path)
    folder.mkdir(parents=True, exist_ok=True)
    low, high = (pen * TRAINING_PAD / PAD for pen in PENS)
    parts: tuple[Part, ...] = ("train", "validation")
    for number, part in enumerate(parts):
        rows = strokes.rows(part)
        rows = rows[~np.isin(strokes.source[rows], INCOMPLETE)]
        rng = np.random.default_rng((seed, number))
        changes: dict[str, Any] = {}
        if part == "train":
            rows = np.tile(rows, variants)
            changes = {"slant": SLANT, "stretch": STRETCH, "shake": SHAKE, "smoothing": _smoothing(strokes, rows, rng)}
        drawn = glyphs(strokes, rows, size=TRAINING_PAD, pen=(low, high), rng=rng, progress=True, **changes)
        yield _write(folder / f"unipen_{part}.parquet", drawn, strokes, rows)
    file = folder / "unipen_hands.parquet"
    file.unlink(missing_ok=True)  # an older one would be learnt from beside these
    clean = strokes.rows("train")
    rows = np.tile(clean[np.isin(strokes.source[clean], HELD_OUT_SOURCES)], hands)
    if len(rows):
        drawn = glyphs_by_other_hands(strokes, rows, seed=seed + len(parts), progress=True)
        yield _write(file, drawn, strokes, rows)


def _write(file: Path, drawn: NDArray[np.uint8], strokes: StrokeSet, rows: NDArray[np.int64]) -> tuple[Path, int]:
    return write_rows(file, Rows(drawn, strokes.label62[rows].astype(np.int64), CHARSETS["byclass"]))


def write_rows(file: Path, rows: Rows) -> tuple[Path, int]:
    """Write rows as a Parquet file; return it, and how many they are."""
    to_dataset(rows).to_parquet(str(file))
    return file, len(rows)


def _smoothing(strokes: StrokeSet, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how much to smooth each row, evenly from the range of its source: float64 [N]."""
    jagged = np.isin(strokes.source[rows], JAGGED)
    return np.where(jagged, rng.uniform(*JAGGED_SMOOTHING, len(rows)), rng.uniform(*SMOOTHING, len(rows)))
