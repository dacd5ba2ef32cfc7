"""Which rows a score is of: the official test or not, and whether the checkpoint was trained on some of them.

A checkpoint keeps 32 bits of the hash of each image it was trained on.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.images import Images
from emnist_hf.data.rows import Rows, among, distinct, hash_images
from emnist_hf.models.checkpoint import SEEN_FILE
from emnist_hf.splits import Split

OFFICIAL_TESTS = {
    "byclass": "7ae37aff252fa3a97a8a1c8f20d11532bef5bbdd5b885732e5b40c5393f08d0e",
    "bymerge": "992070c39ed3d8a72a67eb7ae6916598fc7d286cbc88a33d4c1630baa592f2e3",
    "mnist": "3198f27b710a93ded7861cf65288b1f46c9ebdd59d5b74254d9426c7060dc375",
}
"""Digest of the official test rows, in any order, of the splits whose official rows we have had in hand."""


def digest(rows: Rows) -> str:
    """Return a fingerprint of images and labels together, in any order: 64 hexadecimal digits."""
    tagged = hash_images(rows.images) ^ (rows.labels.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return hashlib.sha256(np.sort(tagged).tobytes()).hexdigest()


def is_official(split: Split, rows: Rows) -> bool | None:
    """Return whether these are exactly the official test rows of `split`; None if only their number is known to fit."""
    known = OFFICIAL_TESTS.get(split.name)
    if known is not None:
        return digest(rows) == known
    return None if len(rows) == split.test_rows else False


def short_hashes(images: Images) -> NDArray[np.uint32]:
    """Return the upper 32 bits of each image's hash: uint8 [N, 28, 28] to uint32 [N]."""
    return (hash_images(images) >> np.uint64(32)).astype(np.uint32)


def save_seen(hashes: NDArray[np.uint32], folder: Path, learnt: NDArray[np.uint32] | None = None) -> None:
    """Write which images a checkpoint was trained on: their short hashes, sorted, as differences.

    learnt: those of them that it learnt from itself, where its teachers learnt from others besides; None for all.
    """
    every = distinct(hashes)
    taught = every[:0] if learnt is None else every[~among(every, np.sort(learnt))]
    np.savez_compressed(folder / SEEN_FILE, steps=_steps(every), taught=_steps(taught))


def _steps(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return np.diff(hashes, prepend=np.uint32(0))


def load_seen(folder: Path) -> NDArray[np.uint32] | None:
    """Return the short hashes of the images that a checkpoint was trained on, uint32; None if it does not say.

    Those of its teachers are among them: an honest score is on images of which nobody told it anything.
    """
    stored = _load_steps(folder)
    return None if stored is None else stored[0]


def load_learnt(folder: Path) -> NDArray[np.uint32] | None:
    """Return `load_seen` without what its teachers alone were trained on: what it may not be calibrated by.

    A teacher is asked about images that its student learns from, and so tells nothing of others that it has seen.
    """
    stored = _load_steps(folder)
    return None if stored is None else stored[0][~among(*stored)]


def _load_steps(folder: Path) -> tuple[NDArray[np.uint32], NDArray[np.uint32]] | None:
    path = folder / SEEN_FILE
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        none = np.zeros(0, np.uint32)  # checkpoints of earlier versions do not tell the two apart
        steps, taught = stored["steps"], stored.get("taught", none)
        return np.cumsum(steps, dtype=np.uint32), np.cumsum(taught, dtype=np.uint32)


def count_seen(images: Images, seen: NDArray[np.uint32]) -> int:
    """Count those of `images` that are among the seen, which `load_seen` gives in order; 0 for no more than chance.

    Of unseen images about one in 25,000 has the short hash of a seen one (32 bits, some 180,000 of them).
    """
    count = int(among(short_hashes(images), seen).sum())
    return count if count > 5 + 10 * len(images) * len(seen) / 2**32 else 0
