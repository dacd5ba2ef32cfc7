"""The endpoints for other programs. Their docstrings are what the API page shows.

The page's own events are private: they speak of its components and change with them. These are a promise.

What the API page and the MCP tools say of the endpoints, beyond what gradio gathers itself.

Gradio gives every parameter of a kind the same example: 3 for any number, a picture on the internet for any file. Here
each has one that works, with what the docstring says of it, so that the examples can be run as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
from PIL import Image

from emnist_hf.page.calligraphy import DEFAULT_INK, DEFAULT_PAPER, INKS, PAPERS, Style, set_character
from emnist_hf.page.files import picture_path, sketch_paths
from emnist_hf.page.visitor import READERS, TOP_K, sentence
from emnist_hf.recognizer import Recognizer
from emnist_hf.styling import DEFAULT_FONT, fonts

Reply = tuple[dict[str, float], Image.Image, Image.Image]


def asked(charset: Any) -> str | None:
    """The charset; None where it is left empty, as clients of many kinds leave it. What is no name is refused later."""
    return None if charset == "" else charset


def build(recognizer: Recognizer) -> None:
    """Hangs the endpoints on components that no visitor sees."""

    def reply(read: Callable[[Any], Any], sent: Any, charset: str | None, top_k: int, style: Style) -> Reply:
        try:
            image = read(sent)
            found = recognizer.examine(image, top_k=top_k, charset=asked(charset))
            picture = set_character(found.predictions[0].label, style)
        except Exception as error:
            raise gr.Error(sentence(error), print_exception=False) from None
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
        return reply(sketch_paths, sketch, charset, top_k, Style(font, ink, paper))

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
        return reply(picture_path, image, charset, top_k, Style(font, ink, paper))

    def read_image(image: dict[str, Any], charset: str | None = None) -> tuple[str, dict[str, Any]]:
        """Reads the hand-printed text in a picture of a page.

        Parameters:
            image: a PNG, JPEG, WebP, GIF, BMP or TIFF file; ink darker or lighter than its paper.
            charset: what the characters are drawn from; None for all that the checkpoint knows.
        Returns:
            text: a line for a line; empty where nothing was found.
            details: characters, in reading order, each with label, score, box [left, top, right, bottom], line, word
                and alternatives; and a note, where something is to be said.
        """
        try:
            path = picture_path(image)
            record = recognizer.read(path, charset=asked(charset)).as_record()
        except Exception as error:
            raise gr.Error(sentence(error), print_exception=False) from None
        return record["text"], {"characters": record["characters"], "note": record.get("note", "")}

    with gr.Group(visible=False):
        sketch, image = gr.Sketchpad(label="sketch"), gr.Image(label="image")
        choices: list[Any] = [
            gr.Dropdown(recognizer.charsets(), value=None, label="charset", allow_custom_value=True),
            gr.Number(TOP_K, label="top_k"),
            gr.Dropdown(list(fonts()), value=DEFAULT_FONT, label="font", allow_custom_value=True),
            gr.Dropdown(list(INKS), value=DEFAULT_INK, label="ink", allow_custom_value=True),
            gr.Dropdown(list(PAPERS), value=DEFAULT_PAPER, label="paper", allow_custom_value=True),
        ]
        outputs = [
            gr.Label(label="labels"),
            gr.Image(label="glyph", format="png"),
            gr.Image(label="calligraphy", format="png"),
        ]
        for function, picture in ((recognize_sketch, sketch), (recognize_image, image)):
            gr.Button(function.__name__).click(
                function,
                [picture, *choices],
                outputs,
                api_name=function.__name__,
                api_visibility="public",
                preprocess=False,
                show_progress="hidden",
                **READERS,
            )
        gr.Button(read_image.__name__).click(
            read_image,
            [image, choices[0]],
            [gr.Textbox(label="text"), gr.JSON(label="details")],
            api_name=read_image.__name__,
            api_visibility="public",
            preprocess=False,
            show_progress="hidden",
            **READERS,
        )


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


def documented(endpoint: Mapping[str, Any], descriptions: Mapping[str, str]) -> dict[str, Any]:
    """An endpoint of `Blocks.get_api_info` with examples that run and a description of every parameter."""
    return dict(endpoint) | {"parameters": [_parameter(p, descriptions) for p in endpoint["parameters"]]}


def _parameter(parameter: Mapping[str, Any], descriptions: Mapping[str, str]) -> dict[str, Any]:
    name, default = parameter["parameter_name"], parameter["parameter_default"]
    described = dict(parameter["python_type"]) | {"description": descriptions.get(name, "")}
    example = EXAMPLES.get(name, default)
    schema = SKETCH_SCHEMA if name == "sketch" else parameter["type"]
    return dict(parameter) | {"python_type": described, "example_input": example, "type": schema}
