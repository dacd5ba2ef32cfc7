"""A page that was read, set again: every word in its own place and in the writer's manner, or as lines of text."""

from __future__ import annotations

import logging
from functools import lru_cache

import gradio as gr

from emnist_hf.errors import EmnistError
from emnist_hf.ink import Ink
from emnist_hf.page.calligraphy import Style, sheet
from emnist_hf.page.file_names import saved_name
from emnist_hf.page.language import ENGLISH, label, told
from emnist_hf.page.page_view import Transcript
from emnist_hf.page.rendered import THIS_HAND, in_words, rendered_sheet
from emnist_hf.reading import Reading
from emnist_hf.styling import Hand, estimate_hand, find_font, set_page

log = logging.getLogger(__name__)

IN_PLACE, AS_LINES = "in place", "as lines"
STRENGTH = 0.7
"""How much of the writer's hand the font takes on before a visitor says otherwise."""
MOST_TEXT = 2000
"""Characters of a page's text that are set as lines."""
MOST_PIXELS = 2_000_000
"""Of the PNG to save, so that the sheet follows a change within half a second; SVG and PDF are sharp at any size."""


def page_controls() -> tuple[gr.Column, gr.Radio, gr.Slider]:
    """How a page is to be set; hidden while there is none."""
    with gr.Column(visible=False, min_width=0) as whole:
        place = gr.Radio(
            [(str(label("In its place")), IN_PLACE), (str(label("As lines")), AS_LINES)],
            value=IN_PLACE,
            label=label("Layout"),
            elem_classes="pills",
        )
        strength = gr.Slider(0, 1, STRENGTH, step=0.05, label=label("How much of your hand"))
    return whole, place, strength


def transcript_of(page: Reading, ink: Ink) -> Transcript:
    """What was read in a picture's ink, with the hand that wrote it; without the hand where it cannot be measured."""
    hand: Hand | None = None
    try:
        hand = estimate_hand(ink, page.characters)
    except EmnistError as error:
        log.info("no hand was measured: %s", type(error).__name__)
    return Transcript(page.characters, page.size, hand)


def set_again(
    text: str, transcript: Transcript | None, style: Style, place: str, strength: float, language: str = ENGLISH
) -> str:
    """HTML: the text on its sheet.

    In its place only while the text is what the characters say: of a text that a visitor typed no place is known, and
    it is set as lines. Raises `StylingError` as `set_page` and `set_text` do.
    """
    if transcript is None or place != IN_PLACE or text != transcript.text or not text.strip():
        return sheet(text[:MOST_TEXT], style, language)
    return _in_place(transcript, style, float(strength), language)


@lru_cache(maxsize=16)
def _in_place(transcript: Transcript, style: Style, strength: float, language: str) -> str:
    font, hand = find_font(style.font), transcript.hand
    rendering = set_page(
        transcript.characters,
        transcript.size,
        font,
        colour=style.ink_colour,
        paper=style.paper_colour,
        hand=hand,
        strength=strength,
    )
    width, height = transcript.size
    resolution = 96 * min(1.0, (MOST_PIXELS / (width * height)) ** 0.5)
    said = [told(THIS_HAND, language, hand=in_words(hand, language))] if hand is not None else []
    name = saved_name(transcript.text, font.name)
    return rendered_sheet(rendering, font, name, said, resolution, language, style.ink_colour)
