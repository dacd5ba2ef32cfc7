"""Find what cells make up together: a single box, a row of cells, a grid or a table."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.block import NARROW, Block, block_of, outline
from emnist_hf.forms.cells import Quad, find_cells, ruled_pixels, ruled_shares, sides
from emnist_hf.forms.contrast import ink_mask
from emnist_hf.forms.lines import open_blocks
from emnist_hf.forms.marked import marked_boxes
from emnist_hf.forms.meeting import meet
from emnist_hf.forms.missing import with_missing_sides
from emnist_hf.forms.rules import Rules, find_rules
from emnist_hf.ink.types import Bytes, Mask

MOST_CELLS = 1500
"""Cells of a form; a sheet with more is squared paper."""

LEAST_FILLED = 0.6
"""Share of a block that its cells fill."""

FRAME = 0.5
"""Share of the picture from which a single box is its frame, or the edge of a sheet."""

MOST_ON = 2
"""Sides of a block that may go on beyond its corners, of eight."""


def find_blocks(picture: Bytes) -> tuple[list[Block], tuple[Mask, Mask]]:
    """Return the blocks of a picture, uint8 [H, W, 3], from top to bottom, and the pixels of walls across and down."""
    ink = ink_mask(picture)
    across, down = with_missing_sides(*find_rules(ink), ink)
    if not len(across.ends):
        return [], (np.zeros_like(ink), np.zeros_like(ink))
    blocks, walls = _walled(ink, across, down)
    wall = _thickness(across, down)
    blocks = open_blocks(ink, across, [block for block in blocks if not _is_frame(block, ink)], wall)
    return sorted(blocks, key=lambda block: float(block.quad[:, 1].mean())), walls


def _walled(ink: Mask, across: Rules, down: Rules) -> tuple[list[Block], tuple[Mask, Mask]]:
    """Return the blocks that walls enclose, and the pixels of walls across and down."""
    nothing = np.zeros_like(ink)
    if len(down.ends) < 2:
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
    blocks = [block_of(group, wall) for group in _in_one_row(groups, ruled)]
    blocks = [_grown(block, printed) for block in blocks if _stands_alone(block, ruled)]
    blocks = _without_inner(blocks)
    known = [cell.quad for block in blocks for cell in block.cells]
    blocks += [block_of([quad], wall) for quad in marked_boxes(ink, across, down, known)] if blocks else []
    return blocks, both


def _is_frame(block: Block, ink: Mask) -> bool:
    return len(block.cells) == 1 and _area(block) > FRAME * ink.size


def _thickness(across: Rules, down: Rules) -> float:
    """Return how thick long rules are, in pixels."""
    if not len(down.ends):
        down = across
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


def _in_one_row(groups: list[list[Quad]], ruled: Bytes) -> list[list[Quad]]:
    """Put groups together that only cells part whose walls strokes hide: rules above and below go on between them."""
    outlines = [outline(group) for group in groups]
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
        outlines[i] = outline(groups[i])
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
            block = block_of([*quads, new] if ahead else [new, *quads], block.wall)
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
