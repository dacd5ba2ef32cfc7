"""Cells: what rules enclose, and has about the shape of a rectangle seen askew."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.rules import GAP
from emnist_hf.ink.types import Bytes, Mask

Quad = NDArray[np.float32]
"""Corners of a cell or of a block, [4, 2]: top left, top right, bottom right, bottom left."""

LEAST_SIDE = 16
"""Pixels of a side of a cell, at the least."""

CONVEX, SQUARE = 0.88, 0.8
"""Share of its convex hull, and of the narrowest rectangle around it, that a cell fills."""

LONG, UNEVEN = 6, 0.04
"""Length of a long box, in its heights, and how much less of these shares it may fill."""

INTRUSION = 0.35
"""Width of what may reach into a cell from its walls and is no wall, of the cell's shorter side."""

HELD = 0.5
"""Share of a cell that lies inside another from which it does."""

COVERED, SIDE_COVERED = 0.72, 0.5
"""Share of the outline of a cell that is ruled, of all of it and of each side."""


def ruled_pixels(walls: Mask, ink: Mask) -> Bytes:
    """Return where walls are printed and not only drawn on from what is printed, uint8 [H, W], a little wider."""
    ruled = cv2.morphologyEx((walls & ink).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8))
    return np.asarray(cv2.dilate(ruled, np.ones((5, 5), np.uint8)))


