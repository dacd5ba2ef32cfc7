"""What happens to ink before we see it: hands that lean or shake, few pixels, paper, light and a camera.

`CONDITIONS` turn the strokes of one character into the picture that a visitor would hand over; `photograph` does so
with the ink of a page, under `PAGE_CONDITIONS`. What is random follows from a generator, so that every checkpoint is
asked the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.strokes import draw

Strokes = Sequence[NDArray[Any]]
Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

LEAN = math.tan(math.radians(15))
SHAKE = 0.02  # standard deviation of the wobble, as a share of the pad
LOW_SIDE = 40  # pixels
DARKEST = 0.5  # light in the deepest shadow of a photo, as a share of the brightest
GRAIN = 7.0  # standard deviation of a photo's noise, in 8-bit levels
BLUR = 0.004  # standard deviation of a photo's blur, as a share of its side
QUALITY = 40  # of JPEG, out of 100
PENCIL, CHALK = (52, 48, 60), (226, 230, 224)
SHEET, BOARD = (236, 230, 216), (44, 62, 54)


@dataclass(frozen=True)
class Pad:
    """What a character is drawn on: side and pen diameter in pixels, and whether the ink is light on dark."""

    side: int
    pen: float
    light: bool = False

    def draw(self, strokes: Strokes, **how: Any) -> Picture:
        """Draw pure black on pure white, or white on black: uint8 [side, side, 3]. `how` goes to `strokes.draw`."""
        ink, paper = ((255,) * 3, (0,) * 3) if self.light else ((0,) * 3, (255,) * 3)
        return draw(strokes, size=self.side, pen=self.pen, **{"ink": ink, "paper": paper} | how)


def plain(strokes: Strokes, pad: Pad, rng: np.random.Generator) -> Picture:
    """Draw as a sketchpad does: uint8 [side, side, 3], as all conditions give but where they say otherwise."""
    return pad.draw(strokes)


def slanted(strokes: Strokes, pad: Pad, rng: np.random.Generator) -> Picture:
    """Lean by 15 degrees more than the writer does, to the right or to the left."""
    return pad.draw(strokes, slant=LEAN * rng.choice((-1, 1)))


def shaky(strokes: Strokes, pad: Pad, rng: np.random.Generator) -> Picture:
    """Shake as an unsteady hand does: a smooth wobble along each stroke, of 2 % of the pad's side."""
    return pad.draw(strokes, shake=SHAKE * pad.side, rng=rng)


def low_resolution(strokes: Strokes, pad: Pad, rng: np.random.Generator) -> Picture:
    """Shrink to 40 pixels what was drawn: uint8 [40, 40, 3]; a pad that is smaller stays as it is."""
    side = min(LOW_SIDE, pad.side)
    return cv2.resize(pad.draw(strokes), (side, side), interpolation=cv2.INTER_AREA)


def photo(strokes: Strokes, pad: Pad, rng: np.random.Generator) -> Picture:
    """Photograph pencil on paper, or chalk on a board: shadow across the sheet, blur, noise, JPEG of quality 40."""
    ink, paper = (CHALK, BOARD) if pad.light else (PENCIL, SHEET)
    scene = pad.draw(strokes, ink=ink, paper=paper).astype(np.float32) * _shadow(pad.side, rng)[:, :, None]
    scene = cv2.GaussianBlur(scene, (0, 0), max(0.3, BLUR * pad.side))
    scene += rng.normal(0, GRAIN, (pad.side, pad.side, 1)).astype(np.float32)
    picture = np.clip(np.rint(scene), 0, 255).astype(np.uint8)
    stored = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.ascontiguousarray(cv2.imdecode(stored, cv2.IMREAD_COLOR)[:, :, ::-1])


