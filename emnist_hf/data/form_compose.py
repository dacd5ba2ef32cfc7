"""Forms composed by us: printed boxes that a hand has filled, scanned or photographed, and what is true of them.

`compose_form` prints the items of a layout of `LAYOUTS` (combs, boxes, grids, puzzles, tables, checkboxes, passages of
print, most with a printed label), fills them with a `compose.Hand` and brings the sheet under a condition of
`FORM_CONDITIONS`. A seed gives the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.data.compose import Box, Floats, Hand
from emnist_hf.data.form_photo import FORM_CONDITIONS, moved, take

DIGITS, UPPERCASE = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
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
class TrueField:
    """What stands in one item of a form.

    kind: comb, box, checkbox, grid or table. box: in the picture's pixels. rows: the text of each cell, "" where it is
    empty; of a checkbox "x" where it is checked. charset: digits or uppercase.
    """

    kind: str
    box: Box
    rows: tuple[tuple[str, ...], ...]
    charset: str = "digits"


@dataclass(frozen=True)
class Form:
    """A composed form: uint8 [H, W, 3], its fields from top to bottom, and the printed words on it."""

    picture: NDArray[np.uint8]
    fields: list[TrueField]
    printed: list[str]


@dataclass(frozen=True)
class _Rule:
    """How boxes are printed: thickness in pixels, colour, period of dots (0 for none) and share of gaps."""

    thickness: int
    colour: tuple[int, int, int]
    dots: int = 0
    gaps: bool = False


@cache
def _typefaces() -> tuple[Path, ...]:
    """Return typefaces that Matplotlib carries: sans, serif, a narrower serif and a typewriter."""
    import matplotlib

    folder = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf"
    names = ("DejaVuSans", "DejaVuSerif", "DejaVuSans-Bold", "DejaVuSansMono", "STIXGeneral", "STIXGeneralBol", "cmr10")
    return tuple(folder / f"{name}.ttf" for name in names)


class _Sheet:
    """A form in the making: what is printed, what is written, and where the fields are."""

    def __init__(self, size: tuple[int, int], hand: Hand, rule: _Rule, rng: np.random.Generator) -> None:
        self.print = Image.new("RGB", size, (255, 255, 255))
        self.pen: Floats = np.zeros(size[::-1], np.float32)
        self.hand, self.rule, self.rng = hand, rule, rng
        self.typeface = _typefaces()[rng.integers(len(_typefaces()))]
        self.fields: list[TrueField] = []
        self.printed: list[str] = []

    def line(self, a: tuple[int, int], b: tuple[int, int], thick: int = 1) -> None:
        draw, rule = ImageDraw.Draw(self.print), self.rule
        start, end = np.array(a, float), np.array(b, float)
        length = max(1.0, float(np.abs(end - start).max()))
        pieces = [(0.0, 1.0)]
        if rule.gaps:
            middle, half = self.rng.uniform(0.2, 0.8), 4 / length
            pieces = [(0.0, middle - half), (middle + half, 1.0)]
        if rule.dots:
            step = rule.dots / length
            pieces = [(t, t + 0.5 * step) for t in np.arange(0, 1, step)]
        for first, last in pieces:
            ends = (*(start + first * (end - start)), *(start + last * (end - start)))
            draw.line([round(v) for v in ends], fill=rule.colour, width=rule.thickness * thick)

    def frame(self, box: Box) -> None:
        left, top, right, bottom = box
        for a, b in (
            ((left, top), (right, top)),
            ((left, bottom), (right, bottom)),
            ((left, top), (left, bottom)),
            ((right, top), (right, bottom)),
        ):
            self.line(a, b)

    def label(self, text: str, left: int, middle: int, size: int = 24) -> int:
        """Print words; return where they end."""
        font = ImageFont.truetype(str(self.typeface), size)
        ImageDraw.Draw(self.print).text((left, middle), text, (30, 30, 30), font, anchor="lm")
        self.printed.append(text)
        return left + round(font.getlength(text))

    def write(self, text: str, box: Box, fill: float = 0.9) -> None:
        """Write text into a box; its letters are as high as the box allows, one in a cell stands in its middle."""
        left, top, right, bottom = box
        size = max(12, round((bottom - top) * fill * self.rng.uniform(0.9, 1.1)))
        drawn = [self.hand(c, size, self.rng) for c in text]
        gap = round(0.12 * size)
        width = sum(ink.shape[1] - 12 + gap for ink, _ in drawn) - gap
        if width > 0.92 * (right - left):
            self.write(text, box, fill * 0.9)
            return
        slack = right - left - width
        x = left + slack // 2 + round(self.rng.normal(0, 0.08) * slack)
        base = (top + bottom) / 2 + 0.33 * size * 0.98 + self.rng.normal(0, 0.03) * size
        for ink, above in drawn:
            y, aside = round(base - above + self.rng.normal(0, 0.015) * size), x - 6
            part = self.pen[max(0, y) : y + ink.shape[0], aside : aside + ink.shape[1]]
            np.maximum(part, ink[-min(0, y) :][: part.shape[0], : part.shape[1]], out=part)
            x += ink.shape[1] - 12 + gap

    def text(self, charset: str, length: int) -> str:
        return "".join(self.rng.choice(list(DIGITS if charset == "digits" else UPPERCASE), length))

    def cells(
        self, kind: str, corner: tuple[int, int], texts: Sequence[Sequence[str]], cell: tuple[int, int], charset: str
    ) -> None:
        """Print rows of cells, each of so many pixels, and write a text into each that has one."""
        (left, top), (width, height) = corner, cell
        rows, columns = len(texts), len(texts[0])
        right, bottom = left + columns * width, top + rows * height
        bold = 3 if kind == "sudoku" else 0
        for i in range(rows + 1):
            self.line((left, top + i * height), (right, top + i * height), 2 if bold and i % bold == 0 else 1)
        for i in range(columns + 1):
            self.line((left + i * width, top), (left + i * width, bottom), 2 if bold and i % bold == 0 else 1)
        for i, row in enumerate(texts):
            for j, text in enumerate(row):
                x, y = left + j * width, top + i * height
                if text:
                    self.write(text, (x, y, x + width, y + height))
        kind = "grid" if bold else kind
        self.fields.append(TrueField(kind, (left, top, right, bottom), tuple(map(tuple, texts)), charset))


# --- items: each prints itself at a height of the sheet and returns where it ends ---


def _comb(sheet: _Sheet, top: int, charset: str) -> int:
    height, width = 56, int(sheet.rng.integers(40, 60))
    count = int(sheet.rng.integers(5, 13))
    text = sheet.text(charset, int(sheet.rng.integers(3, count + 1)))
    left = sheet.label(str(sheet.rng.choice(LABELS)) + ":", 60, top + height // 2) + 30
    count = min(count, (sheet.pen.shape[1] - left - 40) // width)
    texts = [character.strip() for character in text[:count].ljust(count)]
    sheet.cells("comb", (left, top), [texts], (width, height), charset)
    return top + height


def _box(sheet: _Sheet, top: int, charset: str, left: int = 60, beside: bool = True) -> int:
    height, width = 70, int(sheet.rng.integers(150, 420))
    text = sheet.text(charset, int(sheet.rng.integers(2, 7)))
    label = str(sheet.rng.choice(LABELS))
    if beside:
        left = sheet.label(label, left, top + height // 2) + 25
    else:
        sheet.label(label[: width // 20], left, top - 20, 20)
    sheet.cells("box", (left, top), [[text]], (width, height), charset)
    return top + height


def _boxes(sheet: _Sheet, top: int, charset: str) -> int:
    left = 60
    while left < sheet.pen.shape[1] - 460:
        _box(sheet, top + 30, charset, left, beside=False)
        left = sheet.fields[-1].box[2] + int(sheet.rng.integers(25, 60))
    return top + 100


def _checks(sheet: _Sheet, top: int, charset: str) -> int:
    left, side = 60, 34
    for word in sheet.rng.choice(WORDS, 4, replace=False):
        checked = bool(sheet.rng.integers(2))
        box = (left, top, left + side, top + side)
        sheet.frame(box)
        if checked:
            sheet.write("x", box, 1.6)
        sheet.fields.append(TrueField("checkbox", box, (("x" if checked else "",),), ""))
        left = sheet.label(str(word), left + side + 14, top + side // 2) + 60
    return top + side


def _table(sheet: _Sheet, top: int, charset: str) -> int:
    rows, columns = int(sheet.rng.integers(3, 7)), int(sheet.rng.integers(2, 5))
    texts = [
        [sheet.text(charset, int(sheet.rng.integers(1, 5))) if sheet.rng.random() < 0.8 else "" for _ in range(columns)]
        for _ in range(rows)
    ]
    width, height = int(sheet.rng.integers(170, 230)), 66
    sheet.cells("table", (80, top), texts, (width, height), charset)
    return top + rows * height


def _row(sheet: _Sheet, top: int, charset: str) -> int:
    side = int(sheet.rng.integers(60, 90))
    texts = [sheet.text(charset, 1) if sheet.rng.random() < 0.75 else "" for _ in range(int(sheet.rng.integers(3, 12)))]
    sheet.cells("comb", (70, top), [texts], (side, side), charset)
    return top + side


def _grid(sheet: _Sheet, top: int, charset: str) -> int:
    rows, columns = int(sheet.rng.integers(3, 7)), int(sheet.rng.integers(3, 9))
    texts = [[sheet.text(charset, 1) if sheet.rng.random() < 0.7 else "" for _ in range(columns)] for _ in range(rows)]
    side = int(sheet.rng.integers(70, 110))
    sheet.cells("grid", (80, top), texts, (side, side), charset)
    return top + rows * side


def _sudoku(sheet: _Sheet, top: int, charset: str) -> int:
    texts = [[sheet.text(charset, 1) if sheet.rng.random() < 0.5 else "" for _ in range(9)] for _ in range(9)]
    side = int(sheet.rng.integers(70, 100))
    sheet.cells("sudoku", (80, top), texts, (side, side), charset)
    return top + 9 * side


def _passage(sheet: _Sheet, top: int, charset: str) -> int:
    height = 36 * len(PASSAGE) + 60
    sheet.frame((60, top, 900, top + height))
    for i, line in enumerate(PASSAGE):
        sheet.label(line, 90, top + 48 + 36 * i, 22)
    return top + height


_ITEMS: dict[str, Callable[[_Sheet, int, str], int]] = {
    "comb": _comb,
    "box": _box,
    "boxes": _boxes,
    "checks": _checks,
    "table": _table,
    "row": _row,
    "grid": _grid,
    "sudoku": _sudoku,
    "passage": _passage,
}


def compose_form(layout: str, hand: Hand, condition: str = "scan", seed: int = 0) -> Form:
    """Return a form of a layout of `LAYOUTS`, filled by a hand, under a condition of `FORM_CONDITIONS`."""
    rng = np.random.default_rng(seed)
    colour = ((30, 30, 30), (90, 90, 90), (60, 90, 170), (190, 60, 60), (60, 140, 80))[
        int(rng.integers(1, 5)) if condition == "coloured" else int(rng.integers(2))
    ]
    rule = _Rule(int(rng.integers(2, 5)), colour, 10 if condition == "dotted" else 0, condition == "gaps")
    sheet = _Sheet((1240, 1754), hand, rule, rng)
    top = int(rng.integers(60, 140))
    sheet.label("PLEASE PRINT AND RETURN THIS FORM", 60, top - 24, 30)
    for item in LAYOUTS[layout]:
        kind, _, characters = item.partition(" ")
        top = _ITEMS[kind](sheet, top + 40, "uppercase" if characters == "A" else "digits") + int(rng.integers(10, 40))
    height = min(top + 60, sheet.pen.shape[0])
    picture, matrix = take(np.asarray(sheet.print)[:height], sheet.pen[:height], condition, rng)
    return Form(picture, [replace(field, box=moved(field.box, matrix)) for field in sheet.fields], sheet.printed)
