"""The fields of a blank form: what its boxes are for, as far as they show it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from emnist_hf.forms.block import Block
from emnist_hf.forms.look import Look, look_at
from emnist_hf.forms.template_fields import TemplateField, even_cells
from emnist_hf.ink import NoInkError
from emnist_hf.reading.results import Box

CHECKBOX = 0.03
"""Side of a checkbox, of the page's longer side, at the most."""

ONE, LOW = 1.3, 0.08
"""Width of a box for one character, in its heights, and height of that, of the page's longer side, at the most."""

EVEN, WALL = 0.06, 0.2
"""How far the middle of a cell may lie off that of even ones, and how thick walls may be, of a cell's width."""


def find_fields(picture: Any, page: int = 1, taken: Iterable[str] = ()) -> list[TemplateField]:
    """Return the fields of a blank page, anything `open_picture` takes, from top to bottom.

    A row of cells is a field, and so is each row of a grid, each cell of a table, and each box. taken: names that other
    fields have. Raises `PictureError` as `open_picture` does.
    """
    try:
        look = look_at(picture)
    except NoInkError:
        return []
    if look is None:
        return []
    found: list[TemplateField] = []
    names = set(taken)
    for place, block in enumerate(look.blocks):
        for box, cells, kind in _parts(look, place, block):
            name = _free_name("check" if kind == "checkbox" else "field", names)
            found.append(TemplateField(name, box, kind, cells, page))
    return found


def _parts(look: Look, place: int, block: Block) -> list[tuple[Box, tuple[Box, ...], str]]:
    """Return box, cells and type of each field of a block."""
    boxes = [look.box_of(cell.quad) for cell in block.cells]
    if block.line:
        return [(boxes[0], (), "text")]
    if len(boxes) == 1:
        (left, top, right, bottom) = boxes[0]
        across, down = right - left, bottom - top
        if down < CHECKBOX * max(look.size) and 0.75 < across / down < 1.33:
            return [(boxes[0], (), "checkbox")]
        return [(boxes[0], (boxes[0],) if across < ONE * down < ONE * LOW * max(look.size) else (), "text")]
    if not block.regular:
        return [(box, (), "text") for box in boxes]
    rows: dict[int, list[Box]] = {}
    for box, cell in zip(boxes, block.cells):
        rows.setdefault(cell.rows[0], []).append(box)
    return [(_around(cells), _evened(cells), "text") for cells in rows.values()]


def _around(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _evened(cells: list[Box]) -> tuple[Box, ...]:
    """Return cells as even ones, which a person edits as a number, where they nearly are."""
    even = even_cells(_around(cells), len(cells))
    width = even[0][2] - even[0][0]
    off = max(abs(a[0] + a[2] - b[0] - b[2]) / 2 for a, b in zip(cells, even))
    gap = max((b[0] - a[2] for a, b in pairwise(cells)), default=0)
    return even if off <= EVEN * width + 1 and gap <= WALL * width else tuple(cells)


def _free_name(kind: str, names: set[str]) -> str:
    number = 1 + sum(name.startswith(f"{kind}_") for name in names)
    while f"{kind}_{number}" in names:
        number += 1
    names.add(f"{kind}_{number}")
    return f"{kind}_{number}"
