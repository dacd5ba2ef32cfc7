"""A hand made of one writer's real strokes (UNIPEN), to compose pages with: `pages.compose` draws with it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.line_scale import BOTTOM, TOP
from emnist_hf.splits import CHARACTERS
from emnist_hf.strokes import StrokeSet
from tests.pages import Hand


def writers(strokes: StrokeSet, least: int = 50) -> list[str]:
    """The held-out writers who wrote at least so many of the 62 characters."""
    rows = strokes.rows("test")
    return sorted(
        w for w in set(strokes.writer[rows]) if len(set(strokes.label62[rows][strokes.writer[rows] == w])) >= least
    )


def stroke_hand(strokes: StrokeSet, writer: str, pen: float = 0.06) -> Hand:
    """One writer's characters, a missing one taken from others; each at its place on the line. pen: in ems."""
    rows = strokes.rows("test")
    own = rows[strokes.writer[rows] == writer]

    def draw(character: str, size: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
        if character not in CHARACTERS:
            return _sign(character, size, pen)
        label = CHARACTERS.index(character)
        chosen = own[strokes.label62[own] == label]
        if not len(chosen):
            chosen = rows[strokes.label62[rows] == label]
        return _drawn(strokes.strokes(int(rng.choice(chosen))), label, size, pen, rng)

    return draw


def _drawn(
    lines: list[NDArray[np.float32]], label: int, size: int, pen: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], float]:
    """Strokes scaled so that they reach from the bottom to the top of their place on the line."""
    x_height = 0.42 * size * rng.normal(1, 0.04)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.maximum(high - low, 1e-3)
    scale = x_height * (TOP[label] - BOTTOM[label]) / extent[1]
    scale = min(scale, 1.3 * size / extent[0])
    width, height = (int(v) + 1 for v in extent * scale)
    pad = 6 + round(pen * size)
    canvas = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    placed = [np.rint(((line - low) * scale + pad) * 16).astype(np.int32) for line in lines]
    placed = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in placed]
    cv2.polylines(canvas, placed, False, 255, max(1, round(pen * size)), cv2.LINE_AA, 4)
    ink = canvas.astype(np.float32) / 255
    ink = ink[:, pad - 6 : canvas.shape[1] - pad + 6] if pad > 6 else ink
    return ink, pad + TOP[label] * x_height


def _sign(character: str, size: int, pen: float) -> tuple[NDArray[np.float32], float]:
    """A full stop, comma, apostrophe or hyphen of strokes."""
    x = 0.42 * size
    ends = {".": ((0, 0), (0, 0)), ",": ((1, -2), (-1, 5)), "'": ((1, -40), (0, -32)), "-": ((0, -14), (9, -14))}
    a, b = (np.array(end) * x / 28 for end in ends[character])
    canvas = np.zeros((2 * size, size), np.uint8)
    origin = np.array((size / 3, 1.4 * size))
    first, second = (tuple(int(v) for v in np.rint((origin + end) * 16)) for end in (a, b))
    cv2.line(canvas, first, second, 255, max(2, round(1.3 * pen * size)), cv2.LINE_AA, 4)
    rows, columns = np.nonzero(canvas > 127)
    left, top = columns.min() - 6, rows.min() - 6
    cut = canvas[top : rows.max() + 7, left : columns.max() + 7]
    return cut.astype(np.float32) / 255, float(1.4 * size - top)
