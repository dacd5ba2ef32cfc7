"""Any source of EMNIST to upright, labelled rows: the one way from a folder, a file or the Hub into `datasets`.

A source is a folder or a Hub data set of Parquet files, one Parquet file, or the official raw IDX files: in a folder,
in the official `gzip.zip`, or in a Hub data set, gzipped or not. Either becomes a data set of decoded
rows in the cache of `datasets` (`parquet.py`, `builders.py`), which training, evaluation and reports read
memory-mapped, as `Rows`.

No source is believed: its class means are compared with reference shapes (`orientation.py`), so that images lying on
their side, inverted or under the wrong labels are refused before anything is learnt from them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emnist_hf.data.idx import RawPart, find_raw_files, open_raw_split
from emnist_hf.data.orientation import check_reference_shapes
from emnist_hf.data.parquet import VERSION, find_parquet
from emnist_hf.data.rows import PARTS, DataError, Rows, to_rows
from emnist_hf.hub_session import is_repo_id
from emnist_hf.splits import LabelError, find_split, label_set_of

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

FULL = (errno.ENOSPC, errno.EDQUOT)


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
        A `DatasetDict` with those of `parts` that the source has, memory-mapped, in NumPy's format. Columns: `image`,
        uint8 [28, 28] upright with white ink on black, and `label`, a `ClassLabel` in the official order.

    Raises:
        DataError: nothing of the split is there, or its files, images or labels are not what they should be.
        LabelError: there is no such split.
    """
    from datasets import DatasetDict

    chosen, name = find_split(split), str(source)
    files = find_raw_files(source, revision)
    raw = None if files is None else open_raw_split(chosen, source, files, parts)
    if raw is not None:
        turned = transposed is not False
        makers = {part: partial(_decode_raw, found, turned) for part, found in raw.items()}
    else:
        turned = bool(transposed)
        if not os.path.exists(source) and not is_repo_id(name):
            raise DataError(f"There is no file or folder {source}, and it is not the id of a Hub data set (user/name).")
        with _explained(name):
            parquet = find_parquet(name, chosen, revision)
        makers = {
            part: partial(parquet[part].decode, chosen.label_set, name, chosen, turned)
            for part in parts
            if part in parquet
        }
    if not makers:
        raise DataError(f"{source} has no {' or '.join(parts)} rows of {chosen.title}: name its files after the part.")
    decoded = DatasetDict({part: _make(make, name) for part, make in makers.items()})
    for rows in map(to_rows, decoded.values()):
        check_reference_shapes(rows.images, rows.labels, rows.label_set, name, turned=turned, raised=DataError)
    return decoded.with_format("numpy", dtype=np.uint8)


def load_parts(
    split: str,
    source: str | Path,
    *,
    revision: str | None = None,
    transposed: bool | None = None,
    parts: Sequence[str] = PARTS,
) -> dict[str, Rows]:
    """Load one split as `load_emnist` does, but its parts as `Rows`, whose images stay on disk."""
    found = load_emnist(split, source, revision=revision, transposed=transposed, parts=parts)
    return {part: to_rows(dataset) for part, dataset in found.items()}


def load_rows(source: str | Path) -> Rows:
    """Load extra rows whose label names tell the label set, such as rows labelled by ByMerge alone.

    source: one Parquet file, or a folder or Hub data set of them, such as the corrections of `feedback`; of those, its
    train part.

    Raises `DataError` if it cannot be read or its label names are those of no split.
    """
    name = str(source)
    if not os.path.exists(source):
        if not is_repo_id(name) or name.endswith(".parquet"):
            raise DataError(f"There is no file {source}: an extra source is one Parquet file with image and label.")
        find_raw_files(name)  # says in a sentence what is wrong with the name or the Hub
    with _explained(name):
        found = find_parquet(name)
        if not os.path.isfile(source) and "train" not in found:
            raise DataError(f"{source} has no train part: extra rows are learnt from, so name its files after that.")
        part = found["train"] if "train" in found else next(iter(found.values()))
        names = getattr(part.load().features.get("label"), "names", None)
    if not names:
        raise DataError(f"{source} does not name its labels: write its label column as a ClassLabel with names.")
    try:
        label_set = label_set_of(names)
    except LabelError as error:
        raise DataError(f"{source}: {error}") from None
    rows = to_rows(_make(partial(part.decode, label_set, name), name))
    check_reference_shapes(rows.images, rows.labels, label_set, name, raised=DataError)
    return rows


def _decode_raw(raw: RawPart, transposed: bool, *, again: bool = False) -> Dataset:
    """Return the rows of raw files as `ParquetPart.decode` returns those of others."""
    from emnist_hf.data.builders import IdxBuilder, prepare

    return prepare(IdxBuilder(raw, transposed, VERSION), raw.part, again)


def _make(decode: Callable[..., Dataset], source: str) -> Dataset:
    """Call `decode` with `again` false, or true where what the cache holds turns out to be cut short."""
    import pyarrow as pa

    with _explained(source):
        try:
            return decode()
        except (pa.ArrowInvalid, OSError) as error:
            if getattr(error, "errno", None) is not None:  # of the disk, and not of Arrow
                raise
            return decode(again=True)


@contextlib.contextmanager
def _explained(source: str) -> Iterator[None]:
    """Say in one sentence whatever goes wrong: datasets, pyarrow, fsspec and the Hub's client each raise their own."""
    from datasets import config
    from datasets.exceptions import DatasetGenerationError

    try:
        yield
    except Exception as error:
        cause = error.__cause__ if isinstance(error, DatasetGenerationError) and error.__cause__ else error
        if isinstance(cause, DataError):
            raise cause from None
        cache = str(config.HF_DATASETS_CACHE)
        if isinstance(cause, OSError) and (cause.errno in FULL or str(cause.filename or "").startswith(cache)):
            raise DataError(
                f"Decoded images cannot be kept in {cache} ({cause.strerror or cause}): make room there, or set "
                f"HF_DATASETS_CACHE to another folder."
            ) from None
        lines = str(cause).strip().splitlines() or [type(cause).__name__]
        raise DataError(f"{source} cannot be read as a Parquet data set: {lines[0][:200]}") from None
