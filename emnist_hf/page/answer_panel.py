"""The panel that shows an answer, the same on every tab: label, text, history, calligraphy, and what shapes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from emnist_hf.ink import Ink
from emnist_hf.ink.geometry import upright_ink, upright_picture
from emnist_hf.page import share
from emnist_hf.page.answer import TOP_K, answer_html, answer_in_words, glyph_url
from emnist_hf.page.calligraphy import Style, StyleChoice, sheet, style_choice
from emnist_hf.page.downloads import file_links, text_link
from emnist_hf.page.history import entry, history
from emnist_hf.page.language import html, in_every_language, translate
from emnist_hf.page.language import label as phrase
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.page.page_view import (
    MOST_TEXT,
    Transcript,
    boxes_html,
    page_controls,
    page_view,
    set_again,
    shown_picture,
    summary,
    transcript_of,
)
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Answer, Recognizer

CHARSET_TITLES = {
    "byclass": "All 62",
    "bymerge": "Look-alikes merged",
    "letters": "Letters, any case",
    "digits": "Digits",
    "uppercase": "Capitals",
    "lowercase": "Small letters",
}

Outputs = dict[Any, Any]
"""What becomes of components of a panel; gradio leaves those alone that are not in it."""


@dataclass(frozen=True, eq=False)
class AnswerPanel:
    """The components that show an answer, and the controls that shape it.

    `view` is wide, and not rendered yet: the tab renders it where it has the room.
    """

    prompt: str
    words: gr.HTML
    label: gr.Label
    charset: gr.Radio
    sheet: gr.HTML
    chosen: gr.State
    view: gr.HTML
    text: gr.Textbox
    transcript: gr.State
    text_link: gr.HTML
    file_links: gr.HTML
    style: StyleChoice
    page_controls: gr.Column
    place: gr.Radio
    strength: gr.Slider
    history: gr.HTML

    def outputs(self) -> list[Any]:
        shown = [self.words, self.label, self.sheet, self.chosen, self.view, self.text, self.transcript]
        return [*shown, self.text_link, self.file_links, self.page_controls, self.history]

    def choices(self) -> list[Any]:
        """Return what a link can restore: charset, font, ink and paper."""
        return [self.charset, *self.style.inputs()]

    def manner(self) -> list[Any]:
        """Return what says how the answer is set."""
        return [*self.style.inputs(), self.place, self.strength]

    def with_character(self, found: Answer, charset: str, value: Any, style: Style, language: str) -> Outputs:
        """Return the panel with one character in it. value: the picture as the page sent it."""
        best = found.predictions[0].label
        words, hint = answer_in_words(found.predictions, charset, found.is_character, language)
        return {
            self.words: answer_html(words, hint, found.glyph, language=language),
            self.label: gr.Label(value={p.label: p.score for p in found.predictions}, visible=True),
            self.sheet: sheet(best, style, language),
            self.chosen: best,
            self.history: entry(value, best, glyph_url(found.glyph)),
        }

    def with_page(
        self, page: Reading, picture: Image.Image, ink: Ink, value: Any, manner: Sequence[Any], language: str
    ) -> Outputs:
        """Return the panel with a page that was read in a picture and its ink. value: as `with_character` takes it.

        A page that lay upside down or on its side is shown upright, its boxes and its calligraphy alike. manner: how
        it is set, as `AnswerPanel.manner` lists it.
        """
        remembered = entry(value, page.text)
        picture, ink = upright_picture(picture, page.turns), upright_ink(ink, page.turns)
        page = page.upright()
        words, hint = summary(page, language)
        jpeg = shown_picture(picture)
        transcript = transcript_of(page, ink, jpeg)
        return {
            self.words: message_html(words, hint=hint),
            self.label: gr.Label(value=None, visible=False),
            self.sheet: set_in_manner(page.text, transcript, manner, language),
            self.chosen: page.text,
            self.view: gr.HTML(value=boxes_html(jpeg, page, language), visible=True),
            self.text: gr.Textbox(value=page.text, visible=True),
            self.transcript: transcript,
            self.text_link: gr.HTML(value=text_link(page.text, language), visible=True),
            self.file_links: gr.HTML(value=file_links(transcript), visible=True),
            self.page_controls: gr.Column(visible=True),
            self.history: remembered,
        }

    def without_answer(self, words: str, kind: str, style: Style, language: str) -> Outputs:
        """Return an empty panel with a sentence in it. kind: as `message_html` takes it."""
        return {
            self.words: answer_html(words, kind=kind, language=language),
            self.label: gr.Label(value=None, visible=False),
            self.sheet: sheet("", style, language),
            self.chosen: "",
            self.history: None,
        }

    def without_page(self, before: Transcript | None) -> Outputs:
        """Return the components that show a page, hidden. before: the page that they showed, None for none.

        To hide what is hidden would cost gradio more than a character costs to read.
        """
        if before is None:
            return {}
        return {
            self.view: gr.HTML(value="", visible=False),
            self.text: gr.Textbox(value="", visible=False),
            self.transcript: None,
            self.text_link: gr.HTML(value="", visible=False),
            self.file_links: gr.HTML(value="", visible=False),
            self.page_controls: gr.Column(visible=False),
        }


def answer_panel(recognizer: Recognizer, prompt: str, tab: str) -> AnswerPanel:
    """Build the two cards on the right of a tab. `prompt` says what to do while there is no picture."""

    def prompted(language: str) -> str:
        return answer_html(translate(prompt, language), kind="prompt", language=language)

    with gr.Column(scale=4, min_width=280, elem_classes="card"):
        gr.HTML(html("h2", "Read"), apply_default_css=False)
        first = in_every_language(f"{tab} prompt", prompted)
        words = gr.HTML(str(first), apply_default_css=False)
        label = gr.Label(
            num_top_classes=TOP_K,
            show_label=False,
            label=phrase("Most likely characters"),
            visible=False,
            elem_classes="bars",
        )
        text = gr.Textbox(
            label=phrase("Text"), lines=3, max_lines=12, max_length=MOST_TEXT, visible=False, interactive=True
        )
        to_text, to_files = (gr.HTML("", apply_default_css=False, visible=False) for _ in range(2))
        charset = charset_choice(recognizer)
        last = history()
    with gr.Column(scale=4, min_width=280, elem_classes="card"):
        gr.HTML(html("h2", "Set in calligraphy"), apply_default_css=False)
        empty = in_every_language("empty sheet", lambda name: sheet("", Style(), name))
        sheet_view = gr.HTML(str(empty), apply_default_css=False)
        controls = page_controls()
        style = style_choice(tab)
        share.build(tab, charset, style.inputs())
    chosen, transcript = gr.State(""), gr.State(None)
    return AnswerPanel(
        prompt,
        words,
        label,
        charset,
        sheet_view,
        chosen,
        page_view(),
        text,
        transcript,
        to_text,
        to_files,
        style,
        *controls,
        last,
    )


def charset_choice(recognizer: Recognizer) -> gr.Radio:
    names = recognizer.charsets()
    return gr.Radio(
        [(str(phrase(CHARSET_TITLES[name])), name) for name in names],
        value=names[0],
        label=phrase("Read it as"),
        elem_classes="pills",
        visible=len(names) > 1,
    )


def set_in_manner(text: str, transcript: Transcript | None, manner: Sequence[Any], language: str) -> str:
    """Return HTML: the text set as the controls say: font, ink, paper, place and strength. Or a sentence."""
    font, ink, paper, place, strength = manner
    try:
        return set_again(text, transcript, Style(font, ink, paper), place, strength, language)
    except Exception as error:
        return problem_html(error, language)
