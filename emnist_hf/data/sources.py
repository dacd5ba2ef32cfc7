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

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emnist_hf.data.idx import _hub_files, _raw_files, _read_raw_part, check_mapping
from emnist_hf.data.orientation import check_reference_shapes
from emnist_hf.data.parquet import _load_dataset, _open_parquet, _read_parquet, _stored, _train_part
from emnist_hf.data.rows import PARTS, DataError, Rows, to_dataset
from emnist_hf.hub_session import is_repo_id
from emnist_hf.splits import LabelError, find_split, label_set_of

if TYPE_CHECKING:
    from datasets import DatasetDict


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
    elif is_repo_id(name) and not name.endswith(".parquet"):
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
