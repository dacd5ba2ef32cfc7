"""Any picture to ink: what is written in it, whatever the pen, the paper, the light and the polarity.

A picture goes in: a path, bytes, a PIL image, an array or a sketch (`picture.open_picture`). Out comes its `Ink`, the
coverage of every pixel (`to_ink`), or the ink of one character as a 28x28 glyph in the form of EMNIST (`glyph_of`).
Serving, training and evaluation all make their glyphs here. Open `extract.py` first.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from emnist_hf.ink.cleaning import without_specks
from emnist_hf.ink.extract import Ink, ink_of, to_ink
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.ink.picture import BLANK, ONLY_LINES, NoInkError, Opened, PictureError, open_picture, open_reduced
from emnist_hf.ink.rulings import without_lines
from emnist_hf.ink.shrinking import at_most
from emnist_hf.ink.thresholds import CHARACTER_SIDE, EXTRACTION, GLANCE_INK, GLANCE_PEN, GLANCE_SIDE
from emnist_hf.ink.types import Bytes, Floats
from emnist_hf.ink.widths import stroke_width

__all__ = [
    "BLANK",
    "Ink",
    "NoInkError",
    "Opened",
    "PictureError",
    "glyph_of",
    "open_picture",
    "stroke_width",
    "to_glyph",
    "to_ink",
]


def glyph_of(image: Any, ink: Ink | None = None) -> tuple[Bytes, Ink]:
    """Return the EMNIST glyph of a picture of one character, uint8 [28, 28], and its ink, at 1000 pixels at most.

    image: anything `open_picture` takes. ink: the picture's, where it has been found already; it is found anew where
    it has more pixels. Raises PictureError and NoInkError as `open_picture`, `to_ink` and `to_glyph` do.
    """
    if ink is None or max(ink.coverage.shape) > CHARACTER_SIDE:
        return _glyph_of(*open_reduced(image, CHARACTER_SIDE))
    return to_glyph(_character(ink)), ink


def _glyph_of(rgb: Bytes, scale: float) -> tuple[Bytes, Ink]:
    """Do as `glyph_of` with a picture, uint8 [H, W, 3]: at a glance, and closely where that shows too little."""
    height, width = rgb.shape[:2]
    factor = -(-max(height, width) // GLANCE_SIDE)
    if factor > 1 and min(height, width) >= factor:  # by a whole factor: many times as quick
        size = (width // factor, height // factor)
        small = cv2.resize(rgb[: size[1] * factor, : size[0] * factor], size, interpolation=cv2.INTER_AREA)
        try:
            glance = ink_of(small, scale / factor)
            coverage = _character(glance)
            ink = coverage > EXTRACTION.inked
            if max(cv2.boundingRect(ink.view(np.uint8))[2:]) >= GLANCE_INK and stroke_width(ink) > GLANCE_PEN:
                return to_glyph(coverage), glance
        except NoInkError:
            pass
    found = ink_of(*at_most(rgb, scale, CHARACTER_SIDE))
    return to_glyph(_character(found)), found


def _character(ink: Ink) -> Floats:
    """Return the ink of the character alone, float32 [H, W]. Raises NoInkError where there are but lines."""
    coverage = without_lines(ink.coverage)
    if not coverage.any():
        raise NoInkError(ONLY_LINES)
    return without_specks(coverage)
