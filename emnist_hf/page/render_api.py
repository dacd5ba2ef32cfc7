"""/render_text: text set in a hand, for other programs."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from emnist_hf.page.calligraphy import DEFAULT_INK, INKS
from emnist_hf.page.compose import SHEETS, render
from emnist_hf.page.events import PUBLIC, SETTING_QUEUE
from emnist_hf.page.files import picture_path
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import ALIGNMENTS, DEFAULT_FONT, StylingError, describe, fonts
from emnist_hf.styling.errors import check_number
from emnist_hf.styling.measuring import read_hand
from emnist_hf.styling.rendering import FORMATS


def build(recognizer: Recognizer) -> None:
    """Hang the endpoint on components that no visitor sees. Its docstring is what the API page shows."""

    def render_text(
        text: str,
        font: str = DEFAULT_FONT,
        ink: str = DEFAULT_INK,
        paper: str = "white",
        size: float = 160,
        align: str = "left",
        line_spacing: float = 1.0,
        letter_spacing: float = 0.0,
        measure: float | None = None,
        like: dict[str, Any] | None = None,
        strength: float = 1.0,
        seed: float = 0,
        file_format: str = "png",
        resolution: float = 96,
    ) -> tuple[str, dict[str, Any]]:
        """Sets text in a calligraphic hand, in a writer's own manner if a picture of it comes along.

        Parameters:
            text: what to set; a line break starts a line.
            font: the calligraphic hand.
            ink: the colour of the ink.
            paper: white, cream, ruled, transparent, or a colour.
            size: pixels an em, at 96 dots an inch.
            align: left, centre or right.
            line_spacing: times the font's own.
            letter_spacing: ems added between letters.
            measure: ems at which lines are broken; None for only where the text is.
            like: a picture whose writer's hand to keep.
            strength: how much of that hand, 0 to 1.
            seed: of the writer's waver; the same seed gives the same picture.
            file_format: png, svg or pdf.
            resolution: dots an inch of a PNG.
        Returns:
            file: the picture.
            about: the text as set, notices on what was set otherwise than asked, and the hand in numbers and in words.
        """
        picture = picture_path(like)
        hand = read_hand(picture, recognizer)[1] if picture else None
        rendering = render(
            text,
            font,
            ink,
            paper=paper,
            size=size,
            align=align,
            line_spacing=line_spacing,
            letter_spacing=letter_spacing,
            measure=measure,
            hand=hand,
            strength=strength,
            seed=round(check_number("seed", seed, 0, 2**32 - 1)),
        )
        if file_format not in FORMATS:
            name, names = repr(str(file_format)[:20]), ", ".join(FORMATS)
            raise StylingError("There is no format {name}: choose one of {names}.", name=name, names=names)
        data = rendering.encode(file_format, resolution)
        about: dict[str, Any] = {"text": rendering.scene.text, "notices": rendering.notices}
        if hand is not None:
            about["hand"] = hand.as_json() | {"in_words": describe(hand)}
        # Gradio serves files from its own folder alone, and clears it by the hour. The name tells nothing of the text.
        return save_bytes_to_cache(data, f"text-{font}.{file_format}", get_upload_folder()), about

    def choice(label: str, names: list[str], value: str) -> gr.Dropdown:
        return gr.Dropdown(names, value=value, label=label, allow_custom_value=True)

    with gr.Group(visible=False):
        inputs: list[Any] = [
            gr.Textbox(label="text"),
            choice("font", list(fonts()), DEFAULT_FONT),
            choice("ink", list(INKS), DEFAULT_INK),
            choice("paper", list(SHEETS), "white"),
            gr.Number(160, label="size"),
            choice("align", list(ALIGNMENTS), "left"),
            gr.Number(1, label="line_spacing"),
            gr.Number(0, label="letter_spacing"),
            gr.Number(None, label="measure"),
            gr.Image(None, label="like"),
            gr.Number(1, label="strength"),
            gr.Number(0, label="seed"),
            choice("file_format", list(FORMATS), "png"),
            gr.Number(96, label="resolution"),
        ]
        outputs = [gr.File(label="file"), gr.JSON(label="about")]
        gr.Button("render_text").click(render_text, inputs, outputs, api_name="render_text", **PUBLIC, **SETTING_QUEUE)
