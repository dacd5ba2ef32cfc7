"""Characters of a field: read one by one, then by what they have in common, as digits or as capitals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.glyph import to_glyphs
from emnist_hf.ink.types import Floats
from emnist_hf.reading.results import Character, Choice
from emnist_hf.reading.scoring import Classifier, Glyphs
from emnist_hf.splits import CHARACTERS, DIGITS, UPPERCASE

TWINS = {"O": "0", "o": "0", "I": "1", "l": "1", "i": "1", "S": "5", "s": "5", "Z": "2", "z": "2", "q": "9", "g": "9"}
"""Letters that look like a digit."""

LETTERS_FOR_DIGITS = 0.5
"""Share of a field's characters, by probability, that look like digits, from which it is one of digits."""

CHOICES = 5

_DIGIT_SHARES = np.zeros((len(CHARACTERS), len(DIGITS)), np.float32)
for _place, _character in enumerate(CHARACTERS):
    if _character in DIGITS or _character in TWINS:
        _DIGIT_SHARES[_place, DIGITS.index(TWINS.get(_character, _character))] = 1


class Classified(NamedTuple):
    """What the classifier says of a glyph: probabilities of the 62 characters, float32 [62], and p_reject."""

    probabilities: NDArray[np.float32]
    p_reject: float


def classify(pictures: Sequence[Floats], classifier: Classifier) -> list[Classified]:
    """Ask about pictures of one character each, coverage float32 [h, w]."""
    if not pictures:
        return []
    glyphs = to_glyphs(pictures)
    probabilities, p_reject = classifier(glyphs)
    return [Classified(row, float(reject)) for row, reject in zip(probabilities, p_reject)]


def is_digits(found: Sequence[Classified]) -> bool:
    """Tell whether the characters of a field are digits: each looks like one, as all letters seldom do."""
    if not found:
        return True
    rows = np.array([one.probabilities for one in found])
    digits = np.log((rows @ _DIGIT_SHARES).sum(axis=1) + 0.02)
    letters = np.log(rows[:, len(DIGITS) :].sum(axis=1) + 0.02)
    return bool(digits.sum() + 0.7 > letters.sum())


def label_of(one: Classified, digits: bool, field: Sequence[Classified]) -> tuple[str, float, tuple[Choice, ...]]:
    """Return the character, its score and the choices, in a field that is of digits or else of letters."""
    if digits:
        labels, scores = DIGITS, one.probabilities @ _DIGIT_SHARES
    else:
        labels, scores = _letters(one, field)
    scores = scores / max(float(scores.sum()), 1e-6) * (1 - 0.5 * one.p_reject)
    best = np.argsort(-scores, kind="stable")[:CHOICES]
    choices = tuple(Choice(labels[i], float(scores[i])) for i in best)
    return choices[0].label, choices[0].score, choices


def _letters(one: Classified, field: Sequence[Classified]) -> tuple[str, NDArray[np.float32]]:
    """Return the labels of a field of letters and their scores: capitals, unless small letters explain it better."""
    rows = np.array([other.probabilities for other in field])
    capitals, small = (rows[:, 10 + 26 * i : 36 + 26 * i] for i in range(2))
    both = capitals + small
    alike = both.max(axis=1)
    upper = np.log(np.maximum(capitals.max(axis=1), 0.3 * alike) + 1e-3).sum()
    lower = np.log(np.maximum(small.max(axis=1), 0.3 * alike) + 1e-3).sum()
    scores = one.probabilities[10:36] + one.probabilities[36:62]
    return UPPERCASE if upper >= lower else UPPERCASE.lower(), scores


def as_digits(characters: Sequence[Character]) -> bool:
    """Tell whether what was read as a line looks like digits."""
    if not characters:
        return False
    shares = [
        sum(choice.score for choice in c.alternatives if choice.label in DIGITS or choice.label in TWINS)
        for c in characters
    ]
    return float(np.mean(shares)) > LETTERS_FOR_DIGITS


def digits_only(classifier: Classifier) -> Classifier:
    """Return a classifier that knows digits alone: what looks like another character is none to it."""

    def classified(glyphs: Glyphs) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        probabilities, p_reject = classifier(glyphs)
        digits = probabilities @ _DIGIT_SHARES
        known = digits.sum(axis=1, keepdims=True)
        found = np.zeros_like(probabilities)
        found[:, : len(DIGITS)] = digits / np.maximum(known, 1e-6)
        return found, (1 - (1 - p_reject) * np.clip(known[:, 0] * 1.5, 0, 1)).astype(np.float32)

    return classified
