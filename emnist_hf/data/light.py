"""Kinds of light, colour and file that the picture of a character comes in: each a `conditions.Condition`."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from emnist_hf.data.pad import LEAST_CONTRAST, Floats, Pad, Picture, Strokes, grey, lay, plane, take

Rng = np.random.Generator
PENS = {"hard_edge": (0.18, 0.27), "translucent": (0.08, 0.2), "yellow": (0.05, 0.15), "broad": (0.22, 0.33)}
"""The range of the pen's diameter, as a share of a character's height, where it is part of the kind."""


def hard_edge(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw with a black marker, a quarter of the letter wide, on grey paper that a hard-edged light or shadow cuts."""
    ink = pad.coverage(strokes)
    scene = lay(grey(rng.uniform(120, 200), rng), grey(rng.uniform(10, 50), rng), ink)
    factor = rng.uniform(1.2, 1.6) if rng.random() < 0.5 else rng.uniform(0.4, 0.75)
    return take(scene * _corner(pad.side, factor, rng), rng)


def translucent(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw with a marker that is darker wherever strokes overlap."""
    halves = [part for stroke in strokes for part in (stroke[: len(stroke) // 2 + 1], stroke[len(stroke) // 2 :])]
    placed = np.concatenate(strokes) if len(strokes) else np.zeros((0, 2))
    ends = [np.repeat(end[None], 2, axis=0) for end in (placed.min(axis=0), placed.max(axis=0))] if len(placed) else []
    corners = pad.coverage(ends) if ends else 0.0  # so that each half is placed as the whole is
    colour = np.array(rng.permutation((rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.8), rng.uniform(0.6, 0.95))))
    scene = np.broadcast_to(grey(rng.uniform(190, 250), rng), (pad.side, pad.side, 3)).astype(np.float32)
    for half in halves:
        layer = np.maximum(pad.coverage([half, *ends]) - corners, 0)
        scene = scene * (1 - layer[:, :, None] * (1 - colour.astype(np.float32)))
    return take(scene, rng)


def inverse(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw in chalk on a dark, streaky board, with the noise of a dim room."""
    board = rng.uniform(25, 90)
    streaks = cv2.GaussianBlur(rng.normal(0, 1, (pad.side, pad.side)).astype(np.float32), (0, 0), 4, sigmaY=30)
    streaks *= np.float32(rng.uniform(0, 8)) / max(float(streaks.std()), 1e-6)
    pen = board + rng.uniform(70, 150)
    scene = lay(grey(board, rng) + streaks[:, :, None], grey(pen, rng), pad.coverage(strokes))
    return take(scene, rng, noise=(3, 12))


def flash(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Take a photo with a flash that glares off the paper, white in the middle, and off the ink a little."""
    scene = _on_paper(strokes, pad, rng, (110, 190), (60, 130))
    y, x = np.mgrid[: pad.side, : pad.side].astype(np.float32) / pad.side
    middle = rng.uniform(0.1, 0.9, 2)
    far = np.hypot(x - middle[0], y - middle[1]) / rng.uniform(0.15, 0.45)
    return take(scene + np.exp(-(far**2))[:, :, None] * np.float32(rng.uniform(60, 150)), rng)


def finger(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Take a photo with a finger in the way, that throws a soft shadow."""
    scene = _on_paper(strokes, pad, rng)
    side, across = pad.side, rng.uniform(0.1, 0.16)
    start = rng.uniform(0.1, 0.9)
    tip = np.array((start + rng.uniform(-0.05, 0.05), rng.uniform(0.01, 0.06)))
    mask = np.zeros((side, side), np.float32)
    ends = [tuple(int(v * side) for v in point) for point in ((start, -0.3), tip)]
    cv2.line(mask, *ends, 1.0, round(across * side), cv2.LINE_AA)
    mask = np.ascontiguousarray(np.rot90(mask, int(rng.integers(4))))
    shadow = cv2.GaussianBlur(mask, (0, 0), 0.04 * side)[:, :, None]
    skin = np.array((205, 150, 125), np.float32) * np.float32(rng.uniform(0.45, 1.1))
    return take(lay(scene * (1 - np.float32(rng.uniform(0.2, 0.5)) * shadow), skin, mask), rng)


def yellow(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw in yellow on white paper."""
    ink = np.array((rng.uniform(235, 255), rng.uniform(205, 240), rng.uniform(0, 90)), np.float32)
    return take(lay(grey(rng.uniform(225, 253), rng, 2), ink, pad.coverage(strokes)), rng)


def red_on_pink(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw in red on pink paper."""
    paper = (rng.uniform(235, 255), rng.uniform(160, 200), rng.uniform(170, 210))
    ink = (rng.uniform(200, 240), rng.uniform(40, 110), rng.uniform(60, 120))
    return take(lay(paper, ink, pad.coverage(strokes)), rng)


def green_on_pink(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw in a green as light as its pink paper."""
    paper = np.array((rng.uniform(215, 250), rng.uniform(150, 185), rng.uniform(165, 205)), np.float32)
    ink = np.array((rng.uniform(60, 130), 0, rng.uniform(60, 120)), np.float32)
    luma = np.array((0.299, 0.587, 0.114), np.float32)
    ink[1] = min(255, (paper @ luma - ink @ luma) / luma[1] + rng.uniform(-12, 12))
    return take(lay(paper, ink, pad.coverage(strokes)), rng)


def jpeg_blocks(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Store as a JPEG of quality 5 to 15."""
    return take(_on_paper(strokes, pad, rng, least=60), rng, quality=(5, 15))


def sixteen_bit(strokes: Strokes, pad: Pad, rng: Rng) -> Floats:
    """Store with 16 bits, of which a scanner used a half or more: uint16 [side, side]."""
    scene = cv2.cvtColor(_on_paper(strokes, pad, rng, least=60), cv2.COLOR_RGB2GRAY)
    scene += rng.normal(0, 1, scene.shape).astype(np.float32)
    return np.clip(scene * 257 * rng.uniform(0.5, 1), 0, 65535).astype(np.uint16)


def palette(strokes: Strokes, pad: Pad, rng: Rng) -> Image.Image:
    """Store with a palette of 2 to 16 colours, dithered or not."""
    picture = Image.fromarray(take(_on_paper(strokes, pad, rng, least=90), rng))
    dither = Image.Dither.FLOYDSTEINBERG if rng.random() < 0.5 else Image.Dither.NONE
    few = picture.quantize(int(rng.integers(2, 17)))
    return picture.quantize(palette=few, dither=dither)


def gradient(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw in white on black that turns to grey across the picture, or on a black plate over such a gradient."""
    ink = pad.coverage(strokes)
    low, high = rng.uniform(0, 30), rng.uniform(80, 170)
    paper = np.repeat((low + (high - low) * plane(pad.side, rng))[:, :, None], 3, axis=2)
    if rng.random() < 0.5:
        inset = round(rng.uniform(0.05, 0.12) * pad.side)
        paper[inset:-inset, inset:-inset] = rng.uniform(0, 20)
    return take(lay(paper, grey(rng.uniform(225, 255), rng), ink), rng)


def hairline(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw with a pen of one pixel on 800, jagged or smooth, dark on light or light on dark."""
    side = 800
    ink = Pad(side, 1).coverage(strokes, rng.uniform(0.15, 0.3))
    if rng.random() < 0.5:
        ink = (ink > 0.3).astype(np.float32)
    low, high = rng.uniform(0, 60), rng.uniform(200, 255)
    paper, pen = (low, high) if rng.random() < 0.3 else (high, low)
    return np.rint(lay((paper,) * 3, (pen,) * 3, ink)).astype(np.uint8)


def broad(strokes: Strokes, pad: Pad, rng: Rng) -> Picture:
    """Draw with a pen of up to a third of the character's height, on paper in light that falls off."""
    ink = pad.coverage(strokes, rng.uniform(0.2, 0.28))
    paper, pen = rng.uniform(170, 250), rng.uniform(5, 90)
    if rng.random() < 0.3:
        paper, pen = pen, paper
    return take(lay(grey(paper, rng), grey(pen, rng), ink) * _falling(pad.side, rng, 0.7), rng)


def _on_paper(
    strokes: Strokes,
    pad: Pad,
    rng: Rng,
    paper: tuple[float, float] = (150, 245),
    contrast: tuple[float, float] = (LEAST_CONTRAST, 180),
    least: float = 0,
) -> Floats:
    """Draw with an ordinary pen on paper: float32 [side, side, 3]. paper, contrast: their ranges, in levels."""
    level = rng.uniform(*paper)
    low, high = max(contrast[0], least), min(contrast[1], level - 5)
    pen = grey(level - rng.uniform(min(low, high), high), rng, 3)
    margin = rng.uniform(0.15, 0.28)
    return lay(grey(level, rng), pen, pad.coverage(strokes, margin))


def _falling(side: int, rng: Rng, darkest: float) -> Floats:
    """Return light that falls off to a share of `darkest` at the least: float32 [side, side, 1]."""
    return (1 - np.float32(rng.uniform(0, 1 - darkest)) * plane(side, rng))[:, :, None]


def _corner(side: int, factor: float, rng: Rng) -> Floats:
    """Return light that is `factor` as strong beyond a straight edge: float32 [side, side, 1]."""
    cut = plane(side, rng) > rng.uniform(0.55, 0.8)
    light = np.where(cut, np.float32(factor), np.float32(1))
    return cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.5, 1.5)))[:, :, None]


KINDS = (
    hard_edge, translucent, inverse, flash, finger, yellow, red_on_pink, green_on_pink, jpeg_blocks, sixteen_bit,
    palette, gradient, hairline, broad,
)  # fmt: skip
