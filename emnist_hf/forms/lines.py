"""What a form has to write on without boxes: lines with a printed label before them, and ticks on a base line."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.block import Block, block_of
from emnist_hf.forms.cells import Quad, sides
from emnist_hf.forms.rules import Rules
from emnist_hf.forms.ticks import ink_beside, ticks_on
from emnist_hf.ink.printed import are_printed
from emnist_hf.ink.types import Mask

SHORTEST = 70.0
"""Pixels of a line to write on, at the least."""

LETTERS = 8, 60
"""Pixels of the height of a letter of a label, at the least and at the most."""

WIDEST, LEAST_WIDE = 12.0, 1.5
"""Width of a word of a label that small print joins, and of a label, at the least, in heights of its letters."""

BEFORE, BELOW = 2.0, 0.6
"""How far a label may end before its line or its words from each other, and its feet stand above or below it, in
heights of its letters."""

HIGH, LEAST_HIGH = 3.0, 1.1
"""Height of what is written on a line, at the most and at the least, in those of its label's letters."""

FLOATING = 1.1
"""How far above a line what is written on it may stand, in its own heights; what is farther up and printed, is not."""

SAME = 6.0
"""Pixels between two rules that are one."""

CORNER = 8.0
"""Pixels that a rule may go on beyond its end, where ticks stand."""

TICKED_HIGH = 1.25
"""Height of a cell between ticks, at the most, in its widths."""

THINNEST = 0.045, 8.0
"""Thickness of a line to write on, at the most, of its length and in pixels."""

THICKER = 1.3
"""Height of the ink on a line, at the most, in its thickness, three pixels more: the closed gaps of a row of letters
pass for a rule of half their height."""

THIN, THIN_DOTTED, SOLID = 0.8, 0.95, 0.9
"""Share of the ink on a line that is no thicker than it, at the least, of a solid and of a dotted one, and share of its
places that have ink if it is solid. The rest is writing that crosses it; of the feet of letters half is thicker."""

FEW = 2
"""Lines to write on from which there are some, where a form has no boxes: one may be an underlined word."""


def open_blocks(ink: Mask, across: Rules, blocks: list[Block], wall: float) -> list[Block]:
    """Return the blocks of a form's ink, bool [H, W], that no walls enclose; and boxes whose cells ticks part, parted.

    across: the rules across. blocks: those with walls.
    """
    blocks = [_ticked(block, ink) for block in blocks]
    free = _free(across, blocks)
    if not len(free):
        return blocks
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    least, most = LETTERS
    letters = stats[1:][(stats[1:, 3] >= least) & (stats[1:, 3] <= most) & (stats[1:, 2] <= WIDEST * stats[1:, 3])]
    strokes = np.hstack([letters[:, :2], letters[:, :2] + letters[:, 2:4]]).astype(np.float64)
    combs, lines = [], []
    for ends, thick in zip(across.ends[free].astype(np.float64), across.thick[free].tolist()):
        if not _is_thin(ink, ends, thick):
            continue
        ends = _longer(ends, CORNER + thick)
        places = ticks_on(ink, ends[:2], ends[2:], thick)
        above = _room(ends, across, strokes)
        if places:
            pitch = (places[1] - places[0]) * float(np.linalg.norm(ends[2:] - ends[:2]))
            high = min(TICKED_HIGH * pitch, above)
            if high > 0.7 * pitch:
                combs.append(block_of(_cells(ends, places, high), wall))
            continue
        ends = _longer(ends, -CORNER - thick)
        if (size := _label_size(ends, strokes)) and min(HIGH * size, above) > LEAST_HIGH * size:
            quad = _cells(ends, [0.0, 1.0], min(HIGH * size, above))[0]
            lines.append(replace(block_of([quad], wall), line=True))
    return [*blocks, *combs, *(lines if len(lines) >= FEW or blocks or combs else [])]


def _ticked(block: Block, ink: Mask) -> Block:
    """Return a single box as a row of cells, where ticks on its lower side part it."""
    if len(block.cells) > 1:
        return block
    quad = block.quad
    middle = block.wall / 2 * (quad[[3, 2]] - quad[[0, 1]]) / max(1.0, sides(quad)[1])
    start, end = quad[[3, 2]] + middle
    places = ticks_on(ink, start, end, block.wall, sides(quad)[1])
    if not places:
        return block
    edges = [(quad[0] + p * (quad[1] - quad[0]), quad[3] + p * (quad[2] - quad[3])) for p in places]
    return block_of([np.array([a[0], b[0], b[1], a[1]], np.float32) for a, b in pairwise(edges)], block.wall)


def _free(across: Rules, blocks: list[Block]) -> NDArray[np.int64]:
    """Return which rules across are long, and no walls of blocks nor inside one."""
    ends = across.ends
    free = ends[:, 2] - ends[:, 0] >= SHORTEST
    for block in blocks:
        low, high = block.quad.min(axis=0) - 2 * block.wall - 4, block.quad.max(axis=0) + 2 * block.wall + 4
        middle = (ends[:, :2] + ends[:, 2:]) / 2
        over = np.minimum(ends[:, 2], high[0]) - np.maximum(ends[:, 0], low[0]) > 0.3 * (ends[:, 2] - ends[:, 0])
        free &= ~(over & (middle[:, 1] > low[1]) & (middle[:, 1] < high[1]))
    kept: list[int] = []
    for i in sorted(np.flatnonzero(free).tolist(), key=lambda i: float(ends[i, 0] - ends[i, 2])):
        same = [k for k in kept if _is_same(ends[i].astype(np.float64), ends[k].astype(np.float64))]
        kept += [] if same else [i]  # solid ones are found as dotted ones, too
    return np.array(kept, np.int64)


