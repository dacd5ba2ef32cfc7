"""Drawings that are no character: scribbles, punctuation, doodles, two or three characters in one box, noise.

A visitor may send them, and a classifier of 62 characters must not answer with confidence. They are drawn as strokes
with random pens, so that any number of different ones can be had; `rejection` learns from them what is no character.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.doodles import HELD_OUT, KINDS
from emnist_hf.data.strokes import Points, draw_coverage
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.ink.picture import NoInkError
from emnist_hf.ink.types import Floats

PAD = 120  # pixels
PENS = (3.0, 13.0)  # diameters in pixels on that pad

LEARNT = [kind for kind in KINDS if kind not in HELD_OUT]

Drawing = list[Points]
Generator = np.random.Generator

PUNCTUATION = {
    ".": "0.5,0.5",
    ":": "0.5,0.2 | 0.5,0.8",
    ";": "0.5,0.2 | 0.52,0.7 0.52,0.8 0.45,0.95",
    "...": "0,0.5 | 0.5,0.5 | 1,0.5",
    "!": "0.5,0 0.5,0.62 | 0.5,0.95",
    "?": "0.2,0.2 0.35,0.03 0.6,0 0.8,0.18 0.75,0.35 0.52,0.5 0.5,0.68 | 0.5,0.95",
    "-": "0,0.5 1,0.5",
    "~": "0,0.5 0.15,0.4 0.3,0.38 0.5,0.5 0.7,0.62 0.85,0.6 1,0.5",
    '"': "0.35,0.2 0.33,0.6 | 0.65,0.2 0.63,0.6",
    "=": "0.1,0.35 0.9,0.35 | 0.1,0.65 0.9,0.65",
    "+": "0,0.5 1,0.5 | 0.5,0 0.5,1",
    "*": "0,0.25 1,0.75 | 1,0.25 0,0.75 | 0.5,0 0.5,1",
    "#": "0.35,0 0.25,1 | 0.75,0 0.65,1 | 0,0.33 1,0.33 | 0,0.67 1,0.67",
    "%": "0.9,0 0.1,1 | 0.25,0.05 0.4,0.2 0.25,0.35 0.1,0.2 0.25,0.05 | 0.75,0.65 0.9,0.8 0.75,0.95 0.6,0.8 0.75,0.65",
    "&": "0.95,0.95 0.3,0.25 0.35,0.05 0.55,0.02 0.62,0.2 0.15,0.6 0.15,0.85 0.4,1 0.7,0.85 0.9,0.5",
    "@": (
        "0.65,0.4 0.5,0.32 0.35,0.5 0.45,0.68 0.62,0.6 0.66,0.38 0.68,0.62 0.85,0.62 0.95,0.4 0.8,0.1 0.5,0 "
        "0.15,0.15 0,0.5 0.15,0.85 0.5,1 0.85,0.9"
    ),
    "$": "0.85,0.2 0.5,0.1 0.2,0.25 0.35,0.45 0.65,0.55 0.8,0.75 0.5,0.9 0.15,0.8 | 0.5,0 0.5,1",
    "^": "0.1,0.6 0.5,0.2 0.9,0.6",
    ">": "0.1,0.1 0.8,0.5 0.1,0.9",
    "[]": "0.35,0 0.1,0 0.1,1 0.35,1 | 0.65,0 0.9,0 0.9,1 0.65,1",
    "()": "0.3,0 0.12,0.25 0.12,0.75 0.3,1 | 0.7,0 0.88,0.25 0.88,0.75 0.7,1",
    "->": "0,0.5 1,0.5 | 0.7,0.25 1,0.5 0.7,0.75",
    "tick": "0,0.6 0.3,0.95 1,0",
}
"""Marks as strokes through points x,y of a unit square, y downwards; | lifts the pen.

Those that drawn alone are a 1, an l, a C or an x are left out.
"""


def drawings(count: int, rng: Generator, characters: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Draw things that are no character, as a visitor's drawing would arrive: glyphs uint8 [count, 28, 28].

    characters: glyphs uint8 [N, 28, 28] from which pairs and crossed-out ones are made, a third of the result;
    without them there are strokes alone. All kinds come equally often.
    """
    kinds: list[Callable[[], NDArray[np.uint8]]] = [
        lambda: _inked(_scribble(rng), rng),
        lambda: _inked(_zigzag(rng), rng),
        lambda: _inked(_spiral(rng), rng),
        lambda: _inked(_mark(rng), rng),
        lambda: _inked(_doodle(rng), rng),
        lambda: _noise(rng),
    ]
    if characters is not None and len(characters):
        kinds += [
            lambda: _side_by_side(_pick(characters, 2, rng), rng),
            lambda: _side_by_side(_pick(characters, int(rng.integers(2, 5)), rng), rng),
            lambda: _crossed_out(_pick(characters, 1, rng)[0], rng),
        ]
    return _stack([kinds[place % len(kinds)]() for place in range(count)])


