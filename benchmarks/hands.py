"""Hands for what benchmarks draw: the fonts that the tests keep, by name (no training may see them), and strokes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data import compose

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "support" / "handwriting"
HANDS = {path.parent.name: path for path in sorted(FOLDER.glob("*/*.ttf"))}


def font_hand(name: str) -> compose.Hand:
    return compose.font_hand(HANDS[name])


SKELETONS = {
    "A": [[(50, 16), (26, 84)], [(50, 16), (75, 84)], [(35, 60), (66, 60)]],
    "E": [[(32, 16), (31, 84)], [(32, 17), (70, 16)], [(32, 49), (63, 48)], [(31, 84), (71, 83)]],
    "H": [[(28, 15), (29, 85)], [(71, 15), (71, 86)], [(28, 50), (71, 49)]],
    "4": [[(36, 16), (30, 54), (74, 54)], [(62, 18), (62, 87)]],
    "7": [[(28, 18), (73, 17), (45, 86)]],
    "N": [[(28, 86), (28, 16), (72, 86), (72, 15)]],
    "T": [[(24, 17), (76, 16)], [(50, 17), (49, 86)]],
    "K": [[(32, 15), (32, 86)], [(70, 16), (33, 54), (71, 85)]],
}
"""Characters as a visitor's strokes: points (x, y) of each, y downwards."""


def strokes(number: int) -> list[NDArray[np.float64]]:
    """One of `SKELETONS` after the other, each turned by another angle of up to 6 degrees: float64 [n, 2] a stroke."""
    angle = math.radians(-6 + 12 * ((number * 0.618) % 1))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return [np.array(line, float) @ turn for line in list(SKELETONS.values())[number % len(SKELETONS)]]
