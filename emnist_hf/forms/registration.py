"""A picture of a form brought onto its blank, however it was laid, turned, stretched or curled.

Features (SIFT, Lowe 2004; as roots, Arandjelovic and Zisserman 2012) that the two have in common give a homography
(MAGSAC++, Barath et al. 2020). What is left after that, since scanners stretch and pages curl, is measured patch by
patch of the print, and a smooth surface laid through it. Whether the picture is this form at all is told by the print:
it has to be there again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.block import Block
from emnist_hf.forms.blocks import find_blocks
from emnist_hf.forms.contrast import ink_mask
from emnist_hf.forms.template_fields import BlankPage
from emnist_hf.ink.shrinking import at_most, shrunk
from emnist_hf.ink.types import Bytes, Floats, Mask

SIDE, FEATURE_SIDE = 1200, 1000
"""Longest side, in pixels, at which pictures are compared, and at which features are looked for."""

FEATURES, RATIO = 2000, 0.8
"""Features of a picture at the most, and how much nearer the best match is than the next (Lowe's ratio)."""

LEAST_INLIERS = 10
"""Features in common from which a homography is worth a look."""

PATCH, LEAST_PRINT, MOST_PATCHES = 64, 60, 250
"""Side of a patch of print, in pixels, pixels of print that it has at least, and how many are compared at the most."""

LEAST_WORDS, FEWEST_WORDS, WORDS = 40, 12, 0.1
"""Pixels of print that is no rule from which a patch has words, such patches from which they count for themselves, and
how much more of them than of all has to be there."""

BLUR = 1.0
"""Standard deviation, in pixels, of the blur that makes print of another thickness alike."""

FOUND, SAME_FORM, SURE = 0.5, 0.7, 0.85
"""Likeness (correlation) from which a patch of print is there again; share of patches that are, of this form, and from
which no other way of laying it than by features is tried."""

Points = NDArray[np.float64]
"""Places, float64 [N, 2], x and y."""


class PrintedPage:
    """What is printed on a blank page, as pictures are compared with it."""

    def __init__(self, page: BlankPage) -> None:
        rgb = cv2.cvtColor(page.picture, cv2.COLOR_GRAY2RGB)
        small, _ = at_most(rgb, 1.0, SIDE)
        self.scale = small.shape[1] / page.size[0]
        self.grey: Bytes = np.asarray(small[:, :, 0])
        self.size = page.size

    @cached_property
    def features(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return _features(self.grey)

    @cached_property
    def print(self) -> Floats:
        return _print_of(self.grey)

    @cached_property
    def largest_block(self) -> Block | None:
        return max(
            find_blocks(cv2.cvtColor(self.grey, cv2.COLOR_GRAY2RGB))[0],
            key=lambda block: cv2.contourArea(block.quad),
            default=None,
        )

    @cached_property
    def patches(self) -> NDArray[np.int32]:
        """Middles of the patches that have print, x and y, int32 [N, 2]."""
        height, width = self.print.shape
        half = PATCH // 2
        xs, ys = np.arange(half, width - half + 1, PATCH // 2), np.arange(half, height - half + 1, PATCH // 2)
        total = cv2.integral((self.print > 0.5).astype(np.uint8))
        grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        left, top, right, bottom = grid[:, 0] - half, grid[:, 1] - half, grid[:, 0] + half, grid[:, 1] + half
        inked = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
        found = grid[inked >= LEAST_PRINT]
        return np.asarray(found[:: -(-len(found) // MOST_PATCHES) or 1], np.int32)

    @cached_property
    def has_words(self) -> Mask:
        """Which of the patches have print that is no rule, bool [N]: a rule is like any other."""
        ink = (self.print > 0.5).view(np.uint8)
        rules = (cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) for shape in ((1, 25), (25, 1)))
        words = ink & ~cv2.dilate(cv2.bitwise_or(*rules), np.ones((3, 3), np.uint8))
        half = PATCH // 2
        windows = (words[y - half : y + half, x - half : x + half] for x, y in self.patches.tolist())
        return np.array([np.count_nonzero(window) >= LEAST_WORDS for window in windows], bool)


@dataclass(frozen=True)
class Registration:
    """Where the places of a blank page are in a picture.

    homography: from pixels of the blank page to pixels of the picture. bend: coefficients, float64 [10, 2], of the
    polynomial of what the print lies off that, in the blank's pixels. likeness: share of the print that is there.
    """

    homography: Points
    bend: Points
    size: tuple[int, int]
    likeness: float

    def places(self, points: Points) -> Points:
        """Return where places of the blank page, float64 [N, 2], are in the picture."""
        moved = points + _terms(points / max(self.size)) @ self.bend
        return np.asarray(cv2.perspectiveTransform(moved[None], self.homography)[0])

    def enlarged(self, factor: float) -> Registration:
        """Return the same for the picture enlarged by a factor."""
        return replace(self, homography=np.diag([factor, factor, 1.0]) @ self.homography)

    def flattened(self, picture: Bytes, scale: float) -> Bytes:
        """Return a picture, uint8 [H, W, 3], as the blank page lies, with so many pixels per pixel of that."""
        width, height = (round(side * scale) for side in self.size)
        step = 16  # the surface is smooth: between its places it is a plane
        xs, ys = (np.arange(0, side + step, step, dtype=np.float64) for side in (width, height))
        grid = np.stack(np.meshgrid(xs, ys), axis=-1)
        places = self.places(((grid.reshape(-1, 2) + 0.5) / scale) - 0.5).reshape(*grid.shape[:2], 2).astype(np.float32)
        size = (len(xs) * step, len(ys) * step)
        # Values stand for the middles of pixels when OpenCV enlarges: shifted so that they stand for their first.
        shift = np.array([[step, 0, 0], [0, step, 0]], np.float32)
        x, y = (
            cv2.warpAffine(places[:, :, i], shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for i in (0, 1)
        )
        return np.asarray(
            cv2.remap(
                picture, x[:height, :width], y[:height, :width], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        )


def register(picture: Bytes, printed: PrintedPage) -> Registration | None:
    """Find a blank page in a picture, uint8 [H, W, 3]; None where it is not there.

    Raises nothing: a picture of something else has no print in common with the blank.
    """
    small, scale = at_most(picture, 1.0, SIDE)
    up, down = np.diag([1 / scale, 1 / scale, 1.0]), np.diag([printed.scale, printed.scale, 1.0])

    def laid(homography: Points) -> Registration:
        found = Registration(up @ homography @ down, np.zeros((10, 2)), printed.size, 0.0)
        return _bent(_bent(found, picture, printed, 20), picture, printed, 8)

    found: list[Registration] = []
    for homography in _by_features(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), printed, small.shape):
        found.append(laid(homography))
        if found[-1].likeness >= SURE:
            return found[-1]
    found += map(laid, _by_block(small, printed))
    best = max(found, key=lambda one: one.likeness, default=None)
    return best if best is not None and best.likeness >= SAME_FORM else None


def _by_block(small: Bytes, printed: PrintedPage) -> Iterator[Points]:
    """Yield homographies from the small blank to the small picture that lay the largest block on one like it.

    On a grid without words all features are alike; which of four turns is right shows in the rest of the print.
    """
    own = printed.largest_block
    if own is None:
        return
    for block in sorted(find_blocks(small)[0], key=lambda block: -cv2.contourArea(block.quad))[:3]:
        if block.shape in (own.shape, own.shape[::-1]):
            for turns in range(0 if block.shape == own.shape else 1, 4, 1 if own.shape[0] == own.shape[1] else 2):
                matrix = cv2.getPerspectiveTransform(own.quad, np.roll(block.quad, -turns, axis=0))
                if _is_view(matrix, printed, small.shape):
                    yield np.asarray(matrix, np.float64)


def _features(grey: Bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return places, float32 [N, 2], and descriptors, float32 [N, 128], of the features of a picture, uint8 [H, W]."""
    small = shrunk(grey, min(1.0, FEATURE_SIDE / max(grey.shape)))
    keypoints, found = cv2.SIFT_create(FEATURES, contrastThreshold=0.03).detectAndCompute(small, None)
    if found is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    found = np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6))
    scale = grey.shape[1] / small.shape[1]
    return np.array([point.pt for point in keypoints], np.float32) * np.float32(scale), found


def _by_features(grey: Bytes, printed: PrintedPage, shape: tuple[int, ...]) -> Iterator[Points]:
    """Yield likely homographies from the small blank to the small picture, float64 [3, 3].

    The second is affine: where all that was matched is near each other, perspective is a guess.
    """
    places, found = _features(grey)
    own, wanted = printed.features
    if len(found) < LEAST_INLIERS or len(wanted) < LEAST_INLIERS:
        return
    pairs = [
        (best.queryIdx, best.trainIdx)
        for best, *others in cv2.BFMatcher(cv2.NORM_L2).knnMatch(wanted, found, k=2)
        if others and best.distance < RATIO * others[0].distance
    ]
    if len(pairs) < LEAST_INLIERS:
        return
    a, b = own[[i for i, _ in pairs]], places[[j for _, j in pairs]]
    matrix, inliers = cv2.findHomography(a, b, cv2.USAC_MAGSAC, 4.0, maxIters=5000, confidence=0.999)
    if matrix is None or inliers.sum() < LEAST_INLIERS:
        return
    if _is_view(matrix, printed, shape):
        yield np.asarray(matrix, np.float64)
    affine, _ = cv2.estimateAffine2D(a, b, method=cv2.USAC_MAGSAC, ransacReprojThreshold=8.0)
    if affine is not None:
        matrix = np.vstack([affine, [0, 0, 1]])
        if _is_view(matrix, printed, shape):
            yield np.asarray(matrix, np.float64)


def _is_view(matrix: Points, printed: PrintedPage, shape: tuple[int, ...]) -> bool:
    """Whether a homography shows the blank as a camera may: not mirrored, not folded, neither tiny nor far outside."""
    height, width = printed.grey.shape
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    seen = cv2.perspectiveTransform(corners, matrix)[0]
    ways = np.roll(seen, -1, axis=0) - seen
    turns = ways[:, 0] * np.roll(ways[:, 1], -1) - ways[:, 1] * np.roll(ways[:, 0], -1)
    sides = np.linalg.norm(ways, axis=1)
    if (turns <= 0).any() or sides.min() < 0.1 * max(shape) or sides.max() > 3 * max(shape):
        return False
    ratio = (sides[0] + sides[2]) / (sides[1] + sides[3]) / (width / height)
    return bool(0.5 < ratio < 2)


def _print_of(grey: Bytes) -> Floats:
    """Return how much each pixel stands out of the paper, float32 [H, W], a little blurred, 0 to 1."""
    mask = ink_mask(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), BLUR))


def _bent(found: Registration, picture: Bytes, printed: PrintedPage, reach: int) -> Registration:
    """Return a registration with the surface laid through what each patch of the print lies off, and its likeness."""
    seen = _print_of(cv2.cvtColor(found.flattened(picture, printed.scale), cv2.COLOR_RGB2GRAY))
    middles = printed.patches
    off, weight, alike = (np.zeros((len(middles), k)) for k in (2, 2, 1))
    half = PATCH // 2
    framed = cv2.copyMakeBorder(seen, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    for i, (x, y) in enumerate(middles.tolist()):
        patch = printed.print[y - half : y + half, x - half : x + half]
        around = framed[y - half : y + half + 2 * reach, x - half : x + half + 2 * reach]
        off[i], weight[i], alike[i] = _match(around, patch, reach)
    weight[alike[:, 0] < FOUND] = 0
    places = (middles + 0.5) / printed.scale - 0.5
    bend = _surface(places / max(found.size), off / printed.scale, weight)
    there = alike[:, 0] >= FOUND
    likeness = float(there.mean()) if len(there) else 0.0
    if printed.has_words.sum() >= FEWEST_WORDS:
        likeness = min(likeness, float(there[printed.has_words].mean()) - WORDS)
    # Off is where the print lies in the flattened picture: the surfaces of both steps add, as they are small.
    return Registration(found.homography, found.bend + bend, found.size, likeness)


def _match(around: Floats, patch: Floats, reach: int) -> tuple[Points, Points, float]:
    """Return by how much a patch lies off its place, how surely so along x and y, and how like it is there."""
    if not around.any():
        return np.zeros(2), np.zeros(2), 0.0
    likeness = cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    # Along a rule every place is as good: there it says nothing.
    beside = [
        max(likeness[y, max(x - 3, 0)], likeness[y, min(x + 3, 2 * reach)]),
        max(likeness[max(y - 3, 0), x], likeness[min(y + 3, 2 * reach), x]),
    ]
    return np.array([x - reach, y - reach], float), np.clip(best - np.array(beside), 0, 1), float(best)


def _terms(points: Points) -> Points:
    """Return the terms of a polynomial of the third degree at places, float64 [N, 10]."""
    x, y = points[:, 0], points[:, 1]
    return np.stack([x**0, x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], axis=1)


def _surface(places: Points, off: Points, weight: Points) -> Points:
    """Lay a surface through what was measured, float64 [10, 2], robust against what lies far off it (Huber 1964)."""
    bend = np.zeros((10, 2))
    terms = _terms(places)
    stiff = np.diag([1e-3, 0.05, 0.05, *[0.3] * 3, *[1.0] * 4])
    for axis in (0, 1):
        w = weight[:, axis].copy()
        if (w > 0).sum() < 3:
            continue
        for _ in range(6):
            scaled = terms * w[:, None]
            bend[:, axis] = np.linalg.solve(scaled.T @ terms + stiff, scaled.T @ off[:, axis])
            left = np.abs(off[:, axis] - terms @ bend[:, axis])
            w = weight[:, axis] * np.minimum(1, 2.0 / np.maximum(left, 1e-6))
    return bend
