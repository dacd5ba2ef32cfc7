"""A form on the page: the values that stand in it, as a visitor corrects them and takes them away."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from emnist_hf.forms.spreadsheet import inert
from emnist_hf.reading.results import Box, Cell, Choice, Reading

MOST_TEXT = 500
"""Characters of a value that a visitor may write."""

CHECKED, UNCHECKED = "yes", "no"
"""What stands in a checkbox, in words that a spreadsheet keeps."""

NUMERAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?", re.ASCII)
"""A number of which nothing is lost when it becomes one: 0012 is none, nor is what is longer than a number keeps."""

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What a workbook cannot hold."""

HEADER = ("field", "value", "score")


@dataclass(frozen=True)
class Value:
    """What stands in one box of a form, or in one cell of a table.

    name: the words printed beside it, else its number. box: in the pixels of the picture, as it stands upright. score:
    the probability that it is right; 1 from a visitor. choices: of each character, blanks left out, what it may be.
    place: of a table's cell, the table, its row and its column, counted from 0.
    """

    name: str
    kind: str
    text: str
    score: float
    box: Box
    choices: tuple[tuple[Choice, ...], ...] = ()
    place: tuple[int, int, int] | None = None


Values = tuple[Value, ...]


def values_of(reading: Reading) -> Values:
    """Return the values of a form that was read and stands upright."""
    found = [_value(str(number), field.kind, field, reading) for number, field in enumerate(reading.fields, start=1)]
    for number, table in enumerate(reading.tables):
        merged: set[Box] = set()
        for row, cells in enumerate(table.cells):
            for column, cell in enumerate(cells):
                if cell.box in merged:  # one cell over several rows or columns
                    continue
                merged.add(cell.box)
                value = _value(f"table {number + 1}, row {row + 1}, column {column + 1}", "cell", cell, reading)
                found.append(replace(value, place=(number, row, column)))
    return tuple(found)


def _value(name: str, kind: str, found: Any, reading: Reading) -> Value:
    """Return a field, or a cell of a table, as a value."""
    text: str = found.text
    choices: tuple[tuple[Choice, ...], ...] = ()
    if kind == "checkbox":
        text = CHECKED if found.checked else UNCHECKED
    elif isinstance(found, Cell):
        choices = (found.alternatives,) if found.alternatives else ()
    elif found.cells:
        choices = tuple(cell.alternatives for cell in found.cells if cell.text)
    if text and not choices and kind != "checkbox":
        inside = [c for c in reading.characters if _holds(found.box, c.box)]
        choices = tuple(c.alternatives for c in inside)
    choices = choices if len(choices) == len("".join(text.split())) else ()
    return Value(getattr(found, "label", None) or name, kind, text, found.score, found.box, choices)


def _holds(box: Box, other: Box) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x < box[2] and box[1] <= y < box[3]


def edited(values: Values, event: gr.EventData) -> Values | None:
    """Return the values with those that a visitor changed as they were written.

    Anyone may post an event: None for one that makes no sense.
    """
    changes = getattr(event, "changes", None)
    if not isinstance(changes, list) or not 0 < len(changes) <= len(values):
        return None
    after = list(values)
    for change in changes:
        if not isinstance(change, list) or len(change) != 2:
            return None
        index, text = change
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(values):
            return None
        if not isinstance(text, str) or len(text) > MOST_TEXT or "\0" in text:
            return None
        after[index] = replace(values[index], text=text, score=1.0, choices=())
    return tuple(after)


# --- to take away ---


def tables_of(values: Values) -> list[list[list[str]]]:
    """Return the texts of each table by rows and columns."""
    found: list[list[list[str]]] = []
    for value in values:
        if value.place is None:
            continue
        table, row, column = value.place
        while len(found) <= table:
            found.append([])
        while len(found[table]) <= row:
            found[table].append([])
        found[table][row] += [""] * (column + 1 - len(found[table][row]))
        found[table][row][column] = value.text
    return found


def as_rows(values: Values) -> list[list[str]]:
    """Return what a spreadsheet holds: the only table by itself, else a row for each value under `HEADER`."""
    tables = tables_of(values)
    if len(tables) == 1 and all(value.place for value in values):
        return tables[0]
    return [list(HEADER), *([value.name, value.text, f"{value.score:.3f}"] for value in values)]


def as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as CSV; the mark in front tells spreadsheets that it is UTF-8."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([inert(text) for text in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def as_json(values: Values) -> bytes:
    fields = [
        {"name": v.name, "kind": v.kind, "value": v.text, "score": round(v.score, 4), "box": list(v.box)}
        for v in values
        if v.place is None
    ]
    return json.dumps({"fields": fields, "tables": tables_of(values)}, ensure_ascii=False, indent=1).encode("utf-8")


def as_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as a workbook: text stays text, whatever it begins with; a number that is written as such is one."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("form")
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, float(text) if NUMERAL.fullmatch(text) else UNPRINTABLE.sub("", text))
            if isinstance(cell.value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
