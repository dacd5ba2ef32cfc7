"""Any source of EMNIST to upright, labelled rows, its images decoded once.

Parquet is decoded into a cache on disk (`decoded_cache.py`), from which rows are read a batch at a time; raw IDX files,
whose size is known, are read into memory.

A source is a folder or a Hub data set of Parquet files, one Parquet file, or the official raw IDX files: in a folder,
in the official `gzip.zip`, or in a Hub data set repository, gzipped or not. The raw files are transposed and number
Letters from 1; both are put right here and nowhere else.

No source is believed: its class means are compared with reference shapes (`orientation.py`), so that images lying on
their side, inverted or under the wrong labels are refused before anything is learnt from them.

One encoded picture of a data set to a glyph.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.cache import Key, find_stored, storing
from emnist_hf.data.orientation import check_reference_shapes
from emnist_hf.data.rows import PARTS, DataError, Rows
from emnist_hf.hub_session import is_repo_id
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import CHARSETS, LabelSet, Split

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, IterableDataset


BLOCK = 4096  # rows that are decoded at a time


def _train_part(source: str) -> _Part:
    found = _open_parquet(source, lambda: _load_dataset(source))
    if "train" not in found:
        raise DataError(f"{source} has no train part: extra rows are learnt from, so name its files after that.")
    return found["train"]


# --- Parquet ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """One part of a Parquet data set, and the key of its decoded rows as far as `datasets` knows it.

    `files` are its local Parquet files, if that is what it is.
    """

    table: Dataset | IterableDataset
    source: str
    state: str
    files: tuple[str, ...] = ()

    def blocks(self) -> Iterator[pa.Table]:
        """Images and labels, `BLOCK` rows at a time. Local files are not left to `datasets`, which reads them whole."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = ["image", "label"]
        if not self.files:
            yield from self.table.select_columns(columns).with_format("arrow").iter(batch_size=BLOCK)
        for file in self.files:
            with pq.ParquetFile(file, buffer_size=2**20) as opened:
                for group in range(opened.num_row_groups):  # asked for all at once, it fetches all at once
                    for batch in opened.iter_batches(BLOCK, row_groups=[group], columns=columns):
                        yield pa.Table.from_batches([batch])


def _load_dataset(*args: str, **kwargs: Any) -> dict[str, _Part]:
    """`datasets.load_dataset`, without its cache for local files.

    The cache goes by name and would hand out the old rows of a folder that was written anew (datasets 5.2). What
    comes from the Hub is cached by commit.
    """
    from datasets import load_dataset, load_dataset_builder
    from datasets.packaged_modules.parquet.parquet import Parquet

    if args[0] == "parquet" or os.path.exists(args[0]):
        builder = load_dataset_builder(*args, **kwargs)
        files = builder.config.data_files or {}
        whole = isinstance(builder, Parquet)
        return {
            part: _Part(
                table, json.dumps([part, files[part]]), _state_of(files[part]), tuple(files[part]) if whole else ()
            )
            for part, table in builder.as_streaming_dataset().items()
        }
    found = load_dataset(*args, **kwargs)
    return {part: _Part(table, json.dumps([part, args, kwargs]), table._fingerprint) for part, table in found.items()}


