"""The character set in a calligraphic hand: the choices, the picture, and its download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import gradio as gr
from PIL import Image

from emnist_hf.page.files import image_url, light_url, saved_name
from emnist_hf.page.language import ENGLISH, translate_html
from emnist_hf.page.tiles import Tile, tile_choice
from emnist_hf.styling import DEFAULT_FONT, find_font, fonts, render_text

INKS = {
    "blue-black": "#1b2a49",
    "black": "#1b1917",
    "sepia": "#6b4423",
    "oxblood": "#7d1f2b",
    "viridian": "#1f5a45",
    "violet": "#4a2f6b",
}

PAPERS: dict[str, str | None] = {
    "ivory": "#fbf6e9",
    "white": "#ffffff",
    "parchment": "#efdfbd",
    "rose": "#f7e6e1",
    "mist": "#e4eaee",
    "none": None,
}

DEFAULT_INK, DEFAULT_PAPER = "blue-black", "ivory"

SIZE = 420
"""Height of the letters' em, in pixels."""

MARGIN = 0.22
"""Paper around the ink, in ems."""

SET_IN = "{text} set in {font}"


@dataclass(frozen=True)
class Style:
    """How a character is set: a font by name; ink and paper by a name of ours, or as any colour in CSS."""

    font: str = DEFAULT_FONT
    ink: str = DEFAULT_INK
    paper: str = DEFAULT_PAPER

    @property
    def ink_colour(self) -> str:
        return INKS.get(str(self.ink), self.ink)

    @property
    def paper_colour(self) -> str | None:
        return PAPERS.get(str(self.paper), self.paper)


def set_character(label: str, style: Style) -> Image.Image:
    """Set the character in `style`. Raises `StylingError` for a font or a colour that is not known."""
    longest = max(map(len, label.split("\n")))
    size = max(48, round(SIZE / max(1, longest / 4)))  # a page need not be as sharp as a letter
    return render_text(label, style.font, size=size, colour=style.ink_colour, paper=style.paper_colour, margin=MARGIN)


@lru_cache(maxsize=128)
def sheet(label: str, style: Style, language: str = ENGLISH) -> str:
    """Return HTML: the sheet of paper with the character on it, and the link that saves it; empty for no label."""
    paper = escape(style.paper_colour or "#ffffff")
    if not label:
        return (
            f'<div class="sheet" style="background:{paper}"><p class="sheet-empty">'
            f"{translate_html('Your character will stand here', language)}</p></div>"
        )
    font = find_font(style.font)
    url, name = image_url(set_character(label, style)), saved_name(label, font.name) + ".png"
    return (
        f'<div class="sheet" style="background:{paper}">'
        f'<img src="{url}" alt="{translate_html(SET_IN, language, text=label, font=font.title)}"></div>'
        f'<p class="sheet-foot"><a class="download" href="{url}" download="{escape(name)}">'
        f"{translate_html('Download PNG', language)}</a></p>"
    )


@dataclass(frozen=True)
class StyleChoice:
    """The controls that pick a style."""

    font: gr.HTML
    ink: gr.HTML
    paper: gr.HTML

    def inputs(self) -> list[gr.HTML]:
        return [self.font, self.ink, self.paper]


def hand_tiles() -> list[Tile]:
    """Return a tile for every font; `hand_faces` shows them."""
    return [
        Tile(name, font.title, f'<span class="hand" style="--face:var(--hand-{name})"></span>', font.tradition)
        for name, font in fonts().items()
    ]


def hand_faces() -> str:
    """Return CSS: two letters of every font, once for all tabs, as masks, which take the text's colour in any theme."""
    faces = []
    for name, font in fonts().items():
        face = render_text("Ag", font, size=40, colour="black", paper=None, margin=0.08)
        faces.append(f"--hand-{name}:url({light_url(face, lossless=True)})")
    return f":root{{{';'.join(faces)}}}"


def colour_tiles(colours: Mapping[str, str | None]) -> list[Tile]:
    """Return a dot for every colour; the one without a colour shows the pattern that means see-through."""
    return [
        Tile(name, name.capitalize(), dot_html(f"background-color:{colour}" if colour else ""))
        for name, colour in colours.items()
    ]


def dot_html(style: str) -> str:
    """Return HTML: a dot in a style of CSS; without one, in the pattern that means see-through."""
    return f'<span class="dot" style="{style}"></span>' if style else '<span class="dot see-through"></span>'


def style_choice(tab: str) -> StyleChoice:
    """Build the three controls. `tab` keeps the radio groups of different tabs apart."""
    font = tile_choice("Hand", f"{tab}-hand", hand_tiles(), DEFAULT_FONT, "hands")
    ink = tile_choice("Ink", f"{tab}-ink", colour_tiles(INKS), DEFAULT_INK, "dots")
    paper = tile_choice("Paper", f"{tab}-paper", colour_tiles(PAPERS), DEFAULT_PAPER, "dots")
    return StyleChoice(font, ink, paper)
