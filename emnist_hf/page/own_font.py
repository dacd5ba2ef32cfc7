"""The visitor's own font for the Set tab. The file goes from the browser into memory, not among gradio's files."""

from __future__ import annotations

import base64
import binascii
from html import escape
from typing import Any

import gradio as gr

from emnist_hf.page.compose import ComposeTab, problem, show
from emnist_hf.styling import StylingError
from emnist_hf.styling.visitor_font import MAX_BYTES, open_font

HINT = "A .ttf or .otf file of up to 2 MB. It is read in memory, and forgotten when you leave."
_PICKER = (
    '<p class="tile-label">Your own font</p>'
    '<label class="download own-font"><input type="file" accept=".ttf,.otf" aria-label="Your own font">'
    '</label> <button type="button" class="download">Without it</button>'
)
_SCRIPT = """
const input = element.querySelector("input");
input.addEventListener("change", (event) => {
  event.stopPropagation();
  const file = input.files[0];
  if (!file) return;
  if (file.size > %d) { props.value = "too large"; trigger("input"); return; }
  const reader = new FileReader();
  reader.onload = () => { props.value = reader.result.split(",")[1] || ""; trigger("input"); };
  reader.readAsDataURL(file);
});
element.querySelector("button").addEventListener("click", () => {
  input.value = "";
  props.value = "";
  trigger("input");
});
"""


def decode(sent: Any) -> bytes:
    """The file that the browser sent, in base64. Raises `StylingError` for anything else."""
    if not isinstance(sent, str) or sent == "too large" or len(sent) > MAX_BYTES * 4 / 3 + 8:
        raise StylingError(f"This font has more than {MAX_BYTES / 1e6:.0f} MB: give a smaller one.")
    try:
        return base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        raise StylingError("This is no font file: give a .ttf or .otf file.") from None


def _said(text: str, kind: str = "said") -> str:
    return f'<p class="message {kind}" role="status">{escape(text)}</p>'


def build(tab: ComposeTab) -> None:
    with gr.Column(elem_classes="card"):
        picker = gr.HTML(
            value="",
            html_template=_PICKER,
            js_on_load=_SCRIPT % MAX_BYTES,
            apply_default_css=False,
            elem_id="own-font",
        )
        said = gr.HTML(f'<p class="footnote">{escape(HINT)}</p>', apply_default_css=False, elem_id="own-font-said")

    def take(sent: Any, *inputs: Any) -> list[Any]:
        """The font in place of the one before, or a sentence; the file itself is dropped at once."""
        before = inputs[-1]
        if not sent:
            return ["", _said("Set in the hand chosen above.", "prompt"), None, show(*inputs[:-1], None)]
        try:
            font = open_font(decode(sent))
        except Exception as error:
            return ["", problem(error), before, show(*inputs)]
        words = f"Set in your font. It draws {len(font.typeface.characters)} characters."
        return ["", _said(words), font, show(*inputs[:-1], font)]

    picker.input(
        take,
        [picker, *tab.inputs],
        [picker, said, tab.own_font, tab.sheet],
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="once",
        concurrency_id="setter",
    )
