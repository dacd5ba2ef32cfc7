"""Sheets for a font, filled in by the tests: ours, and such as other tools print, with guides and a title."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import matplotlib
import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.styling.sheet_layout import sheet_pages
from emnist_hf.styling.sheet_pdf import write_sheet
from tests.support.hands import HANDS

DPI = 150
PRINT = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans-Bold.ttf"

CELLED = 120
"""Side of a cell of a `celled` sheet, in pixels."""

Key = tuple[str, int]
"""A cell: its label and which of its cells, from 0."""


def filled(
    hand: str = "patrick-hand",
    page: int = 0,
    paper: str = "a4",
    *,
    holds: Mapping[Key, str] | None = None,
    empty: Collection[Key] = (),
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Our sheet as it is printed, uint8 [H, W, 3], and what is written in its cells, float32 [H, W].

    holds: what stands in a cell instead of its label.
    """
    rng = np.random.default_rng(seed)
    document = pypdfium2.PdfDocument(write_sheet(paper))
    printed = document[page].render(scale=DPI / 72).to_pil().convert("RGB")
    ink = Image.new("L", printed.size)
    canvas, scale = ImageDraw.Draw(ink), DPI / 25.4
    font = ImageFont.truetype(HANDS[hand], round(6.2 * scale))
    for cell in sheet_pages(paper)[page].cells:
        if (cell.label, cell.sample) in empty:
            continue
        text = (holds or {}).get((cell.label, cell.sample), cell.label)
        left, _, right, _ = (side * scale for side in cell.rect)
        at = ((left + right) / 2 + rng.normal(0, 1), cell.baseline * scale + rng.normal(0, 1))
        canvas.text(at, text, fill=255, font=font, anchor="ms")
    return np.asarray(printed), np.asarray(ink, np.float32) / 255


def guided(rows: Collection[str], hand: str = "patrick-hand", title: str = "", seed: int = 0) -> Image.Image:
    """Rows of letters, each printed and beneath it written by hand: odd rows print, even rows writing."""
    rng = np.random.default_rng(seed)
    pitch, side = 90, 150
    picture = Image.new("RGB", (pitch * (max(map(len, rows)) + 1), side * len(rows) + 2 * side), "white")
    canvas = ImageDraw.Draw(picture)
    canvas.text((pitch, 40), title, fill="black", font=ImageFont.truetype(PRINT, 44))
    small, pen = ImageFont.truetype(PRINT, 34), ImageFont.truetype(HANDS[hand], 64)
    for number, row in enumerate(rows):
        top = side * (number + 1)
        for column, letter in enumerate(row):
            x = pitch * (column + 1)
            canvas.text((x, top), letter, fill=(90, 90, 90), font=small, anchor="ms")
            canvas.text(
                (x + rng.normal(0, 4), top + 70 + rng.normal(0, 5)), letter, fill=(20, 24, 60), font=pen, anchor="ms"
            )
    return picture


def is_written(box: Collection[float], rows: int) -> bool:
    """Tell whether a box of a `guided` sheet is of a written row, and of no printed one."""
    _, top, _, bottom = box
    middle = (top + bottom) / 2
    return any(150 * (number + 1) + 12 < middle < 150 * (number + 1) + 110 for number in range(rows))


def celled(
    rows: Collection[str],
    hand: str = "patrick-hand",
    *,
    frames: bool = False,
    guides: bool = True,
    title: str = "",
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """A grid of cells as other tools print it, uint8 [H, W, 3], and a letter written into each, float32 [H, W].

    frames: a frame of its own around each cell instead of walls that neighbours share. guides: the letter printed small
    in the upper left corner of its cell.
    """
    rng = np.random.default_rng(seed)
    side, per_row = CELLED, 10
    cells = [letter for row in rows for letter in row]
    size = ((per_row + 1) * side, (-(-len(cells) // per_row) + 2) * side)
    printed, ink = Image.new("RGB", size, "white"), Image.new("L", size)
    canvas, writing = ImageDraw.Draw(printed), ImageDraw.Draw(ink)
    canvas.text((side, 40), title, fill="black", font=ImageFont.truetype(PRINT, 44))
    small, pen = ImageFont.truetype(PRINT, 20), ImageFont.truetype(HANDS[hand], 64)
    inset = 8 if frames else 0
    for number, letter in enumerate(cells):
        left, top = side // 2 + number % per_row * side, side + number // per_row * side
        box = (left + inset, top + inset, left + side - inset, top + side - inset)
        canvas.rectangle(box, outline=(60, 60, 60), width=3)
        if guides:
            canvas.text((box[0] + 7, box[1] + 5), letter, fill=(90, 90, 90), font=small)
        at = (left + 66 + rng.normal(0, 3), top + 88 + rng.normal(0, 3))
        writing.text(at, letter, fill=255, font=pen, anchor="ms")
    return np.asarray(printed), np.asarray(ink, np.float32) / 255


def is_in_cell(box: Collection[float]) -> bool:
    """Tell whether a box of a `celled` sheet, not photographed, is where its cells are written in, and no guide's."""
    left, top, right, bottom = box
    across, down = ((left + right) / 2 - CELLED / 2) % CELLED, ((top + bottom) / 2) % CELLED
    return top > CELLED and across > 35 and down > 35
