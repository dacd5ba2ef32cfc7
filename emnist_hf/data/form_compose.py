"""Forms composed by us: printed boxes that a hand has filled, scanned or photographed, and what is true of them.

`compose_form` prints the items of a layout of `LAYOUTS` (combs, boxes, grids, puzzles, tables, checkboxes, passages of
print, most with a printed label), fills them with a `compose.Hand` and brings the sheet under a condition of
`FORM_CONDITIONS`. A seed gives the same form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.compose import Hand
from emnist_hf.data.form_photo import FORM_CONDITIONS, moved, take
from emnist_hf.data.form_sheet import Rule, Sheet, TrueField

__all__ = ["FORM_CONDITIONS", "HELD_OUT", "LAYOUTS", "Form", "TrueField", "compose_form"]

LABELS = ("First name", "Surname", "Customer number", "Date of birth", "Postcode", "Count", "Meter reading", "Total")
WORDS = ("yes", "no", "agreed", "copy sent", "new client", "paid")
PASSAGE = (
    "Please print in the boxes with a dark pen.",
    "The data are kept for one year and are not",
    "given to others. Thank you for your help.",
)

LAYOUTS: dict[str, tuple[str, ...]] = {
    "registration": ("comb A", "comb A", "comb 0", "checks", "box 0"),
    "counts": ("table 0", "box 0", "comb 0"),
    "fields": ("boxes 0", "boxes 0", "boxes 0", "passage"),
    "puzzle": ("sudoku",),
    "marks": ("row 0",),
    "grid": ("grid A",),
    "open": ("ticks 0", "ticks A", "lines 0", "lines 0", "ticked 0"),
    # These five are kept for measuring: nothing was tuned on them.
    "visit": ("comb 0", "boxes A", "checks", "table 0"),
    "exam": ("comb A", "grid 0", "passage"),
    "tally": ("table 0", "table 0"),
    "puzzle page": ("passage", "sudoku", "box 0"),
    "order": ("boxes 0", "comb A", "row 0", "checks"),
}
"""The items of each layout, from top to bottom: what is drawn, and A for capitals or 0 for digits."""

HELD_OUT = ("visit", "exam", "tally", "puzzle page", "order")


@dataclass(frozen=True)
class Form:
    """A composed form: uint8 [H, W, 3], its fields from top to bottom, and the printed words on it.

    blank: the form before it was filled in, uint8 [H, W, 3]. on_blank: the fields in its pixels.
    """

    picture: NDArray[np.uint8]
    fields: list[TrueField]
    printed: list[str]
    blank: NDArray[np.uint8]
    on_blank: list[TrueField]


# --- items: each prints itself at a height of the sheet and returns where it ends ---


def _comb(sheet: Sheet, top: int, charset: str, walls: str = "") -> int:
    height, width = 56, int(sheet.rng.integers(40, 60))
    count = int(sheet.rng.integers(5, 13))
    text = sheet.text(charset, int(sheet.fill.integers(3, count + 1)))
    left = sheet.label(str(sheet.rng.choice(LABELS)) + ":", 60, top + height // 2) + 30
    count = min(count, (sheet.pen.shape[1] - left - 40) // width)
    texts = [character.strip() for character in text[:count].ljust(count)]
    sheet.cells("comb", (left, top), [texts], (width, height), charset, walls)
    return top + height


def _box(sheet: Sheet, top: int, charset: str, left: int = 60, beside: bool = True) -> int:
    height, width = 70, int(sheet.rng.integers(150, 420))
    text = sheet.text(charset, int(sheet.fill.integers(2, 7)))
    label = str(sheet.rng.choice(LABELS))
    if beside:
        left = sheet.label(label, left, top + height // 2) + 25
    else:
        sheet.label(label[: width // 20], left, top - 20, 20)
    sheet.cells("box", (left, top), [[text]], (width, height), charset)
    return top + height


def _boxes(sheet: Sheet, top: int, charset: str) -> int:
    left = 60
    while left < sheet.pen.shape[1] - 460:
        _box(sheet, top + 30, charset, left, beside=False)
        left = sheet.fields[-1].box[2] + int(sheet.rng.integers(25, 60))
    return top + 100


def _ticks(sheet: Sheet, top: int, charset: str) -> int:
    """A row of cells on a base line, which short ticks part."""
    _comb(sheet, top, charset, "ticks")
    return top + 56


def _ticked(sheet: Sheet, top: int, charset: str) -> int:
    """A box that ticks on its lower side part."""
    _comb(sheet, top, charset, "ticked")
    return top + 56


def _lines(sheet: Sheet, top: int, charset: str) -> int:
    """Two lines to write on, with their labels before them."""
    left = 60
    for label in sheet.rng.choice(LABELS, 2, replace=False):
        start = sheet.label(f"{label}:", left, top + 44) + 12
        end = start + int(sheet.rng.integers(220, 380))
        sheet.line((start, top + 56), (end, top + 56))
        text = sheet.text(charset, int(sheet.fill.integers(3, 7))) if sheet.fill.random() < 0.8 else ""
        if text:
            sheet.write(text, (start, top, end, top + 54), 0.8)
        sheet.fields.append(TrueField("line", (start, top, end, top + 56), ((text,),), charset, open=True))
        left = end + 50
    return top + 56


def _checks(sheet: Sheet, top: int, charset: str) -> int:
    left, side = 60, 34
    for word in sheet.rng.choice(WORDS, 4, replace=False):
        checked = bool(sheet.fill.integers(2))
        box = (left, top, left + side, top + side)
        sheet.frame(box)
        if checked:
            sheet.write("x", box, 1.6)
        sheet.fields.append(TrueField("checkbox", box, (("x" if checked else "",),), ""))
        left = sheet.label(str(word), left + side + 14, top + side // 2) + 60
    return top + side


def _table(sheet: Sheet, top: int, charset: str) -> int:
    rows, columns = int(sheet.rng.integers(3, 7)), int(sheet.rng.integers(2, 5))
    texts = [
        [
            sheet.text(charset, int(sheet.fill.integers(1, 5))) if sheet.fill.random() < 0.8 else ""
            for _ in range(columns)
        ]
        for _ in range(rows)
    ]
    width, height = int(sheet.rng.integers(170, 230)), 66
    sheet.cells("table", (80, top), texts, (width, height), charset)
    return top + rows * height


def _row(sheet: Sheet, top: int, charset: str) -> int:
    side = int(sheet.rng.integers(60, 90))
    texts = [
        sheet.text(charset, 1) if sheet.fill.random() < 0.75 else "" for _ in range(int(sheet.rng.integers(3, 12)))
    ]
    sheet.cells("comb", (70, top), [texts], (side, side), charset)
    return top + side


def _grid(sheet: Sheet, top: int, charset: str) -> int:
    rows, columns = int(sheet.rng.integers(3, 7)), int(sheet.rng.integers(3, 9))
    texts = [[sheet.text(charset, 1) if sheet.fill.random() < 0.7 else "" for _ in range(columns)] for _ in range(rows)]
    side = int(sheet.rng.integers(70, 110))
    sheet.cells("grid", (80, top), texts, (side, side), charset)
    return top + rows * side


def _sudoku(sheet: Sheet, top: int, charset: str) -> int:
    texts = [[sheet.text(charset, 1) if sheet.fill.random() < 0.5 else "" for _ in range(9)] for _ in range(9)]
    side = int(sheet.rng.integers(70, 100))
    sheet.cells("sudoku", (80, top), texts, (side, side), charset)
    return top + 9 * side


def _passage(sheet: Sheet, top: int, charset: str) -> int:
    height = 36 * len(PASSAGE) + 60
    sheet.frame((60, top, 900, top + height))
    for i, line in enumerate(PASSAGE):
        sheet.label(line, 90, top + 48 + 36 * i, 22)
    return top + height


_ITEMS: dict[str, Callable[[Sheet, int, str], int]] = {
    "comb": _comb,
    "box": _box,
    "boxes": _boxes,
    "ticks": _ticks,
    "ticked": _ticked,
    "lines": _lines,
    "checks": _checks,
    "table": _table,
    "row": _row,
    "grid": _grid,
    "sudoku": _sudoku,
    "passage": _passage,
}


def compose_form(layout: str, hand: Hand, condition: str = "scan", seed: int = 0, fill: int | None = None) -> Form:
    """Return a form of a layout of `LAYOUTS`, filled by a hand, under a condition of `FORM_CONDITIONS`.

    fill: a seed of what is written alone: copies of one form, each filled in anew, have the same `seed`, and each its
    `fill`.
    """
    rng = np.random.default_rng(seed)
    colour = ((30, 30, 30), (90, 90, 90), (60, 90, 170), (190, 60, 60), (60, 140, 80))[
        int(rng.integers(1, 5)) if condition == "coloured" else int(rng.integers(2))
    ]
    rule = Rule(int(rng.integers(2, 5)), colour, 10 if condition == "dotted" else 0, condition == "gaps")
    sheet = Sheet((1240, 1754), hand, rule, rng, rng if fill is None else np.random.default_rng(fill))
    top = int(rng.integers(60, 140))
    sheet.label("PLEASE PRINT AND RETURN THIS FORM", 60, top - 24, 30)
    for item in LAYOUTS[layout]:
        kind, _, characters = item.partition(" ")
        top = _ITEMS[kind](sheet, top + 40, "uppercase" if characters == "A" else "digits") + int(rng.integers(10, 40))
    height = min(top + 60, sheet.pen.shape[0])
    blank = np.asarray(sheet.print)[:height]
    picture, matrix = take(blank, sheet.pen[:height], condition, sheet.fill)
    fields = [replace(field, box=moved(field.box, matrix)) for field in sheet.fields]
    return Form(picture, fields, sheet.printed, blank, sheet.fields)
