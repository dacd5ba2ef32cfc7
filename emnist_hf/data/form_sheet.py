"""A composed form in the making: what is printed on its sheet, what is written, and where its fields are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.data.compose import Box, Floats, Hand

DIGITS, UPPERCASE = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class TrueField:
    """What stands in one item of a form.

    kind: comb, box, line, checkbox, grid or table. box: in the picture's pixels. rows: the text of each cell, "" where
    it is empty; of a checkbox "x" where it is checked. charset: digits or uppercase. open: whether no rule is above it.
    """

    kind: str
    box: Box
    rows: tuple[tuple[str, ...], ...]
    charset: str = "digits"
    open: bool = False


@dataclass(frozen=True)
class Rule:
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


class Sheet:
    """A form in the making: what is printed, what is written, and where the fields are."""

    def __init__(
        self, size: tuple[int, int], hand: Hand, rule: Rule, rng: np.random.Generator, fill: np.random.Generator
    ) -> None:
        """Begin with white paper. rng: what the print is drawn by. fill: what is written, and how."""
        self.print = Image.new("RGB", size, (255, 255, 255))
        self.pen: Floats = np.zeros(size[::-1], np.float32)
        self.hand, self.rule, self.rng, self.fill = hand, rule, rng, fill
        self.typeface = _typefaces()[rng.integers(len(_typefaces()))]
        self.fields: list[TrueField] = []
        self.printed: list[str] = []

    def line(self, a: tuple[int, int], b: tuple[int, int], thick: int = 1) -> None:
        draw, rule = ImageDraw.Draw(self.print), self.rule
        start, end = np.array(a, float), np.array(b, float)
        length = max(1.0, float(np.abs(end - start).max()))
        pieces = [(0.0, 1.0)]
        if rule.gaps and length > 20:
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
        size = max(12, round((bottom - top) * fill * self.fill.uniform(0.9, 1.1)))
        drawn = [self.hand(c, size, self.fill) for c in text]
        gap = round(0.12 * size)
        width = sum(ink.shape[1] - 12 + gap for ink, _ in drawn) - gap
        if width > 0.92 * (right - left):
            self.write(text, box, fill * 0.9)
            return
        slack = right - left - width
        x = left + slack // 2 + round(self.fill.normal(0, 0.08) * slack)
        base = (top + bottom) / 2 + 0.33 * size * 0.98 + self.fill.normal(0, 0.03) * size
        for ink, above in drawn:
            y, aside = round(base - above + self.fill.normal(0, 0.015) * size), x - 6
            part = self.pen[max(0, y) : y + ink.shape[0], aside : aside + ink.shape[1]]
            np.maximum(part, ink[-min(0, y) :][: part.shape[0], : part.shape[1]], out=part)
            x += ink.shape[1] - 12 + gap

    def text(self, charset: str, length: int) -> str:
        return "".join(self.fill.choice(list(DIGITS if charset == "digits" else UPPERCASE), length))

    def cells(
        self,
        kind: str,
        corner: tuple[int, int],
        texts: Sequence[Sequence[str]],
        cell: tuple[int, int],
        charset: str,
        walls: str = "",
    ) -> None:
        """Print rows of cells, each of so many pixels, and write a text into each that has one.

        walls: "ticks" where ticks on a base line are all that parts them, "ticked" where a box is around these.
        """
        (left, top), (width, height) = corner, cell
        rows, columns = len(texts), len(texts[0])
        right, bottom = left + columns * width, top + rows * height
        bold = 3 if kind == "sudoku" else 0
        for i in range(rows + 1 if walls != "ticks" else 0):
            self.line((left, top + i * height), (right, top + i * height), 2 if bold and i % bold == 0 else 1)
        if walls == "ticks":
            self.line((left, bottom), (right, bottom))
        for i in range(columns + 1):
            low = walls == "ticks" or (walls == "ticked" and 0 < i < columns)
            self.line(
                (left + i * width, bottom - 13 if low else top),
                (left + i * width, bottom),
                2 if bold and i % bold == 0 else 1,
            )
        for i, row in enumerate(texts):
            for j, text in enumerate(row):
                x, y = left + j * width, top + i * height
                if text:
                    self.write(text, (x, y, x + width, y + height))
        kind = "grid" if bold else kind
        true = TrueField(kind, (left, top, right, bottom), tuple(map(tuple, texts)), charset, walls == "ticks")
        self.fields.append(true)
