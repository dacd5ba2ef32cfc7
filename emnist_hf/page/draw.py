"""The Draw tab: a pad that is ready at once, and an answer after every stroke."""

from __future__ import annotations

import gradio as gr

from emnist_hf import Recognizer
from emnist_hf.feedback import Feedback
from emnist_hf.page.answer import AnswerPanel, answer_panel, connect
from emnist_hf.page.correction import correction_form
from emnist_hf.page.language import html
from emnist_hf.page.pad import drawing, drawing_pad

PROMPT = "Draw on the sheet. The answer comes when you lift the pen."

FOOTNOTE = "One character or a short word, as large as you like."


def build(recognizer: Recognizer, feedback: Feedback | None = None) -> AnswerPanel:
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML(html("h2", "Draw"), apply_default_css=False)
            pad = drawing_pad()
            gr.HTML(html('p class="footnote"', FOOTNOTE), apply_default_css=False)
        panel = answer_panel(recognizer, PROMPT, tab="draw")
    if feedback is not None:
        correction_form(panel, recognizer, feedback, pad, drawing)
    panel.view.render()
    connect(panel, recognizer, pad, pad.input, drawing)
    return panel
