"""Bring one character's ink to a glyph in the form of EMNIST, as Cohen et al. 2017 made it.

`web/glyph.js` does the same, step by step: a change is made in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.picture import NoInkError
from emnist_hf.ink.types import Bytes, Floats, Mask
from emnist_hf.ink.widths import depth, ridge

SIDE = 28
"""Pixels of a side of a glyph."""


@dataclass(frozen=True)
class Look:
    """How the glyphs of a data set look, in glyph pixels; measured by `benchmarks/ink_constants.py`.

    long_side: the longer of height and width at half level; blur takes the rest of EMNIST's 24 to 26.
    widths: the range that stroke widths are brought to.
    softness: standard deviation of the blur of the edges.
    """

    long_side: float
    widths: tuple[float, float]
    softness: float


EMNIST = Look(long_side=22.7, widths=(2.7, 3.1), softness=0.4)
"""The look of EMNIST, measured on rows that are in no official test (softness comes out as 0.39).

Its strokes are 2.8 wide (quartiles 2.4 and 3.3); within them no range of widths read better than another.
"""

_FINE = 4  # working pixels per pixel of the glyph
_GAP = 4 * _FINE  # rows
_TILES = 32  # glyphs that are made at once: as much as stays in a processor's cache
_AROUND = np.ones((3, 3), np.uint8)
_HALF = 0.45  # coverage at half level
_KEEP = 0.8  # half width below which neither a stroke is thinned nor a gap closed, in glyph pixels


def to_glyph(coverage: Floats, look: Look = EMNIST) -> Bytes:
    """Return the ink of one character as an EMNIST glyph: uint8 [28, 28], upright, white on black.

    coverage: float32 [H, W], 0 (paper) to 1 (ink).

    Follows Cohen et al. 2017, section II: blur the binary character, crop it, pad it to a square keeping its aspect,
    centre it with a 2 pixel border, downsample, and stretch to 0..255. NIST's writers all had the same pen; visitors
    have not. So strokes outside the middle of EMNIST's widths are first brought to that range: their outline is shifted
    along the distance transform, no further than keeps counters open and thin strokes whole.

    Raises NoInkError if no pixel reaches 0.25.
    """
    glyph: Bytes = to_glyphs([coverage], look)[0]
    if not glyph.any():
        raise NoInkError
    return glyph


def to_glyphs(coverages: Sequence[Floats], look: Look = EMNIST) -> Bytes:
    """Do as `to_glyph`, many at once, so that threads can share the work: uint8 [N, 28, 28].

    They are all 0 for those that `to_glyph` refuses.
    """
    glyphs = np.zeros((len(coverages), SIDE, SIDE), np.uint8)
    inked = [i for i, coverage in enumerate(coverages) if coverage.size and float(coverage.max()) >= 0.25]
    drawn = [i for i in inked if not _is_glyph(coverages[i])]
    for i in set(inked).difference(drawn):
        glyphs[i] = np.rint(coverages[i] * (255 / float(coverages[i].max())))
    for start in range(0, len(drawn), _TILES):
        some = drawn[start : start + _TILES]
        glyphs[some] = _in_form([coverages[i] for i in some], look)
    return glyphs


def _in_form(coverages: list[Floats], look: Look) -> Bytes:
    """Bring to EMNIST's form what is not in it yet: [N, 28, 28]."""
    long_side = look.long_side * _FINE
    crops = [_moderate(_cropped(coverage), 4 * long_side) for coverage in coverages]
    extents = [_extent(crop) for crop in crops]
    levels = np.stack([_place(crop, long_side / extent, long_side) for crop, extent in zip(crops, extents)])
    widths = _widths(levels > 0)
    thinnest, widest = (width * _FINE for width in look.widths)
    targets = np.clip(widths, thinnest, widest)
    # A blob is as wide as it is long: there is no stroke to bring to a width.
    changed = (targets != widths) & (widths < 0.6 * long_side)
    # The middle lines span what the target width leaves.
    scales = np.where(changed, (long_side - targets) / (long_side - np.minimum(widths, 0.6 * long_side)), 1.0)
    for i in np.flatnonzero(changed):
        scale = float(scales[i])
        levels[i] = _place(crops[i], scale * long_side / extents[i], scale * long_side)
    fine = _shift_outlines(_signed_distances(levels), np.where(changed, (targets - widths * scales) / 2, 0.0))
    return _downsample(np.clip(fine + np.float32(0.5), 0, 1), look.softness * _FINE)


