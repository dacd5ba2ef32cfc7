"""Many filled forms read into one table, on the engine of `read FOLDER`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from emnist_hf.cli.app import write_line
from emnist_hf.cli.aside import set_aside
from emnist_hf.cli.batch import SUFFIXES, Key, check_output, fill, find_pictures, without_pictures
from emnist_hf.cli.form_table import formats
from emnist_hf.cli.review import Review
from emnist_hf.errors import EmnistError
from emnist_hf.forms import Template
from emnist_hf.forms.scans import open_scan, scans_of
from emnist_hf.reading.results import Record
from emnist_hf.recognizer import Recognizer

SCANS = (*SUFFIXES, ".pdf")
"""What a folder is searched for."""


def read_forms(
    template: Template, source: Path, scans: Sequence[str], output: Path, recognizer: Recognizer, folder: Path | None
) -> int:
    """Read the forms in files and folders into `output`, say what came of it, and return how many could not be read.

    source: the file of the template. folder: for a review of what is doubtful. Raises `OutputError` and `ReviewError`
    where nothing can be written.
    """
    kinds = formats(template.fields)
    check_output(output, kinds)
    review = None if folder is None else Review(folder, template.fields, output)
    files = [file for file in find_pictures(scans, SCANS) if folder is None or not _is_below(file, folder)]
    # Where there are many PDFs, counting their pages takes a while.
    counted = tqdm(files, "pages", unit="file", delay=3, leave=False, disable=os.environ.get("RANK", "0") != "0")
    forms = {scan[0]: scan for scan in scans_of(counted, len(template.pages))}

    def one(key: Key) -> Record:
        record: Record = {"file": key[0], "page": key[1]}
        if Path(key[0]).is_dir():
            return record | {"error": without_pictures(key[0], suffixes=SCANS)}
        try:
            pictures = open_scan(forms[key])
            read = recognizer.read_form(pictures, template)
        except EmnistError as error:
            return record | {"error": str(error)}
        if review is not None:
            review.keep(key, read, pictures)
        return record | read.as_record()

    def is_done(record: Record) -> bool:
        return "error" not in record and (review is None or review.has(record))

    found: list[Record] = []
    fill(output, list(forms), one, kinds, found.append, is_done, "form", lambda: _begin(source, output))
    if found:  # in one process
        told = {"output": str(output), "forms": len(found)}
        told["doubtful"] = sum(bool(record.get("doubtful")) for record in found)
        told["failed"] = sum("error" in record for record in found)
        write_line(told | ({} if review is None else {"review": str(review.write(found))}))
    return sum("error" in record for record in kinds[output.suffix.lower()].read(output))


def _is_below(file: str, folder: Path) -> bool:
    """Tell whether a file is a crop of an earlier review."""
    return Path(file).resolve().is_relative_to(folder.resolve())


def _begin(source: Path, output: Path) -> None:
    """Set a table aside whose template was changed since: it has other columns, or other types."""
    parts = list(output.parent.glob(f"{output.name}.part-*"))
    written = [path.stat().st_mtime for path in (output, *parts) if path.is_file()]
    if written and source.stat().st_mtime > max(written):
        set_aside(output)
        for part in parts:
            part.unlink()
