"""How far handwriting leans."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats
from emnist_hf.ink.widths import depth

STEEPEST = 50
"""Degrees, to either side, beyond which nothing is looked for."""

_HEIGHT = 48  # pixels to which parts are brought: a degree then moves their tops by most of a pixel
_MOST_PARTS = 60
_STEP = 2.0  # degrees
_BROAD = 0.25  # of a part's height: strokes of which hide where they lean
_FEW = 4
_BREAK = 2  # how much less a broken column counts: to this power of the share that is filled
_SPREAD = 50  # degrees: a 3 or an S alone has no upright, and then the lesser lean is the likelier


def find_slant(parts: Sequence[Floats]) -> float:
    """Return the lean of handwriting in degrees from the vertical, positive to the right.

    parts: the ink of characters or joined words, float32 [h, w] each, 0 to 1.

    Method: shear back by every angle and keep the one whose columns are most often filled by one unbroken stroke, each
    counted by its height squared (Vinciarelli and Luettin, A new normalization technique for cursive handwritten words,
    Pattern Recognition Letters 22, 2001), refined to a fraction of a degree by a parabola through the best three.
    0 where nothing stands up.
    """
    if not parts:
        return 0.0
    chosen = sorted(parts, key=lambda part: -part.shape[0])[:_MOST_PARTS]
    tall = [_resized(part) for part in chosen if part.shape[0] >= 4]
    angles = np.arange(-STEEPEST, STEEPEST + 1, _STEP)
    score = sum((_uprightness(part, angles) for part in tall), np.zeros(len(angles)))
    if not score.any():
        return 0.0
    score = np.convolve(np.pad(score, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    if len(tall) < _FEW:
        score *= np.exp(-0.5 * (angles / _SPREAD) ** 2)
    best = int(np.argmax(score))
    if not 0 < best < len(angles) - 1:
        return float(angles[best])
    before, at, after = score[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(angles[best] + (0.5 * _STEP * (before - after) / bend if bend else 0.0))


def sheared(part: Floats, degrees: float) -> Floats:
    """Take a lean of `degrees` out of a part, on a canvas wide enough for it.

    About its middle, where `ink.geometry.straight` takes the corner of a page: fractions of a pixel fall otherwise, by
    which a slant moves a tenth of a degree.
    """
    height, width = part.shape
    tangent = math.tan(math.radians(degrees))
    room = math.ceil(abs(tangent) * height) + 1
    matrix = np.array([[1, tangent, room / 2 - tangent * (height - 1) / 2], [0, 1, 0]])
    return cv2.warpAffine(part, matrix, (width + room, height), flags=cv2.INTER_LINEAR)


def _resized(part: Floats) -> Floats:
    """Bring a part to the height of all; broad strokes are thinned to their cores, which lean as they do."""
    depths = depth(part > 0.5)
    if 2 * depths.max() > _BROAD * part.shape[0]:
        part = (depths > 0.6 * depths.max()).astype(np.float32)
        rows = np.flatnonzero(part.any(axis=1))
        part = part[rows[0] : rows[-1] + 1]
    scale = _HEIGHT / part.shape[0]
    if 2 * depths.max() * scale < 3:  # pixels, or shrinking washes a hairline out
        part = cv2.dilate(part, np.ones((round(2 / scale) + 1,) * 2, np.uint8))
    size = (min(max(2, round(part.shape[1] * scale)), 12 * _HEIGHT), _HEIGHT)
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _uprightness(part: Floats, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for every angle, the sum of the squared heights of columns; those that are broken count less."""
    score = np.zeros(len(angles))
    for i, angle in enumerate(angles):
        leant = sheared(part, float(angle))
        mask = leant > 0.25
        filled = leant.sum(axis=0)
        reach = np.maximum(mask.shape[0] - mask.argmax(axis=0) - mask[::-1].argmax(axis=0), 1)
        whole = np.where(mask.any(axis=0), np.minimum(filled / reach, 1), 0)
        score[i] = float((filled.astype(np.float64) ** 2 * whole**_BREAK).sum())
    return score
