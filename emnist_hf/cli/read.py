"""The command line: python -m emnist_hf COMMAND. Each command imports only what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emnist_hf.cli.app import CharsetOption, CheckpointOption, app, sentence, write_line
from emnist_hf.errors import EmnistError


@app.command()
def classify(
    files: Annotated[list[str], typer.Argument(help="Pictures of one character each.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    top_k: Annotated[int, typer.Option("--top_k", "--top-k", min=1, help="How many labels, best first.")] = 5,
) -> None:
    """Read the one character in each picture: a JSON line a file.

    Any picture will do: a phone photo, a scan, a drawing, dark on light or light on dark. "not_a_character" says how
    likely it is that the picture shows none at all, and "is_character" whether that is below the checkpoint's
    threshold. A file that cannot be read gives an "error" on its line, the others go on, and the exit status is 1 at
    the end.
    """
    from emnist_hf.recognizer import Recognizer

    with sentence():
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
    failed = False
    for file in files:
        try:
            found = recognizer.examine(file, top_k=top_k, charset=charset)
        except EmnistError as error:
            failed = True
            write_line({"file": file, "error": str(error)})
        else:
            labels = [{"label": p.label, "score": round(p.score, 6)} for p in found.predictions]
            doubt = found.not_a_character
            write_line(
                {"file": file, "labels": labels}
                | ({} if doubt is None else {"not_a_character": round(doubt, 6), "is_character": found.is_character})
            )
    if failed:
        raise typer.Exit(1)


@app.command()
def read(
    files: Annotated[list[str], typer.Argument(help="Pictures of pages, and folders of them.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="Text file of words that the pages consist of; corrects what is read.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write here, .jsonl or .parquet; goes on where it was interrupted.")
    ] = None,
) -> None:
    """Read the hand-printed text in each picture of a page: a JSON line a file.

    "text" has a line for a line, "characters" each character in reading order with its score, its box [left, top,
    right, bottom] in the picture's pixels, its line, its word and its alternatives; a "note" says if nothing was found
    or much is in doubt. A file that cannot be read gives an "error" on its line, the others go on, and the exit status
    is 1 at the end. With --output several processes share the files: torchrun --nproc_per_node 2 -m emnist_hf read ...
    """
    from emnist_hf.cli.batch import check_output, find_pictures, read_file, read_into
    from emnist_hf.reading.lexicon import Lexicon
    from emnist_hf.recognizer import Recognizer

    with sentence():
        if output is not None:
            check_output(output)
        words = Lexicon.load(lexicon) if lexicon is not None else None
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
        pictures = find_pictures(files)
        if output is not None:
            failed = read_into(output, pictures, recognizer, charset, words) > 0
    if output is None:
        failed = False
        for file in pictures:
            record = read_file(file, recognizer, charset, words)
            failed = failed or "error" in record
            write_line(record)
    if failed:
        raise typer.Exit(1)
