"""A form read: what is written in each box told from what is printed, and read by what the box is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from emnist_hf.forms.block import Block
from emnist_hf.forms.cells import sides
from emnist_hf.forms.characters import (
    LETTERS_FOR_DIGITS,
    alphabet_of,
    classify,
    digits_only,
    label_of,
    looks_like_digits,
)
from emnist_hf.forms.labels import with_labels
from emnist_hf.forms.look import Look, letters_beside, look_at
from emnist_hf.forms.marks import MARKS, is_mark, without_marks
from emnist_hf.forms.order import Line, around, in_order
from emnist_hf.forms.printed import are_printed, is_printed
from emnist_hf.forms.turning import turns_of
from emnist_hf.forms.walls import Part
from emnist_hf.ink import NoInkError, open_picture
from emnist_hf.ink.geometry import upright_picture
from emnist_hf.ink.types import Floats
from emnist_hf.progress import FINDING_BOXES, READING_BOXES, counted, tell
from emnist_hf.reading.pipeline import TURNED
from emnist_hf.reading.results import Cell, Character, Field, Reading, Table, text_of
from emnist_hf.reading.scoring import Classifier
from emnist_hf.splits import CHARSETS, LabelSet

SOME_MARK = 0.95
"""Score of a mark in a checkbox that looks like another character."""

EMPTY = 0.22
"""Size of what is written in a cell, of the cell's height, below which it is empty."""

LETTER = 0.3
"""Height of a letter outside the boxes, of an ordinary cell's, at the least."""

SEVERAL = 3
"""Strokes that are writing in a box however small they are beside it: a big box holds text."""

IN_TABLE, LIKE_NEIGHBOURS = 0.8, 0.25
"""Share of a table's filled cells that are digits from which others are too, and how much of one looks like digits."""

FEW = 3
"""Empty boxes that do not make a form."""

BESIDE, BY_HAND = 3.0, 0.6
"""Pixels written by hand beside the boxes, of those in them and of all that stand beside them, beyond which boxes are
not what the page is about: of print up to a half looks written, as on a blank form, of handwriting nine tenths."""

ReadLine = Callable[[Floats, Classifier], list[Character]]
"""The ink of a line, float32 [H, W], level, and what classifies its glyphs, to its characters."""


def read_form(
    image: Any, classifier: Classifier, read_line: ReadLine, target: LabelSet = CHARSETS["byclass"]
) -> Reading | None:
    """Read what stands in the boxes of a picture, anything `open_picture` takes; None where it is no form.

    classifier: of glyphs. read_line: reads what a box holds. target: the charset to answer in.

    Raises `PictureError` as `open_picture` does.
    """
    tell(FINDING_BOXES)
    look = _seen(image)
    turns = 0 if look is None else turns_of(look, classifier)
    if turns:
        image = upright_picture(open_picture(image), turns)
        look = _seen(image)
    if look is None or _is_page(look):
        return None
    reading = _Reader(look, classifier, read_line, target).read()
    reading = replace(reading, fields=with_labels(reading.fields, image, [table.box for table in reading.tables]))
    return _turned_back(reading, turns) if turns else reading


def _seen(image: Any) -> Look | None:
    try:
        return look_at(image)
    except NoInkError:
        return None


def _turned_back(reading: Reading, turns: int) -> Reading:
    """Return the reading of a picture that was turned upright, with boxes in the pixels of the one that was given."""
    given = replace(reading, turns=4 - turns).upright()
    return replace(given, turns=turns, note=TURNED[turns])


def _is_page(look: Look) -> bool:
    """Whether a picture is a page of writing that happens to have a box, and not a form."""
    inside = sum(part.area for parts in look.written.parts for part in parts)
    beside = look.written.outside()
    boxes = sum(len(block.cells) for block in look.blocks if not letters_beside(block, beside))
    if not boxes or (not inside and boxes < FEW):
        return True
    height = float(np.median([block.size[1] for block in look.blocks]))
    angle = float(np.median([block.angle for block in look.blocks]))
    outside = [part for part in beside if LETTER * height < part.height < 3 * height]
    areas = np.array([part.area for part in outside])
    by_hand = float(areas[~are_printed(outside, angle)].sum())
    return by_hand > max(BESIDE * inside, BY_HAND * float(areas.sum()))


