"""The endpoints that read pictures for other programs, and what the API page and the MCP tools say of all endpoints.

The page's own events are private: they speak of its components and change with them. These are a promise; their
docstrings are what the API page shows. Gradio gives every parameter of a kind the same example: 3 for any number, a
picture on the internet for any file. `documented` gives each one that works, with what the docstring says of it, so
that the examples can be run as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from PIL import Image

from emnist_hf.page.answer import TOP_K
from emnist_hf.page.calligraphy import DEFAULT_INK, DEFAULT_PAPER, INKS, PAPERS, Style, set_character
from emnist_hf.page.events import NETWORK_QUEUE, PUBLIC
from emnist_hf.page.files import picture_path, sketch_paths
from emnist_hf.reading.vocabulary import AUTO, CHOICES
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import DEFAULT_FONT, fonts

Reply = tuple[dict[str, float], Image.Image, Image.Image]
"""Labels with their scores, the glyph, and the calligraphy."""

EXAMPLE_FILE = "marker.png"
"""A file beside the program that calls; one of emnist_hf/page/examples."""


def _file(name: str) -> dict[str, Any]:
    return {"path": name, "url": name, "orig_name": name, "meta": {"_type": "gradio.FileData"}}


EXAMPLES: dict[str, Any] = {
    "sketch": {"composite": _file(EXAMPLE_FILE)},
    "image": _file(EXAMPLE_FILE),
    "charset": "digits",
    "text": "Dear Ann,\nit is done.",
    "measure": 12,
    "like": _file(EXAMPLE_FILE),
}
"""By the parameter's name; those with a default take it as their example."""

_FILE_SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData", "type": "string"}}},
    },
    "required": ["path"],
}

SKETCH_SCHEMA = {
    "type": "object",
    "title": "Sketch",
    "properties": {
        "composite": _FILE_SCHEMA,
        "background": _FILE_SCHEMA,
        "layers": {"type": "array", "items": _FILE_SCHEMA},
    },
}
"""What a sketchpad delivers. Gradio's own schema refers to definitions that an MCP tool's schema does not have."""


# --- the endpoints ---


def asked(choice: Any) -> str | None:
    """Return what was chosen; None where it is left empty, as clients of many kinds leave it."""
    return None if choice == "" else choice


