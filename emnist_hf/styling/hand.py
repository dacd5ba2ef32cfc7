"""A writer's hand as numbers, measured in the ink of a sketch or a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

import cv2
import numpy as np

from emnist_hf.styling.colours import parse_colour
from emnist_hf.styling.errors import StylingError


@dataclass(frozen=True)
class Hand:
    """How somebody writes. Raises `StylingError` for numbers that no hand has, such as a pen of 0.

    slant: degrees from the vertical, positive to the right, of a page that lies level; see `slant.find_slant`.
    pen: median width of the strokes in pixels of the picture, twice the depth of the ink along its middle lines.
    x_height: height of a small x in pixels of the picture: the median over the characters of their height by that of
    their letterform; without labels, the median height of the marks by 1.25, midway between x and capital.
    variation: how much the width of the strokes varies, half the range of its middle 68 % by the median; a felt pen has
    0.1, a pointed pen 0.5.
    width: of the characters, the lean taken out, by that of UNIPEN's writers (1 is as theirs); the median.
    waver: how far characters stray from their line, in x-heights: 1.48 times the median distance of their feet from the
    line fitted through the feet of those without descenders.
    spacing: median white between neighbours in a word, the lean taken out, in x-heights; None for a lone character.
    colour: median sRGB of the ink's core.
    texture: how the pen lifts and starves: the share of the strokes' middle lines, 0 to 1, where the ink is below
    0.85 of full.
    """

    slant: float
    pen: float
    x_height: float
    variation: float
    width: float
    waver: float
    spacing: float | None
    colour: tuple[int, int, int]
    texture: float

    def __post_init__(self) -> None:
        sizes = (self.pen, self.x_height, self.width)
        shares = (self.variation, self.waver, self.texture)
        known = (*sizes, *shares, self.slant, 0.0 if self.spacing is None else self.spacing)
        if not all(isinstance(number, Real) and math.isfinite(number) for number in known):
            raise StylingError("These are no measures of a hand: all but the colour are finite numbers.")
        if min(sizes) <= 0 or min(shares) < 0:
            raise StylingError("These are no measures of a hand: pen, x-height and width are above 0, no share below.")
        parse_colour(self.colour)

    @property
    def weight(self) -> float:
        """The pen's width in x-heights."""
        return self.pen / self.x_height

    def as_json(self) -> dict[str, Any]:
        """All numbers, rounded, and the weight."""
        numbers = {name: round(v, 3) if isinstance(v, float) else v for name, v in asdict(self).items()}
        return numbers | {"weight": round(self.weight, 3), "colour": "#{:02x}{:02x}{:02x}".format(*self.colour)}


def check_hand(hand: Any) -> None:
    """Raises `StylingError` for anything but a `Hand`."""
    if not isinstance(hand, Hand):
        raise StylingError("This is no writer's hand: give what `estimate_hand` returns.")


# --- in words ---

_COLOURS = (
    ("black", (25, 25, 28)),
    ("grey", (125, 125, 125)),
    ("white", (245, 245, 245)),
    ("blue-black", (27, 40, 70)),
    ("blue", (40, 65, 130)),
    ("blue", (35, 70, 190)),
    ("light blue", (110, 165, 225)),
    ("turquoise", (30, 150, 160)),
    ("green", (35, 125, 60)),
    ("green", (30, 75, 45)),
    ("olive", (110, 115, 40)),
    ("yellow", (235, 210, 60)),
    ("orange", (230, 130, 40)),
    ("red", (200, 40, 45)),
    ("pink", (230, 130, 170)),
    ("violet", (105, 55, 150)),
    ("brown", (110, 70, 40)),
)


def colour_name(colour: tuple[int, int, int]) -> str:
    """The name nearest in CIE L*a*b*."""
    colours = np.array([colour, *(value for _, value in _COLOURS)], np.uint8)[None].astype(np.float32) / 255
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[0]
    return _COLOURS[int(np.argmin(np.linalg.norm(lab[1:] - lab[0], axis=1)))][0]


def _in_steps(value: float, steps: Sequence[tuple[float, str]], last: str) -> str:
    return next((words for below, words in steps if value < below), last)


def describe(hand: Hand) -> str:
    """The hand in words: "leans 12 degrees to the right, fine pen, blue". Raises `StylingError` for what is no hand."""
    check_hand(hand)
    degrees = round(abs(hand.slant))
    lean = (
        "stands upright" if degrees < 3 else f"leans {degrees} degrees to the {'right' if hand.slant > 0 else 'left'}"
    )
    pen = _in_steps(hand.weight, ((0.11, "fine"), (0.2, "medium"), (0.32, "broad")), "very broad")
    words = [lean, f"{pen} pen"]
    words += ["thick and thin strokes"] if hand.variation > 0.35 else []
    words += [_in_steps(hand.width, ((0.8, "narrow letters"), (1.25, "")), "wide letters")]
    words += [_in_steps(hand.waver, ((0.08, ""),), "a baseline that wavers")]
    if hand.spacing is not None:
        words += [_in_steps(hand.spacing, ((0.0, "joined letters"), (0.12, "closely set"), (0.5, "")), "widely set")]
    words += ["an uneven line"] if hand.texture > 0.3 else []
    return ", ".join([*(word for word in words if word), colour_name(hand.colour)])
