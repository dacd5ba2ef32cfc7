"""Outlines: closed contours of lines and Bézier curves, moved, thickened, or traced from ink."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import cv2
import numpy as np
import pathops
from numpy.typing import NDArray

from emnist_hf.ink.types import Floats
from emnist_hf.styling.font_reader import Segment

Matrix = tuple[float, float, float, float, float, float]
"""An affine map (a, b, c, d, e, f), as in SVG: x' = a x + c y + e, y' = b x + d y + f."""

Box = tuple[float, float, float, float]
"""Lowest x, lowest y, highest x and highest y."""

UNITS = 1000
"""To an em, where outlines are written or worked on in whole numbers or fixed fractions."""

_UNMOVED: Matrix = (1, 0, 0, 1, 0, 0)
_STEPS = np.linspace(0, 1, 9)[1:]  # where on it a curve is measured
_BERNSTEIN = {
    n + 1: np.stack([math.comb(n, k) * _STEPS**k * (1 - _STEPS) ** (n - k) for k in range(n + 1)], axis=1)
    for n in (1, 2, 3)
}
"""By the number of control points: what share each of them has in the points of a Bézier curve; float64 [8, n]."""


def after(first: Matrix, second: Matrix) -> Matrix:
    """Return the map that does what `first` does and then what `second` does."""
    a, b, c, d, e, f = first
    (a, b), (c, d) = ((second[0] * x + second[2] * y, second[1] * x + second[3] * y) for x, y in ((a, b), (c, d)))
    return (a, b, c, d, *at(second, e, f))


def at(matrix: Matrix, x: Any, y: Any) -> tuple[Any, Any]:
    """Return where a map takes a point, or each of many."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def around(boxes: Iterable[Box]) -> Box:
    """Return the box around one or more boxes."""
    left, low, right, high = zip(*boxes)
    return min(left), min(low), max(right), max(high)


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed contours, filled by the nonzero rule; y points up, in whatever unit the maker says.

    Outlines are compared by identity: one that is set many times is written once.
    """

    segments: tuple[Segment, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.segments)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Points along all contours, float64 [N, 2], dense enough to measure extents by."""
        return np.concatenate([np.zeros((0, 2)), *self.polylines])

    @cached_property
    def polylines(self) -> list[NDArray[np.float64]]:
        """Every contour as a closed polygon, float64 [n, 2], eight points a curve."""
        return [np.concatenate(parts) for parts in _flattened(self.segments)]

    def bounds(self, matrix: Matrix = _UNMOVED) -> Box:
        """Return the box of the ink after `matrix`. Raise ValueError for an empty outline."""
        x, y = at(matrix, *self.points.T)
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def mapped(self, matrix: Matrix) -> Outline:
        """Return the outline after `matrix`."""
        a, b, c, d, e, f = matrix
        before = np.array([v for _, coordinates in self.segments for v in coordinates], np.float64).reshape(-1, 2)
        moved = np.stack(at(matrix, *before.T), axis=1).ravel().tolist()  # all at once: a font has 100,000 segments
        ends = list(accumulate((len(coordinates) for _, coordinates in self.segments), initial=0))
        changed = Outline(
            tuple((verb, tuple(moved[start:end])) for (verb, _), start, end in zip(self.segments, ends, ends[1:]))
        )
        if (known := self.__dict__.get("polylines")) is not None:  # they move along, which is quicker than anew
            changed.__dict__["polylines"] = [line @ ((a, b), (c, d)) + (e, f) for line in known]
        return changed

    def scaled(self, factor: float) -> Outline:
        """Return the outline `factor` times as large."""
        return self.mapped((factor, 0, 0, factor, 0, 0))

    def thickened(self, distance: float) -> Outline:
        """Return an outline in ems that was moved outwards by `distance` ems, or inwards where it is negative."""
        return self.scaled(UNITS).offset(UNITS * distance).scaled(1 / UNITS)

    def offset(self, distance: float) -> Outline:
        """Return the outline moved outwards by `distance`, or inwards where it is negative.

        Lengths are many units of the outline's, since path operations round to fixed fractions of one. The contour is
        stroked with a round pen and the stroke is added or taken away (Skia's path operations), so curves stay curves.
        An outline that cannot bear it is returned as it is.
        """
        if not self or not distance:
            return self
        path = _to_path(self)
        try:
            path.simplify()
            edge = pathops.Path(path)
            edge.stroke(2 * abs(distance), pathops.LineCap.ROUND_CAP, pathops.LineJoin.ROUND_JOIN, 4)
            edge.convertConicsToQuads(abs(distance) / 20)
            kind = pathops.PathOp.UNION if distance > 0 else pathops.PathOp.DIFFERENCE
            changed = pathops.op(path, edge, kind)
        except pathops.PathOpsError:
            return self
        grew = abs(changed.area) > abs(path.area)
        return from_path(changed) if grew == (distance > 0) and len(list(changed.segments)) else self

    def merged(self) -> Outline:
        """Return the same shape without contours that overlap; as it is where that cannot be found."""
        path = _to_path(self)
        try:
            path.simplify()
        except pathops.PathOpsError:
            return self
        return from_path(path)


