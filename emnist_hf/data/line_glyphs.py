"""Text to ink: rows of EMNIST set side by side, each character at the size and the place that it has in writing.

EMNIST's thousands of hands write characters that the few hundred of UNIPEN do not. Whose a row is it does not tell, so
that a line is by as many hands as it has characters.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import Rows
from emnist_hf.data.sources import load_rows
from emnist_hf.ink.types import Floats
from emnist_hf.letterforms import CAPITAL, LETTERFORMS
from emnist_hf.splits import CHARACTERS

ROWS = "byclass/train.parquet"
"""Where a data set's folder has them: the training rows of ByClass, as `datasets` writes them."""

X_HEIGHT = 26  # pixels
ABOVE, BELOW = round(1.4 * CAPITAL * X_HEIGHT), X_HEIGHT  # rows of a line over its baseline, and under it
INKED = 0.25  # coverage from which a pixel touches another


class Glyphs:
    """Rows of ByClass by character. rows: as `load_rows` gives them, of which no other copy is made."""

    def __init__(self, rows: Rows) -> None:
        self.images = rows.images
        order = np.argsort(rows.labels, kind="stable")
        self.own = np.split(order, np.searchsorted(rows.labels[order], np.arange(1, len(CHARACTERS))))

    def __len__(self) -> int:
        return sum(map(len, self.own))

    def can_write(self, text: str) -> bool:
        """Whether there is a row of each character of a text."""
        return all(c == " " or (c in LETTERFORMS and c in CHARACTERS and self._rows(c).size) for c in text)

    def _rows(self, character: str) -> NDArray[np.int64]:
        return self.own[CHARACTERS.index(character)]

    def draw(self, character: str, rng: np.random.Generator) -> Floats:
        """Return the ink of one row's character, float32 [h, w], 0 to 1, without the black around it."""
        own = self._rows(character)
        image = np.asarray(self.images[int(own[int(rng.integers(len(own)))])], np.float32) / np.float32(255)
        columns, rows = np.flatnonzero(image.max(axis=0) > INKED), np.flatnonzero(image.max(axis=1) > INKED)
        if not len(rows):
            return image
        return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def find_glyphs(folder: Path) -> Glyphs | None:
    """Return EMNIST's rows in a folder or below it; None where there are none."""
    found = next((path for path in sorted(folder.rglob("train.parquet")) if path.match(ROWS)), None)
    return None if found is None else Glyphs(load_rows(found))


def glyph_line(text: str, glyphs: Glyphs, rng: np.random.Generator) -> tuple[Floats, float]:
    """Set a text: its ink, float32 [h, w], 0 to 1, and the height of its capitals in pixels.

    Characters stand apart or touch: how closely is drawn for each line.
    """
    gap, unsteady = rng.normal(0.2, 0.15) * X_HEIGHT, rng.uniform(0.02, 0.1) * X_HEIGHT
    space = rng.uniform(0.6, 1.3) * X_HEIGHT
    sheet = np.zeros((ABOVE + BELOW, int((len(text) + 2) * 3 * X_HEIGHT)), np.float32)
    right = np.full(len(sheet), -np.inf)
    end = 2.0
    for character in text:
        if character == " ":
            end, right = max(end, float(right.max())) + space, np.full(len(sheet), -np.inf)
            continue
        column = _column(character, glyphs, rng)
        left, own_right = _edges(column)
        distance = (left - right)[np.isfinite(left - right)]
        touching = -float(distance.min()) if len(distance) else end - float(left.min())
        wanted = max(touching + max(gap + rng.normal(0, unsteady), -2.0), end - 0.5 * column.shape[1])
        start = int(np.clip(round(wanted), 0, sheet.shape[1] - column.shape[1]))
        part = sheet[:, start : start + column.shape[1]]
        np.maximum(part, column, out=part)
        right = own_right + start
        end = float(right.max())
    columns, rows = np.flatnonzero(sheet.any(axis=0)), np.flatnonzero(sheet.any(axis=1))
    capital = CAPITAL * X_HEIGHT
    if not len(columns):
        return sheet[:, :X_HEIGHT], capital
    return sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], capital


def _column(character: str, glyphs: Glyphs, rng: np.random.Generator) -> Floats:
    """Return a character at its size and place over the baseline: float32 [ABOVE + BELOW, w]."""
    form, ink = LETTERFORMS[character], glyphs.draw(character, rng)
    high = (form.top - form.hand_bottom) * X_HEIGHT * float(np.exp(rng.normal(0, 0.07)))
    scale = min(high / ink.shape[0], 2.2 * X_HEIGHT / ink.shape[1])
    size = max(2, round(ink.shape[1] * scale)), max(2, round(ink.shape[0] * scale))
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA).clip(0, 1)
    middle = ABOVE - (form.top + form.hand_bottom) / 2 * X_HEIGHT + rng.normal(0, 0.04) * X_HEIGHT
    top = int(np.clip(round(middle - ink.shape[0] / 2), 0, ABOVE + BELOW - ink.shape[0]))
    column = np.zeros((ABOVE + BELOW, ink.shape[1]), np.float32)
    column[top : top + ink.shape[0]] = ink
    return column


def _edges(column: Floats) -> tuple[Floats, Floats]:
    """Return the first and the last inked column of each row and those beside it; infinite where there is none."""
    inked = cv2.dilate((column > INKED).astype(np.uint8), np.ones((7, 1), np.uint8)) > 0
    some = inked.any(axis=1)
    left = np.where(some, inked.argmax(axis=1), np.inf)
    right = np.where(some, column.shape[1] - inked[:, ::-1].argmax(axis=1), -np.inf)
    return left, right
