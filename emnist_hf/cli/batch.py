"""Read many pictures into JSON lines or Parquet, with any number of processes, and go on where that was interrupted.

Each process of a launch writes JSON lines into a part beside the output; the first merges the parts into it.
"""

from __future__ import annotations

import heapq
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from emnist_hf.errors import EmnistError
from emnist_hf.reading.results import Reading, Record

Read = Callable[[str], Reading]
"""Reads the page in a file; raises `EmnistError` where it cannot."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
"""What a folder is searched for."""

FORMATS = (".jsonl", ".parquet")
"""What an output file may be."""

ROWS = 64
"""Records of a Parquet row group: what is held in memory at a time."""


class OutputError(EmnistError):
    """The results cannot be written where they were asked for."""


def find_pictures(paths: Sequence[str]) -> list[str]:
    """Return files as they are, and of folders the pictures below them, in the order of their names.

    A folder without pictures stays, for `read_file` to say so of it. Raises `OutputError` if there is nothing else.
    """
    found: list[str] = []
    for path in paths:
        below = sorted(Path(path).rglob("*")) if Path(path).is_dir() else []
        found += [str(file) for file in below if file.suffix.lower() in SUFFIXES and file.is_file()] or [path]
    if all(Path(path).is_dir() for path in found):
        raise OutputError(_without_pictures(*found))
    return list(dict.fromkeys(found))


def _without_pictures(*folders: str) -> str:
    kinds = ", ".join(suffix.lstrip(".") for suffix in SUFFIXES)
    return f"There are no pictures in the folder {', '.join(folders)}: it is searched for files that end in {kinds}."


def read_file(file: str, read: Read) -> Record:
    """Return the record of a file; a file that cannot be read, or a folder, gives one with an "error"."""
    if Path(file).is_dir():
        return {"file": file, "error": _without_pictures(file)}
    try:
        return {"file": file} | read(file).as_record()
    except EmnistError as error:
        return {"file": file, "error": str(error)}


def read_into(output: Path, files: Sequence[str], read: Read) -> int:
    """Read files into `output`, .jsonl or .parquet, and return the number of its records with an "error".

    Every process of a launch (torchrun, accelerate) reads its share of the files. The output has the order of the
    files, in any number of processes. What an earlier, interrupted launch has read is kept; errors are tried again. On
    several machines the output lies on a disk that they share.

    Raises `OutputError` for another suffix, or where nothing can be written.
    """
    from accelerate import PartialState
    from tqdm import tqdm

    check_output(output)
    # The first to finish waits for the last, however long that takes.
    state = PartialState(cpu=True, timeout=timedelta(days=30))
    with state.main_process_first():
        if state.is_main_process:
            _merge_parts(output, files)  # of an earlier launch
    done = {record["file"] for record in _records(output) if "error" not in record}
    part = output.with_name(f"{output.name}.part-{state.process_index}")
    with (
        state.split_between_processes([file for file in files if file not in done]) as mine,
        part.open("w", encoding="utf-8") as lines,
    ):
        for file in tqdm(mine, unit="file", disable=not state.is_main_process, file=sys.stderr):
            lines.write(_line(read_file(file, read)))
            lines.flush()
    state.wait_for_everyone()
    if state.is_main_process:
        _merge_parts(output, files)
    state.wait_for_everyone()
    return sum("error" in record for record in _records(output))


def check_output(output: Path) -> None:
    """Raise `OutputError` unless results can be written to `output`."""
    if output.suffix.lower() not in FORMATS:
        raise OutputError(f"{output} is neither .jsonl nor .parquet: name the output file one or the other.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output.parent} cannot be made ({error.strerror}): choose another folder.") from None
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise OutputError(f"Nothing can be written to {output}: choose another file.")


def _merge_parts(output: Path, files: Sequence[str]) -> None:
    """Merge the output and the parts beside it, in the order of the files, into the output, and delete the parts.

    Of two records of a file the one without an error stays. What is not among the files comes last, by name.
    """
    parts = sorted(output.parent.glob(f"{output.name}.part-*"))
    if not parts:
        return
    places = {file: place for place, file in enumerate(files)}

    def place(record: Record) -> tuple[int, str]:
        return places.get(record["file"], len(files)), record["file"]

    merged = heapq.merge(*(_ordered(path, place) for path in (output, *parts)), key=place)
    kept = (min(records, key=lambda record: "error" in record) for _, records in groupby(merged, itemgetter("file")))
    staged = output.with_name(f"{output.name}.joining")
    if output.suffix.lower() == ".parquet":
        _write_parquet(staged, kept)
    else:
        with staged.open("w", encoding="utf-8") as lines:
            lines.writelines(map(_line, kept))
    os.replace(staged, output)
    for part in parts:
        part.unlink()


def _ordered(path: Path, place: Callable[[Record], tuple[int, str]]) -> Iterable[Record]:
    """Return the records of a file by their place, one at a time unless the file has another order."""
    places = [place(record) for record in _records(path)]
    return _records(path) if places == sorted(places) else sorted(_records(path), key=place)


def _records(path: Path) -> Iterator[Record]:
    """Yield the records of an output or a part; a line torn by an interruption is none."""
    if not path.is_file():
        return
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(ROWS):
                for row in batch.to_pylist():
                    yield {key: value for key, value in row.items() if value is not None}
        return
    with path.open("rb") as lines:
        for line in lines:
            with suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict) and "file" in record and line.endswith(b"\n"):
                    yield record


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _write_parquet(path: Path, records: Iterator[Record]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text, integer, number = pa.string(), pa.int32(), pa.float64()
    choice = {"label": text, "score": number}
    character = choice | {"box": pa.list_(integer), "line": integer, "word": integer}
    character["alternatives"] = pa.list_(pa.struct(choice))
    columns = {"file": text, "text": text, "characters": pa.list_(pa.struct(character))}
    columns |= dict.fromkeys(("language", "note", "error"), text)
    schema = pa.schema(columns)
    with pq.ParquetWriter(path, schema) as table:
        while batch := list(islice(records, ROWS)):
            table.write_table(pa.Table.from_pylist(batch, schema))
