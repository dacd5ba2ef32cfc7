"""Kinds of paper, print and surroundings that a character is seen in: each a `conditions.Condition`."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.data.pad import LEAST_CONTRAST, Floats, Pad, Picture, Strokes, grey, lay, plane, take

Rng = np.random.Generator
RULE_DARKNESS = (0.8, 1.2)
"""How dark printed rules are, in the darkness of the pen."""

GHOST = 20.0
"""Levels by which what shines through is darker than its paper, at the most: less than any pen."""


def window(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Show a pencil mark in dim light in the window of a camera program, under a title bar or with words over it."""
    side, level = pad.side, rng.uniform(85, 150)
    ink = pad.coverage(strokes, rng.uniform(0.2, 0.28))
    grain = cv2.GaussianBlur(rng.random(ink.shape, np.float32), (0, 0), 1.0)
    ink = ink * np.clip(0.85 + 3 * (grain - 0.5), 0.5, 1)
    dim = 1 - np.float32(rng.uniform(0, 0.3)) * plane(side, rng)[:, :, None]
    scene = lay(grey(level, rng), grey(level - rng.uniform(35, 75), rng), ink) * dim
    picture = take(scene, rng, noise=(1, 4))
    bar = round(rng.uniform(0.05, 0.08) * side)
    has_bar = not len(strokes) or rng.random() < 0.7
    if not has_bar or (rng.random() < 0.5 and len(strokes)):
        colour = ((20, 240, 20), (240, 230, 20), (235, 30, 30), (30, 200, 240))[rng.integers(4)]
        at = (round(0.03 * side), round(rng.uniform(0.09, 0.12) * side))
        cv2.putText(picture, f"{rng.integers(10)} {rng.random():.4f}", at, 0, side / 800, colour, 1, cv2.LINE_AA)
    return _under_bar(picture, bar, rng) if has_bar else picture


