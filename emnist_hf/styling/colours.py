"""Colours of ink and paper, as people write them."""

from __future__ import annotations

import re

from PIL import ImageColor

from emnist_hf.styling.errors import StylingError

Colour = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255 each, sRGB."""


PAPERS: dict[str, str | None] = {"white": "#ffffff", "cream": "#fbf4e2", "transparent": None, "none": None}
"""Papers with a name of their own; every colour that Pillow knows is one too."""


# CSS allows fractions, and Gradio's colour picker sends them; Pillow reads whole numbers only.
_CSS_RGB = re.compile(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,\s*([\d.]+)\s*)?\)")


def parse_paper(paper: str | tuple[int, ...] | None) -> Colour:
    """A paper by its name or colour; None is see-through. Raises `StylingError` for anything else."""
    if isinstance(paper, str):
        paper = PAPERS.get(paper.strip().lower(), paper)
    return (0, 0, 0, 0) if paper is None else parse_colour(paper)


def parse_colour(colour: str | tuple[int, ...]) -> Colour:
    """A colour from a name, hex, CSS `rgb()` or `rgba()`, or numbers. Raises `StylingError` for anything else."""
    if isinstance(colour, str):
        return _parse_text(colour)
    try:
        channels = [int(channel) for channel in colour]
    except (TypeError, ValueError, OverflowError):
        channels = []
    if len(channels) not in (3, 4) or not all(0 <= channel <= 255 for channel in channels):
        raise StylingError("This is not a colour: give a name, a hex value, or 3 or 4 numbers from 0 to 255.")
    red, green, blue, alpha = (*channels, 255)[:4]
    return red, green, blue, alpha


def css_hex(colour: Colour) -> str:
    """The colour without its alpha: #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour[:3])


def _parse_text(colour: str) -> Colour:
    text = colour.strip().lower()
    css = _CSS_RGB.fullmatch(text[:100])
    try:
        if css:
            red, green, blue = (min(round(float(channel)), 255) for channel in css.groups()[:3])
            # Alpha runs from 0 to 1 here, as in CSS, where Pillow would have it from 0 to 255.
            return red, green, blue, round(255 * min(float(css[4] or 1), 1.0))
        red, green, blue, alpha = ImageColor.getcolor(text, "RGBA")  # type: ignore[misc]
        return red, green, blue, alpha
    except ValueError:
        raise StylingError(
            f"{colour[:40]!r} is not a colour: give a name such as navy, or a hex value such as #1b2a49."
        ) from None
