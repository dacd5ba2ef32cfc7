"""Tables of forms as CSV files, one each, which no spreadsheet runs anything of."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from emnist_hf.errors import EmnistError
from emnist_hf.forms.spreadsheet import inert
from emnist_hf.reading.results import Record


class TableError(EmnistError):
    """The tables cannot be written where they were asked for."""


def table_names(files: Sequence[str]) -> dict[str, str]:
    """Return what the tables of each file are called: as the file, with a number where others are called the same.

    Names that differ in case alone are one on some systems, and so here.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for file in files:
        stem, number = Path(file).stem or "picture", 1
        name = stem
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names[file] = name
    return names


def check_folder(folder: Path) -> None:
    """Raise `TableError` unless tables can be written into a folder, which is made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableError(
            "{folder} cannot be made ({why}): choose another folder for the tables.",
            folder=folder,
            why=error.strerror or "",
        ) from None
    if not os.access(folder, os.W_OK):
        raise TableError("No tables can be written to {folder}: choose another folder.", folder=folder)


def write_tables(folder: Path, name: str, record: Record) -> list[Path]:
    """Write the tables of a record, as `Reading.as_record` makes it, as UTF-8 CSV: `<name>-table-1.csv` and so on."""
    paths = []
    for number, table in enumerate(record.get("tables") or [], start=1):
        paths.append(folder / f"{name}-table-{number}.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([inert(text) for text in row] for row in table["rows"])
    return paths
