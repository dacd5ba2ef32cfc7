"""Where the characters of a page stand: the lines through their feet, and how far those fall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.outline import Box

_FARTHEST = 1e6  # pixels from the corner of a picture, beyond which no character stands
_FILLED = 0.5  # of the growth of a box that turns, what a character's ink fills: a bar in a box all of it, an o none

# How far out, in x-heights, a foot would lie that says as much as is known before: pages fall by some 2.5 degrees,
# lines depart from their page by 1.5, and feet stray by 0.06 x-heights.
_PAGE, _LINE = 1.4, 2.3


class StraightLine(NamedTuple):
    """y = slope x + shift, in pixels; a positive slope falls to the right."""

    slope: float
    shift: float

    def at(self, x: Any) -> Any:
        """Return y at a place, or at each of many."""
        return self.slope * x + self.shift


class ReadCharacter(Protocol):
    """A character found on a page.

    box: left, top, right and bottom in pixels of the picture. line, word: counted from 0 in reading order.
    """

    @property
    def label(self) -> str: ...
    @property
    def box(self) -> Box: ...
    @property
    def line(self) -> int: ...
    @property
    def word(self) -> int: ...


def check_characters(characters: Sequence[ReadCharacter]) -> None:
    """Raise `StylingError` if a character has no label, line, word or box of four numbers."""
    try:
        for character in characters:
            left, top, right, bottom = (float(side) for side in character.box)
            is_whole = isinstance(character.label, str) and None not in (character.line, character.word)
            if not is_whole or not max(abs(left), abs(top), abs(right), abs(bottom)) <= _FARTHEST:
                raise ValueError
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise StylingError(
            "These are no characters of a page: each needs a label, a box of four numbers, a line and a word, "
            "as `Recognizer.read` gives them."
        ) from None


def x_height_of(character: ReadCharacter, slope: float = 0.0) -> float:
    """Return the height of a small x in pixels, by that of a character and its letterform.

    The character is measured as if its line did not fall by `slope`; a sign is taken for 1.25 of an x.
    """
    left, top, right, bottom = character.box
    form = LETTERFORMS.get(character.label)
    return max(bottom - top - _FILLED * abs(slope) * (right - left), 1.0) / (form.height if form else 1.25)


def foot(character: ReadCharacter, slope: float = 0.0) -> tuple[float, float]:
    """Return where a character stands, x and y in pixels: what hangs below the line is taken off."""
    left, _, right, bottom = character.box
    form = LETTERFORMS.get(character.label)
    hangs = -form.bottom * x_height_of(character, slope) if form else 0.0
    return (left + right) / 2, bottom - hangs - 0.5 * _FILLED * abs(slope) * (right - left)


def page_slope(characters: Sequence[ReadCharacter]) -> float:
    """Return how far the lines of a page fall, pixels down a pixel to the right: that of all lines together."""
    lines = [np.array([foot(c) for c in line]) for _, line in groupby(characters, key=lambda c: c.line)]
    if not lines:
        return 0.0
    reach = _PAGE * float(np.median([x_height_of(c) for c in characters]))
    return fit_line(np.concatenate([line - np.median(line, axis=0) for line in lines]), 0.0, reach).slope


def baseline(line: Sequence[ReadCharacter], slope: float) -> StraightLine:
    """Return the straight line that characters stand on; the shorter it is, the more it falls as its page: `slope`."""
    reach = _LINE * float(np.median([x_height_of(c, slope) for c in line]))
    return fit_line(np.array([foot(c, slope) for c in line]), slope, reach)


def fit_line(points: NDArray[np.float64], slope: float = 0.0, reach: float = 0.0) -> StraightLine:
    """Fit a straight line, y by x, through most of the points, float64 [n, 2], whatever a few outliers do.

    Least squares, reweighted (Huber). `slope` is what is expected: it counts as one point does that lies `reach` from
    the middle of the others, and alone where they lie above one another.
    """
    x, y = points.T
    found, shift, weights = slope, 0.0, np.ones(len(points))
    for _ in range(8):
        x0, y0 = np.average(x, weights=weights), np.average(y, weights=weights)
        spread = float(np.average((x - x0) ** 2, weights=weights)) + reach**2 / len(points)
        rise = float(np.average((x - x0) * (y - y0 - slope * (x - x0)), weights=weights))
        found = slope + (rise / spread if spread else 0.0)
        shift = y0 - found * x0
        off = np.abs(y - found * x - shift)
        scale = max(1.48 * float(np.median(off)), 0.5)
        weights = np.minimum(1, scale / np.maximum(off, 1e-9)) ** 2
    return StraightLine(found, float(shift))
