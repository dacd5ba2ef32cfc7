"""The last answers of a visit. They lie in the visitor's browser alone: the server tells each one and forgets it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from emnist_hf.page.language import label

MOST_TEXT = 2000
"""Characters of a text that the browser may ask for again; also what a page's text may have."""

_TEMPLATE = """
<section class="history" hidden>
  <p class="tile-label">${label}</p>
  <ol class="history-list"></ol>
</section>
"""


def history() -> gr.HTML:
    """Build the strip of answers. Its value is the newest, as `entry` makes it; its 'click' event carries a `label`."""
    return gr.HTML(
        value=None,
        label=label("Your last answers"),
        html_template=_TEMPLATE,
        js_on_load=Path(__file__).with_name("history.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_classes="history-room",
    )


def entry(picture: Any, label: str, glyph: str = "") -> dict[str, str]:
    """Return an answer to remember: the label or text, and the glyph as a data URL, if it is one character.

    picture: what the answer is to, as the page sent it. A drawing is one while it grows stroke by stroke; an upload is
    one whatever charset it is read in. Their answers take each other's place.
    """
    key = str(picture.get("path", "")) if isinstance(picture, Mapping) else "drawing"
    return {"key": key, "label": label[:MOST_TEXT], "glyph": glyph}


def asked_again(event: gr.EventData) -> str:
    """Return the label or text that a visitor picked; "" for what makes no sense, as anyone may post an event."""
    label = getattr(event, "label", None)
    return label if isinstance(label, str) and 0 < len(label) <= MOST_TEXT else ""
