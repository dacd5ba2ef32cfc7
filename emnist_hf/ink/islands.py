"""A few large strokes that stand alone, whatever lies around them: a desk, a window, a box, the edge of a shadow."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.shrinking import shrunk
from emnist_hf.ink.thresholds import ISLANDS
from emnist_hf.ink.types import Bytes, Floats, Mask
from emnist_hf.ink.widths import components, depth, ridge


def find_islands(shade: Bytes) -> tuple[Mask, bool] | None:
    """Find strokes that do not touch the border, and tell whether they are light; None where none are plain to see.

    shade: uint8 [H, W]. The mask, bool [h, w], is of the picture at `ISLANDS.side` pixels at most.

    The picture is split at the thresholds of two and of three classes (Otsu 1979). Of either side of each, what does
    not touch the border may be strokes; the split is taken whose strokes are as wide everywhere and stand out
    everywhere: in light and in shade a pen is darker than the paper beside it, by a share that is the same.
    """
    factor = min(1.0, ISLANDS.side / max(shade.shape))
    if factor < 1:
        shade = shrunk(shade, factor)
    found, page = [], 0.0
    for phase, light in _phases(shade):
        strokes, count = _inland(phase)
        if strokes is None:
            continue
        if count > ISLANDS.most:  # a page, or the noise of paper that was split in two
            page = max(page, _score(strokes, shade, light))
        elif _has_paper(strokes, ~phase):
            found.append((_score(strokes, shade, light), strokes, light))
    found = [one for one in found if one[0] > ISLANDS.least_score]
    # What a stroke encloses stands out of it as it does of the paper: an eye of an 8 is no ink.
    eyes = [any(a[2] != b[2] and _encloses(b[1], a[1]) for b in found) for a in found]
    kept = [one for one, is_eye in zip(found, eyes) if not is_eye]
    if not kept:
        return None
    score, strokes, light = max(kept, key=lambda one: one[0])
    if page > ISLANDS.page * score:
        return None
    return (_grown(strokes, shade, light), light) if _is_main(strokes, shade) else None


def _grown(strokes: Mask, shade: Bytes, light: bool) -> Mask:
    """Return strokes with what of them lies beyond a threshold, as in the glare of a flash; themselves without such.

    There they still stand out of the paper beside them, which is seen where what is as thin as they are is closed away.
    """
    half = float(depth(strokes).max())
    side = 2 * round(ISLANDS.beside * half + 2) + 1
    how = cv2.MORPH_OPEN if light else cv2.MORPH_CLOSE
    off = cv2.absdiff(cv2.morphologyEx(shade, how, np.ones((side, side), np.uint8)), shade)
    whole = strokes | (off > ISLANDS.goes_on * float(np.median(off[strokes])))
    labels, _ = components(whole)
    reached = np.unique(labels[strokes])
    grown = whole & np.isin(labels, reached)
    same_pen = float(depth(grown).max()) < ISLANDS.wider * half + 1
    more = np.count_nonzero(grown) > ISLANDS.more * np.count_nonzero(strokes)
    return grown if more and same_pen and border_share(grown) == 0 else strokes


def _is_main(strokes: Mask, shade: Bytes) -> bool:
    """Tell whether strokes have a fair share of the edges that are as sharp as theirs: of a page, a few have not."""
    square = np.ones((3, 3), np.uint8)
    slopes = cv2.morphologyEx(shade, cv2.MORPH_GRADIENT, square)
    near = cv2.dilate(strokes.view(np.uint8), square) > 0
    outline = near & (cv2.erode(strokes.view(np.uint8), square) == 0)
    sharp = slopes > 0.5 * np.median(slopes[outline])
    return bool(sharp[near].sum() > ISLANDS.edges * sharp.sum())


def _has_paper(strokes: Mask, rest: Mask) -> bool:
    """Tell whether what lies beside strokes is wider than they are: the eye of a letter has but strokes beside it."""
    half = float(depth(strokes).max())
    reach = 2 * round(ISLANDS.beside * half + 2) + 1
    beside = cv2.dilate(strokes.view(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    paper = cv2.distanceTransform(rest.view(np.uint8), cv2.DIST_L2, 5)
    return float(paper[beside].max()) > ISLANDS.wider * half


def _encloses(strokes: Mask, inner: Mask) -> bool:
    """Tell whether a mask lies within the outlines of another."""
    outlines = cv2.findContours(strokes.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    filled = cv2.drawContours(np.zeros(strokes.shape, np.uint8), outlines, -1, 1, cv2.FILLED)
    return bool(filled[inner].mean() > ISLANDS.enclosed)


def is_surroundings(ink: Mask) -> bool:
    """Tell whether what was taken for ink, bool [H, W], lies all around, or is a box: then the ink is inside it."""
    if border_share(ink) > ISLANDS.border:
        ink = ~ink
    outlines = cv2.findContours(ink.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    if not outlines:
        return False
    largest = max(outlines, key=cv2.contourArea)
    left, top, width, height = cv2.boundingRect(largest)
    filled = ink[top : top + height, left : left + width].mean() > ISLANDS.filled
    return bool(filled and _is_box(largest, ink.size))


def border_share(mask: Mask) -> float:
    """Return the share of the border that a mask, bool [H, W], holds."""
    inked = sum(np.count_nonzero(side) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return inked / (2 * sum(mask.shape))


def _is_box(outline: NDArray[np.int32], pixels: int) -> bool:
    """Tell whether an outline is a rectangle of some size in a picture of so many pixels."""
    area, sides = cv2.contourArea(outline), cv2.minAreaRect(outline)[1]
    if max(sides) > ISLANDS.stem * min(sides):  # an I of a broad pen
        return False
    return bool(area > ISLANDS.box * pixels and area > ISLANDS.rectangle * np.prod(sides))


def _phases(shade: Bytes) -> Iterator[tuple[Mask, bool]]:
    """Give either side of each threshold, bool [h, w], and whether it is the light one."""
    counts = cv2.calcHist([shade], [0], None, [64], [0, 256]).ravel()
    for threshold in thresholds(counts):
        level = 4 * (threshold + 1)
        yield shade < level, False
        yield shade >= level, True


def thresholds(counts: Floats) -> list[int]:
    """Return the thresholds of two classes and of three (Otsu 1979) of a histogram: the last bin of the lower class."""
    bins = np.arange(len(counts))
    below, mean = (np.concatenate([[0.0], np.cumsum(x)]) for x in (counts, counts * bins))

    def between(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Pixels of a class times its squared mean."""
        return (mean[stop] - mean[start]) ** 2 / np.maximum(below[stop] - below[start], 1e-9)

    end, cuts = np.array(len(counts)), np.arange(1, len(counts))
    two = between(np.array(0), cuts) + between(cuts, end)
    first, second = np.triu_indices(len(cuts), 1)
    three = two[first] - between(cuts[first], end) + between(cuts[first], cuts[second]) + between(cuts[second], end)
    best = int(three.argmax())
    return sorted({int(two.argmax()), int(first[best]), int(second[best])})


