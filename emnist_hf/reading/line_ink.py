"""The ink of a line of writing, laid level and brought to a strip for the line network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.strip import MARGIN, SPREAD, spread_of, to_strip
from emnist_hf.ink.types import Bytes, Floats
from emnist_hf.reading.components import Components
from emnist_hf.reading.layout import Fragment

STEEPEST = 0.25
"""Slope of a line that is laid level, at the most: of a page that lies level lines climb or fall a little."""

PAGE_WEIGHT = 0.5
"""How far the size of a line's writing is taken from all lines of the page, 0 to 1."""


@dataclass(frozen=True)
class LineInk:
    """The ink of a line of fragments.

    members: its components. ink: float32 [h, w], cropped and laid level by moving columns up and down. left: column of
    the page where it begins.
    """

    members: tuple[int, ...]
    ink: Floats
    left: int


@dataclass(frozen=True)
class Strip:
    """A line as the network takes it: pixels uint8 [48, W], and how it lies on the page."""

    pixels: Bytes
    scale: float
    left: int

    def column(self, place: float) -> float:
        """Return the column of the page that a place of the network's output, in its columns, comes from."""
        return self.left + (4 * place - MARGIN) / self.scale


def line_ink(components: Components, line: Sequence[Fragment]) -> LineInk:
    """Cut the components of a line out of the page, and lay it level."""
    members = tuple(dict.fromkeys(member for fragment in line for member in fragment.members))
    boxes = components.boxes[list(members)]
    left, top = (max(int(v) - 1, 0) for v in boxes[:, :2].min(axis=0))
    right, bottom = (int(v) + 1 for v in boxes[:, 2:].max(axis=0))
    wanted = np.zeros(len(components.boxes) + 1, np.uint8)
    wanted[[member + 1 for member in members]] = 1
    own = wanted[components.labels[top:bottom, left:right]]
    ink = np.where(own > 0, components.coverage[top:bottom, left:right], np.float32(0))
    return LineInk(members, _level(ink, components.unit), left)


def _level(ink: Floats, unit: float) -> Floats:
    """Move the columns of a line's ink up and down until its writing lies level: a straight course is taken out."""
    height, width = ink.shape
    if width < 3 * unit:
        return ink
    weights = ink.sum(axis=0, dtype=np.float64)
    columns = np.arange(width)
    if not weights.sum() > 0:
        return ink
    middles = (ink * np.arange(height, dtype=np.float32)[:, None]).sum(axis=0) / np.maximum(weights, 1e-6)
    x = columns - np.average(columns, weights=weights)
    y = middles - np.average(middles, weights=weights)
    slope = float(np.clip((weights * x * y).sum() / max((weights * x * x).sum(), 1e-6), -STEEPEST, STEEPEST))
    if abs(slope) * width < 0.15 * unit:
        return ink
    reach = int(np.ceil(abs(slope) * width))
    matrix = np.array([[1, 0, 0], [-slope, 1, slope * width if slope > 0 else 0]])
    level = cv2.warpAffine(ink, matrix, (width, height + reach), flags=cv2.INTER_LINEAR)
    rows = np.flatnonzero(level.max(axis=1) > 0.05)
    return level[rows[0] : rows[-1] + 1] if len(rows) else level


def strips_of(lines: Sequence[LineInk]) -> list[Strip]:
    """Bring the lines of a page to strips: each by its own size and by that of all, as a hand keeps to one."""
    spreads = [spread_of(line.ink)[1] for line in lines]
    weights = [line.ink.shape[1] for line in lines]
    usual = _median(np.log(spreads), np.array(weights, float))
    strips = []
    for line, spread in zip(lines, spreads):
        own = float(np.log(spread))
        blended = own + PAGE_WEIGHT * float(np.clip(usual - own, -0.7, 0.7))
        pixels, scale = to_strip(line.ink, SPREAD / float(np.exp(blended)))
        strips.append(Strip(pixels, scale, line.left))
    return strips


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the weighted median."""
    order = np.argsort(values)
    total = weights[order].cumsum()
    return float(values[order][int(np.searchsorted(total, total[-1] / 2))])
