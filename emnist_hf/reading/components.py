"""The connected components of a page's ink, and which of them are no writing: specks, blobs, edges of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats, Mask
from emnist_hf.ink.widths import components as label_components
from emnist_hf.ink.widths import depth, ridge
from emnist_hf.reading.margin import pieces_of_lines
from emnist_hf.reading.types import Boxes, Flags, Labels

INK = 0.35
"""Coverage from which a pixel is ink."""

PENNED = 0.3
"""Height, in those of a character, from which a component tells how wide the pen is."""

TOUCHES = 0.75
"""Share of its height that a character keeps that only touches the edge of the picture."""


@dataclass(frozen=True)
class Components:
    """Connected components of ink.

    coverage: float32 [H, W]. labels: int32 [H, W], i + 1 where component i is, 0 for paper; soft edges belong to their
    component. boxes: int32 [N, 4], left, top, right, bottom, the ends exclusive. areas: int32 [N], pixels of ink.
    unit: height of an ordinary character, in pixels. pen: width of an ordinary stroke, in pixels.
    """

    coverage: Floats
    labels: Labels
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

    def area(self, members: Sequence[int]) -> float:
        """Pixels of ink of some components."""
        return float(self.areas[list(members)].sum())


def may_be_many(coverage: Floats) -> bool:
    """Tell whether ink, float32 [H, W], may be more than one character: three marks or more, or far wider than high."""
    mask = coverage > INK
    _, _, width, height = cv2.boundingRect(mask.view(np.uint8))
    stats = label_components(mask)[1][1:]
    heights = stats[:, cv2.CC_STAT_HEIGHT]
    marks = np.count_nonzero(heights > 0.3 * heights.max(initial=0))
    return bool(width > 2 * height or marks >= 3)


def find_components(coverage: Floats) -> tuple[Components, Flags]:
    """Find the components in a page's coverage, float32 [H, W], and which of them may be writing, bool [N].

    Left out are specks smaller than a dot, what is too large for a character or a word, filled blobs such as
    scratched-out words, lines that divide the sheet, and what the edge of the picture cuts off.
    """
    mask = coverage > INK
    labels, stats = label_components(mask)
    boxes = stats[1:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].astype(np.int32)
    boxes[:, 2:] += boxes[:, :2]
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int32)
    depths = depth(mask)
    deepest = np.zeros(len(stats), np.float32)
    np.maximum.at(deepest, labels[mask], depths[mask])
    at_edge = _at_edge(boxes, coverage.shape)
    unit, pen = _sizes(boxes, areas, at_edge, depths, labels)
    lines = pieces_of_lines(labels, boxes, areas, unit, pen)
    if lines.any():
        unit, pen = _sizes(boxes, areas, at_edge | lines, depths, labels)
    components = Components(coverage, _with_soft_edges(labels), boxes, areas, unit, pen)
    return components, _may_be_writing(components, deepest[1:], at_edge) & ~lines


def _with_soft_edges(labels: Labels) -> Labels:
    """Let labels reach a pixel further, into the soft edge; where two components meet, the later has it."""
    grown = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    return np.where(labels == 0, grown, labels)


def _at_edge(boxes: Boxes, shape: tuple[int, ...]) -> Flags:
    height, width = shape
    return (boxes[:, :2] <= 1).any(axis=1) | (boxes[:, 2] >= width - 1) | (boxes[:, 3] >= height - 1)


def _sizes(
    boxes: Boxes, areas: NDArray[np.int32], at_edge: Flags, depths: Floats, labels: Labels
) -> tuple[float, float]:
    """Height of an ordinary character and width of an ordinary stroke, in pixels.

    Half of all the height on the page is in components at least as high as the former: specks, however many, count
    little, and nothing for the latter.
    """
    if not len(boxes):  # a sheet of squared paper with nothing on it
        return 3.0, 1.0
    heights = (boxes[:, 3] - boxes[:, 1]).astype(np.float64)
    sizable = (areas >= 6) & ~at_edge
    sorted_heights = np.sort(heights[sizable] if sizable.any() else heights)
    unit = float(sorted_heights[np.searchsorted(sorted_heights.cumsum(), sorted_heights.sum() / 2)])
    lines = ridge(depths)
    middle = depths[lines]
    penned = heights[labels[lines] - 1] >= PENNED * unit
    middle = middle[penned] if penned.any() else middle
    pen = float(2 * np.median(middle) - 0.5) if middle.size else 1.0
    return max(unit, 3.0), max(pen, 1.0)


def _may_be_writing(components: Components, deepest: Floats, at_edge: Flags) -> Flags:
    widths, heights, areas, unit = components.widths, components.heights, components.areas, components.unit
    speck = (areas < max(4.0, 0.5 * components.pen**2, 0.004 * unit**2)) | (np.maximum(widths, heights) < 0.06 * unit)
    huge = (heights > 4 * unit) | (widths > 25 * unit)
    # A word may be cut tight, and then all of it is at the edge; what little is there of a page was cut off.
    cut_off = at_edge & ((heights > 2.5 * unit) | (widths > 3 * unit))
    if areas[at_edge].sum() < 0.1 * areas[~huge].sum():
        cut_off = at_edge & ~_in_whole_lines(components, at_edge)
    # Bold letters are deep where strokes meet: a blob is deeper than is usual among components of a character's height.
    ordinary = ~speck & ~huge & (heights >= 0.45 * unit)
    usual = float(np.median(deepest[ordinary])) if ordinary.any() else components.pen / 2
    filled = areas > 0.6 * widths * heights
    blob = filled & (deepest > 2.2 * usual) & (np.minimum(widths, heights) > 0.5 * unit)
    return ~(speck | huge | cut_off | blob)


def _in_whole_lines(components: Components, at_edge: Flags) -> Flags:
    """Return which components only touch the top or bottom of the picture, bool [N].

    They are as high as a neighbour that does not: the line is whole. What a side cuts off may be half of a letter.
    """
    boxes, unit, whole = components.boxes, components.unit, np.zeros(len(at_edge), bool)
    heights = components.heights
    high = (heights > TOUCHES * unit) & (heights < 1.6 * unit) & (components.widths < 1.8 * unit)
    inside = boxes[high & ~at_edge]
    for i in np.flatnonzero(at_edge & high):
        left, top, right, bottom = boxes[i]
        if left <= 1 or right >= components.coverage.shape[1] - 1:
            continue
        near = inside[(inside[:, 0] < right + 2.5 * unit) & (inside[:, 2] > left - 2.5 * unit)]
        common = np.minimum(near[:, 3], bottom) - np.maximum(near[:, 1], top)
        whole[i] = bool((common > TOUCHES * np.maximum(near[:, 3] - near[:, 1], bottom - top)).any())
    return whole


def picture_of(components: Components, members: Sequence[int], span: tuple[int, int] | None = None) -> Floats:
    """Return the ink of some components alone, cropped, float32 [h, w]; of the columns of `span` only, if given."""
    boxes = components.boxes[list(members)]
    left, top = (max(int(v) - 1, 0) for v in boxes[:, :2].min(axis=0))
    right, bottom = (int(v) + 1 for v in boxes[:, 2:].max(axis=0))
    if span is not None:
        left, right = max(left, span[0]), min(right, span[1])
    own = belongs_to(components.labels[top:bottom, left:right], members)
    return np.where(own, components.coverage[top:bottom, left:right], np.float32(0))


def belongs_to(labels: Labels, members: Sequence[int]) -> Mask:
    """Return where labels, int32 [h, w], are those of any of some components; for so few, quicker than `np.isin`."""
    own: Mask = labels == members[0] + 1
    for member in members[1:]:
        own |= labels == member + 1
    return own
