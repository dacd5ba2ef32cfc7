"""The Upload tab: a picture of one character or of a page, from a file, the clipboard or a camera."""

from __future__ import annotations

import gradio as gr

from emnist_hf.hub.feedback import Feedback
from emnist_hf.page.answer_panel import AnswerPanel, answer_panel
from emnist_hf.page.answering import connect
from emnist_hf.page.correction import correction_form
from emnist_hf.page.example_strip import example_strip
from emnist_hf.page.files import CAMERA_INPUT, picture_path, preview_tiff
from emnist_hf.page.language import html, label
from emnist_hf.page.waiting import progress_view
from emnist_hf.recognizer import Recognizer

PROMPT = "Give it a picture of a letter or of a hand-printed page: a file, a paste, or the camera. Or try an example."

EXAMPLES = {
    "ballpoint.png": "R in ballpoint on shaded paper",
    "chalk.png": "4 in chalk on a board",
    "marker.png": "3 with a thick red marker",
    "small-letter.png": "Small g in ink",
    "transparent.png": "A in black on nothing",
    "page.png": "A page of two lines",
    "note.png": "A note in blue ink",
    "ruled.png": "A ruled page",
}
"""The pictures of `example_strip.FOLDER` in the order of the page, and what they show."""


def build(recognizer: Recognizer, feedback: Feedback | None = None) -> AnswerPanel:
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML(html("h2", "Upload"), apply_default_css=False)
            about = label("Picture of a character or a page")
            picture = gr.Image(label=about, height=320, elem_id="picture", **CAMERA_INPUT)
            example_strip("examples", EXAMPLES, picture)
            progress = progress_view("upload-progress")
        panel = answer_panel(recognizer, PROMPT, tab="upload")
    if feedback is not None:
        correction_form(panel, recognizer, feedback, picture, picture_path)
    panel.view.render()
    connect(panel, recognizer, picture, picture.change, picture_path, progress)
    preview_tiff(picture)
    return panel
