"""`classify` and `read`: pictures to characters and text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emnist_hf.cli.app import CharsetOption, CheckpointOption, Format, exit_on_error, write_records
from emnist_hf.errors import EmnistError

if TYPE_CHECKING:
    from emnist_hf.reading.results import Answer, Reading, Record
    from emnist_hf.recognizer import Recognizer


def classify(
    files: Annotated[list[str], typer.Argument(help="Pictures of one character each.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    top_k: Annotated[int, typer.Option("--top_k", min=1, help="How many labels, best first.")] = 5,
) -> None:
    """Read the one character in each picture.

    Any picture will do: a phone photo, a scan, a drawing, dark on light or light on dark. Prints a JSON line a file:
    "labels", best first, each with its score; "not_a_character", how likely it is that the picture shows none at all;
    and "is_character", whether that is below the checkpoint's threshold. A "note" says where there are many characters,
    which `read` is for. A file that cannot be read gives an "error" on its line, the others go on, and the exit status
    is 1 at the end.
    """
    from emnist_hf.recognizer import Recognizer

    with exit_on_error():
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
    write_records(classify_file(file, recognizer, top_k, charset) for file in files)


def classify_file(file: str, recognizer: Recognizer, top_k: int, charset: str | None) -> dict[str, Any]:
    """Return what `classify` prints of a file; of one that cannot be read, the "error"."""
    try:
        answer = recognizer.examine(file, top_k=top_k, charset=charset)
    except EmnistError as error:
        return {"file": file, "error": str(error)}
    labels = [{"label": p.label, "score": round(p.score, 6)} for p in answer.predictions]
    record: dict[str, Any] = {"file": file, "labels": labels}
    if answer.not_a_character is not None:
        record |= {"not_a_character": round(answer.not_a_character, 6), "is_character": answer.is_character}
    note = note_on_many(file, answer, recognizer)
    return record | ({"note": note} if note else {})


def note_on_many(file: str, answer: Answer, recognizer: Recognizer) -> str:
    """Return a sentence where a picture that was taken for one character holds many; else nothing.

    What may hold many is read as a page to find out.
    """
    from emnist_hf.reading.components import may_be_many

    if answer.ink is None or not may_be_many(answer.ink.coverage):
        return ""
    count = sum(character.label.isalnum() for character in recognizer.read(file, ink=answer.ink).characters)
    many = f"There are about {count} characters in this picture, and the labels take it for one"
    return f"{many}: python -m emnist_hf read {file} reads them all." if count > 2 else ""


def read(
    files: Annotated[list[str], typer.Argument(help="Pictures of pages, and folders of them.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="Text file of words that the pages consist of; corrects what is read.")
    ] = None,
    language: Annotated[
        str,
        typer.Option(help="Whose words help: auto finds out, none reads letter by letter; or en, de, ..."),
    ] = "auto",
    format: Annotated[
        Format, typer.Option(help="json has all that was read; hocr and alto say where words stand; pdf is searchable.")
    ] = Format.json,
    output: Annotated[
        Path | None,
        typer.Option(help="Write here: .jsonl or .parquet, which goes on where it was interrupted; or one document."),
    ] = None,
    output_dir: Annotated[
        Path | None, typer.Option("--output_dir", help="Write a document a picture here; goes on where interrupted.")
    ] = None,
    tables: Annotated[
        Path | None, typer.Option(help="Folder for the grids and tables of forms, a CSV file each.", metavar="DIR")
    ] = None,
) -> None:
    """Read the handwriting in pictures of pages.

    Prints a JSON line a file: "text" has a line for a line, "characters" each character in reading order with its
    score, its box [left, top, right, bottom] in the picture's pixels, its line, its word and its alternatives;
    "language" names the language whose words helped; a "note" says if nothing was found or much is in doubt. Of a form
    "fields" has what stands in each box, and "tables" the rows of grids and tables, which --tables writes as CSV. A
    file that cannot be read gives an "error" on its line, the others go on, and the exit status is 1 at the end.

    \b
    read note.jpg --format text
    read note.jpg --format pdf --output note.pdf
    read FOLDER --format alto --output_dir DOCUMENTS
    read FOLDER --output results.parquet

    With --output or --output_dir several processes share the files: torchrun --nproc_per_node 2 -m emnist_hf read ...
    """
    from emnist_hf.cli.batch import check_output, find_pictures, read_file, read_into
    from emnist_hf.cli.documents import check_destination, document_of, read_into_folder, write_document
    from emnist_hf.cli.tables import check_folder, table_names, write_tables
    from emnist_hf.reading.lexicon import Lexicon
    from emnist_hf.reading.vocabulary import check_language
    from emnist_hf.recognizer import Recognizer

    with exit_on_error():
        check_language(language)
        pictures = find_pictures(files)
        check_destination(format, output, output_dir, len(pictures))
        of_records = format is Format.json and output_dir is None
        if output is not None and of_records:
            check_output(output)
        if tables is not None:
            check_folder(tables)
        words = Lexicon.load(lexicon) if lexicon is not None else None
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
        names = table_names(pictures)

        def one(file: str) -> Reading:
            reading = recognizer.read(file, charset, words, language=language)
            if tables is not None and not (output and of_records):
                write_tables(tables, names[file], reading.as_record())
            return reading

        def record(file: str) -> Record:
            return one(file).as_record()

        def keep_tables(record: Record) -> None:
            if tables is not None and record["file"] in names:
                write_tables(tables, names[record["file"]], record)

        if output_dir is not None:
            failed = read_into_folder(output_dir, pictures, one, format)
        elif not of_records:
            write_document(document_of(one(pictures[0]), pictures[0], format), output)
            return
        elif output is not None:
            failed = read_into(output, pictures, record, finished=keep_tables)  # of an earlier launch, too
        else:
            write_records(read_file(file, record) for file in pictures)
            return
        if failed:
            raise typer.Exit(1)
