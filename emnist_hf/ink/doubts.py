"""What stands out of the paper and was not written: folds, soft shadows, and what shines through from the back."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.ink.islands import border_share
from emnist_hf.ink.picture import ONLY_LINES, TOO_BLURRED, TOO_FAINT, NoInkError
from emnist_hf.ink.thresholds import DOUBTS, EXTRACTION, PAPER
from emnist_hf.ink.types import Bytes, Floats, Mask
from emnist_hf.ink.widths import components


def check_no_fold(coverage: Floats, contrast: Floats) -> None:
    """Raise NoInkError where all that was found is faint and goes from one side of the picture to another, as folds do.

    contrast: float32 [H, W], of the paper's brightness.
    """
    ink = coverage > EXTRACTION.inked
    sides = [bool(side.any()) for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1])]
    if sum(sides) < 2:
        return
    level = _core(coverage, contrast)
    if level > DOUBTS.fold and (level > DOUBTS.soft_fold or _slope(coverage) > DOUBTS.slope):
        return
    labels, stats = components(ink)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 0
    if areas[1:].max(initial=0) < DOUBTS.scrap * np.count_nonzero(ink):  # grain beside a fold is many pieces
        raise NoInkError(ONLY_LINES)


def to_dark(rgb: Bytes) -> float:
    """Return the levels from the paper to white, in those from it to black, as far as contrast counts them."""
    level = float(np.median(rgb[:: rgb.shape[0] // 64 + 1, :: rgb.shape[1] // 64 + 1]))
    return max(255 - level, PAPER.least_contrast) / max(level, PAPER.least_contrast)


def check_pen(coverage: Floats, contrast: Floats) -> None:
    """Raise NoInkError where what was found in uneven light is the light's: it has no edges, or lies at the border.

    A pen's edge is a few pixels wide even in a poor photograph; folds, soft shadows, streaks and what shines through
    from the back have softer ones, and a sharp shadow leaves remnants where its edge meets the picture's.
    """
    ink = coverage > EXTRACTION.inked
    if _lies_in_margin(ink) or _is_broken_edge(ink):
        raise NoInkError
    slope = _slope(coverage) / min(1.0, DOUBTS.slope_side / max(coverage.shape))
    if slope < DOUBTS.slope:
        raise NoInkError(TOO_BLURRED)
    if slope < DOUBTS.faint_slope and _core(coverage, contrast) < DOUBTS.faint:
        raise NoInkError(TOO_FAINT)


def _core(coverage: Floats, contrast: Floats) -> float:
    """Return the median contrast of what is ink through and through; 1 without such."""
    inked = np.flatnonzero(coverage > EXTRACTION.core)
    return float(np.median(contrast.ravel()[inked])) if len(inked) else 1.0


def _slope(coverage: Floats) -> float:
    """Return how steeply coverage, float32 [H, W], rises at edges, a pixel; 1 where it has none."""
    low, high = DOUBTS.edges
    edge = (coverage > low) & (coverage < high)
    if not edge.any():
        return 1.0
    calm = cv2.GaussianBlur(coverage, (0, 0), DOUBTS.calm)  # noise has slopes of its own
    across, down = (cv2.Sobel(calm, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return float(np.percentile(np.hypot(across[edge], down[edge]), DOUBTS.sharpest))


def _lies_in_margin(ink: Mask) -> bool:
    """Tell whether ink, bool [H, W], is but pieces that are small, and lie along the border, which they touch."""
    height, width = ink.shape
    rows, columns = round(DOUBTS.margin * height), round(DOUBTS.margin * width)
    if border_share(ink) == 0 or ink[rows : height - rows, columns : width - columns].any():
        return False
    _, stats = components(ink)
    return int(stats[1:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_AREA].max(initial=0)) < DOUBTS.remnant * max(ink.shape)


def _is_broken_edge(ink: Mask) -> bool:
    """Tell whether ink, bool [H, W], is but pieces of one straight line across the picture, far apart."""
    sides = (ink[0].any(), ink[-1].any(), ink[:, 0].any(), ink[:, -1].any())
    if sum(sides) < 2:
        return False
    places = cv2.findNonZero(ink.view(np.uint8)).reshape(-1, 2)
    (_, (across, down), _), (x, y) = cv2.minAreaRect(places), places.T
    if min(across, down) > DOUBTS.thin * max(across, down):
        return False
    along = y if np.ptp(y) > np.ptp(x) else x
    return bool(len(np.unique(along)) < DOUBTS.broken * (np.ptp(along) + 1))
