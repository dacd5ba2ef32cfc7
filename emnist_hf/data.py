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

import contextlib
import gzip
import hashlib
import io
import json
import math
import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf import __version__
from emnist_hf.decoded_cache import Key, find_stored, storing
from emnist_hf.decoding import UndecodableError, decode_image
from emnist_hf.errors import EmnistError
from emnist_hf.glyph import SIDE
from emnist_hf.images import Images, Index, choose
from emnist_hf.orientation import check_reference_shapes
from emnist_hf.splits import CHARSETS, LabelError, LabelSet, Split, find_split, fold_table, label_set_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetDict, IterableDataset

PARTS = ("train", "validation", "test")
IDX_IMAGES, IDX_LABELS = 2051, 2049  # magic numbers: unsigned bytes in three dimensions, and in one
MOST_ROWS = 1_000_000  # of one IDX file; ByClass, the largest split, has 697,932 to train on
BLOCK = 4096  # rows that are decoded at a time
HUB_SECONDS = 8  # to wait for the Hub's first answer
IDX_NAME = "emnist-{split}-{part}-{kind}-ubyte"


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


def load_emnist(
    split: str,
    source: str | Path,
    *,
    revision: str | None = None,
    transposed: bool | None = None,
    parts: Sequence[str] = PARTS,
) -> DatasetDict:
    """Load one split from any source.

    Args:
        split: one of `splits.SPLITS`.
        source: a folder, a `.zip` or `.parquet` file, or the id of a Hub data set.
        revision: branch, tag or commit of a Hub data set.
        transposed: whether the source stores images transposed. None: raw IDX files do, Parquet does not.
        parts: which of train, validation and test to decode; one of them must be there.

    Returns:
        A `DatasetDict` with those of `parts` that the source has. Columns: `image`, uint8 [28, 28] upright with white
        ink on black, and `label`, a `ClassLabel` in the official order.

    Raises:
        DataError: nothing of the split is there, or its files, images or labels are not what they should be.
        LabelError: there is no such split.
    """
    from datasets import DatasetDict

    found = load_parts(split, source, revision=revision, transposed=transposed, parts=parts)
    return DatasetDict({part: to_dataset(rows) for part, rows in found.items()})


def load_parts(
    split: str,
    source: str | Path,
    *,
    revision: str | None = None,
    transposed: bool | None = None,
    parts: Sequence[str] = PARTS,
) -> dict[str, Rows]:
    """As `load_emnist`, but the parts as rows, whose images stay on disk where they come from Parquet."""
    chosen = find_split(split)
    raw = _raw_files(chosen, source, revision)
    if raw is not None:
        if raw.mapping is not None:
            check_mapping(chosen, raw.mapping)
        wanted = {part: files for part, files in raw.parts.items() if part in parts}
        found = {part: _read_raw_part(chosen, files, transposed is not False) for part, files in wanted.items()}
        for rows in found.values():
            turned = transposed is not False
            check_reference_shapes(
                rows.images, rows.labels, rows.label_set, str(source), turned=turned, raised=DataError
            )
    else:
        found = _read_parquet(chosen, source, revision, parts, bool(transposed))
    if not found:
        raise DataError(f"{source} has no {' or '.join(parts)} rows of {chosen.title}: name its files after the part.")
    return found


def load_rows(source: str | Path) -> Rows:
    """Load extra rows whose label names tell the label set, such as rows labelled by ByMerge alone.

    source: one Parquet file, or a folder or Hub data set of them, such as the corrections of `feedback`; of those, its
    train part.

    Raises `DataError` if it cannot be read or its label names are those of no split.
    """
    path, name = Path(source), str(source)
    if os.path.isfile(path):
        part = _open_parquet(name, lambda: _load_dataset("parquet", data_files=name))["train"]
    elif os.path.isdir(path):
        part = _train_part(name)
    elif is_hub_id(name) and not name.endswith(".parquet"):
        _hub_files(name, None)  # says in a sentence what is wrong with the name or the Hub
        part = _train_part(name)
    else:
        raise DataError(f"There is no file {source}: an extra source is one Parquet file with image and label.")
    names = getattr((part.table.features or {}).get("label"), "names", None)
    if not names:
        raise DataError(f"{source} does not name its labels: write its label column as a ClassLabel with names.")
    try:
        label_set = label_set_of(names)
    except LabelError as error:
        raise DataError(f"{source}: {error}") from None
    return _stored(part, label_set, name)


def _train_part(source: str) -> _Part:
    found = _open_parquet(source, lambda: _load_dataset(source))
    if "train" not in found:
        raise DataError(f"{source} has no train part: extra rows are learnt from, so name its files after that.")
    return found["train"]


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
    elif os.path.exists(path) or not is_hub_id(str(source)):
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

        with _hub_errors(repo, revision):
            return Path(hf_hub_download(repo, name, repo_type="dataset", revision=revision)).read_bytes()

    return read


def _hub_files(repo: str, revision: str | None) -> list[str]:
    from huggingface_hub import HfApi

    with _hub_errors(repo, revision):
        # One request and no retries, where list_repo_files takes 23 s to find out that the Hub is down.
        found = HfApi().dataset_info(repo, revision=revision, timeout=HUB_SECONDS)
    return [file.rfilename for file in found.siblings or []]


@contextlib.contextmanager
def _hub_errors(repo: str, revision: str | None) -> Iterator[None]:
    """Turn what the Hub's client raises into one sentence."""
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except RepositoryNotFoundError:
        raise DataError(
            f"There is no data set {repo} on the Hub, nor a file or folder of that name here: check the name, "
            f"or log in with `hf auth login` if it is private."
        ) from None
    except RevisionNotFoundError:
        raise DataError(f"The data set {repo} has no revision {revision!r}: see its branches and tags.") from None
    except Exception as error:  # connection errors come from several libraries
        if isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403):
            raise DataError(f"The Hub refuses your token for {repo}: log in again with `hf auth login`.") from None
        raise DataError(
            f"The Hub did not answer for {repo} ({type(error).__name__}): try again, or give a local folder."
        ) from None


def is_hub_id(source: str) -> bool:
    """Whether `source` has the form of a Hub id, `user/name`."""
    return re.fullmatch(r"[\w.-]+/[\w.-]+", source) is not None


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
    if not os.path.exists(path) and not is_hub_id(str(source)):
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
    key = Key(json.dumps(about), f"{__version__} {part.state}")
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
