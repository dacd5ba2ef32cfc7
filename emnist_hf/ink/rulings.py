"""Printed lines and folds that a character was written across: the line goes, the stroke stays whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.thresholds import RULINGS
from emnist_hf.ink.types import Floats, Mask
from emnist_hf.ink.widths import components, stroke_width

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A straight line from a to b, (x, y) in pixels, and how thick it is across the axis that it lies nearer to."""

    a: Point
    b: Point
    thickness: float

    @property
    def is_level(self) -> bool:
        return abs(self.b[0] - self.a[0]) >= abs(self.b[1] - self.a[1])

    @property
    def length(self) -> float:
        return float(np.hypot(self.b[0] - self.a[0], self.b[1] - self.a[1]))

    @property
    def slope(self) -> float:
        """How far it is off its axis, as a tangent."""
        across, down = abs(self.b[0] - self.a[0]), abs(self.b[1] - self.a[1])
        return min(across, down) / max(across, down, 1.0)


def without_lines(coverage: Floats) -> Floats:
    """Return the ink of one character, float32 [H, W], without lines across the picture, boxes and combs.

    All 0 where there is nothing else. A letter that was cropped tight reaches the border too: what is as thick as the
    other strokes stays.
    """
    if min(coverage.shape) < RULINGS.least_side:  # a glyph, as data sets have it
        return coverage
    mask = coverage > RULINGS.inked
    lines = _across(mask)
    lines += _box(mask) or []
    lines += _teeth(mask, lines) + _margins(mask, lines)
    if not lines:
        return coverage
    rest = _taken_out(coverage, lines)
    if (mask & (rest <= RULINGS.inked)).sum() < RULINGS.gone * sum(line.length * line.thickness for line in lines):
        return coverage
    written = _written(rest, lines)
    if written is None:
        return coverage if _is_character(lines, mask.shape) else np.zeros_like(coverage)
    width = stroke_width(written)
    loose = not _touches(written)
    compact = min(cv2.boundingRect(written.view(np.uint8))[2:]) > RULINGS.compact * max(mask.shape)
    kept = [
        line
        for line in lines
        if line.thickness <= RULINGS.thin * width or (loose and (compact or line.slope < RULINGS.level))
    ]
    return rest if len(kept) == len(lines) else _taken_out(coverage, kept) if kept else coverage


def take_out(coverage: Floats, lines: Mask, level: float) -> Floats:
    """Return the coverage without the pixels of `lines`, level ones, but for the strokes that cross them.

    A stroke is told by the length of the run of ink across the line, as staff lines are taken out of music (Fujinaga
    2004). What strokes lost is closed again. level: the coverage from which a pixel is ink.
    """
    mask = coverage > level
    columns = lines.any(axis=0)
    _, stats = components(lines)
    areas, widths = stats[1:, cv2.CC_STAT_AREA], stats[1:, cv2.CC_STAT_WIDTH]
    if len(stats) < 2 or not columns.any():
        return coverage
    thickness = round(float(np.average(areas / widths, weights=widths)))
    crossing = thickness + max(3, thickness // 2)
    tall = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((crossing, 1), np.uint8)) > 0
    band = cv2.dilate(lines.astype(np.uint8), np.ones((5, 3), np.uint8)) > 0
    gone = band & ~tall
    kept = (mask & ~gone).astype(np.uint8)
    healed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((thickness + 5, 3), np.uint8)) > 0
    return np.where(gone & ~(healed & mask), np.float32(0), coverage)


def _taken_out(coverage: Floats, lines: list[Line]) -> Floats:
    for upright in (False, True):
        drawn = np.zeros(coverage.shape, np.uint8)
        for line in lines:
            if line.is_level is not upright:
                ends = ((round(x), round(y)) for x, y in (line.a, line.b))
                cv2.line(drawn, *ends, 1, max(1, round(line.thickness)))
        found = (drawn > 0) & (coverage > RULINGS.inked)
        if found.any():
            coverage = (
                take_out(coverage.T, found.T, RULINGS.inked).T if upright else take_out(coverage, found, RULINGS.inked)
            )
    return np.ascontiguousarray(coverage)


def _is_character(lines: list[Line], shape: tuple[int, ...]) -> bool:
    """Tell whether lines that are all there is may be a character that was cropped tight: a V, an X, an H."""
    side = max(shape)
    if len(lines) == 1 or all(line.thickness <= RULINGS.fine * side for line in lines):
        return False
    if all(line.slope < RULINGS.level for line in lines):
        return False
    ends = np.array([end for line in lines for end in (line.a, line.b)])
    apart = np.abs(ends[:, None] - ends).max(axis=2) + np.eye(len(ends)) * side
    corners = np.array([(x, y) for x in (0, shape[1] - 1) for y in (0, shape[0] - 1)])
    cornered = (np.abs(ends[:, None] - corners).max(axis=2).min(axis=1) < RULINGS.met * side).sum()
    return bool(apart.min() < RULINGS.met * side or cornered > 1)


