"""Shrink pictures."""

from __future__ import annotations

import cv2

from emnist_hf.ink.types import Bytes


def at_most(rgb: Bytes, scale: float, max_side: int) -> tuple[Bytes, float]:
    """Shrink a picture, uint8 [H, W, 3], to a longest side; `scale` with it, its pixels per pixel of the original."""
    height, width = rgb.shape[:2]
    factor = max_side / max(height, width)
    if factor >= 1:
        return rgb, scale
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), scale * factor


def shrunk(picture: Bytes, factor: float) -> Bytes:
    """Shrink a picture, uint8 [H, W] or [H, W, 3], by a factor of at most 1: to means over whole pixels, then between.

    OpenCV takes many times as long for means over parts of pixels.
    """
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    whole = min(int(1 / factor + 1e-6), height, width)
    if whole > 1:
        rows, columns = height // whole, width // whole
        part = picture[: rows * whole, : columns * whole]
        picture = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    return picture if picture.shape[1::-1] == size else cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
