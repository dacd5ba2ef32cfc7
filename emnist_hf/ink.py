"""Any picture to ink: what is written in it, whatever the pen, the paper, the light and the polarity.

Serving and training meet here. `to_ink` takes anything that `open_picture` opens and gives its ink;
`to_glyph` brings the ink of one character to the form of EMNIST; `glyph_of` does both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.frame import find_frame
from emnist_hf.glyph import to_glyph
from emnist_hf.picture import NoInkError, PictureError, open_picture
from emnist_hf.polarity import is_ink
from emnist_hf.sheet import without_table
from emnist_hf.widths import Floats, Mask, depth, stroke_width

__all__ = [
    "Ink",
    "NoInkError",
    "PictureError",
    "glyph_of",
    "open_picture",
    "stroke_width",
    "to_glyph",
    "to_ink",
]

Bytes = NDArray[np.uint8]

MAX_SIDE = 2000
"""Longest side, in pixels, at which ink is looked for; a page of handwriting stays legible at it."""
ONE_CHARACTER = 1000
"""The same where there is one character."""
CRISP = 150
"""Difference between ink and paper, of 255, beyond which they are black and white, not light and shadow."""
SMOOTH = 0.22
"""Rise of coverage over a pixel below which an outline is no pen's, in a picture of up to 1000 pixels."""
MAX_PARTS = 7_000
"""More separate marks than any page has, dots and broken strokes among them: such a picture is noise."""
LIGHT_PIXELS = 4_200_000
"""Pixels above which the paper's light is looked for at half the size."""


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
    coverage = _without_frame(coverage)
    if not (coverage > 0.5).any():
        raise NoInkError
    core = rgb[coverage > 0.8]
    red, green, blue = (int(v) for v in np.median(core if len(core) else rgb[coverage > 0.5], axis=0))
    return Ink(coverage, (red, green, blue), light, scale)


def glyph_of(image: Any, ink: Ink | None = None) -> tuple[Bytes, Ink]:
    """A picture of one character: its EMNIST glyph, uint8 [28, 28], and its ink, at 1000 pixels at most.

    image: anything `open_picture` takes. ink: the picture's, where it has been found already; it is found anew where
    it has more pixels. Raises PictureError and NoInkError as `open_picture`, `to_ink` and `to_glyph` do.
    """
    if ink is None or max(ink.coverage.shape) > ONE_CHARACTER:
        ink = to_ink(image, max_side=ONE_CHARACTER)
    return to_glyph(_without_specks(ink.coverage)), ink


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
        paper = _even_paper(pixels, ink)
        if paper is not None:
            light = bool(_at(pixels, _sample(ink)).mean() > _at(pixels, _sample(~ink)).mean())
            contrast = _contrast(pixels, paper, light)
    haze = 0.0
    if contrast is None:
        contrast, light = _uneven_contrast(pixels)
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
    sample = flat[:: _step(len(flat), 50_000, pixels.shape[1])]
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


# --- the paper ---


def _even_paper(pixels: Floats, ink: Mask) -> Floats | None:
    """The one colour of the paper, float32 [3], or None when its light is uneven."""
    paper_depth, ink_depth = depth(~ink), depth(ink)
    if not paper_depth.any():
        return None
    paper = _sample(_inside(paper_depth))
    contrast = abs(float(_at(pixels, paper).mean()) - float(_at(pixels, _sample(ink)).mean()))
    # Light and shadow seldom lie as far apart as black and white do; a blurred character's own shades may.
    crisp = contrast > CRISP
    # A small picture is too small for a shadow to matter, and its paper may be little but edge.
    share, least = (0.7, 60.0) if min(ink.shape) < 64 else (0.2, 24.0)
    limit = share * contrast if crisp else least
    if _spread(pixels, paper, paper_depth, 5) > limit:
        return None
    if min(ink.shape) >= 64 and not crisp and ink_depth.max() > 0.2 * max(ink.shape):
        return None  # wider than any stroke: half the picture lies in the shade
    if min(ink.shape) >= 64 and not crisp and ink_depth.max() > 0.15 * min(ink.shape):
        inner = _sample(_inside(ink_depth))
        if max(_spread(pixels, paper, paper_depth, 0.5), _spread(pixels, inner, ink_depth, 0.5)) > 40:
            return None  # a wide part with something in it is a shadow or a desk, not a stroke
    return _median(_at(pixels, paper))


def _sample(mask: Mask) -> NDArray[np.int64]:
    """Places of a mask in the flattened picture, evenly at most 50,000 of them."""
    step = _step(int(np.count_nonzero(mask)), 50_000, mask.shape[1])
    return np.flatnonzero(mask.ravel()[::step]) * step