def _shadow(side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return light that falls off evenly in some direction: float32 [side, side], from 1 to DARKEST."""
    angle = rng.uniform(0, 2 * math.pi)
    across = np.linspace(-1, 1, side)
    slope = across[None, :] * math.cos(angle) + across[:, None] * math.sin(angle)
    share = (slope - slope.min()) / (slope.max() - slope.min())
    return (1 - (1 - DARKEST) * share).astype(np.float32)


CONDITIONS: dict[str, Callable[[Strokes, Pad, np.random.Generator], Picture]] = {
    condition.__name__: condition for condition in (plain, slanted, shaky, low_resolution, photo)
}
"""By the name that the command line knows them by. A photo of a character holds the pad and nothing else."""
# --- pages ---

PAGE_CONDITIONS = ("plain", "ruled", "squared", "shadow", "skewed", "noisy", "jpeg", "pencil", "chalk", "small")


def photograph(
    ink: Floats, condition: str, size: int, matrix: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return ink on paper as a phone takes it: uint8 [H, W, 3].

    ink: coverage float32 [H, W], 1 = ink. condition: of `PAGE_CONDITIONS`. size: the em in pixels, which printed rules
    go by. matrix: float64 [2, 3], how the page was turned, and its rules with it.
    """
    paper = np.array((238, 236, 228), np.float32)
    pen = np.array(((40, 44, 60), (30, 50, 140), (24, 22, 20))[rng.integers(3)], np.float32)
    if condition == "chalk":
        paper, pen = np.array((52, 66, 58), np.float32), np.array((232, 230, 220), np.float32)
    if condition == "pencil":
        grain = cv2.GaussianBlur(rng.random(ink.shape, np.float32), (0, 0), 1.0)
        ink = ink * np.clip(0.75 + 3 * (grain - 0.5), 0.35, 1)
        pen = np.array((110, 108, 106), np.float32)
    sheet = np.broadcast_to(paper, (*ink.shape, 3)).copy()
    if condition in ("ruled", "squared"):
        _rule(sheet, condition, size, matrix)
    page = sheet * (1 - ink[:, :, None]) + pen * ink[:, :, None]
    if condition == "shadow":
        page *= _hand_shadow(ink.shape, rng)[:, :, None]
    page = cv2.GaussianBlur(page, (0, 0), 0.7 if size > 40 else 0.5)
    page += rng.normal(0, 14 if condition == "noisy" else 2.5, page.shape).astype(np.float32)
    if condition == "noisy":
        specks = rng.random(ink.shape)
        page[specks < 0.002], page[specks > 0.998] = 20, 250
    bytes_ = page.clip(0, 255).astype(np.uint8)
    if condition == "jpeg":
        _, file = cv2.imencode(".jpg", bytes_[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 18])
        bytes_ = cv2.imdecode(file, cv2.IMREAD_COLOR)[:, :, ::-1]
    return np.ascontiguousarray(bytes_)


def _rule(sheet: Floats, condition: str, size: int, matrix: NDArray[np.float64]) -> None:
    """Print lines on a sheet, turned with the page: rules under the writing, or squares."""
    pitch = 1.45 * size if condition == "ruled" else 0.5 * size
    reach = 2 * max(sheet.shape[:2])
    colour = (170, 190, 220)

    def line(a: tuple[float, float], b: tuple[float, float]) -> None:
        ends = np.array([a, b]) @ matrix[:, :2].T + matrix[:, 2]
        first, second = ((round(x), round(y)) for x, y in ends)
        cv2.line(sheet, first, second, colour, max(1, size // 32), cv2.LINE_AA)

    start = (size + size + 4) % pitch
    for i in range(int(reach / pitch)):
        line((-reach, start + i * pitch), (reach, start + i * pitch))
        if condition == "squared":
            line((start + i * pitch, -reach), (start + i * pitch, reach))


def _hand_shadow(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return light that falls to one side, with the soft edge of a hand's shadow: float64 [H, W]."""
    height, width = shape[:2]
    across, down = np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    light = 1 - 0.35 * (rng.uniform(0.3, 1) * across[None] + rng.uniform(0, 0.6) * down[:, None])
    edge = rng.uniform(0.3, 0.7) + rng.uniform(-0.4, 0.4) * down[:, None]
    return light * (1 - 0.4 / (1 + np.exp((across[None] - edge) / 0.03)))
