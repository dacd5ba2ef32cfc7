"""The rules of a form: straight printed lines, across and down, wherever they lie and however they lean a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Mask

SHORTEST = 16
"""Pixels of a piece of a rule, at the least."""

STEEPEST = 0.27
"""Slope of a rule, at the most: 15 degrees."""

RUN = 11
"""Pixels of a run of ink that may be a part of a rule: a line of three pixels has it at 15 degrees."""

LEAST_TALL, TALL = 9, 24
"""Thickness of a rule, in pixels, from which it is none, where most are thin and where they are thick."""

GAP = 7
"""Pixels that a dotted rule may be interrupted for."""

LEAST_REACH = 3.0
"""Pixels that a rule may always end before the one it was to meet."""

SHORT_GAP = 0.12
"""White between two pieces of one rule, at the most, of their lengths together."""

LONGEST_GAP = 60.0
"""Pixels between two pieces of one rule, at the most."""


@dataclass(frozen=True)
class Rules:
    """Rules of one direction, each a chain of pieces.

    ends: float32 [N, 4], x and y of either end, in the order of the direction. thick: float32 [N], in pixels. solid:
    float32 [N], how much of its length is ink without gaps. labels: int32 [H, W] each, i + 1 where rule i is, 0
    elsewhere. bridges: float32 [M, 5], x and y of either end of the gaps between the pieces of a rule, and its place.
    """

    ends: NDArray[np.float32]
    thick: NDArray[np.float32]
    solid: NDArray[np.float32]
    labels: tuple[NDArray[np.int32], ...]
    bridges: NDArray[np.float32]

    def turned(self) -> Rules:
        """Return the rules of the picture with its axes exchanged."""
        labels = tuple(np.ascontiguousarray(part.T) for part in self.labels)
        return Rules(self.ends[:, [1, 0, 3, 2]], self.thick, self.solid, labels, self.bridges[:, [1, 0, 3, 2, 4]])


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
    share = np.concatenate([np.ones(len(solid.ends)), np.zeros(len(dotted.ends))]).astype(np.float32)
    return _chained(Rules(ends, thick, share, (solid.labels[0], shifted), solid.bridges), ink)


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
        np.ones(len(found), np.float32),
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
    joins[one, other] = is_inked(ink, ends[one, 2:], ends[other, :2])
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
    solid = np.array([float((pieces.solid[c] * length[c]).sum()) for c in chains]) / np.maximum(
        whole[:, 2] - whole[:, 0], 1
    )
    renamed = np.concatenate([[0], place + 1]).astype(np.int32)
    gaps = np.array([gap for i, chain in enumerate(chains) for gap in _gaps(ends[chain], i)], np.float32)
    return Rules(
        whole, widths, solid.astype(np.float32), tuple(renamed[part] for part in pieces.labels), gaps.reshape(-1, 5)
    )


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


def is_inked(ink: Mask, a: NDArray[Any], b: NDArray[Any]) -> Mask:
    """Tell between which places, float [K, 2] each, there is ink nearly all the way, give or take a pixel, bool [K]."""
    along = np.linspace(0, 1, 25)[None, :, None]
    x, y = np.moveaxis(np.rint(a[:, None] + along * (b - a)[:, None]).astype(int), 2, 0)
    wide = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8))
    found = wide[np.clip(y, 0, ink.shape[0] - 1), np.clip(x, 0, ink.shape[1] - 1)]
    return np.asarray(found.mean(axis=1) > 0.9)
