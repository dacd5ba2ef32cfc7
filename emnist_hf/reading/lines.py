"""Marks to lines of writing, in reading order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emnist_hf.reading.marks import Boxes, Marks

TOLERANCE = 0.65
"""How far a mark's middle may lie off a line's, in heights of a character."""


LETTER = 0.45
"""Height, of an ordinary character's, from which a mark is a character or most of one; the rest is dots and bars."""


REACH = 1.6
"""How far from the nearest character a dot or a bar may lie, in heights of a character."""


_MEMORY = 8  # marks of a line that say where it goes on


def find_lines(marks: Marks, writing: NDArray[np.bool_]) -> list[list[int]]:
    """The marks of each line, from left to right by their middles; the lines from top to bottom.

    Lines are chained from left to right: a mark joins the line whose course, taken from its last marks, it lies on, so
    lines may climb, fall and fan out (after Likforman-Sulem, Zahour and Taconet 2007, section 4.3). Dots and bars then
    go where the nearest character is.
    """
    tall = (marks.heights >= LETTER * marks.unit) | (marks.widths >= 1.5 * marks.unit)
    core = np.flatnonzero(writing & tall & (marks.heights >= 0.2 * marks.unit))
    if not len(core):
        core = np.flatnonzero(writing & (marks.heights >= 0.25 * marks.unit))
    lines = _merged(_chained(marks.boxes, core, marks.unit), marks.boxes, marks.unit)
    _attach(marks, lines, np.setdiff1d(np.flatnonzero(writing), core))
    middles = marks.boxes[:, 0] + marks.boxes[:, 2]
    lines = [sorted(line, key=lambda mark: int(middles[mark])) for line in lines]
    return sorted(lines, key=lambda line: _course(marks.boxes[line])[0])


def _chained(boxes: Boxes, core: NDArray[np.int64], unit: float) -> list[list[int]]:
    lines: list[list[int]] = []
    places = np.zeros((0, 4))  # of each line: middle x and y of its last marks, slope, height
    ends = np.zeros(0)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    for mark in core[np.argsort(boxes[core, 0], kind="stable")]:
        x, y = middles[mark]
        height = boxes[mark, 3] - boxes[mark, 1]
        off = np.abs(y - places[:, 1] - places[:, 2] * (x - places[:, 0])) / np.maximum(
            max(unit, 0.7 * height), 0.7 * places[:, 3]
        )
        cost = off + 0.01 * np.maximum(x - ends, 0) / unit
        best = int(cost.argmin()) if len(lines) else -1
        if best >= 0 and off[best] < TOLERANCE:
            lines[best].append(int(mark))
            last = lines[best][-_MEMORY:]
            places[best] = *_heading(middles[last], unit), float((boxes[last, 3] - boxes[last, 1]).mean())
            ends[best] = max(ends[best], boxes[mark, 2])
        else:
            lines.append([int(mark)])
            places = np.vstack([places, [x, y, 0.0, height]])
            ends = np.append(ends, boxes[mark, 2])
    return lines


def _heading(middles: NDArray[np.float64], unit: float) -> tuple[float, float, float]:
    """Where a line is and how it slopes, by its last marks: middle x, middle y, slope."""
    x, y = middles[:, 0] - middles[:, 0].mean(), middles[:, 1] - middles[:, 1].mean()
    # A few letters, some with descenders, say little about the slope: level is assumed until they span a way.
    slope = float((x * y).sum() / ((x * x).sum() + len(x) * (2 * unit) ** 2))
    return float(middles[:, 0].mean()), float(middles[:, 1].mean()), slope


def _course(boxes: Boxes) -> tuple[float, float]:
    """A line's middle y and slope by all of its marks, int32 [n, 4]."""
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    off = x - x.mean()
    return float(np.median(y)), float((off * y).sum() / max((off * off).sum(), 1.0)) if len(x) > 3 else 0.0


def _merged(lines: list[list[int]], boxes: Boxes, unit: float) -> list[list[int]]:
    """Lines of which one goes on where the other ends are one."""
    lines = sorted(lines, key=lambda line: int(boxes[line, 0].min()))
    merged: list[list[int]] = []
    for line in lines:
        left, y = boxes[line, 0].min(), np.median(boxes[line][:, [1, 3]].mean(axis=1))
        for other in merged:
            tail = other[-_MEMORY:]
            x0, y0, slope = _heading((boxes[tail, :2] + boxes[tail, 2:]) / 2, unit)
            if left > boxes[other, 2].max() - 0.3 * unit and abs(y0 + slope * (left - x0) - y) < 0.5 * unit:
                other += line
                break
        else:
            merged.append(list(line))
    return merged


def _attach(marks: Marks, lines: list[list[int]], small: NDArray[np.int64]) -> None:
    """Add dots and bars to the line of the nearest character; what is near none is left out."""
    if not lines or not len(small):
        return
    core = np.concatenate([np.array(line) for line in lines])
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    boxes = marks.boxes.astype(np.float32)
    for start in range(0, len(small), 512):
        chunk = small[start : start + 512]
        gap = np.maximum(
            boxes[core][None, :, :2] - boxes[chunk][:, None, 2:], boxes[chunk][:, None, :2] - boxes[core][None, :, 2:]
        ).clip(0)
        distance = np.hypot(gap[..., 0], gap[..., 1])
        nearest = distance.argmin(axis=1)
        near = distance.min(axis=1) < REACH * marks.unit
        for mark, i in zip(chunk[near], nearest[near], strict=True):
            lines[owner[i]].append(int(mark))
