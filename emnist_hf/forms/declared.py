"""Characters of a cell whose field is declared to hold digits, or capitals.

Where that is known, what another character would look like is left out: letters that look like digits, and small
letters but for those of one shape with their capital, would make more mistakes than they mend.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.characters import CHOICES, ONE_SHAPE, Classified
from emnist_hf.reading.results import Choice
from emnist_hf.splits import CHARACTERS, DIGITS, UPPERCASE


def _shares(labels: str, alike: dict[str, str]) -> NDArray[np.float32]:
    """Return what each of the 62 characters counts for each label, float32 [62, labels]."""
    return np.array([[alike.get(c, c) == label for label in labels] for c in CHARACTERS], np.float32)


_DECLARED = {"digits": (DIGITS, _shares(DIGITS, {})), "uppercase": (UPPERCASE, _shares(UPPERCASE, ONE_SHAPE))}


def label_as(one: Classified, charset: str) -> tuple[str, float, tuple[Choice, ...]]:
    """Return the character, its score and the choices, of a field that holds "digits", or "uppercase"."""
    labels, shares = _DECLARED[charset]
    scores = one.probabilities @ shares
    total = float(scores.sum())
    scores = scores / total if total > 1e-6 else np.full(len(labels), 1 / len(labels))
    scores = scores * (1 - 0.5 * one.p_reject)
    best = np.argsort(-scores, kind="stable")[:CHOICES]
    choices = tuple(Choice(labels[i], float(scores[i])) for i in best)
    return choices[0].label, choices[0].score, choices
