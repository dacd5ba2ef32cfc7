"""Real pen strokes as training rows and as a test: what a sketchpad's visitors would draw.

The strokes are UNIPEN's (see `strokes.py`), split by writer: nobody whose characters are scored is learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from emnist_hf.data import DataError, Rows, to_dataset
from emnist_hf.evaluation import score
from emnist_hf.ink import NoInkError, glyph_of
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARSETS
from emnist_hf.strokes import HELD_OUT_SOURCES, Part, StrokeSet, draw, glyphs

PAD = 300  # pixels
PENS = (5.0, 32.0)  # diameters on that pad which training rows are drawn with
TRAINING_PAD = 120  # smaller is quicker, and a glyph has 28 pixels
INCOMPLETE = ("ibm",)  # sources that miss strokes are not learnt from


def open_strokes(path: Path) -> StrokeSet:
    """Load a strokes file. Raises `DataError` if it is not one."""
    try:
        return StrokeSet.load(path)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is not a file of strokes such as UNIPEN's strokes.npz ({error}).") from None


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


def score_strokes(
    path: Path, checkpoint: str | None, pens: Sequence[float], per_pen: int, whole_sources: bool = False
) -> Iterator[dict[str, Any]]:
    """Draw held-out writers' characters on a pad with each pen, black on white and white on black, and read them.

    Yields the metrics of `evaluation.score` with `pen` (pixels), `polarity`, `writers` and `unread` (characters in
    which no ink was found, counted as wrong). With `whole_sources` all writers of the clean sources are read,
    whether trained on or not: a check of the ink, not of the network.
    """
    recognizer = Recognizer.from_pretrained(checkpoint)
    if recognizer.label_set is not CHARSETS["byclass"]:
        raise DataError(f"{recognizer.name} does not know all 62 characters, which these strokes are: use byclass.")
    strokes = open_strokes(path)
    rows = np.flatnonzero(np.isin(strokes.source, HELD_OUT_SOURCES)) if whole_sources else strokes.rows("test")
    if per_pen:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:per_pen])
    for pen in pens:
        for polarity, ink, paper in (("black on white", 0, 255), ("white on black", 255, 0)):
            probabilities, unread = _read(recognizer, strokes, rows, pen, ink, paper)
            metrics = score(probabilities, strokes.label62[rows].astype(np.int64), recognizer.label_set)
            yield {
                "pen": pen,
                "polarity": polarity,
                "writers": len(np.unique(strokes.writer[rows])),
                "held_out": not whole_sources,
                "unread": unread,
                **metrics,
            }


def _read(
    recognizer: Recognizer, strokes: StrokeSet, rows: NDArray[np.int64], pen: float, ink: int, paper: int
) -> tuple[NDArray[np.float32], int]:
    """Probabilities [N, 62] of characters drawn and read like a visitor's, and how many showed no ink."""
    found = np.zeros((len(rows), 28, 28), np.uint8)
    blank = np.zeros(len(rows), bool)
    for place, row in enumerate(tqdm(rows, desc=f"pen {pen:g}", unit="character", mininterval=1)):
        picture = draw(strokes.strokes(int(row)), size=PAD, pen=pen, ink=(ink,) * 3, paper=(paper,) * 3)
        try:
            found[place] = glyph_of(picture)[0]
        except NoInkError:
            blank[place] = True
    probabilities = recognizer.predict_proba(found)
    # An unread character must count as wrong, whatever its label: no probability for the right one.
    wrong = (strokes.label62[rows[blank]].astype(np.int64) + 31) % 62
    probabilities[blank] = np.eye(62, dtype=np.float32)[wrong]
    return probabilities, int(blank.sum())
