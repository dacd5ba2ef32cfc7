"""Measure how wide strokes are: the depth of a mask, its middle lines, and the width of the strokes along them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats, Mask


def components(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Label the connected components of a mask, [H, W]: labels and statistics, [N, 5], as OpenCV's, paper first."""
    # The algorithm of Grana et al. 2010 gathers statistics in less than half the time of OpenCV's choice.
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.view(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA
    )
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