def _inland(phase: Mask) -> tuple[Mask | None, int]:
    """Return what of a phase does not touch the border, specks aside, and how many strokes of some size that is.

    None for the strokes where they are too small, or too much of the picture.
    """
    labels, stats = components(phase)
    left, top, width, height, area = stats.T
    touches = (left == 0) | (top == 0) | (left + width == phase.shape[1]) | (top + height == phase.shape[0])
    keep = ~touches & (area >= ISLANDS.speck)
    keep[0] = False
    for large in np.flatnonzero(keep & (width * height > ISLANDS.box * phase.size)):
        outlines = cv2.findContours((labels == large).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
        keep[large] = not _is_box(outlines[0], phase.size)
    if not keep.any():
        return None, 0
    keep &= area > ISLANDS.of_largest * area[keep].max()
    extents = np.maximum(width, height)[keep]
    count = int((extents > ISLANDS.least_extent * max(phase.shape)).sum())
    small, large = extents.max() < ISLANDS.extent * max(phase.shape), area[keep].sum() > ISLANDS.area * phase.size
    return None if small or large else keep[labels], count


def _score(strokes: Mask, shade: Bytes, light: bool) -> float:
    """Tell how much a mask looks like strokes: by how far they stand out where they do least, and by their width."""
    depths = depth(strokes)
    rows, columns = np.nonzero(strokes)
    longest = max(np.ptp(rows), np.ptp(columns)) + 1
    slender = longest / (2 * float(depths.max()))
    if slender < (ISLANDS.slender if longest > ISLANDS.tall * max(shade.shape) else ISLANDS.small_slender):
        return 0.0
    middle = depths[ridge(depths)]
    uneven = float(middle.std() / middle.mean())
    around = np.ones((ISLANDS.around, ISLANDS.around), np.uint8)
    beside = cv2.erode(shade, around) if light else cv2.dilate(shade, around)
    edge = strokes & (depths < 2)
    inside, outside = (np.log(part[edge] + np.float32(ISLANDS.dark)) for part in (shade, beside))
    stands_out = float(np.percentile(np.abs(outside - inside), ISLANDS.weakest))
    return stands_out / (ISLANDS.steadiness + uneven)
