"""The official raw files read a block at a time, so that memory stays the same however many rows there are.

`data.py` reads them whole, to train on; this is for handing them on.
"""

from __future__ import annotations

import gzip
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

from emnist_hf.data import IDX_IMAGES, IDX_LABELS, IDX_NAME, DataError, check_mapping
from emnist_hf.glyph import SIDE
from emnist_hf.splits import SPLITS, Split

BLOCK = 2048  # rows read at a time: 1.6 MB

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
