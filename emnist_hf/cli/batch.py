"""Read many pictures into one file, with any number of processes, and go on where that was interrupted.

Each process of a launch writes JSON lines into a part beside the output; the first merges the parts into it.
"""

from __future__ import annotations

import heapq
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from emnist_hf.errors import EmnistError
from emnist_hf.reading.results import Record

Read = Callable[[str], Record]
"""Reads the page in a file and says what of it; raises `EmnistError` where it cannot."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
"""What a folder is searched for."""

Key = tuple[str, int]
"""What is read at a time: a file and the first of its pages, from 1; 0 for the file as a whole."""


class Format(NamedTuple):
    """How a kind of output file is read and written, record by record; of a file that is not there it yields none."""

    read: Callable[[Path], Iterator[Record]]
    write: Callable[[Path, Iterator[Record]], None]


WORLD = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
"""Environment variables by which a launcher says how many processes there are, as accelerate reads them."""

ROWS = 64
"""Records of a Parquet row group: what is held in memory at a time."""


class OutputError(EmnistError):
    """The results cannot be written where they were asked for."""


def find_pictures(paths: Sequence[str], suffixes: Sequence[str] = SUFFIXES) -> list[str]:
    """Return files as they are, and of folders the pictures below them, in the order of their names.

    A folder without pictures stays, for `read_file` to say so of it. Raises `OutputError` if there is nothing else.
    """
    found: list[str] = []
    for path in paths:
        below = sorted(Path(path).rglob("*")) if Path(path).is_dir() else []
        found += [str(file) for file in below if file.suffix.lower() in suffixes and file.is_file()] or [path]
    if all(Path(path).is_dir() for path in found):
        raise OutputError(without_pictures(*found, suffixes=suffixes))
    return list(dict.fromkeys(found))


def without_pictures(*folders: str, suffixes: Sequence[str] = SUFFIXES) -> str:
    """Return what to say of folders without pictures."""
    kinds = ", ".join(suffix.lstrip(".") for suffix in suffixes)
    return f"There are no pictures in the folder {', '.join(folders)}: it is searched for files that end in {kinds}."


def read_file(file: str, read: Read) -> Record:
    """Return the record of a file; a file that cannot be read, or a folder, gives one with an "error"."""
    if Path(file).is_dir():
        return {"file": file, "error": without_pictures(file)}
    try:
        return {"file": file} | read(file)
    except EmnistError as error:
        return {"file": file, "error": str(error)}


def _is_done(record: Record) -> bool:
    return "error" not in record


def read_into(
    output: Path,
    files: Sequence[str],
    read: Read,
    is_done: Callable[[Record], bool] = _is_done,
    finished: Callable[[Record], None] | None = None,
) -> int:
    """Read files into `output`, .jsonl or .parquet, and return the number of its records with an "error".

    finished: is given each record of the output in the end, by one process. The rest is as `fill` has it.
    """

    def one(key: Key) -> Record:
        return read_file(key[0], read)

    fill(output, [(file, 0) for file in files], one, FORMATS, finished, is_done)
    return sum("error" in record for record in records_of(output))


def fill(
    output: Path,
    keys: Sequence[Key],
    read: Callable[[Key], Record],
    formats: Mapping[str, Format],
    finished: Callable[[Record], None] | None = None,
    is_done: Callable[[Record], bool] = _is_done,
    unit: str = "file",
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Fill `output` with a record for each key, which has its "file", and its "page" unless that is 0.

    Every process of a launch (torchrun, accelerate) reads its share of the keys. The output has their order, in any
    number of processes. What an earlier, interrupted launch has read is kept where it `is_done`; the rest is tried
    again. On several machines the output lies on a disk that they share. finished: is given each record in the end, by
    one process. prepare: is called first, by one process.

    Raises `OutputError` for another suffix, or where nothing can be written; what was read until then is kept.
    """
    from tqdm import tqdm

    check_output(output, formats)
    form = formats[output.suffix.lower()]
    state = _processes()
    with _room_for(output):
        with state.main_process_first():
            if state.is_main_process:
                prepare()
                _merge_parts(output, keys, form)  # of an earlier launch
        done = {key_of(record) for record in form.read(output) if is_done(record)}
        part = output.with_name(f"{output.name}.part-{state.process_index}")
        with (
            state.split_between_processes([key for key in keys if key not in done]) as mine,
            part.open("w", encoding="utf-8") as lines,
        ):
            for key in tqdm(mine, unit=unit, disable=not state.is_main_process, file=sys.stderr):
                lines.write(_line(read(key)))
                lines.flush()
        state.wait_for_everyone()
        if state.is_main_process:
            _merge_parts(output, keys, form)
            if finished is not None:
                for record in form.read(output):
                    finished(record)
        state.wait_for_everyone()


