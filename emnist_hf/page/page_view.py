"""A page that was read: its picture with a box around each character, what a visitor corrects, and the page set again.

Set again, every word stands in its own place and in the writer's manner, or the text in lines.
"""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from emnist_hf.errors import EmnistError
from emnist_hf.ink import Ink, open_picture
from emnist_hf.page.calligraphy import Style, sheet
from emnist_hf.page.files import data_url, saved_name
from emnist_hf.page.language import ENGLISH, label, translate, translate_html
from emnist_hf.page.rendered import THIS_HAND, rendered_sheet
from emnist_hf.reading.results import Character, Reading, text_of
from emnist_hf.styling import Hand, describe, estimate_hand, find_font, set_page

log = logging.getLogger(__name__)

SIDE = 1400
"""Longest side, in pixels, of the picture that is shown."""

QUALITY = 82
"""Of it as JPEG."""

MOST_BOXES = 1500
"""Boxes shown, the least sure ones: more would slow a phone down."""

FAIR = 0.6
"""Score from which a box that is in doubt is amber; below it is red and dashed. What is in no doubt is green."""

IN_PLACE, AS_LINES = "in place", "as lines"

STRENGTH = 0.7
"""How much of the writer's hand the font takes on before a visitor says otherwise."""

MOST_TEXT = 2000
"""Characters of a page's text that are set as lines."""

MOST_PIXELS = 2_000_000
"""Of the PNG to save, so that the sheet follows a change within half a second; SVG and PDF are sharp at any size."""

ON_A_LINE, ON_LINES = "{characters} characters on one line", "{characters} characters on {lines} lines"
CHOOSE_A_BOX = "Click a box to see what else it may be, or edit the text."
READ_WITH = "Read with the words of {words}."

SAID = (
    HEADING := "Your page, character by character",
    MOVE := "Characters of the page: the arrow keys move, Enter shows what one may be",
    PICTURE := "The picture that was read",
    CHOICES := "What the chosen character may be",
    OTHER := "other",
    ANOTHER := "Another character",
    CORRECTED := "as you corrected it",
)
"""What the view says beside the characters themselves."""


@dataclass(frozen=True)
class Transcript:
    """What the page says of a picture, as far as a visitor has corrected it.

    size: width and height of the picture in pixels. hand: of who wrote it, None where it is not known. picture: as
    JPEG, SIDE pixels long at the most. language: as in `Reading`.
    """

    characters: tuple[Character, ...]
    size: tuple[int, int] = (0, 0)
    hand: Hand | None = None
    picture: bytes = field(default=b"", repr=False)
    language: str = ""

    @property
    def text(self) -> str:
        return text_of(self.characters)


def page_view() -> gr.HTML:
    """Build the picture with its boxes, hidden until there is one, to be rendered where there is room.

    Its 'click' event carries `index` and `label` of a correction.
    """
    script = Path(__file__).with_name("page_view.js").read_text(encoding="utf-8")
    return gr.HTML(
        "", js_on_load=script, apply_default_css=False, visible=False, elem_classes="page-view", render=False
    )


def lettered(reading: Reading) -> list[Character]:
    """Return the characters that are no punctuation."""
    return [c for c in reading.characters if c.label.isalnum()]


def summary(reading: Reading, language: str = ENGLISH) -> tuple[str, str]:
    """Return what was found in words, and a hint."""
    number, lines = len(reading.characters), len({c.line for c in reading.characters})
    doubtful = sum(c.has_low_score for c in reading.characters)
    count = translate(ON_LINES if lines != 1 else ON_A_LINE, language, characters=str(number), lines=str(lines))
    doubt = translate("{number} in doubt" if doubtful else "none in doubt", language, number=str(doubtful))
    found, hint = f"{count}, {doubt}.", translate(CHOOSE_A_BOX, language)
    if reading.language:
        hint = f"{hint} {translate(READ_WITH, language, words=reading.language)}"
    if reading.note:
        return translate(reading.note, language), f"{found} {hint}"
    return found, hint


