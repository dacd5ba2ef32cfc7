"""A writer's hand: its measures, and the same in words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

from emnist_hf.errors import Sentence
from emnist_hf.styling.colours import colour_name, css_hex, parse_colour
from emnist_hf.styling.errors import StylingError


@dataclass(frozen=True)
class Hand:
    """How somebody writes. Raise `StylingError` for numbers that no hand has, such as a pen of 0.

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
        """Return all numbers, rounded, and the weight."""
        numbers = {name: round(v, 3) if isinstance(v, float) else v for name, v in asdict(self).items()}
        return numbers | {"weight": round(self.weight, 3), "colour": css_hex(self.colour)}


def check_hand(hand: Any) -> None:
    """Raise `StylingError` for anything but a `Hand`."""
    if not isinstance(hand, Hand):
        raise StylingError("This is no writer's hand: give what `estimate_hand` returns.")


def describe(hand: Hand) -> Sentence:
    """Return the hand in words: "leans 12 degrees to the right, fine pen, blue".

    The template is nothing but names and commas; every value is a `Sentence` of its own. Raise `StylingError` for what
    is no hand.
    """
    check_hand(hand)
    side = "right" if hand.slant > 0 else "left"
    degrees = round(abs(hand.slant))
    leans = Sentence("leans {degrees} degrees to the " + side, degrees=degrees)
    words = {
        "lean": Sentence("stands upright") if degrees < 3 else leans,
        "pen": _step(hand.weight, {0.11: "fine pen", 0.2: "medium pen", 0.32: "broad pen"}, "very broad pen"),
        "stroke": _step(hand.variation, {0.35: ""}, "thick and thin strokes"),
        "letters": _step(hand.width, {0.8: "narrow letters", 1.25: ""}, "wide letters"),
        "baseline": _step(hand.waver, {0.08: ""}, "a baseline that wavers"),
        "spacing": _step(
            0.3 if hand.spacing is None else hand.spacing,
            {0.0: "joined letters", 0.12: "closely set", 0.5: ""},
            "widely set",
        ),
        "line": _step(hand.texture, {0.3: ""}, "an uneven line"),
        "colour": Sentence(colour_name(hand.colour)),
    }
    said = {name: part for name, part in words.items() if part}
    return Sentence(", ".join(f"{{{name}}}" for name in said), **said)


def _step(value: float, steps: dict[float, str], last: str) -> Sentence:
    """Return the words of the first step, by what lies below it, that a value is below."""
    return Sentence(next((words for below, words in steps.items() if value < below), last))
