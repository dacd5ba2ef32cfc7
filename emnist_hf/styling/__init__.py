"""Setting text in a fine hand, and a writer's hand in numbers.

fonts ─▶ typeface ─▶ casting, line ─▶ setting ─▶ scene ─▶ png, svg, pdf

`render` sets text as a `Rendering`, which is a picture and writes files; `fonts` lists the fonts.
"""

from __future__ import annotations

from typing import Any

from PIL import Image

from emnist_hf.styling.casting import MAX_CHARACTERS
from emnist_hf.styling.colours import PAPERS
from emnist_hf.styling.fonts import DEFAULT_FONT, FONTS_VARIABLE, Font, StylingError, find_font, fonts
from emnist_hf.styling.line import PLAIN, Manner
from emnist_hf.styling.png import MAX_PIXELS, MAX_SIDE
from emnist_hf.styling.rendering import Rendering
from emnist_hf.styling.setting import ALIGNMENTS, MAX_MARGIN, MAX_SIZE, MIN_SIZE, Setting, set_lines

__all__ = [
    "ALIGNMENTS",
    "DEFAULT_FONT",
    "FONTS_VARIABLE",
    "MAX_CHARACTERS",
    "MAX_MARGIN",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MAX_SIZE",
    "MIN_SIZE",
    "PAPERS",
    "Font",
    "Manner",
    "Rendering",
    "Setting",
    "StylingError",
    "find_font",
    "fonts",
    "render_text",
    "set_text",
    "specimen",
]


def set_text(
    text: str,
    font: str | Font = DEFAULT_FONT,
    *,
    size: float = 160,
    colour: str | tuple[int, ...] = "#1b2a49",
    paper: str | tuple[int, ...] | None = "white",
    margin: float = 0.35,
    manner: Manner = PLAIN,
    **layout: Any,
) -> Rendering:
    """Set one or more lines of text, cropped to the ink and framed.

    `size` is pixels an em and `margin` ems around the ink (never less than a pixel). Colours are names, hex,
    CSS `rgb()` and `rgba()`, or tuples of 0-255; `paper` may be see-through (None) or "ruled". `manner` bends the font,
    and `layout` is what else `Setting` takes: align, line_spacing, letter_spacing, measure.
    A character that the font lacks is set in another font of ours, and one that all lack is left out; notices
    tell of both. Raises `StylingError` for an unknown font or colour, empty or overlong text, a number out of
    bounds, and, when it comes to a picture, one of more than 40 megapixels or 16,000 pixels a side.
    """
    chosen = font if isinstance(font, Font) else find_font(font)
    setting = Setting(size=size, ink=colour, paper=paper, margin=margin, **layout)
    return Rendering(*set_lines(text, chosen, setting, manner))


def render_text(text: str, font: str | Font = DEFAULT_FONT, **how: Any) -> Image.Image:
    """A picture of `text`; see `set_text`, which also says what could not be set as asked."""
    return set_text(text, font, **how).image


def specimen(font: str | Font) -> Image.Image:
    """A small picture of what a font looks like, on white."""
    return render_text("Aa Bb 123", font, size=72, margin=0.25)
