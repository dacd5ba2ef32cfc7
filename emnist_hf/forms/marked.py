"""Small boxes under their marks: a cross breaks the sides of a checkbox and parts what they enclose."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.cells import Quad, sides
from emnist_hf.forms.rules import Rules
from emnist_hf.ink.types import Bytes, Mask

LEAST, MOST = 16, 110
"""Pixels of the sides of the ink of a small box, with its mark, at the least and at the most."""

GAP = 9
"""Pixels that the side of a box may be interrupted for."""

STRAIGHT = 12
"""Pixels of a run of ink that a side has and the strokes of print seldom have."""

RULED, SQUARE = 0.9, 1.35
"""Share of each side that is ink, and how many times as long as the other one side may be."""

FULL = 0.85
"""Share of the most ink in a row that another row of the same side has."""

ALIKE = 0.2
"""How much the sides of boxes of one size differ, of their length."""

NEAREST = 6
"""Rules beside a box that say which way its sides run."""

SHORT = 40.0
"""Pixels of a rule from which it says so."""


def marked_boxes(ink: Mask, across: Rules, down: Rules, known: list[Quad]) -> list[Quad]:
    """Return the small boxes of a form's ink that `known` lacks: two or more of one size, or one like a known one.

    Each is told by its four sides, which run the way of the rules nearby and are ink for nearly all of their length,
    whatever is written in the box and across them.
    """
    pixels = ink.view(np.uint8)
    closed = cv2.morphologyEx(pixels, cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    size = stats[:, 2:4]
    few = (size.min(axis=1) >= LEAST) & (size.max(axis=1) <= MOST) & (size.max(axis=1) < 2 * size.min(axis=1))
    few[0] = False
    for way in (0, 1):
        kernel = np.ones((1, STRAIGHT) if way == 0 else (STRAIGHT, 1), np.uint8)
        runs = cv2.morphologyEx(pixels, cv2.MORPH_OPEN, kernel) > 0
        few &= np.bincount(labels[runs], minlength=count) > size[:, way]  # of one side at the least
    found = []
    for i in np.flatnonzero(few).tolist():
        left, top, width, height = (int(v) for v in stats[i, :4])
        middle = (left + width / 2, top + height / 2)
        if any(cv2.pointPolygonTest(quad, middle, False) > 0 for quad in known):
            continue
        part = (
            (labels == i)[top : top + height, left : left + width] & ink[top : top + height, left : left + width]
        ).view(np.uint8)
        quad = _box_of(part, _slope(across, middle), _slope(down.turned(), middle[::-1]))
        if quad is not None:
            found.append(quad + np.array((left, top), np.float32))
    small = [quad for quad in known if max(sides(quad)) <= MOST and max(sides(quad)) < SQUARE * min(sides(quad))]
    lengths = np.array([np.mean(sides(quad)) for quad in [*found, *small]])
    alike = np.abs(np.log(lengths[:, None] / lengths[None])) < ALIKE
    return [quad for quad, many in zip(found, alike.sum(axis=1).tolist()) if many > 1]


def _slope(rules: Rules, place: tuple[float, float]) -> float:
    """Return the slope of the rules near a place, the middle one."""
    ends = rules.ends[(rules.ends[:, 2] - rules.ends[:, 0]) >= SHORT]
    if not len(ends):
        return 0.0
    away = np.hypot(*((ends[:, :2] + ends[:, 2:]) / 2 - np.array(place, np.float32)).T)
    near = ends[np.argsort(away)[:NEAREST]]
    return float(np.median((near[:, 3] - near[:, 1]) / (near[:, 2] - near[:, 0])))


def _box_of(part: Bytes, rise: float, lean: float) -> Quad | None:
    """Return the corners inside the sides of a box in its ink, uint8 [h, w]; None where it has none.

    rise, lean: the slopes of its sides, across and down.
    """
    pad = MOST // 4
    framed = cv2.copyMakeBorder(part, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    height, width = framed.shape
    middle = np.array((width / 2, height / 2))
    shear = np.array([[1.0, lean], [rise, 1.0]])
    back = np.hstack([shear, (middle - shear @ middle)[:, None]])  # from the level box to the ink
    level = cv2.warpAffine(framed, cv2.invertAffineTransform(back), (width, height), flags=cv2.INTER_NEAREST)
    rows = _side(level, True), _side(level, False)
    columns = _side(np.ascontiguousarray(level.T), True), _side(np.ascontiguousarray(level.T), False)
    across, up = columns[1] - columns[0], rows[1] - rows[0]
    if min(across, up) < LEAST or max(across, up) > SQUARE * min(across, up):
        return None
    for lines, along, ends in ((level, rows, columns), (level.T, columns, rows)):
        for place in along:
            inked = lines[max(0, place - 1) : place + 2, ends[0] : ends[1] + 1].max(axis=0)
            inked = cv2.morphologyEx(np.ascontiguousarray(inked[None]), cv2.MORPH_CLOSE, np.ones((1, GAP), np.uint8))
            if inked.mean() < RULED:
                return None
    inner = np.array([[columns[i], rows[j]] for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], np.float64) + np.array(
        [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    )
    return np.asarray(inner @ back[:, :2].T + back[:, 2] - pad, np.float32)


def _side(level: NDArray[np.uint8], first: bool) -> int:
    """Return the innermost row of the upper (first) or the lower side of a box, the outermost rows with most ink."""
    totals = level.sum(axis=1).astype(float)
    inked = np.flatnonzero(totals)
    third = max(1, len(inked) // 3)
    rows = inked[:third] if first else inked[::-1][:third]
    full = totals[rows] > FULL * totals[rows].max()
    outer = int(full.argmax())
    ends = np.flatnonzero(~full[outer:])
    return int(rows[outer + (int(ends[0]) if len(ends) else len(rows) - outer) - 1])
