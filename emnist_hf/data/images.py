"""Images in several arrays, some of them memory-mapped, as one: a data set may be larger than memory.

`datasets` in its numpy format hands out 1,400 random images a second, since it makes an array of each row. Gathered
from the chunks of the same Arrow column, as here, they are 350,000 (80,000 rows, batches of 256, one thread).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.glyph import SIDE

CHUNK = 4096  # images of a chunk that we write: 3 MB
Index = NDArray[np.integer] | NDArray[np.bool_] | slice


class ChunkedImages:
    """Images uint8 [N, 28, 28] that lie in several arrays, or some of them in some order.

    Indexing (by an integer, several, a mask or a slice) copies into a new array; `choose` gives a view that has read
    nothing. Chunks of a memory-mapped file stay readable where the file is deleted.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, chunks: Sequence[NDArray[np.uint8]], rows: NDArray[np.integer] | range | None = None) -> None:
        self.chunks = list(chunks)
        self.starts = np.cumsum([0, *map(len, self.chunks)])
        self.rows = range(int(self.starts[-1])) if rows is None else rows

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self), SIDE, SIDE)

    def __len__(self) -> int:
        return len(self.rows)

    def choose(self, index: Index) -> ChunkedImages:
        """Return some of the images without reading them."""
        return ChunkedImages(self.chunks, self._rows(index))

    def __getitem__(self, index: Index | int) -> NDArray[np.uint8]:
        if isinstance(index, int):
            return self[np.array([index])][0]
        rows = np.asarray(self._rows(index))
        images = np.empty((len(rows), SIDE, SIDE), np.uint8)
        places = np.searchsorted(self.starts, rows, side="right") - 1
        # One by one: sorting them by chunk first takes longer as soon as there are many chunks.
        for i, (place, row) in enumerate(zip(places.tolist(), (rows - self.starts[places]).tolist())):
            images[i] = self.chunks[place][row]
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        return self[:].astype(dtype or np.uint8, copy=False)

    def _rows(self, index: Index) -> NDArray[np.integer] | range:
        """Return where the images of an index lie, counted over all chunks."""
        if isinstance(index, slice):
            return self.rows[index]
        wanted: NDArray[np.integer] = np.flatnonzero(index) if index.dtype == bool else index  # type: ignore[assignment]
        if not isinstance(self.rows, range):
            return self.rows[wanted]
        low, high = int(wanted.min(initial=0)), int(wanted.max(initial=-1))
        if low < -len(self) or high >= len(self):
            raise IndexError(f"there are {len(self)} images, none at {low if low < 0 else high}")
        rows = np.where(wanted < 0, wanted + len(self), wanted) * self.rows.step + self.rows.start
        return rows.astype(_dtype(self.starts[-1]))


Images = NDArray[np.uint8] | ChunkedImages
"""uint8 [N, 28, 28], in one array or in chunks; `np.asarray` and indexing give an array of either."""


def choose(images: Images, index: Index) -> Images:
    """Return some of the images, uint8 [M, 28, 28]; of chunked ones a view, so that nothing is read."""
    return images.choose(index) if isinstance(images, ChunkedImages) else images[index]


def concatenate(parts: Sequence[Images]) -> ChunkedImages:
    """Return several sets of images as one, without reading or copying them."""
    chunked = [part if isinstance(part, ChunkedImages) else ChunkedImages([part]) for part in parts]
    starts = np.cumsum([0, *(part.starts[-1] for part in chunked)]).tolist()
    rows = [np.asarray(part.rows, _dtype(starts[-1])) + start for part, start in zip(chunked, starts)]
    return ChunkedImages([chunk for part in chunked for chunk in part.chunks], np.concatenate(rows))


def _dtype(count: int) -> type[np.uint32] | type[np.int64]:
    """Return the smallest of two types that numbers so many images: a position is kept of each."""
    return np.uint32 if count < 2**32 else np.int64
