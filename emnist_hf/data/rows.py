"""Labelled images: the form in which training, evaluation and the reports get every source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.images import ChunkedImages, Images, Index, choose
from emnist_hf.errors import EmnistError
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import LabelSet, fold_table, label_set_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, Features

PARTS = ("train", "validation", "test")

AnyHash = TypeVar("AnyHash", np.uint32, np.uint64)


class DataError(EmnistError):
    """A source that cannot be used as it is; the message says what is wrong and how to put it right."""


@dataclass(frozen=True)
class Rows:
    """Decoded rows: `images` uint8 [N, 28, 28], upright, white ink on black; `labels` int64 [N] into `label_set`.

    The images lie in memory or in a memory-mapped file (`images.ChunkedImages`).
    """

    images: Images
    labels: NDArray[np.int64]
    label_set: LabelSet

    def __len__(self) -> int:
        return len(self.images)

    def fold(self, target: LabelSet) -> Rows:
        """Return the rows under coarser labels, without those that `target` has no label for. Raises `LabelError`."""
        labels = np.array(fold_table(self.label_set, target), np.int64)[self.labels]
        return Rows(choose(self.images, labels >= 0), labels[labels >= 0], target)

    def take(self, index: Index) -> Rows:
        """Return the rows that `index` (integers, a mask or a slice) chooses."""
        return Rows(choose(self.images, index), self.labels[index], self.label_set)

    def sample(self, count: int, seed: int) -> Rows:
        """Return `count` rows at random, in their order, or all if there are no more; a seed gives the same rows."""
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self))[:count]))


def features_of(label_set: LabelSet) -> Features:
    """Return the columns of decoded rows: `image`, uint8 [28, 28], and `label`, a ClassLabel in the official order."""
    from datasets import ClassLabel, Features, List, Value

    image = List(List(Value("uint8"), length=SIDE), length=SIDE)
    return Features({"image": image, "label": ClassLabel(names=list(label_set.labels))})


def to_table(images: NDArray[np.uint8], labels: NDArray[np.int64], label_set: LabelSet) -> pa.Table:
    """Return images uint8 [N, 28, 28] and labels int64 [N] as an Arrow table with the columns of `features_of`.

    Pixels that are contiguous are not copied.
    """
    import pyarrow as pa

    lines = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(images).reshape(-1)), SIDE)
    columns = [pa.FixedSizeListArray.from_arrays(lines, SIDE), pa.array(labels, pa.int64())]
    return pa.Table.from_arrays(columns, schema=features_of(label_set).arrow_schema)


def to_dataset(rows: Rows) -> Dataset:
    """Return rows as a `datasets.Dataset` in memory, with the columns of `features_of`."""
    from datasets import Dataset

    return Dataset(to_table(np.asarray(rows.images), rows.labels, rows.label_set))


def to_rows(dataset: Dataset) -> Rows:
    """Return the rows of a data set with the columns of `features_of`; its images stay where they are.

    Raises `LabelError` for foreign label names.
    """
    table = dataset.with_format("arrow")[:]
    chunks = [
        chunk.flatten().flatten().to_numpy().reshape(-1, SIDE, SIDE) for chunk in table.column("image").iterchunks()
    ]
    labels = table.column("label").to_numpy()
    return Rows(ChunkedImages(chunks), labels, label_set_of(dataset.features["label"].names))


def hash_images(images: Images) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each image, uint8 [N, 28, 28] to uint64 [N]; equal images have equal hashes.

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


def distinct(hashes: NDArray[AnyHash]) -> NDArray[AnyHash]:
    """Return the different ones, in order. `np.unique` takes a hundred times as long for a million (NumPy 2.4)."""
    ordered = np.sort(hashes)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def among(hashes: NDArray[AnyHash], known: NDArray[AnyHash]) -> NDArray[np.bool_]:
    """Tell which hashes are among the known, which are in order: bool [N]. `np.isin` would copy and sort them all."""
    if not len(known):
        return np.zeros(len(hashes), bool)
    return known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes
