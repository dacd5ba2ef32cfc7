"""A Parquet data set, local or on the Hub, to decoded rows in the cache of `datasets`.

The builder of `load_dataset` copies the encoded pictures into its cache, and `map` decodes them into a memory-mapped
Arrow file beside that copy. Both go by a key of the files: paths, sizes and times of writing, or the Hub's commit. By
itself `datasets` (5.2) does not look at the files of a local folder whose README.md names them, and hands out old rows.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.idx import file_state, fingerprint
from emnist_hf.data.images import CHUNK
from emnist_hf.data.rows import PARTS, DataError, Rows, features_of, to_dataset, to_table
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import CHARSETS, LabelSet, Split

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, Features

VERSION = "1"  # of what is decoded; another one makes everything anew
PLAIN_PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", SIDE, SIDE, 8, 0, 0, 0, 0)
"""How a greyscale PNG of 28x28 pixels, 8 bits each, begins: what nearly every data set holds."""


@dataclass(frozen=True)
class ParquetPart:
    """One part of a data set, of which nothing is read yet: the builder of `datasets`, its files and their columns."""

    part: str
    builder: str
    files: Sequence[str]
    features: Features | None

    def load(self, again: bool = False) -> Dataset:
        """Return the encoded rows. `again`: whatever the cache holds."""
        import pyarrow as pa
        from datasets import load_dataset_builder
        from pyarrow.dataset import ParquetFragmentScanOptions

        from emnist_hf.data.builders import prepare

        # By itself the Parquet builder fetches a file as a whole before it begins: 140 MB more for 300,000 rows.
        options = {"fragment_scan_options": ParquetFragmentScanOptions(pre_buffer=False)}
        builder = load_dataset_builder(
            self.builder,
            f"{self.part}-{self._state()}",
            data_files={self.part: list(self.files)},
            features=self.features,
            **(options if self.builder == "parquet" else {}),
        )
        found = prepare(builder, self.part, again)
        pa.default_memory_pool().release_unused()  # which keeps 20 to 70 MB of what this took
        return found

    def decode(
        self,
        label_set: LabelSet,
        source: str,
        split: Split | None = None,
        transposed: bool = False,
        again: bool = False,
    ) -> Dataset:
        """Return the rows upright, with the columns of `rows.features_of`. Raises `DataError`.

        split: by which labels that have no names may be numbered. transposed: whether images are stored so.
        """
        from datasets import Image

        encoded = self.load(again)
        missing = {"image", "label"} - set(encoded.features)
        if missing:
            raise DataError(f"{source} has no column {' or '.join(sorted(missing))}: name its columns image and label.")
        encoded = encoded.select_columns(["image", "label"]).with_format("arrow")
        labels = _whole_numbers(encoded.data.column("label"), source)
        labels = _decode_labels(labels, encoded.features["label"], label_set, source, split)
        if not len(encoded):  # which map leaves as they are
            return to_dataset(Rows(np.zeros((0, SIDE, SIDE), np.uint8), labels, label_set))
        read = _pictures if isinstance(encoded.features["image"], Image) else _plain_images

        def decode_block(block: pa.Table, rows: list[int]) -> pa.Table:
            images = read(block.column("image").combine_chunks(), source, rows[0])
            return to_table(
                images.transpose(0, 2, 1) if transposed else images, labels[rows[0] : rows[0] + len(rows)], label_set
            )

        return encoded.map(
            decode_block,
            with_indices=True,
            batched=True,
            batch_size=CHUNK,
            writer_batch_size=CHUNK,
            features=features_of(label_set),
            load_from_cache_file=not again,
            new_fingerprint=fingerprint(self._state(), self.part, label_set.name, split and split.name, transposed),
            desc=f"decoding {Path(source).name}",
        )

    def _state(self) -> str:
        """Return a key of the content of the files, and of how we decode it."""
        return fingerprint(VERSION, *(file_state(file) if os.path.exists(file) else file for file in self.files))


def find_parquet(source: str, split: Split | None = None, revision: str | None = None) -> dict[str, ParquetPart]:
    """Return the parts of a file, a folder or a Hub data set; those of its configuration for `split`, if one is given.

    Raises `DataError` for other configurations; `datasets` and the Hub's client raise their own.
    """
    from datasets import config, get_dataset_config_names, load_dataset_builder

    # In a cache of its own, as a builder takes the columns of an earlier state from where that was loaded.
    builder = partial(load_dataset_builder, cache_dir=os.path.join(config.HF_DATASETS_CACHE, "emnist_hf"))
    path = Path(source)
    if os.path.isfile(source):
        part = next((part for part in PARTS if part in path.stem), "train")
        found = builder("parquet", data_files={part: source})
    elif split is None:
        found = builder(source, revision=revision)
    elif os.path.isdir(source) and not (path / "README.md").is_file() and (path / split.name).is_dir():
        found = builder(str(path / split.name))
    else:
        names = get_dataset_config_names(source, revision=revision)
        if split.name not in names and names not in (["default"], []):  # a data set of one split has only a default
            raise DataError(
                f"{source} cannot be read as a Parquet data set: it has no configuration {split.name!r}, only "
                f"{', '.join(names[:10])}"
            )
        found = builder(source, split.name if split.name in names else None, revision=revision)
    files = found.config.data_files or {}
    return {str(part): ParquetPart(str(part), found.name, files[part], found.info.features) for part in files}


def _pictures(values: pa.Array, source: str, first: int) -> NDArray[np.uint8]:
    """Decode pictures, of which the first is in row `first`: uint8 [N, 28, 28]."""
    return np.stack([_decode_value(v, f"row {row} of {source}") for row, v in enumerate(values.to_pylist(), first)])


def _plain_images(values: pa.Array, source: str, first: int) -> NDArray[np.uint8]:
    """Return images that are stored as numbers, as arrays or lists of lists: uint8 [N, 28, 28]."""
    storage = values.storage if hasattr(values, "storage") else values
    array = np.asarray(storage.to_pylist() if storage.null_count else _flat(storage))
    if array.size != len(values) * SIDE * SIDE:
        raise DataError(f"The images of {source} are not 28x28 numbers: this is not EMNIST.")
    if array.dtype.kind not in "iu" or array.min(initial=0) < 0 or array.max(initial=0) > 255:
        raise DataError(f"The pixels of {source} are not whole numbers from 0 to 255: store them as uint8.")
    return array.astype(np.uint8).reshape(-1, SIDE, SIDE)


def _flat(values: pa.Array) -> NDArray:
    while hasattr(values, "flatten") and values.type.num_fields == 1:
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False)


def _whole_numbers(column: pa.ChunkedArray, source: str) -> NDArray[np.int64]:
    values = column.combine_chunks().to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "iu" or values.min(initial=0) < 0:
        raise DataError(f"{source} has rows without a whole-number label: give every row one, 0 for the first class.")
    return values.astype(np.int64)


def _decode_value(value: object, where: str) -> NDArray[np.uint8]:
    content = value.get("bytes") if isinstance(value, dict) else None
    if not content:  # a bare path is not followed: a data set has no business with files outside of it
        raise DataError(f"The image in {where} is missing: store every picture's bytes in the Parquet file.")
    try:
        return decode_image(content)
    except UndecodableError as error:
        raise DataError(f"The image in {where} {error}.") from None


def _decode_labels(
    labels: NDArray[np.int64], feature: object, label_set: LabelSet, source: str, split: Split | None
) -> NDArray[np.int64]:
    """Return labels in the official order."""
    names: list[str] = getattr(feature, "names", None) or []
    numbers_only = len(names) == len(label_set) and names == [str(i) for i in range(len(names))]
    if names and not numbers_only:
        return _name_order(names, label_set, source)[_in_range(labels, len(names), source)]
    # Without names, numbers are believed only in the official order, or counted from 1 as raw Letters are.
    if split is not None and split.first_label and len(labels) and labels.min() == 1 and labels.max() == len(label_set):
        labels = labels - 1
    return _in_range(labels, len(label_set), source)


def _in_range(labels: NDArray[np.int64], classes: int, source: str) -> NDArray[np.int64]:
    if len(labels) and labels.max() >= classes:
        raise DataError(f"{source} has the label {labels.max()} but only {classes} classes: choose the right split.")
    return labels


def _name_order(names: Sequence[str], label_set: LabelSet, source: str) -> NDArray[np.int64]:
    """Return the place of each class name of a source in the official order."""
    folded = [n.upper() if label_set is CHARSETS["letters"] else n for n in names]
    if sorted(folded) != sorted(label_set.labels):
        raise DataError(
            f"{source} has {len(names)} classes ({', '.join(map(str, names[:5]))}, ...) where "
            f"{len(label_set)} ({', '.join(label_set.labels[:5])}, ...) belong: choose the split that it holds."
        )
    return np.array([label_set.labels.index(name) for name in folded])


class UndecodableError(ValueError):
    """A picture that cannot be decoded or is none of 28x28 pixels; the message ends a sentence that names it."""


def decode_image(content: bytes) -> NDArray[np.uint8]:
    """Decode a PNG, JPEG, BMP, WebP or TIFF to uint8 [28, 28]; colours become grey as Pillow's mode L has it.

    Raises `UndecodableError`.
    """
    if content.startswith(PLAIN_PNG):  # three times as fast as Pillow, and equal to it; where it fails, Pillow says why
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
        if found is not None and found.shape == (SIDE, SIDE):
            return found
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "BMP", "WEBP", "TIFF")) as picture:
            array = np.asarray(picture.convert("L"))
    except Exception as error:  # Pillow raises a dozen types for a broken file
        raise UndecodableError(f"cannot be decoded ({type(error).__name__})") from None
    if array.shape != (SIDE, SIDE):
        raise UndecodableError(f"has shape {array.shape}, not (28, 28): this is not EMNIST")
    return array
