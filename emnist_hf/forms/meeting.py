"""Where rules meet, and which of them are walls: those that run from one rule of the other direction to another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.rules import LEAST_REACH, LONGEST_GAP, Rules, is_inked
from emnist_hf.ink.types import Mask

REACH, MOST_REACH = 0.14, 60.0
"""How far a rule may end before the one it was to meet, of its own length, and in pixels at the most."""

APART = 13
"""Pixels from a rule that one meets to the next, at the least."""

SOLID, STROKE = 0.9, 60.0
"""Share of a rule that is ink without gaps, and its length in pixels, with which it may be a stroke of the pen: where
such a one ends, it ends."""

SHORT, OVER = 60.0, 6.0
"""Pixels of a short rule, and of what of it may stand out beyond those that it meets."""

NEAR_END, ENDS_OFF, BROKEN, INKED = 12, 4, 9, 0.55
"""Pixels from where a short rule meets another, white ones at the most, there and elsewhere, and share of its way that
is ink, as dotted rules have it: a stroke of the pen seldom runs all the way."""

AT_EDGE = 6
"""Pixels from the edge of the picture at which a rule is cut off by it."""


def meet(across: Rules, down: Rules, ink: Mask) -> tuple[Mask, Mask]:
    """Return the walls across and down, each bool [H, W]: rules that meet two of the other direction, or the edge.

    Nothing else is a wall: a stroke of the pen seldom runs from rule to rule. A rule may end a little before it meets
    another, and is then drawn on to it.
    """
    shape = across.labels[0].shape
    crossings = _crossings(across, down, ink)  # along rules across, then along those down
    meets = np.isfinite(crossings[0])
    edges = _at_edges(across.ends[:, [0, 2]], shape[1]), _at_edges(down.ends[:, [1, 3]], shape[0])
    alive = np.ones(len(across.ends), bool), np.ones(len(down.ends), bool)
    for _ in range(len(across.ends) + len(down.ends)):
        first = _is_held(np.where(meets & alive[1][None], crossings[0], np.nan), edges[0], across.ends[:, [0, 2]])
        second = _is_held(np.where(meets & alive[0][:, None], crossings[1], np.nan).T, edges[1], down.ends[:, [1, 3]])
        if (first == alive[0]).all() and (second == alive[1]).all():
            break
        alive = first, second
    for places, rules, one in ((crossings, across, 0), (tuple(part.T for part in crossings), down, 1)):
        short = alive[one] & ((rules.ends[:, 2:] - rules.ends[:, :2]).max(axis=1) < SHORT)
        for i in np.flatnonzero(short).tolist():
            met = np.flatnonzero(meets[i] & alive[1] if one == 0 else meets[:, i] & alive[0])
            alive[one][i] = len(met) < 2 or _runs_through(ink, places[0][i][met], places[1][i][met], rules.thick[i])
    both = meets & alive[0][:, None] & alive[1][None]
    walls = _drawn(across, alive[0], np.where(both, crossings[0], np.nan))
    turned = _drawn(down.turned(), alive[1], np.where(both, crossings[1], np.nan).T)
    return walls, np.ascontiguousarray(turned.T)


def _runs_through(ink: Mask, x: NDArray[np.float64], y: NDArray[np.float64], thick: float) -> bool:
    """Tell whether there is ink, but for small gaps, on the way through places, from the first to the last of them.

    The way is as wide as the rule is thick: one that a letter touches is thicker, and its middle beside its ink.
    """
    places = np.stack([x, y], axis=1)
    far = int(np.ptp(places, axis=0).argmax())
    a, b = places[places[:, far].argmin()], places[places[:, far].argmax()]
    steps = int(np.abs(b - a).max()) + 1
    along_x, along_y = np.rint(np.linspace(a, b, steps)).astype(int).T
    near = np.zeros(steps, bool)
    half = max(1, round(thick / 2))
    for aside in range(-half, half + 1):
        row, column = (along_y + aside, along_x) if far == 0 else (along_y, along_x + aside)
        near |= ink[np.clip(row, 0, ink.shape[0] - 1), np.clip(column, 0, ink.shape[1] - 1)]
    inked = np.concatenate([[-1], np.flatnonzero(near), [steps]])
    gaps, starts = np.diff(inked) - 1, inked[:-1] + 1
    at_end = (starts < NEAR_END) | (starts + gaps > steps - NEAR_END)
    return bool((gaps <= np.where(at_end, ENDS_OFF, BROKEN)).all() and near.mean() > INKED)


def _reach(rules: Rules) -> NDArray[np.float32]:
    length = np.hypot(rules.ends[:, 2] - rules.ends[:, 0], rules.ends[:, 3] - rules.ends[:, 1])
    reach = np.clip(REACH * length, LEAST_REACH, MOST_REACH)
    stroke = (rules.solid > SOLID) & (length < STROKE)
    return np.where(stroke, LEAST_REACH + 0.5 * rules.thick, reach).astype(np.float32)


def _crossings(across: Rules, down: Rules, ink: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y, float64 [across, down] each, of where rules meet that reach each other; NaN for others.

    A rule reaches a little farther than its end, and much farther where there is ink all the way.
    """
    h, v = across.ends.astype(np.float64), down.ends.astype(np.float64)
    rise = ((h[:, 3] - h[:, 1]) / np.maximum(h[:, 2] - h[:, 0], 1))[:, None]
    lean = ((v[:, 2] - v[:, 0]) / np.maximum(v[:, 3] - v[:, 1], 1))[None]
    x0, y0, to_x = h[:, [0]], h[:, [1]], h[:, [2]]
    left, top, bottom = v[None, :, 0], v[None, :, 1], v[None, :, 3]
    x = (left + lean * (y0 - rise * x0 - top)) / (1 - lean * rise)
    y = y0 + rise * (x - x0)
    aside, above = (_reach(across) + 1)[:, None], (_reach(down) + 1)[None]
    past = np.maximum(np.maximum(x0 - x, x - to_x), 0)  # the end of a rule across
    below = np.maximum(np.maximum(top - y, y - bottom), 0)  # and of one down
    reached = (past < aside) & (below < above)
    for i, j in (np.nonzero(~reached & (past < LONGEST_GAP) & (below < LONGEST_GAP)),):
        place = np.stack([x[i, j], y[i, j]], axis=1)
        end_x = np.clip(x[i, j], x0[i, 0], to_x[i, 0])
        from_across = np.stack([end_x, y0[i, 0] + rise[i, 0] * (end_x - x0[i, 0])], axis=1)
        end_y = np.clip(y[i, j], top[0, j], bottom[0, j])
        from_down = np.stack([left[0, j] + lean[0, j] * (end_y - top[0, j]), end_y], axis=1)
        runs_on = (past[i, j] < aside[i, 0]) | is_inked(ink, from_across, place)
        reached[i, j] = runs_on & ((below[i, j] < above[0, j]) | is_inked(ink, from_down, place))
    return np.where(reached, x, np.nan), np.where(reached, y, np.nan)


