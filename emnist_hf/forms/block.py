"""A block: cells with walls in common, put into rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.borders import find_borders
from emnist_hf.forms.cells import Quad, four_corners, ordered, sides

NARROW = 1.7
"""Width of a cell for one character, at the most, in its heights."""

MOST_LEAN = 3.5
"""Degrees between a wall inside a row of few cells and its ends, beyond which it is a stroke."""


@dataclass(frozen=True)
class Cell:
    """A cell: its corners, and the first and last of the rows and of the columns of its block that it spans."""

    quad: Quad
    rows: tuple[int, int] = (0, 0)
    columns: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Block:
    """Cells with walls in common, in rows and columns; a single box is a block of one cell.

    cells: in reading order. quad: the corners of all of it. shape: rows and columns. regular: whether its cells are as
    wide as each other and may hold one character each. wall: thickness of a rule, in pixels. line: whether it is no box
    but the room above a line to write on.
    """

    cells: list[Cell]
    quad: Quad
    shape: tuple[int, int]
    regular: bool
    wall: float
    line: bool = False

    @property
    def angle(self) -> float:
        """How far the block falls to the right, in degrees."""
        across = self.quad[1] - self.quad[0] + self.quad[2] - self.quad[3]
        return float(np.degrees(np.arctan2(across[1], across[0])))

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height of an ordinary cell, in pixels."""
        found = np.array([sides(cell.quad) for cell in self.cells])
        return float(np.median(found[:, 0])), float(np.median(found[:, 1]))


def block_of(quads: list[Quad], wall: float) -> Block:
    """Put the cells of a block into rows and columns, evenly spaced ones where they nearly are."""
    quads = _without_strokes(quads)
    whole = outline(quads)
    width, height = sides(whole)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(whole, flat)
    corners = np.sort(cv2.perspectiveTransform(np.array(quads, np.float32), matrix), axis=1)
    starts, stops = corners[:, :2].mean(axis=1), corners[:, 2:].mean(axis=1)
    (columns, even_columns), (rows, even_rows) = (find_borders(starts[:, axis], stops[:, axis]) for axis in (0, 1))
    pitch = float(np.median(np.diff(columns))), float(np.median(np.diff(rows)))
    regular = even_columns and even_rows and len(columns) > 2 and 0.35 < pitch[0] / pitch[1] < NARROW
    found = [Cell(quad, *_span(start, stop, columns, rows)) for quad, start, stop in zip(quads, starts, stops)]
    if regular:
        taken = _one_each(found, columns, rows)
        taken |= _not_found(taken, columns, rows, wall / 2, np.linalg.inv(matrix))
    else:
        taken = _apart(found)
    cells = sorted(taken.values(), key=lambda cell: (cell.rows[0], cell.columns[0]))
    return Block(
        cells,
        outline([cell.quad for cell in cells]) if cells else whole,
        (len(rows) - 1, len(columns) - 1),
        regular,
        wall,
    )


Place = tuple[int, int]
"""The row and the column of a cell, of several the first."""


def _largest_first(cells: list[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: -cv2.contourArea(cell.quad))


def _one_each(cells: list[Cell], columns: NDArray[np.float64], rows: NDArray[np.float64]) -> dict[Place, Cell]:
    """Return the cells of an even block that fill their one place in it."""
    taken: dict[Place, Cell] = {}
    for cell in _largest_first(cells):
        (row, last_row), (column, last_column) = cell.rows, cell.columns
        ideal = abs(columns[last_column + 1] - columns[column]) * abs(rows[last_row + 1] - rows[row])
        if row == last_row and column == last_column and cv2.contourArea(cell.quad) >= 0.5 * ideal:
            taken.setdefault((row, column), cell)
    return taken


def _apart(cells: list[Cell]) -> dict[Place, Cell]:
    """Return the cells of an uneven block, without those that reach over a place of a larger one."""
    taken: dict[Place, Cell] = {}
    used: set[Place] = set()
    for cell in _largest_first(cells):
        places = {(r, c) for r in _inclusive(cell.rows) for c in _inclusive(cell.columns)}
        if not places & used:
            used |= places
            taken[cell.rows[0], cell.columns[0]] = cell
    return taken


def _inclusive(span: tuple[int, int]) -> range:
    return range(span[0], span[1] + 1)


def _not_found(
    taken: dict[Place, Cell],
    columns: NDArray[np.float64],
    rows: NDArray[np.float64],
    inset: float,
    back: NDArray[np.float64],
) -> dict[Place, Cell]:
    """Return cells for the places of an even block where none was found, `inset` pixels within their borders.

    back: the 3 by 3 matrix from the level block to the picture.
    """
    missing: dict[Place, Cell] = {}
    for r in range(len(rows) - 1):
        for c in range(len(columns) - 1):
            if (r, c) not in taken:
                x0, x1, y0, y1 = columns[c] + inset, columns[c + 1] - inset, rows[r] + inset, rows[r + 1] - inset
                square = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float64)
                quad = cv2.perspectiveTransform(square, back)[0].astype(np.float32)
                missing[r, c] = Cell(quad, (r, r), (c, c))
    return missing


def _without_strokes(quads: list[Quad]) -> list[Quad]:
    """Put those of two or three cells together that a leaning stroke parts, and no wall."""
    if not 1 < len(quads) < 5:
        return quads
    quads = sorted(quads, key=lambda quad: float(quad[:, 0].mean()))
    heights = np.array([sides(quad)[1] for quad in quads])
    middles = np.array([quad[:, 1].mean() for quad in quads])
    if np.ptp(middles) > 0.5 * heights.min() or heights.max() > 1.3 * heights.min():
        return quads
    upright = _lean(quads[0][3] - quads[0][0]) / 2 + _lean(quads[-1][2] - quads[-1][1]) / 2
    found = quads[:1]
    for quad in quads[1:]:
        wall = _lean(quad[3] - quad[0]) / 2 + _lean(found[-1][2] - found[-1][1]) / 2
        if abs(wall - upright) > MOST_LEAN:
            found[-1] = np.array([found[-1][0], quad[1], quad[2], found[-1][3]], np.float32)
        else:
            found.append(quad)
    return found


def _lean(side: NDArray[np.float32]) -> float:
    """Return how many degrees a side leans from the upright."""
    return float(np.degrees(np.arctan2(side[0], side[1])))


def _span(
    start: NDArray[np.float32], stop: NDArray[np.float32], columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the rows and the columns that a cell reaches over, first and last of each."""
    found = []
    for axis, borders in ((1, rows), (0, columns)):
        first = min(int(np.abs(borders - start[axis]).argmin()), len(borders) - 2)
        last = int(np.abs(borders - stop[axis]).argmin()) - 1
        found.append((first, max(first, last)))
    return found[0], found[1]


def outline(quads: list[Quad]) -> Quad:
    """Return the corners of cells together."""
    if len(quads) == 1:
        return quads[0]
    return ordered(four_corners(cv2.convexHull(np.rint(np.concatenate(quads)).astype(np.int32))))
