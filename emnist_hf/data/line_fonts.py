"""Handwriting fonts as writers of lines: whole texts set by FreeType, so that scripts join as they are made to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.ink.types import Floats

SIZE = 56  # em in pixels


@cache
def _font(path: Path) -> tuple[ImageFont.FreeTypeFont, frozenset[int], float]:
    """Return a font, the code points that it draws, and the height of its capitals in pixels."""
    from fontTools.ttLib import TTFont

    font = ImageFont.truetype(str(path), SIZE)
    with TTFont(path, lazy=True) as file:
        known = frozenset(file.getBestCmap())
    _, top, _, bottom = font.getbbox("H", anchor="ls")
    return font, known, float(max(bottom - top, 8))


def find_fonts(folder: Path) -> list[Path]:
    """Return the fonts in a folder and those below it."""
    return sorted(path for path in folder.rglob("*") if path.suffix in (".woff2", ".ttf", ".otf"))


def has_all(path: Path, text: str) -> bool:
    """Whether a font draws each character of a text."""
    return all(ord(c) in _font(path)[1] for c in text)


def font_line(text: str, path: Path, rng: np.random.Generator) -> tuple[Floats, float]:
    """Set a text in a font: its ink, float32 [h, w], 0 to 1, and the height of its capitals in pixels.

    Words stand unevenly on their line, or are set as one.
    """
    font, _, capital = _font(path)
    pieces: Sequence[str] = text.split(" ") if rng.random() < 0.6 else [text]
    space = SIZE * float(rng.uniform(0.18, 0.5))
    places, x = [], 8.0
    for piece in pieces:
        places.append(x)
        x += font.getlength(piece) + space
    sheet = Image.new("L", (int(x) + 40, 3 * SIZE))
    pen = ImageDraw.Draw(sheet)
    stroke = int(rng.random() < 0.15)
    for piece, place in zip(pieces, places):
        y = 1.8 * SIZE + (rng.normal(0, 1.5) if len(pieces) > 1 else 0)
        pen.text((place + 12, y), piece, fill=255, font=font, anchor="ls", stroke_width=stroke)
    ink: Floats = np.asarray(sheet, np.float32) / np.float32(255)
    columns, rows = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
    if not len(columns):
        return np.zeros((SIZE, SIZE), np.float32), capital
    return ink[max(rows[0] - 4, 0) : rows[-1] + 5, columns[0] : columns[-1] + 1], capital
