"""What shape each of the 62 characters usually has: where it ends above and below the baseline, and how wide it is."""

from __future__ import annotations

import string
from dataclasses import dataclass

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase

SIGNS = ".,:;-'\"!?()/+=&@#%*_$€"
ACCENTED = "äöüÄÖÜßéèêàçñ"
LINE_ALPHABET = CHARACTERS + " " + SIGNS + ACCENTED
"""What lines are read as, in the order of the line network's outputs; after the last stands the CTC blank."""

LINE_PLACES = {character: place for place, character in enumerate(LINE_ALPHABET)}

CAPITAL = 1.5
"""Height of capitals, figures and ascenders in x-heights, as copybooks rule them (between 1.4 and 1.6)."""

DESCENT = -0.55
"""Bottom of g, j, p, q and y in x-heights over the baseline, as copybooks rule them."""

HAND_DESCENT = -0.5
"""The same as hands print them: reading tells case and composes its pages by it, and its numbers were measured so."""


@dataclass(frozen=True)
class Letterform:
    """top, bottom: the ends of the ink over the baseline, in x-heights. aspect: width to height of the ink."""

    top: float
    bottom: float
    aspect: float

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def hand_bottom(self) -> float:
        """The bottom as hands print it."""
        return HAND_DESCENT if self.bottom else 0.0


# Median width to height of up to 600 characters of UNIPEN each, all writers, with a pen of 8 % of the longer side.
_ASPECTS = (
    *(0.89, 0.36, 0.92, 0.72, 0.73, 0.85, 0.64, 0.77, 0.68, 0.61),
    *(0.71, 0.73, 0.86, 0.79, 0.81, 0.78, 0.85, 0.73, 0.57, 0.82, 0.79, 0.79, 0.96),
    *(0.86, 0.85, 0.67, 0.87, 0.74, 0.77, 0.96, 0.81, 0.78, 1.12, 0.82, 0.65, 1.00),
    *(1.12, 0.59, 0.94, 0.62, 0.91, 0.54, 0.58, 0.59, 0.34, 0.43, 0.65, 0.38, 1.46),
    *(1.07, 0.94, 0.54, 0.58, 0.92, 0.84, 0.68, 1.00, 0.92, 1.36, 0.93, 0.58, 0.93),
)


def _letterform(character: str, aspect: float) -> Letterform:
    top = 1.0 if character in "acegmnopqrsuvwxyz" else 1.3 if character == "t" else CAPITAL
    return Letterform(top, DESCENT if character in "gjpqy" else 0.0, aspect)


LETTERFORMS = {c: _letterform(c, aspect) for c, aspect in zip(CHARACTERS, _ASPECTS, strict=True)}
