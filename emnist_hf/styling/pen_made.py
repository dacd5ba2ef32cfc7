"""What a writer did not write, made with the same pen: weight, lean, width and roundness of the hand.

Our own strokes (`pen_strokes`) are brought to the proportions of the hand and drawn with a round pen of its weight, so
that stems are as heavy as the written ones by construction.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pathops

from emnist_hf.ink.types import Floats
from emnist_hf.ink.widths import depth, width_along
from emnist_hf.letterforms import CAPITAL, DESCENT, LETTERFORMS
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.outline import Outline, from_path
from emnist_hf.styling.pen_check import is_drawn
from emnist_hf.styling.pen_strokes import BELOW, MARKS, STROKES, Step, Strokes
from emnist_hf.styling.slant import sheared

CIRCLE = math.pi / 4
"""Share of its box that a circle fills."""

ROUND = "oOQ0"
"""Letters that tell how round a hand is."""

NARROWEST, WIDEST = 0.5, 1.7
"""How far letters are squeezed or stretched from the copybook's proportions."""

GAP = 0.24
"""White between a letter and its accent, in x-heights."""

_WEIGHED = "nlodhetrimu"  # letters whose strokes tell how heavy a font has become
_UNITS = (1000.0, 1007.0, 991.0, 1013.0, 983.0, 1021.0, 977.0)  # to an x-height, in which letters are drawn
_FINE = 200  # pixels to an x-height at which outlines are measured

_BLOCKS = ((0xC0, 0x180), (0x1E80, 0x1E86), (0x1EF2, 0x1EF4))  # Latin-1, Extended-A, Welsh