def _state_of(files: Sequence[str]) -> str:
    """What changes when one of the local files does: sizes and times of writing."""
    stats = [os.stat(file) for file in files]
    return json.dumps([(stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in stats])


def _open_parquet(source: str, load: Callable[[], dict[str, _Part]]) -> dict[str, _Part]:
    """Run `load` with one sentence for whatever goes wrong in it."""
    try:
        return load()
    except Exception as error:  # datasets, pyarrow, fsspec and the Hub's client each raise their own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{source} cannot be read as a Parquet data set: {reason[:200]}") from None


def _read_parquet(
    split: Split, source: str | Path, revision: str | None, parts: Sequence[str], transposed: bool
) -> dict[str, Rows]:
    path = Path(source)
    if not os.path.exists(path) and not is_repo_id(str(source)):
        raise DataError(f"There is no file or folder {source}, and it is not the id of a Hub data set (user/name).")
    if os.path.isfile(path):
        part = next((part for part in PARTS if part in path.stem), "train")
        load = lambda: _load_dataset("parquet", data_files={part: str(path)})  # noqa: E731
    elif os.path.isdir(path) and not (path / "README.md").is_file() and (path / split.name).is_dir():
        load = lambda: _load_dataset(str(path / split.name))  # noqa: E731
    else:
        load = lambda: _load_configuration(str(source), split.name, revision)  # noqa: E731
    found = _open_parquet(str(source), load)
    return {
        part: _stored(found[part], split.label_set, str(source), split, transposed) for part in parts if part in found
    }


def _load_configuration(source: str, split: str, revision: str | None) -> dict[str, _Part]:
    """The configuration named after the split; a data set of one split only has just its default one."""
    from datasets import get_dataset_config_names

    names = get_dataset_config_names(source, revision=revision)
    if split in names:
        return _load_dataset(source, split, revision=revision)
    if names in (["default"], []):
        return _load_dataset(source, revision=revision)
    raise DataError(f"it has no configuration {split!r}, only {', '.join(names[:10])}")


def _stored(
    part: _Part, label_set: LabelSet, source: str, split: Split | None = None, transposed: bool = False
) -> Rows:
    """The rows of a part in the cache of decoded rows, which is filled, and the rows checked, where it lacks them."""
    about = [part.source, label_set.name, split and split.name, transposed]
    key = Key(json.dumps(about), part.state)
    if (found := find_stored(key)) is None:
        with storing(key) as draft:
            labels = [np.zeros(0, np.int64)]
            for images, numbers in _decode(part, source):
                draft.append(images.transpose(0, 2, 1) if transposed else images)
                labels.append(numbers)
            feature = (part.table.features or {})["label"]
            draft.labels = _decode_labels(np.concatenate(labels), feature, label_set, source, split)
            check_reference_shapes(draft.images(), draft.labels, label_set, source, turned=transposed, raised=DataError)
            found = draft.images(), draft.labels
    return Rows(*found, label_set)


def _decode(part: _Part, source: str) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Decode a Parquet data set in blocks of images uint8 [N, 28, 28] and labels as stored [N]."""
    from datasets import Image
    from tqdm import tqdm

    features = part.table.features or {}
    missing = {"image", "label"} - set(features)
    if missing:
        raise DataError(f"{source} has no column {' or '.join(sorted(missing))}: name its columns image and label.")
    encoded = isinstance(features["image"], Image)
    with tqdm(desc=f"decoding {Path(source).name}", unit=" images", unit_scale=True, mininterval=0.5, delay=1) as bar:
        for block in part.blocks():
            values = block.column("image").combine_chunks()
            if encoded:
                decoded = [_decode_value(v, f"row {bar.n + i} of {source}") for i, v in enumerate(values.to_pylist())]
                images = np.stack(decoded)
            else:
                images = _plain_images(values, source)
            yield images, _whole_numbers(block.column("label"), source)
            bar.update(len(block))


def _plain_images(values: pa.Array, source: str) -> NDArray[np.uint8]:
    """Images that are stored as numbers, [N, 28, 28] or lists of lists."""
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
    """Labels in the official order."""
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
    """For each class name of a source, its place in the official order."""
    folded = [n.upper() if label_set is CHARSETS["letters"] else n for n in names]
    if sorted(folded) != sorted(label_set.labels):
        raise DataError(
            f"{source} has {len(names)} classes ({', '.join(map(str, names[:5]))}, ...) where "
            f"{len(label_set)} ({', '.join(label_set.labels[:5])}, ...) belong: choose the split that it holds."
        )
    return np.array([label_set.labels.index(name) for name in folded])


PLAIN_PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", SIDE, SIDE, 8, 0, 0, 0, 0)
"""How a greyscale PNG of 28x28 pixels, 8 bits each, begins: what nearly every data set holds."""


class UndecodableError(ValueError):
    """A picture that cannot be decoded or is none of 28x28 pixels; the message ends a sentence that names it."""


def decode_image(content: bytes) -> NDArray[np.uint8]:
    """Bytes of a PNG, JPEG, BMP, WebP or TIFF to uint8 [28, 28]; colours become grey as Pillow's mode L has it.

    Raises `UndecodableError`.
    """
    if content.startswith(PLAIN_PNG):  # three times as fast as Pillow, and equal to it; where it fails, Pillow says why
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
        if found is not None and found.shape == (SIDE, SIDE):
            return np.asarray(found, np.uint8)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "BMP", "WEBP", "TIFF")) as picture:
            array = np.asarray(picture.convert("L"))
    except Exception as error:  # Pillow raises a dozen types for a broken file
        raise UndecodableError(f"cannot be decoded ({type(error).__name__})") from None
    if array.shape != (SIDE, SIDE):
        raise UndecodableError(f"has shape {array.shape}, not (28, 28): this is not EMNIST")
    return array
