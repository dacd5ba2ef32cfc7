"""The Your font tab: sheets of characters become a font to install, and to set any text in at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw

from emnist_hf.errors import EmnistError
from emnist_hf.ink import open_picture
from emnist_hf.ink.geometry import upright_picture
from emnist_hf.page.compose import ComposeTab, render, show
from emnist_hf.page.doubts import doubts_html, doubts_script, said_of
from emnist_hf.page.events import NETWORK_QUEUE, PRIVATE
from emnist_hf.page.example_strip import example_strip
from emnist_hf.page.files import PICTURE_INPUT, data_url, image_url, picture_path, preview_tiff
from emnist_hf.page.language import ENGLISH, html, joined, label, language_of, part, translate, translate_html
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.page.waiting import progress_view, stopped_html, waited_for
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import StylingError, describe
from emnist_hf.styling.font_file import as_woff2
from emnist_hf.styling.font_report import font_picture
from emnist_hf.styling.font_sheet import SKIP, Sheet, hand_of, relabel
from emnist_hf.styling.hand_font import DEFAULT_NAME, DOUBTFUL, MADE, OWN, MadeFont, make_font
from emnist_hf.styling.sheet_layout import PAPERS
from emnist_hf.styling.sheet_pdf import write_sheet
from emnist_hf.styling.sheet_reading import read_sheet

PROMPT = (
    "Print our sheet and fill it in, or write letters and figures apart from each other on any paper; several of each "
    "are welcome. Then give a picture of it."
)
FOUND = "{count} characters. This hand {hand}. Correct the labels, then make it."
ORDER = f"In reading order, one for each box; {SKIP} leaves one out."
FOLLOWS = "The Set tab now sets its text in this font."
MADE_OF = "{own} characters are yours, {made} are made with your pen, {doubtful} are in doubt."

EXAMPLES = {"font-sheet.png": "Our sheet, filled in"}

TRIAL = "The quick brown fox jumps\nover the lazy dog 0123456789\nletter, coffee, Grüße"

WIDEST = 1000  # pixels of the picture with the boxes
MOST_PAGES = 6


def sheet_links() -> gr.HTML:
    """Build the links that save our sheet to print."""
    titles = {"a4": "Sheet to print, A4", "letter": "Sheet to print, Letter"}
    links = " ".join(
        f'<a class="download" href="{data_url(write_sheet(paper), "application/pdf")}" '
        f'download="font-sheet-{paper}.pdf">{part(place)}</a>'
        for place, paper in enumerate(PAPERS)
    )
    return gr.HTML(
        value="",
        label=joined("sheets to print", [titles[paper] for paper in PAPERS]),
        html_template=f'<p class="sheet-links">{links}</p>',
        apply_default_css=False,
    )


def marked(picture: Image.Image, sheet: Sheet, language: str = ENGLISH) -> str:
    """Return HTML: a sheet, its picture upright, with a box around every character that was found."""
    scale = min(1.0, WIDEST / max(picture.size))
    small = picture.resize([max(1, round(side * scale)) for side in picture.size])
    canvas = ImageDraw.Draw(small)
    for character in sheet.characters:
        box = sheet.place(character.box) if sheet.is_flat else character.box
        colour = (200, 90, 10) if character.looks else (47, 63, 108)
        canvas.rectangle([side * scale for side in box], outline=colour, width=4 if character.looks else 2)
    words = translate_html("{count} characters found on the sheet", language, count=str(len(sheet.characters)))
    return f'<img class="found" src="{image_url(small)}" alt="{words}">'


def read_picture(picture: Any, before: Sequence[Sheet], recognizer: Recognizer, language: str = ENGLISH) -> list[Any]:
    """Return the sheets with the one that was read, the labels to correct, the boxes, and what was found in words."""
    try:
        path = picture_path(picture)
        if path is None:
            return [[], "", "", message_html(translate(PROMPT, language), "prompt"), ""]
        if len(before) >= MOST_PAGES:
            raise StylingError("{most} pages are the most: make the font of these.", most=MOST_PAGES)
        sheet = read_sheet(path, recognizer)
        if not sheet.characters:
            raise StylingError("There are no characters on this sheet: write them apart from each other.")
        sheets = [*before, sheet]
        count = str(sum(len(sheet.characters) for sheet in sheets))
        hand = translate(describe(hand_of(sheets)), language)
        words = message_html(translate(FOUND, language, count=count, hand=hand), hint=said_of(sheet.notices, language))
        upright = upright_picture(open_picture(path), sheet.turns)
        return [sheets, all_labels(sheets), marked(upright, sheet, language), words, doubts_html(sheets, language)]
    except Exception as error:
        return [list(before), all_labels(before), "", problem_html(error, language), ""]


def at_once(picture: Any) -> str:
    """Return HTML: an uploaded sheet, before anything of it is read; nothing for what cannot be shown."""
    try:
        path = picture_path(picture)
        if path is None:
            return ""
        shown = open_picture(path)
        shown.thumbnail((WIDEST, WIDEST))
        return f'<img class="found" src="{image_url(shown)}" alt="">'
    except EmnistError:  # `read_picture` says why
        return ""


def all_labels(sheets: Sequence[Sheet]) -> str:
    return "\n".join(sheet.labels for sheet in sheets)


def font_html(made: MadeFont, language: str = ENGLISH) -> str:
    """Return HTML: the font at work, the links that save it, and a picture of where each glyph is from."""
    svg = data_url(render(TRIAL, made.font, size=48).svg().encode("utf-8"), "image/svg+xml")
    file, web = data_url(made.data, "font/ttf"), data_url(as_woff2(made.data), "font/woff2")
    notices = "".join(f"<p>{escape(translate(notice, language))}</p>" for notice in made.notices)
    alt = translate_html("A pangram set in {font}", language, font=made.font.title)
    counts = {kind: sum(origin.origin == kind for origin in made.origins) for kind in (OWN, MADE, DOUBTFUL)}
    words = translate_html(MADE_OF, language, **{kind: str(count) for kind, count in counts.items()})
    name = escape(made.font.name)
    picture = font_picture(made, partial(translate, language=language))
    return (
        f'<div class="sheet set-sheet"><img src="{svg}" alt="{alt}"></div>'
        f'<div class="sheet-foot"><a class="download" href="{file}" download="{name}.ttf">'
        f'{translate_html("Download TTF", language)}</a> <a class="download" href="{web}" download="{name}.woff2">'
        f"{translate_html('Download WOFF2', language)}</a></div>"
        f'<p class="footnote">{words} {translate_html(FOLLOWS, language)}</p><div class="footnote">{notices}</div>'
        f'<img class="found" src="{image_url(picture)}" alt="{words}">'
    )


def make(request: gr.Request, sheets: Sequence[Sheet], labels: str, name: str, *inputs: Any) -> list[Any]:
    """Make the font; return it, the sheet of the Set tab in it, and what to show here."""
    before, language = inputs[-1], language_of(request)
    try:
        if not sheets:
            raise StylingError("There is no sheet yet: give a picture of your characters first.")
        corrected = relabel(sheets, labels)
        samples = [sample for sheet in corrected for sample in sheet.samples()]
        pairs = [pair for sheet in corrected for pair in sheet.neighbours()]
        made = make_font(samples, hand_of(corrected), name=name, pairs=pairs)
        return [made.font, show(*inputs[:-1], made.font, language=language), font_html(made, language)]
    except Exception as error:
        return [before, show(*inputs, language=language), problem_html(error, language)]


def build(recognizer: Recognizer, tab: ComposeTab) -> None:
    sheets = gr.State([], time_to_live=3600)
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=280, elem_classes="card first"):
            gr.HTML(html("h2", "Your hand as a font"), apply_default_css=False)
            sheet_links()
            sheet_label = label("A sheet of your characters")
            picture = gr.Image(label=sheet_label, height=240, elem_id="font-sheet", **PICTURE_INPUT)
            keep = gr.Checkbox(False, label=label("Another page of the same hand"), elem_id="font-keep")
            example_strip("font examples", EXAMPLES, picture, large=True)
            reading_view = progress_view("font-reading")
            words = gr.HTML(html('p class="message prompt"', PROMPT), apply_default_css=False)
            boxes = gr.HTML("", apply_default_css=False)
        with gr.Column(scale=8, min_width=280, elem_classes="card"):
            gr.HTML(html("h2", "Make it"), apply_default_css=False)
            doubts = gr.HTML("", js_on_load=doubts_script(), apply_default_css=False, elem_id="font-doubts")
            labels = gr.Textbox(
                "", lines=4, label=label("What stands there"), info=str(label(ORDER)), elem_id="font-labels"
            )
            name = gr.Textbox(DEFAULT_NAME, label=label("Name of the font"), max_length=31, elem_id="font-name")
            button = gr.Button(str(label("Make the font")), variant="primary", elem_id="font-make")
            making_view = progress_view("font-making")
            result = gr.HTML("", apply_default_css=False, elem_id="font-result")
    quietly = PRIVATE | NETWORK_QUEUE
    shown = [sheets, labels, boxes, words, doubts]

    def read(request: gr.Request, sent: Any, keeps: bool, before: Sequence[Sheet]) -> Iterator[list[Any]]:
        language = language_of(request)
        yield [gr.skip(), gr.skip(), at_once(sent), gr.skip(), "", ""]
        same = [gr.skip() for _ in shown]
        stopped = [*same[:3], stopped_html(language), ""]
        work = partial(read_picture, sent, before if keeps else [], recognizer, language)
        answer = yield from waited_for(work, lambda html: [*same, html], stopped, request, "font-reading")
        yield [*answer, ""]

    def make_in_time(request: gr.Request, *given: Any) -> Iterator[list[Any]]:
        same = [gr.skip() for _ in range(3)]
        stopped = [*same[:2], stopped_html(language_of(request))]
        work = partial(make, request, *given)
        answer = yield from waited_for(work, lambda html: [*same, html], stopped, request, "font-making")
        yield [*answer, ""]

    def settle(request: gr.Request, event: gr.EventData, known: Sequence[Sheet]) -> list[Any]:
        """Take what the writer says of one character in doubt."""
        place, said = getattr(event, "place", None), getattr(event, "label", None)
        places = [(s, i) for s, sheet in enumerate(known) for i in range(len(sheet.characters))]
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < len(places):
            return [gr.skip()] * 3
        if not isinstance(said, str) or len(said) != 1:
            return [gr.skip()] * 3
        number, at = places[place]
        changed = [sheet.corrected(at, said) if i == number else sheet for i, sheet in enumerate(known)]
        return [changed, all_labels(changed), doubts_html(changed, language_of(request))]

    preview_tiff(picture)
    picture.change(read, [picture, keep, sheets], [*shown, reading_view], preprocess=False, **quietly)
    doubts.click(settle, sheets, [sheets, labels, doubts], **PRIVATE)
    made = [tab.own_font, tab.sheet, result]
    button.click(make_in_time, [sheets, labels, name, *tab.inputs], [*made, making_view], **quietly)