def pairs(count: int, rng: Generator, characters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put two characters in one box, as close as in a word: glyphs uint8 [count, 28, 28], from glyphs [N, 28, 28]."""
    return _stack([_side_by_side(_pick(characters, 2, rng), rng) for _ in range(count)])


def doodles(count: int, rng: Generator) -> NDArray[np.uint8]:
    """Draw kinds of `data.doodles` that are not held out: glyphs uint8 [count, 28, 28]."""
    return _stack([_inked(_doodle(rng), rng) for _ in range(count)])


def _stack(glyphs: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.array(glyphs, np.uint8).reshape(-1, 28, 28)


def _inked(drawing: Drawing, rng: Generator) -> NDArray[np.uint8]:
    return to_glyph(draw_coverage(_jittered(drawing, rng), size=PAD, pen=float(rng.uniform(*PENS)), rng=rng))


def _jittered(drawing: Drawing, rng: Generator) -> Drawing:
    """Move each point a little, and turn, slant and stretch the whole."""
    angle, stretch = rng.normal(0, 0.12), np.exp(rng.normal(0, 0.2))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    lean = np.array([[stretch, rng.normal(0, 0.15)], [0, 1]])
    spread = max(float(np.ptp(np.concatenate(drawing), axis=0).max()), 1e-6)
    return [(points + rng.normal(0, 0.02 * spread, points.shape)) @ (turn @ lean).T for points in drawing]


def _smooth(points: Points, per_point: int = 8) -> Points:
    """Draw a smooth curve through points: cubic, parametrised evenly."""
    from scipy.interpolate import CubicSpline

    knots = np.arange(len(points))
    return CubicSpline(knots, points)(np.linspace(0, len(points) - 1, per_point * len(points)))


def _scribble(rng: Generator) -> Drawing:
    """Let a pen wander: one to three curves through random points."""
    lines = int(rng.integers(1, 4))
    return [
        _smooth(rng.uniform(0, 1, (int(rng.integers(7, 22)), 2)) * (1, rng.uniform(0.4, 1.2))) for _ in range(lines)
    ]


def _zigzag(rng: Generator) -> Drawing:
    """Hatch to and fro, as one blackens something."""
    turns = int(rng.integers(6, 16))
    across = np.linspace(0, 1, turns) + rng.normal(0, 0.03, turns)
    down = np.where(np.arange(turns) % 2, 0.0, rng.uniform(0.3, 1.2)) + rng.normal(0, 0.06, turns)
    line = np.stack([across, down] if rng.random() < 0.5 else [down, across], axis=1)
    return [_smooth(line) if rng.random() < 0.5 else line]


def _spiral(rng: Generator) -> Drawing:
    """Go round and round, or in loops along a line."""
    turns = rng.uniform(3, 7)
    angle = np.linspace(0, 2 * math.pi * turns, 120) * rng.choice((-1, 1))
    radius = np.linspace(rng.uniform(0.02, 0.3), 1, 120)
    drift = np.linspace(0, rng.choice((0.0, 3.0)), 120)
    return [np.stack([radius * np.cos(angle) + drift, radius * np.sin(angle)], axis=1)]


def _mark(rng: Generator) -> Drawing:
    """Draw one of `PUNCTUATION`."""
    strokes = list(PUNCTUATION.values())[int(rng.integers(len(PUNCTUATION)))].split("|")
    return [np.array([point.split(",") for point in stroke.split()], np.float64) for stroke in strokes]


def _doodle(rng: Generator) -> Drawing:
    """Draw what people draw to try a page out: faces, hearts, arrows, suns, boxes, waves."""
    strokes = KINDS[LEARNT[int(rng.integers(len(LEARNT)))]](rng)
    return [np.array(stroke, np.float64) for stroke in strokes]


def _noise(rng: Generator) -> NDArray[np.uint8]:
    """Make blots, specks and grain: what is left of blank paper when some of it is taken for ink."""
    import cv2

    field = cv2.GaussianBlur(rng.normal(size=(PAD, PAD)).astype(np.float32), (0, 0), float(rng.uniform(1.5, 9)))
    level = np.quantile(field, rng.uniform(0.5, 0.97))
    coverage = np.clip((field - level) / (field.std() * 0.2) + 0.5, 0, 1).astype(np.float32)
    try:
        return to_glyph(coverage)
    except NoInkError:
        return np.zeros((28, 28), np.uint8)


def _pick(characters: NDArray[np.uint8], count: int, rng: Generator) -> NDArray[np.uint8]:
    return characters[rng.integers(0, len(characters), count)]


def _side_by_side(glyphs: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Put several characters in one box, as close as in a word."""
    trimmed = [_trimmed(glyph) for glyph in glyphs]
    gaps = [int(rng.integers(-1, 6)) for _ in trimmed[1:]]
    width = sum(part.shape[1] for part in trimmed) + sum(max(gap, 0) for gap in gaps) + 8
    sheet = np.zeros((40, width), np.float32)
    left = 4
    for part, gap in zip(trimmed, [*gaps, 0], strict=True):
        top = 6 + int(rng.integers(0, 28 - part.shape[0] + 1))
        place = sheet[top : top + part.shape[0], left : left + part.shape[1]]
        np.maximum(place, part[:, : place.shape[1]], out=place)
        left += part.shape[1] + gap
    return to_glyph(sheet.repeat(3, axis=0).repeat(3, axis=1))


def _trimmed(glyph: NDArray[np.uint8]) -> Floats:
    """Return a glyph's ink as coverage, cropped to it."""
    ink = glyph.astype(np.float32) / np.float32(255)
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.3), np.flatnonzero(ink.max(axis=0) > 0.3)
    if not len(rows):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _crossed_out(glyph: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Strike a character out with a few lines or hatching, as its writer would."""
    sheet = np.kron(glyph.astype(np.float32) / 255, np.ones((4, 4), np.float32))
    over = _zigzag(rng) if rng.random() < 0.6 else [rng.uniform(0, 1, (2, 2)) for _ in range(int(rng.integers(3, 6)))]
    strike = draw_coverage(_jittered(over, rng), size=len(sheet), pen=float(rng.uniform(6, 11)), margin=0.1, rng=rng)
    return to_glyph(np.maximum(sheet, strike))
