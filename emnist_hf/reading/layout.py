"""A page's ink to lines of pieces: what belongs together beyond doubt is one piece, what touches may be several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.geometry import Matrix, after, level, straight, turned
from emnist_hf.ink.types import Floats
from emnist_hf.reading.lines import LETTER, find_lines
from emnist_hf.reading.marks import INK, Marks, belongs_to, find_marks, picture_of
from emnist_hf.reading.preprocess import find_skew, without_rulings

__all__ = ["Layout", "LevelPage", "Piece", "find_layout", "find_level_page", "letters_of", "upright_page"]


STEM, DOT, ASIDE = 0.45, 0.3, 0.24
"""Width of a stem in its own heights, and size of a dot and how far it may stand to the side of a stem, middle from
middle, in heights of a character."""


LETTERS = 60
"""Marks that tell of all the others."""


@dataclass(frozen=True)
class Piece:
    """Ink of one character or of a part of one: some marks, or of a single mark the columns of `span`."""

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
class Layout:
    """A page that lies level and stands upright: its marks, and its lines of pieces in reading order.

    matrix: float64 [2, 3], from places (x, y, 1) of the page as it was to places of the level page.
    """

    marks: Marks
    lines: list[list[Piece]]
    matrix: Matrix

    @cached_property
    def is_square(self) -> bool:
        """Whether the page lies as it was, or after quarter turns: boxes stay boxes."""
        return bool(np.isin(self.matrix[:, :2], (-1, 0, 1)).all())

    @cached_property
    def back(self) -> NDArray[np.float64]:
        """float64 [2, 2]: places [n, 2], less the matrix' shift, times this are places of the page as it was."""
        return np.asarray(np.linalg.inv(self.matrix[:, :2]).T, np.float64)


@dataclass(frozen=True)
class LevelPage:
    """A page that lies level: its marks, which of them may be writing, bool [N], and the matrix as `Layout` has it."""

    marks: Marks
    writing: NDArray[np.bool_]
    matrix: Matrix


def find_level_page(coverage: Floats, turns: int = 0) -> LevelPage:
    """Lay a page's coverage, float32 [H, W], level, take its rulings out and find its marks.

    turns: quarter turns, counterclockwise, that the page is given before.
    """
    coverage, quarter = turned(coverage, turns)
    coverage, matrix = level(coverage, find_skew(coverage > INK))
    return LevelPage(*find_marks(without_rulings(coverage, INK)), after(quarter, matrix))


