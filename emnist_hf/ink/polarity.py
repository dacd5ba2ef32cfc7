"""Tell which of the two colours of a picture is the ink by the shapes that the two make.

A photograph of a page is mostly paper, but a character cropped tight may be mostly ink, so area alone does
not tell. Ink is made of strokes: its width varies little and it seldom holds the border and the corners.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.cleaning import inside_frames
from emnist_hf.ink.islands import border_share
from emnist_hf.ink.types import Mask
from emnist_hf.ink.widths import depth, ridge

WEIGHTS = np.array([-3.3, -3.8, 0.3, -0.5, -2.4])
"""Weights of `features`: a logistic regression without intercept, fitted by `benchmarks/ink_constants.py` on EMNIST
rows that are in no official test and on UNIPEN's training writers."""

_SIDE = 160  # longest side, in pixels, at which shapes are judged


def is_ink(phase: Mask) -> bool:
    """Tell whether `phase` of a picture in two colours, bool [H, W], is the ink and the rest paper."""
    return float(np.dot(features(phase), WEIGHTS)) > 0


def features(phase: Mask) -> NDArray[np.float64]:
    """Measure what tells ink from paper in a picture in two colours, each as phase minus rest, float64 [5].

    In order: share of the border, share of the corners, share of the area, greatest half width (log), spread
    of the half widths along the middle lines. Exchanging the colours changes the sign of every one of them.
    """
    small = _at_most(inside_frames(phase), _SIDE)
    corners = small[[0, 0, -1, -1], [0, -1, 0, -1]]
    (widest, spread), (widest_rest, spread_rest) = (_width_statistics(part) for part in (small, ~small))
    shares = [
        2 * share - 1 for share in (border_share(small), *(np.count_nonzero(x) / x.size for x in (corners, small)))
    ]
    return np.array([*shares, widest - widest_rest, spread - spread_rest])


def _at_most(mask: Mask, side: int) -> Mask:
    """Shrink the mask so that its longest side is at most `side` pixels."""
    factor = side / max(mask.shape)
    if factor >= 1:
        return mask
    size = (max(1, round(mask.shape[1] * factor)), max(1, round(mask.shape[0] * factor)))
    return cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 127


def _width_statistics(mask: Mask) -> tuple[float, float]:
    """Return the log of the greatest half width by the picture's side, and how much half widths vary."""
    depths = depth(mask)
    middle = depths[ridge(depths)]
    if not middle.size:
        return -4.0, 0.0
    return float(np.log(middle.max() / max(mask.shape))), float(middle.std() / middle.mean())
