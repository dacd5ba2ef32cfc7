"""Where the columns and the rows of a block begin and end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_REGULAR = 0.6
"""Share of evenly spaced walls that must show for the others to be supposed."""

OFF_PITCH = 0.25
"""How far such a wall may stand from its place, in the distance of one from the next."""


def find_borders(starts: NDArray[np.float32], stops: NDArray[np.float32]) -> tuple[NDArray[np.float64], bool]:
    """Return where columns (or rows) begin and end, from where cells do, and whether they are evenly spaced."""
    lengths = stops - starts
    size = float(np.median(lengths))
    borders = _peaks(np.concatenate([starts, stops]), 0.12 * float(np.percentile(lengths, 30)))
    gaps = np.diff(borders)
    steps = gaps[1:] / gaps[:-1]
    if len(gaps) == 1 or (gaps.max() < 1.9 * gaps.min()) or (len(gaps) > 3 and np.abs(np.log(steps)).max() < 0.3):
        return borders, True
    extent = borders[-1] - borders[0]
    best, even = LEAST_REGULAR, None
    for count in range(2, min(40, round(2 * extent / size) + 2)):
        places = np.linspace(borders[0], borders[-1], count + 1)
        off = np.abs(places[:, None] - borders[None]) / (extent / count)
        fit = float((off.min(axis=1) < OFF_PITCH).mean() - 0.7 * (off.min(axis=0) >= OFF_PITCH).mean())
        if fit > best + 1e-9:
            nearest = borders[off.argmin(axis=1)]
            best, even = fit, np.where(off.min(axis=1) < OFF_PITCH, nearest, places)
    found = _continued(borders)
    if found is not None and found[1] > best:
        return found[0], True
    return (borders, False) if even is None else (even, True)


def _continued(borders: NDArray[np.float64]) -> tuple[NDArray[np.float64], float] | None:
    """Return borders as far apart as in the longest even run of them, and how well these fit the others."""
    gaps = np.diff(borders)
    runs = np.split(np.arange(len(gaps)), np.flatnonzero(np.abs(np.log(gaps[1:] / gaps[:-1])) > 0.14) + 1)
    run = max(runs, key=lambda some: len(some))
    if len(run) < 3:
        return None
    pitch, first = float(gaps[run].mean()), float(borders[run[0]])
    before = int((first - borders[0]) / pitch + 0.7)
    after = int((borders[-1] - first) / pitch + 0.7)
    places = first + pitch * np.arange(-before, after + 1)
    off = np.abs(places[:, None] - borders[None]) / pitch
    fit = float((off.min(axis=1) < OFF_PITCH).mean() - 0.3 * (off.min(axis=0) >= OFF_PITCH).mean())
    return np.where(off.min(axis=1) < OFF_PITCH, borders[off.argmin(axis=1)], places), fit


def _peaks(edges: NDArray[np.float32], spread: float) -> NDArray[np.float64]:
    """Return where edges of cells gather, those left out that few cells have: a stroke may part a cell in two."""
    low, high = float(edges.min()) - 4 * spread, float(edges.max()) + 4 * spread
    places = np.arange(low, high, max(spread / 4, 0.5))
    density = np.exp(-0.5 * ((places[:, None] - edges[None]) / max(spread, 1.0)) ** 2).sum(axis=1)
    inner = density[1:-1]
    tops = 1 + np.flatnonzero((inner >= density[:-2]) & (inner > density[2:]))
    tops = tops[density[tops] > 0.3 * np.median(density[tops])]
    kept: list[int] = []
    for top in tops.tolist():
        if kept and places[top] - places[kept[-1]] < 3 * spread:
            kept[-1] = top if density[top] > density[kept[-1]] else kept[-1]
        else:
            kept.append(top)
    return places[kept] if len(kept) > 1 else np.array([edges.min(), edges.max()], np.float64)
