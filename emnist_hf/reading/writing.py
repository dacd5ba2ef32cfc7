"""Whether what reads as characters is writing at all: not grain beside clear lines, nor a sun, a fish, a chart.

Among many characters scores even out, and a page of text is none by chance. A drawing is taken for few: its strokes
for l and O, its outline for an 8, the whole for a sign that the network of lines makes up.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from emnist_hf.ink.glyph import to_glyph
from emnist_hf.ink.types import Floats
from emnist_hf.reading.components import INK
from emnist_hf.reading.results import Character
from emnist_hf.reading.scoring import Classifier
from emnist_hf.splits import CHARACTERS, fold_shape

CLEAR_SCORE, BLOT = 0.8, 0.35
"""Mean score of the shapes of a page's middling line from which it is clear, and how far below it a line is a blot."""

FEW = 12
"""Characters up to which a drawing may be taken for them."""

STROKES = set("1lI|-.,'/:;!")
"""What single strokes read as."""

WEIGHTS = {
    "score": 5.328,
    "p_reject": -1.789,
    "alone": -1.478,
    "width": -1.218,
    "strokes": -5.678,
    "counts_differ": -2.047,
}
BIAS = 0.435
"""Weights of the logit of writing, by logistic regression on the learnt kinds of `data.doodles` and on words, lone
characters, short strings and columns by persons of UNIPEN's validation part and by fonts. 1 % of that writing comes to
less than 0, by ten-fold cross-validation; `benchmarks.doodles` says how it is with others."""


def is_drawing(characters: Sequence[Character], coverage: Floats, counts_differ: bool, classifier: Classifier) -> bool:
    """Tell whether ink that reads as a few characters is rather a drawing.

    coverage: the ink, float32 [H, W]. counts_differ: whether two readings of it have not as many characters.
    """
    if not 0 < len(characters) <= FEW:
        return False
    left, top, width, height = cv2.boundingRect((coverage > INK).astype(np.uint8))
    glyph = to_glyph(coverage[top : top + height, left : left + width])
    lines = len({c.line for c in characters})
    strokes = float(np.mean([c.label in STROKES for c in characters]))
    found = {
        "score": float(np.mean([c.score for c in characters])),
        "p_reject": float(classifier(glyph[None])[1][0]),  # of all of it, as if it were one character
        "alone": float(len(characters) == 1),
        "width": float(np.log(width / height * lines / len(characters))),
        "strokes": strokes * (lines > 1),  # those of a sun stand in several lines
        "counts_differ": float(counts_differ),
    }
    return sum(WEIGHTS[name] * value for name, value in found.items()) + BIAS < 0


def without_blots(lines: list[list[Character]]) -> list[int]:
    """Find the lines that do not read badly where the others read well, as grain and what shines through do."""
    scores = [float(np.mean([_shape_score(c) for c in line])) for line in lines]
    middling = float(np.median(scores)) if len(lines) > 2 else 0.0
    return [i for i, score in enumerate(scores) if middling < CLEAR_SCORE or score >= middling - BLOT]


def _shape_score(character: Character) -> float:
    """Return the probability that a character has the shape it was read as, whichever of l, I and 1 it is."""
    shape = fold_shape(character.label) if character.label in CHARACTERS else character.label
    alike = [a.score for a in character.alternatives if a.label in CHARACTERS and fold_shape(a.label) == shape]
    return max(character.score, sum(alike))
