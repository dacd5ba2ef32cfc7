"""A rendering on the page: the picture as SVG, links that save it, and sentences about it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from emnist_hf.styling import Font, Rendering
from emnist_hf.styling.colours import css_hex

PRINT_RESOLUTION = 192
"""Dots an inch of the PNG to save; twice what a screen has."""


def _url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64," + base64.b64encode(data).decode("ascii")


def rendered_sheet(
    rendering: Rendering, font: Font, name: str, said: Sequence[str] = (), resolution: float = PRINT_RESOLUTION
) -> str:
    """HTML: the sheet with the text on it, links that save it as NAME.png, .svg and .pdf, and what there is to say.

    said: sentences that go before the rendering's own notices. resolution: of the PNG, in dots an inch.
    """
    svg = _url(rendering.svg().encode("utf-8"), "image/svg+xml")
    files = {
        "PNG": _url(rendering.png(resolution), "image/png"),
        "SVG": svg,
        "PDF": _url(rendering.pdf(), "application/pdf"),
    }
    links = "".join(
        f'<a class="download" href="{url}" download="{escape(name)}.{kind.lower()}">{kind}</a>'
        for kind, url in files.items()
    )
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in (*said, *rendering.notices))
    paper = rendering.scene.paper
    shown = f'" style="background:{css_hex(paper)}' if paper[3] else " see-through"
    return (
        f'<div class="sheet set-sheet{shown}">'
        f'<img src="{svg}" alt="{escape(rendering.scene.text)}, set in {escape(font.title)}"></div>'
        f'<div class="sheet-foot"><span class="footnote">Download</span>{links}</div>'
        f'<div class="footnote" role="status">{sentences}</div>'
    )
