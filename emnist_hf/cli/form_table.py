"""The table of filled forms: a row a form, as CSV, XLSX, Parquet or JSON lines, read again as it was written.

No spreadsheet runs anything of it (`spreadsheet.inert`), and what a person corrected in it stays so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from emnist_hf.cli.batch import ROWS, Format, records_of, write_lines
from emnist_hf.forms.spreadsheet import inert, number_of, original
from emnist_hf.forms.template_fields import SCORE, TemplateField
from emnist_hf.reading.results import Record

Row = dict[str, Any]

WIDEST = 40
"""Width of a column of a workbook, in characters, at the most."""


def formats(fields: Sequence[TemplateField]) -> dict[str, Format]:
    """Return what the table of a template's forms may be written as, by suffix."""
    return {
        ".csv": Format(partial(_read_csv, fields), partial(_write_csv, fields)),
        ".xlsx": Format(partial(_read_xlsx, fields), partial(_write_xlsx, fields)),
        ".jsonl": Format(records_of, write_lines),
        ".parquet": Format(partial(_read_parquet, fields), partial(_write_parquet, fields)),
    }


def columns(fields: Sequence[TemplateField]) -> list[str]:
    """Return the names of the columns: values first, what is to be looked at, and the scores last."""
    names = [field.name for field in fields]
    return ["file", "page", *names, "doubtful", "error", *(name + SCORE for name in names)]


def row_of(record: Record, fields: Sequence[TemplateField]) -> Row:
    """Return a record as a row: texts, whether checked, scores; None where there is nothing."""
    row: Row = dict.fromkeys(columns(fields)) | {"file": record["file"], "page": record.get("page", 1)}
    values = record.get("fields") or {}
    for field in fields:
        if field.name in values:
            row[field.name] = values[field.name]["value"]
            row[field.name + SCORE] = values[field.name]["score"]
    doubts = [f"{f.name}: {doubt.rstrip('.')}" for f in fields if (doubt := doubt_in(values, f.name))]
    return row | {"doubtful": "; ".join(doubts) or None, "error": record.get("error")}


def doubt_in(values: Mapping[str, Record], name: str) -> str:
    """Return why a field of a record is doubtful, "" where it is not."""
    return str(values.get(name, {}).get("doubt") or "")


def record_of(row: Row, fields: Sequence[TemplateField]) -> Record:
    """Return the record of a row; columns that it lacks are empty."""
    record: Record = {"file": row.get("file") or "", "page": int(row.get("page") or 1)}
    if row.get("error"):
        return record | {"error": row["error"]}
    doubts = dict(_doubts(row.get("doubtful") or "", fields))
    values: dict[str, Record] = {}
    for field in fields:
        value = row.get(field.name)
        if field.type == "checkbox":
            value = str(value).lower() in ("true", "1", "yes", "x")
        value = "" if value is None else value if isinstance(value, bool) else str(value)
        values[field.name] = {"value": value, "score": _score(row.get(field.name + SCORE))}
        if field.name in doubts:
            values[field.name]["doubt"] = doubts[field.name]
    return record | {"fields": values, "doubtful": list(doubts)}


def _doubts(text: str, fields: Sequence[TemplateField]) -> Iterator[tuple[str, str]]:
    names = sorted((field.name for field in fields), key=len, reverse=True)
    for part in text.split("; "):
        name = next((name for name in names if part.startswith(f"{name}: ")), None)
        if name is not None:
            yield name, part[len(name) + 2 :] + "."


def _score(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _text(value: Any) -> str:
    """Return what a cell of a CSV file says."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- CSV ---


def _write_csv(fields: Sequence[TemplateField], path: Path, records: Iterator[Record]) -> None:
    names = columns(fields)
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([inert(name) for name in names])
        for record in records:
            row = row_of(record, fields)
            writer.writerow([inert(_text(row[name])) for name in names])


def _read_csv(fields: Sequence[TemplateField], path: Path) -> Iterator[Record]:
    if not path.is_file():
        return
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names = [original(name) for name in next(rows, [])]
        for row in rows:
            yield record_of(dict(zip(names, map(original, row))), fields)


# --- XLSX ---


def _write_xlsx(fields: Sequence[TemplateField], path: Path, records: Iterator[Record]) -> None:
    """Write a workbook: numbers as numbers, all else as text, what is doubtful in yellow."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    names, kinds = columns(fields), {field.name: field.type for field in fields}
    book = Workbook(write_only=True)
    sheet = book.create_sheet("forms")
    sheet.freeze_panes = "C2"
    for place, name in enumerate(names, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = min(WIDEST, max(10, len(name) + 2))
    yellow, bold = PatternFill("solid", fgColor="FFF2B3"), Font(bold=True)

    def cell(value: Any, kind: str | None = None) -> Any:
        if isinstance(value, str):
            number = number_of(value) if kind == "number" else None
            value = _printable(value) if number is None else number
        made = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            made.data_type = "s"  # never a formula
        return made

    head = [cell(name) for name in names]
    for one in head:
        one.font = bold
    sheet.append(head)
    for record in records:
        row, values = row_of(record, fields), record.get("fields") or {}
        cells = {name: cell(row[name], kinds.get(name)) for name in names}
        for field in fields:
            if doubt_in(values, field.name):
                cells[field.name].fill = yellow
        sheet.append(list(cells.values()))
    book.save(path)


def _printable(text: str) -> str:
    """Return text without what XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n" or (ord(c) >= 32 and not 0xD800 <= ord(c) < 0xE000 and ord(c) < 0xFFFE)
    )


def _read_xlsx(fields: Sequence[TemplateField], path: Path) -> Iterator[Record]:
    if not path.is_file():
        return
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        names = [str(name) for name in next(rows, ())]
        for row in rows:
            yield record_of(dict(zip(names, row)), fields)
    finally:
        book.close()


# --- Parquet ---


def _write_parquet(fields: Sequence[TemplateField], path: Path, records: Iterator[Record]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {field.name: pa.bool_() if field.type == "checkbox" else pa.string() for field in fields}
    types = {"page": pa.int32()} | {field.name + SCORE: pa.float64() for field in fields} | kinds
    schema = pa.schema([(name, types.get(name, pa.string())) for name in columns(fields)])
    with pq.ParquetWriter(path, schema) as file:
        while batch := [row_of(record, fields) for record in islice(records, ROWS)]:
            file.write_table(pa.Table.from_pylist(batch, schema))


def _read_parquet(fields: Sequence[TemplateField], path: Path) -> Iterator[Record]:
    if not path.is_file():
        return
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(ROWS):
            for row in batch.to_pylist():
                yield record_of(row, fields)
