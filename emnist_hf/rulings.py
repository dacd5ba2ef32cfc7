"""Ruled and squared paper: the printed lines taken out from under the writing."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.widths import Floats, Mask

SPAN = 0.3
"""Share of the page's width (or height) that a ruled line spans at the least: no stroke of a letter does."""
FILL = 0.85
"""Share of a ruled line that is inked; along a row of close-set letters less of any height is."""
THIN = 60
"""How many times as long as thick a ruled line is; the stem of a large letter is less."""


def without_rulings(coverage: Floats, level: float) -> Floats:
    """The coverage of a page that lies level, float32 [H, W], without the lines that its paper is ruled with.

    Lines are what a long opening leaves; of these pixels all go but those of a stroke across the line, which is told by
    the length of the run of ink across it, as staff lines are taken out of music (Fujinaga 2004). What strokes lost is
    closed again. level: the coverage from which a pixel is ink.
    """
    across = _ruling_pixels(coverage > level)
    down = _ruling_pixels(level < coverage.T).T
    for lines, upright in ((across, False), (down, True)):
        if lines.any():
            coverage = _take_out(coverage.T, lines.T, level).T if upright else _take_out(coverage, lines, level)
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
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    lengths = np.bincount(labels.ravel(), weights=runs.ravel(), minlength=count)
    extents = stats[:, cv2.CC_STAT_WIDTH] - length
    spans = (extents > SPAN * width) & (stats[:, cv2.CC_STAT_HEIGHT] < 0.05 * width)
    # Most of its extent is line: the bars of a row of E span the page too, but with gaps.
    spans &= lengths > 0.7 * extents
    inked = np.bincount(labels.ravel(), weights=((runs > 0) & mask).ravel(), minlength=count)
    spans &= extents.astype(np.float64) ** 2 > THIN * inked
    spans[0] = False
    return np.asarray((runs > 0) & spans[labels] & mask, np.bool_)


def _take_out(coverage: Floats, lines: Mask, level: float) -> Floats:
    """Without the pixels of `lines`, level ones, but for the strokes that cross them."""
    mask = coverage > level
    columns = lines.any(axis=0)
    count, _, stats, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8), connectivity=8)
    areas, widths = stats[1:, cv2.CC_STAT_AREA], stats[1:, cv2.CC_STAT_WIDTH]
    if count < 2 or not columns.any():
        return coverage
    thickness = round(float(np.average(areas / widths, weights=widths)))
    tall = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((thickness + 3, 1), np.uint8)) > 0
    band = cv2.dilate(lines.astype(np.uint8), np.ones((5, 3), np.uint8)) > 0
    gone = band & ~tall
    kept = (mask & ~gone).astype(np.uint8)
    healed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((thickness + 5, 3), np.uint8)) > 0
    return np.where(gone & ~(healed & mask), np.float32(0), coverage)
