"""The separate marks of ink on a page, and which of them are no writing: specks, blobs, edges of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats, Mask
from emnist_hf.ink.widths import depth, ridge

INK = 0.35
"""Coverage from which a pixel is ink."""


PENNED = 0.3
"""Height, in those of a character, from which a mark tells how wide the pen is."""


Boxes = NDArray[np.int32]


@dataclass(frozen=True)
class Marks:
    """Connected pieces of ink.

    coverage: float32 [H, W]. labels: int32 [H, W], i + 1 where mark i is, 0 for paper; soft edges belong to their mark.
    boxes: int32 [N, 4], left, top, right, bottom, the ends exclusive. areas: int32 [N], pixels of ink.
    unit: height of an ordinary character, in pixels. pen: width of an ordinary stroke, in pixels.
    """

    coverage: Floats
    labels: NDArray[np.int32]
    boxes: Boxes
    areas: NDArray[np.int32]
    unit: float
    pen: float

    @property
    def widths(self) -> NDArray[np.int32]:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def heights(self) -> NDArray[np.int32]:
        return self.boxes[:, 3] - self.boxes[:, 1]


def find_marks(coverage: Floats) -> tuple[Marks, NDArray[np.bool_]]:
    """The marks in a page's coverage, float32 [H, W], and which of them may be writing, bool [N].

    Left out are specks smaller than a dot, what is too large for a character or a word, filled blobs such as
    scratched-out words, and what the edge of the picture cuts off.
    """
    mask = coverage > INK
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = stats[1:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].astype(np.int32)
    boxes[:, 2:] += boxes[:, :2]
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int32)
    depths = depth(mask)
    deepest = np.zeros(count, np.float32)
    ink_labels, ink_depths = labels[mask], depths[mask]
    np.maximum.at(deepest, ink_labels, ink_depths)
    at_edge = _at_edge(boxes, coverage.shape)
    unit, pen = _sizes(boxes, areas, deepest[1:], at_edge, depths, labels)
    marks = Marks(coverage, _with_soft_edges(labels), boxes, areas, unit, pen)
    return marks, _may_be_writing(marks, deepest[1:], at_edge)


def _with_soft_edges(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Labels that reach a pixel further, into the soft edge; where two marks meet, the later has it."""
    grown = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    return np.where(labels == 0, grown, labels)


def _at_edge(boxes: Boxes, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    height, width = shape[:2]
    touches = (boxes[:, :2] <= 1).any(axis=1) | (boxes[:, 2] >= width - 1) | (boxes[:, 3] >= height - 1)
    return np.asarray(touches, np.bool_)


def _sizes(
    boxes: Boxes,
    areas: NDArray[np.int32],
    deepest: Floats,
    at_edge: NDArray[np.bool_],
    depths: Floats,
    labels: NDArray[np.int32],
) -> tuple[float, float]:
    """Height of an ordinary character and width of an ordinary stroke, in pixels.

    Half of all the height on the page is in marks at least as high as the former: specks, however many, count little,
    and nothing for the latter.
    """
    if not len(boxes):  # a sheet of squared paper with nothing on it
        return 3.0, 1.0
    heights = (boxes[:, 3] - boxes[:, 1]).astype(np.float64)
    sizable = (areas >= 6) & ~at_edge
    chosen = sizable if sizable.any() else areas >= 1
    order = np.argsort(heights[chosen])
    sorted_heights = heights[chosen][order]
    unit = float(sorted_heights[np.searchsorted(sorted_heights.cumsum(), sorted_heights.sum() / 2)])
    lines = ridge(depths)
    middle = depths[lines]
    penned = heights[labels[lines] - 1] >= PENNED * unit
    middle = middle[penned] if penned.any() else middle
    pen = float(2 * np.median(middle) - 0.5) if middle.size else 1.0
    return max(unit, 3.0), max(pen, 1.0)


def _may_be_writing(marks: Marks, deepest: Floats, at_edge: NDArray[np.bool_]) -> NDArray[np.bool_]:
    widths, heights, unit = marks.widths, marks.heights, marks.unit
    speck = (marks.areas < max(4.0, 0.5 * marks.pen**2, 0.004 * unit**2)) | (np.maximum(widths, heights) < 0.06 * unit)
    huge = (heights > 4 * unit) | (widths > 25 * unit)
    # A word may be cut tight, and then all of it is at the edge; what little is there of a page was cut off.
    cut_off = at_edge & ((heights > 2.5 * unit) | (widths > 3 * unit))
    if marks.areas[at_edge].sum() < 0.1 * marks.areas[~huge].sum():
        cut_off = at_edge
    # Bold letters are deep where strokes meet, so a blob is told by what is usual among marks of a character's height.
    ordinary = ~speck & ~huge & (heights >= 0.45 * unit)
    usual = float(np.median(deepest[ordinary])) if ordinary.any() else marks.pen / 2
    filled = marks.areas > 0.6 * widths * heights
    blob = filled & (deepest > 2.2 * usual) & (np.minimum(widths, heights) > 0.5 * unit)
    return np.asarray(~(speck | huge | cut_off | blob), np.bool_)


def picture_of(marks: Marks, members: list[int], span: tuple[int, int] | None = None) -> Floats:
    """The ink of some marks alone, cropped, float32 [h, w]; of the columns of `span` only, where one is given."""
    boxes = marks.boxes[members]
    left, top = (max(int(v) - 1, 0) for v in boxes[:, :2].min(axis=0))
    right, bottom = (int(v) + 1 for v in boxes[:, 2:].max(axis=0))
    if span is not None:
        left, right = max(left, span[0]), min(right, span[1])
    own = belongs_to(marks.labels[top:bottom, left:right], members)
    return np.where(own, marks.coverage[top:bottom, left:right], np.float32(0))


def belongs_to(labels: NDArray[np.int32], members: Sequence[int]) -> Mask:
    """Where the labels, int32 [h, w], are those of any of some marks; for so few, quicker than `np.isin`."""
    own: Mask = labels == members[0] + 1
    for member in members[1:]:
        own |= labels == member + 1
    return own
