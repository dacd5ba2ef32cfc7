"""What the paper of a picture looks like under its ink, and how far each pixel departs from it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.thresholds import EXTRACTION, ISLANDS, PAPER
from emnist_hf.ink.types import Bytes, Floats, Mask
from emnist_hf.ink.widths import depth

Places = NDArray[np.int64]
"""Pixels, by their places in the flattened picture, [n]."""


# --- even paper ---


def even_paper(pixels: Bytes, ink: Mask) -> Floats | None:
    """Return the one colour of the paper, float32 [3], or None when its light is uneven.

    pixels: uint8 [H, W, 3]. ink: bool [H, W].
    """
    paper_depth, ink_depth = depth(~ink), depth(ink)
    if not paper_depth.any():
        return None
    paper = sample_places(_inside(paper_depth))
    contrast = abs(float(colours_at(pixels, paper).mean()) - float(colours_at(pixels, sample_places(ink)).mean()))
    # Light and shadow seldom lie as far apart as black and white do; a blurred character's own shades may.
    crisp = contrast > PAPER.crisp
    small = min(ink.shape) < PAPER.small_side
    share, levels = PAPER.small_evenness if small else PAPER.evenness
    if _spread(pixels, paper, paper_depth, PAPER.outside) > (share * contrast if crisp else levels):
        return None
    deepest = 0 if small or crisp else ink_depth.max()
    if deepest > PAPER.shade * max(ink.shape):
        return None
    if deepest > PAPER.wide * min(ink.shape):
        inner = sample_places(_inside(ink_depth))
        parts = ((paper, paper_depth), (inner, ink_depth))
        if max(_spread(pixels, *part, PAPER.plain_outside) for part in parts) > PAPER.plain_range:
            return None
    return _median(colours_at(pixels, paper))


def sample_places(mask: Mask) -> Places:
    """Return places of a mask, evenly at most 50,000 of them."""
    step = sampling_step(int(np.count_nonzero(mask)), EXTRACTION.sample, mask.shape[1])
    return np.flatnonzero(mask.ravel()[::step]) * step


def sampling_step(count: int, most: int, width: int) -> int:
    """Return every how many of `count` pixels to look at one, for at most `most`.

    It has no divisor in common with the picture's width, so that the pixels come from all columns alike.
    """
    step = -(-count // most) or 1
    while math.gcd(step, width) > 1:
        step += 1
    return step


def colours_at(pixels: Bytes, places: Places) -> Floats:
    """Return the colours at places: uint8 [H, W, 3] to float32 [n, 3]."""
    return np.take(pixels.reshape(-1, 3), places, axis=0).astype(np.float32)  # many times as quick as indexing


def _median(colours: Floats) -> Floats:
    """Return the median of colours, float32 [n, 3], channel by channel: float32 [3]."""
    return np.median(np.ascontiguousarray(colours.T), axis=1)  # side by side: twice as quick


def _inside(depths: Floats) -> Mask:
    """Return a mask, given by its depth, without its soft edge; its deepest where it is little but edge."""
    deepest = float(depths.max())
    least, share, most = PAPER.edge  # edges of a picture that was enlarged are soft over many pixels
    return depths >= min(deepest, max(least, min(share * deepest, most)))


def _spread(pixels: Bytes, part: Places, depths: Floats, outside: float) -> float:
    """Return the range of the brightness of a part, in levels, but for `outside` per cent at either end.

    The soft edges of a picture that was enlarged fill a tight crop, and they go by depth, which light does not: so what
    pixels of one depth have in common, as far as edges may reach, does not count. The lesser of the ranges with and
    without it is given.
    """
    brightness = colours_at(pixels, part) @ np.full(3, 1 / 3, np.float32)  # many times as quick as a mean over three
    low, high = np.percentile(brightness, [outside, 100 - outside])
    if high - low <= PAPER.steady:
        return float(high - low)
    reach = PAPER.edge_reach * max(depths.shape)
    bins = np.minimum(depths.ravel()[part], reach) * np.float32(PAPER.edge_steps / reach)
    level = bins.astype(np.int32)
    order = np.argsort(level, kind="stable")
    ordered = brightness[order]
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    for group in np.split(ordered, starts[1:]):
        group -= np.median(group)
    flat_low, flat_high = np.percentile(ordered, [outside, 100 - outside])
    return float(min(high - low, flat_high - flat_low))


def contrast_to(rgb: Bytes, paper: Floats, light: bool) -> Floats:
    """Return how far each pixel departs from one colour of paper, [3], in the channel that shows it best.

    float32 [H, W]: 1 is from the paper to black (or white, for light ink); negative where a pixel departs the other
    way. rgb: uint8 [H, W, 3].
    """
    sign = np.float32(1 if light else -1) / _full_contrast(paper, light)
    levels = np.arange(256, dtype=np.float32)
    tables = [(levels - colour) * sign for colour in paper]
    parts = [cv2.LUT(cv2.extractChannel(rgb, channel), table) for channel, table in enumerate(tables)]
    return cv2.max(cv2.max(parts[0], parts[1]), parts[2])


def _full_contrast(paper: Floats, light: bool) -> Floats:
    """Return the levels from paper, [..., 3], to black, or to white for light ink."""
    brightness = paper.mean(axis=-1)
    return np.maximum(255 - brightness if light else brightness, np.float32(PAPER.least_contrast))


# --- paper around a few strokes ---


def contrast_near(rgb: Bytes, strokes: Mask, light: bool) -> Floats:
    """Return the contrast, as `contrast_to`, to the paper around strokes, 0 away from them.

    strokes: bool [h, w], in a reduced copy of the picture. The paper is filled in across them.
    """
    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, strokes.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    reach = 2 * max(1, round(ISLANDS.near * max(strokes.shape))) + 1
    near = cv2.dilate(strokes.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    paper = _fill_in(small, cv2.dilate(strokes.view(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    contrast = _departure(rgb.astype(np.float32), paper, light)
    contrast[cv2.resize(near, (width, height), interpolation=cv2.INTER_NEAREST) == 0] = 0
    return contrast


# --- uneven paper ---


def uneven_contrast(rgb: Bytes) -> tuple[Floats, bool]:
    """Return the contrast to a paper whose light varies, as `contrast_to`, and whether the ink is light.

    Light varies slowly: the paper is found in a reduced copy, once the fall of the light over the picture, a plane, is
    taken out of it.
    """
    height, width = rgb.shape[:2]
    factor = min(1.0, PAPER.light_side / max(height, width))
    small = rgb if factor == 1 else cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    pixels = small.astype(np.float32)
    gain = PAPER.level / (_trend(pixels) + PAPER.offset)[:, :, None]
    pixels = (pixels + PAPER.offset) * gain
    paper, light = _uneven_paper(pixels)
    per_level = gain[:, :, 0] * np.float32(1 if light else -1) / _full_contrast(paper, light)
    paper = paper / gain - np.float32(PAPER.offset)
    farther = cv2.max if light else cv2.min
    most: Floats | None = None
    for channel in range(3):  # one after the other: all three take three times the memory
        under = cv2.resize(paper[:, :, channel], (width, height), interpolation=cv2.INTER_LINEAR)
        off = cv2.subtract(cv2.extractChannel(rgb, channel), under, dtype=cv2.CV_32F)
        most = off if most is None else farther(most, off)
    return cv2.multiply(most, cv2.resize(per_level, (width, height), interpolation=cv2.INTER_LINEAR)), light


def _departure(pixels: Floats, paper: Floats, light: bool) -> Floats:
    """Return how far pixels, float32 [H, W, 3], depart from the paper under each, as `contrast_to`."""
    off = pixels - paper if light else paper - pixels
    return np.maximum(np.maximum(off[..., 0], off[..., 1]), off[..., 2]) / _full_contrast(paper, light)


def _uneven_paper(pixels: Floats) -> tuple[Floats, bool]:
    """Return a paper whose light varies, float32 [H, W, 3], and whether the ink on it is light.

    A closing fills dark ink and an opening light ink, and so leaves smooth paper; the wrong one of the two spreads the
    ink instead. The paper is then what lies between the ink, filled in across it.
    """
    height, width = pixels.shape[:2]
    side = max(5, min(max(height, width) // PAPER.closing, 2 * min(height, width))) | 1
    kernel = np.ones((side, side), np.uint8)
    calm = cv2.GaussianBlur(pixels, (0, 0), PAPER.smooth)
    bytes_ = np.clip(np.rint(calm), 0, 255).astype(np.uint8)  # four times as quick as floats
    closed = cv2.morphologyEx(bytes_, cv2.MORPH_CLOSE, kernel).astype(np.float32)
    opened = cv2.morphologyEx(bytes_, cv2.MORPH_OPEN, kernel).astype(np.float32)
    light = bool(_unrest(closed, calm) > _unrest(opened, calm))
    rough = _departure(calm, opened if light else closed, light)
    rough -= np.median(rough)  # closing noise rides on its crests
    written = (rough > max(PAPER.written, PAPER.written_noise * noise_of(rough))).astype(np.uint8)
    written = cv2.dilate(written, np.ones((PAPER.written_edge, PAPER.written_edge), np.uint8)) > 0
    # Filling in across the edge of a shadow would raise the shadow: never beyond what the closing saw.
    filled = _fill_in(calm, ~written)
    return np.maximum(filled, opened) if light else np.minimum(filled, closed), light


def _unrest(paper: Floats, pixels: Floats) -> float:
    """Tell how much a paper varies and how far the pixels, float32 [H, W, 3], are off it.

    Where rules and letters stand close, closing light away leaves ink as even as paper, but most of the picture off it.
    """
    return float(cv2.meanStdDev(paper)[1].sum()) + float(np.sum(cv2.mean(cv2.absdiff(paper, pixels))))


def _trend(pixels: Floats) -> Floats:
    """Return the fall of the light over the picture, float32 [H, W].

    It is a plane, fitted with outliers (a desk, a shadow) set aside.
    """
    height, width = pixels.shape[:2]
    side = PAPER.fit_side
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA).mean(axis=2).ravel()
    line = np.linspace(-1, 1, side, dtype=np.float32)
    terms = np.stack([np.ones(side * side, np.float32), np.tile(line, side), np.repeat(line, side)], axis=1)
    fit = np.array([np.median(small), 0, 0], np.float32)
    for _ in range(PAPER.fit_rounds):
        off = np.abs(terms @ fit - small)
        weights = 1 / (1 + (off / max(PAPER.fit_outlier, float(np.median(off)))) ** 2)
        fit = np.linalg.lstsq(terms * weights[:, None], small * weights, rcond=None)[0]
    across, down = (np.linspace(-1, 1, n, dtype=np.float32) for n in (width, height))
    return np.maximum(fit[0] + fit[1] * across[None, :] + fit[2] * down[:, None], 0)


def _fill_in(pixels: Floats, known: Mask) -> Floats:
    """Return the pixels, float32 [H, W, 3], smoothed, with what is not known filled in from around it.

    They are pulled down a pyramid and pushed up again (Gortler et al. 1996).
    """
    weight = known.astype(np.float32)
    levels = [(pixels * weight[:, :, None], weight)]
    while min(levels[-1][1].shape) > 2:
        height, width = levels[-1][1].shape
        size = ((width + 1) // 2, (height + 1) // 2)
        values, weight = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in levels[-1])
        levels.append((values, weight))
    filled = levels[-1][0] / np.maximum(levels[-1][1], 1e-3)[:, :, None]
    for values, weight in reversed(levels[min(PAPER.finest, len(levels) - 1) : -1]):
        coarse = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.clip(weight * 2, 0, 1)[:, :, None]
        filled = share * values / np.maximum(weight, 1e-3)[:, :, None] + (1 - share) * coarse
    return cv2.resize(filled, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def noise_of(values: Floats) -> float:
    """Return the standard deviation of the bulk of the values, from the median absolute deviation."""
    sample = values.ravel()[:: sampling_step(values.size, EXTRACTION.sample, values.shape[-1])]
    return float(1.4826 * np.median(np.abs(sample - np.median(sample)))) if sample.size else 0.0
