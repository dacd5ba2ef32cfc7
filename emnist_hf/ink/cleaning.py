"""A frame: a thin rectangle around everything else in a picture, which is not writing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats, Mask


def find_frame(mask: Mask) -> Mask | None:
    """The frame in a mask, bool [H, W], or None: one thin, connected rectangle all around.

    It must span 70 % of the picture either way, and cover 90 % of each of its four sides.
    """
    height, width = mask.shape
    if min(height, width) < 16:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    around = (stats[:, cv2.CC_STAT_WIDTH] > 0.7 * width) & (stats[:, cv2.CC_STAT_HEIGHT] > 0.7 * height)
    for i in range(1, count):
        if around[i]:
            left, top, across, down = (int(v) for v in stats[i, :4])
            if _is_rectangle(labels[top : top + down, left : left + across] == i):
                return np.asarray(labels == i, np.bool_)
    return None


def inside_frames(phase: Mask) -> Mask:
    """What a picture in two colours, bool [H, W], shows inside its frames of either colour."""
    for _ in range(4):  # a frame a little inside the border lies within a second one, of paper
        found = find_frame(phase)
        frame = found if found is not None else find_frame(~phase)
        if frame is None:
            break
        rows, columns = (np.flatnonzero(frame.any(axis=axis)) for axis in (1, 0))
        middle_row, middle_column = (rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2
        across, down = np.flatnonzero(~frame[middle_row]), np.flatnonzero(~frame[:, middle_column])
        across = across[(across > columns[0]) & (across < columns[-1])]
        down = down[(down > rows[0]) & (down < rows[-1])]
        if min(len(across), len(down)) < 8:
            break
        phase = phase[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    return phase


def _is_rectangle(part: Mask) -> bool:
    """Whether a part that touches all sides of its box is nothing but a thin line along them."""
    band = max(2, round(0.06 * min(part.shape)))
    if part[band:-band, band:-band].mean() > 0.002:
        return False
    bands = [(part[:band], 0), (part[-band:], 0), (part[:, :band], 1), (part[:, -band:], 1)]
    return min(float(np.mean(side.any(axis=axis))) for side, axis in bands) > 0.9


# --- what is not written ---


def without_frame(coverage: Floats) -> Floats:
    """Without a thin rectangle around everything else, if there is one and something is written inside it."""
    mask = coverage > 0.3
    frame = find_frame(mask)
    if frame is None or np.count_nonzero(mask & ~frame) < 0.0005 * mask.size:
        return coverage
    edge = cv2.dilate(frame.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0  # with its soft edge
    return np.where(frame | (edge & ~mask), np.float32(0), coverage)


def without_specks(coverage: Floats) -> Floats:
    """Without parts that are tiny beside the largest, or that lie at the border apart from the ink inside."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((coverage > 0.3).astype(np.uint8), connectivity=8)
    if count <= 1:
        return coverage
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    outside = _apart_at_border(np.asarray(stats, np.int32), areas, coverage.shape)
    drop = outside | (areas < 0.015 * areas[~outside].max())
    drop[0] = True
    kept = cv2.dilate((~drop[labels]).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0  # with its soft edge
    return np.where(kept & ((labels == 0) | ~drop[labels]), coverage, np.float32(0))


def _apart_at_border(stats: NDArray[np.int32], areas: NDArray[np.float64], shape: tuple[int, ...]) -> Mask:
    """Which components touch the border, apart from the box of the ink inside: a desk, a page's edge."""
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    border = (left == 0) | (top == 0) | (right == shape[1]) | (bottom == shape[0])
    inner = ~border & (areas > 0)
    if not inner.any():
        return np.zeros(len(stats), np.bool_)
    inner &= areas > 0.05 * areas[inner].max()
    if areas[inner].max() < 0.0005 * shape[0] * shape[1]:  # a speck is no reason to drop what is larger
        return np.zeros(len(stats), np.bool_)
    overlaps = (left < right[inner].max()) & (right > left[inner].min())
    overlaps &= (top < bottom[inner].max()) & (bottom > top[inner].min())
    return np.asarray(border & ~overlaps, np.bool_)
