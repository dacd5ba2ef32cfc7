"""What cells make up together: a single box, a row of cells, a grid or a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.borders import find_borders
from emnist_hf.forms.cells import Quad, find_cells, four_corners, ordered, ruled_pixels, ruled_shares, sides
from emnist_hf.forms.contrast import ink_mask
from emnist_hf.forms.meeting import meet
from emnist_hf.forms.missing import with_missing_sides
from emnist_hf.forms.rules import Rules, find_rules
from emnist_hf.ink.types import Bytes, Mask

MOST_CELLS = 1500
"""Cells of a form; a sheet with more is squared paper."""

NARROW = 1.7
"""Width of a cell for one character, at the most, in its heights."""

LEAST_FILLED = 0.6
"""Share of a block that its cells fill."""

MOST_ON = 2
"""Sides of a block that may go on beyond its corners, of eight."""

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
    wide as each other and may hold one character each. wall: thickness of a rule, in pixels.
    """

    cells: list[Cell]
    quad: Quad
    shape: tuple[int, int]
    regular: bool
    wall: float

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


def find_blocks(picture: Bytes) -> tuple[list[Block], tuple[Mask, Mask]]:
    """Return the blocks of a picture, uint8 [H, W, 3], from top to bottom, and the pixels of walls across and down."""
    ink = ink_mask(picture)
    across, down = with_missing_sides(*find_rules(ink), ink)
    nothing = np.zeros_like(ink)
    if len(across.ends) < 1 or len(down.ends) < 2:
        return [], (nothing, nothing)
    both = meet(across, down, ink)
    walls = both[0] | both[1]
    if not walls.any():
        return [], both
    ruled = ruled_pixels(walls, ink)
    quads, labels = find_cells(walls, ruled)
    if not quads or len(quads) > MOST_CELLS:
        return [], both
    wall = _thickness(across, down)
    groups = [[quads[i] for i in group] for group in _groups(len(quads), labels, wall)]
    printed = np.asarray(cv2.dilate(ink.view(np.uint8), np.ones((5, 5), np.uint8)))
    blocks = [_block(group, wall) for group in _in_one_row(groups, ruled)]
    blocks = [_grown(block, printed) for block in blocks if _stands_alone(block, ruled)]
    blocks = _without_inner(blocks)
    return sorted(blocks, key=lambda block: float(block.quad[:, 1].mean())), both


def _thickness(across: Rules, down: Rules) -> float:
    """Return how thick long rules are, in pixels."""
    length = np.concatenate([np.ptp(r.ends.reshape(-1, 2, 2), axis=1).max(axis=1) for r in (across, down)])
    thick = np.concatenate([across.thick, down.thick])
    return float(np.percentile(thick[length >= np.median(length)], 80))


def _groups(count: int, labels: NDArray[np.int32], wall: float) -> list[list[int]]:
    """Return the cells that have walls in common, group by group."""
    away = round(wall) + 6
    group = np.arange(count)
    for a, b in ((labels[:, :-away], labels[:, away:]), (labels[:-away], labels[away:])):
        both = (a > 0) & (b > 0) & (a != b)
        pairs, shared = np.unique(np.stack([a[both], b[both]], axis=1) - 1, axis=0, return_counts=True)
        for (one, other), length in zip(pairs.tolist(), shared.tolist()):
            if length >= 4 * away:
                group[group == group[other]] = group[one]
    used = np.unique(labels)
    return [
        g for name in np.unique(group) if (g := [i for i in np.flatnonzero(group == name).tolist() if i + 1 in used])
    ]


def _outline(quads: list[Quad]) -> Quad:
    """Return the corners of cells together."""
    if len(quads) == 1:
        return quads[0]
    return ordered(four_corners(cv2.convexHull(np.rint(np.concatenate(quads)).astype(np.int32))))


def _in_one_row(groups: list[list[Quad]], ruled: Bytes) -> list[list[Quad]]:
    """Put groups together that only cells part whose walls strokes hide: rules above and below go on between them."""
    outlines = [_outline(group) for group in groups]
    order = sorted(range(len(groups)), key=lambda i: float(outlines[i][:, 0].min()))
    groups, outlines = [groups[i] for i in order], [outlines[i] for i in order]
    i = 0
    while i < len(groups):
        joined = next(
            (j for j in range(i + 1, len(groups)) if _go_on(outlines[i], outlines[j], groups, i, j, ruled)), None
        )
        if joined is None:
            i += 1
            continue
        a, b = outlines[i], outlines[joined]
        between = np.array([a[1], b[0], b[3], a[2]], np.float32)
        filled = [between] if sides(between)[0] > 0.4 * sides(groups[i][0])[0] else []
        groups[i] = groups[i] + filled + groups.pop(joined)
        del outlines[joined]
        outlines[i] = _outline(groups[i])
    return groups


def _go_on(a: Quad, b: Quad, groups: list[list[Quad]], i: int, j: int, ruled: Bytes) -> bool:
    """Whether one row of narrow cells goes on as another, after a few cells that were not found."""
    (_, height), (_, next_height) = sides(a), sides(b)
    pitch = float(np.median([sides(quad)[0] for quad in groups[i] + groups[j]]))
    gap = float(b[[0, 3], 0].mean() - a[[1, 2], 0].mean())
    if not (0 < gap < 4.2 * pitch and pitch < NARROW * height and 0.8 < height / next_height < 1.25):
        return False
    if np.abs(a[[1, 2], 1] - b[[0, 3], 1]).max() > 0.2 * (height + gap):
        return False
    between = np.array([a[1], b[0], b[3], a[2]], np.float32)
    shares = ruled_shares(between, ruled)
    return bool(min(shares[0], shares[2]) > 0.75)


