"""A sheet of paper on a darker table: find where it lies, and take the table out of the picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.shrinking import shrunk
from emnist_hf.ink.thresholds import BARS, SHEET
from emnist_hf.ink.types import Bytes, Floats, Mask
from emnist_hf.ink.widths import components


def without_bars(rgb: Bytes) -> Bytes:
    """Draw over the bars and frames of windows at the sides of a picture, uint8 [H, W, 3], with what is beside them.

    The edge of a bar runs exactly along the side, from end to end, and what is on either side of it differs.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < SHEET.least_side:
        return rgb
    scale = max(1.0, max(height, width) / BARS.side)
    shade = cv2.cvtColor(shrunk(rgb, 1 / scale), cv2.COLOR_RGB2GRAY).astype(np.int16)
    depths = [_bar(part) for part in (shade, shade[::-1], shade.T, shade.T[::-1])]
    sides = (height, height, width, width)
    depths = [min(side // 3, math.ceil((bar + 1) * scale)) if bar else 0 for bar, side in zip(depths, sides)]
    rgb = _without_sides(rgb, depths)
    turned = rgb.swapaxes(0, 1)
    hems = [_hem(part) for part in (rgb, rgb[::-1], turned, turned[::-1])]
    all_around = all(bar or hem for bar, hem in zip(depths, hems))
    return _without_sides(rgb, hems) if all_around else rgb


def _without_sides(rgb: Bytes, depths: list[int]) -> Bytes:
    """Draw over so many rows and columns at the top, bottom, left and right with what is beside them."""
    if not any(depths):
        return rgb
    top, bottom, left, right = depths
    inside = rgb[top : rgb.shape[0] - bottom, left : rgb.shape[1] - right]
    return cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE)


def _hem(rgb: Bytes) -> int:
    """Return how many rows of a picture, uint8 [H, W, 3], a thin frame has at its top; 0 without one."""
    rows = rgb[: BARS.hem + 3]
    some = _rises(rows[:, :: rows.shape[1] // 32 + 1])  # most pictures have no frame: these columns tell
    some.sort(axis=1)
    twice = some[:, (some.shape[1] - 1) // 2] + some[:, some.shape[1] // 2]  # their medians, in a third of the time
    if not (np.abs(twice) > 2 * BARS.step).any():
        return 0
    rise = _rises(rows)
    low, high = np.percentile(rise, (BARS.outside, 100 - BARS.outside), axis=1)
    edges = np.flatnonzero((low > BARS.step) | (high < -BARS.step))
    return int(edges[-1]) + 2 if len(edges) else 0


def _rises(rgb: Bytes) -> NDArray[np.int16]:
    """Return by how many levels each row of a picture, uint8 [n, w, 3], is lighter than the last but one."""
    shade = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY).astype(np.int16)
    return shade[2:] - shade[:-2]


def _bar(shade: NDArray[np.int16]) -> int:
    """Return how many rows of a picture, [h, w], the bar at its top has; 0 without one."""
    reach = max(3, round(BARS.reach * len(shade)))
    rise = shade[2 : reach + 2] - shade[:reach]  # over two rows: an edge may fall between them
    step = max(1, rise.shape[1] // 8)
    some = rise[:, step // 2 :: step]  # most pictures have no bar: these columns tell
    edges = np.flatnonzero((some.min(axis=1) > BARS.step) | (some.max(axis=1) < -BARS.step))
    if not len(edges):
        return 0
    low, high = np.percentile(rise[edges], (BARS.outside, 100 - BARS.outside), axis=1)
    levels = np.median(shade[: 2 * reach + 2], axis=1)
    for row in edges[(low > BARS.step) | (high < -BARS.step)][::-1]:
        bar, beside = np.median(levels[: row + 1]), np.median(levels[row + 2 : row + 2 + reach])
        before, after = levels[max(0, row + 1 - BARS.line) : row + 1], levels[row + 2 : row + 2 + BARS.line]
        edge = max(BARS.step, abs(np.median(rise[row])) / 1.5)  # of a margin line, the paper beyond it is as before
        if abs(beside - bar) > BARS.step and abs(np.median(after) - np.median(before)) > edge:
            return int(row) + 2
    return 0


def without_table(rgb: Bytes) -> Bytes:
    """Return a picture, uint8 [H, W, 3], with the paper going on where its sheet ends; itself without such a sheet."""
    sheet = find_sheet(rgb)
    if sheet is None:
        return rgb
    height, width = rgb.shape[:2]
    paper = _without_strokes(cv2.resize(rgb, sheet.shape[::-1], interpolation=cv2.INTER_AREA))
    _, nearest = cv2.distanceTransformWithLabels(
        (~sheet).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[sheet]] = paper[sheet]
    beyond = cv2.GaussianBlur(colours[nearest], (0, 0), 3)
    inside = cv2.resize(sheet.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)[:, :, None]
    return np.where(inside > 0.99, rgb, cv2.resize(beyond, (width, height), interpolation=cv2.INTER_LINEAR))


def _without_strokes(small: Bytes) -> Bytes:
    """Close strokes away, uint8 [h, w] or [h, w, 3], but not a wedge of the table at the edge of the picture."""
    width = SHEET.stroke
    padded = cv2.copyMakeBorder(small, *[width] * 4, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((width, width), np.uint8))
    return cv2.medianBlur(closed, 5)[width:-width, width:-width]


def without_plate(rgb: Bytes) -> Bytes:
    """Draw over what is around a rectangle that nothing is written on, uint8 [H, W, 3], with what the rectangle is.

    The rectangle is darker or lighter than all around it, is most of the picture, and does not touch its border.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < SHEET.least_side:
        return rgb
    scale = max(1.0, max(height, width) / SHEET.side)
    shade = cv2.cvtColor(shrunk(rgb, 1 / scale), cv2.COLOR_RGB2GRAY)
    rows, columns = shade.shape
    top, bottom, left, right = _plain(shade)
    across, down = right - left, bottom - top
    if min(left, top, columns - right, rows - bottom) < 1 or across * down < SHEET.plate * shade.size:
        return rgb
    slopes = cv2.morphologyEx(shade, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    slopes[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3] = 0
    within = float(shade[top:bottom, left:right].sum())
    around, inside = (float(shade.sum()) - within) / (shade.size - across * down), within / (across * down)
    if abs(around - inside) < SHEET.alike or (slopes > SHEET.steep).mean() > SHEET.marked:
        return rgb  # it is a frame, or something is written beside it
    sides = (top, rows - bottom, left, columns - right)
    return _without_sides(rgb, [math.ceil((side + 2) * scale) for side in sides])


def _plain(shade: Bytes) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of a plain rectangle about the middle, uint8 [h, w]; 0s without one.

    It grows by a row or a column at a time: around it the shade may be the same here and there, all along a side not.
    """
    level = np.median(shade[len(shade) // 2, shade.shape[1] * 2 // 5 : shade.shape[1] * 3 // 5])
    alike = cv2.absdiff(shade, np.full_like(shade, level)) <= SHEET.alike
    (top, bottom), (left, right) = ((side * 2 // 5, side * 3 // 5) for side in shade.shape)
    if np.count_nonzero(alike[top:bottom, left:right]) < SHEET.bare * (bottom - top) * (right - left):
        return 0, 0, 0, 0
    grows = True
    while grows:
        before = top, bottom, left, right
        wide, high = SHEET.bare * (right - left), SHEET.bare * (bottom - top)
        top -= top > 0 and np.count_nonzero(alike[top - 1, left:right]) >= wide
        bottom += bottom < len(alike) and np.count_nonzero(alike[bottom, left:right]) >= wide
        left -= left > 0 and np.count_nonzero(alike[top:bottom, left - 1]) >= high
        right += right < alike.shape[1] and np.count_nonzero(alike[top:bottom, right]) >= high
        grows = before != (top, bottom, left, right)
    return top, bottom, left, right


def find_sheet(rgb: Bytes) -> Mask | None:
    """Find the one sheet of paper in a picture that does not fill it, on something darker; None without one.

    rgb: uint8 [H, W, 3]. The mask, bool [h, w], is of the picture at 256 pixels at most, and leaves the edge of the
    sheet out. Strokes are closed away and the brightness split in two (Otsu 1979); the brighter part must be as a sheet
    is: large, convex, sharply cut and written on.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < SHEET.least_side:
        return None
    scale = SHEET.side / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    whole = max(1, int(0.4 / scale))  # means over whole pixels first: many times as quick
    small = shrunk(rgb[: height // whole * whole, : width // whole * whole], 1 / whole)
    shade = cv2.cvtColor(cv2.resize(small, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    edge = min(int(part.min()) for part in (shade[0], shade[-1], shade[:, 0], shade[:, -1]))
    if edge > SHEET.contrast * int(shade.max()):  # nothing there is as dark as a table
        return None
    closed = _without_strokes(shade)
    level = _otsu(closed.ravel())
    for threshold in (level, _otsu(closed[closed <= level])):  # a shadow across the sheet may be the greater fall
        sheet = _sheet_above(closed, threshold)
        if sheet is not None and (_is_upright(sheet) or _count_marks(shade, closed, sheet) >= SHEET.marks):
            return sheet
    return None


def _is_upright(sheet: Mask) -> bool:
    """Tell whether a sheet is a rectangle that lies within the picture: no light and no letter is."""
    outline = cv2.findContours(sheet.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0][0]
    return bool(sheet.sum() > SHEET.upright * np.prod(cv2.minAreaRect(outline)[1]))


def _otsu(shades: Bytes) -> float:
    return float(cv2.threshold(shades, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0])


def _sheet_above(closed: Bytes, threshold: float) -> Mask | None:
    """Return the largest part brighter than a threshold, without its edge, if it is as a sheet is; else None."""
    bright = closed > threshold
    if bright[0].all() and bright[-1].all() and bright[:, 0].all() and bright[:, -1].all():
        return None  # it fills the picture
    part = _largest(bright)
    if not SHEET.least < part.mean() < SHEET.most:
        return None
    table, paper = float(np.median(closed[~part])), float(np.median(closed[part]))
    hull, fall = _hull(part), paper - table
    if table > SHEET.contrast * paper or part.sum() < SHEET.solid * hull.sum() or not _is_cut(closed, hull, fall):
        return None
    # The picture's own edge goes too, which the sheet may leave by a wedge too thin to be seen here.
    return cv2.erode(hull.astype(np.uint8), np.ones((SHEET.edge, SHEET.edge), np.uint8), borderValue=0) > 0


def _largest(mask: Mask) -> Mask:
    labels, stats = components(mask, connectivity=4)
    if len(stats) < 2:
        return mask
    return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


def _hull(mask: Mask) -> Mask:
    outlines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    filled = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.concatenate(outlines)), 1)
    return filled > 0


def _is_cut(closed: Bytes, hull: Mask, fall: float) -> bool:
    """Tell whether the brightness falls sharply along the outline of a hull, where that is not the picture's own."""
    near, far = (np.ones((side, side), np.uint8) for side in (3, 5))
    mask = hull.astype(np.uint8)
    outline = (cv2.dilate(mask, near) > 0) & (cv2.erode(mask, near, borderValue=1) == 0)
    if not outline.any():
        return False
    drop = cv2.dilate(closed, far).astype(np.float32) - cv2.erode(closed, far)
    rows, columns = np.nonzero(outline)
    around = np.argsort(np.arctan2(rows - rows.mean(), columns - columns.mean()))
    sharp = (drop[outline] > fall / 3).astype(np.float32)[around]
    stretch = max(3, round(SHEET.stretch * len(sharp)))
    shares = np.convolve(np.concatenate([sharp, sharp[: stretch - 1]]), np.full(stretch, 1 / stretch), "valid")
    return bool(shares.min() > SHEET.sharp)


def _count_marks(shade: Bytes, closed: Bytes, sheet: Mask) -> int:
    """Count the marks that are written on a sheet."""
    strokes: Floats = (closed.astype(np.float32) - shade) * sheet
    return int(cv2.connectedComponents((strokes > SHEET.mark * closed).astype(np.uint8), connectivity=8)[0]) - 1
