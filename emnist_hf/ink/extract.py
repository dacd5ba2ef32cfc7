"""Any picture to ink: what is written in it, whatever the pen, the paper, the light and the polarity.

Serving and training meet here. `to_ink` takes anything that `open_picture` opens and gives its ink;
`to_glyph` brings the ink of one character to the form of EMNIST; `glyph_of` does both.
"""

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
from emnist_hf.ink.types import Bytes, Floats, Mask

MAX_SIDE = 2000
"""Longest side, in pixels, at which ink is looked for; a page of handwriting stays legible at it."""


SMOOTH = 0.22
"""Rise of coverage over a pixel below which an outline is no pen's, in a picture of up to 1000 pixels."""


MAX_PARTS = 7_000
"""More separate marks than any page has, dots and broken strokes among them: such a picture is noise."""


@dataclass(frozen=True)
class Ink:
    """What was written in a picture.

    coverage: float32 [H, W], 0 (paper) to 1 (ink), edges soft as in the picture.
    colour: median sRGB of the ink's core, 0 to 255.
    light_on_dark: whether the ink is lighter than its paper.
    scale: pixels of `coverage` per pixel of the picture, at most 1.
    """

    coverage: Floats
    colour: tuple[int, int, int]
    light_on_dark: bool
    scale: float


def to_ink(image: Any, *, max_side: int = MAX_SIDE) -> Ink:
    """Find what is written in a picture, whatever its pens, its paper, its light and its polarity.

    Method: split the colours in two (Otsu 1979) and tell the ink from the paper by the shapes (`polarity`).
    Where the paper is even, it is one colour and the ink is whatever departs from it; otherwise the paper is
    estimated at every pixel by closing away what is thin. Ink is measured in the channel in which it shows
    best, so that yellow on white counts, and scaled stroke by stroke to 1.

    image: anything `open_picture` takes. max_side: longest side in pixels, to which larger pictures are
    shrunk.

    Raises PictureError as `open_picture` does, and NoInkError where nothing stands out of the noise or what
    does is not shaped as strokes are.
    """
    picture = open_picture(image)
    scale = min(1.0, max_side / max(picture.size))
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    rgb = without_table(np.asarray(picture))
    if min(rgb.shape[:2]) < 3:
        raise NoInkError
    coverage, light = _coverage(rgb)
    if coverage is None:  # a storm of single specks hides what is written: a median takes them out
        coverage, light = _coverage(np.asarray(cv2.medianBlur(rgb, 5), np.uint8), despeckled=True)
    if coverage is None:
        raise NoInkError
    coverage = without_frame(coverage)
    if not (coverage > 0.5).any():
        raise NoInkError
    core = rgb[coverage > 0.8]
    red, green, blue = (int(v) for v in np.median(core if len(core) else rgb[coverage > 0.5], axis=0))
    return Ink(coverage, (red, green, blue), light, scale)


# --- two colours or uneven light ---


def _coverage(rgb: Bytes, despeckled: bool = False) -> tuple[Floats | None, bool]:
    """Coverage and whether the ink is light; None for coverage when specks drown everything else."""
    pixels = rgb.astype(np.float32)
    shade = _main_shade(pixels)
    if _is_grain(shade):
        raise NoInkError
    threshold, separation = _otsu(shade)
    contrast, light = None, False
    if separation > 0.75:
        high = shade > threshold
        ink = high if is_ink(high) else ~high
        paper = even_paper(pixels, ink)
        if paper is not None:
            light = bool(colours_at(pixels, sample_places(ink)).mean() > colours_at(pixels, sample_places(~ink)).mean())
            contrast = contrast_to(pixels, paper, light)
    haze = 0.0
    if contrast is None:
        contrast, light = uneven_contrast(pixels)
        haze = 0.15
    del pixels, shade  # the largest arrays here, before the next
    coverage = _normalise(contrast, haze, despeckled)
    if haze and coverage is not None and _is_smooth(coverage):
        raise NoInkError
    return coverage, light


