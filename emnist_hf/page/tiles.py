"""A choice shown as small tiles instead of words: hands by their shapes, inks and papers by their colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import gradio as gr

_SCRIPT = """
const said = element.querySelector(".tiles-said");
function mark() {
  for (const input of element.querySelectorAll("input")) {
    input.checked = input.value === props.value;
    if (input.checked) said.textContent = input.getAttribute("aria-label");
  }
}
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  mark();
  trigger("input");
});
watch("value", mark);
mark();
"""


@dataclass(frozen=True)
class Tile:
    """One thing to choose: the value it stands for, its name in words, and the HTML that shows it."""

    value: str
    title: str
    face: str


def tile_choice(label: str, name: str, tiles: list[Tile], value: str, kind: str) -> gr.HTML:
    """Radio buttons with a face. The value is the chosen tile's; the 'input' event says that it changed.

    `name` groups the buttons and is unique on the page; `kind` is the CSS class of the group.
    """
    return gr.HTML(
        value=value,
        label=label,
        html_template=_group(label, name, tiles, kind),
        js_on_load=_SCRIPT,
        apply_default_css=False,
    )


def _group(label: str, name: str, tiles: list[Tile], kind: str) -> str:
    faces = "".join(
        f'<label title="{escape(tile.title)}"><input type="radio" name="{name}" value="{escape(tile.value)}" '
        f'aria-label="{escape(tile.title)}">{tile.face}</label>'
        for tile in tiles
    )
    return (
        f'<div class="tile-choice {kind}" role="radiogroup" aria-label="{escape(label)}">'
        f'<p class="tile-label">{escape(label)} <span class="tiles-said"></span></p>'
        f'<div class="tile-faces">{faces}</div></div>'
    )