class _Reader:
    """Reads the blocks of one picture."""

    def __init__(self, look: Look, classifier: Classifier, read_line: ReadLine, target: LabelSet) -> None:
        self._look, self._written = look, look.written
        self._classifier, self._read_line, self._target = classifier, read_line, target
        self._lines: list[Line] = []

    def read(self) -> Reading:
        fields, tables = list[Field](), list[Table]()
        for place, block in enumerate(counted(READING_BOXES, self._look.blocks)):
            if len(block.cells) == 1:
                fields += self._box(block, self._look.first[place])
            elif block.regular and block.shape[0] == 1:
                fields.append(self._comb(place))
            elif block.regular:
                tables.append(self._table(block, self._characters(place)))
            else:
                tables.append(self._table(block, self._lines_of(place)))
        characters = in_order(self._lines)
        text = text_of(characters)
        return Reading(text, characters, "", self._look.size, 0, tuple(fields), tuple(tables))

    # --- cells of one character ---

    def _comb(self, place: int) -> Field:
        cells = self._characters(place)
        score = float(np.prod([cell.score for cell in cells]))
        text = "".join(cell.text for cell in cells)
        return Field("comb", self._look.outline_of(self._look.blocks[place]), text, score, cells=tuple(cells))

    def _characters(self, place: int) -> list[Cell]:
        """Read a block whose cells hold one character each, or nothing."""
        block, places = self._look.blocks[place], self._look.cells_of(place)
        content = without_marks([self._content(cell) for cell in places])
        filled = [i for i, parts in enumerate(content) if parts]
        pictures = [self._written.picture_of(content[i], block.angle)[0] for i in filled]
        found = classify(pictures, self._classifier)
        alphabet = alphabet_of(found, self._target)
        cells = [Cell(self._look.box_of(cell.quad), "", 1.0) for cell in block.cells]
        for i, one in zip(filled, found):
            label, score, choices = label_of(one, alphabet)
            cells[i] = Cell(cells[i].box, label, score, choices)
        for _, row in groupby(range(len(cells)), key=lambda i: block.cells[i].rows[0]):
            written = [cells[i] for i in row if cells[i].text]
            characters = [Character(c.text, c.score, c.box, 0, 0, c.alternatives) for c in written]
            if characters:
                self._lines.append(Line(around([c.box for c in written]), characters))
        return cells

    def _content(self, cell: int, several: bool = False) -> list[Part]:
        """Return the strokes of a cell that are no specks; none where all of them are too small for a character.

        several: whether it may hold more than one character: many small ones are no specks.
        """
        parts = self._written.parts[cell]
        if not parts:
            return []
        largest = max(part.area for part in parts)
        parts = [part for part in parts if part.area >= 0.02 * largest]
        sizes = [max(part.height, part.width) for part in parts]
        least = EMPTY * sides(self._written.quads[cell])[1]
        text = several and len(parts) >= SEVERAL and sum(sizes) >= SEVERAL * least
        return parts if max(sizes) >= least or text else []

    # --- cells of a line ---

    def _line(self, block: Block, cell: int, digits: float = LETTERS_FOR_DIGITS) -> tuple[str, float]:
        """Read the line in a cell: its text, and the probability that it is right; "" where print is all there is.

        digits: how much of it looks like digits where it is one of digits.
        """
        parts = self._content(cell, several=True)
        if not parts or is_printed(parts, block.angle):
            return "", 1.0
        picture, back = self._written.picture_of(parts, block.angle)
        characters = self._read_line(picture, self._classifier)
        if looks_like_digits(characters) > digits and "0" in self._target.labels:
            characters = self._read_line(picture, digits_only(self._classifier)) or characters
        moved = []
        for character in characters:
            left, top, right, bottom = character.box
            corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
            box = self._look.box_of(corners @ back[:, :2].T + back[:, 2])
            moved.append(
                Character(character.label, character.score, box, character.line, character.word, character.alternatives)
            )
        for _, line in groupby(moved, key=lambda character: character.line):
            some = list(line)
            self._lines.append(Line(around([c.box for c in some]), some))
        return text_of(characters), float(np.prod([c.score for c in characters]))

    def _box(self, block: Block, cell: int) -> list[Field]:
        """Read a single box, a checkbox or a line; [] for one that holds nothing but print."""
        box, parts = self._look.outline_of(block), self._content(cell, several=True)
        small = self._look.may_be_checkbox(block)
        if small and not parts:
            return [Field("checkbox", box, "", 1.0, checked=False)]
        if parts and is_printed(parts, block.angle):
            return []
        before = len(self._lines)
        text, score = self._line(block, cell)
        if block.line:
            return [Field("line", box, text, score)]
        if small and (self._has_empty_checkbox or is_mark(text, score)):
            del self._lines[before:]
            return [Field("checkbox", box, "", score if set(text.upper()) <= MARKS else SOME_MARK, checked=True)]
        return [Field("box", box, text, score)]

    @cached_property
    def _has_empty_checkbox(self) -> bool:
        """Whether a form has a small box that is empty: others are checked then, whatever the mark looks like."""
        small = [i for i, block in enumerate(self._look.blocks) if self._look.may_be_checkbox(block)]
        return any(not self._content(self._look.first[i]) for i in small)

    def _lines_of(self, place: int) -> list[Cell]:
        """Read a block whose cells hold a line each, or nothing."""
        block, before = self._look.blocks[place], len(self._lines)
        lines = [self._line(block, cell) for cell in self._look.cells_of(place)]
        filled = [text for text, _ in lines if text]
        digits = sum(text.isdecimal() for text in filled)
        if IN_TABLE * len(filled) <= digits < len(filled):
            del self._lines[before:]
            lines = [self._line(block, cell, LIKE_NEIGHBOURS) for cell in self._look.cells_of(place)]
        return [Cell(self._look.box_of(cell.quad), *line) for cell, line in zip(block.cells, lines)]

    def _table(self, block: Block, cells: Sequence[Cell]) -> Table:
        box = self._look.outline_of(block)
        grid = [[Cell(box, "", 1.0)] * block.shape[1] for _ in range(block.shape[0])]
        for place, cell in zip(block.cells, cells):
            for row in range(place.rows[0], place.rows[1] + 1):
                for column in range(place.columns[0], place.columns[1] + 1):
                    grid[row][column] = Cell(cell.box, "", 1.0)
            grid[place.rows[0]][place.columns[0]] = cell
        return Table(box, tuple(tuple(cell.text for cell in row) for row in grid), tuple(map(tuple, grid)))
