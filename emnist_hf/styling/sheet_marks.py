"""A sheet's ink as marks, one a character, in rows; and which of them are printed guides beside what was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import NoInkError, to_glyph
from emnist_hf.ink.types import Floats, Mask
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import CHARACTERS, SHAPE_SET, LabelSet, character_shares, fold_shape
from emnist_hf.styling.measuring import Reader

Box = tuple[int, int, int, int]

LARGE, SPECK = 4.0, 0.12
"""Size, in heights of a usual mark, above which ink is a frame or a rule, and below which it is a speck."""

APART = 6.0
"""Heights of a usual mark by which neighbours of a row lie apart, at the most."""

FEWEST_PAIRS = 8
"""Marks beside which the same letter stands, always as far away, from which one of the two is a guide."""

TWO_SHAPES = "ABDEGHNQRT"
"""Capitals whose small letter has another shape."""

MORE_REGULAR = 0.6
"""How much less print strays from its line and size than handwriting does, at the least."""

_SHAPES = [SHAPE_SET.labels.index(fold_shape(c)) for c in CHARACTERS]


@dataclass(frozen=True)
class SheetMark:
    """A mark: its box, its row from 0, and how well it suits each of the 62 characters, as `shape_likelihoods` says it.

    shapes: float32 [62]. guide: the same of the printed letter that stands beside it; None without.
    """

    box: Box
    row: int
    shapes: Floats
    guide: Floats | None = None

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def best(self) -> str:
        return CHARACTERS[int(np.argmax(self.shapes))]


def shape_likelihoods(pictures: Sequence[Floats], reader: Reader, may_be_signs: bool = False) -> Floats:
    """Return how well each picture of ink suits each of the 62 characters, 0 to 1, float32 [N, 62].

    Half of it is the character's own probability, half that of all that one shape cannot tell apart, such as C and c
    or 0 and O: rows sum to more than 1. Rows of pictures without ink are 0. may_be_signs: what is no letter suits none.
    """
    glyphs, known = [], []
    for place, picture in enumerate(pictures):
        try:
            glyphs.append(to_glyph(picture))
            known.append(place)
        except NoInkError:
            continue
    found = np.zeros((len(pictures), len(CHARACTERS)), np.float32)
    if glyphs:
        labels: LabelSet = reader.label_set
        shares = reader.predict_proba(np.stack(glyphs)) @ character_shares(labels)
        if may_be_signs and (strange := reader.not_a_character(np.stack(glyphs))) is not None:
            shares *= 1 - strange[:, None]
        folded = np.zeros((len(glyphs), len(SHAPE_SET)), np.float32)
        for column, place in enumerate(_SHAPES):
            folded[:, place] += shares[:, column]
        found[known] = (shares + folded[:, _SHAPES]) / 2
    return found


def find_marks(coverage: Floats, reader: Reader) -> list[SheetMark]:
    """Return the marks in ink, float32 [H, W], row by row; parts such as the dot of an i belong to one mark."""
    boxes = _joined(*_components(coverage))
    if not boxes:
        return []
    rows = _rows(boxes)
    ordered = sorted(range(len(boxes)), key=lambda i: (rows[i], boxes[i][0]))
    pictures = [coverage[b[1] : b[3], b[0] : b[2]] for b in (boxes[i] for i in ordered)]
    shapes = shape_likelihoods(pictures, reader, may_be_signs=True)
    return [SheetMark(boxes[i], rows[i], row) for i, row in zip(ordered, shapes)]


def _components(coverage: Floats) -> tuple[NDArray[np.int32], float]:
    """Return the boxes of what may be writing, int32 [N, 4], and the height of a usual mark."""
    stats = cv2.connectedComponentsWithStats((coverage > 0.5).astype(np.uint8), connectivity=8)[2][1:]
    heights = stats[:, cv2.CC_STAT_HEIGHT].astype(np.float64)
    if not len(heights):
        return np.zeros((0, 4), np.int32), 1.0
    large = heights[heights >= 0.25 * np.percentile(heights, 90)]
    unit = float(np.median(large[large < LARGE * np.median(large)]))
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = stats[(sides < LARGE * unit) & (sides > SPECK * unit)]
    return np.concatenate([kept[:, :2], kept[:, :2] + kept[:, 2:4]], axis=1), unit


def _joined(boxes: NDArray[np.int32], unit: float) -> list[Box]:
    """Put parts of one character together: small ones go to what they stand over or under, broken strokes join."""
    parents = list(range(len(boxes)))

    def root(i: int) -> int:
        while parents[i] != i:
            i = parents[i]
        return i

    for i, box in enumerate(boxes):
        beside = np.maximum(boxes[:, 0], box[0]) - np.minimum(boxes[:, 2], box[2])  # below 0 where they overlap
        between = np.maximum(boxes[:, 1], box[1]) - np.minimum(boxes[:, 3], box[3])
        small = box[3] - box[1] < 0.4 * unit
        near = (beside < 0) & (between < 0.6 * unit) if small else (beside < 0.1 * unit) & (between < 0)
        near[i] = False
        others = np.flatnonzero(near)
        if len(others):
            nearest = others[np.argmin(np.maximum(between, 0)[others])]
            for other in [int(nearest)] if small else others.tolist():
                parents[root(int(other))] = root(i)
    groups: dict[int, list[int]] = {}
    for i in range(len(boxes)):
        groups.setdefault(root(i), []).append(i)
    joined = [(*boxes[g, :2].min(axis=0).tolist(), *boxes[g, 2:].max(axis=0).tolist()) for g in groups.values()]
    return [box for box in joined if max(box[2] - box[0], box[3] - box[1]) > 0.3 * unit]


def _rows(boxes: Sequence[Box]) -> list[int]:
    """Return the row of each mark: chains of neighbours, from the top."""
    sides = np.array(boxes, np.float64)
    unit = float(np.median(sides[:, 3] - sides[:, 1]))
    middle = (sides[:, [0, 1]] + sides[:, [2, 3]]) / 2
    rows = list(range(len(boxes)))
    for i in np.argsort(middle[:, 0]).tolist():
        right, down = (middle - middle[i]).T
        overlap = np.minimum(sides[:, 3], sides[i, 3]) - np.maximum(sides[:, 1], sides[i, 1])
        least = 0.3 * np.minimum(sides[:, 3] - sides[:, 1], sides[i, 3] - sides[i, 1])
        ahead = (right > 0) & (right < APART * unit) & (overlap > least)
        if ahead.any():
            cost = np.where(ahead, right + 2 * np.abs(down), np.inf)
            one, other = rows[i], rows[int(np.argmin(cost))]
            rows = [one if row == other else row for row in rows]
    heights = {row: float(np.mean([middle[i, 1] for i in range(len(rows)) if rows[i] == row])) for row in set(rows)}
    order = {row: place for place, row in enumerate(sorted(heights, key=lambda row: heights[row]))}
    return [order[row] for row in rows]


# --- guides ---


def without_guides(marks: Sequence[SheetMark]) -> tuple[list[SheetMark], int]:
    """Return what was written, each mark with the printed letter beside it, and how many marks are print.

    Guides are where the same letter stands twice, always as far apart, and one of the two keeps line and size better.
    """
    printed, offset = _find_guides(marks)
    if not printed.any():
        return list(marks), 0
    written = [mark for mark, is_print in zip(marks, printed) if not is_print]
    guides = [mark for mark, is_print in zip(marks, printed) if is_print]
    places = np.array([guide.centre for guide in guides]) + offset
    unit = float(np.median([mark.height for mark in written] or [1]))
    with_guides = []
    for mark in written:
        distances = np.hypot(*(places - mark.centre).T)
        nearest = int(np.argmin(distances))
        with_guides.append(replace(mark, guide=guides[nearest].shapes if distances[nearest] < 0.8 * unit else None))
    return with_guides, len(guides)


def _find_guides(marks: Sequence[SheetMark]) -> tuple[Mask, NDArray[np.float64]]:
    """Return which marks are printed guides, bool [N], and how far the written ones lie from them, float64 [2]."""
    none = np.zeros(len(marks), bool), np.zeros(2)
    if len(marks) < 2 * FEWEST_PAIRS:
        return none
    unit = float(np.median([mark.height for mark in marks]))
    centres = np.array([mark.centre for mark in marks])
    labels = np.array([fold_shape(mark.best) for mark in marks])
    sure = np.array([mark.shapes.max() > 0.5 for mark in marks])
    ways = centres[None] - centres[:, None]
    same = (labels[None] == labels[:, None]) & sure[None] & sure[:, None]
    # One of the two ways: from the mark above, or to the left, to the other.
    forward = (ways[..., 1] > 0.3 * unit) | ((np.abs(ways[..., 1]) <= 0.3 * unit) & (ways[..., 0] > 0))
    first, second = np.nonzero(same & forward & (np.hypot(ways[..., 0], ways[..., 1]) < 4 * unit))
    if len(first) < FEWEST_PAIRS:
        return none
    found = ways[first, second]
    near = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1)) < 0.5 * unit
    around = near[int(near.sum(axis=1).argmax())]
    if around.sum() < FEWEST_PAIRS:
        return none
    offset = np.median(found[around], axis=0)
    one, other = first[around], second[around]
    if _other_case(marks, one, other):
        return none
    strays = [_straying([marks[i] for i in members]) for members in (one, other)]
    if min(strays) > MORE_REGULAR * max(strays):
        return none
    if strays[1] < strays[0]:
        one, other, offset = other, one, -offset
    return _spread(marks, one, other), offset


def _other_case(marks: Sequence[SheetMark], ones: NDArray[np.intp], others: NDArray[np.intp]) -> bool:
    """Tell whether pairs are a capital and its small letter, as in rows of either: no guide is of the other case."""
    told = [(marks[i].best, marks[j].best) for i, j in zip(ones.tolist(), others.tolist())]
    told = [pair for pair in told if pair[0].upper() in TWO_SHAPES]
    return len(told) > 2 and np.mean([one != other for one, other in told]) > 0.5


def _straying(marks: Sequence[SheetMark]) -> float:
    """Return how far marks stray from their lines, and their size from that of their letters, in heights."""
    heights = np.array([mark.height / LETTERFORMS[mark.best].height for mark in marks])
    usual = float(np.median(heights))
    size = float(np.median(np.abs(heights / usual - 1)))
    off: list[float] = []
    for row in {mark.row for mark in marks}:
        standing = [m for m in marks if m.row == row and LETTERFORMS[m.best].bottom == 0]
        feet = np.array([(m.centre[0], m.box[3]) for m in sorted(standing, key=lambda m: m.box[0])], np.float64)
        for before, at, after in zip(feet, feet[1:], feet[2:]):
            share = (at[0] - before[0]) / max(after[0] - before[0], 1e-6)
            off.append(abs(at[1] - before[1] - share * (after[1] - before[1])) / usual)
    return size + (float(np.median(off)) if off else 0.0) + 0.01


def _spread(marks: Sequence[SheetMark], printed: NDArray[np.intp], written: NDArray[np.intp]) -> Mask:
    """Return which of all marks are print, bool [N], going by those that are known: by rows, or by size, or by both."""
    rows = np.array([mark.row for mark in marks])
    is_print = np.zeros(len(marks), bool)
    tall = [float(np.median([marks[i].height for i in members])) for members in (printed, written)]
    between = math.sqrt(tall[0] * tall[1])
    by_size = max(tall) > 1.35 * min(tall)
    for row in set(rows.tolist()):
        members = np.flatnonzero(rows == row)
        ones, others = int(np.isin(members, printed).sum()), int(np.isin(members, written).sum())
        if abs(ones - others) > 0.3 * (ones + others):  # chance pairs a written row with the print below it, too
            is_print[members] = ones > others
        elif by_size:
            is_print[members] = [(marks[i].height < between) == (tall[0] < tall[1]) for i in members.tolist()]
        else:
            is_print[members] = np.isin(members, printed)
    return is_print
