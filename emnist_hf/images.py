"""Images that lie on disk and are read a batch at a time, so that a data set may be larger than memory.

They are read and not mapped: what a process has mapped counts as its memory, and on the way through an epoch that
would be the whole file. The operating system keeps in its own cache what there is room for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.glyph import SIDE

PIXELS = SIDE * SIDE

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
