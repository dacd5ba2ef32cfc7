"""A form that was read: its picture with a box around each value, and the values as a table to correct."""

from __future__ import annotations

import json
from html import escape
from itertools import groupby
from pathlib import Path

import gradio as gr
from PIL import Image

from emnist_hf.page.files import data_url, image_url
from emnist_hf.page.form_sheet import CHECKED, UNCHECKED, Value, Values, as_csv, as_json, as_rows, as_xlsx
from emnist_hf.page.language import ENGLISH, translate, translate_html
from emnist_hf.page.page_view import FAIR, SIDE
from emnist_hf.reading.results import LOW_SCORE

EMPTY = "empty"

SAID = (
    PICTURE := "The form that was read",
    MOVE := "Boxes of the form: the arrow keys move, Enter shows what one may hold",
    CHOICES := "What stands in the chosen box, and what it may be",
    FIELD := "Field",
    VALUE := "What stands there",
    SURE := "Sure",
    EMPTY,
)
"""What the view says beside the values themselves."""

BOXES, BOX, IN_TABLE = "{count} boxes", "One box", "Table {number}"

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def form_view() -> gr.HTML:
    """Build the view, hidden until there is a form. Its 'click' event carries `index` and `text` of a correction."""
    script = Path(__file__).with_name("form_view.js").read_text(encoding="utf-8")
    return gr.HTML("", js_on_load=script, apply_default_css=False, visible=False, elem_id="form-view")


def summary(values: Values, note: str, language: str = ENGLISH) -> tuple[str, str]:
    """Return what was found in words, and what else is to be said."""
    doubtful = sum(value.score < LOW_SCORE for value in values)
    count = translate(BOXES if len(values) != 1 else BOX, language, count=str(len(values)))
    doubt = translate("{number} in doubt" if doubtful else "none in doubt", language, number=str(doubtful))
    return f"{count}, {doubt}.", translate(note, language) if note else ""


def view_html(picture: Image.Image, values: Values, language: str = ENGLISH) -> str:
    """Return HTML: the picture, upright, with its boxes, and the table beside it."""
    said = {phrase: translate_html(phrase, language) for phrase in SAID}
    width, height = picture.size
    shown = picture.copy()
    shown.thumbnail((SIDE, SIDE))
    boxes = "".join(_box(i, value, width, height, language) for i, value in enumerate(values))
    return (
        f'<div class="form-desk"><div><div class="page-sheet form-sheet" role="group" aria-label="{said[MOVE]}">'
        f'<img src="{image_url(shown, "jpeg", quality=85)}" alt="{said[PICTURE]}">{boxes}</div></div>'
        f'<div class="form-side"><div class="form-detail" role="group" aria-label="{said[CHOICES]}" hidden>'
        f'<div class="form-crop" role="img"></div><div class="page-choices"></div></div>'
        f"{_fields_html(values, said, language)}{_tables_html(values, language)}</div></div>"
    )


def _trust(value: Value) -> str:
    return "poor" if value.score < FAIR else "fair" if value.score < LOW_SCORE else "sure"


def _box(index: int, value: Value, width: int, height: int, language: str) -> str:
    left, top, right, bottom = value.box
    place = (
        f"left:{100 * left / width:.3f}%;top:{100 * top / height:.3f}%;"
        f"width:{100 * (right - left) / width:.3f}%;height:{100 * (bottom - top) / height:.3f}%"
    )
    choices = escape(json.dumps([[[c.label, round(c.score, 4)] for c in one] for one in value.choices]))
    said = translate_html(
        "{label}, {score} sure", language, label=value.text or translate(EMPTY, language), score=f"{value.score:.0%}"
    )
    return (
        f'<button type="button" class="page-box form-box {_trust(value)}" style="{place}" data-index="{index}" '
        f'data-choices="{choices}" tabindex="{-1 if index else 0}" aria-label="{said}"></button>'
    )


def _input(index: int, value: Value, name: str) -> str:
    if value.kind == "checkbox":
        checked = " checked" if value.text == CHECKED else ""
        return (
            f'<input type="checkbox" data-index="{index}" data-yes="{CHECKED}" data-no="{UNCHECKED}" '
            f'aria-label="{escape(name)}"{checked}>'
        )
    text = escape(value.text)
    return (
        f'<input type="text" class="{_trust(value)}" data-index="{index}" value="{text}" size="1" '
        f'aria-label="{escape(name)}" autocomplete="off" spellcheck="false">'
    )


def _fields_html(values: Values, said: dict[str, str], language: str) -> str:
    fields = [(index, value) for index, value in enumerate(values) if value.place is None]
    if not fields:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(value.name)}</th><td>{_input(index, value, value.name)}</td>'
        f'<td class="form-sure">{_percent(value, language)}</td></tr>'
        for index, value in fields
    )
    head = "".join(f'<th scope="col">{said[phrase]}</th>' for phrase in (FIELD, VALUE, SURE))
    return f'<div class="form-rows"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _percent(value: Value, language: str) -> str:
    return translate_html("{score}", language, score=f"{value.score:.0%}")


def _tables_html(values: Values, language: str) -> str:
    placed = [(index, value, value.place) for index, value in enumerate(values) if value.place is not None]
    found = []
    for number, cells in groupby(placed, key=lambda cell: cell[2][0]):
        caption = translate_html(IN_TABLE, language, number=str(number + 1))
        rows = "".join(
            "<tr>" + "".join(f"<td>{_input(i, value, value.name)}</td>" for i, value, _ in row) + "</tr>"
            for _, row in groupby(cells, key=lambda cell: cell[2][1])
        )
        found.append(f'<div class="form-grid"><table><caption>{caption}</caption><tbody>{rows}</tbody></table></div>')
    return "".join(found)


def links_html(values: Values, language: str = ENGLISH) -> str:
    """Return HTML: the links that save the values as CSV, JSON and XLSX."""
    rows = as_rows(values)
    files: dict[str, tuple[bytes, str]] = {
        "CSV": (as_csv(rows), "text/csv"),
        "JSON": (as_json(values), "application/json"),
        "XLSX": (as_xlsx(rows), SPREADSHEET),
    }
    links = "".join(
        f'<a class="download" href="{data_url(data, kind)}" download="form.{name.lower()}">{name}</a>'
        for name, (data, kind) in files.items()
    )
    return f'<div class="sheet-foot"><span class="footnote">{translate_html("Download", language)}</span>{links}</div>'
