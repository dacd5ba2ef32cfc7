"""A filled page that lies on its blank: what was written into a field, without what is printed there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.cells import Quad, sides
from emnist_hf.forms.registration import Registration
from emnist_hf.forms.template_fields import TemplateField
from emnist_hf.forms.walls import INK, Part, Written
from emnist_hf.ink.extract import ink_of
from emnist_hf.ink.geometry import Matrix
from emnist_hf.ink.types import Bytes, Floats, Mask
from emnist_hf.reading.results import Box

REACH = 10
"""Pixels within which a field's own box is looked for."""

FOUND = 0.4
"""Likeness (correlation) to the blank from which the box of a field is found again."""

WIDE = 4.0
"""Width of a field, in its heights, from which its halves are looked for one by one."""

AROUND = 0.4
"""What is looked at around a field, of the height of its cells."""

EMPTY = 0.22
"""Size of what is written in a cell, of the cell's height, below which it is empty."""

DARKER = 0.15
"""How much darker than print a pen on it is, of black."""

OUTSIDE = 0.2
"""How far a field may lie outside of the picture, of its height."""

SPREAD = 2
"""Pixels by which print may be broader than on the blank."""


@dataclass(frozen=True)
class Sheet:
    """A page that lies flat: its picture, grey uint8 [H, W], and what is inked, float32 [H, W]."""

    grey: Bytes
    coverage: Floats

    @classmethod
    def of(cls, rgb: Bytes) -> Sheet:
        """Find the ink of a page, uint8 [H, W, 3]. Raises `NoInkError`."""
        return cls(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), ink_of(rgb).coverage)


@dataclass(frozen=True)
class FieldInk:
    """What was written into a field.

    written: of a window around the field. corner: left and top of that window on the blank. matrix: from places in it
    to those of the filled page, float64 [2, 3]. found: whether the field's box was found again.
    """

    written: Written
    corner: tuple[int, int]
    matrix: Matrix
    found: bool

    def parts(self, cell: int) -> list[Part]:
        """Return the strokes of a cell that are no specks; none where all of them are too small for a character."""
        parts = self.written.parts[cell]
        if not parts:
            return []
        largest = max(part.area for part in parts)
        parts = [part for part in parts if part.area >= 0.02 * largest]
        size = max(max(part.height, part.width) for part in parts)
        return parts if size >= EMPTY * sides(self.written.quads[cell])[1] else []


