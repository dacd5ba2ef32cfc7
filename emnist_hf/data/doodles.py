"""What people draw that is no writing: arrows, charts, suns, faces, fish, by an unsteady hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

SIZE = (420, 340)

Points = list[tuple[float, float]]
Doodle = Callable[[np.random.Generator], list[Points]]
"""Strokes in a square of -1 to 1, y downwards."""


def _round(x: float = 0, y: float = 0, r: float = 1, start: float = 0, end: float = 360) -> Points:
    angles = np.radians(np.linspace(start, end, max(int(abs(end - start) / 9), 6)))
    return [(x + r * math.cos(a), y + r * math.sin(a)) for a in angles]


def _arrow(rng: np.random.Generator) -> list[Points]:
    return [[(-1, 0), (1, -0.2)], [(0.65, -0.5), (1, -0.2), (0.7, 0.15)]]


def _chart_box(rng: np.random.Generator) -> list[Points]:
    return [[(-1, -0.5), (1, -0.5), (1, 0.5), (-1, 0.5), (-1, -0.5)], [(0, 0.5), (0, 1)]]


def _chart(rng: np.random.Generator) -> list[Points]:
    box = [(-0.4, -1.0), (0.4, -1.0), (0.4, -0.5), (-0.4, -0.5), (-0.4, -1.0)]
    below = [(x, y + 1.4) for x, y in box]
    return [box, below, [(0, -0.5), (0, 0.4)], [(-0.1, 0.25), (0, 0.4), (0.1, 0.25)]]


def _sun(rng: np.random.Generator) -> list[Points]:
    turns = np.arange(8) * math.pi / 4 + rng.uniform(0, 0.7)
    return [_round(r=0.5), *([(f * math.cos(a), f * math.sin(a)) for f in (0.65, 1.1)] for a in turns)]


def _face(rng: np.random.Generator) -> list[Points]:
    eyes = [_round(side * 0.33, -0.33, 0.07) for side in (-1, 1)]
    return [_round(), *eyes, _round(0, 0.1, 0.5, 20, 160)]


def _spiral(rng: np.random.Generator) -> list[Points]:
    t = np.linspace(0, 7 * math.pi, 200)
    return [[(a / 22 * math.cos(a), a / 22 * math.sin(a)) for a in t]]


def _zigzag(rng: np.random.Generator) -> list[Points]:
    return [[(-1 + k / 4, (k % 2 * 2 - 1) / 3 * rng.uniform(0.5, 1.2)) for k in range(10)]]


def _heart(rng: np.random.Generator) -> list[Points]:
    t = np.linspace(0, 2 * math.pi, 60)
    x, y = 16 * np.sin(t) ** 3, -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t)
    return [list(zip((x / 17).tolist(), (y / 17).tolist()))]


def _star(rng: np.random.Generator) -> list[Points]:
    turns = np.arange(6) * 4 * math.pi / 5 - math.pi / 2
    return [[(math.cos(a), math.sin(a)) for a in turns]]


def _house(rng: np.random.Generator) -> list[Points]:
    roof = [(-0.9, -0.2), (0, -1), (0.9, -0.2)]
    walls, door = ([(-x, y), (-x, 0.9), (x, 0.9), (x, y)] for x, y in ((0.7, -0.2), (0.2, 0.3)))
    return [walls, roof, door]


def _tree(rng: np.random.Generator) -> list[Points]:
    turns = np.linspace(0, 6.3, 70)
    crown = [(0.6 * math.cos(a) * (1 + 0.15 * math.sin(7 * a)), -0.4 + 0.6 * math.sin(a)) for a in turns]
    return [crown, [(-0.12, 0.15), (-0.15, 1)], [(0.12, 0.15), (0.15, 1)]]


def _cloud(rng: np.random.Generator) -> list[Points]:
    left, top, right = (-0.6, 0.1, 0.35, 90, 290), (-0.1, -0.2, 0.45, 190, 350), (0.55, 0.05, 0.4, 250, 450)
    return [[p for arc in (left, top, right) for p in _round(*arc)] + [(-0.6, 0.45)]]


def _flower(rng: np.random.Generator) -> list[Points]:
    petals = [_round(0.45 * math.cos(a), -0.4 + 0.45 * math.sin(a), 0.22) for a in np.arange(6) * math.pi / 3]
    return [_round(0, -0.4, 0.2), *petals, [(0, 0.3), (0.05, 1)]]


def _underlines(rng: np.random.Generator) -> list[Points]:
    return [[(-1.2, y), (1.2, y + rng.uniform(-0.04, 0.04))] for y in (-0.1, 0.1)]


def _frame(rng: np.random.Generator) -> list[Points]:
    return [[(-1.3, -0.9), (1.3, -0.9), (1.3, 0.9), (-1.3, 0.9), (-1.3, -0.9)]]


def _bullets(rng: np.random.Generator) -> list[Points]:
    return [_round(-0.9, y, 0.06) for y in (-0.7, 0, 0.7)]


def _figure(rng: np.random.Generator) -> list[Points]:
    lines: list[Points] = [[(0, -0.4), (0, 0.3)], [(-0.5, -0.15), (0.5, -0.15)]]
    legs: list[Points] = [[(0, 0.3), (side * 0.35, 1)] for side in (-1, 1)]
    return [_round(0, -0.7, 0.3), *lines, *legs]


def _wave(rng: np.random.Generator) -> list[Points]:
    turns, high = rng.uniform(5, 14), rng.uniform(0.12, 0.25)
    return [[(x, high * math.sin(turns * x)) for x in np.linspace(-1.2, 1.2, 100)]]


def _scribble(rng: np.random.Generator) -> list[Points]:
    return [[(rng.uniform(-1, 1), rng.uniform(-0.6, 0.6)) for _ in range(16)]]


def _fish(rng: np.random.Generator) -> list[Points]:
    body = [(0.8 * math.cos(a) - 0.1, 0.4 * math.sin(a)) for a in np.linspace(0, 6.3, 40)]
    return [body, [(0.7, 0), (1.1, -0.4), (1.1, 0.4), (0.7, 0)], _round(-0.5, -0.1, 0.05)]


def _boat(rng: np.random.Generator) -> list[Points]:
    return [[(-1, 0.3), (1, 0.3), (0.6, 0.8), (-0.6, 0.8), (-1, 0.3)], [(0, 0.3), (0, -1), (0.7, 0.1), (0, 0.1)]]


def _cat(rng: np.random.Generator) -> list[Points]:
    ears = [[(s * 0.6, -0.55), (s * 0.65, -1), (s * 0.25, -0.75)] for s in (-1, 1)]
    whiskers = [[(s * 0.2, 0.25 + d), (s * 0.8, 0.2 + 2 * d)] for s in (-1, 1) for d in (-0.06, 0.06)]
    return [_round(r=0.8), *ears, *whiskers, *(_round(s * 0.3, -0.2, 0.06) for s in (-1, 1))]


def _cube(rng: np.random.Generator) -> list[Points]:
    square = [(-0.8, -0.3), (0.3, -0.3), (0.3, 0.8), (-0.8, 0.8), (-0.8, -0.3)]
    back = [(-0.8, -0.3), (-0.35, -0.7), (0.75, -0.7), (0.75, 0.4), (0.3, 0.8)]
    return [square, back, [(0.3, -0.3), (0.75, -0.7)]]


def _clock(rng: np.random.Generator) -> list[Points]:
    hands = rng.uniform(0, 2 * math.pi, 2)
    return [_round(), *([(0, 0), (f * math.cos(a), f * math.sin(a))] for f, a in zip((0.5, 0.75), hands))]


def _cup(rng: np.random.Generator) -> list[Points]:
    return [[(-0.6, -0.5), (-0.5, 0.6), (0.4, 0.6), (0.5, -0.5), (-0.6, -0.5)], _round(0.6, 0, 0.3, -80, 80)]


def _leaf(rng: np.random.Generator) -> list[Points]:
    t = np.linspace(-1, 1, 30)
    edges = [[(x, s * 0.45 * (1 - x * x)) for x in t] for s in (-1, 1)]
    return [*edges, [(-1, 0), (1.3, 0)], *([(x, 0), (x + 0.2, s * 0.2)] for x in (-0.3, 0.2) for s in (-1, 1))]


def _lightning(rng: np.random.Generator) -> list[Points]:
    return [[(0.1, -1), (-0.4, 0.1), (0.05, 0.05), (-0.2, 1), (0.5, -0.2), (0.05, -0.15), (0.4, -1), (0.1, -1)]]


def _mountains(rng: np.random.Generator) -> list[Points]:
    return [[(-1.3, 0.6), (-0.6, -0.5), (-0.1, 0.2), (0.4, -0.8), (1.3, 0.6)], _round(-1, -0.7, 0.18)]


def _umbrella(rng: np.random.Generator) -> list[Points]:
    rim = [p for k in range(4) for p in _round(-0.75 + k * 0.5, 0, 0.25, 180, 360)]
    return [_round(r=1, start=180, end=360), rim, [(0, -1), (0, 0.8)], _round(0.15, 0.8, 0.15, 180, 0)]


def _grid(rng: np.random.Generator) -> list[Points]:
    down: list[Points] = [[(c, -1.0), (c, 1.0)] for c in (-0.33, 0.33)]
    return down + [[(y, x) for x, y in line] for line in down]


def _eye(rng: np.random.Generator) -> list[Points]:
    t = np.linspace(-1, 1, 30)
    return [*([(x, s * 0.5 * (1 - x * x)) for x in t] for s in (-1, 1)), _round(r=0.3), _round(r=0.1)]


def _butterfly(rng: np.random.Generator) -> list[Points]:
    wings = [_round(s * 0.5, y, r) for s in (-1, 1) for y, r in ((-0.35, 0.45), (0.4, 0.35))]
    return [*wings, [(0, -0.6), (0, 0.7)], [(0, -0.6), (-0.25, -1)], [(0, -0.6), (0.25, -1)]]


def _envelope(rng: np.random.Generator) -> list[Points]:
    corners = {"a": (-0.8, 0.9), "b": (-0.8, -0.2), "c": (0, -1), "d": (0.8, -0.2), "e": (0.8, 0.9)}
    return [[corners[name] for name in "abcdeadbe"]]


def _crossed_box(rng: np.random.Generator) -> list[Points]:
    return [[(-1, -0.8), (1, -0.8), (1, 0.8), (-1, 0.8), (-1, -0.8)], [(-1, -0.8), (1, 0.8)]]


def _lattice(rng: np.random.Generator) -> list[Points]:
    steps = np.linspace(-1, 1, int(rng.integers(3, 6))).tolist()
    return [[(s, -1.0), (s, 1.0)] for s in steps] + [[(-1.0, s), (1.0, s)] for s in steps]


def _double_arrow(rng: np.random.Generator) -> list[Points]:
    heads = [[(s * 0.7, -0.25), (s, 0), (s * 0.7, 0.25)] for s in (-1, 1)]
    return [[(-1, 0), (1, 0)], *heads]


def _bent_arrow(rng: np.random.Generator) -> list[Points]:
    return [_round(0, 0.3, 1, 180, 330), [(0.55, -0.35), (0.87, -0.2), (0.9, -0.6)]]


def _balloons(rng: np.random.Generator) -> list[Points]:
    places = ((-0.6, -0.4), (0, -0.7), (0.6, -0.35))
    return [*(_round(x, y, 0.28) for x, y in places), *([(x, y + 0.28), (0, 1)] for x, y in places)]


KINDS: dict[str, Doodle] = {
    "arrow": _arrow,
    "chart box": _chart_box,
    "chart": _chart,
    "sun": _sun,
    "face": _face,
    "spiral": _spiral,
    "zigzag": _zigzag,
    "heart": _heart,
    "star": _star,
    "house": _house,
    "tree": _tree,
    "cloud": _cloud,
    "flower": _flower,
    "underlines": _underlines,
    "frame": _frame,
    "bullets": _bullets,
    "figure": _figure,
    "wave": _wave,
    "scribble": _scribble,
    "fish": _fish,
    "boat": _boat,
    "cat": _cat,
    "cube": _cube,
    "clock": _clock,
    "cup": _cup,
    "leaf": _leaf,
    "lightning": _lightning,
    "mountains": _mountains,
    "umbrella": _umbrella,
    "grid": _grid,
    "eye": _eye,
    "butterfly": _butterfly,
    "envelope": _envelope,
    "crossed box": _crossed_box,
    "lattice": _lattice,
    "double arrow": _double_arrow,
    "bent arrow": _bent_arrow,
    "balloons": _balloons,
}

HELD_OUT = (
    "fish",
    "cube",
    "cup",
    "lightning",
    "umbrella",
    "eye",
    "double arrow",
    "balloons",
    "flower",
)
"""Kinds that nothing is learnt from and no rule was fitted to."""


def doodle(kind: str, seed: int) -> Image.Image:
    """A doodle of a kind on a bright page, of any size and pen."""
    rng = np.random.default_rng([seed, *kind.encode()])
    page = Image.new("RGB", SIZE, (250, 250, 248))
    pen, width = ImageDraw.Draw(page), int(rng.integers(3, 8))
    x, y, r, turn = rng.uniform(150, 260), rng.uniform(130, 200), rng.uniform(50, 100), rng.normal(0, 0.06)
    for stroke in KINDS[kind](rng):
        shaken = [(a + rng.normal(0, 0.012), b + rng.normal(0, 0.012)) for a, b in stroke]
        turned = [(x + r * (a - turn * b), y + r * (b + turn * a)) for a, b in shaken]
        pen.line([(float(a), float(b)) for a, b in turned], (30, 30, 40), width, joint="curve")
    return page
