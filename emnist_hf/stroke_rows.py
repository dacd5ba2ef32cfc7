"""Real pen strokes as training rows: the writers who are not scored, drawn with pens of many widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emnist_hf.data import Rows, to_dataset
from emnist_hf.real_ink import PAD, open_strokes
from emnist_hf.splits import CHARSETS
from emnist_hf.strokes import Part, glyphs

PENS = (5.0, 32.0)  # diameters on a pad of 300 pixels
TRAINING_PAD = 120  # smaller is quicker, and a glyph has 28 pixels
INCOMPLETE = ("ibm",)  # sources that miss strokes are not learnt from


def write_stroke_rows(path: Path, folder: Path, seed: int = 0) -> Iterator[tuple[Path, int]]:
    """Draw the training and the validation writers' characters as glyphs; yields each Parquet file and its rows."""
    strokes = open_strokes(path)
    folder.mkdir(parents=True, exist_ok=True)
    low, high = (pen * TRAINING_PAD / PAD for pen in PENS)
    parts: tuple[Part, ...] = ("train", "validation")
    for number, part in enumerate(parts):
        rows = strokes.rows(part)
        rows = rows[~np.isin(strokes.source[rows], INCOMPLETE)]
        drawn = glyphs(
            strokes,
            rows,
            size=TRAINING_PAD,
            pen=(low, high),
            rng=np.random.default_rng((seed, number)),
            processes=2,
            progress=True,
        )
        labels = strokes.label62[rows].astype(np.int64)
        file = folder / f"unipen_{part}.parquet"
        to_dataset(Rows(drawn, labels, CHARSETS["byclass"])).to_parquet(str(file))
        yield file, len(rows)