class FlatPage:
    """A filled page, and its blank, in the same pixels.

    coverage, print: float32 [H, W], what is inked on the filled page, and on the blank. scale: pixels per pixel of the
    blank. registration: from there to the picture.
    """

    def __init__(
        self, filled: Sheet, blank: Sheet, scale: float, registration: Registration, size: tuple[int, int]
    ) -> None:
        """Take a page that lies flat, and its blank. size: width and height of the picture."""
        self._size = size
        coverage, self._filled = filled.coverage, filled
        self._blank = blank
        self.coverage, self.print, self.scale, self.registration = coverage, blank.coverage, scale, registration
        self._framed = cv2.copyMakeBorder(coverage, *(REACH,) * 4, cv2.BORDER_CONSTANT, value=0)
        self._grey = cv2.copyMakeBorder(filled.grey, *(REACH,) * 4, cv2.BORDER_CONSTANT, value=255)
        self._rules = _rules_of(blank.coverage > INK)
        near = _grown(self._rules[0], 5), _grown(self._rules[1], 5)
        seen = _rules_of((coverage > INK) & (near[0] | near[1]))
        self._wall = max(_thickness(self._rules), _thickness(seen))  # copies make rules thicker

    def shows(self, field: TemplateField) -> bool:
        """Tell whether a field lies in the picture."""
        left, top, right, bottom = field.box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
        edge = OUTSIDE * (bottom - top)
        places = self.registration.places(
            corners + np.array([[edge, edge], [-edge, edge], [-edge, -edge], [edge, -edge]])
        )
        return bool((places >= 0).all() and (places < self._size).all())

    def ink_of(self, field: TemplateField) -> FieldInk:
        """Find what was written into a field."""
        cells = np.array(field.cells or (field.box,), np.float64) * self.scale
        height = float(np.median(cells[:, 3] - cells[:, 1]))
        margin = round(min(AROUND * height, 60)) + REACH
        low = np.maximum(np.floor(cells[:, :2].min(axis=0)).astype(int) - margin, 0)
        high = np.minimum(np.ceil(cells[:, 2:].max(axis=0)).astype(int) + margin, self.print.shape[::-1])
        window = slice(low[1], high[1]), slice(low[0], high[0])
        printed = self.print[window]
        seen, matrix, found = self._aligned(printed, low)
        rules = tuple(rule[window] for rule in self._rules)
        walls = _grown(rules[0] | rules[1], SPREAD)
        other = _grown(printed > INK, SPREAD) & ~walls
        if other.any():
            grey = self._taken(self._grey, matrix, printed.shape)
            other &= ~_is_darker(grey, self._blank.grey[window], walls)
        quads = [_quad(cell, low) for cell in cells]
        written = Written(_without(seen, other), (rules[0], rules[1]), quads, self._wall)
        return FieldInk(written, (int(low[0]), int(low[1])), matrix, found)

    def _aligned(self, printed: Floats, corner: NDArray[np.int64]) -> tuple[Floats, Matrix, bool]:
        """Return the coverage as the print of a window of the blank lies there, the matrix to it, and if it was found.

        What is wide may be stretched: its two halves are looked for one by one.
        """
        height, width = printed.shape
        parts = [(0, width // 2), (width // 2, width)] if width > WIDE * height else [(0, width)]
        shifts, likeness = zip(*(self._shift(printed[:, a:b], corner + np.array([a, 0])) for a, b in parts))
        first, last = (np.array(shift, float) for shift in (shifts[0], shifts[-1]))
        along = (last - first) / (width / 2)
        start = corner + first - along * width / 4
        matrix = np.array([[1 + along[0], 0, start[0]], [along[1], 1, start[1]]])
        return self._taken(self._framed, matrix, printed.shape), matrix, min(likeness) >= FOUND

    def _taken(self, framed: Any, matrix: Matrix, shape: tuple[int, ...]) -> Any:
        """Return a window of a framed page, of a height and width, by the matrix to it."""
        shifted = matrix + np.array([[0, 0, REACH], [0, 0, REACH]])
        return cv2.warpAffine(framed, shifted, shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)

    def _shift(self, printed: Floats, corner: NDArray[np.int64]) -> tuple[tuple[int, int], float]:
        """Return by how much print lies off its place on the filled page, and how like it is there."""
        height, width = printed.shape
        x, y = corner.tolist()
        around = self._framed[y : y + height + 2 * REACH, x : x + width + 2 * REACH]
        if not printed.any() or not around.any():
            return (0, 0), 0.0 if printed.any() else 1.0
        soft = [cv2.GaussianBlur(part, (0, 0), 1.5) for part in (around, printed)]
        likeness = cv2.matchTemplate(*soft, cv2.TM_CCORR_NORMED)
        # The nearer of two places that are nearly as good, as along a rule.
        ys, xs = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
        best = likeness - 0.002 * np.hypot(xs, ys)
        y, x = (int(v) for v in np.unravel_index(int(best.argmax()), best.shape))
        return (x - REACH, y - REACH), float(likeness[y, x])

    def places(self, box: Box, ink: FieldInk) -> NDArray[np.float64]:
        """Return where the corners of a box in the window of a field are in the picture, float64 [4, 2]."""
        left, top, right, bottom = box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
        return self.registration.places((corners @ ink.matrix[:, :2].T + ink.matrix[:, 2]) / self.scale)

    def window_of(self, field: TemplateField, ink: FieldInk) -> Box:
        """Return the box of a field in its window."""
        (left, top, right, bottom), (x, y) = (round(v * self.scale) for v in field.box), ink.corner
        return left - x, top - y, right - x, bottom - y


def around(places: NDArray[np.float64]) -> Box:
    """Return the box around places, float64 [N, 2], as far as it lies in a picture."""
    low, high = np.maximum(np.floor(places.min(axis=0)), 0), np.maximum(np.ceil(places.max(axis=0)), 1)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _quad(cell: NDArray[np.float64], corner: NDArray[np.int64]) -> Quad:
    left, top, right, bottom = (cell - np.tile(corner, 2)).tolist()
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _rules_of(printed: Mask) -> tuple[Mask, Mask]:
    """Return the rules across and down of what is printed, bool [H, W] each."""
    ink = printed.view(np.uint8)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))  # dotted ones
    found = [cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) > 0 for shape in ((1, 31), (31, 1))]
    return found[0], found[1]


def _thickness(rules: tuple[Mask, Mask]) -> float:
    """Return how thick rules are, in pixels."""
    area = outline = 0
    for rule in (rules[0], rules[1].T):
        area += int(np.count_nonzero(rule))
        outline += int(np.count_nonzero(rule[1:] & ~rule[:-1]))
    return float(np.clip(area / outline, 1, 12)) if outline else 2.0


def _grown(mask: Mask, by: int) -> Mask:
    return cv2.dilate(mask.view(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8)) > 0


def _is_darker(grey: Bytes, blank: Bytes, walls: Mask) -> Mask:
    """Tell where a window, uint8 [H, W], is darker than its print: a pen wrote over it. walls: printed rules in it."""
    dark, printed = (1 - part / max(1.0, float(np.percentile(part, 90))) for part in (grey, blank))
    printed = cv2.dilate(printed.astype(np.float32), np.ones((5, 5), np.uint8))
    both = walls & (printed > 0.2)
    usual = float(np.median(dark[both])) / float(np.median(printed[both])) if both.any() else 1.0
    return np.asarray(dark > np.clip(usual, 0.3, 1.5) * printed + DARKER)


def _without(coverage: Floats, printed: Mask) -> Floats:
    """Take print that is no rule out of the coverage; strokes that go on on either side of it are closed again."""
    if not printed.any():
        return coverage
    ink = coverage > INK
    kept = (ink & ~printed).view(np.uint8)
    healed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)) > 0
    return np.where(printed & ~(healed & ink), np.float32(0), coverage)