def _step(count: int, most: int, width: int) -> int:
    """Every how many pixels to look at one, for at most so many, so that they come from all columns alike."""
    step = -(-count // most) or 1
    while math.gcd(step, width) > 1:
        step += 1
    return step


def _at(pixels: Floats, places: NDArray[np.int64]) -> Floats:
    """Colours at places of the flattened picture: float32 [H, W, 3] to [n, 3]."""
    return np.take(pixels.reshape(-1, 3), places, axis=0)  # many times as quick as indexing


def _median(colours: Floats) -> Floats:
    """The median of colours, float32 [n, 3], channel by channel: float32 [3]."""
    return np.asarray(np.median(np.ascontiguousarray(colours.T), axis=1), np.float32)  # side by side: twice as quick


def _inside(depths: Floats) -> Mask:
    """A mask, given by its depth, without its soft edge; its deepest where it is little but edge."""
    deepest = float(depths.max())
    # Edges of a picture that was enlarged are soft over many pixels.
    return np.asarray(depths >= min(deepest, max(2.5, min(0.4 * deepest, 8))), np.bool_)


def _spread(pixels: Floats, part: NDArray[np.int64], depths: Floats, outside: float) -> float:
    """Range of the brightness of a part, as places of the flattened picture, but for `outside` per cent at either end.

    The soft edges of a picture that was enlarged fill a tight crop, and they go by depth, which light does
    not: so what pixels of one depth have in common, as far as edges may reach, does not count. The lesser of
    the ranges with and without it is given.
    """
    brightness = _at(pixels, part) @ np.full(3, 1 / 3, np.float32)  # many times as quick as a mean over three
    low, high = np.percentile(brightness, [outside, 100 - outside])
    if high - low <= 24:
        return float(high - low)
    reach = 0.15 * max(depths.shape)
    bins = np.minimum(depths.ravel()[part], reach) * np.float32(24 / reach)
    level = bins.astype(np.int32)
    order = np.argsort(level, kind="stable")
    ordered = brightness[order]
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    for group in np.split(ordered, starts[1:]):
        group -= np.median(group)
    flat_low, flat_high = np.percentile(ordered, [outside, 100 - outside])
    return float(min(high - low, flat_high - flat_low))


def _contrast(pixels: Floats, paper: Floats, light: bool) -> Floats:
    """How far each pixel departs from its paper in the channel that shows it best, float32 [H, W].

    1 is from the paper to black (or white, for light ink); negative where a pixel departs the other way.
    """
    brightness = (paper[..., 0] + paper[..., 1] + paper[..., 2]) / 3
    full = np.maximum(255 - brightness if light else brightness, 64)
    most = np.full(pixels.shape[:2], -np.inf, np.float32)
    for channel in range(3):  # one after the other: a picture of all three differences takes three times the memory
        off = pixels[..., channel] - paper[..., channel]
        np.maximum(most, off if light else np.negative(off, out=off), out=most)
    most /= full
    return most


def _uneven_contrast(pixels: Floats) -> tuple[Floats, bool]:
    """Contrast to a paper whose light varies, and whether the ink is light. `pixels` is overwritten."""
    # The offset keeps the quotient calm where there is next to no light.
    trend = _trend(pixels)[:, :, None] + 40
    pixels += 40
    pixels /= trend
    pixels *= 200
    paper, light = _uneven_paper(pixels)
    return _contrast(pixels, paper, light), light


def _uneven_paper(pixels: Floats) -> tuple[Floats, bool]:
    """A paper whose light varies, float32 [H, W, 3], and whether the ink on it is light.

    A closing fills dark ink and an opening light ink, and so leaves smooth paper; the wrong one of the two
    spreads the ink instead. The paper is then what lies between the ink, filled in across it.
    """
    height, width = pixels.shape[:2]
    if height * width > LIGHT_PIXELS:  # light varies slowly
        half = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        paper, light = _uneven_paper(np.asarray(half, np.float32))
        return np.asarray(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR), np.float32), light
    side = max(5, min(max(pixels.shape[:2]) // 8, 2 * min(pixels.shape[:2]))) | 1
    kernel = np.ones((side, side), np.uint8)
    calm = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.5), np.float32)
    bytes_ = np.clip(np.rint(calm), 0, 255).astype(np.uint8)  # four times as quick as floats
    closed = cv2.morphologyEx(bytes_, cv2.MORPH_CLOSE, kernel).astype(np.float32)
    opened = cv2.morphologyEx(bytes_, cv2.MORPH_OPEN, kernel).astype(np.float32)
    light = bool(cv2.meanStdDev(closed)[1].sum() > cv2.meanStdDev(opened)[1].sum())
    rough = _contrast(calm, opened if light else closed, light)
    rough -= np.median(rough)  # closing noise rides on its crests
    written = rough > max(0.02, 3 * _noise(rough))
    written = cv2.dilate(written.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    # Filling in across the edge of a shadow would raise the shadow: never beyond what the closing saw.
    filled = _fill_in(calm, ~written)
    return np.maximum(filled, opened) if light else np.minimum(filled, closed), light


def _trend(pixels: Floats) -> Floats:
    """The fall of the light over the picture, float32 [H, W].

    A plane, fitted with outliers (a desk, a shadow) set aside.
    """
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels.mean(axis=2), (48, 48), interpolation=cv2.INTER_AREA).ravel()
    line = np.linspace(-1, 1, 48, dtype=np.float32)
    terms = np.stack([np.ones(48 * 48, np.float32), np.tile(line, 48), np.repeat(line, 48)], axis=1)
    fit = np.array([np.median(small), 0, 0], np.float32)
    for _ in range(12):
        off = np.abs(terms @ fit - small)
        weights = 1 / (1 + (off / max(2.0, float(np.median(off)))) ** 2)
        fit = np.linalg.lstsq(terms * weights[:, None], small * weights, rcond=None)[0]
    across, down = (np.linspace(-1, 1, n, dtype=np.float32) for n in (width, height))
    surface = fit[0] + fit[1] * across[None, :] + fit[2] * down[:, None]
    return np.asarray(np.maximum(surface, 0), np.float32)


