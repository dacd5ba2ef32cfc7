"""Any picture to ink: what is written in it, whatever the pen, the paper, the light and the polarity.

Serving and training meet here. `to_ink` takes anything that `open_picture` opens and gives its ink;
`to_glyph` brings the ink of one character to the form of EMNIST; `glyph_of` does both.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats, Mask
from emnist_hf.ink.widths import depth

CRISP = 150
"""Difference between ink and paper, of 255, beyond which they are black and white, not light and shadow."""


LIGHT_PIXELS = 4_200_000
"""Pixels above which the paper's light is looked for at half the size."""


# --- the paper ---


def even_paper(pixels: Floats, ink: Mask) -> Floats | None:
    """The one colour of the paper, float32 [3], or None when its light is uneven."""
    paper_depth, ink_depth = depth(~ink), depth(ink)
    if not paper_depth.any():
        return None
    paper = sample_places(_inside(paper_depth))
    contrast = abs(float(colours_at(pixels, paper).mean()) - float(colours_at(pixels, sample_places(ink)).mean()))
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
        inner = sample_places(_inside(ink_depth))
        if max(_spread(pixels, paper, paper_depth, 0.5), _spread(pixels, inner, ink_depth, 0.5)) > 40:
            return None  # a wide part with something in it is a shadow or a desk, not a stroke
    return _median(colours_at(pixels, paper))


def sample_places(mask: Mask) -> NDArray[np.int64]:
    """Places of a mask in the flattened picture, evenly at most 50,000 of them."""
    step = sampling_step(int(np.count_nonzero(mask)), 50_000, mask.shape[1])
    return np.flatnonzero(mask.ravel()[::step]) * step


def sampling_step(count: int, most: int, width: int) -> int:
    """Every how many pixels to look at one, for at most so many, so that they come from all columns alike."""
    step = -(-count // most) or 1
    while math.gcd(step, width) > 1:
        step += 1
    return step


def colours_at(pixels: Floats, places: NDArray[np.int64]) -> Floats:
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
    brightness = colours_at(pixels, part) @ np.full(3, 1 / 3, np.float32)  # many times as quick as a mean over three
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


def contrast_to(pixels: Floats, paper: Floats, light: bool) -> Floats:
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


def uneven_contrast(pixels: Floats) -> tuple[Floats, bool]:
    """Contrast to a paper whose light varies, and whether the ink is light. `pixels` is overwritten."""
    # The offset keeps the quotient calm where there is next to no light.
    trend = _trend(pixels)[:, :, None] + 40
    pixels += 40
    pixels /= trend
    pixels *= 200
    paper, light = _uneven_paper(pixels)
    return contrast_to(pixels, paper, light), light


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
    rough = contrast_to(calm, opened if light else closed, light)
    rough -= np.median(rough)  # closing noise rides on its crests
    written = rough > max(0.02, 3 * noise_of(rough))
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


def noise_of(values: Floats) -> float:
    """Standard deviation of the bulk of the values, from the median absolute deviation."""
    sample = values.ravel()[:: max(1, values.size // 100_000)]
    if not sample.size:
        return 0.0
    return float(1.4826 * np.median(np.abs(sample - np.median(sample))))