def build(recognizer: Recognizer) -> None:
    """Hang the endpoints on components that no visitor sees."""

    def reply(image: Any, charset: str | None, top_k: int, style: Style) -> Reply:
        found = recognizer.examine(image, top_k=top_k, charset=asked(charset))
        picture = set_character(found.predictions[0].label, style)
        return {p.label: p.score for p in found.predictions}, Image.fromarray(found.glyph), picture

    def recognize_sketch(
        sketch: dict[str, Any],
        charset: str | None = None,
        top_k: int = TOP_K,
        font: str = DEFAULT_FONT,
        ink: str = DEFAULT_INK,
        paper: str = DEFAULT_PAPER,
    ) -> Reply:
        """Reads one drawn character and sets it in calligraphy.

        Parameters:
            sketch: what gr.Sketchpad delivers: background, layers, composite. The composite alone will do.
            charset: what the answer is drawn from; None for all that the checkpoint knows.
            top_k: how many labels to answer with, best first: a whole number from 1; more than there are gives all.
            font: the calligraphic hand.
            ink: the colour of the ink.
            paper: the colour of the paper.
        Returns:
            labels: the most likely labels and their probabilities.
            glyph: the 28 x 28 picture that the model sees, white ink on black.
            calligraphy: the best label set in the font.
        """
        return reply(sketch_paths(sketch), charset, top_k, Style(font, ink, paper))

    def recognize_image(
        image: dict[str, Any],
        charset: str | None = None,
        top_k: int = TOP_K,
        font: str = DEFAULT_FONT,
        ink: str = DEFAULT_INK,
        paper: str = DEFAULT_PAPER,
    ) -> Reply:
        """Reads a picture of one handwritten character and sets it in calligraphy.

        Parameters:
            image: a PNG, JPEG, WebP, GIF, BMP or TIFF file; ink darker or lighter than its paper.
            charset: what the answer is drawn from; None for all that the checkpoint knows.
            top_k: how many labels to answer with, best first: a whole number from 1; more than there are gives all.
            font: the calligraphic hand.
            ink: the colour of the ink.
            paper: the colour of the paper.
        Returns:
            labels: the most likely labels and their probabilities.
            glyph: the 28 x 28 picture that the model sees, white ink on black.
            calligraphy: the best label set in the font.
        """
        return reply(picture_path(image), charset, top_k, Style(font, ink, paper))

    def read_image(
        image: dict[str, Any], charset: str | None = None, language: str = AUTO
    ) -> tuple[str, dict[str, Any]]:
        """Reads the handwriting in a picture of a page, printed or joined.

        Parameters:
            image: a PNG, JPEG, WebP, GIF, BMP or TIFF file; ink darker or lighter than its paper.
            charset: what the characters are drawn from; None for all that the checkpoint knows.
            language: whose words help to read it: auto finds out, none reads letter by letter.
        Returns:
            text: a line for a line; empty where nothing was found.
            details: characters, in reading order, each with label, score, box [left, top, right, bottom], line, word
                and alternatives; the language whose words helped; by how many degrees counterclockwise the picture was
                turned to be read; whether much of it is doubtful; and a note, where something is to be said.
        """
        reading = recognizer.read(picture_path(image), charset=asked(charset), language=asked(language) or AUTO)
        record = reading.as_record()
        details = {name: record.get(name, "") for name in ("characters", "language", "note")}
        return reading.text, details | {"turned": reading.turned, "doubtful": reading.doubtful}

    with gr.Group(visible=False):
        sketch, image = gr.Sketchpad(label="sketch"), gr.Image(label="image")
        choices: list[Any] = [
            gr.Dropdown(recognizer.charsets(), value=None, label="charset", allow_custom_value=True),
            gr.Number(TOP_K, label="top_k"),
            gr.Dropdown(list(fonts()), value=DEFAULT_FONT, label="font", allow_custom_value=True),
            gr.Dropdown(list(INKS), value=DEFAULT_INK, label="ink", allow_custom_value=True),
            gr.Dropdown(list(PAPERS), value=DEFAULT_PAPER, label="paper", allow_custom_value=True),
        ]
        spoken = gr.Dropdown(list(CHOICES), value=AUTO, label="language", allow_custom_value=True)
        outputs = [
            gr.Label(label="labels"),
            gr.Image(label="glyph", format="png"),
            gr.Image(label="calligraphy", format="png"),
        ]
        for function, inputs, shown in (
            (recognize_sketch, [sketch, *choices], outputs),
            (recognize_image, [image, *choices], outputs),
            (read_image, [image, choices[0], spoken], [gr.Textbox(label="text"), gr.JSON(label="details")]),
        ):
            name = function.__name__
            gr.Button(name).click(function, inputs, shown, api_name=name, **PUBLIC, **NETWORK_QUEUE)


# --- what is said of them ---


def documented(endpoint: Mapping[str, Any], descriptions: Mapping[str, str]) -> dict[str, Any]:
    """Return an endpoint of `Blocks.get_api_info` with examples that run and a description of every parameter."""
    return dict(endpoint) | {"parameters": [_parameter(p, descriptions) for p in endpoint["parameters"]]}


def _parameter(parameter: Mapping[str, Any], descriptions: Mapping[str, str]) -> dict[str, Any]:
    name, default = parameter["parameter_name"], parameter["parameter_default"]
    described = dict(parameter["python_type"]) | {"description": descriptions.get(name, "")}
    example = EXAMPLES.get(name, default)
    schema = SKETCH_SCHEMA if name == "sketch" else parameter["type"]
    return dict(parameter) | {"python_type": described, "example_input": example, "type": schema}
