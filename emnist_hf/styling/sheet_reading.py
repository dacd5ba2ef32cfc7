"""A sheet that somebody wrote for a font is read: its characters found and labelled.

Our own sheet says what stands where. On any other, print beside the writing is left out and the order of the alphabet
counts as evidence; what is in no order is labelled as it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emnist_hf.errors import Sentence, named
from emnist_hf.ink import Ink, to_ink
from emnist_hf.ink.geometry import upright_ink
from emnist_hf.ink.printed import are_printed
from emnist_hf.progress import FINDING_SHEET, READING_CELLS, tell
from emnist_hf.splits import CHARACTERS, fold_shape
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.font_sheet import SKIP, Sheet, SheetCharacter, relabel
from emnist_hf.styling.measuring import Reader
from emnist_hf.styling.outline import Box
from emnist_hf.styling.sheet_guides import without_guides
from emnist_hf.styling.sheet_layout import PAIR_SAMPLES, SAMPLES
from emnist_hf.styling.sheet_marks import SheetMark, find_marks, shape_likelihoods
from emnist_hf.styling.sheet_order import SPREAD, find_order, looks_other, spread_rows, suits, without_title
from emnist_hf.styling.sheet_scan import FlatSheet, find_sheet
from emnist_hf.styling.sheet_walls import without_walls

MOST_CHARACTERS = 600

LIKELY = 0.5
"""How well a mark that is in no order suits a character from which it is taken for it."""

FEW_PRINTED = 6
"""Printed letters of a line from which it is a title."""


def read_sheet(image: Any, reader: Reader) -> Sheet:
    """Find and label the characters of a sheet: ours, or any on which they stand apart from each other.

    image: anything `to_ink` takes. Raise `PictureError` and `NoInkError` as `to_ink` does, `StylingError` for more
    than 600 characters.
    """
    tell(FINDING_SHEET)
    flat = find_sheet(image)
    tell(READING_CELLS)
    sheet = _own_sheet(flat, reader) if flat is not None else _any_sheet(image, reader)
    if len(sheet.characters) > MOST_CHARACTERS:
        raise StylingError(
            "This sheet has {count} characters, more than {most}: give it in parts.",
            count=len(sheet.characters),
            most=MOST_CHARACTERS,
        )
    return sheet


def read_sheets(images: Sequence[Any], reader: Reader, labels: str | None = None) -> list[Sheet]:
    """Read several sheets; `labels` are those of all of them, in order.

    Raise as `read_sheet` and `relabelled` do, and name the file that it is about.
    """
    sheets = []
    for image in images:
        with named(image):
            sheets.append(read_sheet(image, reader))
    return sheets if labels is None else relabel(sheets, labels)


# --- our own ---


def _own_sheet(flat: FlatSheet, reader: Reader) -> Sheet:
    """Label a sheet by its cells, and say which are empty and which hold something that looks otherwise."""
    filled = [found for found in flat.found if found.box is not None]
    letters = [found for found in filled if found.cell.label in CHARACTERS]
    pictures = [flat.ink.coverage[b[1] : b[3], b[0] : b[2]] for b in (f.box for f in letters) if b is not None]
    shapes = dict(zip(map(id, letters), shape_likelihoods(pictures, reader)))
    looks = {id(found): looks_other(shapes[id(found)], found.cell.label) for found in letters}
    rows = sorted({found.cell.rect[1] for found in flat.found})
    combs = {label: number for number, label in enumerate(dict.fromkeys(f.cell.label for f in flat.found))}
    characters = []
    for found in filled:
        label, other = found.cell.label, looks.get(id(found), "")
        box: Any = found.box
        score = 0.0 if other else 1.0
        legible = suits(shapes[id(found)], label) if id(found) in shapes else 1.0
        row = rows.index(found.cell.rect[1])
        characters.append(SheetCharacter(label, score, box, row, combs[label], other, legible))
    singles, pairs = ([c for c in characters if len(c.label) == n] for n in (1, 2))
    return Sheet(flat.ink, singles, 0, pairs, _own_notices(flat, looks), flat.to_picture)


def _own_notices(flat: FlatSheet, looks: dict[int, str]) -> list[str]:
    """Return sentences on empty cells, and on those that hold something else."""
    notices: list[str] = []
    count = {label: PAIR_SAMPLES if len(label) == 2 else SAMPLES for label in (f.cell.label for f in flat.found)}
    empty = [found.cell for found in flat.found if found.box is None and len(found.cell.label) == 1]
    gone = [label for label in count if sum(cell.label == label for cell in empty) == count[label]]
    if gone and len(gone) < sum(len(label) == 1 for label in count):
        notices.append(Sentence("Nothing is written in the cells of {missing}.", missing=" ".join(gone)))
    single = [cell for cell in empty if cell.label not in gone]
    if len(single) <= len(flat.found) // 4:  # else everything was written once, and that was meant
        for cell in single:
            notices.append(Sentence("Cell {number} of {label} is empty.", number=cell.sample + 1, label=cell.label))
    doubtful = [(found.cell, looks[id(found)]) for found in flat.found if looks.get(id(found))]
    said = set()
    for cell, other in doubtful:
        partner = next((c for c, o in doubtful if _swapped(cell, other, c, o)), None)
        if partner is not None:
            pair = frozenset(((cell.label, cell.sample), (partner.label, partner.sample)))
            if pair not in said:
                template = "Cell {number} of {label} and cell {with_number} of {other} look swapped."
                values = {"number": cell.sample + 1, "label": cell.label, "with_number": partner.sample + 1}
                notices.append(Sentence(template, **values, other=partner.label))
            said.add(pair)
        else:
            template = "Cell {number} of {label} looks like {other}: is it {label}?"
            notices.append(Sentence(template, number=cell.sample + 1, label=cell.label, other=other))
    return notices


def _swapped(one: Any, looks: str, other: Any, others: str) -> bool:
    """Tell whether each of two cells looks like what the other is for."""
    return (
        one.label != other.label
        and fold_shape(looks) == fold_shape(other.label)
        and fold_shape(others) == fold_shape(one.label)
    )


# --- any other ---


def _any_sheet(image: Any, reader: Reader) -> Sheet:
    """Label a sheet by its order where it is in one, else as it is read, which also tells which way up it lies."""
    ink = to_ink(image)
    if (ordered := _sheet_in_order(ink, 0, reader)) is not None:
        return ordered
    reading = reader.read(image, ink=ink)
    upright = upright_ink(ink, reading.turns)
    if reading.turns and (ordered := _sheet_in_order(upright, reading.turns, reader)) is not None:
        return ordered
    found = [SheetCharacter(c.label, c.score, tuple(c.box), c.line, c.word) for c in reading.upright().characters]
    if (characters := _read_in_order(found, upright, reader)) is not None:
        return Sheet(upright, characters, reading.turns, (), _order_notices(characters))
    return Sheet(upright, _without_titles(found), reading.turns, is_text=True)


def _read_in_order(found: Sequence[SheetCharacter], upright: Ink, reader: Reader) -> list[SheetCharacter] | None:
    """Label what was read by its order, as where walls hid it from `find_marks`; None where it is in none."""
    boxes: Any = [tuple(round(side * upright.scale) for side in c.box) for c in found]
    pictures = [upright.coverage[b[1] : b[3], b[0] : b[2]] for b in boxes]
    shapes = shape_likelihoods(pictures, reader)
    order = find_order([SheetMark(box, c.line, row) for box, c, row in zip(boxes, found, shapes)])
    if order is None:
        return None
    return [
        c
        if label is None
        else replace(c, label=label, score=0.0 if other else 1.0, looks=other, legible=suits(row, label))
        for c, label, row in zip(found, order, shapes)
        for other in [looks_other(row, label) if label else ""]
    ]


def _sheet_in_order(upright: Ink, turns: int, reader: Reader) -> Sheet | None:
    """Label a sheet by its order; None where it is in none. turns: that its picture was given for it."""
    upright = replace(upright, coverage=without_walls(upright.coverage))
    written, guides = without_guides(find_marks(upright.coverage, reader))
    order = find_order(written)
    if order is None:
        return None
    spread = spread_rows(written, order)
    order = without_title(written, order, spread)
    characters = []
    for mark, label in zip(written, order):
        if label is not None:
            characters.append(_ordered(mark, label, upright.scale))
        elif mark.row in spread and (not guides or mark.guide is not None):
            likely = float(mark.shapes.max()) if not guides else 0.0
            label = mark.best if likely > LIKELY else SKIP
            characters.append(SheetCharacter(label, min(likely, 0.9), _box(mark, upright.scale), mark.row, 0))
    return Sheet(upright, characters, turns, (), _order_notices(characters))


def _ordered(mark: SheetMark, label: str, scale: float) -> SheetCharacter:
    other = looks_other(mark.shapes, label)
    return SheetCharacter(
        label, 0.0 if other else 1.0, _box(mark, scale), mark.row, 0, other, suits(mark.shapes, label)
    )


def _box(mark: SheetMark, scale: float) -> Box:
    left, top, right, bottom = (side / scale for side in mark.box)
    return left, top, right, bottom


def _order_notices(characters: Sequence[SheetCharacter]) -> list[str]:
    """Return sentences on where order and shape disagree."""
    template = "After {before} stands what looks like {other}, where {label} is due: is it {label}?"
    return [
        Sentence(template, before=before.label if before else "the start", other=character.looks, label=character.label)
        for before, character in zip([None, *characters], characters)
        if character.looks
    ]


def _without_titles(characters: Sequence[SheetCharacter]) -> list[SheetCharacter]:
    """Return characters without printed lines that stand closer than the others, where others there are."""
    boxes = np.array([c.box for c in characters], np.float64).reshape(-1, 4)
    printed, lines = are_printed(boxes), np.array([c.line for c in characters])
    gaps = {
        line: float(np.median(np.maximum(boxes[lines == line][1:, 0] - boxes[lines == line][:-1, 2], 0)))
        for line in set(lines.tolist())
        if (lines == line).sum() >= FEW_PRINTED
    }
    titles = {
        line
        for line, gap in gaps.items()
        if printed[lines == line].mean() > 0.7 and gap < SPREAD * float(np.median(list(gaps.values())))
    }
    return [c for c in characters if c.line not in titles]
