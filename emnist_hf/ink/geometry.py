"""The page moved: put level, with its lean taken out, or by quarter turns, and its boxes with it.

Matrices take places of the page (x, y, 1) to places of the moved page. `turns` counts quarter turns counterclockwise,
as `Reading.turns` does.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.ink.extract import Ink
from emnist_hf.ink.types import Floats

Matrix = NDArray[np.float64]
"""An affine map, [2, 3]."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, the ends exclusive."""

LEAST_SKEW = 0.3
"""Degrees below which turning a page costs more sharpness than it gains."""

_TRANSPOSED = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


def level(coverage: Floats, degrees: float) -> tuple[Floats, Matrix]:
    """Turn the page, float32 [H, W], so that lines falling by `degrees` lie level; return the matrix too.

    The sheet grows so that nothing is cut off.
    """
    height, width = coverage.shape
    if abs(degrees) < LEAST_SKEW:
        return coverage, np.array([[1.0, 0, 0], [0, 1, 0]])
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    grown = (int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos)))
    matrix[:, 2] += (grown[0] / 2 - width / 2, grown[1] / 2 - height / 2)
    return cv2.warpAffine(coverage, matrix, grown, flags=cv2.INTER_LINEAR, borderValue=0), matrix


def straight(coverage: Floats, degrees: float) -> tuple[Floats, Matrix]:
    """Take a lean of `degrees` out of the page, float32 [H, W]; return the matrix too."""
    height, width = coverage.shape
    tangent = float(np.tan(np.radians(degrees)))
    grown = width + int(np.ceil(abs(tangent) * height))
    matrix = np.array([[1, tangent, max(0.0, -tangent * height)], [0, 1, 0]])
    return cv2.warpAffine(coverage, matrix, (grown, height), flags=cv2.INTER_LINEAR), matrix


def turned(coverage: Floats, turns: int) -> tuple[Floats, Matrix]:
    """Turn the page, float32 [H, W], by quarter turns; return the matrix too."""
    height, width = coverage.shape
    matrices = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width]],
        [[-1, 0, width], [0, -1, height]],
        [[0, -1, height], [1, 0, 0]],
    )
    return np.ascontiguousarray(np.rot90(coverage, turns)), np.array(matrices[turns % 4], np.float64)


def after(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that does what `first` does and then what `second` does."""
    return second @ np.vstack([first, [0, 0, 1]])


def upright_picture(picture: Image.Image, turns: int) -> Image.Image:
    """Turn a picture by quarter turns."""
    return picture.transpose(_TRANSPOSED[turns % 4]) if turns % 4 else picture


def upright_ink(ink: Ink, turns: int) -> Ink:
    """Turn ink by quarter turns."""
    return replace(ink, coverage=np.ascontiguousarray(np.rot90(ink.coverage, turns))) if turns % 4 else ink


def upright_size(size: tuple[int, int], turns: int) -> tuple[int, int]:
    """Return the width and height of a picture after quarter turns."""
    return (size[1], size[0]) if turns % 2 else size


def upright_box(box: Box, size: tuple[int, int], turns: int) -> Box:
    """Turn a box with its picture of this width and height, by quarter turns."""
    for turn in range(turns % 4):
        width, _ = upright_size(size, turn)
        left, top, right, bottom = box
        box = top, width - right, bottom, width - left
    return box
