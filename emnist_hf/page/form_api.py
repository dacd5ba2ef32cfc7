"""The endpoint that reads forms for other programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from emnist_hf.forms import Template
from emnist_hf.page.api import asked
from emnist_hf.page.events import NETWORK_QUEUE, PUBLIC
from emnist_hf.page.files import picture_path
from emnist_hf.page.form_sheet import HEADER, values_of
from emnist_hf.recognizer import Recognizer

Rows = dict[str, list[Any]]
"""What gr.Dataframe shows: headers and data."""


def build(recognizer: Recognizer) -> None:
    """Hang the endpoint on components that no visitor sees. Its docstring is what the API page shows."""

    def read_form(
        image: dict[str, Any], template: dict[str, Any] | None = None, charset: str | None = None
    ) -> tuple[Rows, dict[str, Any]]:
        """Reads what is written by hand in the boxes of a form: rows of cells, boxes, tables, puzzles, checkboxes.

        Parameters:
            image: a PNG, JPEG, WebP, GIF, BMP or TIFF file of a filled form; a scan or a photo.
            template: the YAML file that `form new` makes of the blank form; None finds the boxes without one.
            charset: what the characters are drawn from, without a template; None for all that the checkpoint knows.
        Returns:
            table: a row for each field, or each box and each cell of a table: its name, its value, and the probability
                that it is right.
            details: with a template the fields by name and the doubtful ones; else the fields and the tables, with
                boxes [left, top, right, bottom], and a note, where something is to be said.
        """
        if template:
            filled = recognizer.read_form(picture_path(image), Template.load(str(picture_path(template))))
            named = [[name, str(value.value), round(value.score, 4)] for name, value in filled.items()]
            return {"headers": list(HEADER), "data": named}, filled.as_record()
        reading = recognizer.read(picture_path(image), charset=asked(charset))
        rows = [[value.name, value.text, round(value.score, 4)] for value in values_of(reading)]
        record = {"fields": [], "tables": [], "note": ""} | reading.as_record()
        return {"headers": list(HEADER), "data": rows}, {name: record[name] for name in ("fields", "tables", "note")}

    with gr.Group(visible=False):
        inputs: list[Any] = [
            gr.Image(label="image"),
            gr.File(None, label="template"),
            gr.Dropdown(recognizer.charsets(), value=None, label="charset", allow_custom_value=True),
        ]
        outputs = [gr.Dataframe(label="table"), gr.JSON(label="details")]
        gr.Button("read_form").click(read_form, inputs, outputs, api_name="read_form", **PUBLIC, **NETWORK_QUEUE)
