"""The official raw files of EMNIST: IDX files, gzipped or not, in a folder, a `gzip.zip` or a Hub data set.

They hold images transposed and number Letters from 1; both are put right here and nowhere else. They are read a block
at a time, so that memory stays the same however many rows there are. Format: LeCun's description of MNIST.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import DataError
from emnist_hf.hub_session import hub_sentences, is_repo_id, request_seconds
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import SPLITS, Split

MOST_ROWS = 1_000_000  # of one file; ByClass, the largest split, has 697,932 to train on
IDX_IMAGES, IDX_LABELS = 2051, 2049  # magic numbers: unsigned bytes in three dimensions, and in one
IDX_NAME = "emnist-{split}-{part}-{kind}-ubyte"
FIRST_ANSWER = 8.0  # seconds to wait for the Hub's first answer

Block = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class RawFile:
    """A file of a source: how to open it, and a `state` that changes when what is in it does."""

    open: Callable[[], IO[bytes]]
    state: tuple[object, ...]


RawFiles = Mapping[str, RawFile]
"""By the last part of their names, in small letters."""


@dataclass(frozen=True)
class RawPart:
    """One part of a split in raw files: how many rows it says it has, and its two files."""

    split: Split
    part: str
    rows: int
    images: RawFile
    labels: RawFile

    def blocks(self, size: int, transposed: bool = True) -> Iterator[Block]:
        """Yield its rows in order, `size` at a time: images uint8 [n, 28, 28] and labels int64 [n], counted from 0.

        transposed: whether images are stored so, as the official ones are; they are put upright.

        Raises `DataError` where a file is damaged, is cut short, or has a label that the split has not.
        """
        about = f"{self.split.title} {self.part}"
        images, labels = (
            read_idx(file.open, kind, about, size) for kind, file in (("images", self.images), ("labels", self.labels))
        )
        for pixels, raw in zip(images, labels, strict=True):
            numbers = raw.astype(np.int64) - self.split.first_label
            if numbers.min() < 0 or numbers.max() >= len(self.split.labels):
                raise DataError(f"The labels file of {about} has a label of another split: download it again.")
            yield np.ascontiguousarray(pixels.transpose(0, 2, 1)) if transposed else pixels, numbers


def open_raw(source: str | Path) -> dict[str, dict[str, RawPart]]:
    """Return the parts of every split that a `gzip.zip`, or a folder, holds in raw files.

    By split, in the order of `SPLITS`, then by part. Raises `DataError` if there are none, a file lacks its companion,
    the two disagree, or a mapping.txt is not that of its split.
    """
    files = find_raw_files(source) if os.path.exists(source) else None
    if files is None:
        raise DataError(f"There is no folder or gzip.zip {source}: download the official gzip.zip.")
    found = {split.name: _choose(split, files, source) for split in SPLITS.values()}
    if not any(found.values()):
        raise DataError(f"{source} holds no EMNIST files: give the official gzip.zip, or a folder of its files.")
    return {name: parts for name, parts in found.items() if parts}


def open_raw_split(
    split: Split, source: str | Path, files: RawFiles, parts: Sequence[str]
) -> dict[str, RawPart] | None:
    """Return those of `parts` that a source holds of a split; None if there are no raw files in it at all.

    Raises `DataError` as `open_raw` does, and where the raw files are of other splits.
    """
    if not any(re.search(r"-idx[13]-ubyte(\.gz)?$", name) for name in files):
        if str(source).lower().endswith(".zip"):
            raise DataError(f"{source} holds no EMNIST files: give the official gzip.zip, with files in gzip/.")
        return None
    found = _choose(split, files, source, parts)
    if not found and not _choose(split, files, source):
        raise DataError(
            f"{source} holds raw EMNIST files but none of {split.title}: "
            f"add emnist-{split.name}-train-images-idx3-ubyte.gz and its companions."
        )
    return found


def find_raw_files(source: str | Path, revision: str | None = None) -> RawFiles | None:
    """Return the files of a folder, of a `.zip` or of a Hub data set, whatever they hold; None for other sources.

    Raises `DataError` where the Hub does not list them.
    """
    # os.path answers False, where Path raises, for a name that is too long or has a NUL in it.
    if os.path.isdir(source):
        paths = [path for path in sorted(Path(source).rglob("*")) if path.is_file()]
        return {path.name.lower(): RawFile(partial(_open_path, path), file_state(path)) for path in reversed(paths)}
    if os.path.isfile(source) and zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
        return {
            Path(member.filename).name.lower(): RawFile(
                partial(_open_member, source, member.filename), (member.filename, member.file_size, member.CRC)
            )
            for member in reversed(members)
        }
    return _hub_files(str(source), revision) if not os.path.exists(source) and is_repo_id(str(source)) else None


def fingerprint(*values: object) -> str:
    """Return a key of numbers, texts and tuples of them, the same in every process: 16 hexadecimal digits."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def file_state(path: str | Path) -> tuple[object, ...]:
    """Return what changes when a local file does: its place, size and time of writing."""
    found = os.stat(path)
    return os.path.abspath(path), found.st_size, found.st_mtime_ns, found.st_ino


