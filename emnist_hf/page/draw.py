"""The Draw tab: a pad that is ready at once, and an answer after every stroke."""

from __future__ import annotations

import gradio as gr

from emnist_hf import Recognizer
from emnist_hf.feedback import Feedback
from emnist_hf.page.answer import answer_panel, connect
from emnist_hf.page.correction import correction_form
from emnist_hf.page.pad import drawing, drawing_pad

PROMPT = "Draw on the sheet. The answer comes when you lift the pen."

FOOTNOTE = "One character or a short word, as large as you like. Nothing you draw is kept"
"""Ends in a full stop, or in what is kept after all."""


def build(recognizer: Recognizer, feedback: Feedback | None = None) -> None:
    kept = "." if feedback is None else ", but for what you send as a correction."
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML("<h2>Draw</h2>", apply_default_css=False)
            pad = drawing_pad()
            gr.HTML(f'<p class="footnote">{FOOTNOTE}{kept}</p>', apply_default_css=False)
        panel = answer_panel(recognizer, PROMPT, tab="draw")
    if feedback is not None:
        correction_form(panel, recognizer, feedback, pad, drawing)
    panel.view.render()
    connect(panel, recognizer, pad, pad.input, drawing)