def _is_glyph(coverage: Floats) -> bool:
    """Tell whether this is already in EMNIST's form: 28x28, empty edges, centred, as long as EMNIST's are."""
    if coverage.shape != (SIDE, SIDE):
        return False
    top, bottom, left, right = _bounds(coverage > 0.5 * float(coverage.max()))
    centred = abs(top + bottom - SIDE) <= 2 and abs(left + right - SIDE) <= 2
    return centred and 18 <= max(bottom - top, right - left) <= 25


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of a mask that is not empty, the ends exclusive."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return top, top + height, left, left + width


def _cropped(coverage: Floats) -> Floats:
    """Return the ink with one empty pixel around it, stretched so that its strongest pixel is 1."""
    peak = float(coverage.max())
    top, bottom, left, right = _bounds(coverage > 0.2 * peak)
    crop = coverage[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] / np.float32(peak)
    around = (int(top < 1), int(bottom >= coverage.shape[0]), int(left < 1), int(right >= coverage.shape[1]))
    return cv2.copyMakeBorder(crop, *around, cv2.BORDER_CONSTANT, value=0)


def _moderate(crop: Floats, longest: float) -> Floats:
    """Shrink to at most `longest` pixels a side; hairlines that shrinking would wash out are thickened first."""
    factor = max(crop.shape) / longest
    if factor <= 1:
        return crop
    if factor > 1.5:
        crop = _thicken(crop, round(factor))
    elif depth(crop > _HALF).max() < 2:
        crop = _thicken(crop, 2)
    size = (max(1, round(crop.shape[1] / factor)), max(1, round(crop.shape[0] / factor)))
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA)


def _thicken(crop: Floats, by: int) -> Floats:
    """Give each pixel the greatest value of the square of `by` pixels around it."""
    return cv2.dilate(crop, np.ones((by, by), np.uint8)) if by > 1 else crop


def _extent(crop: Floats) -> float:
    """Return the longest side of the ink at half level, in pixels."""
    top, bottom, left, right = box_of(crop - np.float32(_HALF))
    return max(bottom - top, right - left)


def box_of(level: Floats) -> tuple[float, float, float, float]:
    """Return top, bottom, left and right of where `level` is positive, to a fraction of a pixel."""
    top, bottom = _ends(level.max(axis=1))
    left, right = _ends(level.max(axis=0))
    return top, bottom, left, right


def _ends(profile: Floats) -> tuple[float, float]:
    """Return where a profile first and last crosses zero, in pixels from the outer edge of its first pixel."""
    inside = np.flatnonzero(profile > 0)
    first, last = int(inside[0]), int(inside[-1])
    before = float(profile[first - 1]) if first else -float(profile[first])
    after = float(profile[last + 1]) if last + 1 < len(profile) else -float(profile[last])
    start = first + 0.5 - float(profile[first]) / (float(profile[first]) - before)
    end = last + 0.5 + float(profile[last]) / (float(profile[last]) - after)
    return start, end


def _place(crop: Floats, scale: float, long_side: float) -> Floats:
    """Bring half level to 0, at the working resolution, the ink's box in the middle: float32 [112, 112].

    The crop is scaled by `scale`, then to `long_side` where the rounding to whole pixels missed it. Nothing is placed
    where no ink is left.
    """
    if scale < 0.5:  # a line thinner than a working pixel would fall below the threshold: keep its crest
        crop = _thicken(crop, round(0.5 / scale))
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    sized = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    # Where ink is fainter than elsewhere its outline lies at half its own level, not at half the strongest.
    crest = cv2.dilate(sized, np.ones((9, 9), np.uint8))
    level = sized - np.clip(0.5 * crest, 0.25, 0.5)
    whole = SIDE * _FINE
    if not (level > 0).any():
        return np.full((whole, whole), -0.5, np.float32)
    top, bottom, left, right = box_of(level)
    zoom = float(np.clip(long_side / max(bottom - top, right - left), 0.95, 1.05))
    # cv2 counts from the middle of the first pixel, `box_of` from its edge.
    shift_x = whole / 2 - zoom * (left + right) / 2 + (zoom - 1) / 2
    shift_y = whole / 2 - zoom * (top + bottom) / 2 + (zoom - 1) / 2
    matrix = np.array([[zoom, 0, shift_x], [0, zoom, shift_y]])
    return cv2.warpAffine(level, matrix, (whole, whole), flags=cv2.INTER_LINEAR, borderValue=-0.5)


