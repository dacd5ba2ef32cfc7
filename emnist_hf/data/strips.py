"""Strokes to strips as the line network sees them: another hand, another pen, and what paper leaves of the ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.strip import CAPITAL, HEIGHT, MARGIN, SPREAD, place_on_strip, scale_of, spread_of
from emnist_hf.ink.types import Bytes, Floats

Points = NDArray[np.float64]
Strokes = Sequence[NDArray[Any]]

OVERSAMPLE = 4  # cv2 draws whole pixels' pens: drawn larger and shrunk
PENS = (0.03, 0.19)  # diameters in heights of a capital
LEAN, CLIMB, WIDTH = (
    0.22,
    0.12,
    0.16,
)  # standard deviations: tangent of the lean, capitals over all of a line, logarithm
STRAIGHTENED = 4.0  # width in capitals from which a line is laid level
SIZE, PLACE = 0.14, 1.6  # of the logarithm of the scale, and of the row, in pixels
WAVE, BEND, SHAKE = 0.03, 0.02, 0.008  # of smooth movements, as a share of a capital
OWN_SCALE = 0.5  # how often a strip is scaled by its own ink, and not by the writer's capitals


@dataclass(frozen=True)
class Drawn:
    """Strokes on a strip: points float64 [P, 2]; where each begins, int64 [S + 1]; width and a capital in pixels."""

    points: Points
    bounds: NDArray[np.int64]
    width: int
    capital: float


def by_another_hand(strokes: Strokes, capital: float, rng: np.random.Generator) -> Drawn:
    """Lean, stretch, bend and shake strokes and bring them to a strip.

    capital: height of an ordinary capital, in units of the strokes.
    """
    bounds = np.concatenate([[0], np.cumsum([len(s) for s in strokes])])
    points = np.concatenate(strokes).astype(np.float64) / capital
    points -= points.min(axis=0)
    wide = float(points[:, 0].max())
    if wide > STRAIGHTENED:  # as reading lays its lines level
        points[:, 1] -= np.polyfit(points[:, 0], points[:, 1], 1)[0] * points[:, 0]
    lean, climb = rng.normal(0, LEAN), rng.normal(0, CLIMB) / max(wide, 3.0)
    middle = float(points[:, 1].mean())
    points[:, 1] += climb * points[:, 0]
    points[:, 0] = points[:, 0] * np.exp(rng.normal(0, WIDTH)) - lean * (points[:, 1] - middle)
    points += _waves(points, rng)
    return _on_strip(points, bounds, rng)


def _waves(points: Points, rng: np.random.Generator) -> Points:
    """Return smooth movements: of the whole line up and down, of each letter, and of a hand that shakes."""
    x, y = points[:, 0], points[:, 1]
    moved = np.zeros_like(points)
    for period, size in ((4.0, WAVE), (1.2, BEND), (0.15, SHAKE * rng.random())):
        phases = rng.uniform(0, 2 * np.pi, 4)
        lengths = period * np.exp(rng.normal(0, 0.3, 4))
        amplitudes = rng.normal(0, size, 4)
        moved[:, 0] += amplitudes[0] * np.sin(phases[0] + 2 * np.pi * x / lengths[0])
        moved[:, 0] += amplitudes[1] * np.sin(phases[1] + 2 * np.pi * y / lengths[1])
        moved[:, 1] += amplitudes[2] * np.sin(phases[2] + 2 * np.pi * x / lengths[2])
        moved[:, 1] += amplitudes[3] * np.sin(phases[3] + 2 * np.pi * y / lengths[3])
    return moved


def _on_strip(points: Points, bounds: NDArray[np.int64], rng: np.random.Generator) -> Drawn:
    """Scale points, 1 = a capital, as `ink.strip.to_strip` scales ink, not quite steadily."""
    top, bottom = float(points[:, 1].min()), float(points[:, 1].max())
    middle, spread = _spread(points, bounds)
    scale = CAPITAL
    if rng.random() < OWN_SCALE:
        scale = SPREAD / max(spread, 0.03)
        scale = min(scale, 3 * CAPITAL)
    scale, place = place_on_strip(top, bottom, middle, scale * np.exp(rng.normal(0, SIZE)))
    free = (place - (middle - top) * scale - 1, HEIGHT - 1 - place - (bottom - middle) * scale)
    place += float(np.clip(rng.normal(0, PLACE), -max(free[0], 0), max(free[1], 0)))
    left = float(points[:, 0].min())
    placed = np.stack([(points[:, 0] - left) * scale + MARGIN, (points[:, 1] - middle) * scale + place], axis=1)
    return Drawn(placed, bounds, int(placed[:, 0].max()) + MARGIN + 1, scale)


def _spread(points: Points, bounds: NDArray[np.int64]) -> tuple[float, float]:
    """Return mean and standard deviation of the rows of strokes, by their length."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    lengths[bounds[1:-1] - 1] = 0
    rows = (points[1:, 1] + points[:-1, 1]) / 2
    if not lengths.sum() > 0:
        return float(points[:, 1].mean()), 0.0
    mean = float(np.average(rows, weights=lengths))
    return mean, float(np.sqrt(np.average((rows - mean) ** 2, weights=lengths)))