def _at_edges(ends: NDArray[np.float32], side: int) -> NDArray[np.float64]:
    """Return where rules end at either edge of the picture, float64 [N, 2], NaN where they do not."""
    return np.stack([np.where(ends[:, 0] < AT_EDGE, 0, np.nan), np.where(ends[:, 1] > side - AT_EDGE, side, np.nan)], 1)


def _is_held(crossings: NDArray[np.float64], edges: NDArray[np.float64], ends: NDArray[np.float32]) -> Mask:
    """Tell which rules meet others, or the edge, in two places that are as far apart as a cell is wide, bool [N].

    A short one does so at either end: so does not, as a rule, a stroke of the pen.
    """
    places = np.hstack([crossings, edges])
    low = np.where(np.isnan(places), np.inf, places).min(axis=1, initial=np.inf)
    high = np.where(np.isnan(places), -np.inf, places).max(axis=1, initial=-np.inf)
    short = ends[:, 1] - ends[:, 0] < SHORT
    over = np.maximum(low - ends[:, 0], ends[:, 1] - high)
    return (high - low >= APART) & (~short | (over < OVER))


def _drawn(rules: Rules, alive: Mask, crossings: NDArray[np.float64]) -> Mask:
    """Draw rules across, their gaps, and on to what they meet beyond their ends, bool [H, W]."""
    shown = np.concatenate([[False], alive])
    canvas = np.zeros(rules.labels[0].shape, np.uint8)
    for labels in rules.labels:
        canvas |= shown[labels].view(np.uint8)
    lines = [bridge[:4] for bridge in rules.bridges if alive[int(bridge[4])]]
    for i in np.flatnonzero(alive).tolist():
        x0, y0, x1, y1 = rules.ends[i].tolist()
        rise = (y1 - y0) / max(x1 - x0, 1)
        met = crossings[i][np.isfinite(crossings[i])]
        for x, y, ahead in ((x0, y0, met[met < x0]), (x1, y1, met[met > x1])):
            if len(ahead):
                far = float(ahead.min() if x == x0 else ahead.max())
                lines.append(np.array((x, y, far, y + rise * (far - x))))
    for line in lines:
        x, y, to_x, to_y = np.rint(line).astype(int).tolist()
        cv2.line(canvas, (x, y), (to_x, to_y), 1, 2)
    return canvas > 0
