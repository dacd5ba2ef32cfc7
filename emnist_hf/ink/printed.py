"""Print told from handwriting: letters of print stand on one line, and are as high as each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Mask

ALIKE = 0.06
"""How far the feet of neighbours in print, or their heights, differ at the most, in heights of a letter."""

REACH = 6.0
"""How far neighbours are, in heights of a letter, at the most."""


def are_printed(boxes: NDArray[np.float64], angle: float = 0.0) -> Mask:
    """Tell which strokes are as regular among their neighbours as print is, bool [N].

    boxes: left, top, right, bottom, float64 [N, 4]. angle: how far lines fall to the right, in degrees.
    """
    boxes = boxes.copy()
    boxes[:, [1, 3]] -= np.tan(np.radians(angle)) * boxes[:, [0]]
    heights = boxes[:, 3] - boxes[:, 1]
    regular = np.zeros(len(boxes), bool)
    for i, box in enumerate(boxes):
        beside = (np.abs(boxes[:, 3] - box[3]) < 0.6 * heights[i]) & (np.abs(boxes[:, 0] - box[0]) < REACH * heights[i])
        beside &= (heights > 0.5 * heights[i]) & (heights < 2 * heights[i])
        beside[i] = False
        count = int(beside.sum())
        if count < 3:
            continue
        least = max(1.0, ALIKE * heights[i])
        foot = np.sort(np.abs(boxes[beside, 3] - box[3]))[count // 2]
        height = np.sort(np.abs(heights[beside] - heights[i]))[count // 3]
        regular[i] = foot <= least and height <= least
    return regular
