"""Any picture to ink: what is written in it, whatever the pen, the paper, the light and the polarity.

Serving and training meet here. `to_ink` takes anything that `open_picture` opens and gives its ink;
`to_glyph` brings the ink of one character to the form of EMNIST; `glyph_of` does both.
"""

from __future__ import annotations

from typing import Any

from emnist_hf.ink.cleaning import without_specks
from emnist_hf.ink.extract import Ink, to_ink
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.ink.picture import NoInkError, PictureError, open_picture
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


ONE_CHARACTER = 1000
"""The same where there is one character."""


def glyph_of(image: Any, ink: Ink | None = None) -> tuple[Bytes, Ink]:
    """A picture of one character: its EMNIST glyph, uint8 [28, 28], and its ink, at 1000 pixels at most.

    image: anything `open_picture` takes. ink: the picture's, where it has been found already; it is found anew where
    it has more pixels. Raises PictureError and NoInkError as `open_picture`, `to_ink` and `to_glyph` do.
    """
    if ink is None or max(ink.coverage.shape) > ONE_CHARACTER:
        ink = to_ink(image, max_side=ONE_CHARACTER)
    return to_glyph(without_specks(ink.coverage)), ink
