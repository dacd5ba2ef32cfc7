"""The Your font tab: a sheet of characters becomes a font to install, and to set any text in at once."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw

from emnist_hf.ink import open_picture
from emnist_hf.ink.geometry import upright_picture
from emnist_hf.page.calligraphy import hand_tiles
from emnist_hf.page.compose import ComposeTab, render, show
from emnist_hf.page.events import NETWORK_QUEUE, PRIVATE
from emnist_hf.page.files import PICTURE_INPUT, data_url, image_url, picture_path, preview_tiff
from emnist_hf.page.language import ENGLISH, html, label, language_of, translate, translate_html
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.page.tiles import tile_choice
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import DEFAULT_FONT, StylingError, describe
from emnist_hf.styling.font_sheet import SKIP, Sheet, read_sheet
from emnist_hf.styling.hand_font import DEFAULT_NAME, MadeFont, make_font

PROMPT = (
    "Write the letters and figures apart from each other, in any order, on one sheet; several of each are welcome. "
    "Then give a picture of it."
)
FOUND = "{count} characters. This hand {hand}. Correct the labels, then make it."
ORDER = f"In reading order, one for each box; {SKIP} leaves one out."
FOLLOWS = "The Set tab now sets its text in this font."

TRIAL = "The quick brown fox jumps\nover the lazy dog 0123456789"

WIDEST = 1000  # pixels of the picture with the boxes


def marked(picture: Image.Image, sheet: Sheet, language: str = ENGLISH) -> str:
    """Return HTML: a sheet, its picture upright, with a box around every character that was found."""
    scale = min(1.0, WIDEST / max(picture.size))
    small = picture.resize([max(1, round(side * scale)) for side in picture.size])
    canvas = ImageDraw.Draw(small)
    for character in sheet.characters:
        canvas.rectangle([side * scale for side in character.box], outline=(176, 71, 47), width=2)
    words = translate_html("{count} characters found on the sheet", language, count=str(len(sheet.characters)))
    return f'<img class="found" style="width:100%" src="{image_url(small)}" alt="{words}">'


def read_picture(picture: Any, recognizer: Recognizer, language: str = ENGLISH) -> list[Any]:
    """Return the sheet that was read, its labels to correct, the boxes, and what was found in words."""
    try:
        path = picture_path(picture)
        if path is None:
            return [None, "", "", message_html(translate(PROMPT, language), "prompt")]
        sheet = read_sheet(path, recognizer)
        if not sheet.characters:
            raise StylingError("There are no characters on this sheet: write them apart from each other.")
        count, hand = str(len(sheet.characters)), translate(describe(sheet.hand()), language)
        words = translate(FOUND, language, count=count, hand=hand)
        upright = upright_picture(open_picture(path), sheet.turns)
        return [sheet, sheet.labels, marked(upright, sheet, language), message_html(words)]
    except Exception as error:
        return [None, "", "", problem_html(error, language)]


def font_html(made: MadeFont, language: str = ENGLISH) -> str:
    """Return HTML: the font at work, and the link that saves it."""
    svg = data_url(render(TRIAL, made.font, size=48).svg().encode("utf-8"), "image/svg+xml")
    file = data_url(made.data, "font/ttf")
    notices = "".join(f"<p>{escape(translate(notice, language))}</p>" for notice in made.notices)
    alt = translate_html("A pangram set in {font}", language, font=made.font.title)
    return (
        f'<div class="sheet set-sheet"><img src="{svg}" '
        f'alt="{alt}"></div>'
        f'<div class="sheet-foot"><a class="download" href="{file}" '
        f'download="{escape(made.font.name)}.ttf">{translate_html("Download TTF", language)}</a></div>'
        f'<div class="footnote">{notices}</div><p class="footnote">{translate_html(FOLLOWS, language)}</p>'
    )


def make(request: gr.Request, sheet: Sheet | None, labels: str, name: str, filler: str, *inputs: Any) -> list[Any]:
    """Make the font; return it, the sheet of the Set tab in it, and what to show here."""
    before, language = inputs[-1], language_of(request)
    try:
        if sheet is None:
            raise StylingError("There is no sheet yet: give a picture of your characters first.")
        corrected = sheet.relabelled(labels)
        made = make_font(corrected.samples(), corrected.hand(), name=name, filler=filler)
        return [made.font, show(*inputs[:-1], made.font, language=language), font_html(made, language)]
    except Exception as error:
        return [before, show(*inputs, language=language), problem_html(error, language)]


def build(recognizer: Recognizer, tab: ComposeTab) -> None:
    sheet = gr.State(None, time_to_live=3600)
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML(html("h2", "Your hand as a font"), apply_default_css=False)
            sheet_label = label("A sheet of your characters")
            picture = gr.Image(label=sheet_label, height=240, elem_id="font-sheet", **PICTURE_INPUT)
            words = gr.HTML(html('p class="message prompt"', PROMPT), apply_default_css=False)
            boxes = gr.HTML("", apply_default_css=False)
        with gr.Column(scale=8, min_width=280, elem_classes="card"):
            gr.HTML(html("h2", "Make it"), apply_default_css=False)
            labels = gr.Textbox(
                "", lines=4, label=label("What stands there"), info=str(label(ORDER)), elem_id="font-labels"
            )
            name = gr.Textbox(DEFAULT_NAME, label=label("Name of the font"), max_length=31, elem_id="font-name")
            filler = tile_choice("What is missing comes from", "font-filler", hand_tiles(), DEFAULT_FONT, "hands")
            button = gr.Button(str(label("Make the font")), variant="primary", elem_id="font-make")
            result = gr.HTML("", apply_default_css=False, elem_id="font-result")
    quietly = PRIVATE | {"show_progress": "minimal"} | NETWORK_QUEUE

    def read(request: gr.Request, sent: Any) -> list[Any]:
        return read_picture(sent, recognizer, language_of(request))

    preview_tiff(picture)
    picture.change(read, picture, [sheet, labels, boxes, words], preprocess=False, **quietly)
    button.click(make, [sheet, labels, name, filler, *tab.inputs], [tab.own_font, tab.sheet, result], **quietly)
