"""The Draw tab: a pad that is ready at once, and an answer after every stroke.

The pad is a canvas of our own in a `gr.HTML`. `gr.Sketchpad` opens with no tool in hand, drops its brush when it is
cleared, needs WebGL, and uploads three pictures a stroke. This one is ready when the page is, and sends one small PNG
inside the event itself.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import gradio as gr

from emnist_hf.hub.feedback import Feedback
from emnist_hf.ink import PictureError
from emnist_hf.page.answer_panel import AnswerPanel, answer_panel
from emnist_hf.page.answering import connect
from emnist_hf.page.correction import correction_form
from emnist_hf.page.language import html, joined, part
from emnist_hf.recognizer import Recognizer

PROMPT = "Draw on the sheet. The answer comes when you lift the pen."
FOOTNOTE = "One character or a short word, as large as you like."

PREFIX = "data:image/png;base64,"

MAX_CHARACTERS = 1_000_000
"""Of a pad's value: a 280 x 280 drawing takes about 8,000."""

PHRASES = (
    "Drawing pad for a character or a word: Control Z undoes, Delete clears. It takes a mouse, a pen or a finger; "
    "without one, give a picture on the Upload tab.",
    "Draw a letter, a digit or a word",
    "Undo",
    "Clear",
)
"""What the pad says, in the order of the template."""

_TEMPLATE = f"""
<div class="pad">
  <div class="pad-paper">
    <canvas tabindex="0" role="img"
      aria-label="{part(0)}"></canvas>
    <p class="pad-prompt">{part(1)}</p>
  </div>
  <div class="pad-tools">
    <button type="button" class="pad-undo" disabled>{part(2)}</button>
    <button type="button" class="pad-clear" disabled>{part(3)}</button>
  </div>
</div>
"""


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


def drawing_pad() -> gr.HTML:
    """Build a square sheet to draw on. Its value is a PNG as a data URL, or "" when it is empty.

    Not a subclass of gr.HTML: gradio writes a .pyi file beside the source of every component class.
    """
    return gr.HTML(
        value="",
        html_template=_TEMPLATE,
        js_on_load=Path(__file__).with_name("pad.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id="pad",
        label=joined("pad", PHRASES),
    )


def drawing(value: object) -> bytes | None:
    """Return the PNG in a pad's value, None for an empty pad. Anyone may post one, so nothing is taken on trust.

    Raises `PictureError`.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.startswith(PREFIX) or len(value) > MAX_CHARACTERS:
        raise PictureError("That is not a drawing from this page's pad: reload the page and draw again.")
    try:
        return base64.b64decode(value[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise PictureError("The drawing arrived damaged: draw it again.") from None
