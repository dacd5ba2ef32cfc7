"""Measure how wide strokes are: the depth of a mask, its middle lines, and the width of the strokes along them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats, Mask


def components(mask: Mask, connectivity: int = 8) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Label the connected components of a mask, [H, W]: labels and statistics, [N, 5], as OpenCV's, paper first.

    The box of the paper is all of the picture. OpenCV's own statistics visit every pixel, and in several threads take
    three times as long: here they are gathered from the runs of the rows.
    """
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=connectivity)
    height, width = mask.shape
    edges = np.empty((height, width + 1), np.bool_)  # where a run begins, and the place after it
    edges[:, 0], edges[:, -1] = mask[:, 0], mask[:, -1]
    np.not_equal(mask[:, 1:], mask[:, :-1], out=edges[:, 1:-1])
    starts, stops = np.flatnonzero(edges).reshape(-1, 2).T
    rows = starts // (width + 1)
    label = labels.ravel()[starts - rows]  # an edge more than pixels in each row
    left, right = (np.zeros(count, np.int64) for _ in range(2))
    top, bottom = (np.zeros(count, np.int64) for _ in range(2))
    left[:] = width
    np.minimum.at(left, label, starts - rows * (width + 1))
    np.maximum.at(right, label, stops - rows * (width + 1))
    top[label[::-1]] = rows[::-1]  # rows rise: the first of a label is written last
    bottom[label] = rows + 1
    areas = np.bincount(label, weights=stops - starts, minlength=count)
    stats = np.stack([left, top, right - left, bottom - top, areas], axis=1).astype(np.int32)
    stats[0] = 0, 0, width, height, mask.size - int(areas.sum())
    return labels, stats


def depth(mask: Mask) -> Floats:
    """Return the distance of each pixel of a mask to the nearest pixel outside it, float32 [H, W], in pixels.

    Whatever lies beyond the picture is outside.
    """
    padded = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]


def ridge(depths: Floats) -> Mask:
    """Return the middle lines of strokes, bool [H, W]: the pixels that no neighbour is clearly deeper than."""
    return (depths > 0) & (depths >= cv2.dilate(depths, np.ones((3, 3), np.uint8)) - 0.3)


def width_along(depths: Floats) -> float:
    """Return the median width of strokes, in pixels, from their `depth`: twice the depth along their middle lines.

    0 where nothing is deep.
    """
    middle = depths[ridge(depths)]
    return float(2 * np.median(middle) - 0.5) if middle.size else 0.0


def stroke_width(mask: Mask) -> float:
    """Return the median width of the strokes of a mask, bool [H, W], in pixels; 0 for an empty mask."""
    return width_along(depth(mask))
