"""The official raw files read a block at a time, so that memory stays the same however many rows there are.

`data.py` reads them whole, to train on; this is for handing them on.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import DataError, Rows
from emnist_hf.hub_session import hub_sentences, is_repo_id, request_seconds
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import SPLITS, Split

BLOCK = 2048  # rows read at a time: 1.6 MB
FIRST_ANSWER = 8.0  # seconds to wait for the Hub's first answer


Block = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class RawPart:
    """One part of a split in raw files: how many rows it says it has, and how to open its two files."""

    split: Split
    part: str
    rows: int
    _open: dict[str, Callable[[], IO[bytes]]]

    def blocks(self) -> Iterator[Block]:
        """Its rows in order: images uint8 [n, 28, 28], put upright, and labels int64 [n], counted from 0.

        Raises `DataError` where a file is damaged, is cut short, or has a label that the split has not.
        """
        about = f"{self.split.title} {self.part}"
        with ExitStack() as stack:
            images, labels = (stack.enter_context(self._open[kind]()) for kind in ("images", "labels"))
            _header(images, f"The images file of {about}")
            _header(labels, f"The labels file of {about}")
            for start in range(0, self.rows, BLOCK):
                count = min(BLOCK, self.rows - start)
                pixels = _read(images, count * SIDE * SIDE, f"The images file of {about}")
                numbers = _read(labels, count, f"The labels file of {about}").astype(np.int64) - self.split.first_label
                if numbers.min() < 0 or numbers.max() >= len(self.split.labels):
                    raise DataError(f"The labels file of {about} has a label of another split: download it again.")
                yield np.ascontiguousarray(pixels.reshape(-1, SIDE, SIDE).transpose(0, 2, 1)), numbers
            for file, kind in ((images, "images"), (labels, "labels")):
                if _some(file, 1, about):
                    raise DataError(f"The {kind} file of {about} is longer than it says: download it again.")


def open_raw(source: str | Path) -> dict[str, dict[str, RawPart]]:
    """The parts of every split that a `gzip.zip`, or a folder, holds in raw IDX files, gzipped or not.

    By split, in the order of `SPLITS`, then by part. Raises `DataError` if there are none, a file lacks its companion,
    the two disagree, or a mapping.txt is not that of its split.
    """
    files = {Path(name).name.lower(): opened for name, opened in _files(Path(source)).items()}
    found: dict[str, dict[str, RawPart]] = {}
    for split in SPLITS.values():
        parts = {part: _part(split, part, files) for part in ("train", "test")}
        chosen = {part: raw for part, raw in parts.items() if raw is not None}
        if chosen:
            _check_mapping(split, files)
            found[split.name] = chosen
    if not found:
        raise DataError(f"{source} holds no EMNIST files: give the official gzip.zip, or a folder of its files.")
    return found


def _files(path: Path) -> dict[str, Callable[[], IO[bytes]]]:
    if os.path.isdir(path):
        return {str(file): partial(_open_file, file) for file in path.rglob("*") if file.is_file()}
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        return {name: partial(_open_member, path, name) for name in names}
    raise DataError(f"There is no folder or gzip.zip {path}: download the official gzip.zip.")


def _open_file(path: Path) -> IO[bytes]:
    return _unzipped(path.open("rb"))


def _open_member(path: Path, name: str) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:  # the open member keeps what it needs of it
        return _unzipped(archive.open(name))


def _unzipped(file: IO[bytes]) -> IO[bytes]:
    """What is in a file that may be gzipped, told by its first bytes, as its name may be wrong."""
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if zipped else file  # type: ignore[return-value]


def _part(split: Split, part: str, files: dict[str, Callable[[], IO[bytes]]]) -> RawPart | None:
    opened = {}
    for kind, suffix in (("images", "images-idx3"), ("labels", "labels-idx1")):
        name = IDX_NAME.format(split=split.name, part=part, kind=suffix)
        if (file := files.get(name + ".gz") or files.get(name)) is not None:
            opened[kind] = file
    if not opened:
        return None
    if len(opened) == 1:
        raise DataError(f"There are only the {next(iter(opened))} of {split.title} {part}: add the other file.")
    counts = {}
    for kind, file in opened.items():
        with file() as content:
            counts[kind] = _header(content, f"The {kind} file of {split.title} {part}")
    if counts["images"] != counts["labels"]:
        raise DataError(
            f"The files of {split.title} {part} do not belong together: {counts['images']:,} images and "
            f"{counts['labels']:,} labels."
        )
    return RawPart(split, part, counts["images"], opened)


def _check_mapping(split: Split, files: dict[str, Callable[[], IO[bytes]]]) -> None:
    if (file := files.get(f"emnist-{split.name}-mapping.txt")) is not None:
        with file() as content:
            check_mapping(split, content.read(100_000).decode("ascii", "replace"))


def _header(file: IO[bytes], name: str) -> int:
    """Read the header of an IDX file: how many rows follow."""
    magic, rows = struct.unpack(">II", _read(file, 8, name).tobytes())
    sides = struct.unpack(">II", _read(file, 8, name).tobytes()) if magic == IDX_IMAGES else (SIDE, SIDE)
    if magic not in (IDX_IMAGES, IDX_LABELS) or (magic == IDX_IMAGES) != bool(re.search("images", name)):
        raise DataError(f"{name} is not an IDX file of its kind: give the files of the official EMNIST gzip.zip.")
    if sides != (SIDE, SIDE):
        raise DataError(f"{name} holds images of {sides[0]}x{sides[1]} pixels, not 28x28: it is not EMNIST.")
    return rows


def _read(file: IO[bytes], count: int, name: str) -> NDArray[np.uint8]:
    content = _some(file, count, name)
    if len(content) != count:
        raise DataError(f"{name} was cut short: download it again.")
    return np.frombuffer(content, np.uint8)


def _some(file: IO[bytes], count: int, name: str) -> bytes:
    """As many as `count` bytes, fewer only at the end."""
    try:
        return file.read(count)
    except Exception as error:  # gzip, zlib and zipfile each raise their own
        raise DataError(f"{name} is damaged ({type(error).__name__}): download it again.") from None


IDX_IMAGES, IDX_LABELS = 2051, 2049  # magic numbers: unsigned bytes in three dimensions, and in one


MOST_ROWS = 1_000_000  # of one IDX file; ByClass, the largest split, has 697,932 to train on


IDX_NAME = "emnist-{split}-{part}-{kind}-ubyte"


# --- raw IDX files ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RawFiles:
    """How to open the raw files of a split: `parts[part][kind]()` gives bytes, `kind` being images or labels."""

    parts: dict[str, dict[str, Callable[[], bytes]]]
    mapping: str | None


def read_idx(content: bytes, name: str = "the file") -> NDArray[np.uint8]:
    """Parse one IDX file (gzipped or not): uint8 [N, 28, 28] for images as stored, uint8 [N] for labels.

    No more is unpacked than its header says that there is. Raises `DataError` if the file is damaged, cut short, longer
    than it says or something else. Format: LeCun's description of MNIST.
    """
    plain = io.BytesIO(content)
    file = gzip.GzipFile(fileobj=plain) if content[:2] == b"\x1f\x8b" else plain
    try:
        shape = _idx_shape(file, name)
        count = math.prod(shape)
        body = file.read(count + 1)
    except DataError:
        raise
    except Exception as error:  # OSError and EOFError of gzip, and zlib.error, which is neither
        raise DataError(f"{name} is a damaged gzip file ({error}): download it again.") from None
    if len(body) > count:
        raise DataError(f"{name} holds more than the {shape[0]:,} rows that it claims: download it again.")
    if len(body) < count:
        raise DataError(
            f"{name} should hold {shape[0]:,} rows but has {len(body):,} bytes: it was cut short, download it again."
        )
    return np.frombuffer(body, np.uint8).reshape(shape)


def _idx_shape(file: gzip.GzipFile | io.BytesIO, name: str) -> tuple[int, ...]:
    """What the header says that the rows are. Raises `DataError` for another file, or more rows than EMNIST has."""
    head = file.read(8)
    magic, rows = struct.unpack(">II", head) if len(head) == 8 else (None, 0)
    sides = file.read(8) if magic == IDX_IMAGES else b""
    if magic not in (IDX_IMAGES, IDX_LABELS) or (magic == IDX_IMAGES and len(sides) < 8):
        raise DataError(f"{name} is not an IDX file: give the files of the official EMNIST gzip.zip.")
    shape = (rows, *struct.unpack(">II", sides)) if sides else (rows,)
    if shape[1:] not in ((), (SIDE, SIDE)):
        raise DataError(f"{name} holds images of {shape[1]}x{shape[2]} pixels, not 28x28: it is not EMNIST.")
    if rows > MOST_ROWS:
        raise DataError(f"{name} claims {rows:,} rows, more than any part of EMNIST has: it is not EMNIST.")
    return shape


def check_mapping(split: Split, text: str) -> None:
    """Compare a `mapping.txt` (number, then the ASCII codes it stands for) with the official order.

    Raises `DataError` where they disagree, since every label would be wrong.
    """
    numbers = {}
    for line in text.split("\n"):
        fields = line.split()
        if len(fields) >= 2 and all(field.isdigit() for field in fields):
            numbers[int(fields[0])] = chr(int(fields[1]))
    expected = {split.first_label + i: label for i, label in enumerate(split.labels)}
    if numbers != expected:
        wrong = min(n for n in numbers.keys() | expected.keys() if numbers.get(n) != expected.get(n))
        raise DataError(
            f"The mapping.txt of this source is not that of {split.title} (number {wrong} stands for "
            f"{numbers.get(wrong)!r}, not {expected.get(wrong)!r}): choose the split that the files are of."
        )


def _raw_files(split: Split, source: str | Path, revision: str | None) -> _RawFiles | None:
    """The raw files of `split` in `source`, or None if it holds no raw files at all."""
    path = Path(source)
    # os.path answers False, where Path raises, for a name that is too long or has a NUL in it.
    if os.path.isdir(path):
        found = {str(file.relative_to(path)): file.read_bytes for file in sorted(path.rglob("*")) if file.is_file()}
    elif os.path.isfile(path) and zipfile.is_zipfile(path):
        found = {name: _zip_reader(path, name) for name in zipfile.ZipFile(path).namelist()}
    elif os.path.exists(path) or not is_repo_id(str(source)):
        return None
    else:
        found = {name: _hub_reader(str(source), name, revision) for name in _hub_files(str(source), revision)}
    return _choose_raw(split, found, str(source))


def _choose_raw(split: Split, found: dict[str, Callable[[], bytes]], source: str) -> _RawFiles | None:
    raw = {name: read for name, read in found.items() if re.search(r"-idx[13]-ubyte(\.gz)?$", name)}
    if not raw:
        if source.lower().endswith(".zip"):
            raise DataError(f"{source} holds no EMNIST files: give the official gzip.zip, with files in gzip/.")
        return None
    parts: dict[str, dict[str, Callable[[], bytes]]] = {}
    for part in ("train", "test"):
        kinds = {}
        for kind, suffix in (("images", "images-idx3"), ("labels", "labels-idx1")):
            wanted = IDX_NAME.format(split=split.name, part=part, kind=suffix)
            names = [name for name in raw if Path(name).name.lower() in (wanted, wanted + ".gz")]
            if names:
                kinds[kind] = raw[names[0]]
        if len(kinds) == 1:
            raise DataError(f"{source} has only the {next(iter(kinds))} of {split.title} {part}: add the other file.")
        if kinds:
            parts[part] = kinds
    if not parts:
        raise DataError(
            f"{source} holds raw EMNIST files but none of {split.title}: "
            f"add emnist-{split.name}-train-images-idx3-ubyte.gz and its companions."
        )
    mappings = [name for name in found if Path(name).name.lower() == f"emnist-{split.name}-mapping.txt"]
    mapping = found[mappings[0]]().decode("ascii", "replace") if mappings else None
    return _RawFiles(parts, mapping)


def _zip_reader(path: Path, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)

    return read


def _hub_reader(repo: str, name: str, revision: str | None) -> Callable[[], bytes]:
    def read() -> bytes:
        from huggingface_hub import hf_hub_download

        with hub_sentences(repo, "dataset", revision, DataError):
            return Path(hf_hub_download(repo, name, repo_type="dataset", revision=revision)).read_bytes()

    return read


def _hub_files(repo: str, revision: str | None) -> list[str]:
    from huggingface_hub import HfApi

    with hub_sentences(repo, "dataset", revision, DataError):
        # One request and no retries, where list_repo_files takes 23 s to find out that the Hub is down.
        found = HfApi().dataset_info(repo, revision=revision, timeout=min(FIRST_ANSWER, request_seconds()))
    return [file.rfilename for file in found.siblings or []]


def _read_raw_part(split: Split, files: dict[str, Callable[[], bytes]], transposed: bool) -> Rows:
    images = read_idx(files["images"](), f"The images file of {split.title}")
    labels = read_idx(files["labels"](), f"The labels file of {split.title}")
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(f"The files of {split.title} do not belong together: {images.shape} and {labels.shape}.")
    upright = np.ascontiguousarray(images.transpose(0, 2, 1)) if transposed else images
    return Rows(upright, _official(labels.astype(np.int64) - split.first_label, split), split.label_set)


def _official(labels: NDArray[np.int64], split: Split) -> NDArray[np.int64]:
    if len(labels) and (labels.min() < 0 or labels.max() >= len(split.labels)):
        raise DataError(
            f"Labels run from {labels.min()} to {labels.max()} where {split.title} has 0 to {len(split.labels) - 1}: "
            f"this is another split, or its labels are numbered otherwise."
        )
    return labels