# --- many at once ---
#
# Tiles, [N, 112, 112], are worked on as one strip, N of them above one another, `_GAP` rows of paper apart: OpenCV's
# calls are worth their overhead on pictures of that size, and threads that make glyphs side by side seldom wait for the
# interpreter. The gap is wider than outlines are shifted or blurred.


def _strip(tiles: NDArray[Any]) -> NDArray[Any]:
    """Make one picture of all tiles: [N, h, w] to [N * (h + gap), w]."""
    count, height, width = tiles.shape
    strip = np.zeros((count, height + _GAP, width), tiles.dtype)
    strip[:, :height] = tiles
    return strip.reshape(-1, width)


def _tiles(strip: NDArray[Any], height: int) -> NDArray[Any]:
    """Return the tiles, [N, h, w], of a strip."""
    return strip.reshape(-1, height + _GAP, strip.shape[-1])[:, :height]


def _widths(masks: Mask) -> NDArray[np.float64]:
    """Return the median width of the strokes of each tile as `widths.width_along` does: [N, h, w] to float64 [N]."""
    depths = depth(_strip(masks))
    rows, columns = np.nonzero(ridge(depths))
    tiles, middles = rows // (masks.shape[1] + _GAP), depths[rows, columns]
    order = np.lexsort((middles, tiles))
    middles = middles[order]
    counts = np.bincount(tiles, minlength=len(masks))
    starts = np.cumsum(counts) - counts
    found: NDArray[np.float64] = np.zeros(len(masks))
    some = counts > 0
    low, high = (middles[starts[some] + place] for place in ((counts[some] - 1) // 2, counts[some] // 2))
    found[some] = (low + high).astype(np.float64) - 0.5
    return found


def _signed_distances(levels: Floats) -> Floats:
    """Return the distance to the zero level of each tile, positive above it, less half a pixel either way."""
    mask = _strip(levels > 0)
    outside = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5)
    return _tiles(np.where(mask, depth(mask) - np.float32(0.5), np.float32(0.5) - outside), levels.shape[1])


def _shift_outlines(distances: Floats, by: NDArray[np.float64]) -> Floats:
    """Thicken (or thin, when negative) each tile, [N, h, w], by moving its outline by so many pixels, float64 [N].

    It moves less where a gap closes or a stroke breaks.
    """
    order = np.argsort(-np.abs(by))  # those that take most steps first
    distances, by = distances[order], by[order]
    height = distances.shape[1]
    signs, limits = (x.astype(np.float32)[:, None, None] for x in (np.sign(by), np.abs(by)))
    room = _strip(np.maximum(distances * -signs, 0))
    inside = (room > 0).astype(np.float32)
    steps = np.rint(np.abs(by)).astype(int) + 2
    for step in range(int(steps.max())):  # what half width the gap (or stroke) that a pixel lies in has
        rows = (height + _GAP) * int(np.count_nonzero(steps > step))
        room[:rows] = cv2.multiply(cv2.dilate(room[:rows], _AROUND), inside[:rows])
    room = _tiles(cv2.dilate(room, _AROUND), height)
    shifted = np.empty_like(distances)
    shifted[order] = distances + signs * np.clip(room - np.float32(_KEEP * _FINE), 0, limits)
    return shifted


def _downsample(fine: Floats, blur: float) -> Bytes:
    """Blur tiles, [N, 112, 112], by a standard deviation of `blur` pixels, reduce to 28x28 and stretch to 255."""
    height, width = fine.shape[1] + _GAP, fine.shape[2]
    blurred = cv2.GaussianBlur(_strip(fine), (0, 0), blur)
    size = (width // _FINE, len(fine) * height // _FINE)
    small = cv2.resize(blurred, size, interpolation=cv2.INTER_AREA).reshape(len(fine), -1, SIDE)[:, :SIDE]
    peaks = np.maximum(small.max(axis=(1, 2), keepdims=True), np.float32(1e-6))
    return np.rint(small * (255 / peaks)).astype(np.uint8)