def _is_same(one: NDArray[np.float64], longer: NDArray[np.float64]) -> bool:
    """Whether a rule lies on a longer one."""
    over = min(one[2], longer[2]) - max(one[0], longer[0])
    middle = np.array([(one[0] + one[2]) / 2])
    return over > 0.5 * (one[2] - one[0]) and abs(float(_at(longer, middle)[0]) - (one[1] + one[3]) / 2) < SAME


def _longer(ends: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Return the ends of a line that goes on at both by some pixels."""
    way = (ends[2:] - ends[:2]) / np.linalg.norm(ends[2:] - ends[:2]) * by
    return np.concatenate([ends[:2] - way, ends[2:] + way])


def _at(ends: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how low a line lies at places along it."""
    return np.asarray(ends[1] + (ends[3] - ends[1]) / (ends[2] - ends[0]) * (x - ends[0]))


def _is_thin(ink: Mask, ends: NDArray[np.float64], thick: float) -> bool:
    """Whether a rule is a line, and not the feet or the tops of letters in a row."""
    share, most = THINNEST
    if thick > min(most, share * (ends[2] - ends[0])):
        return False
    reach = int(2 * thick + 6)
    strip = ink_beside(ink, ends[:2], ends[2:], -reach, reach + 1)
    middle, above, below = strip[:, reach - 2 : reach + 3], strip[:, reach + 3 :], strip[:, : reach - 2][:, ::-1]
    inked = middle.any(axis=1)
    if not inked.any():
        return False
    rises, falls = (np.logical_and.accumulate(part, axis=1).sum(axis=1) for part in (above, below))
    high = middle.sum(axis=1) + np.where(middle[:, -1], rises, 0) + np.where(middle[:, 0], falls, 0)
    thin = float((high[inked] <= THICKER * thick + 3).mean())
    return thin > (THIN if inked.mean() > SOLID else THIN_DOTTED)


def _label_size(ends: NDArray[np.float64], strokes: NDArray[np.float64]) -> float:
    """Return the height of the letters of the label before a line; 0 where there is none.

    Letters of small print touch, so how regular they are does not say whether it is printed.
    """
    left, _, right, bottom = strokes.T
    heights = bottom - strokes[:, 1]
    before = (right < ends[0] + 4) & (left > ends[0] - 30 * heights)
    before &= np.abs(bottom - _at(ends, right)) < BELOW * heights
    some = strokes[before][np.argsort(-right[before])]
    if not len(some):
        return 0.0
    # What stands farther to the left, after a gap, is another label, or what is written on the line before.
    gaps = np.minimum.accumulate(np.concatenate([[ends[0]], some[:-1, 0]])) - some[:, 2]
    far = gaps > BEFORE * np.maximum(some[:, 3] - some[:, 1], np.roll(some[:, 3] - some[:, 1], 1))
    some = some[: int(far.argmax()) if far.any() else None]
    if not len(some):
        return 0.0
    widths = some[:, 2] - some[:, 0]
    size = _weighted(some[:, 3] - some[:, 1], widths)
    return size if widths.sum() > LEAST_WIDE * size else 0.0


def _weighted(heights: NDArray[np.float64], widths: NDArray[np.float64]) -> float:
    """Return the height that most of the width of letters, joined or not, does not go beyond: four fifths."""
    order = np.argsort(heights)
    return float(heights[order][np.searchsorted(np.cumsum(widths[order]), 0.8 * widths.sum())])


def _room(ends: NDArray[np.float64], across: Rules, strokes: NDArray[np.float64]) -> float:
    """Return how much room there is above a line, in pixels: up to the next rule, or to print."""
    found = np.inf
    width = ends[2] - ends[0]
    for other in across.ends.astype(np.float64):
        over = min(other[2], ends[2]) - max(other[0], ends[0])
        if over > 0.3 * width:
            away = float(_at(ends, np.array([(other[0] + other[2]) / 2]))[0] - (other[1] + other[3]) / 2)
            if away > 6:
                found = min(found, away - 4)
    above = strokes[(strokes[:, 2] > ends[0]) & (strokes[:, 0] < ends[2])]
    gap = _at(ends, above[:, 2]) - above[:, 3]
    above, gap = above[gap > 0], gap[gap > 0]
    near = gap < 120
    printed = are_printed(above[near]) if near.any() else np.zeros(int(near.sum()), bool)
    high = gap[near][printed & (gap[near] > FLOATING * (above[near, 3] - above[near, 1]))]
    return min(found, float(high.min()) - 2 if len(high) else np.inf, 160.0)


def _cells(ends: NDArray[np.float64], places: list[float], high: float) -> list[Quad]:
    """Return the cells on a line between places of it, from 0 to 1, so many pixels high."""
    start, way = ends[:2], ends[2:] - ends[:2]
    up = np.array((way[1], -way[0])) / np.linalg.norm(way) * high
    return [
        np.array([start + a * way + up, start + b * way + up, start + b * way, start + a * way], np.float32)
        for a, b in pairwise(places)
    ]
