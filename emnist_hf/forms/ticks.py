"""Rows of cells that only short ticks on a base line mark, or on the lower side of a box."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Mask

LEAST, HIGHEST = 5, 40
"""Pixels that a tick stands up from its line, at the least; farther up it is not followed."""

GAP = 5
"""Pixels that a dotted tick may be interrupted for, and stand above a dotted line."""

ALIKE = 0.35
"""How much the heights of ticks differ, of the usual one."""

LOW = 0.4
"""Height of ticks on the lower side of a box, at the most, of the box's: writing that touches it is higher."""

ALL = 6
"""Cells of a box below which every tick has to show: a few feet of writing may stand evenly by chance."""

NARROWEST, MOST = 12.0, 40
"""Pixels from one tick to the next, at the least, and cells of a row at the most."""

FEWEST = 3
"""Cells from which ticks make a row."""

SHOWN, OFF = 0.75, 0.1
"""Share of the places of ticks that have one, and of ticks that have a place; how far off it, in cells."""


VIEWS = (0.0, -0.06, 0.06, -0.12, 0.12, -0.18, 0.18, -0.25, 0.25)
"""How much farther away the end of a line is than its start, of the distance."""


def ticks_on(
    ink: Mask, start: NDArray[np.floating], end: NDArray[np.floating], thick: float, high: float = 0.0
) -> list[float]:
    """Return where evenly spaced ticks stand on a line, from its start (0) to its end (1); [] where there are none.

    start, end: x and y of the middle of the line, which is `thick` pixels thick. high: of the box whose lower side it
    is, its height, if it is one: a wall stands at either end then, and no tick.
    """
    length = float(np.linalg.norm(end - start))
    if length < FEWEST * NARROWEST:
        return []
    closed = high > 0
    heights = _heights(ink, start, end, thick)
    places, tall = _standing(heights, thick)
    if closed:
        inner = (places > NARROWEST / 2) & (places < length - NARROWEST / 2)
        inner &= tall < LOW * high
        places, tall = places[inner], tall[inner]
    best: tuple[float, list[float]] = (0.0, [])
    for usual in np.unique(tall):
        alike = places[np.abs(tall - usual) <= ALIKE * usual]
        if len(alike) < 2:
            continue
        first, last = (0.0, length) if closed else (float(alike[0]), float(alike[-1]))
        if last - first < 0.7 * length:
            continue
        fewest = max(FEWEST, int(SHOWN * len(alike)) - 1)
        for count in range(fewest, min(MOST, int(len(alike) / SHOWN) + 2, int((last - first) / NARROWEST)) + 1):
            for even in _even(first, last, count):
                off = np.abs(even[:, None] - alike[None]) * count / (last - first)
                wanted = off[1:-1] if closed else off
                shown = float((wanted.min(axis=1) < OFF).mean())
                placed = float((off.min(axis=0) < OFF).mean())
                least = 1.0 if closed and count < ALL else SHOWN
                if shown >= least and placed >= SHOWN and shown * placed * len(alike) > best[0] + 1e-9:
                    best = shown * placed * len(alike), (even / length).tolist()
    return best[1]


def _even(first: float, last: float, count: int) -> list[NDArray[np.float64]]:
    """Return where even places lie between two, seen from the front and from either side, float64 [count + 1] each."""
    k = np.linspace(0, 1, count + 1)
    return [first + (last - first) * k * (1 + away) / (1 + away * k) for away in VIEWS]


def _heights(ink: Mask, start: NDArray[np.floating], end: NDArray[np.floating], thick: float) -> NDArray[np.int64]:
    """Return how far ink reaches up from each place of a line without a gap, in pixels, int [length]."""
    above = ink_beside(ink, start, end, int(thick / 2) + 1, HIGHEST + int(thick / 2) + 1)
    strip = np.pad(above, ((0, 0), (GAP, 0)), constant_values=True).view(np.uint8)  # rises from the line
    strip = cv2.morphologyEx(strip, cv2.MORPH_CLOSE, np.ones((1, GAP), np.uint8))
    return np.asarray(np.logical_and.accumulate(strip[:, GAP:] > 0, axis=1).sum(axis=1))


def ink_beside(ink: Mask, start: NDArray[np.floating], end: NDArray[np.floating], lowest: int, highest: int) -> Mask:
    """Return the ink at each place of a line, from so many pixels above it up to others, bool [length, pixels]."""
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length
    up = np.array((along[1], -along[0]))
    x, y = (start[None] + np.arange(int(length) + 1)[:, None] * along).T
    steps = np.arange(lowest, highest)
    rows = np.clip(np.rint(y[:, None] + steps * up[1]).astype(int), 0, ink.shape[0] - 1)
    columns = np.clip(np.rint(x[:, None] + steps * up[0]).astype(int), 0, ink.shape[1] - 1)
    return np.asarray(ink[rows, columns])


def _standing(heights: NDArray[np.int64], thick: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middles and the heights of what stands up narrowly, as ticks do, float64 [n] each."""
    high = np.flatnonzero(np.concatenate([[0], heights >= max(LEAST, thick), [0]])[1:] != 0)
    runs = np.split(high, np.flatnonzero(np.diff(high) > 1) + 1) if len(high) else []
    ticks = [run for run in runs if len(run) <= 2.5 * thick + 2 and heights[run].max() < HIGHEST]
    return np.array([run.mean() for run in ticks]), np.array([float(heights[run].max()) for run in ticks])