def framed(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw inside a thin frame, near the border or on it."""
    scene, pen = _scene(strokes, pad, rng)
    side, inset = pad.side, rng.uniform(0, 0.07)
    first, last = round(inset * side), round((1 - inset) * side) - 1
    colour = pen if rng.random() < 0.5 else grey(rng.uniform(0, 160), rng, 30)
    cv2.rectangle(scene, (first, first), (last, last), colour.tolist(), int(rng.integers(1, 5)), cv2.LINE_AA)
    return take(scene, rng)


def inset(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Show a small dark box with a light character in a light window, or the reverse."""
    side, small = pad.side, round(rng.uniform(0.35, 0.65) * pad.side)
    box = Pad(small, max(1.5, pad.pen * small / side))
    light, dark = rng.uniform(200, 255), rng.uniform(0, 50)
    inner, outer = (dark, light) if rng.random() < 0.5 else (light, dark)
    scene = np.broadcast_to(grey(outer, rng), (side, side, 3)).astype(np.float32)
    top, left = rng.integers(round(0.08 * side), side - small - round(0.08 * side), 2)
    ink = box.coverage(strokes, rng.uniform(0.15, 0.25))
    scene[top : top + small, left : left + small] = lay(grey(inner, rng), grey(outer, rng), ink)
    return take(scene, rng, blur=0.6, noise=(0, 1.5), quality=(80, 98))


def notebook(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Take a page from near: dark blue rules as dark as the pen that touch the letter, often a red margin line."""
    scene, pen, paper = _paper_and_pen(pad, rng)
    side = pad.side
    rule = paper - (paper - pen) * np.float32(rng.uniform(*RULE_DARKNESS))
    rule = np.clip(rule + np.array((-25, -10, 30), np.float32), 0, 255)
    pitch, tilt = rng.uniform(0.2, 0.6) * side, rng.uniform(-0.03, 0.03)
    thick = max(1, round(rng.uniform(0.15, 0.5) * pad.pen))
    lines = np.zeros((side, side), np.float32)
    for y in np.arange(rng.uniform(0, 1) * pitch, side, pitch):
        cv2.line(lines, (0, round(y)), (side, round(y + tilt * side)), 1.0, thick, cv2.LINE_AA)
    margin = np.zeros_like(lines)
    if rng.random() < 0.5:
        x = round(rng.uniform(0.03, 0.14) * side)
        cv2.line(margin, (x, 0), (round(x - tilt * side), side), 1.0, thick, cv2.LINE_AA)
    red = np.clip(paper * np.array((0.95, 0.5, 0.5), np.float32), 0, 255)
    return take(_written(lay(lay(scene, rule, lines), red, margin), pen, strokes, pad), rng)


def show_through(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Let what is written on the back shine through: the same hand, mirrored and soft, at most a third as dark."""
    scene, pen, paper = _paper_and_pen(pad, rng, (70, 200))
    side = pad.side
    back = [np.asarray(stroke) * (-1, 1) for stroke in strokes] or [np.array(((0, 0), (1, 0.3), (0.2, 1)))]
    ghost = Pad(round(0.6 * side), 0.6 * pad.pen).coverage(back)
    top, left = rng.integers(0, side - len(ghost), 2)
    laid = np.zeros((side, side), np.float32)
    laid[top : top + len(ghost), left : left + len(ghost)] = ghost
    share = min(rng.uniform(0.08, 0.3), GHOST / float((paper - pen).max()))
    laid = cv2.GaussianBlur(laid, (0, 0), rng.uniform(0.006, 0.015) * side) * np.float32(share)
    return take(_written(lay(scene, pen, laid), pen, strokes, pad), rng)


def boxes(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Write into a printed box, a comb or a table, over its lines."""
    scene, pen, paper = _paper_and_pen(pad, rng)
    side = pad.side
    colour = (paper - (paper - pen) * np.float32(rng.uniform(*RULE_DARKNESS))).tolist()
    thick = max(1, round(rng.uniform(0.15, 0.6) * pad.pen))
    first, last = (round(v * side) for v in (rng.uniform(0.12, 0.24), rng.uniform(0.76, 0.88)))
    kind = rng.integers(3)
    if kind == 0:  # a box
        cv2.rectangle(scene, (first, first), (last, last), colour, thick)
    elif kind == 1:  # a table
        for at in (first, last):
            cv2.line(scene, (0, at), (side, at), colour, thick)
            cv2.line(scene, (at, 0), (at, side), colour, thick)
    else:  # a comb
        cv2.line(scene, (0, last), (side, last), colour, thick)
        for at in (first, last):
            cv2.line(scene, (at, last), (at, round(rng.uniform(0.4, 0.7) * side)), colour, thick)
    return take(_written(scene, pen, strokes, pad), rng)


def crease(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Fold the paper once or twice: each side has its light, with a bright and a dark line along the fold."""
    scene, _ = _scene(strokes, pad, rng)
    for _ in range(int(rng.integers(1, 3))):
        fold = plane(pad.side, rng) - np.float32(rng.uniform(0.25, 0.75))
        width = np.float32(rng.uniform(0.005, 0.03))
        step = np.float32(rng.uniform(0, 0.12)) * np.clip(fold / np.float32(0.02) + 0.5, 0, 1)
        dent = np.float32(rng.uniform(0.05, 0.16)) * np.exp(-((fold / width) ** 2)) * np.sign(fold + width / 2)
        scene = scene * (1 - step - dent)[:, :, None]
    return take(scene, rng)


def desk(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Lay a small sheet on a darker desk, turned a little, with a shadow beside it."""
    scene, _ = _scene(strokes, pad, rng, paper=(190, 250))
    side = pad.side
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.normal(0, 4)), float(rng.uniform(0.7, 0.88)))
    matrix[:, 2] += rng.uniform(-0.04, 0.04, 2) * side
    sheet = cv2.warpAffine(np.ones((side, side), np.float32), matrix, (side, side))
    shade = rng.uniform(40, 130)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 20, sigmaY=1.2) * 40
    wood = np.array((shade, 0.75 * shade, 0.55 * shade), np.float32) + grain[:, :, None]
    shadow = cv2.GaussianBlur(np.roll(sheet, (5, 4), (0, 1)), (0, 0), 5)[:, :, None]
    return take(lay(wood * (1 - np.float32(0.4) * shadow), cv2.warpAffine(scene, matrix, (side, side)), sheet), rng)


def _scene(strokes: Strokes, pad: Pad, rng: Rng, paper: tuple[float, float] = (150, 250)) -> tuple[Floats, Floats]:
    """Draw with a pen on paper: float32 [side, side, 3], and the pen's colour."""
    level = rng.uniform(*paper)
    pen = grey(max(0, level - rng.uniform(LEAST_CONTRAST + 15, 190)), rng)
    ink = pad.coverage(strokes, rng.uniform(0.2, 0.28))
    return lay(grey(level, rng), pen, ink), pen


def _paper_and_pen(pad: Pad, rng: Rng, contrast: tuple[float, float] = (50, 180)) -> tuple[Floats, Floats, Floats]:
    """Return empty paper, float32 [side, side, 3], the pen's colour and the paper's, float32 [3]."""
    level = rng.uniform(180, 250)
    paper, pen = grey(level, rng), grey(max(5, level - rng.uniform(*contrast)), rng, 20)
    falling = 1 - np.float32(rng.uniform(0, 0.3)) * plane(pad.side, rng)[:, :, None]
    return paper * falling, pen, paper


def _written(scene: Floats, pen: Floats, strokes: Strokes, pad: Pad) -> Floats:
    """Write over a scene: where the pen crosses what is printed, the darker of the two shows."""
    return np.minimum(scene, lay(scene, pen, pad.coverage(strokes)))


def _under_bar(picture: Picture, bar: int, rng: Rng) -> Picture:
    """Put a picture, uint8 [H, W, 3], into a window: a title bar above it, a thin frame around it."""
    colour, words = (255, 0) if rng.random() < 0.6 else (45, 230)
    whole = cv2.copyMakeBorder(picture, bar, 1, 1, 1, cv2.BORDER_CONSTANT, value=(colour,) * 3)
    cv2.putText(whole, "frame", (bar, round(0.7 * bar)), 0, bar / 45, (words,) * 3, 1, cv2.LINE_AA)
    right, middle, reach = whole.shape[1], bar // 2, max(2, bar // 6)
    for i, drawn in enumerate(("x", "box", "-")):
        x = right - round((1 + 1.6 * i) * bar)
        if drawn == "x":
            for sign in (-1, 1):
                cv2.line(whole, (x - reach, middle - sign * reach), (x + reach, middle + sign * reach), (words,) * 3)
        elif drawn == "box":
            cv2.rectangle(whole, (x - reach, middle - reach), (x + reach, middle + reach), (words,) * 3)
        else:
            cv2.line(whole, (x - reach, middle), (x + reach, middle), (words,) * 3)
    return whole


KINDS = (window, framed, inset, notebook, show_through, boxes, crease, desk)