def draw_strip(drawn: Drawn, rng: np.random.Generator) -> Bytes:
    """Draw strokes on a strip with some pen, round caps and joins: uint8 [HEIGHT, W], 255 = ink."""
    pen = max(0.7, float(np.exp(rng.uniform(*np.log(PENS)))) * drawn.capital)
    canvas = np.zeros((HEIGHT * OVERSAMPLE, drawn.width * OVERSAMPLE), np.uint8)
    fixed = np.rint(drawn.points * OVERSAMPLE * 16).astype(np.int32)
    parts = [
        fixed[a:b] if b - a > 1 else np.repeat(fixed[a:b], 2, axis=0) for a, b in zip(drawn.bounds, drawn.bounds[1:])
    ]
    cv2.polylines(canvas, parts, False, 255, max(1, round(pen * OVERSAMPLE)), cv2.LINE_8, 4)
    return cv2.resize(canvas, (drawn.width, HEIGHT), interpolation=cv2.INTER_AREA)


def weathered(strip: Bytes, rng: np.random.Generator, other: Bytes | None = None) -> Bytes:
    """Return a strip as paper, light and cleaning leave it: blurred, broken, with rests of rules and of other lines.

    other: a strip of some other line, of which a piece may reach in from above or below.
    """
    ink = strip.astype(np.float32)
    if other is not None and rng.random() < 0.15:
        _intrude(ink, other, rng)
    if rng.random() < 0.12:
        _rule(ink, rng)
    if rng.random() < 0.6:
        ink = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.3, 1.3)))
        ink *= float(rng.uniform(1.0, 1.6))
    if rng.random() < 0.3:
        _fade(ink, rng)
    if rng.random() < 0.15:
        _speckle(ink, rng)
    if rng.random() < 0.4:
        ink += rng.normal(0, rng.uniform(2, 14), ink.shape).astype(np.float32) * (ink > 4)
    if rng.random() < 0.2:  # ink found by a threshold has hard edges
        ink = (ink - 110) * rng.uniform(2, 6) + 110
    return np.clip(ink, 0, 255).astype(np.uint8)


def _intrude(ink: Floats, other: Bytes, rng: np.random.Generator) -> None:
    """Let the feet of the line above, or the heads of that below, reach into a strip."""
    rows, width = int(rng.integers(3, 9)), int(rng.integers(10, 60))
    start = int(rng.integers(0, max(1, ink.shape[1] - width)))
    begin = int(rng.integers(0, max(1, other.shape[1] - width)))
    if rng.random() < 0.5:
        piece = other[HEIGHT - 8 - rows : HEIGHT - 8, begin : begin + width]
        place = ink[:rows, start : start + width]
    else:
        piece = other[8 : 8 + rows, begin : begin + width]
        place = ink[HEIGHT - rows :, start : start + width]
    shared = min(place.shape[1], piece.shape[1])
    np.maximum(place[:, :shared], piece[:, :shared], out=place[:, :shared])


def _rule(ink: Floats, rng: np.random.Generator) -> None:
    """Leave pieces of a ruled line, or take a ruled line out of the ink and the ink on it with it."""
    row, thick = int(rng.integers(4, HEIGHT - 4)), int(rng.integers(1, 3))
    if rng.random() < 0.5:
        ink[row : row + thick] *= (rng.random((1, ink.shape[1])) < rng.uniform(0.2, 0.8)).astype(np.float32)
        return
    whole = rng.random() < 0.3
    for _ in range(int(rng.integers(1, 4))):
        length = ink.shape[1] if whole else int(rng.integers(5, 80))
        start = 0 if whole else int(rng.integers(0, ink.shape[1]))
        part = ink[row : row + thick, start : start + length]
        np.maximum(part, float(rng.uniform(60, 220)), out=part)


def _fade(ink: Floats, rng: np.random.Generator) -> None:
    """Let the pen run dry here and there."""
    coarse = rng.uniform(rng.uniform(0.25, 0.8), 1.0, (6, max(2, ink.shape[1] // 8))).astype(np.float32)
    ink *= cv2.resize(coarse, ink.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _speckle(ink: Floats, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 6))):
        x, y, r = int(rng.integers(0, ink.shape[1])), int(rng.integers(0, HEIGHT)), int(rng.integers(0, 2))
        part = ink[y : y + 1 + r, x : x + 1 + r]
        np.maximum(part, float(rng.uniform(60, 255)), out=part)


def to_strip_by_text(ink: Floats, capital: float, rng: np.random.Generator) -> Bytes:
    """Bring drawn ink, float32 [h, w], whose capitals are so high, to a strip by a little unsteady hand."""
    lean, width = rng.normal(0, 0.6 * LEAN), np.exp(rng.normal(0, WIDTH))
    scale = CAPITAL / capital
    if rng.random() < OWN_SCALE:
        scale = min(scale_of(ink), 3 * CAPITAL / capital)
    rows = np.flatnonzero(ink.max(axis=1) > 0.1)
    if not len(rows):
        return np.zeros((HEIGHT, 2 * MARGIN), np.uint8)
    middle = spread_of(ink)[0]
    scale, place = place_on_strip(float(rows[0]), float(rows[-1] + 1), middle, scale * np.exp(rng.normal(0, SIZE)))
    place += float(np.clip(rng.normal(0, PLACE), -3, 3))
    reach = abs(lean) * ink.shape[0] * scale
    columns = ink.shape[1] * scale * width + 2 * MARGIN + reach
    across = scale * width
    matrix = np.array(
        [[across, -lean * scale, MARGIN + lean * scale * middle + reach / 2], [0, scale, place - middle * scale]]
    )
    if scale < 0.6:
        ink = cv2.GaussianBlur(ink, (0, 0), 0.35 / scale)
    strip = cv2.warpAffine(ink, matrix, (int(columns), HEIGHT), flags=cv2.INTER_LINEAR)
    return np.rint(strip * 255).clip(0, 255).astype(np.uint8)
