"""The rules of a form: straight printed lines, across and down, wherever they lie and however they lean a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Mask

SHORTEST, APART = 16, 13
"""Pixels of a piece of a rule, and from a rule that it meets to the next, at the least."""

STEEPEST = 0.27
"""Slope of a rule, at the most: 15 degrees."""

RUN = 11
"""Pixels of a run of ink that may be a part of a rule: a line of three pixels has it at 15 degrees."""

LEAST_TALL, TALL = 9, 24
"""Thickness of a rule, in pixels, from which it is none, where most are thin and where they are thick."""

GAP = 7
"""Pixels that a dotted rule may be interrupted for."""

REACH, LEAST_REACH, MOST_REACH = 0.14, 3.0, 60.0
"""How far a rule may end before the one it was to meet, of its own length, and in pixels at the least and the most."""

SHORT_GAP = 0.12
"""White between two pieces of one rule, at the most, of their lengths together."""

LONGEST_GAP = 60.0
"""Pixels between two pieces of one rule, at the most."""

SHORT, OVER = 60.0, 6.0
"""Pixels of a short rule, and of what of it may stand out beyond those that it meets."""

AT_EDGE = 6
"""Pixels from the edge of the picture at which a rule is cut off by it."""


@dataclass(frozen=True)
class Rules:
    """Rules of one direction, each a chain of pieces.

    ends: float32 [N, 4], x and y of either end, in the order of the direction. thick: float32 [N], in pixels. labels:
    int32 [H, W] each, i + 1 where rule i is, 0 elsewhere. bridges: float32 [M, 5], x and y of either end of the gaps
    between the pieces of a rule, and its place.
    """

    ends: NDArray[np.float32]
    thick: NDArray[np.float32]
    labels: tuple[NDArray[np.int32], ...]
    bridges: NDArray[np.float32]

    def turned(self) -> Rules:
        """Return the rules of the picture with its axes exchanged."""
        labels = tuple(np.ascontiguousarray(part.T) for part in self.labels)
        return Rules(self.ends[:, [1, 0, 3, 2]], self.thick, labels, self.bridges[:, [1, 0, 3, 2, 4]])


def find_rules(ink: Mask) -> tuple[Rules, Rules]:
    """Return the rules across and down in a mask of ink, bool [H, W].

    A rule is a chain of runs of ink, one beside the other, that as a whole is long, thin and straight: so it may lean,
    and bend a little, where an opening by one long element would lose it.
    """
    # What is thicker than most rules is a letter or another rule.
    tall = int(np.clip(2.5 * rule_thickness(ink) + 3, LEAST_TALL, TALL))
    return _one_way(ink, tall), _one_way(np.ascontiguousarray(ink.T), tall).turned()


def rule_thickness(ink: Mask) -> float:
    """Return how thick level and upright lines are on the whole, in pixels; infinity where there are none."""
    area = outline = 0
    for mask in (ink, np.ascontiguousarray(ink.T)):
        lines = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, np.ones((1, 2 * RUN), np.uint8)) > 0
        area += int(np.count_nonzero(lines))
        outline += int(np.count_nonzero(lines[1:] & ~lines[:-1]))
    return area / outline if outline else float("inf")


def _one_way(ink: Mask, tall: int) -> Rules:
    """Return the rules that run across: solid ones, and dotted ones, which only show when gaps are closed."""
    solid, dotted = _pieces(ink, 3, tall), _pieces(ink, GAP, tall)
    shifted = np.where(dotted.labels[0] > 0, dotted.labels[0] + len(solid.ends), 0)
    ends, thick = np.concatenate([solid.ends, dotted.ends]), np.concatenate([solid.thick, dotted.thick])
    return _chained(Rules(ends, thick, (solid.labels[0], shifted), solid.bridges), ink)


def _pieces(ink: Mask, gap: int, tall: int) -> Rules:
    """Return the pieces of rules across that are whole when gaps of less than `gap` pixels are closed."""
    thick = cv2.dilate(ink.view(np.uint8), np.ones((3, 1), np.uint8))
    closed = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, RUN), np.uint8))
    # Where rules of the other direction cross, or blots hang on, ink is tall: that would tie rules to each other.
    upright = ink.view(np.uint8)
    if gap == GAP:
        upright = cv2.morphologyEx(upright, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))
    runs &= ~cv2.morphologyEx(upright, cv2.MORPH_OPEN, np.ones((tall, 1), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    long = stats[:, cv2.CC_STAT_WIDTH] >= SHORTEST
    long[0] = False
    rows, columns = np.nonzero(long[labels])
    owner = labels[rows, columns]
    down, along = rows.astype(np.float64), columns.astype(np.float64)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(owner, values, count), np.float64)

    n = np.maximum(np.bincount(owner, minlength=count), 1)
    x, y = total(along) / n, total(down) / n
    off_x, off_y = along - x[owner], down - y[owner]
    slope = total(off_x * off_y) / np.maximum(total(off_x * off_x), 1e-6)
    off = np.sqrt(total((off_y - slope[owner] * off_x) ** 2) / n)
    width = stats[:, cv2.CC_STAT_WIDTH].astype(np.float64)
    thickness = stats[:, cv2.CC_STAT_AREA] / np.maximum(width, 1)
    fit = long & (np.abs(slope) < STEEPEST) & (thickness - 2 < np.maximum(3.0, np.minimum(0.25 * width, 18)))
    fit &= off < 1.5 + 0.4 * thickness + 0.01 * width
    found = np.flatnonzero(fit)
    left = stats[found, cv2.CC_STAT_LEFT].astype(np.float64)
    right = left + stats[found, cv2.CC_STAT_WIDTH] - 1
    middle, level, rise = x[found], y[found], slope[found]
    ends = np.stack([left, level + rise * (left - middle), right, level + rise * (right - middle)], axis=1)
    place = np.zeros(count, np.int32)
    place[found] = np.arange(1, len(found) + 1)
    return Rules(
        ends.astype(np.float32),
        np.maximum(thickness[found] - 2, 1).astype(np.float32),
        (place[labels],),
        np.zeros((0, 5), np.float32),
    )


def _chained(pieces: Rules, ink: Mask) -> Rules:
    """Return rules with those pieces joined that go on where another ends: what crosses or touches a rule breaks it.

    A gap is short beside the pieces, or there is ink all the way across it.
    """
    ends, thick = pieces.ends, pieces.thick
    length = ends[:, 2] - ends[:, 0]
    slope = (ends[:, 3] - ends[:, 1]) / np.maximum(length, 1)
    gap = ends[None, :, 0] - ends[:, None, 2]
    short = np.clip(SHORT_GAP * (length[:, None] + length[None, :]), 2 * LEAST_REACH, LONGEST_GAP)
    bend = 2.0 + 0.06 * np.abs(gap) + 0.25 * np.minimum(thick[:, None], thick[None, :])
    joins = np.abs(ends[:, None, 3] + slope[:, None] * gap - ends[None, :, 1]) < bend
    joins &= np.abs(ends[None, :, 1] - slope[None, :] * gap - ends[:, None, 3]) < bend
    joins &= (gap < LONGEST_GAP) & (gap > -np.minimum(length[:, None], length[None, :]))
    joins &= ends[None, :, 2] > ends[:, None, 2]
    one, other = np.nonzero(joins & (gap >= short))
    joins[one, other] = _inked(ink, ends[one, 2:], ends[other, :2])
    group = np.arange(len(ends))
    for i in np.argsort(ends[:, 0], kind="stable").tolist():
        others = np.flatnonzero(joins[i])
        if len(others):
            j = int(others[np.argmin(ends[others, 0])])
            group[group == group[j]] = group[i]
    names, place = np.unique(group, return_inverse=True)
    chains = [np.flatnonzero(place == i) for i in range(len(names))]
    first = [int(c[ends[c, 0].argmin()]) for c in chains]
    last = [int(c[ends[c, 2].argmax()]) for c in chains]
    whole = np.hstack([ends[first, :2], ends[last, 2:]]).astype(np.float32)
    widths = np.array([np.average(thick[c], weights=length[c]) for c in chains], np.float32)
    renamed = np.concatenate([[0], place + 1]).astype(np.int32)
    gaps = np.array([gap for i, chain in enumerate(chains) for gap in _gaps(ends[chain], i)], np.float32)
    return Rules(whole, widths, tuple(renamed[part] for part in pieces.labels), gaps.reshape(-1, 5))


def _gaps(ends: NDArray[np.float32], place: int) -> list[tuple[float, ...]]:
    """Return where the pieces of a rule, given by their ends, leave gaps, as `Rules.bridges` has them."""
    found = []
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    before = ends[0]
    for piece in ends[1:]:
        if piece[0] > before[2]:
            found.append((*before[2:].tolist(), *piece[:2].tolist(), place))
        before = piece if piece[2] > before[2] else before
    return found


def _inked(ink: Mask, a: NDArray[Any], b: NDArray[Any]) -> Mask:
    """Tell between which places, float [K, 2] each, there is ink nearly all the way, give or take a pixel, bool [K]."""
    along = np.linspace(0, 1, 25)[None, :, None]
    x, y = np.moveaxis(np.rint(a[:, None] + along * (b - a)[:, None]).astype(int), 2, 0)
    wide = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8))
    found = wide[np.clip(y, 0, ink.shape[0] - 1), np.clip(x, 0, ink.shape[1] - 1)]
    return np.asarray(found.mean(axis=1) > 0.9)


# --- where rules meet ---


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
    both = meets & alive[0][:, None] & alive[1][None]
    walls = _drawn(across, alive[0], np.where(both, crossings[0], np.nan))
    turned = _drawn(down.turned(), alive[1], np.where(both, crossings[1], np.nan).T)
    return walls, np.ascontiguousarray(turned.T)


def _reach(rules: Rules) -> NDArray[np.float32]:
    length = np.hypot(rules.ends[:, 2] - rules.ends[:, 0], rules.ends[:, 3] - rules.ends[:, 1])
    return np.clip(REACH * length, LEAST_REACH, MOST_REACH)


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
        runs_on = (past[i, j] < aside[i, 0]) | _inked(ink, from_across, place)
        reached[i, j] = runs_on & ((below[i, j] < above[0, j]) | _inked(ink, from_down, place))
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
