"""A sheet's ink as marks, one a character, in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import NoInkError, to_glyph
from emnist_hf.ink.types import Floats
from emnist_hf.splits import CHARACTERS, SHAPE_SET, LabelSet, character_shares, fold_shape
from emnist_hf.styling.measuring import Reader
from emnist_hf.styling.sheet_walls import are_frames

Box = tuple[int, int, int, int]

LARGE, SPECK = 4.0, 0.12
"""Size, in heights of a usual mark, above which ink is a frame or a rule, and below which it is a speck."""

BAR = 0.2
"""The width of a bar by its length, at the most."""

APART = 6.0
"""Heights of a usual mark by which neighbours of a row lie apart, at the most."""

_SHAPES = [SHAPE_SET.labels.index(fold_shape(c)) for c in CHARACTERS]


@dataclass(frozen=True)
class SheetMark:
    """A mark: its box, its row from 0, and how well it suits each of the 62 characters, as `shape_likelihoods` says it.

    shapes: float32 [62]. guide: the same of the printed letter that stands beside it; None without.
    """

    box: Box
    row: int
    shapes: Floats
    guide: Floats | None = None

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def is_bar(self) -> bool:
        width = self.box[2] - self.box[0]
        return min(width, self.height) < BAR * max(width, self.height)

    @property
    def best(self) -> str:
        return CHARACTERS[int(np.argmax(self.shapes))]


def shape_likelihoods(pictures: Sequence[Floats], reader: Reader, may_be_signs: bool = False) -> Floats:
    """Return how well each picture of ink suits each of the 62 characters, 0 to 1, float32 [N, 62].

    Half of it is the character's own probability, half that of all that one shape cannot tell apart, such as C and c
    or 0 and O: rows sum to more than 1. Rows of pictures without ink are 0. may_be_signs: what is no letter suits none.
    """
    glyphs, known = [], []
    for place, picture in enumerate(pictures):
        try:
            glyphs.append(to_glyph(picture))
            known.append(place)
        except NoInkError:
            continue
    found = np.zeros((len(pictures), len(CHARACTERS)), np.float32)
    if glyphs:
        labels: LabelSet = reader.label_set
        shares = reader.predict_proba(np.stack(glyphs)) @ character_shares(labels)
        if may_be_signs and (strange := reader.not_a_character(np.stack(glyphs))) is not None:
            shares *= 1 - strange[:, None]
        folded = np.zeros((len(glyphs), len(SHAPE_SET)), np.float32)
        for column, place in enumerate(_SHAPES):
            folded[:, place] += shares[:, column]
        found[known] = (shares + folded[:, _SHAPES]) / 2
    return found


def find_marks(coverage: Floats, reader: Reader) -> list[SheetMark]:
    """Return the marks in ink, float32 [H, W], row by row; parts such as the dot of an i belong to one mark."""
    boxes = _joined(*_components(coverage))
    if not boxes:
        return []
    rows = rows_of(boxes)
    ordered = sorted(range(len(boxes)), key=lambda i: (rows[i], boxes[i][0]))
    pictures = [coverage[b[1] : b[3], b[0] : b[2]] for b in (boxes[i] for i in ordered)]
    shapes = shape_likelihoods(pictures, reader, may_be_signs=True)
    return [SheetMark(boxes[i], rows[i], row) for i, row in zip(ordered, shapes)]


def _components(coverage: Floats) -> tuple[NDArray[np.int32], float]:
    """Return the boxes of what may be writing, int32 [N, 4], and the height of a usual mark."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((coverage > 0.5).astype(np.uint8), connectivity=8)
    stats = stats[1:][~are_frames(labels, stats)]
    heights = stats[:, cv2.CC_STAT_HEIGHT].astype(np.float64)
    if not len(heights):
        return np.zeros((0, 4), np.int32), 1.0
    large = heights[heights >= 0.25 * np.percentile(heights, 90)]
    unit = float(np.median(large[large < LARGE * np.median(large)]))
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = stats[(sides < LARGE * unit) & (sides > SPECK * unit)]
    return np.concatenate([kept[:, :2], kept[:, :2] + kept[:, 2:4]], axis=1), unit


def _joined(boxes: NDArray[np.int32], unit: float) -> list[Box]:
    """Put parts of one character together: small ones go to what they stand over or under, broken strokes join."""
    parents = list(range(len(boxes)))

    def root(i: int) -> int:
        while parents[i] != i:
            i = parents[i]
        return i

    for i, box in enumerate(boxes):
        beside = np.maximum(boxes[:, 0], box[0]) - np.minimum(boxes[:, 2], box[2])  # below 0 where they overlap
        between = np.maximum(boxes[:, 1], box[1]) - np.minimum(boxes[:, 3], box[3])
        small = box[3] - box[1] < 0.4 * unit
        near = (beside < 0) & (between < 0.6 * unit) if small else (beside < 0.1 * unit) & (between < 0)
        near[i] = False
        others = np.flatnonzero(near)
        if len(others):
            nearest = others[np.argmin(np.maximum(between, 0)[others])]
            for other in [int(nearest)] if small else others.tolist():
                parents[root(int(other))] = root(i)
    groups: dict[int, list[int]] = {}
    for i in range(len(boxes)):
        groups.setdefault(root(i), []).append(i)
    joined = [(*boxes[g, :2].min(axis=0).tolist(), *boxes[g, 2:].max(axis=0).tolist()) for g in groups.values()]
    return [box for box in joined if max(box[2] - box[0], box[3] - box[1]) > 0.3 * unit]


def rows_of(boxes: Sequence[Box]) -> list[int]:
    """Return the row of each mark: chains of neighbours, from the top, the fall of the rows taken out."""
    sides = np.array(boxes, np.float64)
    links = _links(sides)
    if not len(links):
        return list(range(len(boxes)))
    middle = (sides[:, [0, 1]] + sides[:, [2, 3]]) / 2
    ways = middle[links[:, 1]] - middle[links[:, 0]]
    sides[:, [1, 3]] -= float(np.median(ways[:, 1] / ways[:, 0])) * middle[:, :1]
    rows = list(range(len(boxes)))
    for i, ahead in _links(sides).tolist():
        rows = [rows[i] if row == rows[ahead] else row for row in rows]
    heights = {
        row: float(np.mean([sides[i, 1::2].mean() for i in range(len(rows)) if rows[i] == row])) for row in set(rows)
    }
    order = {row: place for place, row in enumerate(sorted(heights, key=lambda row: heights[row]))}
    return [order[row] for row in rows]


def _links(sides: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return each mark that has a neighbour to its right, level with it, and that neighbour, [M, 2], from the left."""
    unit = float(np.median(sides[:, 3] - sides[:, 1]))
    middle = (sides[:, [0, 1]] + sides[:, [2, 3]]) / 2
    links = []
    for i in np.argsort(middle[:, 0]).tolist():
        right, down = (middle - middle[i]).T
        overlap = np.minimum(sides[:, 3], sides[i, 3]) - np.maximum(sides[:, 1], sides[i, 1])
        least = 0.3 * np.minimum(sides[:, 3] - sides[:, 1], sides[i, 3] - sides[i, 1])
        ahead = (right > 0) & (right < APART * unit) & (overlap > least)
        if ahead.any():
            links.append((i, int(np.argmin(np.where(ahead, right + 2 * np.abs(down), np.inf)))))
    return np.array(links, np.intp).reshape(-1, 2)
