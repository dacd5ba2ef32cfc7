"""Our own sheet to write a font on: where its cells and corner marks are, in millimetres from the upper left corner.

Two pages: the 62 characters, three cells each; signs, and pairs of letters that many people join, which tell how the
writer sets neighbours. Each corner has a square mark that says which it is, of which page and paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emnist_hf.splits import DIGITS, LOWERCASE, UPPERCASE
from emnist_hf.styling.errors import StylingError

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom, in millimetres."""

PAPERS = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}

SAMPLES = 3
"""Cells of a character."""

SHEET_SIGNS = ".,:;!?'\"()&/+=@#%*$€ß"
"""Signs of the second page: a hyphen in corrected labels leaves a character out, and a line can be made."""

PAIRS = ("th", "he", "in", "er", "an", "re", "on", "en", "at", "es", "ff", "tt", "ll", "ee", "oo", "ss", "fi", "nt")

PAIR_SAMPLES = 2

MARK, MARK_INSET = 10.0, 8.0
"""Side of a corner mark, and how far from the paper's edges it is."""

CELL, PAIR_CELL, CELL_HEIGHT = 9.6, 14.4, 13.6
_COLUMNS, _LABEL, _TOP, _PITCH = 5, 6.6, 30.0, 17.6
PAGES = 2


@dataclass(frozen=True)
class SheetCell:
    """A cell to write in. label: one character, or two of a pair. sample: which of its label's cells, from 0."""

    label: str
    sample: int
    rect: Rect

    @property
    def baseline(self) -> float:
        """Where letters stand, from the upper edge of the paper."""
        return self.rect[1] + 0.68 * CELL_HEIGHT


@dataclass(frozen=True)
class SheetPage:
    """A page of the sheet on a paper. number: from 0."""

    paper: str
    number: int

    @property
    def size(self) -> tuple[float, float]:
        return PAPERS[self.paper]

    @property
    def mark_ids(self) -> list[int]:
        """The numbers of its corner marks: upper left, upper right, lower right, lower left."""
        first = 4 * (PAGES * list(PAPERS).index(self.paper) + self.number)
        return list(range(first, first + 4))

    @property
    def marks(self) -> NDArray[np.float64]:
        """Corners of its marks, clockwise from the upper left, float64 [4, 4, 2]."""
        width, height = self.size
        far = MARK + MARK_INSET
        lefts = [(MARK_INSET, MARK_INSET), (width - far, MARK_INSET), (width - far, height - far)]
        square = MARK * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        return np.array([np.array(corner) + square for corner in (*lefts, (MARK_INSET, height - far))])

    @property
    def cells(self) -> list[SheetCell]:
        """All cells, in reading order."""
        if self.number == 0:
            return [cell for i, c in enumerate(UPPERCASE + LOWERCASE + DIGITS) for cell in self._comb(c, i, SAMPLES)]
        signs = [cell for i, sign in enumerate(SHEET_SIGNS) for cell in self._comb(sign, i, SAMPLES)]
        first = _COLUMNS * -(-len(SHEET_SIGNS) // _COLUMNS)
        return signs + [c for i, pair in enumerate(PAIRS) for c in self._comb(pair, first + i, PAIR_SAMPLES)]

    def _comb(self, label: str, place: int, samples: int) -> list[SheetCell]:
        """Return the cells of a label, side by side."""
        row, column = divmod(place, _COLUMNS)
        pitch = (self.size[0] - 2 * MARK_INSET) / _COLUMNS
        width = PAIR_CELL if len(label) == 2 else CELL
        left = MARK_INSET + column * pitch + _LABEL
        top = _TOP + row * _PITCH
        return [
            SheetCell(label, i, (left + i * width, top, left + (i + 1) * width, top + CELL_HEIGHT))
            for i in range(samples)
        ]


def sheet_pages(paper: str = "a4") -> list[SheetPage]:
    """Return the pages of the sheet. Raise `StylingError` for a paper that it is not made for."""
    if paper not in PAPERS:
        asked, known = str(paper)[:20], " or ".join(PAPERS)
        raise StylingError("There is no sheet on {name!r}: choose {known}.", name=asked, known=known)
    return [SheetPage(paper, number) for number in range(PAGES)]


def page_of_mark(number: int) -> SheetPage | None:
    """Return the page that a corner mark belongs to."""
    paper, page = divmod(number // 4, PAGES)
    return SheetPage(list(PAPERS)[paper], page) if 0 <= paper < len(PAPERS) else None
