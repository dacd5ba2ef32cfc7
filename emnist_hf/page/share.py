"""A link that opens the page with the same choices: ?tab=draw&charset=digits&font=tangerine&ink=sepia&paper=ivory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from emnist_hf.page.calligraphy import INKS, PAPERS
from emnist_hf.page.events import PRIVATE
from emnist_hf.page.language import label
from emnist_hf.styling import fonts

TABS = ("draw", "upload", "set", "your-font", "model")

_BUTTON = '<button type="button" class="download">${label}</button>'

_PRESSED = 'element.querySelector("button").addEventListener("click", () => trigger("click"));'

_LINK = '{{#if value}}<a class="footnote share-link" href="{{value}}">${label}</a>{{/if}}'

_MAKE = """(charset, font, ink, paper) => {
  const link = new URL(location.pathname, location.origin);
  link.search = new URLSearchParams({ tab: "%s", charset, font, ink, paper });
  navigator.clipboard?.writeText(link.href).catch(() => {}); // where it may not be copied, it can be opened
  return link.href;
}"""


def build(tab: str, charset: gr.Radio, style: list[Any]) -> None:
    """Build the button that copies the link, and the link itself beside it. The link is made in the browser."""
    with gr.Row(elem_classes="share"):
        button = gr.HTML(
            value="",
            label=label("Copy a link to these choices"),
            html_template=_BUTTON,
            js_on_load=_PRESSED,
            apply_default_css=False,
        )
        link = gr.HTML(value="", label=label("Copied: the link"), html_template=_LINK, apply_default_css=False)
    button.click(None, [charset, *style], link, js=_MAKE % tab, api_visibility="private")


def choices(asked: Mapping[str, str], charsets: list[str]) -> dict[str, str]:
    """Return what a link asks for, as far as the page has it: every name is looked up, what is unknown is left out."""
    known = {"tab": TABS, "charset": charsets, "font": tuple(fonts()), "ink": tuple(INKS), "paper": tuple(PAPERS)}
    return {name: asked[name] for name, names in known.items() if asked.get(name) in names}


def restore(page: gr.Blocks, tabs: gr.Tabs, panels: list[list[Any]], charsets: list[str], others: list[Any]) -> None:
    """Open the page with a link's choices.

    panels: charset, font, ink and paper of each tab. others: more choices of a font.
    """

    def open_link(request: gr.Request) -> list[Any]:
        found = choices(request.query_params, charsets)
        panel = [found.get(name, gr.skip()) for name in ("charset", "font", "ink", "paper")]
        shown = gr.Tabs(selected=found["tab"]) if "tab" in found else gr.skip()
        return [shown, *panel * len(panels), *[found.get("font", gr.skip())] * len(others)]

    outputs = [tabs, *(part for panel in panels for part in panel), *others]
    page.load(open_link, None, outputs, queue=False, **PRIVATE)
