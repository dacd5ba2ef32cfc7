"""Print told from handwriting: letters of print stand on one line, and are as high as each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emnist_hf.forms.walls import Part
from emnist_hf.ink.types import Mask

FEWEST = 12
"""Letters from which it can be told of a box."""

ALIKE = 0.06
"""How far the feet of neighbours in print, or their heights, differ at the most, in heights of a letter."""

REACH = 6.0
"""How far neighbours are, in heights of a letter, at the most."""

REGULAR = 0.7
"""Share of letters that stand on their line and are as high as others from which they are printed."""


def is_printed(parts: Sequence[Part], angle: float = 0.0) -> bool:
    """Tell whether the strokes in a box are printed letters; few may be either, and are taken for written."""
    heights = np.array([part.height for part in parts])
    usual = float(np.median(heights))
    letters = [part for part in parts if 0.5 * usual < part.height < 2 * usual]
    return len(letters) >= FEWEST and float(are_printed(letters, angle).mean()) > REGULAR


def are_printed(parts: Sequence[Part], angle: float = 0.0) -> Mask:
    """Tell which strokes are as regular among their neighbours as print is, bool [N].

    angle: how far lines fall to the right, in degrees.
    """
    boxes = np.array([part.box for part in parts], np.float64).reshape(-1, 4)
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
