"""Whether an outline is what a round pen drew, looked at as a picture: Skia at times fills a loop or loses a part."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.styling.outline import Outline

SIDE = 64
"""Pixels to an x-height."""

OFF = 0.01
"""Share of the ink that may be missing or too much, beyond the edges of it."""


def is_drawn(outline: Outline, lines: Sequence[Sequence[tuple[float, float]]], weight: float) -> bool:
    """Tell whether an outline, filled as fonts are, covers what a pen of a weight draws along some lines, and no more.

    All in x-heights.
    """
    points = np.concatenate([np.asarray(line, np.float64) for line in lines])
    low = points.min(axis=0) - weight
    width, height = np.ceil((points.max(axis=0) + weight - low) * SIDE).astype(int).tolist()
    drawn = np.zeros((height, width), np.uint8)
    for line in lines:
        fixed = np.rint((np.asarray(line, np.float64) - low) * SIDE * 16).astype(np.int32)
        cv2.polylines(drawn, [fixed], False, 1, max(1, round(weight * SIDE)), cv2.LINE_8, 4)
    filled = _filled(outline, low, (height, width))
    edge = np.ones((5, 5), np.uint8)
    too_much = filled & (cv2.dilate(drawn, edge) == 0)
    missing = (cv2.erode(drawn, edge) > 0) & ~filled
    return bool(too_much.sum() + missing.sum() < OFF * drawn.sum())


def _filled(outline: Outline, low: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill an outline by its winding number, bool [H, W]."""
    turns = np.zeros(shape, np.int16)
    for line in outline.polylines:
        points = (np.asarray(line, np.float64) - low) * SIDE
        inside = np.zeros(shape, np.uint8)
        cv2.fillPoly(inside, [np.rint(points * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        area = float(np.sum(points[:, 0] * np.roll(points[:, 1], -1) - np.roll(points[:, 0], -1) * points[:, 1]))
        turns += inside.astype(np.int16) * (1 if area > 0 else -1)
    found: NDArray[np.bool_] = turns != 0
    return found