class _Alone:
    """The one process there is, as accelerate's `PartialState` speaks of several."""

    process_index, is_main_process = 0, True

    def main_process_first(self) -> AbstractContextManager[None]:
        return nullcontext()

    def split_between_processes(self, keys: list[Key]) -> AbstractContextManager[list[Key]]:
        return nullcontext(keys)

    def wait_for_everyone(self) -> None:
        pass


def _processes() -> Any:
    """Return the processes of this launch, `_Alone` or a `PartialState`."""
    if not any(int(os.environ.get(name) or 1) > 1 for name in WORLD):
        return _Alone()  # seconds sooner: accelerate imports torch
    from accelerate import PartialState

    # The first to finish waits for the last, however long that takes.
    return PartialState(cpu=True, timeout=timedelta(days=30))


@contextmanager
def _room_for(output: Path) -> Iterator[None]:
    """Say of a disk that is full, or gone, what is kept and what to do."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{output} cannot be written ({error.strerror}): what was read so far is kept beside it; make room and run "
            "the same command again to go on."
        ) from None


def key_of(record: Record) -> Key:
    """Return the key of a record."""
    return record["file"], record.get("page", 0)


def check_output(output: Path, formats: Mapping[str, Format] | None = None) -> None:
    """Raise `OutputError` unless results can be written to `output`, of .jsonl or .parquet or the formats given."""
    suffixes = list(FORMATS if formats is None else formats)
    if output.suffix.lower() not in suffixes:
        known = f"{', '.join(suffixes[:-1])} nor {suffixes[-1]}"
        raise OutputError(f"{output} is neither {known}: name the output file one of these.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output.parent} cannot be made ({error.strerror}): choose another folder.") from None
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise OutputError(f"Nothing can be written to {output}: choose another file.")


def _merge_parts(output: Path, keys: Sequence[Key], form: Format) -> None:
    """Merge the output and the parts beside it, in the order of the keys, into the output, and delete the parts.

    Of two records of a key the one without an error stays, and the later of two such. What is not among the keys comes
    last, by name.
    """
    parts = sorted(output.parent.glob(f"{output.name}.part-*"))
    if not parts:
        return
    places = {key: place for place, key in enumerate(keys)}

    def place(record: Record) -> tuple[int, Key]:
        key = key_of(record)
        return places.get(key, len(keys)), key

    sources = [partial(form.read, output), *(partial(records_of, part) for part in parts)]
    merged = heapq.merge(*(_ordered(records, place) for records in sources), key=place)
    kept = (min(reversed(list(some)), key=lambda record: "error" in record) for _, some in groupby(merged, key_of))
    staged = output.with_name(f"{output.name}.joining")
    try:
        form.write(staged, kept)
        os.replace(staged, output)
    except OSError:
        staged.unlink(missing_ok=True)
        raise
    for part in parts:
        part.unlink()


def _ordered(records: Callable[[], Iterator[Record]], place: Callable[[Record], tuple[int, Key]]) -> Iterable[Record]:
    """Return the records of a file by their place, one at a time unless the file has another order."""
    places = [place(record) for record in records()]
    return records() if places == sorted(places) else sorted(records(), key=place)


def records_of(path: Path) -> Iterator[Record]:
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


def write_lines(path: Path, records: Iterator[Record]) -> None:
    """Write records as JSON lines."""
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(map(_line, records))


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _write_parquet(path: Path, records: Iterator[Record]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text, integer, number = pa.string(), pa.int32(), pa.float64()
    choice = {"label": text, "score": number}
    character = choice | {"box": pa.list_(integer), "line": integer, "word": integer}
    character["alternatives"] = pa.list_(pa.struct(choice))
    box, choices = pa.list_(integer), pa.list_(pa.struct(choice))
    cell = {"box": box, "text": text, "score": number, "alternatives": choices}
    field = {"kind": text, "box": box, "text": text, "score": number, "checked": pa.bool_(), "label": text}
    field["cells"] = pa.list_(pa.struct(cell))
    table = {"box": box, "rows": pa.list_(pa.list_(text))}
    columns = {"file": text, "text": text, "characters": pa.list_(pa.struct(character))}
    columns |= {"fields": pa.list_(pa.struct(field)), "tables": pa.list_(pa.struct(table))}
    columns |= dict.fromkeys(("language", "note", "error"), text)
    schema = pa.schema(columns)
    with pq.ParquetWriter(path, schema) as file:
        while batch := list(islice(records, ROWS)):
            file.write_table(pa.Table.from_pylist(batch, schema))


FORMATS = {".jsonl": Format(records_of, write_lines), ".parquet": Format(records_of, _write_parquet)}
"""What an output of pages may be."""
