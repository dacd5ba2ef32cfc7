"""The visitor's own font for the Set tab. The file goes from the browser into memory, not among gradio's files."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import gradio as gr

from emnist_hf.page.compose import ComposeTab, show
from emnist_hf.page.events import PRIVATE, SETTING_QUEUE
from emnist_hf.page.language import html, joined, language_of, part, translate
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.styling import StylingError
from emnist_hf.styling.visitor_font import MAX_BYTES, open_font

HINT = "A .ttf or .otf file of up to 2 MB. It is read in memory, and forgotten when you leave."

_PICKER = (
    f'<p class="tile-label">{part(0)}</p>'
    # The browser's own button would speak the browser's language and not the page's.
    f'<label class="download own-font"><input type="file" class="heard-only" accept=".ttf,.otf" '
    f'aria-label="{part(0)}"><span>{part(2)}</span></label> '
    f'<button type="button" class="download">{part(1)}</button>'
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
    """Return the file that the browser sent, in base64. Raises `StylingError` for anything else."""
    if not isinstance(sent, str) or sent == "too large" or len(sent) > MAX_BYTES * 4 / 3 + 8:
        raise StylingError("This font has more than {most} MB: give a smaller one.", most=f"{MAX_BYTES / 1e6:.0f}")
    try:
        return base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        raise StylingError("This is no font file: give a .ttf or .otf file.") from None


def build(tab: ComposeTab) -> None:
    with gr.Column(elem_classes="card"):
        picker = gr.HTML(
            value="",
            label=joined("own font", ["Your own font", "Without it", "Choose a font file"]),
            html_template=_PICKER,
            js_on_load=_SCRIPT % MAX_BYTES,
            apply_default_css=False,
            elem_id="own-font",
        )
        words = gr.HTML(html('p class="footnote"', HINT), apply_default_css=False, elem_id="own-font-said")

    def take(request: gr.Request, sent: Any, *inputs: Any) -> list[Any]:
        """Set the text in the font instead of the one before, or a sentence; the file itself is dropped at once."""
        before, language = inputs[-1], language_of(request)
        if not sent:
            without = message_html(translate("Set in the hand chosen above.", language), "prompt")
            return ["", without, None, show(*inputs[:-1], None, language=language)]
        try:
            font = open_font(decode(sent))
        except Exception as error:
            return ["", problem_html(error, language), before, show(*inputs, language=language)]
        count = str(len(font.typeface.characters))
        drawn = message_html(translate("Set in your font. It draws {count} characters.", language, count=count))
        return ["", drawn, font, show(*inputs[:-1], font, language=language)]

    picker.input(
        take,
        [picker, *tab.inputs],
        [picker, words, tab.own_font, tab.sheet],
        trigger_mode="once",
        **PRIVATE,
        **SETTING_QUEUE,
    )
