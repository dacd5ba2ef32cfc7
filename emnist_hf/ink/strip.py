"""The ink of one line of writing as the line network takes it: a strip of fixed height, whatever the writing's size."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.ink.types import Bytes, Floats

HEIGHT = 48
"""Height of a strip, in pixels."""

CAPITAL = 24.0
"""Height of an ordinary capital on a strip, in pixels."""

SPREAD = 5.25
"""Standard deviation of the rows that the ink of ordinary words lies in, in pixels of the strip."""

MARGIN = 6
"""Paper left and right of the ink, in pixels of the strip."""

MAX_WIDTH = 16_000
"""Width of a strip at the most: a line of 1,000 characters."""


def spread_of(ink: Floats) -> tuple[float, float]:
    """Return the mean and the standard deviation of the rows in which ink, float32 [h, w], lies, in pixels."""
    weights = ink.sum(axis=1, dtype=np.float64)
    total = max(float(weights.sum()), 1e-9)
    rows = np.arange(len(weights)) + 0.5
    mean = float((rows * weights).sum()) / total
    return mean, float(np.sqrt(max(((rows - mean) ** 2 * weights).sum() / total, 0.25)))


def scale_of(ink: Floats) -> float:
    """Return by how much to enlarge a line's ink, float32 [h, w], to be as high as ordinary words on a strip."""
    return SPREAD / spread_of(ink)[1]


def place_on_strip(top: float, bottom: float, middle: float, scale: float) -> tuple[float, float]:
    """Return the scale and the row of the strip on which `middle`, a row of the ink, comes to lie.

    top, bottom: the ends of the ink, in its own pixels. Writing too high for the strip is made smaller, and what would
    reach beyond it is moved.
    """
    scale = min(scale, (HEIGHT - 2) / max(bottom - top, 1e-6))
    place = HEIGHT / 2
    place -= min(0.0, place - (middle - top) * scale - 1)
    place -= max(0.0, place + (bottom - middle) * scale - (HEIGHT - 1))
    return scale, place


def to_strip(ink: Floats, scale: float | None = None) -> tuple[Bytes, float]:
    """Bring the ink of one line, float32 [h, w], 0 to 1, to a strip, uint8 [HEIGHT, W], 255 = ink.

    scale: by how much to enlarge it; by its own spread where None (moment normalisation, as Liu et al. 2003 have it for
    characters). Returns the strip and the scale taken: column x of the ink is at MARGIN + x * scale.
    """
    rows = np.flatnonzero(ink.max(axis=1) > 0.1)
    if not len(rows):
        return np.zeros((HEIGHT, 2 * MARGIN), np.uint8), 1.0
    scale, place = place_on_strip(
        float(rows[0]), float(rows[-1] + 1), spread_of(ink)[0], scale_of(ink) if scale is None else scale
    )
    scale = min(scale, (MAX_WIDTH - 2 * MARGIN) / ink.shape[1])
    middle = spread_of(ink)[0]
    width = round(ink.shape[1] * scale) + 2 * MARGIN
    if scale < 0.7:  # shrunk by areas first, as warping samples points
        whole = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
        small = cv2.resize(ink, whole, interpolation=cv2.INTER_AREA)
        matrix = np.array([[1, 0, MARGIN], [0, 1, place - middle * whole[1] / ink.shape[0]]])
    else:
        small = ink
        matrix = np.array([[scale, 0, MARGIN + (scale - 1) / 2], [0, scale, place - middle * scale + (scale - 1) / 2]])
    strip = cv2.warpAffine(small, matrix, (width, HEIGHT), flags=cv2.INTER_LINEAR)
    return np.rint(strip * 255).clip(0, 255).astype(np.uint8), scale
