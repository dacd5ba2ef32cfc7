"""Text in, calligraphy out; and a writer's hand as numbers, as words and as a font. `set_text` is the way in.

fonts -> line -> setting (lines on a sheet) or placing (words where they were read) -> scene -> SVG, PNG and PDF

slant, baselines -> measuring -> hand -> transfer -> the style in which a line is set

font_sheet -> hand_font (of outlines, kerning) -> font_file <- visitor_font <- font_reader

`set_text` sets text as a `Rendering`, which is a picture and writes files, and `set_page` what was read on a page, in
its place; `fonts` lists the fonts; `estimate_hand` measures a writer's hand, and `describe` puts it in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from emnist_hf.styling.baselines import ReadCharacter
from emnist_hf.styling.colours import DEFAULT_INK, PAPERS
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.fonts import DEFAULT_FONT, FONTS_VARIABLE, Font, find_font, fonts
from emnist_hf.styling.hand import Hand, describe
from emnist_hf.styling.line import MAX_CHARACTERS, Style
from emnist_hf.styling.measuring import estimate_hand
from emnist_hf.styling.placing import set_in_place
from emnist_hf.styling.rendering import Rendering
from emnist_hf.styling.scene import MAX_PIXELS, MAX_SIDE
from emnist_hf.styling.setting import ALIGNMENTS, MAX_MARGIN, MAX_SIZE, MIN_SIZE, Setting, set_lines
from emnist_hf.styling.transfer import in_hand

__all__ = [
    "ALIGNMENTS",
    "DEFAULT_FONT",
    "DEFAULT_INK",
    "FONTS_VARIABLE",
    "MAX_CHARACTERS",
    "MAX_MARGIN",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MAX_SIZE",
    "MIN_SIZE",
    "PAPERS",
    "Font",
    "Hand",
    "Manner",
    "Rendering",
    "Setting",
    "Style",
    "StylingError",
    "describe",
    "estimate_hand",
    "find_font",
    "fonts",
    "render_text",
    "set_page",
    "set_text",
]

Manner = Style  # its name in 0.1.0


def set_text(
    text: str,
    font: str | Font = DEFAULT_FONT,
    *,
    size: float = 160,
    colour: str | tuple[int, ...] = DEFAULT_INK,
    paper: str | tuple[int, ...] | None = "white",
    margin: float = 0.35,
    hand: Hand | None = None,
    strength: float = 1.0,
    seed: int = 0,
    **other: Any,
) -> Rendering:
    """Set one or more lines of text, cropped to the ink and framed.

    `size` is pixels an em and `margin` ems around the ink (never less than a pixel). Colours are names, hex,
    CSS `rgb()` and `rgba()`, or tuples of 0-255; `paper` may be see-through (None) or "ruled". `hand` is a
    writer's, which the font takes on by `strength`, 0 to 1, its waver drawn with `seed`. `other` is what else
    `Setting` takes: align, line_spacing, letter_spacing, measure; and `ink` and `color`, other names for `colour`.
    A character that the font lacks is set in another font of ours, and one that all lack is left out; notices
    tell of both. Raise `StylingError` for an unknown font, colour or setting, empty or overlong text, a number out of
    bounds, and, when it comes to a picture, one of more than 40 megapixels or 16,000 pixels a side.
    """
    chosen = find_font(font)
    colour, layout = _named(colour, other, LAYOUT)
    setting = Setting(size=size, ink=colour, paper=paper, margin=margin, **layout)
    return Rendering(*set_lines(text, chosen, *in_hand(hand, chosen, setting, strength, seed)))


def set_page(
    characters: Sequence[ReadCharacter],
    page: tuple[float, float],
    font: str | Font = DEFAULT_FONT,
    *,
    colour: str | tuple[int, ...] = DEFAULT_INK,
    paper: str | tuple[int, ...] | None = "white",
    hand: Hand | None = None,
    strength: float = 1.0,
    seed: int = 0,
    level: bool = False,
    **other: Any,
) -> Rendering:
    """Set what was read on a page again, every word in its own place; `page` is width and height of the picture.

    characters: as read, in reading order, boxes in pixels of the picture. level: whether a page that was photographed
    askew is put level; otherwise its lines fall or climb as they did. The rest is as in `set_text`; the size of the
    letters is the writer's. `other` is `ink` or `color` for `colour`.
    Raise `StylingError` as `set_text`, if nothing was read, and for what are no characters or no size of a page.
    """
    chosen = find_font(font)
    colour, _ = _named(colour, other, ())
    setting, style = in_hand(hand, chosen, Setting(ink=colour, paper=paper), strength, seed)
    return Rendering(*set_in_place(characters, page, chosen, setting, style, level))


LAYOUT = ("align", "line_spacing", "letter_spacing", "measure")
"""What `set_text` takes beside what it names."""


def _named(colour: Any, other: dict[str, Any], layout: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Return the colour, by whichever of its names it was given, and the rest.

    Raise `StylingError` for a name that is not in `layout`.
    """
    rest = {name: value for name, value in other.items() if name not in ("ink", "color")}
    strange = next((name for name in rest if name not in layout), None)
    if strange is not None:
        names = [
            "colour",
            "paper",
            "hand",
            "strength",
            "seed",
            *(("size", "margin", *layout) if layout else ("level",)),
        ]
        known = f"{', '.join(names[:-1])} or {names[-1]}"
        raise StylingError("There is no setting {name!r}: use {known}.", name=strange[:20], known=known)
    return other.get("ink", other.get("color", colour)), rest


def render_text(text: str, font: str | Font = DEFAULT_FONT, **how: Any) -> Image.Image:
    """Draw a picture of `text`; see `set_text`, which also says what could not be set as asked."""
    return set_text(text, font, **how).image
