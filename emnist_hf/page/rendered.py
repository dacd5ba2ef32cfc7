"""A rendering on the page: the picture as SVG, links that save it, and sentences about it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from emnist_hf.page.files import data_url
from emnist_hf.page.language import ENGLISH, translate, translate_html
from emnist_hf.styling import Font, Rendering
from emnist_hf.styling.colours import Colour, css_hex, parse_colour

PRINT_RESOLUTION = 192
"""Dots an inch of the PNG to save; twice what a screen has."""

SET_IN = "{text}, set in {font}"
THIS_HAND = "This hand {hand}."
MIXED = "This ink: the chosen one, with the colour of the handwriting in it."


def rendered_sheet(
    rendering: Rendering,
    font: Font,
    name: str,
    said: Sequence[str] = (),
    resolution: float = PRINT_RESOLUTION,
    language: str = ENGLISH,
    chosen: str = "",
) -> str:
    """Return HTML: the sheet, links that save it as NAME.png, .svg and .pdf, and what there is to say.

    chosen: the colour of ink that was asked for, in CSS; where a hand made another of it, that one is shown. said:
    sentences that go before the rendering's own notices. resolution: of the PNG, in dots an inch.
    """
    svg = data_url(rendering.svg().encode("utf-8"), "image/svg+xml")
    files = {
        "PNG": data_url(rendering.png(resolution), "image/png"),
        "SVG": svg,
        "PDF": data_url(rendering.pdf(), "application/pdf"),
    }
    links = "".join(
        f'<a class="download" href="{url}" download="{escape(name)}.{kind.lower()}">{kind}</a>'
        for kind, url in files.items()
    )
    sentences = [*said, *(translate(notice, language) for notice in rendering.notices)]
    notices = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    paper = rendering.scene.paper
    shown = f'" style="background:{css_hex(paper)}' if paper[3] else " see-through"
    return (
        f'<div class="sheet set-sheet{shown}">'
        f'<img src="{svg}" alt="{translate_html(SET_IN, language, text=rendering.scene.text, font=font.title)}"></div>'
        f'<div class="sheet-foot"><span class="footnote">{translate_html("Download", language)}</span>{links}</div>'
        f'<div class="footnote" role="status">{notices}{_ink_used(rendering.scene.ink, chosen, language)}</div>'
    )


def _ink_used(used: Colour, chosen: str, language: str) -> str:
    """Return HTML: the ink on the sheet, if it is not the chosen one."""
    if not chosen or css_hex(used) == css_hex(parse_colour(chosen)):
        return ""
    dot = f'<span class="dot ink-used" style="background-color:{css_hex(used)}"></span>'
    return f"<p>{dot}{translate_html(MIXED, language)}</p>"
