"""A page put in order before it is read: the slope of its lines, the lean of its letters, the rulings of its paper."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.rulings import take_out
from emnist_hf.ink.types import Floats, Mask
from emnist_hf.ink.widths import components

MAX_SKEW = 12.0
"""Degrees either way within which the slope is looked for."""

STEEPEST = 60
"""Degrees either way within which the lean is looked for."""

SPAN = 0.3
"""Share of the page's width (or height) that a ruled line spans at the least: no stroke of a letter does."""

FILL = 0.85
"""Share of a ruled line that is inked; along a row of close-set letters less of any height is."""

THIN = 60
"""How many times as long as thick a ruled line is; the stem of a large letter is less."""

_SAMPLE = 40_000  # pixels of ink: more say the same
_SMOOTH = 4.0  # degrees: a hand is not steadier


def find_skew(mask: Mask) -> float:
    """Find how far the lines on a page fall to the right, in degrees within `MAX_SKEW`; 0 where none of them shows.

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


def find_lean(parts: Sequence[Floats]) -> float:
    """Find the lean of print in degrees from the vertical, positive to the right; 0 where nothing stands.

    parts: the ink of characters, float32 [h, w] each, 0 to 1.

    Method: the direction in which most of the outlines run, by the gradients of the ink (Sun and Si, Skew and slant
    correction for document images using gradient direction, ICDAR 1997), a part counting by its outline over height.
    It is as near as a few degrees and costs a fraction of `styling.measuring.find_slant`, which asks for less writing.
    """
    angles = np.arange(-STEEPEST, STEEPEST + 1)
    counts = np.sum([_outline_directions(part, angles) for part in parts], axis=0) if parts else np.zeros(len(angles))
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
    return np.bincount(places[within], weights, len(angles)).astype(np.float64, copy=False)


def without_rulings(coverage: Floats, level: float) -> Floats:
    """Take the lines that its paper is ruled with out of the coverage, float32 [H, W], of a page that lies level.

    Lines are what a long opening leaves; of these pixels all go but those of a stroke across the line, which is told by
    the length of the run of ink across it, as staff lines are taken out of music (Fujinaga 2004). What strokes lost is
    closed again. level: the coverage from which a pixel is ink.
    """
    across = _ruling_pixels(coverage > level)
    down = _ruling_pixels(level < coverage.T).T
    for lines, upright in ((across, False), (down, True)):
        if lines.any():
            coverage = take_out(coverage.T, lines.T, level).T if upright else take_out(coverage, lines, level)
    return np.ascontiguousarray(coverage)


def _ruling_pixels(mask: Mask) -> Mask:
    """The pixels of level lines that span the page, bool [H, W]."""
    width = mask.shape[1]
    length = max(15, width // 16)
    thick = cv2.dilate(mask.astype(np.uint8), np.ones((3, 1), np.uint8))  # a line that wanders by a pixel stays whole
    closed = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, 2 * (length // 12) + 1), np.uint8))
    runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    filled = (cv2.blur(thick.astype(np.float32), (length, 1)) > FILL).astype(np.uint8)
    runs &= cv2.dilate(filled, np.ones((1, length | 1), np.uint8))  # the closing also bridges the gaps between letters
    if not runs.any():
        return np.zeros_like(mask)
    bridged = cv2.dilate(runs, np.ones((3, length | 1), np.uint8))
    labels, stats = components(bridged > 0)
    count = len(stats)
    lengths = np.bincount(labels.ravel(), weights=runs.ravel(), minlength=count)
    extents = stats[:, cv2.CC_STAT_WIDTH] - length
    spans = (extents > SPAN * width) & (stats[:, cv2.CC_STAT_HEIGHT] < 0.05 * width)
    # Most of its extent is line: the bars of a row of E span the page too, but with gaps.
    spans &= lengths > 0.7 * extents
    inked = np.bincount(labels.ravel(), weights=((runs > 0) & mask).ravel(), minlength=count)
    spans &= extents.astype(np.float64) ** 2 > THIN * inked
    spans[0] = False
    return (runs > 0) & spans[labels] & mask
