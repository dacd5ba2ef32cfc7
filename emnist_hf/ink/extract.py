"""Find the ink of a picture, whatever its pens, its paper, its light and its polarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.cleaning import without_frame, without_shades
from emnist_hf.ink.doubts import check_no_fold, check_pen, to_dark
from emnist_hf.ink.islands import border_share, find_islands, is_surroundings
from emnist_hf.ink.normalise import normalise
from emnist_hf.ink.paper import (
    colours_at,
    contrast_near,
    contrast_to,
    even_paper,
    sample_places,
    sampling_step,
    uneven_contrast,
)
from emnist_hf.ink.picture import NoInkError, open_reduced
from emnist_hf.ink.polarity import is_ink
from emnist_hf.ink.sheet import without_bars, without_plate, without_table
from emnist_hf.ink.shrinking import at_most, shrunk
from emnist_hf.ink.thresholds import DOUBTS, EXTRACTION, ISLANDS, PAGE_SIDE
from emnist_hf.ink.types import Bytes, Floats


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
    return ink_of(*at_most(*open_reduced(image, max_side), max_side))


def ink_of(rgb: Bytes, scale: float = 1.0) -> Ink:
    """Find what is written in a picture as it was decoded, uint8 [H, W, 3]. Raises NoInkError as `to_ink`.

    scale: pixels of it per pixel of the picture.
    """
    rgb = without_plate(without_table(without_bars(rgb)))
    if min(rgb.shape[:2]) < EXTRACTION.least_side:
        raise NoInkError
    coverage, light = _find_coverage(rgb)
    if coverage is None:  # a storm of single specks hides what is written: a median takes them out
        coverage, light = _find_coverage(cv2.medianBlur(rgb, EXTRACTION.median), despeckled=True)
    if coverage is None:
        raise NoInkError
    coverage = without_shades(without_frame(coverage))
    inked = np.flatnonzero(coverage > EXTRACTION.inked)
    if not len(inked):
        raise NoInkError
    inked = inked[:: -(-len(inked) // EXTRACTION.sample)]
    core = inked[coverage.ravel()[inked] > EXTRACTION.core]
    colours = colours_at(rgb, core if len(core) else inked)
    red, green, blue = (int(v) for v in np.median(colours, axis=0))
    return Ink(coverage, (red, green, blue), light, scale)


# --- two colours or uneven light ---


def _find_coverage(rgb: Bytes, despeckled: bool = False) -> tuple[Floats | None, bool]:
    """Return the coverage and whether the ink is light; None for the coverage when specks drown everything else."""
    shade = _main_shade(rgb)
    if _is_grain(shade):
        raise NoInkError
    found = _even_contrast(rgb, shade) or _island_contrast(rgb, shade)
    contrast, light = found or uneven_contrast(rgb)
    haze = 0.0 if found is not None else EXTRACTION.haze
    coverage = normalise(contrast, haze, despeckled)
    if coverage is not None and min(coverage.shape) >= DOUBTS.least_side:
        check_no_fold(coverage, contrast * to_dark(rgb) if light else contrast)
        if haze:
            check_pen(coverage, contrast)
    return coverage, light


def _even_contrast(rgb: Bytes, shade: Bytes) -> tuple[Floats, bool] | None:
    """Return the contrast to a paper of one colour, float32 [H, W], and whether the ink is light; None without such."""
    threshold, separation = _otsu(shade)
    if separation <= EXTRACTION.two_colours:
        return None
    factor = EXTRACTION.decision_side / max(shade.shape)
    pixels, small = rgb, shade
    if factor < 1:
        pixels, small = shrunk(rgb, factor), shrunk(shade, factor)
    high = small > threshold
    ink = high if is_ink(high) else ~high
    all_around, held = is_surroundings(ink), border_share(ink) > ISLANDS.held
    if all_around or held:
        found = find_islands(shade)
        # Ink that holds much of the border is a letter cropped tight, or one that runs into a shadow: part of it.
        if found is not None and (all_around or bool(small[ink].mean() > small[~ink].mean()) is found[1]):
            return contrast_near(rgb, *found), found[1]
    paper = even_paper(pixels, ink)
    if paper is None:
        return None
    written, rest = (colours_at(pixels, sample_places(mask)).mean() for mask in (ink, ~ink))
    light = bool(written > rest)
    return contrast_to(rgb, paper, light), light


def _island_contrast(rgb: Bytes, shade: Bytes) -> tuple[Floats, bool] | None:
    """Return the contrast of a few strokes that stand alone to the paper around them, float32 [H, W]."""
    found = find_islands(shade)
    return None if found is None else (contrast_near(rgb, *found), found[1])


def _is_grain(shade: Bytes) -> bool:
    """Tell whether neighbours have nothing in common.

    The means of 4x4 pixels of white noise spread a quarter as much as the pixels do.
    """
    if min(shade.shape) < EXTRACTION.grain_side:
        return False
    size = (shade.shape[1] // 4, shade.shape[0] // 4)
    means = cv2.resize(shade, size, interpolation=cv2.INTER_AREA)
    spread, whole = (float(cv2.meanStdDev(part)[1][0, 0]) for part in (means, shade))
    return spread < EXTRACTION.grain * whole


def _main_shade(rgb: Bytes) -> Bytes:
    """Return the colour axis along which a picture varies most, uint8 [H, W]: light for greys, hue for colours.

    It is stretched to 0 to 255.
    """
    count = rgb.shape[0] * rgb.shape[1]
    flat = rgb.reshape(-1, 3)[:: sampling_step(count, EXTRACTION.sample, rgb.shape[1])].astype(np.float64)
    off = flat - flat.mean(axis=0)
    _, vectors = np.linalg.eigh(off.T @ off if len(flat) > 1 else np.eye(3))  # the axes of their covariance
    axis = vectors[:, -1] * (np.sign(vectors[:, -1].sum()) or 1.0)
    axis /= np.abs(axis).sum()
    offset = -255 * np.minimum(axis, 0).sum()
    return cv2.transform(rgb, np.array([[*axis, offset]]))


def _otsu(shade: Bytes) -> tuple[int, float]:
    """Return Otsu's threshold and its separability, the share of the variance between the two classes, 0 to 1.

    OpenCV's does not say how separate the classes are.
    """
    counts = cv2.calcHist([shade], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    levels = np.flatnonzero(counts)
    if levels[-1] - levels[0] < EXTRACTION.least_range:
        return int(levels[-1]), 0.0
    weights: NDArray[np.float64] = counts / counts.sum()
    centres = np.arange(256)
    below, mean = np.cumsum(weights), np.cumsum(weights * centres)
    total = mean[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.nan_to_num((total * below - mean)[:-1] ** 2 / (below * (1 - below))[:-1], posinf=0.0)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    variance = float((weights * (centres - total) ** 2).sum())
    share = float(below[int(best.mean())])
    apart = np.sqrt(between.max() / max(share * (1 - share), 1e-9))  # between the means of the two
    return int(best.mean()), float(between.max()) / max(variance, 1e-9) if apart > EXTRACTION.apart else 0.0