def _block(quads: list[Quad], wall: float) -> Block:
    """Put the cells of a block into rows and columns, evenly spaced ones where they nearly are."""
    quads = _without_strokes(quads)
    whole = _outline(quads)
    width, height = sides(whole)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(whole, flat)
    level = cv2.perspectiveTransform(np.array(quads, np.float32), matrix)
    corners = np.sort(level, axis=1)
    starts, stops = corners[:, :2].mean(axis=1), corners[:, 2:].mean(axis=1)
    (columns, even_columns), (rows, even_rows) = (find_borders(starts[:, axis], stops[:, axis]) for axis in (0, 1))
    pitch = float(np.median(np.diff(columns))), float(np.median(np.diff(rows)))
    regular = even_columns and even_rows and len(columns) > 2 and 0.35 < pitch[0] / pitch[1] < NARROW
    spans = [_span(starts[i], stops[i], columns, rows) for i in range(len(quads))]
    back = np.linalg.inv(matrix)
    taken: dict[tuple[int, int], Cell] = {}
    for quad, (row, column) in sorted(zip(quads, spans), key=lambda item: -cv2.contourArea(item[0])):
        if regular and (row[0] != row[1] or column[0] != column[1]):
            continue
        cell = Cell(quad, row, column)
        if not regular and any(
            (r, c) in taken for r in range(row[0], row[1] + 1) for c in range(column[0], column[1] + 1)
        ):
            continue
        ideal = abs(columns[column[1] + 1] - columns[column[0]]) * abs(rows[row[1] + 1] - rows[row[0]])
        if regular and (cv2.contourArea(quad) < 0.5 * ideal or (row[0], column[0]) in taken):
            continue
        for r in range(row[0], row[1] + 1):
            for c in range(column[0], column[1] + 1):
                taken[r, c] = cell
    inset = wall / 2
    for r in range(len(rows) - 1):
        for c in range(len(columns) - 1):
            if (r, c) not in taken and regular:
                x0, x1, y0, y1 = columns[c] + inset, columns[c + 1] - inset, rows[r] + inset, rows[r + 1] - inset
                square = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float64)
                taken[r, c] = Cell(cv2.perspectiveTransform(square, back)[0].astype(np.float32), (r, r), (c, c))
    cells = sorted(
        {id(cell): cell for cell in taken.values()}.values(), key=lambda cell: (cell.rows[0], cell.columns[0])
    )
    whole = _outline([cell.quad for cell in cells]) if cells else whole
    return Block(cells, whole, (len(rows) - 1, len(columns) - 1), regular, wall)


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


def _grown(block: Block, ruled: Bytes) -> Block:
    """Return a row of cells with those added, at either end, that its rules above and below and a wall enclose."""
    if not block.regular or block.shape[0] > 1:
        return block
    for ahead in (True, False):
        for _ in range(8):
            quads = [cell.quad for cell in block.cells]
            end = quads[-1] if ahead else quads[0]
            pitch = sides(block.quad)[0] / block.shape[1]
            way = (block.quad[1] - block.quad[0]) / max(float(np.linalg.norm(block.quad[1] - block.quad[0])), 1.0)
            new = end + way * (pitch if ahead else -pitch)
            height, width = ruled.shape
            if new.min() < 0 or new[:, 0].max() > width or new[:, 1].max() > height:
                break
            shares = ruled_shares(new.astype(np.float32), ruled)
            if min(shares[0], shares[2]) < 0.75 or shares[1 if ahead else 3] < 0.4:
                break
            new = new.astype(np.float32)
            block = _block([*quads, new] if ahead else [new, *quads], block.wall)
    return block


def _stands_alone(block: Block, ruled: Bytes) -> bool:
    """Whether cells fill their block, and its walls end at its corners: those of a stroke between ruled lines go on.

    A row of three and more even cells is known by these; a picture may have been cut through the rest of it.
    """
    covered = sum(float(cv2.contourArea(cell.quad)) for cell in block.cells)
    if covered < LEAST_FILLED * float(cv2.contourArea(block.quad)):
        return False
    if block.regular and len(block.cells) > 2:
        return True
    on = 0
    reach = max(12.0, 0.5 * min(sides(block.quad)))
    for i in range(4):
        for other in ((i + 1) % 4, (i - 1) % 4):
            way = block.quad[i] - block.quad[other]
            way = way / max(float(np.linalg.norm(way)), 1.0)
            along = block.quad[i] + np.linspace(8, 8 + reach, 12)[:, None] * way
            x, y = np.rint(along).astype(int).T
            inside = (x >= 0) & (y >= 0) & (x < ruled.shape[1]) & (y < ruled.shape[0])
            on += bool(inside.any() and ruled[y[inside], x[inside]].mean() > 0.7)
    return on <= MOST_ON


def _without_inner(blocks: list[Block]) -> list[Block]:
    """Leave out blocks inside a cell of another: loops of letters that rules seemed to enclose."""
    kept = []
    for block in blocks:
        middle = tuple(float(v) for v in block.quad.mean(axis=0))
        area = cv2.contourArea(block.quad)
        around = [b for b in blocks if b is not block and cv2.pointPolygonTest(b.quad, middle, False) > 0]
        if not any(cv2.contourArea(b.quad) > area and (len(b.cells) > 1 or area < 0.3 * _area(b)) for b in around):
            kept.append(block)
    return kept


def _area(block: Block) -> float:
    return float(cv2.contourArea(block.quad))
