"""Any source of EMNIST to upright, labelled rows, its images decoded once.

Parquet is decoded into a cache on disk (`decoded_cache.py`), from which rows are read a batch at a time; raw IDX files,
whose size is known, are read into memory.

A source is a folder or a Hub data set of Parquet files, one Parquet file, or the official raw IDX files: in a folder,
in the official `gzip.zip`, or in a Hub data set repository, gzipped or not. The raw files are transposed and number
Letters from 1; both are put right here and nowhere else.

No source is believed: its class means are compared with reference shapes (`orientation.py`), so that images lying on
their side, inverted or under the wrong labels are refused before anything is learnt from them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.cache import Images, Index, choose
from emnist_hf.errors import EmnistError
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import LabelSet, fold_table, label_set_of

if TYPE_CHECKING:
    from datasets import Dataset


PARTS = ("train", "validation", "test")


class DataError(EmnistError):
    """A source that cannot be used as it is; the message says what is wrong and how to put it right."""


@dataclass(frozen=True)
class Rows:
    """Decoded rows: `images` uint8 [N, 28, 28], upright, white ink on black; `labels` int64 [N] into `label_set`.

    The images lie in memory or on disk (`images.StoredImages`).
    """

    images: Images
    labels: NDArray[np.int64]
    label_set: LabelSet

    def __len__(self) -> int:
        return len(self.images)

    def fold(self, target: LabelSet) -> Rows:
        """The rows under coarser labels; those that `target` has no label for are left out. Raises `LabelError`."""
        labels = np.array(fold_table(self.label_set, target), np.int64)[self.labels]
        return Rows(choose(self.images, labels >= 0), labels[labels >= 0], target)

    def take(self, index: Index) -> Rows:
        """The rows that `index` (integers, a mask or a slice) chooses."""
        return Rows(choose(self.images, index), self.labels[index], self.label_set)

    def sample(self, count: int, seed: int) -> Rows:
        """`count` rows at random, in their order, or all if there are no more; the same seed gives the same rows."""
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self))[:count]))


def to_dataset(rows: Rows) -> Dataset:
    """Rows as a `datasets.Dataset` with `image` (uint8 [28, 28]) and `label` (ClassLabel), in memory.

    Pixels that are in memory are not copied.
    """
    import pyarrow as pa
    from datasets import Array2D, ClassLabel, Dataset, Features
    from datasets.features.features import Array2DExtensionType
    from datasets.table import InMemoryTable

    features = Features(
        {"image": Array2D((SIDE, SIDE), "uint8"), "label": ClassLabel(names=list(rows.label_set.labels))}
    )
    count = len(rows)
    pixels = pa.array(np.ascontiguousarray(rows.images).reshape(-1))
    lines = pa.ListArray.from_arrays(pa.array(np.arange(count * SIDE + 1, dtype=np.int32) * SIDE), pixels)
    images = pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype=np.int32) * SIDE), lines)
    column = pa.ExtensionArray.from_storage(Array2DExtensionType((SIDE, SIDE), "uint8"), images)
    table = pa.table({"image": column, "label": pa.array(rows.labels, pa.int64())})
    return Dataset(InMemoryTable(table.replace_schema_metadata(features.arrow_schema.metadata)))


def to_rows(dataset: Dataset) -> Rows:
    """The rows of a `Dataset` that `load_emnist` returned, as arrays. Raises `LabelError` for foreign label names."""
    table = dataset.flatten_indices() if dataset._indices is not None else dataset
    column = table.data.column("image").combine_chunks()
    storage = column.chunk(0).storage if hasattr(column, "chunks") else column.storage
    pixels = storage.flatten().flatten().to_numpy(zero_copy_only=False)
    labels = np.asarray(table.data.column("label"), dtype=np.int64)
    return Rows(pixels.reshape(-1, SIDE, SIDE), labels, label_set_of(dataset.features["label"].names))


def hash_images(images: Images) -> NDArray[np.uint64]:
    """A 64-bit hash of each image, uint8 [N, 28, 28] to uint64 [N]; equal images have equal hashes.

    A multiply-and-add hash over the pixels as 98 words (Dietzfelbinger 1996): vectorised, so a million rows take a
    second, where a cryptographic hash a row would take many. The multipliers are fixed, so hashes can be stored.
    """
    multipliers = np.frombuffer(hashlib.shake_256(b"emnist").digest(SIDE * SIDE), "<u8") | np.uint64(1)
    hashes = np.empty(len(images), np.uint64)
    for start in range(0, len(images), 4096):  # bounds what is read, and the product, to 3 MB
        block = slice(start, start + 4096)
        mixed = np.ascontiguousarray(images[block]).reshape(-1, len(multipliers) * 8).view("<u8") * multipliers
        mixed ^= mixed >> np.uint64(32)
        hashes[block] = (mixed * multipliers[::-1]).sum(axis=1, dtype=np.uint64)
    return hashes
