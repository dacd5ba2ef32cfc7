"""Outlines of glyphs: closed contours of lines and Bézier curves, and what can be done to their weight."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pathops
from numpy.typing import NDArray

Matrix = tuple[float, float, float, float, float, float]
"""An affine map (a, b, c, d, e, f), as in SVG: x' = a x + c y + e, y' = b x + d y + f."""
Segment = tuple[str, tuple[float, ...]]
"""A verb of SVG's path syntax, M, L, Q, C or Z, and its coordinates."""

_STEPS = np.linspace(0, 1, 9)[1:]  # where on it a curve is measured
_BERNSTEIN = {
    n + 1: np.stack([math.comb(n, k) * _STEPS**k * (1 - _STEPS) ** (n - k) for k in range(n + 1)], axis=1)
    for n in (1, 2, 3)
}
"""By the number of control points: what share each of them has in the points of a Bézier curve; float64 [8, n]."""


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed contours, filled by the nonzero rule; y points up, in whatever unit the maker says.

    Outlines are compared by identity: one that is set many times is written once.
    """

    segments: tuple[Segment, ...]

    def __bool__(self) -> bool:
        return bool(self.segments)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Points along all contours, float64 [N, 2], dense enough to measure extents by."""
        return np.concatenate([np.zeros((0, 2)), *(line for line in self.polylines)])

    @cached_property
    def polylines(self) -> list[NDArray[np.float64]]:
        """Every contour as a closed polygon, float64 [n, 2], eight points a curve."""
        return [np.concatenate(parts) for parts in _flattened(self.segments)]

    def bounds(self, matrix: Matrix) -> tuple[float, float, float, float]:
        """Left, top, right and bottom after `matrix`. Raises ValueError for an empty outline."""
        a, b, c, d, e, f = matrix
        x = self.points[:, 0] * a + self.points[:, 1] * c + e
        y = self.points[:, 0] * b + self.points[:, 1] * d + f
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def mapped(self, matrix: Matrix) -> Outline:
        """The outline after `matrix`."""
        a, b, c, d, e, f = matrix

        def moved(coordinates: tuple[float, ...]) -> tuple[float, ...]:
            pairs = zip(coordinates[::2], coordinates[1::2])
            return tuple(v for x, y in pairs for v in (a * x + c * y + e, b * x + d * y + f))

        return Outline(tuple((verb, moved(coordinates)) for verb, coordinates in self.segments))

    def offset(self, distance: float) -> Outline:
        """Thickened by moving the outline outwards by `distance`, or thinned where it is negative.

        The contour is stroked with a round pen and the stroke is added or taken away (Skia's path operations), so
        curves stay curves. An outline that cannot bear it is returned as it is.
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
        return _from_path(changed) if grew == (distance > 0) and len(list(changed.segments)) else self

    def merged(self) -> Outline:
        """The same shape without contours that overlap; as it is where that cannot be found."""
        path = _to_path(self)
        try:
            path.simplify()
        except pathops.PathOpsError:
            return self
        return _from_path(path)


def _flattened(segments: tuple[Segment, ...]) -> Iterator[list[NDArray[np.float64]]]:
    contour: list[NDArray[np.float64]] = []
    for verb, coordinates in segments:
        points = np.array(coordinates, np.float64).reshape(-1, 2)
        if verb == "M":
            if contour:
                yield contour
            contour = [points]
        elif verb in "QC":
            contour.append(_curve(np.concatenate([contour[-1][-1:], points])))
        elif verb == "L":
            contour.append(points)
    if contour:
        yield contour


def _curve(control: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eight points along a Bézier curve, without its start; control: float64 [2 to 4, 2]."""
    return np.asarray(_BERNSTEIN[len(control)] @ control)


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


def _from_path(path: pathops.Path) -> Outline:
    return Outline(tuple((_VERBS[verb], tuple(v for point in points for v in point)) for verb, points in path))
