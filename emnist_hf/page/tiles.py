"""A choice shown as small tiles instead of words: hands by their shapes, inks and papers by their colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import gradio as gr

from emnist_hf.page.language import in_every_language, part, translate

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
    """One thing to choose: the value it stands for, its name in words, and the HTML that shows it, without words.

    school: what kind of thing it is, such as the tradition of a hand; may be empty.
    """

    value: str
    title: str
    face: str
    school: str = ""

    def name_in(self, language: str) -> str:
        """Return the name in a language, with the school of writing, if there is one."""
        return ", ".join(translate(words, language) for words in (self.title, self.school) if words)


def tile_choice(label: str, name: str, tiles: list[Tile], value: str, kind: str) -> gr.HTML:
    """Build radio buttons with a face. The value is the chosen tile's; the 'input' event says that it changed.

    `name` groups the buttons and is unique on the page; `kind` is the CSS class of the group. Label and titles are
    phrases that the browser translates.
    """
    return gr.HTML(
        value=value,
        label=in_every_language(
            f"{name} tiles",
            lambda language: "|".join([translate(label, language), *(tile.name_in(language) for tile in tiles)]),
        ),
        html_template=_group(name, tiles, kind),
        js_on_load=_SCRIPT,
        apply_default_css=False,
    )


def _group(name: str, tiles: list[Tile], kind: str) -> str:
    """Return the template; the words of the group and of each tile are the parts of its label."""
    faces = "".join(
        f'<label title="{part(place)}"><input type="radio" name="{name}" value="{escape(tile.value)}" '
        f'aria-label="{part(place)}">{tile.face}</label>'
        for place, tile in enumerate(tiles, start=1)
    )
    return (
        f'<div class="tile-choice {kind}" role="radiogroup" aria-label="{part(0)}">'
        f'<p class="tile-label">{part(0)} <span class="tiles-said"></span></p>'
        f'<div class="tile-faces">{faces}</div></div>'
    )
