"""How strongly the writing on a page leans, and the page sheared so that it stands upright."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.skew import Matrix
from emnist_hf.widths import Floats

STEEPEST = 60
"""Degrees, to either side, beyond which nothing is looked for."""
_SMOOTH = 4.0  # degrees: a hand is not steadier


def find_lean(parts: Sequence[Floats]) -> float:
    """The lean of print in degrees from the vertical, positive to the right; 0 where nothing stands.

    parts: the ink of characters, float32 [h, w] each, 0 to 1.

    Method: the direction in which most of the outlines run, by the gradients of the ink (Sun and Si, Skew and slant
    correction for document images using gradient direction, ICDAR 1997), a part counting by its outline over height.
    It is as near as a few degrees and costs a fraction of `styling.slant.find_slant`, which asks for less writing.
    """
    angles = np.arange(-STEEPEST, STEEPEST + 1)
    counts: NDArray[np.float64] = np.zeros(len(angles))
    for part in parts:
        counts += _outline_directions(part, angles)
    if not counts.any():
        return 0.0
    smooth = cv2.GaussianBlur(counts[None], (0, 0), _SMOOTH, borderType=cv2.BORDER_CONSTANT)[0]
    return float(angles[int(smooth.argmax())])


def _outline_directions(part: Floats, angles: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much of a part's outline leans by each of `angles`, consecutive degrees, float64 [angles]."""
    height = part.shape[0]
    padded = cv2.copyMakeBorder(part, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=0)
    calm = cv2.GaussianBlur(padded, (0, 0), max(1.0, height / 40))
    across, down = cv2.Sobel(calm, cv2.CV_32F, 1, 0), cv2.Sobel(calm, cv2.CV_32F, 0, 1)
    lean = (np.degrees(np.arctan2(down, across)) + 90) % 180 - 90
    places = np.rint(lean).astype(np.int64) - int(angles[0])
    within = (places >= 0) & (places < len(angles))
    weights = np.hypot(across, down)[within] / height
    return np.asarray(np.bincount(places[within], weights=weights, minlength=len(angles)), np.float64)


def straight(coverage: Floats, degrees: float) -> tuple[Floats, Matrix]:
    """The page with a lean of `degrees` taken out, and the matrix that did it, as `skew.level` gives them."""
    height, width = coverage.shape
    tangent = float(np.tan(np.radians(degrees)))
    grown = width + int(np.ceil(abs(tangent) * height))
    matrix = np.array([[1, tangent, max(0.0, -tangent * height)], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(coverage, matrix, (grown, height), flags=cv2.INTER_LINEAR), np.float32), matrix
