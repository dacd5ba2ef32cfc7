"""Decoded rows in the cache of `datasets`: a data set is decoded once, and what is read of it stays on disk.

An entry is a folder with `images.bin` (uint8 [N, 28, 28], nothing else) and `labels.npy` (int64 [N]). It belongs to one
source, and to the state in which the source was: when the source changes, its next entry replaces it. Processes that
start at once may both decode; whole entries are put in place by renaming, so that none reads half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError
from emnist_hf.images import StoredImages

IMAGES, LABELS = "images.bin", "labels.npy"
VERSION = "1"  # of what an entry holds; another one makes all of them anew

Stored = tuple[StoredImages, NDArray[np.int64]]


class CacheError(EmnistError):
    """Decoded rows that cannot be kept; the message says where and what to do."""


@dataclass(frozen=True)
class Key:
    """What an entry is of: `source` stays the same when the rows change (paths, split, part), `state` does not."""

    source: str
    state: str

    def folder(self) -> Path:
        """Where the entry is, whether or not it is there."""
        return cache_folder() / f"{_digest(VERSION, self.source)}-{_digest(self.state)}"


@dataclass
class Draft:
    """An entry that is being written."""

    folder: Path
    file: BinaryIO
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def append(self, images: NDArray[np.uint8]) -> None:
        """Write the next images, uint8 [N, 28, 28]."""
        with _explained(self.folder.parent):
            self.file.write(np.ascontiguousarray(images).data)

    def images(self) -> StoredImages:
        """All that was written so far."""
        with _explained(self.folder.parent):
            self.file.flush()
        return StoredImages(self.folder / IMAGES)


def cache_folder() -> Path:
    """The folder of all entries: under that of `datasets`, which HF_HOME and HF_DATASETS_CACHE move."""
    from datasets import config

    return Path(config.HF_DATASETS_CACHE) / "emnist_hf"


def find_stored(key: Key) -> Stored | None:
    """Images and labels of an entry; None if it is not there or not whole."""
    folder = key.folder()
    try:
        labels = np.load(folder / LABELS, allow_pickle=False)
        images = StoredImages(folder / IMAGES)
    except (OSError, ValueError):
        return None
    return (images, labels) if len(images) == len(labels) and labels.dtype == np.int64 else None


@contextlib.contextmanager
def storing(key: Key) -> Iterator[Draft]:
    """A draft to fill in the `with` block, at whose end it becomes the entry; on an error nothing is left.

    Raises `CacheError` if it cannot be written.
    """
    final = key.folder()
    with _explained(final.parent):
        final.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{final.name}.", dir=final.parent))
    try:
        with open(aside / IMAGES, "wb") as file:
            draft = Draft(aside, file)
            yield draft
            draft.images()  # a full disk is told here and not when the file is closed
        with _explained(final.parent):
            np.save(aside / LABELS, draft.labels)
            _put_in_place(aside, final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"Decoded images cannot be kept in {folder} ({error.strerror or error}): make room there, or set "
            f"HF_DATASETS_CACHE to another folder."
        ) from None


def _put_in_place(aside: Path, final: Path) -> None:
    """Rename a whole entry to its name, and delete those of the same source in an earlier state."""
    source = final.name.partition("-")[0]
    for old in final.parent.glob(f"{source}-*"):
        if "." not in old.name:  # not what another process is writing
            shutil.rmtree(old, ignore_errors=True)  # who reads it has it open
    try:
        os.rename(aside, final)
    except OSError:
        if not (final / LABELS).is_file():  # else another process was quicker, with the same rows
            raise


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
