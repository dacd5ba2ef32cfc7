"""Any picture to ink: what is written in it, whatever the pen, the paper, the light and the polarity.

A picture goes in: a path, bytes, a PIL image, an array or a sketch (`picture.open_picture`). Out comes its `Ink`, the
coverage of every pixel (`to_ink`), or the ink of one character as a 28x28 glyph in the form of EMNIST (`glyph_of`).
Serving, training and evaluation all make their glyphs here. Open `extract.py` first.
"""

from __future__ import annotations

from typing import Any

from emnist_hf.ink.cleaning import without_specks
from emnist_hf.ink.extract import Ink, to_ink
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.ink.picture import NoInkError, PictureError, open_picture
from emnist_hf.ink.thresholds import CHARACTER_SIDE
from emnist_hf.ink.types import Bytes
from emnist_hf.ink.widths import stroke_width

__all__ = [
    "Ink",
    "NoInkError",
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
        ink = to_ink(image, max_side=CHARACTER_SIDE)
    return to_glyph(without_specks(ink.coverage)), ink
