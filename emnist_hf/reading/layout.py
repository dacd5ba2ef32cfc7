"""A page's ink to lines of fragments: what surely belongs together is one fragment, what touches may be several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.geometry import Matrix, after, level, straight, turned
from emnist_hf.ink.types import Floats
from emnist_hf.reading.components import INK, Components, belongs_to, find_components, picture_of
from emnist_hf.reading.lines import LETTER, find_lines
from emnist_hf.reading.preprocess import find_skew, without_rulings
from emnist_hf.reading.types import Boxes, Flags

STEM = 0.45
"""Width of a stem, in its own heights, at the most."""

DOT = 0.3
"""Size of a dot, in heights of a character, at the most."""

ASIDE = 0.24
"""How far a dot may stand to the side of a stem, middle from middle, in heights of a character."""

LETTERS = 60
"""Components that tell of all the others."""


@dataclass(frozen=True)
class Fragment:
    """Ink of one character or of a part of one: some components, or of a single component the columns of `span`."""

    members: tuple[int, ...]
    box: tuple[int, int, int, int]
    span: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]


@dataclass(frozen=True)
class LevelPage:
    """A page that lies level: its components, and which of them may be writing, bool [N].

    matrix: float64 [2, 3], from places (x, y, 1) of the page as it was to places of the level page.
    """

    components: Components
    writing: Flags
    matrix: Matrix


@dataclass(frozen=True)
class Layout:
    """A page that lies level and stands upright: its components, its lines of fragments in reading order.

    matrix: as `LevelPage` has it.
    """

    components: Components
    lines: list[list[Fragment]]
    matrix: Matrix

    @cached_property
    def is_square(self) -> bool:
        """Whether the page lies as it was, or after quarter turns: boxes stay boxes."""
        return bool(np.isin(self.matrix[:, :2], (-1, 0, 1)).all())

    @cached_property
    def back(self) -> NDArray[np.floating[Any]]:
        """float64 [2, 2]: places [n, 2], less the matrix' shift, times this are places of the page as it was."""
        return np.linalg.inv(self.matrix[:, :2]).T


def find_level_page(coverage: Floats, turns: int = 0) -> LevelPage:
    """Lay a page's coverage, float32 [H, W], level, take its rulings out and find its components.

    turns: quarter turns, counterclockwise, that the page is given before.
    """
    coverage, quarter = turned(coverage, turns)
    coverage, matrix = level(coverage, find_skew(coverage > INK))
    return LevelPage(*find_components(without_rulings(coverage, INK)), after(quarter, matrix))


