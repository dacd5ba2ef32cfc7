"""Decoded rows in the cache of `datasets`: a data set is decoded once, and what is read of it stays on disk.

An entry is a folder with `images.bin` (uint8 [N, 28, 28], nothing else) and `labels.npy` (int64 [N]). It belongs to one
source, and to the state in which the source was: when the source changes, its next entry replaces it. Processes that
start at once may both decode; whole entries are put in place by renaming, so that none reads half of one.

Images that lie on disk and are read a batch at a time, so that a data set may be larger than memory.

They are read and not mapped: what a process has mapped counts as its memory, and on the way through an epoch that
would be the whole file. The operating system keeps in its own cache what there is room for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError
from emnist_hf.ink.glyph import SIDE

Index = NDArray[np.integer] | NDArray[np.bool_] | slice


class StoredImages:
    """A file of uint8 [N, 28, 28] without a header, or some of its rows in some order.

    Indexing (by integers, a mask or a slice) reads into a new array; `choose` by the same gives a view that has read
    nothing. The file may be deleted while it is in use: it stays open.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: str | Path) -> None:
        self._file = _File(str(path))
        self._rows: NDArray[np.integer] | range = range(self._file.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self), SIDE, SIDE)

    def __len__(self) -> int:
        return len(self._rows)

    def choose(self, index: Index) -> StoredImages:
        """Some of the images, still on disk."""
        chosen = object.__new__(StoredImages)
        chosen._file, chosen._rows = self._file, self._positions(index)
        return chosen

    def __getitem__(self, index: Index) -> NDArray[np.uint8]:
        rows = self._positions(index)
        images = np.empty((len(rows), SIDE, SIDE), np.uint8)
        edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        for start, end in pairwise(edges):  # what lies together is read in one go
            if end > start:
                self._file.read_into(images[start:end], int(rows[start]))
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        """All of them, in memory."""
        return self[:].astype(dtype or np.uint8, copy=False)

    def _positions(self, index: Index) -> NDArray[np.integer] | range:
        if isinstance(index, slice):
            return self._rows[index]
        wanted: NDArray[np.integer] = np.flatnonzero(index) if index.dtype == bool else index  # type: ignore[assignment]
        if isinstance(self._rows, range):
            low, high = int(wanted.min(initial=0)), int(wanted.max(initial=-1))
            if low < -len(self) or high >= len(self):
                raise IndexError(f"there are {len(self)} images, none at {low if low < 0 else high}")
            rows = np.where(wanted < 0, wanted + len(self), wanted) * self._rows.step + self._rows.start
            return rows.astype(np.uint32 if self._file.images < 2**32 else np.int64)  # half the memory
        return self._rows[wanted]


