"""Take out what is not writing: a thin frame around everything else, specks, and what lies at the border."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.thresholds import CLEANING
from emnist_hf.ink.types import Floats, Mask
from emnist_hf.ink.widths import components


def without_frame(coverage: Floats) -> Floats:
    """Return the coverage without a thin rectangle around everything else, if something is written inside it."""
    mask = coverage > CLEANING.inked
    frame = find_frame(mask)
    if frame is None or np.count_nonzero(mask & ~frame) < CLEANING.written * mask.size:
        return coverage
    return np.where(frame | (_with_soft_edge(frame) & ~mask), np.float32(0), coverage)


def without_specks(coverage: Floats) -> Floats:
    """Return the coverage without components that are tiny beside the largest, or at the border apart from the rest."""
    mask = coverage > CLEANING.inked
    labels, stats = components(mask)
    if len(stats) <= 1:
        return coverage
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    outside = _apart_at_border(stats, areas, coverage.shape)
    drop = outside | (areas < CLEANING.speck * areas[~outside].max())
    drop[0] = False
    if not drop.any():
        return np.where(_with_soft_edge(mask), coverage, np.float32(0))
    dropped = drop[labels]
    return np.where(_with_soft_edge(mask & ~dropped) & ~dropped, coverage, np.float32(0))


def without_shades(coverage: Floats) -> Floats:
    """Return the coverage without what a straight edge cuts off the picture: light or shade, a desk, another paper."""
    mask = coverage > CLEANING.inked
    height, width = mask.shape
    if min(mask.shape) < CLEANING.shade_side or max(mask.shape) > CLEANING.tight * min(mask.shape):  # a tight crop
        return coverage
    if not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()):
        return coverage
    outlines = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    shades = []
    for outline in outlines:
        x, y = outline[:, 0].T
        on_border = (x == 0) | (y == 0) | (x == width - 1) | (y == height - 1)
        if on_border.mean() > CLEANING.shade_border and _is_solid(outline):
            shades.append(outline)
    if not shades:
        return coverage
    gone = cv2.drawContours(np.zeros(mask.shape, np.uint8), shades, -1, 1, cv2.FILLED)
    return np.where(_with_soft_edge(gone > 0), np.float32(0), coverage)


def _is_solid(outline: NDArray[np.int32]) -> bool:
    """Tell whether an outline, [n, 1, 2], is convex and no bar."""
    (_, sides, _), hull = cv2.minAreaRect(outline), cv2.contourArea(cv2.convexHull(outline))
    slender = max(sides) > CLEANING.slender * max(min(sides), 1)
    return not slender and cv2.contourArea(outline) > CLEANING.shade_solid * hull


def find_frame(mask: Mask) -> Mask | None:
    """Return the frame in a mask, bool [H, W], or None: one thin, connected rectangle along all four sides."""
    height, width = mask.shape
    if min(height, width) < CLEANING.frame_side:
        return None
    middle = mask[height // 3 : -height // 3, width // 3 : -width // 3]
    if np.count_nonzero(middle) > CLEANING.frame_empty * middle.size:
        return None
    across, down = cv2.boundingRect(mask.view(np.uint8))[2:]
    if across <= CLEANING.frame_span * width or down <= CLEANING.frame_span * height:
        return None
    labels, stats = components(mask)
    spans_width = stats[:, cv2.CC_STAT_WIDTH] > CLEANING.frame_span * width
    around = spans_width & (stats[:, cv2.CC_STAT_HEIGHT] > CLEANING.frame_span * height)
    for i in range(1, len(stats)):
        if around[i]:
            left, top, across, down = (int(v) for v in stats[i, :4])
            if _is_rectangle(labels[top : top + down, left : left + across] == i):
                return labels == i
    return None


def inside_frames(phase: Mask) -> Mask:
    """Return what a picture in two colours, bool [H, W], shows inside its frames of either colour."""
    for _ in range(CLEANING.frames):
        found = find_frame(phase)
        frame = found if found is not None else find_frame(~phase)
        if frame is None:
            break
        rows, columns = (np.flatnonzero(frame.any(axis=axis)) for axis in (1, 0))
        middle_row, middle_column = (rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2
        across, down = np.flatnonzero(~frame[middle_row]), np.flatnonzero(~frame[:, middle_column])
        across = across[(across > columns[0]) & (across < columns[-1])]
        down = down[(down > rows[0]) & (down < rows[-1])]
        if min(len(across), len(down)) < CLEANING.inside:
            break
        phase = phase[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    return phase


def _is_rectangle(part: Mask) -> bool:
    """Tell whether a component that touches all sides of its box is nothing but a thin line along them."""
    band = max(2, round(CLEANING.frame_band * min(part.shape)))
    if part[band:-band, band:-band].mean() > CLEANING.frame_content:
        return False
    bands = [(part[:band], 0), (part[-band:], 0), (part[:, :band], 1), (part[:, -band:], 1)]
    return min(float(np.mean(side.any(axis=axis))) for side, axis in bands) > CLEANING.frame_cover


def _with_soft_edge(mask: Mask) -> Mask:
    """Return the mask grown over the soft edge of its components."""
    return cv2.dilate(mask.view(np.uint8), np.ones((CLEANING.soft, CLEANING.soft), np.uint8)) > 0


def _apart_at_border(stats: NDArray[np.int32], areas: NDArray[np.float64], shape: tuple[int, ...]) -> Mask:
    """Tell which components touch the border, apart from the box of the ink inside: a desk, a page's edge.

    stats: as OpenCV gives them, int32 [N, 5]. areas: in pixels, float64 [N], 0 for the paper. Returns bool [N].
    """
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    border = (left == 0) | (top == 0) | (right == shape[1]) | (bottom == shape[0])
    inner = ~border & (areas > 0)
    largest = areas[inner].max(initial=0)
    if largest < CLEANING.written * shape[0] * shape[1]:  # a speck is no reason to drop what is larger
        return np.zeros(len(stats), np.bool_)
    inner &= areas > CLEANING.inner * largest
    overlaps = (left < right[inner].max()) & (right > left[inner].min())
    overlaps &= (top < bottom[inner].max()) & (bottom > top[inner].min())
    return border & ~overlaps
