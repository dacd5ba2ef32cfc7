"""A pad that a character is drawn on, ink laid on paper, and a camera that takes the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.strokes import MARGIN, draw, draw_coverage

Strokes = Sequence[NDArray[Any]]
Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[float, float, float]

LEAST_CONTRAST = 25  # levels of 255 between a pen and its paper


@dataclass(frozen=True)
class Pad:
    """What a character is drawn on: side and pen diameter in pixels, and whether the ink is light on dark."""

    side: int
    pen: float
    light: bool = False

    def draw(self, strokes: Strokes, **how: Any) -> Picture:
        """Draw pure black on pure white, or white on black: uint8 [side, side, 3]. `how` goes to `strokes.draw`."""
        ink, paper = ((255,) * 3, (0,) * 3) if self.light else ((0,) * 3, (255,) * 3)
        if not len(strokes):
            return np.full((self.side, self.side, 3), how.get("paper", paper), np.uint8)
        return draw(strokes, size=self.side, pen=self.pen, **{"ink": ink, "paper": paper} | how)

    def coverage(self, strokes: Strokes, margin: float = MARGIN) -> Floats:
        """Draw the ink alone: float32 [side, side], 0 to 1; 0 everywhere without strokes."""
        if not len(strokes):
            return np.zeros((self.side, self.side), np.float32)
        return draw_coverage(strokes, size=self.side, pen=self.pen, margin=margin)


def lay(paper: Floats | Colour, pen: Floats | Colour, coverage: Floats) -> Floats:
    """Lay ink on paper: colours, [3] or [H, W, 3], and coverage [H, W] to float32 [H, W, 3]."""
    share = coverage[:, :, None]
    return np.asarray(paper, np.float32) * (1 - share) + np.asarray(pen, np.float32) * share


def grey(level: float, rng: np.random.Generator, tint: float = 6) -> Floats:
    """Return a grey of some level, tinted a little: float32 [3]."""
    return np.clip(level + rng.uniform(-tint, tint, 3), 0, 255).astype(np.float32)


def plane(side: int, rng: np.random.Generator) -> Floats:
    """Return what rises evenly in some direction: float32 [side, side], from 0 to 1."""
    angle = rng.uniform(0, 2 * np.pi)
    line = np.linspace(-1, 1, side, dtype=np.float32)
    slope = line[None] * np.float32(np.cos(angle)) + line[:, None] * np.float32(np.sin(angle))
    return (slope - slope.min()) / (slope.max() - slope.min())


def take(
    scene: Floats,
    rng: np.random.Generator,
    blur: float = 1.0,
    noise: tuple[float, float] = (0.5, 2.5),
    quality: tuple[int, int] = (60, 95),
) -> Picture:
    """Take a picture of a scene, float32 [H, W, 3], 0 to 255: uint8 [H, W, 3].

    blur: standard deviation at the most, in pixels. noise: its range, in levels. quality: of JPEG, its range.
    """
    scene = cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.3, max(0.31, blur))))
    scene = scene + rng.normal(0, rng.uniform(*noise), (*scene.shape[:2], 1)).astype(np.float32)
    return stored(np.clip(np.rint(scene), 0, 255).astype(np.uint8), int(rng.integers(quality[0], quality[1] + 1)))


def stored(picture: Picture, quality: int) -> Picture:
    """Return a picture, uint8 [H, W, 3], after it was a JPEG of some quality."""
    file = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(file, cv2.IMREAD_COLOR)[:, :, ::-1])
