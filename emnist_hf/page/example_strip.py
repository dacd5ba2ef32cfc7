"""A strip of example pictures: a button for each, with the picture on it and its description in words."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import gradio as gr
from PIL import Image

from emnist_hf.errors import EmnistError
from emnist_hf.page.events import PRIVATE
from emnist_hf.page.files import light_url
from emnist_hf.page.language import joined, part

NO_EXAMPLE = "There is no such example: choose one of those shown."

FOLDER = Path(__file__).with_name("examples")

_SCRIPT = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("click", { name: button.name });
});
"""


def example_strip(key: str, examples: Mapping[str, str], picture: gr.Image, large: bool = False) -> gr.HTML:
    """Build a button for every example, pictures in FOLDER and what they show, that puts it where pictures go.

    gr.Examples makes buttons without a name, which a screen reader cannot tell apart. key: of the strip, on the page.
    large: for a whole sheet, of which little is seen at the size of a character.
    """
    buttons = "".join(
        f'<button type="button" name="{escape(name)}" title="{part(place)}">'
        f'<img src="{light_url(_thumbnail(name, 320 if large else 160), quality=80)}" alt="{part(place)}"></button>'
        for place, name in enumerate(examples, start=1)
    )
    kind = "example-strip large" if large else "example-strip"
    strip = gr.HTML(
        value="",
        label=joined(key, ["Examples", *examples.values()]),
        html_template=f'<p class="tile-label">{part(0)}</p><div class="{kind}">{buttons}</div>',
        js_on_load=_SCRIPT,
        apply_default_css=False,
    )

    def open_example(event: gr.EventData) -> Image.Image:
        return example(event, examples)

    strip.click(open_example, None, picture, **PRIVATE)
    return strip


def _thumbnail(name: str, side: int) -> Image.Image:
    """Return a picture whole, `side` pixels high at the most; pages may be twice as wide."""
    picture = Image.open(FOLDER / name).convert("RGBA")
    picture.thumbnail((2 * side, side))
    return picture


def example(event: gr.EventData, examples: Mapping[str, str]) -> Image.Image:
    """Return the picture of the button that was pressed; the name is looked up, and so can only be one of ours."""
    name = getattr(event, "name", None)
    if not isinstance(name, str) or name not in examples:
        raise EmnistError(NO_EXAMPLE)
    return Image.open(FOLDER / name)
