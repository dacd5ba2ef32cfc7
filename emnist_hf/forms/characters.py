"""Characters of a field: read one by one, then by what they have in common, as digits, as capitals or as small ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.glyph import to_glyphs
from emnist_hf.ink.types import Floats
from emnist_hf.reading.results import Character, Choice
from emnist_hf.reading.scoring import Classifier, Glyphs
from emnist_hf.splits import CHARACTERS, DIGITS, LOWERCASE, MERGED_LOWERCASE, UPPERCASE, LabelSet

ONE_SHAPE = {c: c.upper() for c in MERGED_LOWERCASE} | dict(zip("l10528", "IIOSZB"))
"""Characters that have the shape of a capital: a bare stroke is an I, whether it was read as a small l or as a 1."""

TWINS = {"O": "0", "o": "0", "I": "1", "l": "1", "i": "1", "S": "5", "s": "5", "Z": "2", "z": "2", "q": "9", "g": "9"}
"""Letters that look like a digit."""

LETTERS_FOR_DIGITS = 0.5
"""Share of a field's characters, by probability, that look like digits, from which it is one of digits."""

DIGITS_FIRST, BOTH, CAPITALS_FIRST = 0.7, -4.0, 3.0
"""By how much, in nats, a field is rather one of digits than of letters, one of both than of either, and one of
capitals than of small letters: cells of one character each ask for capitals."""

AS_LETTER = 0.5
"""What a digit counts for the letter that it looks like, where it is asked what a field holds."""

SLIP = 0.02
"""Probability of a character that is read as none of what its field holds."""

CHOICES = 5


class Alphabet(NamedTuple):
    """What a field is made of: its labels, and what each of the 62 characters counts for each, float32 [62, labels]."""

    labels: tuple[str, ...]
    shares: NDArray[np.float32]

    def of(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores of the labels, float32 [N, labels], that sum to 1; probabilities: of the 62, [N, 62]."""
        scores = probabilities @ self.shares
        total = scores.sum(axis=1, keepdims=True)
        return np.where(total > 1e-6, scores / np.maximum(total, 1e-6), np.float32(1 / len(self.labels)))


def _alphabet(labels: str, twins: dict[str, str]) -> Alphabet:
    shares = np.zeros((len(CHARACTERS), len(labels)), np.float32)
    for place, character in enumerate(CHARACTERS):
        label = twins.get(character, character)
        if label in labels:
            shares[place, labels.index(label)] = 1
    return Alphabet(tuple(labels), shares)


_DIGITS = _alphabet(DIGITS, TWINS)
_CAPITALS = _alphabet(UPPERCASE, {c: c.upper() for c in LOWERCASE} | ONE_SHAPE)
_SMALL = _alphabet(LOWERCASE, {c: c.lower() for c in UPPERCASE} | {"I": "l", "1": "l", "0": "o", "5": "s", "2": "z"})


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


def alphabet_of(found: Sequence[Classified], target: LabelSet) -> Alphabet:
    """Return what the characters of a field are made of, as far as a charset goes.

    They are digits where each looks like one, as all letters seldom do, else letters, capitals unless small ones
    explain them better; or both, where some look like nothing but a digit and others like nothing but a letter.
    """
    known = {c: label for label, members in zip(target.labels, target.members) for c in members}
    some_digits, some_letters = "0" in known, any(c in known for c in UPPERCASE + LOWERCASE)
    if not found or not some_letters:
        return _named(_DIGITS if some_digits else _CAPITALS, known)
    rows = np.array([one.probabilities for one in found])
    as_digits = np.log((rows @ _DIGITS.shares).sum(axis=1) + SLIP)
    twins = rows[:, [0, 1, 2, 5]].sum(axis=1)
    as_letters = np.log(rows[:, len(DIGITS) :].sum(axis=1) + AS_LETTER * twins + SLIP)
    if not some_digits:
        return _named(_cased(rows, known), known)
    digits, letters = float(as_digits.sum()) + DIGITS_FIRST, float(as_letters.sum())
    if np.maximum(as_digits, as_letters).sum() + BOTH > max(digits, letters):
        capitals = _cased(rows, known)
        own = np.eye(len(CHARACTERS), 10)
        letters_only = capitals.shares * (1 - own.sum(axis=1, keepdims=True))
        both = Alphabet((*DIGITS, *capitals.labels), np.hstack([own, letters_only]).astype(np.float32))
        return _named(both, known)
    return _named(_DIGITS if digits > letters else _cased(rows, known), known)


def _cased(rows: NDArray[np.float32], known: dict[str, str]) -> Alphabet:
    """Return capitals, unless there are none or small letters explain a field better."""
    if "A" not in known or "a" not in known:
        return _CAPITALS if "A" in known else _SMALL
    capitals, small = (rows[:, 10 + 26 * i : 36 + 26 * i] for i in range(2))
    alike = (capitals + small).max(axis=1)
    upper, lower = (np.log(np.maximum(case.max(axis=1), 0.3 * alike) + 1e-3).sum() for case in (capitals, small))
    return _CAPITALS if upper + CAPITALS_FIRST >= lower else _SMALL


def _named(alphabet: Alphabet, known: dict[str, str]) -> Alphabet:
    """Return an alphabet with the labels that a charset has for its characters."""
    return alphabet._replace(labels=tuple(known.get(label, label) for label in alphabet.labels))


def label_of(one: Classified, alphabet: Alphabet) -> tuple[str, float, tuple[Choice, ...]]:
    """Return the character, its score and the choices, in a field made of an alphabet."""
    scores = alphabet.of(one.probabilities[None])[0] * (1 - 0.5 * one.p_reject)
    best = np.argsort(-scores, kind="stable")[:CHOICES]
    choices = tuple(Choice(alphabet.labels[i], float(scores[i])) for i in best)
    return choices[0].label, choices[0].score, choices


def looks_like_digits(characters: Sequence[Character]) -> float:
    """Return how much of what was read as a line looks like digits, 0 to 1."""
    if not characters:
        return 0.0
    shares = [
        sum(choice.score for choice in c.alternatives if choice.label in DIGITS or choice.label in TWINS)
        for c in characters
    ]
    return float(np.mean(shares))


def digits_only(classifier: Classifier) -> Classifier:
    """Return a classifier that knows digits alone: what looks like another character is none to it."""

    def classified(glyphs: Glyphs) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        probabilities, p_reject = classifier(glyphs)
        digits = probabilities @ _DIGITS.shares
        known = digits.sum(axis=1, keepdims=True)
        found = np.zeros_like(probabilities)
        found[:, : len(DIGITS)] = digits / np.maximum(known, 1e-6)
        return found, (1 - (1 - p_reject) * np.clip(known[:, 0] * 1.5, 0, 1)).astype(np.float32)

    return classified