class _File:
    """A file of `images` images, kept open for reading. Pickles as its path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY)
        self.images = os.fstat(self.descriptor).st_size // PIXELS

    def read_into(self, images: NDArray[np.uint8], start: int) -> None:
        """Fill a contiguous array from image `start` on. Raises `OSError` where the file ends early."""
        wanted = memoryview(images.reshape(-1))  # type: ignore[arg-type]
        position = start * PIXELS
        while wanted:
            count = os.preadv(self.descriptor, [wanted], position)
            if not count:
                raise OSError(f"{self.path} ends early: it was changed while it was in use.")
            wanted, position = wanted[count:], position + count

    def __reduce__(self) -> tuple[type[_File], tuple[str]]:
        return _File, (self.path,)

    def __del__(self) -> None:
        if hasattr(self, "descriptor") and os is not None:  # None while Python itself goes
            os.close(self.descriptor)


class JoinedImages:
    """Several sets of images as one, uint8 [N, 28, 28], without joining them in memory. Indexing reads."""

    def __init__(self, parts: Sequence[Images]) -> None:
        self.parts = list(parts)
        self.starts = np.cumsum([0, *(len(part) for part in self.parts)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, index: NDArray[np.integer]) -> NDArray[np.uint8]:
        index = np.asarray(index)
        images = np.empty((len(index), SIDE, SIDE), np.uint8)
        places = np.searchsorted(self.starts, index, side="right") - 1
        for place in np.unique(places):
            here = places == place
            images[here] = self.parts[place][index[here] - self.starts[place]]
        return images


Images = NDArray[np.uint8] | StoredImages
"""uint8 [N, 28, 28], in memory or on disk; `np.asarray` and indexing give an array of either."""


def choose(images: Images, index: Index) -> Images:
    """Some of the images, uint8 [M, 28, 28]: of stored ones a view, so that nothing is read."""
    return images.choose(index) if isinstance(images, StoredImages) else images[index]


IMAGES, LABELS = "images.bin", "labels.npy"


VERSION = "1"  # of what an entry holds; another one makes all of them anew


Stored = tuple[StoredImages, NDArray[np.int64]]


class CacheError(EmnistError):
    """Decoded rows that cannot be kept; the message says where and what to do."""


@dataclass(frozen=True)
class Key:
    """What an entry is of: `source` stays the same when the rows change (paths, split, part), `state` does not."""

    source: str
    state: str

    def folder(self) -> Path:
        """Where the entry is, whether or not it is there."""
        return cache_folder() / f"{_digest(VERSION, self.source)}-{_digest(self.state)}"


@dataclass
class Draft:
    """An entry that is being written."""

    folder: Path
    file: BinaryIO
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def append(self, images: NDArray[np.uint8]) -> None:
        """Write the next images, uint8 [N, 28, 28]."""
        with _explained(self.folder.parent):
            self.file.write(np.ascontiguousarray(images).data)

    def images(self) -> StoredImages:
        """All that was written so far."""
        with _explained(self.folder.parent):
            self.file.flush()
        return StoredImages(self.folder / IMAGES)


def cache_folder() -> Path:
    """The folder of all entries: under that of `datasets`, which HF_HOME and HF_DATASETS_CACHE move."""
    from datasets import config

    return Path(config.HF_DATASETS_CACHE) / "emnist_hf"


def find_stored(key: Key) -> Stored | None:
    """Images and labels of an entry; None if it is not there or not whole."""
    folder = key.folder()
    try:
        labels = np.load(folder / LABELS, allow_pickle=False)
        images = StoredImages(folder / IMAGES)
    except (OSError, ValueError):
        return None
    return (images, labels) if len(images) == len(labels) and labels.dtype == np.int64 else None


@contextlib.contextmanager
def storing(key: Key) -> Iterator[Draft]:
    """A draft to fill in the `with` block, at whose end it becomes the entry; on an error nothing is left.

    Raises `CacheError` if it cannot be written.
    """
    final = key.folder()
    with _explained(final.parent):
        final.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{final.name}.", dir=final.parent))
    try:
        with open(aside / IMAGES, "wb") as file:
            draft = Draft(aside, file)
            yield draft
            draft.images()  # a full disk is told here and not when the file is closed
        with _explained(final.parent):
            np.save(aside / LABELS, draft.labels)
            _put_in_place(aside, final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"Decoded images cannot be kept in {folder} ({error.strerror or error}): make room there, or set "
            f"HF_DATASETS_CACHE to another folder."
        ) from None


def _put_in_place(aside: Path, final: Path) -> None:
    """Rename a whole entry to its name, and delete those of the same source in an earlier state."""
    source = final.name.partition("-")[0]
    for old in final.parent.glob(f"{source}-*"):
        if "." not in old.name:  # not what another process is writing
            shutil.rmtree(old, ignore_errors=True)  # who reads it has it open
    try:
        os.rename(aside, final)
    except OSError:
        if not (final / LABELS).is_file():  # else another process was quicker, with the same rows
            raise


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


PIXELS = SIDE * SIDE