def shown_picture(picture: Any) -> bytes:
    """Return a picture, anything `open_picture` takes, as the JPEG that is shown and taken away."""
    image, buffer = open_picture(picture), io.BytesIO()
    image.thumbnail((SIDE, SIDE))
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def boxes_html(jpeg: bytes, reading: Reading, language: str = ENGLISH) -> str:
    """Return HTML: the picture, and a button over each character. jpeg: from `shown_picture`.

    The buttons are one stop of the Tab key, as those of a toolbar are: page_view.js moves among them.
    """
    width, height = reading.size
    numbered = sorted(enumerate(reading.characters), key=lambda pair: pair[1].score)[:MOST_BOXES]
    numbered.sort(key=lambda pair: pair[0])
    boxes = "".join(_box(i, c, width, height, language, i == numbered[0][0]) for i, c in numbered)
    said = {phrase: translate_html(phrase, language) for phrase in SAID}
    return (
        f"<h2>{said[HEADING]}</h2>"
        f'<div class="page-sheet" role="group" aria-label="{said[MOVE]}">'
        f'<img src="{data_url(jpeg, "image/jpeg")}" alt="{said[PICTURE]}">{boxes}</div>'
        f'<div class="page-choices" role="group" aria-label="{said[CHOICES]}" data-other="{said[OTHER]}" '
        f'data-another="{said[ANOTHER]}" data-corrected="{said[CORRECTED]}" hidden></div>'
    )


def _box(index: int, character: Character, width: int, height: int, language: str, first: bool) -> str:
    left, top, right, bottom = character.box
    place = (
        f"left:{100 * left / width:.3f}%;top:{100 * top / height:.3f}%;"
        f"width:{100 * (right - left) / width:.3f}%;height:{100 * (bottom - top) / height:.3f}%"
    )
    grade = "poor" if character.score < FAIR else "fair" if character.has_low_score else "sure"
    choices = escape(json.dumps([[c.label, round(c.score, 4)] for c in character.alternatives]))
    label = escape(character.label)
    said = translate_html("{label}, {score} sure", language, label=character.label, score=f"{character.score:.0%}")
    return (
        f'<button type="button" class="page-box {grade}" style="{place}" data-index="{index}" data-choices="{choices}" '
        f'tabindex="{0 if first else -1}" aria-label="{said}"><span>{label}</span></button>'
    )


def correction(event: gr.EventData, transcript: Transcript) -> tuple[int, str] | None:
    """Return which character of a transcript is to be what.

    Anyone may post an event: None for one that makes no sense.
    """
    index, label = getattr(event, "index", None), getattr(event, "label", None)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(transcript.characters):
        return None
    if not isinstance(label, str) or len(label) != 1 or not label.isprintable() or label.isspace():
        return None
    return index, label


def corrected(transcript: Transcript, index: int, label: str, text: str) -> tuple[Transcript, str]:
    """Return the transcript with one character corrected, and the visitor's text with the same character corrected.

    The text may have been edited: what was edited stays, and where the character is gone from it, it stays as it is.
    """
    characters = list(transcript.characters)
    place = len(text_of(characters[: index + 1])) - 1  # where it stands in the transcript's text
    characters[index] = replace(characters[index], label=label, score=1.0)
    after = replace(transcript, characters=tuple(characters))
    for block in SequenceMatcher(None, transcript.text, text, autojunk=False).get_matching_blocks():
        if block.a <= place < block.a + block.size:
            at = block.b + place - block.a
            return after, text[:at] + label + text[at + 1 :]
    return after, text


# --- the page set again ---


def page_controls() -> tuple[gr.Column, gr.Radio, gr.Slider]:
    """Build the controls that say how a page is to be set; hidden while there is none."""
    with gr.Column(visible=False, min_width=0) as whole:
        place = gr.Radio(
            [(str(label("In its place")), IN_PLACE), (str(label("As lines")), AS_LINES)],
            value=IN_PLACE,
            label=label("Layout"),
            elem_classes="pills",
        )
        strength = gr.Slider(0, 1, STRENGTH, step=0.05, label=label("How much of your hand"))
    return whole, place, strength


def transcript_of(page: Reading, ink: Ink, jpeg: bytes) -> Transcript:
    """Return what was read in a picture's ink, with the hand that wrote it, where it can be measured.

    jpeg: the picture, from `shown_picture`.
    """
    hand: Hand | None = None
    try:
        hand = estimate_hand(ink, page.characters)
    except EmnistError as error:
        log.info("no hand was measured: %s", type(error).__name__)
    return Transcript(page.characters, page.size, hand, jpeg, page.language)


def set_again(
    text: str, transcript: Transcript | None, style: Style, place: str, strength: float, language: str = ENGLISH
) -> str:
    """Return HTML: the text on its sheet.

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
    said = [translate(THIS_HAND, language, hand=translate(describe(hand), language))] if hand is not None else []
    name = saved_name(transcript.text, font.name)
    return rendered_sheet(rendering, font, name, said, resolution, language, style.ink_colour)
