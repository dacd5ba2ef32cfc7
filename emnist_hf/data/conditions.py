"""What happens to ink before we see it: hands that lean or shake, few pixels, paper, light, print and a camera.

`CONDITIONS` turn the strokes of one character into the picture that a visitor would hand over. What is random follows
from a generator, so that every checkpoint is asked the same. Without strokes a condition gives the same paper with
nothing written on it. The hands and pads are here, light and colour in `light`, what else a picture shows in
`surroundings`; pages are in `photograph`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data import light, surroundings
from emnist_hf.data.pad import Pad
from emnist_hf.data.strokes import MARGIN

Strokes = Sequence[NDArray[Any]]
Picture = NDArray[np.uint8]
Condition = Callable[[Strokes, Pad, np.random.Generator], Any]
"""Strokes, the pad and a generator to a picture: whatever `ink.open_picture` takes."""

LEAN = math.tan(math.radians(15))
SHAKE = 0.02  # standard deviation of the wobble, as a share of the pad
LOW_SIDE = 40  # pixels
DARKEST = 0.5  # light in the deepest shadow of a photo, as a share of the brightest
GRAIN = 7.0  # standard deviation of a photo's noise, in 8-bit levels
BLUR = 0.004  # standard deviation of a photo's blur, as a share of its side
QUALITY = 40  # of JPEG, out of 100
PENCIL, CHALK = (52, 48, 60), (226, 230, 224)
SHEET, BOARD = (236, 230, 216), (44, 62, 54)


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


CONDITIONS: dict[str, Condition] = {
    condition.__name__: condition for condition in (plain, slanted, shaky, low_resolution, photo)
}
"""By the name that the command line knows them by. A photo of a character holds the pad and nothing else."""

KINDS: dict[str, Condition] = {kind.__name__: kind for kind in (*light.KINDS, *surroundings.KINDS)}
"""Kinds of light, paper and surroundings, each with its ranges; `benchmarks/ink.py` asks them all.

They choose the polarity themselves, and `hairline` its pen and side too.
"""

SIDES, PENS = (240, 520), (0.03, 0.12)
"""The range of a pad's side, in pixels, and of an ordinary pen's diameter, as a share of a character's height."""


def pad_for(kind: str, rng: np.random.Generator) -> Pad:
    """Return a pad and a pen as they come with a kind."""
    side = int(rng.integers(*SIDES))
    return Pad(side, max(1.0, float(rng.uniform(*light.PENS.get(kind, PENS))) * (1 - 2 * MARGIN) * side))
