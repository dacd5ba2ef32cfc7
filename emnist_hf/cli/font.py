"""`make-font`: a hand as a font, and the sheet to write it on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from emnist_hf.cli.app import CheckpointOption, exit_on_error, write_line

SUFFIXES = (".ttf", ".woff2")
"""What a font may be written as."""


def make_font(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Pictures of sheets: ours, or any on which characters stand apart.", metavar="[FILE...]"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The font to write, .ttf or .woff2.", metavar="OUT.ttf", show_default=False)
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write our sheet to print and fill in, and nothing else.", metavar="OUT.pdf")
    ] = None,
    paper: Annotated[str, typer.Option(help="What --sheet is printed on: a4 or letter.")] = "a4",
    labels: Annotated[
        str | None,
        typer.Option(help="What stands there, in reading order; - leaves one out. Default: as it is read."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the font is called. Default: My hand.")] = None,
    font: Annotated[
        str | None,
        typer.Option(help="Take what is not written from this font under fonts/. Default: made with the same pen."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write where each glyph is from as JSON, and a picture beside it.", metavar="REPORT.json"),
    ] = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Make an installable font of handwriting.

    \b
    python -m emnist_hf make-font --sheet sheet.pdf         print it, write on it, scan or photograph it
    python -m emnist_hf make-font page1.jpg page2.jpg --output mine.ttf --report report.json

    On our sheet every label is sure. Any other picture of characters that stand apart will do: printed titles and
    guides are left out, and the order A to Z counts as evidence. What is not written is made with the same pen, or
    taken from --font. Further samples of a letter take turns with the first; letters that the writer joins stay joined.
    Prints a JSON line: "labels" as read or given (look through them and give them again with --labels where they are
    wrong), "written", the characters that are the writer's own, "doubtful", those to look at, "notices", what to look
    at on the sheets, and the "hand" as `render --like` gives it.
    """
    with exit_on_error():
        from emnist_hf.styling import StylingError

        if sheet is not None:
            if files or output is not None:
                raise StylingError("--sheet writes the sheet alone: make the font when it is filled in.")
            about = print_sheet(sheet, paper)
        elif not files or output is None:
            raise StylingError("Give pictures of a sheet and --output OUT.ttf, or --sheet OUT.pdf to print one.")
        else:
            about = font_of(files, output, labels, name, font, report, checkpoint)
    write_line(about)


def print_sheet(path: Path, paper: str) -> dict[str, Any]:
    """Write our sheet; return what is printed about it, with each cell's box in millimetres."""
    from emnist_hf.styling import StylingError
    from emnist_hf.styling.rendering import write_file
    from emnist_hf.styling.sheet_layout import sheet_pages
    from emnist_hf.styling.sheet_pdf import write_sheet

    if path.suffix.lower() != ".pdf":
        raise StylingError(f"{path.name!r} is no name for a sheet: let it end in .pdf.")
    write_file(path, write_sheet(paper.lower()))
    cells = [
        {"page": page.number, "label": cell.label, "box": [round(side, 2) for side in cell.rect]}
        for page in sheet_pages(paper.lower())
        for cell in page.cells
    ]
    return {"file": str(path), "paper": paper.lower(), "cells": cells}


def font_of(
    files: list[str],
    output: Path,
    labels: str | None,
    name: str | None,
    font: str | None,
    report: Path | None,
    checkpoint: str | None,
) -> dict[str, Any]:
    """Make a font of sheets, and write it and its report; return what is printed about it."""
    from emnist_hf.recognizer import Recognizer
    from emnist_hf.styling import StylingError, describe, hand_font
    from emnist_hf.styling.font_file import as_woff2
    from emnist_hf.styling.font_report import font_picture, font_record
    from emnist_hf.styling.font_sheet import hand_of
    from emnist_hf.styling.rendering import write_file
    from emnist_hf.styling.sheet_reading import read_sheets

    if output.suffix.lower() not in SUFFIXES:
        raise StylingError(f"{output.name!r} is no name for a font: let it end in {' or '.join(SUFFIXES)}.")
    if report is not None and report.suffix.lower() != ".json":
        raise StylingError(f"{report.name!r} is no name for a report: let it end in .json.")
    sheets = read_sheets(files, Recognizer.from_pretrained(checkpoint), labels)
    hand = hand_of(sheets)
    samples = [sample for file, sheet in zip(files, sheets) for sample in sheet.samples(file)]
    pairs = [pair for sheet in sheets for pair in sheet.neighbours()]
    given = {key: value for key, value in {"name": name, "filler": font}.items() if value is not None}
    made = hand_font.make_font(samples, hand, pairs=pairs, **given)
    write_file(output, as_woff2(made.data) if output.suffix.lower() == ".woff2" else made.data)
    notices = [str(notice) for sheet in sheets for notice in sheet.notices]
    if report is not None:
        record = {"font": str(output), **font_record(made), "sheets": notices}
        write_file(report, (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
        font_picture(made).save(report.with_suffix(".png"))
    return {
        "file": str(output),
        "name": made.font.title,
        "labels": [sheet.labels for sheet in sheets],
        "written": made.written,
        "doubtful": made.doubtful,
        "ligatures": list(made.ligatures),
        "notices": [*notices, *map(str, made.notices)],
        "hand": hand.as_json() | {"in_words": describe(hand)},
    }