def find_cells(walls: Mask, ruled: Bytes) -> tuple[list[Quad], NDArray[np.int32]]:
    """Return the corners of the cells that walls enclose, and int32 [H, W], i + 1 where cell i is.

    ruled: of `ruled_pixels`.
    """
    height, width = walls.shape
    closed = cv2.copyMakeBorder(walls.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, found, stats, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    found = found[1:-1, 1:-1]
    labels = np.zeros(walls.shape, np.int32)
    quads: list[Quad] = []
    large = (stats[:, cv2.CC_STAT_WIDTH] >= LEAST_SIDE) & (stats[:, cv2.CC_STAT_HEIGHT] >= LEAST_SIDE)
    order = [int(i) for i in np.argsort(stats[:, cv2.CC_STAT_AREA]) if large[i] and i > 0]
    cut: list[tuple[int, Quad]] = []
    for i in order:
        left, top, across, down = (int(v) for v in stats[i, :4])
        left, top = left - 1, top - 1
        part = (found[top : top + down, left : left + across] == i).astype(np.uint8)
        quad = _quad_of(part)
        if quad is None:
            continue
        within = labels[top : top + down, left : left + across]
        inner = _held(part, quad, within) if within.any() else []
        if inner and not _are_loops(quad, [quads[k - 1] for k in inner]):
            continue  # a frame around other cells
        quad += np.array((left, top), np.float32)
        at_edge = left <= 0, top <= 0, left + across >= width, top + down >= height
        if sum(at_edge) > 1:
            continue
        if not _is_ruled(quad, ruled, any(at_edge)):
            continue
        if any(at_edge):
            cut.append((i, quad))
            continue
        for k in inner:
            within[within == k] = 0
        quads.append(quad)
        within[part > 0] = len(quads)
    for i, quad in _cut_cells(cut, quads, height):
        quads.append(quad)
        labels[found == i] = len(quads)
    return quads, labels


def _held(part: Bytes, quad: Quad, labels: NDArray[np.int32]) -> list[int]:
    """Return the labels of the cells that lie inside a region or within its corners, whose sides others may notch."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(part), contours, -1, 1, cv2.FILLED)
    cv2.fillConvexPoly(filled, np.rint(quad).astype(np.int32), 1)
    names, pixels = np.unique(labels[labels > 0], return_counts=True)
    held = np.bincount(labels[filled > 0], minlength=int(names.max()) + 1)[names]
    found: list[int] = names[held > HELD * pixels].tolist()
    return found


def _are_loops(quad: Quad, inner: list[Quad]) -> bool:
    """Whether what lies inside a cell are loops of letters, which are about as high as it, and not cells in a frame."""
    heights = [sides(one)[1] for one in inner]
    area = sum(cv2.contourArea(one) for one in inner)
    return sides(quad)[1] < 2.8 * min(heights) and area < 0.45 * cv2.contourArea(quad)


def _quad_of(part: Bytes) -> Quad | None:
    """Return the corners of a region, uint8 [h, w], that has about the shape of a rectangle seen askew, else None."""
    side = max(9, round(INTRUSION * min(part.shape))) | 1
    framed = cv2.copyMakeBorder(part, side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    whole = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))[side:-side, side:-side]
    contours, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea)
    area = cv2.contourArea(contour)
    hull = cv2.convexHull(contour)
    rectangle = cv2.minAreaRect(hull)
    long = max(rectangle[1]) > LONG * min(rectangle[1])  # and hardly ever quite straight
    slack = UNEVEN if long else 0.0
    if min(rectangle[1]) < LEAST_SIDE - 2 or area < (CONVEX - slack) * cv2.contourArea(hull):
        return None
    if area < SQUARE * rectangle[1][0] * rectangle[1][1]:
        return None
    quad = ordered(four_corners(hull))
    return quad if area > (SQUARE - UNEVEN if long else CONVEX) * cv2.contourArea(quad) else None


def four_corners(hull: NDArray[np.int32]) -> Quad:
    """Return the four corners of a convex outline, [n, 1, 2]; those of the narrowest rectangle where it has others."""
    area, side = cv2.contourArea(hull), min(cv2.minAreaRect(hull)[1])
    for share in (0.06, 0.1, 0.15, 0.2, 0.3):
        corners = cv2.approxPolyDP(hull, share * side, True)
        if len(corners) == 4 and 0.9 < cv2.contourArea(corners) / max(area, 1) < 1.1:
            return np.asarray(corners.reshape(4, 2), np.float32)
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)


def ordered(corners: Quad) -> Quad:
    """Return corners clockwise from the top left: that which is nearest to it when the quad lies level."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    clockwise = corners[np.argsort(angles)]
    sides = np.roll(clockwise, -1, axis=0) - clockwise
    first = int(np.argmax(sides[:, 0] / np.maximum(np.linalg.norm(sides, axis=1), 1e-6)))
    return np.roll(clockwise, -first, axis=0)


def sides(quad: Quad) -> tuple[float, float]:
    """Return width and height of a quad."""
    lengths = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return float(lengths[0] + lengths[2]) / 2, float(lengths[1] + lengths[3]) / 2


def ruled_shares(quad: Quad, ruled: Bytes) -> NDArray[np.float64]:
    """Return how much of each side of a quad is ruled, 0 to 1: top, right, bottom, left."""
    shares = []
    ways = np.roll(quad, -1, axis=0) - quad
    ways = ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1)
    grown = quad + 2.5 * (np.roll(ways, 1, axis=0) - ways)
    for a, b in zip(grown, np.roll(grown, -1, axis=0)):
        steps = max(2, int(np.linalg.norm(b - a)))
        along = np.linspace(0.1, 0.9, steps)[:, None] * (b - a) + a
        normal = np.array((a[1] - b[1], b[0] - a[0])) / max(1.0, float(np.linalg.norm(b - a)))
        near = []
        for away in (-4, -2, 0, 2, 4):
            x, y = np.rint(along + normal * away).astype(int).T
            near.append(ruled[np.clip(y, 0, ruled.shape[0] - 1), np.clip(x, 0, ruled.shape[1] - 1)])
        shares.append(float(np.max(near, axis=0).mean()))
    return np.array(shares)


def _is_ruled(quad: Quad, ruled: Bytes, cut: bool) -> bool:
    """Whether the outline of a quad is ruled, and each side of it; but for one side of a cell that the edge cuts."""
    shares = np.sort(ruled_shares(quad, ruled))[int(cut) :]
    return bool(shares[0] >= SIDE_COVERED and shares.mean() >= COVERED)


def _cut_cells(cut: list[tuple[int, Quad]], quads: list[Quad], height: int) -> list[tuple[int, Quad]]:
    """Return those cells at the edge of the picture that are like their neighbours, and not what is left of cells.

    Where there are no others, three in a row, cut above or below: at the margin of ruled paper there seem to be some.
    """
    if not cut:
        return []
    sizes = np.array([sides(quad) for quad in [*quads, *(quad for _, quad in cut)]]).reshape(-1, 2)
    alike = np.abs(np.log(sizes[:, None] / sizes[None])).max(axis=2) < 0.35
    kept = []
    for place, (i, quad) in enumerate(cut, len(quads)):
        above_or_below = quad[:, 1].min() < 2 or quad[:, 1].max() > height - 3
        if alike[place, : len(quads)].sum() > 1 or (not quads and above_or_below and alike[place].sum() > 2):
            kept.append((i, quad))
    return kept