def letters_of(page: LevelPage) -> list[Floats]:
    """Return the ink of components from all over a page that are as high as letters, float32 [h, w] each."""
    components, unit = page.components, page.components.unit
    fit = (components.heights >= 0.6 * unit) & (components.heights <= 2.5 * unit) & (components.widths <= 4 * unit)
    found = np.flatnonzero(page.writing & fit)
    return [picture_of(components, [component]) for component in found[:: max(1, len(found) // LETTERS)]]


def upright_page(page: LevelPage, lean: float) -> LevelPage:
    """Shear the page so that writing that leans by so many degrees stands upright."""
    written = np.concatenate([[False], page.writing])[page.components.labels]  # nothing else comes away from the edge
    coverage, shear = straight(np.where(written, page.components.coverage, np.float32(0)), lean)
    return LevelPage(*find_components(coverage), after(page.matrix, shear))


def find_layout(page: LevelPage) -> Layout:
    """Find the lines of a page, and the fragments that each consists of."""
    components = page.components
    lines = [_fragments(components.boxes, line, components.unit) for line in find_lines(components, page.writing)]
    return Layout(components, lines, page.matrix)


def picture_of_fragments(components: Components, fragments: Sequence[Fragment]) -> Floats:
    """Return the ink of neighbouring fragments together, cropped, float32 [h, w]."""
    members = list(dict.fromkeys(member for fragment in fragments for member in fragment.members))
    if all(fragment.span is None for fragment in fragments):
        return picture_of(components, members)
    left = min(fragment.box[0] for fragment in fragments)
    right = max(fragment.box[2] for fragment in fragments)
    return picture_of(components, members, (left, right))


def ink_gap(components: Components, a: Fragment, b: Fragment) -> float:
    """How far apart the ink of two neighbours is along the line, in pixels; boxes may overlap where hands lean."""
    apart = float(b.box[0] - a.box[2])
    top, bottom = max(a.box[1], b.box[1]), min(a.box[3], b.box[3])
    if apart > 0.5 * components.unit or bottom - top < 2 or a.span or b.span:
        return apart
    left, right = min(a.box[0], b.box[0]), max(a.box[2], b.box[2])
    part = components.labels[top:bottom, left:right]
    ends, begins = (belongs_to(part, fragment.members) for fragment in (a, b))
    columns = np.arange(right - left, dtype=np.float32)
    last = np.where(ends, columns, -np.inf).max(axis=1)
    first = np.where(begins, columns, np.inf).min(axis=1)
    reach = np.ones((max(3, round(components.pen)) | 1, 1), np.uint8)
    first = cv2.erode(first.astype(np.float32)[:, None], reach)[:, 0]  # strokes may meet at an angle
    gap = float((first - last).min()) - 3  # soft edges belong to the components, a pixel on either side
    return gap if np.isfinite(gap) else apart


# --- what belongs together ---


def _fragments(boxes: Boxes, line: list[int], unit: float) -> list[Fragment]:
    """Group the components of a line, each with the dots and bars that belong to it, from left to right."""
    is_letter = boxes[:, 3] - boxes[:, 1] >= LETTER * unit
    groups: list[list[int]] = []
    for component in (component for component in line if is_letter[component]):
        if groups and _stacked(_whole(boxes[groups[-1]]), boxes[component]):
            groups[-1].append(component)
        else:
            groups.append([component])
    alone = []
    wholes = np.array([_whole(boxes[group]) for group in groups], np.int32).reshape(-1, 4)
    for component in (component for component in line if not is_letter[component]):
        owner = _owner(wholes, boxes[component], unit)
        if owner is None:
            alone.append([component])
        else:
            groups[owner].append(component)
            wholes[owner] = _whole(boxes[groups[owner]])
    fragments = [fragment_of(boxes, group) for group in groups + _joined_dots(boxes, alone)]
    return sorted(fragments, key=lambda fragment: fragment.box[0] + fragment.box[2])


def _whole(boxes: Boxes) -> Boxes:
    """The box around boxes, int32 [n, 4] to [4]."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def fragment_of(boxes: Boxes, members: list[int]) -> Fragment:
    """Make the fragment of some components, whose boxes are among `boxes`, int32 [N, 4]."""
    left, top, right, bottom = _whole(boxes[members]).tolist()
    return Fragment(tuple(members), (left, top, right, bottom))


def _overlap(a: Boxes, b: Boxes, axis: int) -> float:
    """How much of the shorter of two boxes' extents along an axis lies within the other's; below 0 for a gap."""
    shared = min(a[axis + 2], b[axis + 2]) - max(a[axis], b[axis])
    return float(shared / max(1, min(a[axis + 2] - a[axis], b[axis + 2] - b[axis])))


def _stacked(a: Boxes, b: Boxes) -> bool:
    """Whether two boxes lie above one another, as those of the halves of a broken S or 5 do."""
    return _overlap(a, b, 0) > 0.6 and _overlap(a, b, 1) < 0.25


def _owner(wholes: Boxes, box: Boxes, unit: float) -> int | None:
    """Find the group that a dot or a bar is a part of: it lies above it, or across or within its box.

    wholes: int32 [groups, 4], the box of each. box: int32 [4], of the dot or the bar.
    """
    if not len(wholes):
        return None
    left, top, right, bottom = wholes.T
    shared = np.minimum(right, box[2]) - np.maximum(left, box[0])
    overlap = shared / np.maximum(np.minimum(right - left, box[2] - box[0]), 1)
    above = (box[3] <= top + 0.25 * (bottom - top)) & (top - box[3] < 0.8 * unit)
    # The dot of an i may stand beside its stem: the narrower that is, the farther, as it can hardly be anything else's.
    away = np.abs(box[0] + box[2] - left - right) / (2 * unit)
    stem = (right - left < STEM * (bottom - top)) & (max(box[2] - box[0], box[3] - box[1]) < DOT * unit)
    near = np.where(stem, away < ASIDE, (right - left < 0.5 * unit) & (away < 0.125))
    overlap = np.where(above & near, np.maximum(overlap, 0.75 - away), overlap)
    overlap = np.where(box[1] > bottom - 0.1 * unit, -np.inf, overlap)  # below it
    best = int(overlap.argmax())
    return best if overlap[best] > 0.5 else None


def _joined_dots(boxes: Boxes, alone: list[list[int]]) -> list[list[int]]:
    """Join dots and bars that belong to no character, those above one another together, as in a colon."""
    joined: list[list[int]] = []
    for group in sorted(alone, key=lambda group: int(boxes[group[0], 0])):
        if joined and _overlap(boxes[joined[-1][0]], boxes[group[0]], 0) > 0.5:
            joined[-1] += group
        else:
            joined.append(group)
    return joined
