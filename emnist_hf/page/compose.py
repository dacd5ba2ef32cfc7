"""The Set tab: any text in any of the hands, on any paper, in a writer's own manner if there is a picture of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import gradio as gr

from emnist_hf.page.calligraphy import DEFAULT_INK, INKS, colour_tiles, hand_tiles
from emnist_hf.page.files import picture_path, saved_name
from emnist_hf.page.language import ENGLISH, html, label, language_of, quoted, told
from emnist_hf.page.rendered import THIS_HAND, in_words, rendered_sheet
from emnist_hf.page.tiles import Tile, tile_choice
from emnist_hf.page.visitor import READERS, problem, said
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import DEFAULT_FONT, Font, Hand, Rendering, StylingError, find_font, set_text
from emnist_hf.styling.measuring import read_hand

log = logging.getLogger(__name__)


EXAMPLE = "What is written by hand\nis set again in a fine hand"


SHEETS = {
    "white": ("White", "#ffffff"),
    "cream": ("Cream", "#fbf4e2"),
    "ruled": ("Ruled", "linear-gradient(#b0c6de, #b0c6de) 0 55% / 100% 2px no-repeat #fff"),
    "transparent": ("See-through", ""),
}
"""Papers: what they are called, and their look on a tile."""


PROMPT = "Add a picture of handwriting, and the font takes on its lean, weight, width and colour."


MOST_TEXT = 2_000


ALIGNMENTS = [(str(label(name)), name.lower()) for name in ("Left", "Centre", "Right")]


@dataclass(frozen=True)
class Order:
    """What a visitor asks for; `font` is a name of ours, or a font in memory."""

    text: str
    font: str | Font = DEFAULT_FONT
    ink: str = DEFAULT_INK
    paper: str = "white"
    size: float = 64
    align: str = "left"
    line_spacing: float = 1.0
    letter_spacing: float = 0.0
    measure: float | None = None
    hand: Hand | None = None
    strength: float = 1.0
    seed: int = 0


def carry_out(order: Order) -> Rendering:
    """Set the text. Raises `StylingError` with a sentence for the visitor."""
    return set_text(
        order.text,
        order.font,
        size=order.size,
        colour=INKS.get(str(order.ink), order.ink),
        paper=order.paper,
        align=order.align,
        line_spacing=order.line_spacing,
        letter_spacing=order.letter_spacing,
        measure=order.measure,
        hand=order.hand,
        strength=order.strength,
        seed=order.seed,
    )


def preview(order: Order, language: str = ENGLISH) -> str:
    """HTML: the sheet with the text on it, links that save it, and what was set otherwise than asked."""
    if not str(order.text or "").strip():
        empty = quoted("Your text will stand here", language)
        return f'<div class="sheet set-sheet"><p class="sheet-empty">{empty}</p></div>'
    rendering = carry_out(order)
    font = order.font if isinstance(order.font, Font) else find_font(order.font)
    name, chosen = saved_name(rendering.scene.text, font.name), INKS.get(str(order.ink), order.ink)
    return rendered_sheet(rendering, font, name, language=language, chosen=chosen)


def sheet_tiles() -> list[Tile]:
    faces = {
        name: f'<span class="dot" style="background:{look}"></span>'
        if look
        else '<span class="dot see-through"></span>'
        for name, (_, look) in SHEETS.items()
    }
    return [Tile(name, title, faces[name]) for name, (title, _) in SHEETS.items()]


@dataclass(frozen=True)
class ComposeTab:
    """What other rooms of the page join: the fonts to choose from, and the preview that follows."""

    own_font: gr.State
    inputs: list[Any]
    sheet: gr.HTML
    font: gr.HTML


def order_of(
    text: str,
    font: str,
    ink: str,
    paper: str,
    size: float,
    align: str,
    line_spacing: float,
    letter_spacing: float,
    strength: float,
    hand: Hand | None,
    own_font: Font | None,
) -> Order:
    """An order from the tab's inputs. A font of the visitor's wins over the chosen one."""
    if len(str(text or "")) > MOST_TEXT:
        raise StylingError(f"The text has more than {MOST_TEXT:,} characters: set it in parts.")
    return Order(
        text, own_font or font, ink, paper, size, align, line_spacing, letter_spacing, hand=hand, strength=strength
    )


def show(*inputs: Any, language: str = ENGLISH) -> str:
    """The preview of the tab's inputs, or a sentence."""
    try:
        return preview(order_of(*inputs), language)
    except Exception as error:
        return problem(error, language)