def _flattened(segments: tuple[Segment, ...]) -> Iterator[list[NDArray[np.float64]]]:
    contour: list[NDArray[np.float64]] = []
    for verb, coordinates in segments:
        points = np.array(coordinates, np.float64).reshape(-1, 2)
        if verb == "M":
            if contour:
                yield contour
            contour = [points]
        elif verb in "QC":  # eight points along it, without its start
            control = np.concatenate([contour[-1][-1:], points])
            contour.append(_BERNSTEIN[len(control)] @ control)
        elif verb == "L":
            contour.append(points)
    if contour:
        yield contour


def _to_path(outline: Outline) -> pathops.Path:
    path = pathops.Path()
    draw = {"M": path.moveTo, "L": path.lineTo, "Q": path.quadTo, "C": path.cubicTo, "Z": path.close}
    for verb, coordinates in outline.segments:
        draw[verb](*coordinates)
    return path


_VERBS = {
    pathops.PathVerb.MOVE: "M",
    pathops.PathVerb.LINE: "L",
    pathops.PathVerb.QUAD: "Q",
    pathops.PathVerb.CUBIC: "C",
    pathops.PathVerb.CLOSE: "Z",
}


def from_path(path: pathops.Path) -> Outline:
    return Outline(tuple((_VERBS[verb], tuple(v for point in points for v in point)) for verb, points in path))


# --- tracing ---

OPENING = 2.5
"""How much of the white between strokes is given back."""

_FINE = 240  # pixels to which the longer side of the ink is enlarged before it is traced
_STRAY = 0.4  # of an enlarged pixel: how far, root mean square, a curve may lie from the edge it follows
_LEAST_AREA = 0.0015  # of the square of the longer side: contours of less are specks


def opened(coverage: Floats, stroke: float) -> Floats:
    """Return ink in which white that pen and blur have nearly closed, as in a small loop, is white again.

    An unsharp mask as wide as half a stroke: where ink ends it moves no edge, and between two strokes it takes the
    grey of both away. coverage: float32 [H, W], 0 to 1. stroke: pixels.
    """
    edge = math.ceil(stroke)
    padded = cv2.copyMakeBorder(np.clip(coverage, 0, 1), edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    soft = cv2.GaussianBlur(padded, (0, 0), max(0.5 * stroke, 0.5))
    return np.clip(padded + OPENING * (padded - soft), 0, 1)[edge:-edge, edge:-edge]


def trace(coverage: Floats) -> Outline:
    """Trace the edge of the ink at half coverage, in pixels, x right and y down from the upper left corner.

    coverage: float32 [H, W], 0 to 1. Every edge becomes a closed smoothing spline (Dierckx, Curve and Surface Fitting
    with Splines, 1993, as SciPy's `splprep` has it) cut into cubic Bézier curves; outer contours run clockwise on the
    page and holes the other way round. Nothing where there is no ink.
    """
    height, width = coverage.shape
    zoom = max(1.0, _FINE / max(height, width))
    padded = cv2.copyMakeBorder(coverage, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    large = cv2.resize(padded, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), 0.35 * zoom) if zoom > 1.5 else large
    edges, levels = cv2.findContours((large > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    least = _LEAST_AREA * max(large.shape) ** 2
    segments: list[Segment] = []
    for edge, level in zip(edges, levels[0] if levels is not None else ()):
        points = edge[:, 0, :].astype(np.float64)
        is_hole = level[3] >= 0
        if cv2.contourArea(edge) >= least and len(points) > 8:
            segments += _curves(_at_edge(points, large), is_hole)
    # Pixel centres are whole numbers here and half ones in the picture.
    shift = 0.5 / zoom - 2
    return Outline(tuple(segments)).mapped((1 / zoom, 0, 0, 1 / zoom, shift, shift))


def _at_edge(points: NDArray[np.float64], large: Floats) -> NDArray[np.float64]:
    """Move border pixels along the gradient to where the coverage is one half, by a pixel at the most."""
    smooth = cv2.GaussianBlur(large, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    column, row = points[:, 0].astype(int), points[:, 1].astype(int)
    slope = np.stack([across[row, column], down[row, column]], axis=1).astype(np.float64)
    step = (0.5 - smooth[row, column]) / np.maximum((slope**2).sum(axis=1), 1e-4)
    return points + np.clip(slope * step[:, None], -1, 1)


def _curves(points: NDArray[np.float64], is_hole: bool) -> list[Segment]:
    """Return a closed contour, float64 [n, 2], as cubic curves."""
    from scipy.interpolate import splev, splprep  # half a second to import, and few visitors make a font

    points = points[:: max(1, len(points) // 400)]
    closed = np.concatenate([points, points[:1]])
    length = float(np.hypot(*np.diff(closed, axis=0).T).sum())
    spline, _ = splprep(closed.T, s=len(closed) * _STRAY**2, per=True)
    pieces = int(np.clip(length / 18, 8, 90))
    at = np.linspace(0, 1, pieces + 1)[:-1]
    nodes, arms = np.stack(splev(at, spline), axis=1), np.stack(splev(at, spline, der=1), axis=1) / pieces / 3
    following = np.roll(nodes, -1, axis=0)
    area = (nodes[:, 0] * following[:, 1] - following[:, 0] * nodes[:, 1]).sum()
    if is_hole == (area > 0):
        nodes, arms = nodes[::-1], -arms[::-1]
    following, their = np.roll(nodes, -1, axis=0), np.roll(arms, -1, axis=0)
    curves = np.hstack([nodes + arms, following - their, following]).tolist()
    return [("M", tuple(nodes[0].tolist())), *(("C", tuple(curve)) for curve in curves), ("Z", ())]
