"""A page that was photographed upside down or on its side, turned upright: its picture, its ink and its boxes alike.

`turns` counts quarter turns counterclockwise, as `Reading.turns` does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from emnist_hf.ink import Ink

Box = tuple[int, int, int, int]

_TRANSPOSED = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


def upright_picture(picture: Image.Image, turns: int) -> Image.Image:
    """A picture after so many quarter turns."""
    return picture.transpose(_TRANSPOSED[turns % 4]) if turns % 4 else picture


def upright_ink(ink: Ink, turns: int) -> Ink:
    """Ink after so many quarter turns."""
    return replace(ink, coverage=np.ascontiguousarray(np.rot90(ink.coverage, turns))) if turns % 4 else ink


def upright_size(size: tuple[int, int], turns: int) -> tuple[int, int]:
    """Width and height of a picture after so many quarter turns."""
    return (size[1], size[0]) if turns % 2 else size


def upright_box(box: Box, size: tuple[int, int], turns: int) -> Box:
    """A box of a picture of this width and height after so many quarter turns: left, top, right, bottom."""
    for turn in range(turns % 4):
        width, _ = upright_size(size, turn)
        left, top, right, bottom = box
        box = top, width - right, bottom, width - left
    return box
