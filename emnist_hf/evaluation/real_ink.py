"""A test on real ink: UNIPEN's held-out writers, drawn as a sketchpad delivers them and read as a visitor's.

The strokes are split by writer (`data/strokes.py`): nobody whose characters are scored is learnt from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from emnist_hf.data.conditions import CONDITIONS
from emnist_hf.data.pad import Pad
from emnist_hf.data.rows import DataError
from emnist_hf.data.strokes import HELD_OUT_SOURCES, PAD, StrokeSet, open_strokes
from emnist_hf.evaluation.evaluated import Evaluated
from emnist_hf.evaluation.metrics import score, wilson_interval
from emnist_hf.ink import NoInkError, glyph_of
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import CHARACTERS, LabelSet, find_charset

SMALLEST_PAD, LARGEST_PAD = 40, 2000  # pixels; below the smallest a character has fewer than a glyph
SHARES = ("accuracy_shape_folded", "accuracy_case_insensitive", "accuracy")


@dataclass(frozen=True)
class StrokeTest:
    """A test on real ink: which strokes, and the pens, pads and conditions that each character is drawn with.

    path: UNIPEN's strokes.npz. pens: diameters in pixels on a pad of 300. sizes: sides of the pad in pixels; the pen
    is scaled with the pad, so that size means resolution and pen means weight, each by itself. conditions: names of
    `conditions.CONDITIONS`. per_pen: how many characters, the same ones for every pen; 0 for all. whole_sources: all
    writers of the clean sources are read, whether trained on or not, a check of the ink and not of the network.

    Raises `DataError` for a pen, a pad, a number or a condition that cannot be.
    """

    path: Path
    pens: Sequence[float] = (6.0, 13.0, 20.0, 30.0)
    sizes: Sequence[int] = (PAD,)
    conditions: Sequence[str] = ("plain",)
    per_pen: int = 500
    whole_sources: bool = False

    def __post_init__(self) -> None:
        for pen in self.pens:
            if not 0 < pen <= PAD / 3:  # wider, and a character is one blot; the comparison refuses NaN too
                raise DataError(f"A pen of {pen:g} px cannot write on a pad of {PAD} px: choose 1 to {PAD // 3}.")
        for size in self.sizes:
            if not SMALLEST_PAD <= size <= LARGEST_PAD:
                raise DataError(
                    f"A pad of {size} px is too small or too large: choose {SMALLEST_PAD} to {LARGEST_PAD}."
                )
        for condition in self.conditions:
            if condition not in CONDITIONS:
                raise DataError(f"There is no condition {condition!r}: choose one of {', '.join(CONDITIONS)}.")
        if self.per_pen < 0:
            raise DataError(f"{self.per_pen} characters for each pen cannot be drawn: give a number, or 0 for all.")


@dataclass(frozen=True)
class Characters:
    """The characters that a test asks for: rows of the stroke set, and their labels in the charset, int64 [N] each."""

    strokes: StrokeSet
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    label_set: LabelSet

    @property
    def writers(self) -> int:
        return len(np.unique(self.strokes.writer[self.rows]))


def choose_characters(test: StrokeTest, label_set: LabelSet) -> Characters:
    """Return the held-out writers' characters that `label_set` has, `per_pen` of them at random (seed 0).

    Raises `DataError` if the file holds no strokes or no such character.
    """
    strokes = open_strokes(test.path)
    whole = np.flatnonzero(np.isin(strokes.source, HELD_OUT_SOURCES))
    rows = whole if test.whole_sources else strokes.rows("test")
    label_of = np.full(len(CHARACTERS), -1)
    for label, members in enumerate(label_set.members):
        label_of[[CHARACTERS.index(character) for character in members]] = label
    rows = rows[label_of[strokes.label62[rows]] >= 0]
    if not len(rows):
        raise DataError(f"{test.path} has no character of {label_set.name} by a held-out writer: give another file.")
    if test.per_pen:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[: test.per_pen])
    return Characters(strokes, rows, label_of[strokes.label62[rows]], label_set)


def score_strokes(test: StrokeTest, recognizer: Evaluated, charset: str = "byclass") -> Iterator[dict[str, Any]]:
    """Draw characters on a pad under each condition, black on white and white on black, and read them.

    Yields the metrics of `metrics.score` over `charset` with `condition`, `size` and `pen` (as `StrokeTest` has
    them), `polarity`, `writers` and `unread` (characters in which no ink was found, counted as wrong).

    Raises `DataError` as `choose_characters`, or `LabelError` if the checkpoint's labels are too
    coarse for the charset.
    """
    recognizer.check_charset(charset)
    chosen = choose_characters(test, find_charset(charset))
    for condition, size, pen in itertools.product(test.conditions, test.sizes, test.pens):
        for light in (False, True):
            found, blank = _draw_and_find(chosen, condition, Pad(size, pen * size / PAD, light))
            probabilities = recognizer.predict_proba(found, charset)
            probabilities[blank] = unread_probabilities(chosen.labels[blank], len(chosen.label_set))
            yield {
                "condition": condition,
                "size": size,
                "pen": pen,
                "polarity": "white on black" if light else "black on white",
                "writers": chosen.writers,
                "held_out": not test.whole_sources,
                "unread": int(blank.sum()),
                **score(probabilities, chosen.labels, chosen.label_set),
            }


def unread_probabilities(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return probabilities that count as wrong by every metric, for what was not read: int [N] to float32 [N, classes].

    The right label has the last rank, and the next label, which in no charset has the same shape, the first.
    """
    rows = np.arange(len(labels))
    probabilities = np.full((len(labels), classes), 1 / classes, np.float32)
    probabilities[rows, labels] = 0
    probabilities[rows, (labels + 1) % classes] = 2 / classes
    return probabilities


