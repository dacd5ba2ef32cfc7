"""Components to lines of writing, in reading order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emnist_hf.reading.components import Components
from emnist_hf.reading.types import Boxes, Flags

TOLERANCE = 0.65
"""How far a component's middle may lie off a line's, in heights of a character."""

LETTER = 0.45
"""Height, in those of a character, from which a component is a character or most of one; the rest is dots and bars."""

REACH = 1.6
"""How far from the nearest character a dot or a bar may lie, in heights of a character."""

_MEMORY = 8  # components of a line that say where it goes on


def find_lines(components: Components, writing: Flags) -> list[list[int]]:
    """Find the components of each line, from left to right by their middles; the lines from top to bottom.

    Lines are chained from left to right: a component joins the line on whose course, taken from its last components, it
    lies, so that lines may climb, fall and fan out (after Likforman-Sulem, Zahour and Taconet 2007, section 4.3). Dots
    and bars then go where the nearest character is.

    writing: bool [N], which components may be writing.
    """
    boxes, heights, unit = components.boxes, components.heights, components.unit
    tall = (heights >= LETTER * unit) | (components.widths >= 1.5 * unit)
    core = np.flatnonzero(writing & tall & (heights >= 0.2 * unit))
    if not len(core):
        core = np.flatnonzero(writing & (heights >= 0.25 * unit))
    lines = _merged(_chained(boxes, core, unit), boxes, unit)
    _attach(boxes, unit, lines, np.setdiff1d(np.flatnonzero(writing), core))
    middles = boxes[:, 0] + boxes[:, 2]
    lines = [sorted(line, key=lambda component: int(middles[component])) for line in lines]
    return sorted(lines, key=lambda line: float(np.median(boxes[line][:, [1, 3]].mean(axis=1))))


def _chained(boxes: Boxes, core: NDArray[np.int64], unit: float) -> list[list[int]]:
    lines: list[list[int]] = []
    places = np.zeros((0, 4))  # of each line: middle x and y of its last components, slope, height
    ends = np.zeros(0)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    for component in core[np.argsort(boxes[core, 0], kind="stable")]:
        x, y = middles[component]
        height = boxes[component, 3] - boxes[component, 1]
        reach = np.maximum(max(unit, 0.7 * height), 0.7 * places[:, 3])
        off = np.abs(y - places[:, 1] - places[:, 2] * (x - places[:, 0])) / reach
        cost = off + 0.01 * np.maximum(x - ends, 0) / unit
        best = int(cost.argmin()) if lines else -1
        if lines and off[best] < TOLERANCE:
            lines[best].append(int(component))
            last = lines[best][-_MEMORY:]
            places[best] = *_heading(middles[last], unit), float((boxes[last, 3] - boxes[last, 1]).mean())
            ends[best] = max(ends[best], boxes[component, 2])
        else:
            lines.append([int(component)])
            places = np.vstack([places, [x, y, 0.0, height]])
            ends = np.append(ends, boxes[component, 2])
    return lines


def _heading(middles: NDArray[np.float64], unit: float) -> tuple[float, float, float]:
    """Where a line is and how it slopes, by the middles of its last components, [n, 2]: middle x, middle y, slope."""
    x, y = middles[:, 0] - middles[:, 0].mean(), middles[:, 1] - middles[:, 1].mean()
    # A few letters, some with descenders, say little about the slope: level is assumed until they span a way.
    slope = float((x * y).sum() / ((x * x).sum() + len(x) * (2 * unit) ** 2))
    return float(middles[:, 0].mean()), float(middles[:, 1].mean()), slope


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


def _attach(boxes: Boxes, unit: float, lines: list[list[int]], small: NDArray[np.int64]) -> None:
    """Add dots and bars to the line of the nearest character; what is near none is left out."""
    if not lines:
        return
    core = boxes[np.concatenate(lines)][None].astype(np.float32)
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    for start in range(0, len(small), 512):
        chunk = small[start : start + 512]
        dots = boxes[chunk][:, None].astype(np.float32)
        gap = np.maximum(core[..., :2] - dots[..., 2:], dots[..., :2] - core[..., 2:]).clip(0)
        distance = np.hypot(gap[..., 0], gap[..., 1])
        near = distance.min(axis=1) < REACH * unit
        for component, i in zip(chunk[near], distance.argmin(axis=1)[near]):
            lines[owner[i]].append(int(component))