@dataclass(frozen=True)
class Pen:
    """What of a hand makes letters, in x-heights: weight; slant as a tangent; width by UNIPEN's writers'; roundness.

    roundness: how far the arms of an arc reach, by those of a circle: above 1 squarer, below it more pointed.
    """

    weight: float
    slant: float
    width: float = 1.0
    roundness: float = 1.0

    def draw(self, character: str) -> Outline | None:
        """Return a character as this pen writes it, in x-heights; None for one that it does not know."""
        strokes = STROKES.get(character)
        if strokes is None:
            return None
        return self._drawn([self._mapped(stroke, character) for stroke in self._fitted(strokes, character)])

    def accent(self, mark: str) -> Outline:
        """Return a combining mark, its lower end at 0 and its middle at 0."""
        strokes = MARKS[mark]
        left, right = _reach(strokes)
        moved = [[_moved(step, -(left + right) / 2, 0.0) for step in stroke] for stroke in strokes]
        return self._drawn(moved)

    def polyline(self, stroke: Sequence[Step]) -> list[tuple[float, float]]:
        """Return points along a stroke as it leans, eight to a quarter of an arc, close enough to draw it."""
        points: list[tuple[float, float]] = []
        for verb, ends in self._segments(stroke):
            start = points[-1] if points else ends[-1]
            if verb == "C":
                t = np.linspace(0, 1, 9)[1:, None]
                a, b, c = (np.array(end) for end in ends)
                curve = (1 - t) ** 3 * np.array(start) + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * c
                points += [(float(x), float(y)) for x, y in curve]
            else:
                count = max(2, math.ceil(math.dist(start, ends[0]) / 0.05))
                line = np.linspace(start, ends[0], count)
                points += [(float(x), float(y)) for x, y in line]
        return [(x + self.slant * y, y) for x, y in points]

    def _fitted(self, strokes: Strokes, character: str) -> list[list[Step]]:
        """Bring the width of a letter to that of the hand's, the pen's own width taken off."""
        left, right = _reach(strokes)
        own = right - left
        factor = self.width
        if character in LETTERFORMS and own > 0.1:
            form = LETTERFORMS[character]
            factor = (form.aspect * form.height * self.width - self.weight) / own
            factor = min(max(factor, NARROWEST), WIDEST)
        return [[_stretched(step, left, factor) for step in stroke] for stroke in strokes]

    def _mapped(self, stroke: Sequence[Step], character: str) -> list[Step]:
        """Bring a stroke's heights inward by half the pen, so that the ink ends where the letterform does."""
        half = self.weight / 2
        if character in LETTERFORMS and LETTERFORMS[character].top == CAPITAL and not character.islower():
            levels, places = [0.0, CAPITAL], [half, CAPITAL - half]
        else:
            levels = [DESCENT, 0.0, 1.0, CAPITAL]
            places = [DESCENT + half, half, 1.0 - half, CAPITAL - half]

        def at(y: float) -> float:
            inside = float(np.interp(y, levels, places))
            return inside + min(y - levels[0], 0.0) + max(y - levels[-1], 0.0)

        def moved(step: Step) -> Step:
            if len(step) == 2:
                return step[0], at(step[1])
            x, y, rx, ry, start, end = step
            low, high = at(y - ry), at(y + ry)
            return x, (low + high) / 2, rx, (high - low) / 2, start, end

        return [moved(step) for step in stroke]

    def _drawn(self, strokes: Sequence[Sequence[Step]]) -> Outline:
        """Draw strokes with the round pen, leaning.

        Skia cannot put every drawing together, or fills a loop of it; one of another size by a hair it can.
        """
        lines = [self.polyline(stroke) for stroke in strokes]
        for units in _UNITS:
            path = self._pathed(strokes, units)
            try:
                path.simplify(fix_winding=True, keep_starting_points=False)
            except pathops.PathOpsError:
                continue
            outline = from_path(path).scaled(1 / units)
            if is_drawn(outline, lines, self.weight):
                return outline
        return from_path(self._pathed(strokes, units)).scaled(1 / units)  # overlaps are as good to look at

    def _pathed(self, strokes: Sequence[Sequence[Step]], units: float) -> pathops.Path:
        """Return the edge of strokes drawn with the round pen, in so many units to an x-height."""
        path = pathops.Path()
        for stroke in strokes:
            pen = path.getPen()
            for i, (verb, points) in enumerate(self._segments(stroke)):
                leaning = [(units * (x + self.slant * y), units * y) for x, y in points]
                if verb == "C" and i:
                    pen.curveTo(*leaning)
                elif i:
                    pen.lineTo(leaning[0])
                else:
                    pen.moveTo(leaning[-1])
            pen.endPath()
        path.stroke(units * self.weight, pathops.LineCap.ROUND_CAP, pathops.LineJoin.ROUND_JOIN, 4)
        path.convertConicsToQuads(0.5)
        return path

    def _segments(self, stroke: Sequence[Step]) -> Iterator[tuple[str, list[tuple[float, float]]]]:
        """Yield lines and cubic curves; the first is where the pen comes down."""
        for step in stroke:
            if len(step) == 2:
                yield "L", [(step[0], step[1])]
                continue
            x, y, rx, ry, start, end = step
            turns = max(1, math.ceil(abs(end - start) / 90 - 1e-6))
            angles = np.radians(np.linspace(start, end, turns + 1))
            arm = 4 / 3 * math.tan((angles[1] - angles[0]) / 4) * self.roundness
            yield "L", [(x + rx * math.cos(angles[0]), y + ry * math.sin(angles[0]))]
            for a, b in itertools.pairwise(angles):
                first = (x + rx * (math.cos(a) - arm * math.sin(a)), y + ry * (math.sin(a) + arm * math.cos(a)))
                second = (x + rx * (math.cos(b) + arm * math.sin(b)), y + ry * (math.sin(b) - arm * math.cos(b)))
                yield "C", [first, second, (x + rx * math.cos(b), y + ry * math.sin(b))]


def pen_of(hand: Hand, written: Mapping[str, Floats]) -> Pen:
    """Return the pen of a hand; written: the ink of letters, float32 [H, W], by their labels, for its roundness."""
    shares = [_filled(written[c], hand.slant) for c in ROUND if c in written]
    known = [share for share in shares if share is not None]
    # A superellipse's share goes with the reach of its arms: 0.5 for a diamond, 1 for a square (least squares fit).
    roundness = 1 + 1.9 * (float(np.median(known)) - CIRCLE) if known else 1.0
    return Pen(hand.weight, math.tan(math.radians(hand.slant)), hand.width, min(max(roundness, 0.75), 1.25))


