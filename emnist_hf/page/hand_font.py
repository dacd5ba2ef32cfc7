"""The Your font tab: a sheet of characters becomes a font to install, and to set any text in at once."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw

from emnist_hf import Recognizer
from emnist_hf.ink import open_picture
from emnist_hf.page.answer import READER
from emnist_hf.page.calligraphy import data_url, hand_tiles
from emnist_hf.page.compose import ComposeTab, Order, carry_out, problem, show
from emnist_hf.page.files import picture_path
from emnist_hf.page.language import html, label
from emnist_hf.page.tiles import tile_choice
from emnist_hf.styling import DEFAULT_FONT, StylingError, describe
from emnist_hf.styling.hand_font import DEFAULT_NAME, MadeFont, make_font
from emnist_hf.styling.sheet import SKIP, Sheet, read_sheet

PROMPT = (
    "Write the letters and figures apart from each other, in any order, on one sheet; several of each are welcome. "
    "Then give a picture of it."
)
TRIAL = "The quick brown fox jumps\nover the lazy dog 0123456789"
WIDEST = 1000  # pixels of the picture with the boxes


def marked(picture: Image.Image, sheet: Sheet) -> str:
    """HTML: the sheet with a box around every character that was found."""
    scale = min(1.0, WIDEST / max(picture.size))
    small = picture.resize([max(1, round(side * scale)) for side in picture.size])
    canvas = ImageDraw.Draw(small)
    for character in sheet.characters:
        canvas.rectangle([side * scale for side in character.box], outline=(176, 71, 47), width=2)
    said = f"{len(sheet.characters)} characters found on the sheet"
    return f'<img class="found" style="width:100%" src="{data_url(small)}" alt="{said}">'


def look(picture: Any, recognizer: Recognizer) -> list[Any]:
    """The sheet read: it, its labels to correct, the boxes, and what was found in words."""
    try:
        path = picture_path(picture)
        if path is None:
            return [None, "", "", f'<p class="message prompt">{escape(PROMPT)}</p>']
        sheet = read_sheet(path, recognizer)
        if not sheet.characters:
            raise StylingError("There are no characters on this sheet: write them apart from each other.")
        words = (
            f"{len(sheet.characters)} characters. The hand {describe(sheet.hand())}. Correct the labels, then make it."
        )
        return [sheet, sheet.labels, marked(open_picture(path), sheet), _said(words)]
    except Exception as error:
        return [None, "", "", problem(error)]


def _said(text: str) -> str:
    return f'<p class="message said" role="status">{escape(text)}</p>'


def shown(made: MadeFont) -> str:
    """HTML: the font at work, and the link that saves it."""
    svg = base64.b64encode(carry_out(Order(TRIAL, made.font, size=48)).svg().encode("utf-8")).decode("ascii")
    file = base64.b64encode(made.data).decode("ascii")
    notices = "".join(f"<p>{escape(notice)}</p>" for notice in made.notices)
    return (
        f'<div class="sheet set-sheet"><img src="data:image/svg+xml;base64,{svg}" '
        f'alt="A pangram set in {escape(made.font.title)}"></div>'
        f'<div class="sheet-foot"><a class="download" href="data:font/ttf;base64,{file}" '
        f'download="{escape(made.font.name)}.ttf">Download TTF</a></div><div class="footnote">{notices}</div>'
        '<p class="footnote">The Set tab now sets its text in this font.</p>'
    )


def make(sheet: Sheet | None, labels: str, name: str, filler: str, *inputs: Any) -> list[Any]:
    """The font, the sheet of the Set tab in it, and what to show here."""
    before = inputs[-1]
    try:
        if sheet is None:
            raise StylingError("There is no sheet yet: give a picture of your characters first.")
        corrected = sheet.relabelled(labels)
        made = make_font(corrected.samples(), corrected.hand(), name=name, filler=filler)
        return [made.font, show(*inputs[:-1], made.font), shown(made)]
    except Exception as error:
        return [before, show(*inputs), problem(error)]


def build(recognizer: Recognizer, tab: ComposeTab) -> None:
    sheet = gr.State(None, time_to_live=3600)
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML(html("h2", "Your hand as a font"), apply_default_css=False)
            picture = gr.Image(
                sources=["upload", "clipboard"],
                label=label("A sheet of your characters"),
                height=240,
                buttons=[],
                format="png",
                elem_id="font-sheet",
            )
            said = gr.HTML(f'<p class="message prompt">{escape(PROMPT)}</p>', apply_default_css=False)
            boxes = gr.HTML("", apply_default_css=False)
        with gr.Column(scale=8, min_width=280, elem_classes="card"):
            gr.HTML(html("h2", "Make it"), apply_default_css=False)
            info = f"In reading order, one for each box; {SKIP} leaves one out."
            labels = gr.Textbox("", lines=4, label=label("What stands there"), info=info, elem_id="font-labels")
            name = gr.Textbox(DEFAULT_NAME, label=label("Name of the font"), max_length=31, elem_id="font-name")
            filler = tile_choice("What is missing comes from", "font-filler", hand_tiles(), DEFAULT_FONT, "hands")
            button = gr.Button("Make the font", variant="primary", elem_id="font-make")
            result = gr.HTML("", apply_default_css=False, elem_id="font-result")
    quietly: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private", "concurrency_id": READER}
    picture.change(
        lambda sent: look(sent, recognizer), picture, [sheet, labels, boxes, said], preprocess=False, **quietly
    )
    button.click(make, [sheet, labels, name, filler, *tab.inputs], [tab.own_font, tab.sheet, result], **quietly)
