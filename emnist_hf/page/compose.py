"""The Set tab: any text in any of the hands, on any paper, in a writer's own manner if there is a picture of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from emnist_hf.page.calligraphy import DEFAULT_INK, INKS, colour_tiles, dot_html, hand_tiles
from emnist_hf.page.events import FOLLOWING, NETWORK_QUEUE, SETTING_QUEUE
from emnist_hf.page.example_strip import example_strip
from emnist_hf.page.files import PICTURE_INPUT, picture_path, preview_tiff, saved_name
from emnist_hf.page.language import ENGLISH, html, label, language_of, translate, translate_html
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.page.rendered import THIS_HAND, rendered_sheet
from emnist_hf.page.tiles import Tile, tile_choice
from emnist_hf.page.waiting import progress_view, stopped_html, waited_for
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import DEFAULT_FONT, Font, Hand, Rendering, StylingError, describe, find_font, set_text
from emnist_hf.styling.measuring import read_hand

EXAMPLE = "What is written by hand\nis set again in a fine hand"
EXAMPLES = {"note.png": "A note in blue ink", "ruled.png": "A ruled page"}
PROMPT = "Add a picture of handwriting, and the font takes on its lean, weight, width and colour."

SHEETS = {
    "white": ("White", "#ffffff"),
    "cream": ("Cream", "#fbf4e2"),
    "ruled": ("Ruled", "linear-gradient(#b0c6de, #b0c6de) 0 55% / 100% 2px no-repeat #fff"),
    "transparent": ("See-through", ""),
}
"""Papers: what they are called, and their look on a tile."""

MOST_TEXT = 2_000

SIZE = 64
"""Pixels an em before a visitor says otherwise."""

ALIGNMENTS = [(str(label(name)), name.lower()) for name in ("Left", "Centre", "Right")]


# --- text to a sheet ---


def render(text: str, font: str | Font = DEFAULT_FONT, ink: str = DEFAULT_INK, **settings: Any) -> Rendering:
    """Set text; ink: a name of ours, or any colour; settings: what else `set_text` takes. Raises `StylingError`."""
    return set_text(text, font, colour=INKS.get(str(ink), ink), **settings)


def preview(
    text: str, font: str | Font = DEFAULT_FONT, ink: str = DEFAULT_INK, language: str = ENGLISH, **settings: Any
) -> str:
    """Return HTML: the sheet with the text on it, links that save it, and what was set otherwise than asked.

    The text and how it is set are as `render` takes them, and so is what it raises.
    """
    if not str(text or "").strip():
        empty = translate_html("Your text will stand here", language)
        return f'<div class="sheet set-sheet"><p class="sheet-empty">{empty}</p></div>'
    rendering = render(text, font, ink, **settings)
    font = find_font(font)
    name = saved_name(rendering.scene.text, font.name)
    return rendered_sheet(rendering, font, name, language=language, chosen=INKS.get(str(ink), ink))


INPUTS = ("text", "font", "ink", "paper", "size", "align", "line_spacing", "letter_spacing", "strength", "hand")
"""What the inputs of the tab are to `preview`, in their order; the visitor's own font is the last."""


def show(*inputs: Any, language: str = ENGLISH) -> str:
    """Return HTML: the preview of the tab's inputs, or a sentence. A font of the visitor's wins over the chosen one."""
    *others, own_font = inputs
    try:
        given = dict(zip(INPUTS, others, strict=True))
        if len(str(given["text"] or "")) > MOST_TEXT:
            raise StylingError("The text has more than {most} characters: set it in parts.", most=f"{MOST_TEXT:,}")
        return preview(**given | {"font": own_font or given["font"], "language": language})
    except Exception as error:
        return problem_html(error, language)


def measure_hand(picture: Any, recognizer: Recognizer, language: str = ENGLISH) -> tuple[Hand | None, str]:
    """Return the hand in an uploaded picture, as what is read there has it, and HTML that says it in words."""
    try:
        path = picture_path(picture)
        if path is None:
            return None, message_html(translate(PROMPT, language), "prompt")
        _, hand = read_hand(path, recognizer)
    except Exception as error:
        return None, problem_html(error, language)
    return hand, message_html(translate(THIS_HAND, language, hand=translate(describe(hand), language)))


# --- the tab ---


@dataclass(frozen=True)
class ComposeTab:
    """What other tabs join: the fonts to choose from, and the preview that follows."""

    own_font: gr.State
    inputs: list[Any]
    sheet: gr.HTML
    font: gr.HTML


