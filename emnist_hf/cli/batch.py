"""Many pictures read: a record a file, into JSON lines or Parquet, by any number of processes, and resumed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from emnist_hf.errors import EmnistError
from emnist_hf.reading.lexicon import Lexicon
from emnist_hf.reading.results import Record, record_of
from emnist_hf.recognizer import Recognizer

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
"""What a folder is searched for."""


FORMATS = (".jsonl", ".parquet")
"""What an output file may be."""


ROWS = 64
"""Records of a Parquet row group: what is held in memory at a time."""


class OutputError(EmnistError):
    """The results cannot be written where they were asked for."""


def find_pictures(paths: Sequence[str]) -> list[str]:
    """Files as they are, and of folders the pictures below them, in the order of their names.

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


def read_file(file: str, recognizer: Recognizer, charset: str | None, lexicon: Lexicon | None) -> Record:
    """The record of a file; a file that cannot be read, or a folder, gives one with an "error"."""
    if Path(file).is_dir():
        return {"file": file, "error": _without_pictures(file)}
    try:
        return record_of(file, recognizer.read(file, charset, lexicon))
    except EmnistError as error:
        return {"file": file, "error": str(error)}


def read_into(
    output: Path, files: Sequence[str], recognizer: Recognizer, charset: str | None, lexicon: Lexicon | None
) -> int:
    """Read files into `output`, .jsonl or .parquet, and give the number of those that could not be read.

    Every process of a launch (torchrun, accelerate) reads its share of the files into a part of its own beside the
    output, which the first joins in the order of the files: the result is the same in any number of processes. What an
    earlier, interrupted launch has read is kept. On several machines the output lies on a disk that they share.

    Raises `OutputError` for another suffix, or where nothing can be written.
    """
    from accelerate import PartialState
    from tqdm import tqdm

    check_output(output)
    # The first to finish waits for the last, however long that takes.
    state = PartialState(cpu=True, timeout=timedelta(days=30))
    if state.is_main_process:
        _spool(output)
    state.wait_for_everyone()
    done = {record["file"] for path in _sources(output) for _, record in _lines(path) if "error" not in record}
    state.wait_for_everyone()  # before anybody adds to a part that another still reads
    mine = [file for file in files[state.process_index :: state.num_processes] if file not in done]
    part = output.with_name(f"{output.name}.part-{state.process_index}")
    _drop_torn_line(part)
    with part.open("a", encoding="utf-8") as sheet:
        for file in tqdm(mine, unit="file", disable=not state.is_main_process, file=sys.stderr):
            sheet.write(json.dumps(read_file(file, recognizer, charset, lexicon), ensure_ascii=False) + "\n")
            sheet.flush()
    state.wait_for_everyone()
    if state.is_main_process:
        _join(output, files)
    state.wait_for_everyone()
    return sum("error" in record for record in _records(output))


def _records(path: Path) -> Iterator[Record]:
    """The records of an output, one at a time."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(ROWS):
                for row in batch.to_pylist():
                    yield {key: value for key, value in row.items() if value is not None}
    else:
        yield from (record for _, record in _lines(path))


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


# --- parts ---


def _parts(output: Path) -> list[Path]:
    return sorted(output.parent.glob(f"{output.name}.part-*"))


def _spool(output: Path) -> None:
    """Lay what a Parquet output holds beside it as a part: lines can be found by their place, rows cannot."""
    part = output.with_name(f"{output.name}.part-done")
    if output.suffix.lower() == ".parquet" and output.is_file() and not part.exists():
        with part.open("w", encoding="utf-8") as sheet:
            sheet.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in _records(output))


def _sources(output: Path) -> list[Path]:
    """The files of lines with what earlier launches have read."""
    lines = [output] if output.suffix.lower() == ".jsonl" and output.is_file() else []
    return lines + _parts(output)


def _lines(path: Path) -> Iterator[tuple[int, Record]]:
    """The records of a file of lines and the byte at which each begins; a line torn by an interruption is none."""
    place = 0
    with path.open("rb") as lines:
        for line in lines:
            with suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict) and "file" in record and line.endswith(b"\n"):
                    yield place, record
            place += len(line)


def _drop_torn_line(part: Path) -> None:
    """End a part after its last whole line, so that what is added begins on a new one."""
    if not part.is_file():
        return
    with part.open("rb+") as sheet:
        size = sheet.seek(0, os.SEEK_END)
        end, reach = size, 0
        while end and reach < size:
            reach = min(size, reach + 65536)
            sheet.seek(size - reach)
            place = sheet.read(reach).rfind(b"\n")
            end = size - reach + place + 1 if place >= 0 else 0
            if place >= 0:
                break
        sheet.truncate(end)


def _join(output: Path, files: Sequence[str]) -> None:
    """Write the records of all parts into the output, in the order of the files, and drop the parts.

    Only where each record lies is kept in memory.
    """
    places: dict[str, tuple[Path, int]] = {}
    for path in _sources(output):
        for place, record in _lines(path):
            if "error" not in record or record["file"] not in places:
                places[record["file"]] = path, place
    order = [file for file in files if file in places] + sorted(set(places) - set(files))
    staged = output.with_name(f"{output.name}.joining")
    _write(staged, output.suffix.lower(), _picked(places[file] for file in order))
    os.replace(staged, output)
    for part in _parts(output):
        part.unlink()


def _picked(places: Iterable[tuple[Path, int]]) -> Iterator[Record]:
    with ExitStack() as stack:
        sheets: dict[Path, BinaryIO] = {}
        for path, place in places:
            if path not in sheets:
                sheets[path] = stack.enter_context(path.open("rb"))
            sheets[path].seek(place)
            yield json.loads(sheets[path].readline())


def _write(path: Path, suffix: str, records: Iterable[Record]) -> None:
    if suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as sheet:
            sheet.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    choice = pa.struct([("label", pa.string()), ("score", pa.float64())])
    character = pa.struct(
        [
            ("label", pa.string()),
            ("score", pa.float64()),
            ("box", pa.list_(pa.int32())),
            ("line", pa.int32()),
            ("word", pa.int32()),
            ("alternatives", pa.list_(choice)),
        ]
    )
    text = [(name, pa.string()) for name in ("file", "text")]
    schema = pa.schema([*text, ("characters", pa.list_(character)), ("note", pa.string()), ("error", pa.string())])
    with pq.ParquetWriter(path, schema) as table:
        batch: list[Record] = []
        for record in records:
            batch.append(record)
            if len(batch) == ROWS:
                table.write_table(pa.Table.from_pylist(batch, schema))
                batch = []
        table.write_table(pa.Table.from_pylist(batch, schema))