def _fill_in(pixels: Floats, known: Mask) -> Floats:
    """The pixels, smoothed, with what is not known filled in from around it.

    float32 [H, W, 3]; pulled down a pyramid and pushed up again (Gortler et al. 1996).
    """
    weight = known.astype(np.float32)
    levels = [(pixels * weight[:, :, None], weight)]
    while min(levels[-1][1].shape) > 2:
        height, width = levels[-1][1].shape
        size = ((width + 1) // 2, (height + 1) // 2)
        values, weight = (
            np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32) for part in levels[-1]
        )
        levels.append((values, weight))
    filled = levels[-1][0] / np.maximum(levels[-1][1], 1e-3)[:, :, None]
    # The finest levels would follow the grain of the paper.
    for values, weight in reversed(levels[min(3, len(levels) - 1) : -1]):
        coarse = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.clip(weight * 2, 0, 1)[:, :, None]
        filled = share * values / np.maximum(weight, 1e-3)[:, :, None] + (1 - share) * coarse
    return np.asarray(cv2.resize(filled, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


# --- contrast to coverage ---


def _noise(values: Floats) -> float:
    """Standard deviation of the bulk of the values, from the median absolute deviation."""
    sample = values.ravel()[:: max(1, values.size // 100_000)]
    if not sample.size:
        return 0.0
    return float(1.4826 * np.median(np.abs(sample - np.median(sample))))


def _normalise(contrast: Floats, haze: float, despeckled: bool) -> Floats | None:
    """Contrast to coverage: paper to 0, every stroke to 1. None when specks drown the rest.

    haze: share of a stroke's contrast that the light alone may make.

    Raises NoInkError when nothing stands out.
    """
    large = min(contrast.shape) > 64  # a small picture has no pixels to spare for smoothing
    calm = np.asarray(cv2.GaussianBlur(contrast, (0, 0), 1.0), np.float32) if large else contrast
    positive = calm[calm > 0.01]
    strongest = float(np.percentile(positive, 99.5)) if positive.size else 0.0
    noise = _noise(calm[calm < 0.4 * strongest]) if large and strongest else 0.0
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
        min(max(2 / 255, 2.5 * _noise(contrast[contrast < 0.4 * strongest])), 0.4 * strongest), haze * local
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        soft = (contrast - toe) / np.maximum(local * 0.97 - toe, 1e-6)
    coverage = np.where(local > 0, np.clip(soft, 0, 1), 0)
    return np.asarray(coverage, np.float32)


def _is_no_speck(areas: NDArray[np.int32], pixels: int) -> Mask:
    """Components large enough to have been written: at the least a dot of an i, judged by the largest."""
    largest = int(areas[1:].max()) if len(areas) > 1 else 0
    return areas >= max(2 if pixels < 4096 else 6, min(largest * 0.004, 40))


# --- what is not written ---


def _without_frame(coverage: Floats) -> Floats:
    """Without a thin rectangle around everything else, if there is one and something is written inside it."""
    mask = coverage > 0.3
    frame = find_frame(mask)
    if frame is None or np.count_nonzero(mask & ~frame) < 0.0005 * mask.size:
        return coverage
    edge = cv2.dilate(frame.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0  # with its soft edge
    return np.where(frame | (edge & ~mask), np.float32(0), coverage)


def _without_specks(coverage: Floats) -> Floats:
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
