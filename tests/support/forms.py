"""Blank forms and filled ones that we draw, with what is true of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.compose import Box
from emnist_hf.data.form_compose import compose_form
from emnist_hf.forms import Template
from tests.support.hands import font_hand

HAND = "patrick-hand"


def blank_form(layout: str, seed: int) -> NDArray[np.uint8]:
    """A form before it is filled in, uint8 [H, W, 3]."""
    return compose_form(layout, font_hand(HAND), seed=seed, fill=0).blank


def filled_form(
    layout: str, seed: int, fill: int, condition: str = "scan"
) -> tuple[NDArray[np.uint8], list[tuple[Box, str | bool, int]]]:
    """One of many copies of it, and of each field its box on the blank, its value and its number of cells."""
    form = compose_form(layout, font_hand(HAND), condition, seed, fill)
    true: list[tuple[Box, str | bool, int]] = []
    for field in form.on_blank:
        left, top, right, bottom = field.box
        height, width = (bottom - top) // len(field.rows), (right - left) // len(field.rows[0])
        for i, row in enumerate(field.rows):
            if field.kind == "table":
                boxes = [(left + j * width, top + i * height) for j in range(len(row))]
                true += [((x, y, x + width, y + height), text, 1) for (x, y), text in zip(boxes, row)]
                continue
            value: str | bool = bool(row[0]) if field.kind == "checkbox" else "".join(row)
            true.append(((left, top + i * height, right, top + (i + 1) * height), value, len(row)))
    return form.picture, true


def typed(template: Template, layout: str, seed: int) -> Template:
    """The template with the types that its fields have."""
    form = compose_form(layout, font_hand(HAND), seed=seed, fill=0)
    kinds = [field.charset or "checkbox" for field in form.on_blank for _ in field.rows]
    fields = (replace(field, type=kind) for field, kind in zip(template.fields, kinds, strict=True))
    return replace(template, fields=tuple(fields))
