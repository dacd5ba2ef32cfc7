"""The same character by another hand: strokes that are moved, bent and turned before a pen draws them.

Bending pixels, as `augment` does, moves whole regions of a picture. Hands differ in more: a bar sits higher, a bowl is
wider than its stem is long, a stroke sets out later. Here each stroke goes its own way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from emnist_hf.data.strokes import Points, StrokeSet, draw_coverage, make_glyphs, smooth
from emnist_hf.ink.glyph import to_glyph

TURN = math.radians(5)  # standard deviations, of the whole character
BEND = 0.03  # of a 4x4 grid of displacements, as a share of the character's longer side
STROKE_TURN, STROKE_SIZE, STROKE_SHIFT = math.radians(4), 0.06, 0.025  # of each stroke by itself
CUT_SHARE, LONGEST_CUT = 0.3, 0.06  # how many strokes lose a piece at one end, and how much of their points at most
WIDTH, LEAN, SHAKE = 0.12, 0.12, 0.4  # the last in pixels of the pad
SMOOTHING = 0.02
PAD, PENS = 120, (2.0, 12.8)  # pixels: 5 to 32 on a pad of 300


def other_hand(strokes: Sequence[NDArray[Any]], rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Return strokes as somebody else might write them, float [n, 2] each, about their middle, 1 the longer side.

    Each stroke of several is turned, sized and moved by itself and may be cut at one end; all of them are bent by one
    smooth field and turned together.
    """
    everything = np.concatenate(strokes)
    longest = float(np.ptp(everything, axis=0).max()) or 1.0
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2
    turn = _rotation(rng.normal(0, TURN))
    field = rng.normal(0, 1, (2, 4, 4)) * BEND
    changed = []
    for points in strokes:
        centred = (np.asarray(points, np.float64) - middle) / longest
        if len(strokes) > 1:
            centred = _move(centred, rng)
        bent = centred + _displacement(centred, field)
        changed.append((_cut(bent, rng) @ turn.T).astype(np.float32))
    return changed


def _rotation(angle: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _move(points: Points, rng: np.random.Generator) -> Points:
    """Turn and size one stroke about its own middle, and move it."""
    middle = points.mean(axis=0)
    turn = _rotation(rng.normal(0, STROKE_TURN))
    sized = (points - middle) * np.exp(rng.normal(0, STROKE_SIZE, 2))
    return sized @ turn.T + middle + rng.normal(0, STROKE_SHIFT, 2)


def _displacement(points: Points, field: NDArray[np.float64]) -> Points:
    """Return what a field float [2, 4, 4] over the square from -0.5 to 0.5 adds to points in it: float [n, 2]."""
    place = np.clip((points + 0.5) * (field.shape[-1] - 1), 0, field.shape[-1] - 1)
    across = [map_coordinates(part, [place[:, 1], place[:, 0]], order=2, mode="nearest") for part in field]
    return np.stack(across, axis=1)


def _cut(points: Points, rng: np.random.Generator) -> Points:
    """Let a stroke set out late or end early, now and then."""
    if len(points) <= 6 or rng.random() >= CUT_SHARE:
        return points
    cut = int(len(points) * rng.uniform(0, LONGEST_CUT))
    return points[cut:] if rng.random() < 0.5 else points[: len(points) - cut]


class _Job(NamedTuple):
    strokes: list[NDArray[np.float32]]
    seed: int


def glyphs_by_other_hands(
    stroke_set: StrokeSet,
    rows: Sequence[int] | NDArray[np.integer[Any]],
    *,
    seed: int = 0,
    progress: bool = False,
) -> NDArray[np.uint8]:
    """Draw characters, each by a hand and with a pen of its own, and bring them to EMNIST's form; uint8 [N, 28, 28].

    A row that is named several times is drawn by several hands.
    """
    seeds = np.random.default_rng(seed).integers(0, 2**32, len(rows))
    jobs = (_Job(stroke_set.strokes(int(row)), int(own)) for row, own in zip(rows, seeds, strict=True))
    return make_glyphs(_glyph, jobs, len(rows), progress)


def _glyph(job: _Job) -> NDArray[np.uint8]:
    rng = np.random.default_rng(job.seed)
    strokes = other_hand(smooth(job.strokes, rng.uniform(0, SMOOTHING)), rng)
    stretched = [points * np.array([np.exp(rng.normal(0, WIDTH)), 1], np.float32) for points in strokes]
    pen, lean = rng.uniform(*PENS), rng.normal(0, LEAN)
    return to_glyph(draw_coverage(stretched, size=PAD, pen=pen, slant=lean, shake=SHAKE, rng=rng))
