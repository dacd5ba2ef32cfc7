"""What the page answers to a picture, the same for every tab: labels, what the model sees, calligraphy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from emnist_hf.ink import Ink, open_picture, to_ink
from emnist_hf.ink.geometry import upright_ink, upright_picture
from emnist_hf.page import share
from emnist_hf.page.answer import glyph_url, look, reading, says, set_in_manner
from emnist_hf.page.calligraphy import Style, StyleChoice, sheet, style_choice
from emnist_hf.page.history import asked_again, entry, history
from emnist_hf.page.language import html, in_every_language, language_of
from emnist_hf.page.language import label as phrase
from emnist_hf.page.page_view import (
    MOST_TEXT,
    Transcript,
    boxes_html,
    corrected,
    correction,
    page_controls,
    page_view,
    summary,
    transcript_of,
)
from emnist_hf.page.visitor import READERS, TOP_K, sentence
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARACTERS

CHARSET_TITLES = {
    "byclass": "All 62",
    "bymerge": "Look-alikes merged",
    "letters": "Letters, any case",
    "digits": "Digits",
    "uppercase": "Capitals",
    "lowercase": "Small letters",
}


def charset_choice(recognizer: Recognizer) -> gr.Radio:
    names = recognizer.charsets()
    return gr.Radio(
        [(str(phrase(CHARSET_TITLES[name])), name) for name in names],
        value=names[0],
        label=phrase("Read it as"),
        elem_classes="pills",
        visible=len(names) > 1,
    )


def page_answer(
    page: Reading, picture: Image.Image, ink: Ink, manner: Sequence[Any], remembered: dict[str, str], language: str
) -> list[Any]:
    """What the panel shows of a page that was read in a picture and its ink, and what the history does.

    A page that lay upside down or on its side is shown upright, its boxes and its calligraphy alike. manner: how it is
    set, as `AnswerPanel.manner` lists it.
    """
    picture, ink = upright_picture(picture, page.turns), upright_ink(ink, page.turns)
    page = page.upright()
    words, hint = summary(page, language)
    said = f'<p class="message said" role="status">{escape(words)}<small>{escape(hint)}</small></p>'
    transcript = transcript_of(page, ink)
    return [
        said,
        gr.Label(value=None, visible=False),
        set_in_manner(page.text, transcript, manner, language),
        page.text,
        gr.HTML(value=boxes_html(picture, page, language), visible=True),
        gr.Textbox(value=page.text, visible=True),
        transcript,
        gr.Column(visible=True),
        remembered,
    ]


@dataclass(frozen=True)
class AnswerPanel:
    """The components that show an answer, and the controls that shape it.

    `view` is wide, and not rendered yet: the tab renders it where it has the room.
    """

    prompt: str
    reading: gr.HTML
    label: gr.Label
    charset: gr.Radio
    sheet: gr.HTML
    chosen: gr.State
    view: gr.HTML
    text: gr.Textbox
    transcript: gr.State
    style: StyleChoice
    page_controls: gr.Column
    place: gr.Radio
    strength: gr.Slider
    history: gr.HTML

    def outputs(self) -> list[Any]:
        shown = [self.reading, self.label, self.sheet, self.chosen, self.view, self.text, self.transcript]
        return [*shown, self.page_controls, self.history]

    def choices(self) -> list[Any]:
        """What a link can restore: charset, font, ink and paper."""
        return [self.charset, *self.style.inputs()]

    def manner(self) -> list[Any]:
        """What says how the answer is set."""
        return [*self.style.inputs(), self.place, self.strength]

    def without_answer(self, text: str, kind: str, style: Style, language: str, before: Transcript | None) -> list[Any]:
        """An empty panel with a sentence in it. before: the page that it showed, as `without_page` takes it."""
        empty = [
            reading(text, kind=kind, language=language),
            gr.Label(value=None, visible=False),
            sheet("", style, language),
            "",
        ]
        return [*empty, *without_page(before), None]


def without_page(before: Transcript | None) -> list[Any]:
    """The components that show a page, hidden. before: the page that they showed, None where they are hidden already.

    To hide what is hidden would cost gradio more than a character costs to read.
    """
    if before is None:
        return [gr.skip(), gr.skip(), None, gr.skip()]
    return [gr.HTML(value="", visible=False), gr.Textbox(value="", visible=False), None, gr.Column(visible=False)]


def answer_panel(recognizer: Recognizer, prompt: str, tab: str) -> AnswerPanel:
    """The two cards on the right of a tab. `prompt` says what to do while there is no picture."""
    with gr.Column(scale=4, min_width=280, elem_classes="card"):
        gr.HTML(html("h2", "Read"), apply_default_css=False)
        first = in_every_language(f"{tab} prompt", lambda language: reading(prompt, kind="prompt", language=language))
        said = gr.HTML(str(first), apply_default_css=False)
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
        charset = charset_choice(recognizer)
        last = history()
    with gr.Column(scale=4, min_width=280, elem_classes="card"):
        gr.HTML(html("h2", "Set in calligraphy"), apply_default_css=False)
        empty = in_every_language("empty sheet", lambda language: sheet("", Style(), language))
        sheet_view = gr.HTML(str(empty), apply_default_css=False)
        controls = page_controls()
        style = style_choice(tab)
        share.build(tab, charset, style.inputs())
    chosen, transcript = gr.State(""), gr.State(None)
    return AnswerPanel(
        prompt, said, label, charset, sheet_view, chosen, page_view(), text, transcript, style, *controls, last
    )


def connect(
    panel: AnswerPanel,
    recognizer: Recognizer,
    picture: gr.components.Component,
    changed: Callable[..., Any],
    read_picture: Callable[[Any], Any],
) -> None:
    """Wires a tab: a new picture or charset gives a new answer, a new style sets the same answer anew.

    `changed` is the picture's one listener; `read_picture` turns its value into what `Recognizer.examine`
    takes, None for no picture.
    """

    def answer(request: gr.Request, value: Any, charset: str, before: Transcript | None, *manner: Any) -> list[Any]:
        style, language = Style(*manner[:3]), language_of(request)
        try:
            image = read_picture(value)
            if image is None:
                return panel.without_answer(panel.prompt, "prompt", style, language, before)
            picture = open_picture(image)
            written = to_ink(picture)  # once for all that follows: it is most of the work
            found = look(recognizer, picture, written, charset)
            if isinstance(found, Reading):
                return page_answer(found, picture, written, manner, entry(value, found.text), language)
            best = found.predictions[0].label
            scores = {prediction.label: prediction.score for prediction in found.predictions}
            words, hint = says(found.predictions, charset, found.is_character, language)
            shown = gr.Label(value=scores, visible=True)
            said = reading(words, hint, found.glyph, language=language)
            remembered = entry(value, best, glyph_url(found.glyph))
            return [said, shown, sheet(best, style, language), best, *without_page(before), remembered]
        except Exception as error:
            return panel.without_answer(sentence(error, language), "problem", Style(), language, before)

    def restyle(request: gr.Request, chosen: str, transcript: Transcript | None, *manner: Any) -> str:
        return set_in_manner(chosen, transcript, manner, language_of(request))

    def correct(
        request: gr.Request, event: gr.EventData, text: str, transcript: Transcript | None, *manner: Any
    ) -> list[Any]:
        """A character of a page, corrected by the visitor."""
        change = correction(event, transcript) if transcript is not None else None
        if transcript is None or change is None:
            return [gr.skip()] * 4
        after, text = corrected(transcript, *change, text)
        return [text, after, text, restyle(request, text, after, *manner)]

    def retype(request: gr.Request, text: str, transcript: Transcript | None, *manner: Any) -> tuple[Any, Any]:
        """The text of a page, edited by the visitor. Without a page, the box was emptied for a single character."""
        if transcript is None:
            return gr.skip(), gr.skip()
        return text, restyle(request, text, transcript, *manner)

    def choose(request: gr.Request, event: gr.SelectData, *manner: Any) -> tuple[str, str]:
        """Another of the labels, picked by the visitor, is set instead."""
        chosen = str(event.value) if event.value in tuple(CHARACTERS) else ""
        return chosen, restyle(request, chosen, None, *manner)

    def recall(request: gr.Request, event: gr.EventData, *manner: Any) -> tuple[str, str]:
        """One of the last answers is set again."""
        chosen = asked_again(event)
        return chosen, restyle(request, chosen, None, *manner)

    quietly: dict[str, Any] = {
        "show_progress": "hidden",
        "api_visibility": "private",
        "trigger_mode": "always_last",
    }
    manner = panel.manner()
    gr.on(
        [changed, panel.charset.input],
        answer,
        [picture, panel.charset, panel.transcript, *manner],
        panel.outputs(),
        **READERS,
        preprocess=False,
        **quietly,
    )
    for control in manner:
        control.input(restyle, [panel.chosen, panel.transcript, *manner], panel.sheet, **quietly)
    panel.label.select(choose, manner, [panel.chosen, panel.sheet], **quietly)
    panel.history.click(recall, manner, [panel.chosen, panel.sheet], **quietly)
    panel.view.click(
        correct,
        [panel.text, panel.transcript, *manner],
        [panel.text, panel.transcript, panel.chosen, panel.sheet],
        show_progress="hidden",
        api_visibility="private",
    )
    # `change` and not `input`, which gradio does not tell of a text that is pasted. What it tells of the page's own
    # changes costs nothing: the sheet is known already.
    panel.text.change(retype, [panel.text, panel.transcript, *manner], [panel.chosen, panel.sheet], **quietly)