def _writing_card() -> tuple[gr.Textbox, gr.Image, gr.HTML, gr.HTML, gr.Slider]:
    with gr.Column(scale=5, min_width=280, elem_classes="card first"):
        gr.HTML(html("h2", "Set"), apply_default_css=False)
        text = gr.Textbox(EXAMPLE, lines=4, max_lines=12, label=label("Text"), max_length=MOST_TEXT, elem_id="set-text")
        like = gr.Image(label=label("Handwriting to follow"), height=160, elem_id="set-like", **PICTURE_INPUT)
        example_strip("set examples", EXAMPLES, like)
        progress = progress_view("set-progress")
        words = gr.HTML(html('p class="message prompt"', PROMPT), apply_default_css=False, elem_id="set-hand")
        strength = gr.Slider(
            0, 1, 0.7, step=0.05, label=label("How much of that hand"), visible=False, elem_id="set-strength"
        )
    return text, like, progress, words, strength


def sheet_tiles() -> list[Tile]:
    """Return a tile for every paper."""
    return [Tile(name, title, dot_html(f"background:{look}" if look else "")) for name, (title, look) in SHEETS.items()]


def _style_controls() -> list[Any]:
    """Font, ink, paper, size, alignment, line spacing and letter spacing."""
    font = tile_choice("Hand", "set-hand-choice", hand_tiles(), DEFAULT_FONT, "hands")
    ink = tile_choice("Ink", "set-ink", colour_tiles(INKS), DEFAULT_INK, "dots")
    paper = tile_choice("Paper", "set-paper", sheet_tiles(), "white", "dots")
    with gr.Row():
        size = gr.Slider(16, 200, SIZE, step=2, label=label("Size, pixels an em"), min_width=150)
        align = gr.Radio(ALIGNMENTS, value="left", label=label("Alignment"), elem_classes="pills", min_width=150)
    with gr.Row():
        line_spacing = gr.Slider(0.6, 2, 1, step=0.05, label=label("Line spacing"), min_width=150)
        letter_spacing = gr.Slider(-0.05, 0.4, 0, step=0.01, label=label("Letter spacing, ems"), min_width=150)
    return [font, ink, paper, size, align, line_spacing, letter_spacing]


def build(recognizer: Recognizer) -> ComposeTab:
    with gr.Row(elem_classes="desk"):
        text, like, progress, words, strength = _writing_card()
        with gr.Column(scale=8, min_width=280, elem_classes="card"):
            gr.HTML(html("h2", "In a fine hand"), apply_default_css=False)
            # Of the phrases in a value gradio's browser side translates the first alone.
            first = preview(EXAMPLE, size=SIZE).replace(">Download<", f">{label('Download')}<")
            sheet = gr.HTML(first, apply_default_css=False, elem_id="set-sheet")
            style = _style_controls()
    # Gone with the visit: states are dropped an hour after the page is closed.
    hand, own_font = gr.State(None, time_to_live=3600), gr.State(None, time_to_live=3600)
    inputs = [text, *style, strength, hand, own_font]

    def anew(request: gr.Request, *inputs: Any) -> str:
        return show(*inputs, language=language_of(request))

    # Sliders tell of every step on the way, which the preview follows.
    changes = [text.change, *(control.input for control in (*style, strength))]
    gr.on(changes, anew, inputs, sheet, **SETTING_QUEUE, **FOLLOWING)

    def follow(request: gr.Request, picture: Any, *inputs: Any) -> list[Any]:
        language = language_of(request)
        found, words = measure_hand(picture, recognizer, language)
        sheet = show(*inputs[:-2], found, inputs[-1], language=language)
        return [found, words, gr.Slider(visible=found is not None), sheet]

    changed = [hand, words, strength, sheet]
    preview_tiff(like)

    def follow_in_time(request: gr.Request, *given: Any) -> Iterator[list[Any]]:
        same = [gr.skip() for _ in changed]
        stopped = [gr.skip(), stopped_html(language_of(request)), gr.skip(), gr.skip()]
        work = partial(follow, request, *given)
        answer = yield from waited_for(work, lambda html: [*same, html], stopped, request, "set-progress")
        yield [*answer, ""]

    like.change(follow_in_time, [like, *inputs], [*changed, progress], preprocess=False, **NETWORK_QUEUE, **FOLLOWING)
    return ComposeTab(own_font, inputs, sheet, style[0])
