"""Sides of boxes that a mark hides: where two rules end level with each other, and ink runs from end to end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.rules import Rules, is_inked
from emnist_hf.ink.types import Mask

LEVEL = 0.2
"""How far the ends of two sides may stand from each other along their way, in their lengths."""

LEAST_BOX, MOST_BOX = 12.0, 90.0
"""Pixels of the side of a box that a mark may hide one of."""

WIDEST = 4.0
"""How far apart two such sides may be, in their lengths."""

BEYOND = (0.0, 2.0, 4.0)
"""Pixels beyond their ends at which the missing side is looked for: where it meets them, a rule ends a little early."""


def with_missing_sides(across: Rules, down: Rules, ink: Mask) -> tuple[Rules, Rules]:
    """Return rules with those added that pairs of the other direction need to enclose a box."""
    return _added(across, down, ink), _added(down.turned(), across.turned(), np.ascontiguousarray(ink.T)).turned()


def _added(across: Rules, down: Rules, ink: Mask) -> Rules:
    """Return the rules across with those added that join the ends of two rules down."""
    ends = down.ends.astype(np.float64)
    length = ends[:, 3] - ends[:, 1]
    apart = ends[None, :, 0] - ends[:, None, 0]
    shorter = np.minimum(length[:, None], length[None, :])
    pairs = (apart > LEAST_BOX) & (apart < WIDEST * shorter) & (shorter > LEAST_BOX) & (shorter < MOST_BOX)
    for side in (1, 3):
        pairs &= np.abs(ends[:, None, side] - ends[None, :, side]) < LEVEL * shorter
    one, other = np.nonzero(pairs)
    found: list[NDArray[np.float64]] = []
    for x, y, way in ((0, 1, -1.0), (2, 3, 1.0)):
        a, b = ends[one][:, [x, y]], ends[other][:, [x, y]]
        open_ = ~_is_ruled(across, a, b)
        a, b = a[open_], b[open_]
        for beyond in BEYOND:
            shifted = np.array((0.0, way * beyond))
            inked = is_inked(ink, a + shifted, b + shifted)
            found += list(np.hstack([a + shifted, b + shifted])[inked])
            a, b = a[~inked], b[~inked]
    if not found:
        return across
    new = np.array(found, np.float32)
    places = np.arange(len(across.ends), len(across.ends) + len(new), dtype=np.float32)
    thick = np.full(len(new), float(np.median(down.thick)), np.float32)
    return replace(
        across,
        ends=np.concatenate([across.ends, new]),
        thick=np.concatenate([across.thick, thick]),
        solid=np.concatenate([across.solid, np.ones(len(new), np.float32)]),
        bridges=np.concatenate([across.bridges, np.hstack([new, places[:, None]])]),
    )


def _is_ruled(across: Rules, a: NDArray[np.float64], b: NDArray[np.float64]) -> Mask:
    """Tell between which places, float [K, 2] each, a rule runs already, bool [K]."""
    left, top, right, bottom = across.ends.astype(np.float64).T
    rise = (bottom - top) / np.maximum(right - left, 1)
    middle = (a + b) / 2
    off = np.abs(top + rise * (middle[:, [0]] - left) - middle[:, [1]])
    slack = 0.2 * (b[:, [0]] - a[:, [0]])
    return np.asarray(((off < 6) & (left < a[:, [0]] + slack) & (right > b[:, [0]] - slack)).any(axis=1))