def _draw_and_find(chosen: Characters, condition: str, pad: Pad) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return glyphs uint8 [N, 28, 28] of characters drawn and read like a visitor's, and which showed no ink."""

    def find(row: int) -> NDArray[np.uint8] | None:
        # By the row alone: a character leans and shakes alike with every pen and for every checkpoint.
        picture = CONDITIONS[condition](chosen.strokes.strokes(row), pad, np.random.default_rng((0, row)))
        try:
            return glyph_of(picture)[0]
        except NoInkError:
            return None

    rows = chosen.rows.tolist()
    name = f"{condition}, {pad.side} px, pen {pad.pen:g}"
    with ThreadPool(2) as pool:  # no fork: torch has threads by now, and the child of such a process may hang
        found = list(tqdm(pool.imap(find, rows), desc=name, total=len(rows), unit="character", mininterval=1))
    blank = np.array([glyph is None for glyph in found])
    return np.stack([np.zeros((SIDE, SIDE), np.uint8) if glyph is None else glyph for glyph in found]), blank


def summarize_strokes(test: StrokeTest, recognizer: Evaluated, charset: str = "byclass") -> dict[str, Any]:
    """Return `score_strokes` as one object: `total`, `by_pen`, `by_size` of plain drawings, `by_condition`, `cells`.

    Each is the mean over the cells that it stands for, with `characters`, `writers`, `rows` (characters times
    drawings of each) and `unread`. Its intervals count a character once, however often it was drawn: drawings of one
    character are no independent trials. Raises as `score_strokes`.
    """
    conditions = tuple(dict.fromkeys(("plain", *test.conditions)))
    cells = list(score_strokes(replace(test, conditions=conditions), recognizer, charset))
    plain = [cell for cell in cells if cell["condition"] == "plain"]
    return {
        "strokes": test.path.name,
        "charset": charset,
        "held_out": not test.whole_sources,
        "total": _pool(plain),
        "by_pen": _pool_by("pen", plain),
        "by_size": _pool_by("size", plain),
        "by_condition": _pool_by("condition", cells),
        "cells": cells,
    }


def _pool_by(key: str, cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    values = dict.fromkeys(cell[key] for cell in cells)
    return [{key: value} | _pool([cell for cell in cells if cell[key] == value]) for value in values]


def _pool(cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return means over cells, all of which hold the same characters."""
    characters = cells[0]["rows"]
    pooled: dict[str, Any] = {
        "characters": characters,
        "writers": cells[0]["writers"],
        "rows": sum(cell["rows"] for cell in cells),
        "unread": sum(cell["unread"] for cell in cells),
    }
    for name in SHARES:
        share = math.fsum(cell[name] for cell in cells) / len(cells)
        pooled |= {name: share, f"{name}_interval": wilson_interval(share * characters, characters)}
    return pooled
