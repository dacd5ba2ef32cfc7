"""A picture looked at as a form: its boxes, and what is written in them and beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.block import Block
from emnist_hf.forms.blocks import find_blocks
from emnist_hf.forms.contrast import ink_mask
from emnist_hf.forms.rules import rule_thickness
from emnist_hf.forms.walls import Part, Written
from emnist_hf.ink import open_picture, to_ink
from emnist_hf.ink.extract import at_most
from emnist_hf.ink.picture import open_reduced
from emnist_hf.ink.types import Mask
from emnist_hf.reading.results import Box

LOOK_SIDE, LEAST_LOOK = 1600, 1200
"""Longest side, in pixels, at which rules are looked for, and to which a small picture is enlarged."""

FEW_PIXELS, THIN = 700, 4.0
"""Longest side from which, and thickness of rules beyond which, in pixels, a small picture need not be enlarged."""

MOST_ENLARGED = 3.0
"""How many times a picture is enlarged at the most."""

CELL_HEIGHT = 56
"""Height of a cell, in pixels, from which what is written in it is legible."""

READ_SIDE = 3200
"""Longest side, in pixels, to which a picture of small cells is enlarged."""

MANY, OVER, MOST_OVER = 12, 0.12, 0.3
"""Cells of squared paper at the least, and share of its ink that runs over several: of very many, and of fewer."""

FILLED, CROSSED = 0.45, 0.8
"""Share of a cell that is ink where it is no cell but a word that was blotted out; of a checkbox, where there is a mark
more than once over."""

CHECKBOX = 0.03
"""Side of a checkbox, of the picture's longer side, at the most."""


LINE, CLOSE = 0.75, 0.45
"""Share of its height that a letter has on the line of a box; how far off it is, in heights of the box, at the most."""


@dataclass(frozen=True)
class Look:
    """The boxes of a picture, in the pixels of its ink, and what is written in them.

    first: the place of each block's first cell among all cells. scale: pixels of the ink per pixel of the picture.
    size: width and height of the picture. inset: pixels of the ink between a wall and the cell found beside it.
    """

    blocks: list[Block]
    first: list[int]
    written: Written
    scale: float
    size: tuple[int, int]
    inset: float = 1.0

    def cells_of(self, place: int) -> range:
        """Return the places of a block's cells among all cells."""
        return range(self.first[place], self.first[place] + len(self.blocks[place].cells))

    def outline_of(self, block: Block) -> Box:
        """Return the box around a block, to the middle of its walls, in the picture's pixels."""
        ways = np.roll(block.quad, -1, axis=0) - block.quad
        ways = ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1)
        return self.box_of(block.quad + (0.5 * block.wall + self.inset) * (np.roll(ways, 1, axis=0) - ways))

    def may_be_checkbox(self, block: Block) -> bool:
        """Whether a block is a single small square."""
        width, height = block.size
        small = height < CHECKBOX * max(self.size) * self.scale
        return len(block.cells) == 1 and small and 0.75 < width / height < 1.33

    def box_of(self, quad: NDArray[np.floating[Any]]) -> Box:
        """Return the box around corners, float [n, 2], in the picture's pixels."""
        size = np.array(self.size)
        low = np.clip(np.floor(quad.min(axis=0) / self.scale), 0, size - 1)
        high = np.clip(np.ceil(quad.max(axis=0) / self.scale), low + 1, size)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def look_at(image: Any) -> Look | None:
    """Look for the boxes of a picture, anything `open_picture` takes; None where it has none.

    Raises `PictureError` and `NoInkError` as `open_picture` and `to_ink` do.
    """
    rgb, scale = at_most(*open_reduced(image, LOOK_SIDE), LOOK_SIDE)
    enlarge = min(MOST_ENLARGED, LEAST_LOOK / max(rgb.shape[:2]))
    if max(rgb.shape[:2]) > FEW_PIXELS and rule_thickness(ink_mask(rgb)) > THIN:
        enlarge = 1
    if enlarge > 1:
        rgb = cv2.resize(rgb, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
    blocks, walls = find_blocks(rgb)
    if not blocks:
        return None
    return _closer(image, blocks, walls, scale * max(1.0, enlarge))


def _closer(image: Any, blocks: list[Block], walls: tuple[Mask, Mask], scale: float) -> Look | None:
    """Find what is written in the cells, looking as near as they need."""
    picture = open_picture(image)
    height = float(np.median([block.size[1] for block in blocks for _ in block.cells])) / scale
    near = min(max(1.0, CELL_HEIGHT / height), MOST_ENLARGED, READ_SIDE / max(picture.size))
    if near > 1:
        rgb = cv2.resize(np.asarray(picture), None, fx=near, fy=near, interpolation=cv2.INTER_CUBIC)
        ink = to_ink(rgb, max_side=READ_SIDE)
    else:
        ink = to_ink(picture)
    shape = ink.coverage.shape
    factor = shape[1] / walls[0].shape[1]
    moved = [_scaled(block, factor) for block in blocks]
    across, down = (cv2.resize(w.view(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0 for w in walls)
    quads = [cell.quad for block in moved for cell in block.cells]
    first = np.cumsum([0, *(len(block.cells) for block in moved)]).tolist()
    wall = float(np.median([block.wall for block in moved]))
    written = Written(ink.coverage, (across, down), quads, wall)
    look = Look(moved, first, written, shape[1] / picture.width, picture.size, factor)
    beside = written.outside()
    kept = [
        place
        for place, block in enumerate(moved)
        if not (_is_squared_paper(look, place) or _is_blot(look, place) or letters_beside(block, beside) > 1)
    ]
    if not kept:
        return None
    return replace(look, blocks=[moved[place] for place in kept], first=[first[place] for place in kept])


def letters_beside(block: Block, beside: Sequence[Part]) -> int:
    """Return on how many sides a letter as high as a box stands on its line, closer than a label would, 0 to 2.

    Where one does the box may be an O or a D at the end of a word, where two do it is a letter within one.
    """
    if len(block.cells) > 1 or block.line:
        return 0
    (left, top), (right, bottom) = block.quad.min(axis=0), block.quad.max(axis=0)
    height, wall = bottom - top, 2 * block.wall
    found = set()
    for part in beside:
        common = min(part.box[3], bottom + wall) - max(part.box[1], top - wall)
        gap = max(part.box[0] - right, left - part.box[2]) - wall
        if common > LINE * part.height and 0.8 < part.height / height < 1.8 and gap < CLOSE * height:
            found.add(part.box[0] > left)
    return len(found)


def _scaled(block: Block, factor: float) -> Block:
    cells = [replace(cell, quad=cell.quad * np.float32(factor)) for cell in block.cells]
    return replace(block, cells=cells, quad=block.quad * np.float32(factor), wall=block.wall * factor)


def _is_squared_paper(look: Look, place: int) -> bool:
    """Whether what is written runs over the cells of a block, or they are many and empty."""
    block = look.blocks[place]
    if len(block.cells) < MANY:
        return False
    width, height = block.size
    total, over = look.written.run_over(look.cells_of(place), width, height)
    very_many = len(block.cells) > 10 * MANY
    return over > (OVER if very_many else MOST_OVER) * max(total, 1) or (not total and very_many)


def _is_blot(look: Look, place: int) -> bool:
    """Whether a box is filled with ink."""
    area = sum(look.written.inked(cell) for cell in look.cells_of(place))
    block = look.blocks[place]
    share = CROSSED if look.may_be_checkbox(block) else FILLED
    return area > share * float(cv2.contourArea(block.quad))
