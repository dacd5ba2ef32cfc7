"""Find the ink of a picture, whatever its pens, its paper, its light and its polarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.ink.cleaning import without_frame
from emnist_hf.ink.paper import (
    colours_at,
    contrast_to,
    even_paper,
    noise_of,
    sample_places,
    sampling_step,
    uneven_contrast,
)
from emnist_hf.ink.picture import NoInkError, open_picture
from emnist_hf.ink.polarity import is_ink
from emnist_hf.ink.sheet import without_table
from emnist_hf.ink.thresholds import EXTRACTION, PAGE_SIDE, STROKES
from emnist_hf.ink.types import Bytes, Floats, Mask


@dataclass(frozen=True)
class Ink:
    """What is written in a picture.

    coverage: float32 [H, W], 0 (paper) to 1 (ink), edges soft as in the picture.
    colour: median sRGB of the ink's core, 0 to 255.
    light_on_dark: whether the ink is lighter than its paper.
    scale: pixels of `coverage` per pixel of the picture, at most 1.
    """

    coverage: Floats
    colour: tuple[int, int, int]
    light_on_dark: bool
    scale: float


def to_ink(image: Any, *, max_side: int = PAGE_SIDE) -> Ink:
    """Find what is written in a picture.

    The colours are split in two (Otsu 1979), and the ink told from the paper by the shapes (`polarity`). Where the
    paper is even it is one colour, and the ink is whatever departs from it; otherwise the paper is estimated at every
    pixel by closing away what is thin. Ink is measured in the channel in which it shows best, so that yellow on white
    counts, and scaled stroke by stroke to 1.

    image: anything `open_picture` takes. max_side: longest side in pixels, to which larger pictures are shrunk.

    Raises PictureError as `open_picture` does, and NoInkError where nothing stands out of the noise or what does is not
    shaped as strokes are.
    """
    picture = open_picture(image)
    scale = min(1.0, max_side / max(picture.size))
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    rgb = without_table(np.asarray(picture))
    if min(rgb.shape[:2]) < EXTRACTION.least_side:
        raise NoInkError
    coverage, light = _find_coverage(rgb)
    if coverage is None:  # a storm of single specks hides what is written: a median takes them out
        coverage, light = _find_coverage(cv2.medianBlur(rgb, EXTRACTION.median), despeckled=True)
    if coverage is None:
        raise NoInkError
    coverage = without_frame(coverage)
    inked = coverage > EXTRACTION.inked
    if not inked.any():
        raise NoInkError
    core = rgb[coverage > EXTRACTION.core]
    red, green, blue = (int(v) for v in np.median(core if len(core) else rgb[inked], axis=0))
    return Ink(coverage, (red, green, blue), light, scale)


# --- two colours or uneven light ---


def _find_coverage(rgb: Bytes, despeckled: bool = False) -> tuple[Floats | None, bool]:
    """Return the coverage and whether the ink is light; None for the coverage when specks drown everything else."""
    pixels = rgb.astype(np.float32)
    shade = _main_shade(pixels)
    if _is_grain(shade):
        raise NoInkError
    threshold, separation = _otsu(shade)
    contrast, light = None, False
    if separation > EXTRACTION.two_colours:
        high = shade > threshold
        ink = high if is_ink(high) else ~high
        paper = even_paper(pixels, ink)
        if paper is not None:
            light = bool(colours_at(pixels, sample_places(ink)).mean() > colours_at(pixels, sample_places(~ink)).mean())
            contrast = contrast_to(pixels, paper, light)
    haze = 0.0
    if contrast is None:
        contrast, light = uneven_contrast(pixels)
        haze = EXTRACTION.haze
    del pixels, shade  # the largest arrays here, before the next
    coverage = _normalise(contrast, haze, despeckled)
    if haze and coverage is not None and _is_smooth(coverage):
        raise NoInkError
    return coverage, light


def _is_smooth(coverage: Floats) -> bool:
    """Tell whether what was found has no edges, as folds, soft shadows and the clouds of blurred noise have none.

    A pen's edge is a few pixels wide even in a poor photograph.
    """
    low, high = EXTRACTION.edges
    edge = (coverage > low) & (coverage < high)
    if min(coverage.shape) < EXTRACTION.edges_side or not edge.any():
        return False
    across, down = (cv2.Sobel(coverage, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    slope = float(np.percentile(np.hypot(across[edge], down[edge]), EXTRACTION.sharpest))
    return slope < EXTRACTION.slope * min(1.0, EXTRACTION.slope_side / max(coverage.shape))


def _is_grain(shade: Floats) -> bool:
    """Tell whether neighbours have nothing in common.

    The means of 4x4 pixels of white noise spread a quarter as much as the pixels do.
    """
    if min(shade.shape) < EXTRACTION.grain_side:
        return False
    means = cv2.resize(shade, (shade.shape[1] // 4, shade.shape[0] // 4), interpolation=cv2.INTER_AREA)
    return float(means.std()) < EXTRACTION.grain * float(shade.std())


def _main_shade(pixels: Floats) -> Floats:
    """Return the colour axis along which a picture varies most, float32 [H, W]: light for greys, hue for colours."""
    flat = pixels.reshape(-1, 3)
    exact = flat[:: sampling_step(len(flat), EXTRACTION.sample, pixels.shape[1])].astype(np.float64)
    off = exact - np.full(len(exact), 1 / len(exact)) @ exact
    _, vectors = np.linalg.eigh(off.T @ off if len(exact) > 1 else np.eye(3))  # the axes of their covariance
    axis = vectors[:, -1].astype(np.float32)
    axis *= np.sign(axis.sum()) or 1.0
    return (flat @ axis).reshape(pixels.shape[:2])


def _otsu(shade: Floats) -> tuple[float, float]:
    """Return Otsu's threshold and its separability, the share of the variance between the two classes, 0 to 1.

    OpenCV's takes 8 bits alone and does not say how separate the classes are.
    """
    low, high = float(shade.min()), float(shade.max())
    if high - low < EXTRACTION.least_range:
        return high, 0.0
    counts, edges = np.histogram(shade, bins=256, range=(low, high))
    weights = counts / counts.sum()
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(weights)
    mean = np.cumsum(weights * centres)
    total = mean[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total * below - mean) ** 2 / (below * (1 - below))
    between = np.nan_to_num(between[:-1], posinf=0.0)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    variance = float((weights * (centres - total) ** 2).sum())
    return float(edges[1 + int(best.mean())]), float(between.max()) / max(variance, 1e-9)


def _normalise(contrast: Floats, haze: float, despeckled: bool) -> Floats | None:
    """Scale contrast to coverage: paper to 0, every stroke to 1. Return None when specks drown the rest.

    haze: share of a stroke's contrast that the light alone may make, 0 on even paper.

    Raises NoInkError when nothing stands out.
    """
    large = min(contrast.shape) > STROKES.smooth_side
    calm = cv2.GaussianBlur(contrast, (0, 0), STROKES.smooth) if large else contrast
    positive = calm[calm > STROKES.trace]
    strongest = float(np.percentile(positive, STROKES.strongest)) if positive.size else 0.0
    noise = noise_of(calm[calm < STROKES.calm * strongest]) if large and strongest else 0.0
    least = max(STROKES.least, (STROKES.uneven_noise if haze else STROKES.even_noise) * noise)
    if strongest < least:
        if haze and not despeckled:
            return None
        raise NoInkError
    core = max(least, strongest * max(STROKES.faintest, STROKES.hazes * haze))
    outskirts = max(least * STROKES.from_least, core * STROKES.from_core, haze * strongest)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((calm > outskirts).astype(np.uint8), connectivity=8)
    level = np.zeros(count, np.float32)
    np.maximum.at(level, labels.ravel(), calm.ravel())
    keep = (level >= core) & _is_no_speck(stats[:, cv2.CC_STAT_AREA], contrast.size)
    keep[0] = False
    kept, dropped = int(keep.sum()), count - 1 - int(keep.sum())
    if not despeckled and _drown(dropped, kept):
        return None
    if kept == 0 or kept > STROKES.most:
        raise NoInkError
    level[~keep] = 0
    # The soft edge lies outside the mask: let each stroke's level reach a little further.
    local = cv2.dilate(level[labels], np.ones((STROKES.soft, STROKES.soft), np.uint8))
    calm_below = STROKES.calm * strongest
    toe = min(max(STROKES.toe, STROKES.toe_noise * noise_of(contrast[contrast < calm_below])), calm_below)
    toes = np.maximum(toe, haze * local)
    with np.errstate(divide="ignore", invalid="ignore"):
        soft = (contrast - toes) / np.maximum(local * STROKES.full - toes, 1e-6)
    return np.where(local > 0, np.clip(soft, 0, 1), np.float32(0))


def _drown(specks: int, strokes: int) -> bool:
    """Tell whether there are so many specks beside the strokes, or strokes, that they are noise."""
    too_many = specks > max(STROKES.many_specks, STROKES.specks_a_stroke * strokes)
    return (strokes == 0 and specks >= STROKES.few_specks) or too_many or strokes > STROKES.most


def _is_no_speck(areas: NDArray[np.int32], pixels: int) -> Mask:
    """Tell which components, given by their pixels, are large enough to have been written, bool [N].

    At the least that is a dot of an i, judged by the largest. The first component is the paper. pixels: of the picture.
    """
    largest = int(areas[1:].max(initial=0))
    least = STROKES.small_area if pixels < STROKES.small else STROKES.area
    return areas >= max(least, min(largest * STROKES.of_largest, STROKES.any_area))