def _is_smooth(coverage: Floats) -> bool:
    """Whether what was found has no edges, as folds, soft shadows and the clouds of blurred noise have none.

    A pen's edge is a few pixels wide even in a poor photograph.
    """
    edge = (coverage > 0.35) & (coverage < 0.65)
    if min(coverage.shape) < 64 or not edge.any():
        return False
    across, down = (cv2.Sobel(coverage, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    # Of the sharpest edges: a shadow's outline may be longer than that of the writing beside it.
    slope = float(np.percentile(np.hypot(across[edge], down[edge]), 95))
    return slope < SMOOTH * min(1.0, 1000 / max(coverage.shape))


def _is_grain(shade: Floats) -> bool:
    """Whether neighbours have nothing in common.

    The means of 4x4 pixels of white noise spread a quarter as much as the pixels do.
    """
    if min(shade.shape) < 48:
        return False
    means = cv2.resize(shade, (shade.shape[1] // 4, shade.shape[0] // 4), interpolation=cv2.INTER_AREA)
    return float(means.std()) < 0.3 * float(shade.std())


def _main_shade(pixels: Floats) -> Floats:
    """The colour axis along which a picture varies most, float32 [H, W]: light for greys, hue for colours."""
    flat = pixels.reshape(-1, 3)
    sample = flat[:: sampling_step(len(flat), 50_000, pixels.shape[1])]
    exact = sample.astype(np.float64)
    off = exact - np.full(len(exact), 1 / len(exact)) @ exact
    _, vectors = np.linalg.eigh(off.T @ off if len(sample) > 1 else np.eye(3))  # the axes of their covariance
    axis = vectors[:, -1].astype(np.float32)
    axis *= np.sign(axis.sum()) or 1.0
    return (flat @ axis).reshape(pixels.shape[:2])


def _otsu(shade: Floats) -> tuple[float, float]:
    """Otsu's threshold and its separability, the share of the variance between the two classes, 0 to 1."""
    low, high = float(shade.min()), float(shade.max())
    if high - low < 3:
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
    """Contrast to coverage: paper to 0, every stroke to 1. None when specks drown the rest.

    haze: share of a stroke's contrast that the light alone may make.

    Raises NoInkError when nothing stands out.
    """
    large = min(contrast.shape) > 64  # a small picture has no pixels to spare for smoothing
    calm = np.asarray(cv2.GaussianBlur(contrast, (0, 0), 1.0), np.float32) if large else contrast
    positive = calm[calm > 0.01]
    strongest = float(np.percentile(positive, 99.5)) if positive.size else 0.0
    noise = noise_of(calm[calm < 0.4 * strongest]) if large and strongest else 0.0
    floor = max(0.03, (8 if haze else 6) * noise)
    if strongest < floor:
        if haze and not despeckled:
            return None
        raise NoInkError
    # A stroke is told from a smudge by its core; faint strokes beside strong ones count down to a sixth.
    seed_level = max(floor, strongest * max(1 / 6, 1.7 * haze))
    mask = (calm > max(floor * 0.5, seed_level * 0.4, haze * strongest)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = np.asarray(stats[:, cv2.CC_STAT_AREA], np.int32)
    level = np.zeros(count, np.float32)
    np.maximum.at(level, np.asarray(labels, np.int32).ravel(), calm.ravel())
    keep = (level >= seed_level) & _is_no_speck(areas, contrast.size)
    keep[0] = False
    kept = int(keep.sum())
    drowned = (kept == 0 and count > 50) or count - 1 - kept > max(300, 20 * kept) or kept > MAX_PARTS
    if drowned and not despeckled:
        return None
    if kept == 0 or kept > MAX_PARTS:
        raise NoInkError
    level[~keep] = 0
    local = level[labels]
    # The soft edge lies outside the mask: let each stroke's level reach a little further.
    local = cv2.dilate(local, np.ones((5, 5), np.uint8))
    toe = np.maximum(
        min(max(2 / 255, 2.5 * noise_of(contrast[contrast < 0.4 * strongest])), 0.4 * strongest), haze * local
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        soft = (contrast - toe) / np.maximum(local * 0.97 - toe, 1e-6)
    coverage = np.where(local > 0, np.clip(soft, 0, 1), 0)
    return np.asarray(coverage, np.float32)


def _is_no_speck(areas: NDArray[np.int32], pixels: int) -> Mask:
    """Components large enough to have been written: at the least a dot of an i, judged by the largest."""
    largest = int(areas[1:].max()) if len(areas) > 1 else 0
    return areas >= max(2 if pixels < 4096 else 6, min(largest * 0.004, 40))
