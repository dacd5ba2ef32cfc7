"""The Form tab: a form's boxes, what stands in each, to correct and to take away as a table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr
from PIL import Image

from emnist_hf.errors import EmnistError
from emnist_hf.ink import open_picture
from emnist_hf.ink.geometry import upright_picture
from emnist_hf.page.events import FOLLOWING, NETWORK_QUEUE, PRIVATE
from emnist_hf.page.example_strip import example_strip
from emnist_hf.page.files import CAMERA_INPUT, picture_path, preview_tiff
from emnist_hf.page.form_sheet import Values, edited, values_of
from emnist_hf.page.form_view import form_view, links_html, summary, view_html
from emnist_hf.page.language import html, label, language_of, translate
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.page.waiting import progress_view, stopped_html, waited_for
from emnist_hf.recognizer import Recognizer

PROMPT = (
    "Give it a picture of a form that was filled in by hand: rows of boxes, tables, puzzles, checkboxes. "
    "Or try the example."
)
CHOOSE = "Click a box to see what it holds, and correct it in the table."
NO_BOXES = "There are no boxes in this picture: take all of the form, from above, or read it in the Upload tab."

EXAMPLES = {"form.png": "A visit, registered in boxes"}
"""The pictures of `example_strip.FOLDER`, and what they show: the form of `benchmarks/example_form.py`, scanned."""


def read_values(path: str, recognizer: Recognizer) -> tuple[Values, Image.Image, str]:
    """Return what stands in the boxes of a picture, the picture upright, and a note.

    Raises `EmnistError` where there are none, and as `Recognizer.read`.
    """
    reading = recognizer.read(path)
    if not (reading.fields or reading.tables):
        raise EmnistError(NO_BOXES)
    return values_of(reading.upright()), upright_picture(open_picture(path), reading.turns), reading.note


def at_once(sent: Any, language: str) -> str | None:
    """Return HTML: an uploaded picture, before anything of it is read; None for what is none that can be shown."""
    try:
        path = picture_path(sent)
        return None if path is None else view_html(open_picture(path), (), language)
    except EmnistError:  # `read` says why
        return None


def build(recognizer: Recognizer) -> None:
    # Gone with the visit: states are dropped an hour after the page is closed.
    values = gr.State((), time_to_live=3600)
    with gr.Column(elem_classes="card first"):
        gr.HTML(html("h2", "Form"), apply_default_css=False)
        with gr.Row():
            with gr.Column(scale=5, min_width=280):
                about = label("Picture of a form")
                picture = gr.Image(label=about, height=240, elem_id="form-picture", **CAMERA_INPUT)
            with gr.Column(scale=4, min_width=280):
                words = gr.HTML(html('p class="message prompt"', PROMPT), apply_default_css=False, elem_id="form-said")
                example_strip("form examples", EXAMPLES, picture, large=True)
        progress = progress_view("form-progress")
        view = form_view()
        links = gr.HTML("", apply_default_css=False, visible=False, elem_id="form-links")

    def read(request: gr.Request, sent: Any) -> list[Any]:
        language = language_of(request)
        try:
            path = picture_path(sent)
            if path is None:
                return [message_html(translate(PROMPT, language), "prompt"), *_nothing()]
            found, upright, note = read_values(path, recognizer)
            said, hint = summary(found, note, language)
            said = message_html(f"{said} {translate(CHOOSE, language)}", hint=hint)
            shown = gr.HTML(view_html(upright, found, language), visible=True)
            return [said, shown, gr.HTML(links_html(found, language), visible=True), found]
        except Exception as error:
            return [problem_html(error, language), *_nothing()]

    def read_in_time(request: gr.Request, sent: Any) -> Iterator[list[Any]]:
        language = language_of(request)
        if (shown := at_once(sent, language)) is not None:
            yield [gr.skip(), gr.HTML(shown, visible=True), *_nothing()[1:], ""]
        same, stopped = [gr.skip() for _ in range(4)], [stopped_html(language), *_nothing()]
        work = partial(read, request, sent)
        answer = yield from waited_for(work, lambda html: [*same, html], stopped, request, "form-progress")
        yield [*answer, ""]

    picture.change(
        read_in_time, picture, [words, view, links, values, progress], preprocess=False, **FOLLOWING, **NETWORK_QUEUE
    )
    preview_tiff(picture)
    # Every event, each with all changes so far: gradio answers what waits with the data of the event before.
    view.click(correct, values, [links, values], trigger_mode="multiple", **PRIVATE)


def _nothing() -> list[Any]:
    return [gr.HTML("", visible=False), gr.HTML("", visible=False), ()]


def correct(request: gr.Request, event: gr.EventData, values: Values) -> list[Any]:
    """Take a visitor's correction of one value into what is taken away."""
    after = edited(values, event)
    return [gr.skip(), gr.skip()] if after is None else [links_html(after, language_of(request)), after]
