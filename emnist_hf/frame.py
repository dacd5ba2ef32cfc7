"""A frame: a thin rectangle around everything else in a picture, which is not writing."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.widths import Mask


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