def letters_of(page: LevelPage) -> list[Floats]:
    """The ink of marks from all over a page that are as high as letters, float32 [h, w] each."""
    marks = page.marks
    fit = (marks.heights >= 0.6 * marks.unit) & (marks.heights <= 2.5 * marks.unit) & (marks.widths <= 4 * marks.unit)
    found = np.flatnonzero(page.writing & fit)
    return [picture_of(marks, [int(mark)]) for mark in found[:: max(1, len(found) // LETTERS)]]


def upright_page(page: LevelPage, lean: float) -> LevelPage:
    """The page sheared so that writing that leans by so many degrees stands upright."""
    written = np.concatenate([[False], page.writing])[page.marks.labels]  # nothing else comes away from the edge
    coverage, shear = straight(np.where(written, page.marks.coverage, np.float32(0)), lean)
    return LevelPage(*find_marks(coverage), after(page.matrix, shear))


def find_layout(page: LevelPage) -> Layout:
    """The lines of a page, and the pieces that each consists of."""
    lines = [_pieces(page.marks, line) for line in find_lines(page.marks, page.writing)]
    return Layout(page.marks, [line for line in lines if line], page.matrix)


def picture_of_pieces(marks: Marks, pieces: list[Piece]) -> Floats:
    """The ink of neighbouring pieces together, cropped, float32 [h, w]."""
    members = list(dict.fromkeys(member for piece in pieces for member in piece.members))
    spans = [piece.span for piece in pieces]
    if all(span is None for span in spans):
        return picture_of(marks, members)
    left = min(piece.box[0] for piece in pieces)
    right = max(piece.box[2] for piece in pieces)
    return picture_of(marks, members, (left, right))


def ink_gap(marks: Marks, a: Piece, b: Piece) -> float:
    """How far apart the ink of two neighbours is along the line, in pixels; boxes may overlap where hands lean."""
    apart = float(b.box[0] - a.box[2])
    top, bottom = max(a.box[1], b.box[1]), min(a.box[3], b.box[3])
    if apart > 0.5 * marks.unit or bottom - top < 2 or a.span or b.span:
        return apart
    left, right = min(a.box[0], b.box[0]), max(a.box[2], b.box[2])
    part = marks.labels[top:bottom, left:right]
    ends, begins = (belongs_to(part, piece.members) for piece in (a, b))
    columns = np.arange(right - left, dtype=np.float32)
    last = np.where(ends, columns, -np.inf).max(axis=1)
    first = np.where(begins, columns, np.inf).min(axis=1)
    reach = np.ones((max(3, round(marks.pen)) | 1, 1), np.uint8)
    first = cv2.erode(first.astype(np.float32)[:, None], reach)[:, 0]  # strokes may meet at an angle
    gap = float((first - last).min()) - 3  # soft edges belong to the marks, a pixel on either side
    return gap if np.isfinite(gap) else apart


# --- what belongs together ---


def _pieces(marks: Marks, line: list[int]) -> list[Piece]:
    """The marks of a line, each with the dots and bars that belong to it, from left to right."""
    boxes, unit = marks.boxes, marks.unit
    tall = [mark for mark in line if boxes[mark, 3] - boxes[mark, 1] >= LETTER * unit]
    groups: list[list[int]] = []
    for mark in tall:
        if groups and _stacked(boxes[groups[-1]], boxes[mark]):
            groups[-1].append(mark)
        else:
            groups.append([mark])
    alone = []
    wholes = np.array([_whole(boxes[group]) for group in groups], np.int32).reshape(-1, 4)
    characters = set(tall)
    for mark in line:
        if mark in characters:
            continue
        owner = _owner(wholes, boxes[mark], unit)
        if owner is None:
            alone.append([mark])
        else:
            groups[owner].append(mark)
            wholes[owner] = _whole(boxes[groups[owner]])
    pieces = [piece_of(boxes, group) for group in groups + _joined_dots(boxes, alone, unit)]
    return sorted(pieces, key=lambda piece: piece.box[0] + piece.box[2])


def _whole(boxes: NDArray[np.int32]) -> NDArray[np.int32]:
    """The box around boxes, int32 [n, 4] to [4]."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def piece_of(boxes: NDArray[np.int32], members: list[int]) -> Piece:
    """The piece that some marks make, whose boxes are among `boxes`, int32 [N, 4]."""
    left, top, right, bottom = _whole(boxes[members]).tolist()
    return Piece(tuple(members), (left, top, right, bottom))


def _overlap(a: NDArray[np.int32], b: NDArray[np.int32], axis: int) -> float:
    """How much of the shorter of two boxes' extents along an axis lies within the other's; below 0 for a gap."""
    shared = min(a[axis + 2], b[axis + 2]) - max(a[axis], b[axis])
    return float(shared / max(1, min(a[axis + 2] - a[axis], b[axis + 2] - b[axis])))


def _stacked(group: NDArray[np.int32], box: NDArray[np.int32]) -> bool:
    """Whether a mark lies above or below another, as the halves of a broken S or 5 do."""
    whole = _whole(group)
    return _overlap(whole, box, 0) > 0.6 and _overlap(whole, box, 1) < 0.25


def _owner(wholes: NDArray[np.int32], box: NDArray[np.int32], unit: float) -> int | None:
    """The group that a dot or a bar is a part of: it lies above it, or across or within its box.

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


def _joined_dots(boxes: NDArray[np.int32], alone: list[list[int]], unit: float) -> list[list[int]]:
    """Dots and bars that belong to no character, those above one another together, as in a colon."""
    joined: list[list[int]] = []
    for group in sorted(alone, key=lambda group: int(boxes[group[0], 0])):
        if joined and _overlap(boxes[joined[-1][0]], boxes[group[0]], 0) > 0.5:
            joined[-1] += group
        else:
            joined.append(group)
    return joined
