"""How well pages are read: character errors, and boxes that meet the true ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

Box = tuple[int, int, int, int]


def character_errors(true: str, found: str) -> tuple[int, int]:
    """Return the edit distance, and the length of what is true; white space counts as one space."""
    true, found = " ".join(true.split()), " ".join(found.split())
    return Levenshtein.distance(true, found), len(true)


def fold_text(text: str) -> str:
    """Return a text without white space and in capitals, for errors that leave both out."""
    return "".join(text.split()).upper()


def box_matches(true: Sequence[Box], found: Sequence[Box]) -> int:
    """Count the boxes that can be paired, each once and the best first, that share at least half of their union."""
    if not true or not found:
        return 0
    a, b = np.array(true, float)[:, None], np.array(found, float)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (a, b)]
    overlap = shared / np.maximum(areas[0] + areas[1] - shared, 1)
    pairs = 0
    while overlap.max() >= 0.5:
        i, j = np.unravel_index(int(overlap.argmax()), overlap.shape)
        overlap[i], overlap[:, j] = 0, 0
        pairs += 1
    return pairs
