"""A sheet of paper on a darker table: where it lies, and the picture without the table."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.ink.types import Bytes, Floats, Mask

_SIDE = 256  # pixels of the longest side at which a sheet is looked for


_STROKES = 11  # pixels, at that size, of the widest strokes


LEAST, MOST = 0.2, 0.97
"""Shares of the picture that a sheet may take up."""


CONTRAST = 0.8
"""Brightness of the table, as a share of the paper's, at the most."""


SOLID = 0.94
"""Share of a sheet's convex hull that it fills at the least: a sheet is cut straight."""


SHARP = 0.6
"""Share of each stretch of the outline, inside the picture, where a third of the fall in brightness comes within two
pixels: shadows end softly."""


STRETCH = 0.06
"""Length of a stretch, as a share of the outline."""


MARKS = 4
"""Marks that must be written on it: else what is bright may itself be what is written, on something dark."""


def without_table(rgb: Bytes) -> Bytes:
    """A picture, uint8 [H, W, 3], with the paper going on where its sheet ends; itself where there is no such sheet."""
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
    """Strokes closed away, uint8 [h, w] or [h, w, 3], but not a wedge of the table at the edge of the picture."""
    padded = cv2.copyMakeBorder(small, *[_STROKES] * 4, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((_STROKES, _STROKES), np.uint8))
    return np.asarray(cv2.medianBlur(closed, 5)[_STROKES:-_STROKES, _STROKES:-_STROKES], np.uint8)


def find_sheet(rgb: Bytes) -> Mask | None:
    """Where the one sheet of paper in a picture lies that does not fill it, on something darker; None without one.

    rgb: uint8 [H, W, 3]. The mask, bool [h, w], is of the picture at 256 pixels at most, and leaves the edge of the
    sheet out. Strokes are closed away and the brightness split in two (Otsu 1979); the brighter part must be as a sheet
    is: large, convex, sharply cut and written on.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < 128:
        return None
    scale = _SIDE / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    shade = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    closed = _without_strokes(np.asarray(shade, np.uint8))
    level = _otsu(closed.ravel())
    for threshold in (level, _otsu(closed[closed <= level])):  # a shadow across the sheet may be the greater fall
        sheet = _sheet_above(closed, threshold)
        if sheet is not None and _written(shade, closed, sheet) >= MARKS:
            return sheet
    return None


def _otsu(shades: Bytes) -> float:
    return float(cv2.threshold(shades, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0])


def _sheet_above(closed: Bytes, threshold: float) -> Mask | None:
    """The largest part brighter than a threshold, without its edge, if it is as a sheet is."""
    bright = closed > threshold
    if bright[0].all() and bright[-1].all() and bright[:, 0].all() and bright[:, -1].all():
        return None  # it fills the picture
    part = _largest(bright)
    if not LEAST < part.mean() < MOST:
        return None
    table, paper = float(np.median(closed[~part])), float(np.median(closed[part]))
    hull = _hull(part)
    if table > CONTRAST * paper or part.sum() < SOLID * hull.sum() or not _is_cut(closed, hull, paper - table):
        return None
    # The picture's own edge goes too, which the sheet may leave by a wedge too thin to be seen here.
    return np.asarray(cv2.erode(hull.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=0) > 0, np.bool_)


def _largest(mask: Mask) -> Mask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return mask
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), np.bool_)


def _hull(mask: Mask) -> Mask:
    outlines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    filled = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.concatenate(outlines)), 1)
    return np.asarray(filled > 0, np.bool_)


def _is_cut(closed: Bytes, hull: Mask, fall: float) -> bool:
    """Whether the brightness falls sharply along the outline of a hull, where that is not the picture's own."""
    near, far = (np.ones((side, side), np.uint8) for side in (3, 5))
    mask = hull.astype(np.uint8)
    outline = (cv2.dilate(mask, near) > 0) & (cv2.erode(mask, near, borderValue=1) == 0)
    if not outline.any():
        return False
    drop = cv2.dilate(closed, far).astype(np.float32) - cv2.erode(closed, far)
    rows, columns = np.nonzero(outline)
    around = np.argsort(np.arctan2(rows - rows.mean(), columns - columns.mean()))
    sharp = (drop[outline] > fall / 3).astype(np.float32)[around]
    stretch = max(3, round(STRETCH * len(sharp)))
    shares = np.convolve(np.concatenate([sharp, sharp[: stretch - 1]]), np.full(stretch, 1 / stretch), "valid")
    return bool(shares.min() > SHARP)


def _written(shade: Bytes, closed: Bytes, sheet: Mask) -> int:
    """How many marks are written on a sheet."""
    strokes: Floats = (closed.astype(np.float32) - shade) * sheet
    return int(cv2.connectedComponents((strokes > 0.15 * closed).astype(np.uint8), connectivity=8)[0]) - 1
