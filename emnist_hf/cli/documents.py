"""What `read` writes of a picture beside JSON lines: text, hOCR, ALTO or a searchable PDF, one document a picture."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from emnist_hf.cli.app import Format
from emnist_hf.cli.batch import OutputError, read_into, records_of
from emnist_hf.reading.results import Reading, Record

SUFFIXES = {"json": ".json", "text": ".txt", "hocr": ".hocr", "alto": ".xml", "pdf": ".pdf"}
"""Of a document, by its format."""

QUALITY = 85
"""Of a PDF's picture as JPEG."""

INDEX = "index.{kind}.jsonl"
"""What lies beside the documents of a folder: which picture each is of, and what could not be read."""


def check_destination(kind: Format, output: Path | None, output_dir: Path | None, pictures: int) -> None:
    """Raise `OutputError` where the documents of so many pictures cannot go where they are to."""
    if output is not None and output_dir is not None:
        raise OutputError("Both --output and --output_dir are given: name one of them.")
    if output_dir is not None:
        try:
            output_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{output_dir} cannot be made ({error.strerror}): choose another folder.") from None
    elif kind is not Format.json and pictures > 1:
        raise OutputError(f"{pictures} pictures make {pictures} documents: name a folder for them with --output_dir.")


def document_of(reading: Reading, file: str, kind: Format) -> bytes:
    """Return what was read in a picture as a document."""
    from emnist_hf.ink import open_picture
    from emnist_hf.reading.alto import to_alto
    from emnist_hf.reading.hocr import to_hocr

    if kind is Format.json:
        return (json.dumps({"file": file} | reading.as_record(), ensure_ascii=False) + "\n").encode()
    if kind is Format.text:
        return f"{reading.text}\n".encode()
    if kind is Format.pdf:
        return _pdf(reading, file)
    size = reading.size if any(reading.size) else open_picture(file).size  # without ink it is not known yet
    return {"hocr": to_hocr, "alto": to_alto}[kind](reading, Path(file).name, size).encode()


def _pdf(reading: Reading, file: str) -> bytes:
    from emnist_hf.ink import open_picture
    from emnist_hf.ink.geometry import upright_picture
    from emnist_hf.reading.words import words_of
    from emnist_hf.styling.searchable_pdf import searchable_pdf

    picture, jpeg = upright_picture(open_picture(file), reading.turns), io.BytesIO()
    picture.convert("RGB").save(jpeg, "JPEG", quality=QUALITY)
    lines = [[(word.text, word.box) for word in line] for line in words_of(reading.upright())]
    return searchable_pdf(jpeg.getvalue(), picture.size, lines)


def write_document(document: bytes, output: Path | None) -> None:
    """Write a document whole or not at all, to a file or to standard output.

    Raises `OutputError` where nothing can be written.
    """
    if output is None:
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
        return
    staged = output.with_name(f"{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(document)
        os.replace(staged, output)
    except OSError as error:
        raise OutputError(f"{output} cannot be written ({error.strerror}): choose another file.") from None


def read_into_folder(folder: Path, files: Sequence[str], read: Callable[[str], Reading], kind: Format) -> int:
    """Write a document of each file into a folder, and return how many could not be read.

    INDEX beside them has a line a picture; it is gone on with, and shared by processes, as `read_into` does.
    """
    index = folder / INDEX.format(kind=kind)
    names = _names(files, kind, {r["file"]: r["document"] for r in records_of(index) if "document" in r})

    def is_there(record: Record) -> bool:
        return "document" in record and (folder / record["document"]).is_file()

    def one(file: str) -> Record:
        reading = read(file)
        write_document(document_of(reading, file, kind), folder / names[file])
        return {"document": names[file]} | ({"note": reading.note} if reading.note else {})

    return read_into(index, files, one, is_there)


def _names(files: Sequence[str], kind: Format, before: Mapping[str, str]) -> dict[str, str]:
    """Return a name for the document of each file: its stem, with a number where stems clash.

    before: the names that documents of the folder have already, which they keep.
    """
    suffix = SUFFIXES[kind]
    names = dict(before)
    taken = {name.casefold() for name in names.values()}
    for file in files:
        if file in names:
            continue
        stem, number = Path(file).stem, 1
        while (name := f"{stem}-{number}{suffix}" if number > 1 else f"{stem}{suffix}").casefold() in taken:
            number += 1
        taken.add(name.casefold())
        names[file] = name
    return names
