"""The Upload tab: a picture of one character or of a page, from a file, the clipboard or a camera."""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr
from PIL import Image

from emnist_hf.errors import EmnistError
from emnist_hf.hub.feedback import Feedback
from emnist_hf.page.answer_panel import AnswerPanel, answer_panel, connect
from emnist_hf.page.correction import correction_form
from emnist_hf.page.events import PRIVATE
from emnist_hf.page.files import light_url, picture_path, preview_tiff
from emnist_hf.page.language import html, joined, label, part
from emnist_hf.recognizer import Recognizer

PROMPT = "Give it a picture of a letter or of a hand-printed page: a file, a paste, or the camera. Or try an example."
NO_EXAMPLE = "There is no such example: choose one of those shown."

FOLDER = Path(__file__).with_name("examples")

EXAMPLES = {
    "ballpoint.png": "R in ballpoint on shaded paper",
    "chalk.png": "4 in chalk on a board",
    "marker.png": "3 with a thick red marker",
    "small-letter.png": "Small g in ink",
    "transparent.png": "A in black on nothing",
    "page.png": "A page of two lines",
}
"""The pictures in FOLDER, in the order of the page, and what they show."""

_STRIP_SCRIPT = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("click", { name: button.name });
});
"""


def example_strip() -> gr.HTML:
    """Build a button for every example, with the picture on it and its description in words.

    gr.Examples makes buttons without a name, which a screen reader cannot tell apart.
    """
    buttons = "".join(
        f'<button type="button" name="{escape(name)}" title="{part(place)}">'
        f'<img src="{light_url(_thumbnail(name), quality=80)}" alt="{part(place)}"></button>'
        for place, name in enumerate(EXAMPLES, start=1)
    )
    return gr.HTML(
        value="",
        label=joined("examples", ["Examples", *EXAMPLES.values()]),
        html_template=f'<p class="tile-label">{part(0)}</p><div class="example-strip">{buttons}</div>',
        js_on_load=_STRIP_SCRIPT,
        apply_default_css=False,
    )


def _thumbnail(name: str) -> Image.Image:
    picture = Image.open(FOLDER / name).convert("RGBA")
    picture.thumbnail((160, 160))
    return picture


def open_example(event: gr.EventData) -> Image.Image:
    """Return the picture of the button that was pressed; the name is looked up, and so can only be one of ours."""
    name = getattr(event, "name", None)
    if not isinstance(name, str) or name not in EXAMPLES:
        raise EmnistError(NO_EXAMPLE)
    return Image.open(FOLDER / name)


def build(recognizer: Recognizer, feedback: Feedback | None = None) -> AnswerPanel:
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML(html("h2", "Upload"), apply_default_css=False)
            picture = gr.Image(
                sources=["upload", "clipboard", "webcam"],
                # Gradio mirrors the camera's picture by default, and a mirrored letter is another letter.
                webcam_options=gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}}),
                label=label("Picture of a character or a page"),
                show_label=False,
                height=320,
                buttons=[],
                format="png",
                elem_id="picture",
            )
            examples = example_strip()
        panel = answer_panel(recognizer, PROMPT, tab="upload")
    if feedback is not None:
        correction_form(panel, recognizer, feedback, picture, picture_path)
    panel.view.render()
    connect(panel, recognizer, picture, picture.change, picture_path)
    preview_tiff(picture)
    examples.click(open_example, None, picture, **PRIVATE)
    return panel
