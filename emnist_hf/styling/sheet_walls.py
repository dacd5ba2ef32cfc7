"""The walls of a sheet's cells, as other tools print them, taken out of its ink; letters that touch them stay."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.rulings import take_out
from emnist_hf.ink.types import Floats, Mask

INKED = 0.5

LARGE = 3.0
"""Heights of a usual letter from which connected ink is a grid."""

THIN = 0.2
"""Share of its box that a frame fills, at the most."""

LONG = 1.9
"""Heights of a usual letter from which a straight line is a wall: stems are shorter."""

SIDE = 0.6
"""Share of a frame's side that makes a line of it a wall, however tall letters are."""

SLACK = 2
"""Pixels by which a wall may leave its line on its way, up or down: nothing photographed is straight."""

REMAINS = 0.8
"""Share of a mark where walls were from which it is what is left of them."""

ROUND = 0.65
"""Share of its box that what a frame holds together fills, at the least: one that stands askew fills three quarters."""

FALLS = np.tan(np.radians(np.arange(-9, 9.1, 1.5)))
"""How steep level walls may be, as photographs show them, and upright ones off the upright."""


def without_walls(coverage: Floats) -> Floats:
    """Return ink, float32 [H, W], without the straight lines of grids and frames, but for strokes that cross them."""
    mask = (coverage > INKED).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    frames = are_frames(labels, stats)
    usual = _usual_height(stats[1:][~frames])
    if not usual:
        return coverage
    grids = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) > LARGE * usual
    walled = np.concatenate([[False], frames | grids])
    if not walled.any():
        return coverage
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]][frames & ~grids].min(axis=1, initial=2**30)
    length = LONG * usual if not len(sides) else min(LONG * usual, SIDE * float(np.median(sides)))
    there = walled[labels].astype(np.uint8)
    walls = np.zeros_like(there)
    for turned in (False, True):
        ink, of_walls = (coverage.T, there.T) if turned else (coverage, there)
        lines = _level_lines(np.ascontiguousarray(of_walls), max(3, round(length)))
        if lines.any():
            walls |= lines.T if turned else lines
            ink = take_out(np.ascontiguousarray(ink), lines, INKED)
            coverage = np.ascontiguousarray(ink.T) if turned else ink
    return _without_remains(coverage, walls)


def _without_remains(coverage: Floats, walls: NDArray[np.uint8]) -> Floats:
    """Return ink without what is left of walls, as where two of them crossed. walls: where they were, uint8 [H, W]."""
    around = cv2.dilate(walls, np.ones((2 * SLACK + 3, 2 * SLACK + 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats((coverage > INKED).astype(np.uint8), connectivity=8)
    left_of_walls = np.bincount(labels[around > 0], minlength=count) > REMAINS * stats[:, cv2.CC_STAT_AREA]
    left_of_walls[0] = False
    return np.where(cv2.dilate(left_of_walls[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, 0, coverage)


def _usual_height(stats: NDArray[np.int32]) -> float:
    """Return the height above and below which half of the ink of letters is, in pixels; 0 for none."""
    sides, areas = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].astype(np.float64), stats[:, cv2.CC_STAT_AREA]
    solid = (areas >= THIN * sides.prod(axis=1)) & (sides.min(axis=1) >= THIN * sides.max(axis=1))
    heights, areas = sides[solid, 1], areas[solid]
    order = np.argsort(heights)
    ink = np.cumsum(areas[order])
    return float(heights[order][np.searchsorted(ink, ink[-1] / 2)]) if len(order) else 0.0


def _level_lines(mask: NDArray[np.uint8], length: int) -> Mask:
    """Return the pixels of what runs straight and nearly level for so many pixels, bool [H, W]."""
    height, width = mask.shape
    lines = np.zeros_like(mask)
    for fall in FALLS:
        down = round(abs(fall) * width)
        shear = np.array([[1, 0, 0], [-fall, 1, max(fall, 0) * width]], np.float64)  # the lines of this fall are level
        level = cv2.warpAffine(mask, shear, (width, height + down), flags=cv2.INTER_NEAREST)
        broad = cv2.dilate(level, np.ones((2 * SLACK + 1, 1), np.uint8))
        long = cv2.morphologyEx(broad, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
        back = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        lines |= cv2.warpAffine(long, shear, (width, height), flags=back)
    # What only stands on a wall, as a stem, is no part of it.
    tall = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((max(9, length // 5), 1), np.uint8))
    found: Mask = (lines > 0) & (mask > 0) & (tall == 0)
    return found


def are_frames(labels: NDArray[np.int32], stats: NDArray[np.int32]) -> Mask:
    """Tell which components are frames of cells, bool [N]: thin, and around something of a letter's size.

    labels, stats: as OpenCV gives them, the ground's among them; of it nothing is told.
    """
    left, top, width, height, area = stats[1:].T[:5].astype(np.float64)
    frames = np.zeros(len(stats) - 1, bool)
    across, down = left + width / 2, top + height / 2
    for i in np.flatnonzero(area < THIN * width * height).tolist():
        inside = (np.abs(across - across[i]) < width[i] / 2) & (np.abs(down - down[i]) < height[i] / 2)
        inside &= (height > 0.1 * height[i]) & (height < 0.9 * height[i])
        frames[i] = inside.any() and _hull_share(labels, stats, i + 1) > ROUND
    return frames


def _hull_share(labels: NDArray[np.int32], stats: NDArray[np.int32], number: int) -> float:
    """Return the share of a component's box that its convex hull fills."""
    left, top, width, height = stats[number, :4].tolist()
    points = cv2.findNonZero((labels[top : top + height, left : left + width] == number).astype(np.uint8))
    return float(cv2.contourArea(cv2.convexHull(points))) / (width * height)
