"""Ink traced to a smooth outline."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.styling.outline import Outline, Segment
from emnist_hf.widths import Floats

_FINE = 240  # pixels to which the longer side of the ink is enlarged before it is traced
_STRAY = 0.4  # of an enlarged pixel: how far, root mean square, a curve may lie from the edge it follows
_LEAST_AREA = 0.0015  # of the square of the longer side: contours of less are specks


def trace(coverage: Floats) -> Outline:
    """The edge of the ink at half coverage, in pixels of the picture, x right and y down from its upper left corner.

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
    """Border pixels moved along the gradient to where the coverage is one half, by a pixel at the most."""
    smooth = cv2.GaussianBlur(large, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    column, row = points[:, 0].astype(int), points[:, 1].astype(int)
    slope = np.stack([across[row, column], down[row, column]], axis=1).astype(np.float64)
    steep = np.maximum((slope**2).sum(axis=1), 1e-4)
    step = (0.5 - smooth[row, column]) / steep
    moved = slope * step[:, None]
    return points + np.clip(moved, -1, 1)


def _curves(points: NDArray[np.float64], is_hole: bool) -> list[Segment]:
    """A closed contour as cubic curves."""
    from scipy.interpolate import splev, splprep  # half a second to import, and few visitors make a font

    points = points[:: max(1, len(points) // 400)]
    closed = np.concatenate([points, points[:1]])
    length = float(np.hypot(*np.diff(closed, axis=0).T).sum())
    spline, _ = splprep(closed.T, s=len(closed) * _STRAY**2, per=True)
    pieces = int(np.clip(length / 18, 8, 90))
    at = np.linspace(0, 1, pieces + 1)[:-1]
    x, y = splev(at, spline)
    dx, dy = (np.asarray(v) / pieces / 3 for v in splev(at, spline, der=1))
    nodes, arms = np.stack([x, y], axis=1), np.stack([dx, dy], axis=1)
    area = 0.5 * float((nodes[:, 0] * np.roll(nodes[:, 1], -1) - np.roll(nodes[:, 0], -1) * nodes[:, 1]).sum())
    if math.copysign(1, area) != (-1 if is_hole else 1):
        nodes, arms = nodes[::-1], -arms[::-1]
    following, their = np.roll(nodes, -1, axis=0), np.roll(arms, -1, axis=0)
    segments: list[Segment] = [("M", tuple(nodes[0].tolist()))]
    for node, arm, to, back in zip(nodes, arms, following, their):
        segments.append(("C", (*(node + arm).tolist(), *(to - back).tolist(), *to.tolist())))
    return [*segments, ("Z", ())]
