"""The slope of a page: how far its lines of writing lean from the horizontal, and the page put level."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.widths import Floats, Mask

Matrix = NDArray[np.float64]

MAX_SKEW = 12.0
"""Degrees either way within which the slope is looked for."""
LEAST_SKEW = 0.3
"""Degrees below which turning a page costs more sharpness than it gains."""

_SAMPLE = 40_000  # pixels of ink: more say the same


def find_skew(mask: Mask) -> float:
    """How far the lines on a page fall to the right, in degrees within `MAX_SKEW`; 0 where none of them shows.

    mask: bool [H, W], the ink. The slope is the one along which the projection of the ink is most uneven (Postl 1986):
    the sum of squared differences between neighbouring rows, each a fiftieth of an inch or so.
    """
    rows, columns = np.nonzero(mask)
    if len(rows) < 50:
        return 0.0
    step = max(1, len(rows) // _SAMPLE)
    x, y = columns[::step].astype(np.float32), rows[::step].astype(np.float32)
    bin_height = max(2.0, max(mask.shape) / 700)

    def unevenness(degrees: float) -> float:
        projected = (y - x * np.float32(np.tan(np.radians(degrees)))) / np.float32(bin_height)
        counts = np.bincount((projected - projected.min()).astype(np.int32)).astype(np.float64)
        return float(np.square(np.diff(counts)).sum())

    coarse = np.arange(-MAX_SKEW, MAX_SKEW + 0.1, 0.5)
    values = np.array([unevenness(degrees) for degrees in coarse])
    best = float(coarse[int(values.argmax())])
    # A page of one short line has as many slopes as letters: a slope must show clearly to be believed.
    if values.max() < 1.15 * unevenness(0.0):
        return 0.0
    fine = np.arange(best - 0.5, best + 0.51, 0.1)
    return float(fine[int(np.argmax([unevenness(degrees) for degrees in fine]))])


def level(coverage: Floats, degrees: float) -> tuple[Floats, Matrix]:
    """The page turned so that lines falling by `degrees` lie level, and the matrix that did it.

    coverage: float32 [H, W]. The sheet grows so that nothing is cut off. The matrix, float64 [2, 3], takes places of
    the page (x, y, 1) to places of the turned page.
    """
    height, width = coverage.shape
    if abs(degrees) < LEAST_SKEW:
        return coverage, np.array([[1.0, 0, 0], [0, 1, 0]])
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    grown = (int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos)))
    matrix[:, 2] += (grown[0] / 2 - width / 2, grown[1] / 2 - height / 2)
    turned = cv2.warpAffine(coverage, matrix, grown, flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(turned, np.float32), np.asarray(matrix, np.float64)


def turned(coverage: Floats, turns: int) -> tuple[Floats, Matrix]:
    """The page after so many quarter turns counterclockwise, and the matrix that did it, as `level` gives it."""
    height, width = coverage.shape
    matrices = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width]],
        [[-1, 0, width], [0, -1, height]],
        [[0, -1, height], [1, 0, 0]],
    )
    return np.ascontiguousarray(np.rot90(coverage, turns)), np.array(matrices[turns % 4], np.float64)


def after(first: Matrix, second: Matrix) -> Matrix:
    """The matrix, float64 [2, 3], that does what `first` does and then what `second` does."""
    return np.asarray(second @ np.vstack([first, [0, 0, 1]]), np.float64)