def _open_path(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_member(path: str | Path, name: str) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:  # the open member keeps what it needs of it
        return archive.open(name)


def _open_on_hub(repo: str, name: str, revision: str | None) -> IO[bytes]:
    from huggingface_hub import hf_hub_download

    with hub_sentences(repo, "dataset", revision, DataError):
        return open(hf_hub_download(repo, name, repo_type="dataset", revision=revision), "rb")


def _choose(
    split: Split, files: RawFiles, source: str | Path, parts: Sequence[str] = ("train", "test")
) -> dict[str, RawPart]:
    """Return the parts of a split that are among files. Raises `DataError`."""
    found = {}
    for part in parts:
        images, labels = (_find(split, part, kind, files) for kind in ("images-idx3", "labels-idx1"))
        if images is None and labels is None:
            continue
        about = f"{split.title} {part}"
        if images is None or labels is None:
            there = "labels" if images is None else "images"
            raise DataError(f"{source} has only the {there} of {about}: add the other file.")
        with (
            _open_idx(images.open, "images", about) as (_, rows),
            _open_idx(labels.open, "labels", about) as (_, count),
        ):
            if rows != count:
                raise DataError(f"The files of {about} do not belong together: {rows:,} images and {count:,} labels.")
        found[part] = RawPart(split, part, rows, images, labels)
    if found and (mapping := files.get(f"emnist-{split.name}-mapping.txt")) is not None:
        with mapping.open() as content:
            check_mapping(split, content.read(100_000).decode("ascii", "replace"))
    return found


def _find(split: Split, part: str, kind: str, files: RawFiles) -> RawFile | None:
    name = IDX_NAME.format(split=split.name, part=part, kind=kind)
    return files.get(name + ".gz") or files.get(name)


def read_idx(opened: Callable[[], IO[bytes]], kind: str, about: str, size: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the rows of an IDX file, `size` at a time: uint8 [n, 28, 28] for images as stored, [n] for labels.

    kind: images or labels. about: of which part, for the sentences. No more is unpacked than the header says that there
    is. Raises `DataError` where the file is damaged, cut short, longer than it says or something else.
    """
    name, shape = f"The {kind} file of {about}", (SIDE, SIDE) if kind == "images" else ()
    with _open_idx(opened, kind, about) as (file, rows):
        for start in range(0, rows, size):
            count = min(size, rows - start)
            content = _read(file, count * SIDE ** len(shape), name)
            yield np.frombuffer(content, np.uint8).reshape(count, *shape)
        if file.read(1):
            raise DataError(f"{name} holds more than the {rows:,} rows that it claims: download it again.")


@contextlib.contextmanager
def _open_idx(opened: Callable[[], IO[bytes]], kind: str, about: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open an IDX file, gzipped or not, and give its content after the header, and how many rows that promises."""
    name = f"The {kind} file of {about}"
    try:
        with opened() as file:
            zipped = file.read(2) == b"\x1f\x8b"  # its name may be wrong
            file.seek(0)
            content: IO[bytes] = gzip.GzipFile(fileobj=file) if zipped else file  # type: ignore[assignment]
            yield content, _read_header(content, kind, name)
    except DataError:
        raise
    except Exception as error:  # gzip, zlib and zipfile each raise their own
        raise DataError(f"{name} is damaged ({type(error).__name__}): download it again.") from None


def _read_header(file: IO[bytes], kind: str, name: str) -> int:
    """Read the header of an IDX file: return how many rows follow."""
    magic, rows = struct.unpack(">II", _read(file, 8, name))
    if magic != (IDX_IMAGES if kind == "images" else IDX_LABELS):
        raise DataError(f"{name} is not an IDX file of its kind: give the files of the official EMNIST gzip.zip.")
    sides = struct.unpack(">II", _read(file, 8, name)) if magic == IDX_IMAGES else (SIDE, SIDE)
    if sides != (SIDE, SIDE):
        raise DataError(f"{name} holds images of {sides[0]}x{sides[1]} pixels, not 28x28: it is not EMNIST.")
    if rows > MOST_ROWS:
        raise DataError(f"{name} claims {rows:,} rows, more than any part of EMNIST has: it is not EMNIST.")
    return rows


def _read(file: IO[bytes], count: int, name: str) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise DataError(f"{name} was cut short: download it again.")
    return content


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


def _hub_files(repo: str, revision: str | None) -> RawFiles:
    from huggingface_hub import HfApi

    with hub_sentences(repo, "dataset", revision, DataError):
        # One request and no retries, where list_repo_files takes 23 s to find out that the Hub is down.
        found = HfApi().dataset_info(repo, revision=revision, timeout=min(FIRST_ANSWER, request_seconds()))
    names = [file.rfilename for file in found.siblings or []]
    return {
        Path(name).name.lower(): RawFile(partial(_open_on_hub, repo, name, found.sha), (repo, name, found.sha))
        for name in reversed(names)
    }
