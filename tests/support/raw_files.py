"""Raw IDX files as the official archive holds them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from emnist_hf.data.rows import Rows
from emnist_hf.splits import SPLITS


def idx(array: np.ndarray) -> bytes:
    magic = 2051 if array.ndim == 3 else 2049
    return struct.pack(">I", magic) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


def write_raw(folder: Path, split: str, rows: dict[str, Rows], *, zipped: bool, mapping: bool = True) -> Path:
    """Write rows as the official files do: transposed, with labels from the split's first number."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, part_rows in rows.items():
        for kind, array in (
            ("images-idx3", part_rows.images.transpose(0, 2, 1)),
            ("labels-idx1", part_rows.labels + SPLITS[split].first_label),
        ):
            content = idx(array)
            name = f"emnist-{split}-{part}-{kind}-ubyte"
            if zipped:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content, compresslevel=1))  # 9 takes 25 times as long
            else:
                (folder / name).write_bytes(content)
    if mapping:
        lines = [
            f"{SPLITS[split].first_label + i} {ord(label)} {ord(label.lower())}"
            for i, label in enumerate(SPLITS[split].labels)
        ]
        (folder / f"emnist-{split}-mapping.txt").write_text("\n".join(lines) + "\n")
    return folder