def _written(coverage: Floats, lines: list[Line]) -> Mask | None:
    """Return the strokes, bool [H, W], of what is left; None where there is too little to be a character."""
    labels, stats = components(coverage > RULINGS.inked)
    sizes = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    large = sizes > RULINGS.written * max(coverage.shape)
    large[0] = False
    if any(_is_inside(line, coverage.shape) for line in lines):
        thickest = max(line.thickness for line in lines)
        for number in np.flatnonzero(large):
            large[number] = not _is_remnant(labels == number, thickest)
    return large[labels] if large.any() else None


def _is_inside(line: Line, shape: tuple[int, ...]) -> bool:
    """Tell whether a line keeps off the border that it is parallel to: the stem of a tightly cropped E does not."""
    axis = 1 if line.is_level else 0
    at = (line.a[axis] + line.b[axis]) / 2
    return bool(min(at, shape[1 - axis] - 1 - at) > line.thickness + RULINGS.edge)


def _is_remnant(part: Mask, thickest: float) -> bool:
    """Tell whether a component is what is left of a line: thin, straight, level or upright, and at the border."""
    if not _touches(part):
        return False
    outline = cv2.findNonZero(part.view(np.uint8))
    (_, (across, down), angle) = cv2.minAreaRect(outline)
    turned = abs(np.tan(np.radians(2 * angle))) / 2  # of an angle near 0 or 90 degrees, its tangent
    return bool(
        min(across, down) <= RULINGS.as_thick * thickest + 1
        and max(across, down) > RULINGS.slender * min(across, down)
        and turned < RULINGS.level
    )


def _touches(mask: Mask) -> bool:
    edge = RULINGS.edge
    return bool(mask[:edge].any() or mask[-edge:].any() or mask[:, :edge].any() or mask[:, -edge:].any())


# --- lines from border to border ---


def _across(mask: Mask) -> list[Line]:
    """Find straight lines from one side of the picture to another."""
    places = _border_places(mask)
    if not 2 <= len(places) <= RULINGS.most_ends:
        return []
    thick = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8))
    found: list[Line] = []
    for (a, side), (b, other) in combinations(places, 2):
        if side == other or np.hypot(a[0] - b[0], a[1] - b[1]) < RULINGS.span * min(mask.shape):
            continue
        count = int(max(abs(a[0] - b[0]), abs(a[1] - b[1]))) + 1
        x, y = (np.rint(np.linspace(a[i], b[i], count)).astype(int) for i in (0, 1))
        if thick[y, x].mean() < RULINGS.filled:
            continue
        line = Line(a, b, 1.0)
        thickness = _thickness(mask, x, y, line.is_level)
        if thickness <= RULINGS.thickest * min(mask.shape):
            found.append(Line(a, b, thickness))
    return found


def _border_places(mask: Mask) -> list[tuple[Point, int]]:
    """Return the middles of the runs of ink along the border, each with the number of its side."""
    height, width = mask.shape
    edge = RULINGS.edge
    bands = ((mask[:edge], 0), (mask[-edge:], 0), (mask[:, :edge], 1), (mask[:, -edge:], 1))
    sides: list[Mask] = [np.asarray(band.any(axis=axis)) for band, axis in bands]
    places: list[tuple[Point, int]] = []
    for number, side in enumerate(sides):
        steps = np.flatnonzero(np.diff(np.concatenate([[0], side.view(np.int8), [0]])))
        for start, stop in steps.reshape(-1, 2).tolist():
            if stop - start > RULINGS.longest_end * len(side):
                continue
            along = (start + stop - 1) / 2
            places.append(
                ((along, (0, height - 1)[number]) if number < 2 else ((0, width - 1)[number - 2], along), number)
            )
    return places


