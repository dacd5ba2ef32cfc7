"""Which marks of a sheet are printed guides beside what was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Mask
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import fold_shape
from emnist_hf.styling.sheet_marks import SheetMark, rows_of

FEWEST_PAIRS = 8
"""Marks beside which the same letter stands, always as far away, from which one of the two is a guide."""

TWO_SHAPES = "ABDEGHNQRT"
"""Capitals whose small letter has another shape."""

MORE_REGULAR = 0.6
"""How much less print strays from its line and size than handwriting does, at the least."""

MUCH_SMALLER = 1.6
"""By how much guides are smaller than the writing, at the least, where nothing else tells one from the other."""


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
    rows = rows_of([mark.box for mark in written])  # anew: guides may stand between two rows, and join or part them
    for mark, row in sorted(zip(written, rows), key=lambda pair: (pair[1], pair[0].box[0])):
        distances = np.hypot(*(places - mark.centre).T)
        nearest = int(np.argmin(distances))
        if distances[nearest] < 0.8 * unit:
            with_guides.append(replace(mark, row=row, guide=guides[nearest].shapes))
        elif not mark.is_bar:  # else what is left of a cell's wall
            with_guides.append(replace(mark, row=row))
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
    if min(strays) <= MORE_REGULAR * max(strays):
        swap = strays[1] < strays[0]
    else:  # a hand that is as even as print: what is in the corner of a cell is far smaller than what fills it
        sizes = [float(np.median([marks[i].height for i in members])) for members in (one, other)]
        if max(sizes) < MUCH_SMALLER * min(sizes):
            return none
        swap = sizes[1] < sizes[0]
    if swap:
        one, other, offset = other, one, -offset
    return _spread(marks, one, other, offset), offset


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


def _spread(
    marks: Sequence[SheetMark], printed: NDArray[np.intp], written: NDArray[np.intp], offset: NDArray[np.float64]
) -> Mask:
    """Return which of all marks are print, bool [N], going by those that are known: by rows, or by size, or by place.

    offset: from print to writing.
    """
    rows = np.array([mark.row for mark in marks])
    is_print = np.zeros(len(marks), bool)
    tall = [float(np.median([marks[i].height for i in members])) for members in (printed, written)]
    between = math.sqrt(tall[0] * tall[1])
    by_size = max(tall) > 1.35 * min(tall)
    if max(tall) > MUCH_SMALLER * min(tall):  # a row holds both, as the cells of a grid do
        return _by_place(marks, printed, written, offset)
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


def _by_place(
    marks: Sequence[SheetMark], printed: NDArray[np.intp], written: NDArray[np.intp], offset: NDArray[np.float64]
) -> Mask:
    """Return which marks are print, bool [N]: those from which another is where writing is from its guide."""
    centres = np.array([mark.centre for mark in marks])
    heights = np.array([mark.height for mark in marks])
    to_writing, to_print = (
        np.hypot(*(centres[None] - centres[:, None] - way).transpose(2, 0, 1)).min(axis=1) for way in (offset, -offset)
    )
    tall = [float(np.median(heights[members])) for members in (printed, written)]
    small = (heights < math.sqrt(tall[0] * tall[1])) == (tall[0] < tall[1])
    is_print = np.where(np.abs(to_writing - to_print) > 0.3 * max(tall), to_writing < to_print, small)
    is_print[printed], is_print[written] = True, False
    return is_print
