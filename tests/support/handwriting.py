"""Handwriting drawn by the tests: skeleton letters, with a slant, a pen and a waver that are known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

Points = list[tuple[float, float]]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Points:
    """Points on an ellipse around (x, y), y up, degrees counted counterclockwise."""
    turns = np.radians(np.linspace(start, end, 18))
    return [(x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns]


BOWL = arc(0.4, 0.5, 0.4, 0.5, 0, 360)
ARCH = [(0.0, 0.0), (0.0, 1.0), (0.0, 0.6), *arc(0.3, 0.6, 0.3, 0.4, 180, 0), (0.6, 0.0)]
CUP = [(0.0, 1.0), (0.0, 0.4), *arc(0.3, 0.4, 0.3, 0.4, 180, 360), (0.6, 1.0), (0.6, 0.0)]

LETTERS: dict[str, list[Points]] = {
    "a": [BOWL, [(0.8, 1.0), (0.8, 0.0)]],
    "b": [[(0.0, 1.5), (0.0, 0.0)], BOWL],
    "d": [BOWL, [(0.8, 1.5), (0.8, 0.0)]],
    "e": [[(0.0, 0.5), (0.8, 0.5), *arc(0.4, 0.5, 0.4, 0.5, 0, 310)]],
    "h": [[(0.0, 1.5), *ARCH[:1], (0.0, 0.6), *ARCH[3:]]],
    "i": [[(0.0, 1.0), (0.0, 0.0)]],
    "l": [[(0.0, 1.5), (0.0, 0.0)]],
    "m": [ARCH, [(0.6, 0.6), *arc(0.9, 0.6, 0.3, 0.4, 180, 0), (1.2, 0.0)]],
    "n": [ARCH],
    "o": [BOWL],
    "p": [[(0.0, 1.0), (0.0, -0.55)], BOWL],
    "r": [[(0.0, 1.0), (0.0, 0.0)], [(0.0, 0.6), *arc(0.3, 0.6, 0.3, 0.4, 180, 60)]],
    "t": [[(0.2, 1.35), (0.2, 0.0)], [(0.0, 1.0), (0.5, 1.0)]],
    "u": [CUP],
    "H": [[(0.0, 1.5), (0.0, 0.0)], [(0.9, 1.5), (0.9, 0.0)], [(0.0, 0.8), (0.9, 0.8)]],
    "T": [[(0.0, 1.5), (1.0, 1.5)], [(0.5, 1.5), (0.5, 0.0)]],
}
ROWS = "a b d e h i l\nm n o p r t u H T"
"""A sheet of all of them."""


@dataclass(frozen=True)
class DrawnCharacter:
    """As a reader finds a character: box is left, top, right, bottom in pixels."""

    label: str
    box: tuple[float, float, float, float]
    line: int
    word: int


@dataclass(frozen=True)
class Drawn:
    image: Image.Image
    characters: list[DrawnCharacter]


def write(
    text: str,
    *,
    slant: float = 0.0,
    pen: float = 6.0,
    x_height: float = 40.0,
    width: float = 1.0,
    gap: float = 0.35,
    waver: float = 0.0,
    skew: float = 0.0,
    colour: tuple[int, int, int] = (20, 20, 24),
    seed: int = 0,
) -> Drawn:
    """Lines of text in skeleton letters. slant: degrees; pen: its diameter in pixels; gap, waver: in x-heights.

    skew: degrees by which the lines fall to the right.
    """
    fine, margin = 8, 2 * x_height
    rng = np.random.default_rng(seed)
    lean = math.tan(math.radians(slant))
    cos, sin = math.cos(math.radians(skew)), math.sin(math.radians(skew))
    turn = np.array([[cos, sin], [-sin, cos]])
    strokes, characters, word = [], [], 0
    for line, row in enumerate(text.split("\n")):
        pen_x, baseline = margin + x_height * 0.8, margin + x_height * (1.5 + 3.2 * line)
        for letter in row:
            if letter == " ":
                pen_x, word = pen_x + x_height * 0.9, word + 1
                continue
            foot = baseline + waver * x_height * rng.normal()
            drawn = [
                np.array([(pen_x + x_height * (width * x + lean * y), foot - x_height * y) for x, y in stroke]) @ turn
                for stroke in LETTERS[letter]
            ]
            strokes += drawn
            reach = np.concatenate(drawn)
            low, high = reach.min(0) - pen / 2, reach.max(0) + pen / 2
            characters.append(DrawnCharacter(letter, (*low.tolist(), *high.tolist()), line, word))
            pen_x += x_height * (width * max(x for stroke in LETTERS[letter] for x, _ in stroke) + gap) + pen
        word += 1
    moved = np.array([max(0.0, margin - min(c.box[i] for c in characters)) for i in (0, 1)]) if skew else np.zeros(2)
    strokes = [points + moved for points in strokes]
    characters = [replace(c, box=tuple((np.array(c.box) + np.tile(moved, 2)).tolist())) for c in characters]
    size = [math.ceil(max(c.box[i] for c in characters) + margin) for i in (2, 3)]
    canvas = np.zeros((size[1] * fine, size[0] * fine), np.uint8)
    for points in strokes:
        scaled = np.rint((points * fine) * 16).astype(np.int32)
        cv2.polylines(canvas, [scaled], False, 255, round(pen * fine), cv2.LINE_8, 4)
    ink = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    pixels = 255 * (1 - ink) + np.array(colour, np.float32) * ink
    return Drawn(Image.fromarray(np.rint(pixels).astype(np.uint8)), characters)


def coverage(character: str) -> np.ndarray:
    """One character alone: its ink, float32 [H, W], 0 to 1, cropped."""
    page = 1 - np.asarray(write(character, pen=7, x_height=60).image.convert("L"), np.float32) / 255
    rows, columns = (np.flatnonzero(page.max(axis=axis) > 0.3) for axis in (1, 0))
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