def _thickness(mask: Mask, x: NDArray[np.int64], y: NDArray[np.int64], is_level: bool) -> float:
    """Return how thick a line through the places is: of the runs of ink across it the shorter ones, without strokes."""
    reach = round(RULINGS.thickest * min(mask.shape)) + 2
    padded = cv2.copyMakeBorder(mask.view(np.uint8), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    steps = np.arange(-reach, reach + 1)
    rows, columns = (
        (steps[:, None] + y, 0 * steps[:, None] + x) if is_level else (0 * steps[:, None] + y, steps[:, None] + x)
    )
    across = padded[rows + reach, columns + reach]
    runs = [np.logical_and.accumulate(part, axis=0).sum(axis=0) for part in (across[reach:], across[reach - 1 :: -1])]
    lengths = runs[0] + runs[1]
    return float(np.percentile(lengths[lengths > 0], RULINGS.bare)) if (lengths > 0).any() else 0.0


# --- boxes and combs ---


def _straight(mask: Mask, upright: bool, share: float) -> list[Line]:
    """Find thin straight pieces of ink along an axis, of some share of the picture's side."""
    turned = np.ascontiguousarray(mask.T) if upright else mask
    length = max(8, round(share * turned.shape[1]))
    thick = cv2.dilate(turned.view(np.uint8), np.ones((3, 1), np.uint8))  # a line that wanders by a pixel stays whole
    # Most rows have too little ink; half of it is enough at the border, as OpenCV takes what is beyond it for ink.
    filled = 2 * cv2.reduce(thick, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() >= length
    if not filled.any():
        return []
    runs = np.zeros_like(thick)
    runs[filled] = cv2.morphologyEx(thick[filled], cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    if not runs.any():
        return []
    _, stats = components(runs > 0)
    found = []
    for left, top, width, height, _ in stats[1:].tolist():
        rows = runs[top : top + height, left : left + width].sum(axis=1, dtype=np.int64)
        core = top + np.flatnonzero(rows > RULINGS.core * rows.max())  # without a stroke that runs along it for a while
        thickness = max(1.0, float(len(core) - 2))
        if thickness > RULINGS.thickest * min(mask.shape) or core[-1] - core[0] >= len(core):
            continue
        middle = float(core.mean())
        ends = ((left, middle), (left + width - 1, middle))
        a, b = (((y, x) if upright else (x, y)) for x, y in ends)
        found.append(Line(a, b, thickness))
    return found


def _box(mask: Mask) -> list[Line] | None:
    """Find the four sides of an upright box."""
    level = _straight(mask, False, RULINGS.box_side)
    upright = _straight(mask, True, RULINGS.box_side) if len(level) > 1 else []
    for top, bottom in combinations(sorted(level, key=lambda line: line.a[1]), 2):
        for left, right in combinations(sorted(upright, key=lambda line: line.a[0]), 2):
            near = RULINGS.corner * max(mask.shape) + max(line.thickness for line in (top, bottom, left, right))
            x, y = (left.a[0], right.a[0]), (top.a[1], bottom.a[1])
            thickness = [line.thickness for line in (top, bottom, left, right)]
            if max(thickness) > RULINGS.as_thick * min(thickness) + 2:
                continue  # a rule and the strokes of an H that stands on it
            level_meet = all(_covers(line.a[0], line.b[0], x, near) for line in (top, bottom))
            if level_meet and all(_covers(line.a[1], line.b[1], y, near) for line in (left, right)):
                corners = [(at, line.a[1]) for line in (top, bottom) for at in x]
                a, b, c, d = corners
                ways = ((a, b, top), (c, d, bottom), (a, c, left), (b, d, right))
                return [Line(start, end, line.thickness) for start, end, line in ways]
    return None


def _covers(start: float, stop: float, ends: Point, near: float) -> bool:
    """Tell whether a side reaches from one corner to the other, or is but a little short of them."""
    return start <= ends[0] + near and stop >= ends[1] - near and ends[1] > ends[0]


def _teeth(mask: Mask, lines: list[Line]) -> list[Line]:
    """Find the teeth of a comb: thin straight pieces that stand on a line as thick as they are."""
    found: list[Line] = []
    for base in [line for line in lines if line.slope < RULINGS.level]:
        axis = 1 if base.is_level else 0
        near = RULINGS.corner * max(mask.shape) + base.thickness
        for tooth in _straight(mask, base.is_level, RULINGS.tooth):
            ends = (tooth.a[axis], tooth.b[axis])
            stands = min(abs(end - base.a[axis]) for end in ends) <= near
            as_thick = RULINGS.finer * base.thickness <= tooth.thickness <= RULINGS.as_thick * base.thickness + 1
            if stands and as_thick:
                found.append(tooth)
    return found


def _margins(mask: Mask, lines: list[Line]) -> list[Line]:
    """Find margin lines of ruled paper: long ones near a side, across its rules."""
    found = []
    for base in lines[:1]:
        reach = mask.shape[1] if base.is_level else mask.shape[0]
        for line in _straight(mask, base.is_level, RULINGS.margin):
            at = line.a[0] if base.is_level else line.a[1]
            if min(at, reach - at) < RULINGS.aside * reach:
                found.append(line)
    return found