def _filled(ink: Floats, slant: float) -> float | None:
    """Return the share of its box that a ring's outside fills, the lean taken out; None for no ring."""
    mask = (sheared(ink, slant) > 0.5).astype(np.uint8)
    outlines, levels = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if levels is None or not (levels[0][:, 3] >= 0).any():
        return None
    outside = max(outlines, key=cv2.contourArea)
    _, _, width, height = cv2.boundingRect(outside)
    return float(cv2.contourArea(outside)) / max((width - 1) * (height - 1), 1)


def stroke_in(outline: Outline) -> float:
    """Return the median width of the strokes of an outline, in x-heights."""
    left, low, right, high = outline.bounds()
    mask = np.zeros([math.ceil(side * _FINE) + 3 for side in (high - low, right - left)], np.uint8)
    lines = [np.rint((line - (left, low)) * _FINE + 1).astype(np.int32) for line in outline.merged().polylines]
    cv2.fillPoly(mask, lines, 1)
    return width_along(depth(mask > 0)) / _FINE


def even_weight(own: Mapping[str, Sequence[Outline]]) -> float:
    """Return the weight of the letters as they are in the font, in x-heights; 0 where there are none to measure."""
    measured = [stroke_in(own[label][0]) for label in _WEIGHED if label in own]
    return float(np.median(measured)) if measured else 0.0


# --- accents ---


def accented() -> dict[str, tuple[str, str]]:
    """Return the letters with one accent, of the languages that use the Latin alphabet: base and mark of each."""
    found = {}
    for first, last in _BLOCKS:
        for code in range(first, last):
            parts = unicodedata.normalize("NFD", chr(code))
            if len(parts) == 2 and parts[1] in MARKS and parts[0] in LETTERFORMS:
                found[chr(code)] = (parts[0], parts[1])
    return found


def compose(base: Outline, mark: str, pen: Pen) -> Outline:
    """Return a letter with its accent, over its middle or hanging from its foot, in x-heights."""
    accent = pen.accent(mark)
    left, low, right, high = base.bounds()
    if mark in BELOW:
        middle, height = (left + right) / 2, low + pen.weight / 2
    else:
        height = max(high, 1.0) + GAP + pen.weight / 2
        top = base.points[base.points[:, 1] > high - 0.4 * (high - low)]
        middle = float(top[:, 0].min() + top[:, 0].max()) / 2 + pen.slant * (height - 0.8 * high)
    return Outline(base.segments + accent.mapped((1, 0, 0, 1, middle, height)).segments)


def without_dot(outline: Outline) -> Outline:
    """Return an i or j without its dot: the contours that lie above the height of an x are left out."""
    kept, contour = [], []
    for segment in outline.segments:
        contour.append(segment)
        if segment[0] == "Z":
            part = Outline(tuple(contour))
            if part.bounds()[1] < 0.9:
                kept += contour
            contour = []
    return Outline(tuple(kept))


def _reach(strokes: Strokes) -> tuple[float, float]:
    """Return the lowest and the highest x of strokes."""
    ends: list[float] = []
    for step in (step for stroke in strokes for step in stroke):
        if len(step) == 2:
            ends.append(step[0])
        else:
            angles = np.radians(np.linspace(step[4], step[5], 25))
            ends += (step[0] + step[2] * np.cos(angles)).tolist()
    return min(ends), max(ends)


def _stretched(step: Step, left: float, factor: float) -> Step:
    if len(step) == 2:
        return (step[0] - left) * factor, step[1]
    return (step[0] - left) * factor, step[1], step[2] * factor, *step[3:]


def _moved(step: Step, across: float, up: float) -> Step:
    return step[0] + across, step[1] + up, *step[2:]
