"""How a writer sets neighbours: the white between two letters, or that they are joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from emnist_hf.ink import Ink
from emnist_hf.ink.types import Floats
from emnist_hf.styling.baselines import ReadCharacter
from emnist_hf.styling.measuring import Part, gap_between, read_parts

FEWEST_WORDS = 5
"""Words of two letters or more from which a sheet is a text, and its spacing is the writer's."""

WORD_GAP = 0.7
"""White between two letters of one word, in x-heights, at the most."""


@dataclass(frozen=True)
class WrittenPair:
    """Two letters as they were written. ink: both, float32 [H, W]; gap: white between them in x-heights, None: joined.

    box: left, top, right, bottom in the pixels of the picture.
    """

    label: str
    ink: Floats
    gap: float | None
    box: tuple[float, float, float, float]


def cell_pairs(ink: Ink, cells: Sequence[ReadCharacter], slant: float, x_height: float) -> list[WrittenPair]:
    """Return pairs that were written into a cell each. slant: degrees; x_height: pixels of the picture."""
    tangent, unit = math.tan(math.radians(slant)), x_height * ink.scale
    pairs = []
    for part in read_parts(ink, cells):
        halves = _halves(part)
        gap = None if halves is None else gap_between(*halves, tangent)
        if halves is None or gap is not None:
            pairs.append(WrittenPair(part.label, part.ink, None if gap is None else gap / unit, part.box))
    return pairs


def text_pairs(ink: Ink, characters: Sequence[ReadCharacter], slant: float, x_height: float) -> list[WrittenPair]:
    """Return the neighbours in a text's words; nothing where there are hardly any words.

    Letters whose ink hangs together in both of their boxes, and reaches no further, are joined.
    """
    words: dict[tuple[int, int], list[ReadCharacter]] = {}
    for character in characters:
        words.setdefault((character.line, character.word), []).append(character)
    long = [sorted(word, key=lambda c: c.box[0]) for word in words.values() if len(word) > 1]
    if len(long) < FEWEST_WORDS:
        return []
    tangent, unit = math.tan(math.radians(slant)), x_height * ink.scale
    _, labels = cv2.connectedComponents((ink.coverage > 0.5).astype(np.uint8), connectivity=8)
    pairs = []
    for one, other in (pair for word in long for pair in pairwise(word)):
        box = tuple(f(a, b) for f, a, b in zip((min, min, max, max), one.box, other.box))
        joined = _shared(labels, one.box, other.box, ink.scale)
        if joined is not None:
            pairs.append(WrittenPair(one.label + other.label, joined, None, box))  # type: ignore[arg-type]
            continue
        parts = read_parts(ink, [one, other])
        gap = gap_between(parts[0], parts[1], tangent) if len(parts) == 2 else None
        if gap is not None and gap / unit < WORD_GAP:
            pairs.append(WrittenPair(one.label + other.label, parts[0].ink, gap / unit, box))  # type: ignore[arg-type]
    return pairs


def _halves(part: Part) -> tuple[Part, Part] | None:
    """Return the two letters of a cell, from the left; None where they hang together."""
    mask = (part.ink > 0.5).astype(np.uint8)
    _, labels, stats, middles = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = [i for i in range(1, len(stats)) if stats[i, cv2.CC_STAT_HEIGHT] > 0.35 * part.ink.shape[0]]
    if len(large) < 2:
        return None
    large.sort(key=lambda i: middles[i][0])
    split = max(range(1, len(large)), key=lambda n: middles[large[n]][0] - middles[large[n - 1]][0])
    sides = (large[:split], large[split:])
    one, other = (Part("", np.where(np.isin(labels, side), part.ink, np.float32(0)), part.box, 0, 0) for side in sides)
    return one, other


def _shared(labels: np.ndarray, one: Sequence[float], other: Sequence[float], scale: float) -> Floats | None:
    """Return the ink, 0 or 1, that hangs together in two boxes and reaches little beyond them; None without such."""
    insides = []
    for box in (one, other):
        left, top, right, bottom = (round(side * scale) for side in box)
        insides.append(np.bincount(labels[max(top, 0) : bottom, max(left, 0) : right].ravel(), minlength=1)[1:])
    count = min(map(len, insides))
    if not count:
        return None
    both = np.minimum(insides[0][:count], insides[1][:count])
    best = int(both.argmax()) + 1
    whole = labels == best
    area = int(whole.sum())
    if not both.max() or min(side[best - 1] for side in insides) < 0.2 * area:
        return None
    if insides[0][best - 1] + insides[1][best - 1] < 0.9 * area:
        return None
    rows, columns = (np.flatnonzero(whole.any(axis=axis)) for axis in (1, 0))
    return whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