def measure_hand(picture: Any, recognizer: Recognizer, language: str = ENGLISH) -> tuple[Hand | None, str]:
    """The hand in an uploaded picture, by what is read there as on the Upload tab, and HTML that says it in words."""
    try:
        path = picture_path(picture)
        if path is None:
            return None, said(told(PROMPT, language), "prompt")
        _, hand = read_hand(path, recognizer)
    except Exception as error:
        return None, problem(error, language)
    return hand, said(told(THIS_HAND, language, hand=in_words(hand, language)))


def _writing_card() -> tuple[gr.Textbox, gr.Image, gr.HTML, gr.Slider]:
    with gr.Column(scale=5, min_width=280, elem_classes="card first"):
        gr.HTML(html("h2", "Set"), apply_default_css=False)
        text = gr.Textbox(EXAMPLE, lines=4, max_lines=12, label=label("Text"), max_length=MOST_TEXT, elem_id="set-text")
        like = gr.Image(
            sources=["upload", "clipboard"],
            label=label("Handwriting to follow"),
            height=160,
            buttons=[],
            format="png",
            elem_id="set-like",
        )
        words = gr.HTML(html('p class="message prompt"', PROMPT), apply_default_css=False, elem_id="set-hand")
        strength = gr.Slider(
            0, 1, 0.7, step=0.05, label=label("How much of that hand"), visible=False, elem_id="set-strength"
        )
    return text, like, words, strength


def _style_controls() -> list[Any]:
    """Font, ink, paper, size, alignment, line spacing and letter spacing."""
    font = tile_choice("Hand", "set-hand-choice", hand_tiles(), DEFAULT_FONT, "hands")
    ink = tile_choice("Ink", "set-ink", colour_tiles(INKS), DEFAULT_INK, "dots")
    paper = tile_choice("Paper", "set-paper", sheet_tiles(), "white", "dots")
    with gr.Row():
        size = gr.Slider(16, 200, 64, step=2, label=label("Size, pixels an em"), min_width=150)
        align = gr.Radio(ALIGNMENTS, value="left", label=label("Alignment"), elem_classes="pills", min_width=150)
    with gr.Row():
        line_spacing = gr.Slider(0.6, 2, 1, step=0.05, label=label("Line spacing"), min_width=150)
        letter_spacing = gr.Slider(-0.05, 0.4, 0, step=0.01, label=label("Letter spacing, ems"), min_width=150)
    return [font, ink, paper, size, align, line_spacing, letter_spacing]


def build(recognizer: Recognizer) -> ComposeTab:
    with gr.Row(elem_classes="desk"):
        text, like, words, strength = _writing_card()
        with gr.Column(scale=8, min_width=280, elem_classes="card"):
            gr.HTML(html("h2", "In a fine hand"), apply_default_css=False)
            # Of the phrases in a value gradio's browser side translates the first alone.
            first = preview(Order(EXAMPLE)).replace(">Download<", f">{label('Download')}<")
            sheet = gr.HTML(first, apply_default_css=False, elem_id="set-sheet")
            style = _style_controls()
    # Gone with the visit: states are dropped an hour after the page is closed.
    hand, own_font = gr.State(None, time_to_live=3600), gr.State(None, time_to_live=3600)
    inputs = [text, *style, strength, hand, own_font]
    quietly: dict[str, Any] = {
        "show_progress": "hidden",
        "api_visibility": "private",
        "trigger_mode": "always_last",
        "concurrency_id": "setter",
        "concurrency_limit": 2,
    }

    def anew(request: gr.Request, *inputs: Any) -> str:
        return show(*inputs, language=language_of(request))

    # Sliders tell of every step on the way, which the preview follows.
    gr.on([text.change, *(control.input for control in (*style, strength))], anew, inputs, sheet, **quietly)

    def follow(request: gr.Request, picture: Any, *inputs: Any) -> list[Any]:
        language = language_of(request)
        found, words = measure_hand(picture, recognizer, language)
        sheet = show(*inputs[:-2], found, inputs[-1], language=language)
        return [found, words, gr.Slider(visible=found is not None), sheet]

    reading = quietly | READERS
    like.change(follow, [like, *inputs], [hand, words, strength, sheet], preprocess=False, **reading)
    return ComposeTab(own_font, inputs, sheet, style[0])
