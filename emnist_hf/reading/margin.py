"""Lines that divide a sheet, as the margin of a notebook, of which the rulings that cross them left pieces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emnist_hf.reading.types import Boxes, Flags, Labels

SLENDER = 8
"""Length of a piece of a line, in its own thickness, at the least."""

THICKEST = 1.5
"""Thickness of a line, in widths of the pen, at the most: a joined word has several strokes above each other."""

LONGEST = 2.2
"""Length of the longest piece, in heights of a character, at the least: no letter is as long."""

COVERED = 0.6
"""Share of its extent that the pieces of a line cover."""

REACH = 0.5
"""Share of the sheet's extent that a line has."""

LEAST = 5
"""Extent of a line, in heights of a character, at the least: a stroke of a lone word is no line."""

STRAY = 0.12
"""How far a piece may lie from the line through the others, in heights of a character."""

CROSSING = 0.25
"""Width of what is left of a ruling that crosses the line, in heights of a character, at the most."""

STEEPEST = 0.15
"""Slope of a line against the side of the sheet, at the most."""


def pieces_of_lines(labels: Labels, boxes: Boxes, areas: NDArray[np.int32], unit: float, pen: float) -> Flags:
    """Return which components are pieces of a line across the whole sheet, or lie on one: bool [N].

    labels, boxes, areas, unit, pen: as `components.Components` has them.
    """
    down = _pieces_down(labels, boxes, areas, unit, pen)
    across = _pieces_down(labels.T, boxes[:, [1, 0, 3, 2]], areas, unit, pen)
    return down | across


def _pieces_down(labels: Labels, boxes: Boxes, areas: NDArray[np.int32], unit: float, pen: float) -> Flags:
    found = np.zeros(len(boxes), bool)
    if not len(boxes):
        return found
    lengths = (boxes[:, 3] - boxes[:, 1]).astype(np.float64)
    thickness = areas / np.maximum(lengths, 1)
    slender = (lengths > SLENDER * thickness) & (thickness < THICKEST * pen)
    slender &= boxes[:, 2] - boxes[:, 0] < STEEPEST * lengths + 3 * thickness
    extent = float(boxes[:, 3].max() - boxes[:, 1].min())
    left = slender & (lengths > 0.3 * unit)
    while left.any():
        longest = int(np.argmax(np.where(left, lengths, 0)))
        if lengths[longest] < LONGEST * unit:
            break
        near = _near(labels, boxes, thickness, unit, longest, left)
        left[longest] = False
        pieces = near & slender
        if pieces.sum() < 2:
            continue
        reach = float(boxes[pieces, 3].max() - boxes[pieces, 1].min())
        if reach > max(REACH * extent, LEAST * unit) and lengths[pieces].sum() > COVERED * reach:
            found |= near
            left &= ~near
    return found


def _near(
    labels: Labels, boxes: Boxes, thickness: NDArray[np.float64], unit: float, longest: int, slender: Flags
) -> Flags:
    """Return which components lie on the line that goes on from the longest piece, piece by piece, bool [N]."""
    ends = [_ends(labels, boxes[longest], longest)]
    order = np.argsort(-(boxes[:, 3] - boxes[:, 1]))
    for piece in order[slender[order]]:
        if piece == longest:
            continue
        own = _ends(labels, boxes[piece], piece)
        slope, start = _fit(ends)
        if np.abs(own[:, 0] - slope * own[:, 1] - start).max() < STRAY * unit + thickness[piece]:
            ends.append(own)
    slope, start = _fit(ends)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    away = np.abs(middles[:, 0] - slope * middles[:, 1] - start)
    narrow = boxes[:, 2] - boxes[:, 0] < STEEPEST * (boxes[:, 3] - boxes[:, 1]) + CROSSING * unit
    return (away < STRAY * unit + thickness[longest]) & narrow & (abs(slope) < STEEPEST)


def _ends(labels: Labels, box: NDArray[np.int32], number: int) -> NDArray[np.float64]:
    """Return the middles of the first and the last rows of a component, float64 [2, 2], x and y."""
    left, top, right, bottom = (int(v) for v in box)
    rows = max(1, min(4, bottom - top))
    ends = []
    for first in (top, bottom - rows):
        y, x = np.nonzero(labels[first : first + rows, left:right] == number + 1)
        ends.append((left + x.mean(), first + y.mean()))
    return np.array(ends)


def _fit(ends: list[NDArray[np.float64]]) -> tuple[float, float]:
    """Return slope and start of x over y through the ends of pieces."""
    points = np.concatenate(ends)
    slope, start = np.polyfit(points[:, 1], points[:, 0], 1)
    return float(slope), float(start)
