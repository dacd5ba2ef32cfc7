"""Our own sheet printed: a PDF of pale combs with a letter before each, and the marks in its corners."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pikepdf
from numpy.typing import NDArray
from pikepdf import Dictionary, Name

from emnist_hf.styling.sheet_layout import CELL_HEIGHT, MARK, SheetCell, SheetPage, sheet_pages

POINTS = 72 / 25.4
"""Points to a millimetre."""

PALE = "0.62 0.72 0.86"
"""The blue of the combs, which no pen is taken for."""

_TITLES = (
    "Write each character three times: dark pen, one cell each, letters on the small ticks.",
    "Signs three times, and pairs as you write them in a word. This page may be left out.",
)


def write_sheet(paper: str = "a4") -> bytes:
    """Return the sheet as a PDF, to be printed at any scale. Raise `StylingError` as `sheet_pages`."""
    pdf = pikepdf.new()
    fonts = Dictionary(
        F=pdf.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        )
    )
    for page in sheet_pages(paper):
        width, height = (side * POINTS for side in page.size)
        drawn = Dictionary(
            Type=Name.Page,
            MediaBox=[0, 0, width, height],
            Contents=pdf.make_stream("\n".join(_operators(page)).encode("cp1252")),
            Resources=Dictionary(Font=fonts),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(drawn)))
    pdf.docinfo["/Title"] = "Your hand as a font"
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def _operators(page: SheetPage) -> Iterator[str]:
    height = page.size[1]
    yield f"{POINTS:.6f} 0 0 {POINTS:.6f} 0 0 cm"  # millimetres, y up
    for corners, number in zip(page.marks, page.mark_ids):
        yield from _mark(corners[0], number, height)
    yield f"0.25 0.25 0.3 rg {_text(_TITLES[page.number], 22.0, height - 13.5, 3.6)}"
    small = "Scan or photograph the whole page, all four corners in the picture."
    yield f"{_text(small, 22.0, height - 18.0, 2.9)}"
    yield f"{PALE} RG 0.25 w {PALE} rg"
    for cell in page.cells:
        yield from _cell(cell, height)


def _mark(corner: NDArray[np.float64], number: int, height: float) -> Iterator[str]:
    """Yield the black squares of a corner mark, one a row and run."""
    bits = mark_bits(number)
    side = MARK / len(bits)
    yield "0 g"
    for row, line in enumerate(bits):
        for column in np.flatnonzero(line):
            x, y = corner[0] + column * side, height - corner[1] - (row + 1) * side
            yield f"{x:.3f} {y:.3f} {side + 0.01:.3f} {side + 0.01:.3f} re f"


@cache
def mark_dictionary() -> cv2.aruco.Dictionary:
    """Return the marks: squares of 4 by 4 bits in a black frame (Garrido-Jurado et al. 2014), as OpenCV has them."""
    return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)


def mark_bits(number: int) -> NDArray[np.bool_]:
    """Return which squares of a mark are black, bool [6, 6]."""
    return mark_dictionary().generateImageMarker(number, 6) < 128


def _cell(cell: SheetCell, height: float) -> Iterator[str]:
    left, top, right, _ = cell.rect
    yield f"{left:.3f} {height - top - CELL_HEIGHT:.3f} {right - left:.3f} {CELL_HEIGHT:.3f} re S"
    if cell.sample == 0:
        # Ticks that letters stand on, outside of what is cut out.
        yield f"{left - 1.2:.3f} {height - cell.baseline:.3f} m {left:.3f} {height - cell.baseline:.3f} l S"
        size = 4.4 if len(cell.label) == 1 else 3.6
        x = left - 1.6 - 0.62 * size * len(cell.label)
        yield f"0.35 0.42 0.55 rg {_text(cell.label, x, height - cell.baseline, size)}"
        yield f"{PALE} rg"


def _text(text: str, x: float, y: float, size: float) -> str:
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F {size:.2f} Tf 1 0 0 1 {x:.3f} {y:.3f} Tm ({escaped}) Tj ET"
