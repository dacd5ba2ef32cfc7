"""How well lines are read: error rates by style of writing, and how far scores are to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from emnist_hf.models.line_engine import logit
from emnist_hf.reading.ctc import Columns, greedy_text
from emnist_hf.reading.line_decoding import decode_line
from emnist_hf.reading.vocabulary import Vocabulary

STYLES = ("printed", "mixed", "cursive")


class ReadWord(NamedTuple):
    """A word of a held-out person: what stands there, in which style, and what was read, greedily and with a language.

    frames, posteriors, right: float64 [n], [n] and bool [n], of each character that was read with the language.
    """

    text: str
    style: str
    greedy: str
    decoded: str
    frames: NDArray[np.float64]
    posteriors: NDArray[np.float64]
    right: NDArray[np.bool_]


def read_word(text: str, style: str, columns: Columns, vocabulary: Vocabulary | None) -> ReadWord:
    """Read a word with a language, and find which of its characters are right: those that an edit distance keeps."""
    signs = decode_line(columns, vocabulary)
    words: dict[int, str] = {}
    for sign in signs:
        words[sign.word] = words.get(sign.word, "") + sign.label
    found = "".join(sign.label for sign in signs)
    true = "".join(text.split())
    right = np.zeros(len(found), bool)
    for block in Levenshtein.editops(found, true).as_matching_blocks():
        right[block.a : block.a + block.size] = True
    frames, posteriors = (np.array([getattr(s, name) for s in signs], np.float64) for name in ("frame", "posterior"))
    return ReadWord(text, style, greedy_text(columns), " ".join(words.values()), frames, posteriors, right)


def fold(text: str) -> str:
    """Return a text without case and blanks."""
    return "".join(text.lower().split())


def error_rates(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Return the character error rate of true and found texts, that without case and blanks, and the share right."""
    errors = sum(Levenshtein.distance(true, found) for true, found in pairs)
    folded = [(fold(true), fold(found)) for true, found in pairs]
    return {
        "words": len(pairs),
        "cer": errors / max(sum(len(true) for true, _ in pairs), 1),
        "cer_folded": sum(Levenshtein.distance(a, b) for a, b in folded) / max(sum(len(a) for a, _ in folded), 1),
        "right": sum(a == b for a, b in folded) / max(len(pairs), 1),
    }


def rates_by_style(words: Sequence[ReadWord]) -> dict[str, dict[str, float]]:
    """Return the error rates of all words and of each style, with the language; `greedy_cer_folded` is without."""
    found = {}
    for style in ("all", *STYLES):
        some = [word for word in words if style in ("all", word.style)]
        if some:
            found[style] = error_rates([(word.text, word.decoded) for word in some])
            found[style]["greedy_cer_folded"] = error_rates([(w.text, w.greedy) for w in some])["cer_folded"]
    return found


def fit_scores(words: Sequence[ReadWord]) -> tuple[float, float, float]:
    """Fit how probable it is that a character is right: bias and weights, as `models.line_engine.LineEngine.score`."""
    from sklearn.linear_model import LogisticRegression

    frames, posteriors, right = (
        np.concatenate([getattr(w, n) for w in words]) for n in ("frames", "posteriors", "right")
    )
    if len(right) < 20 or right.all() or not right.any():
        return 0.0, 1.0, 0.0
    model = LogisticRegression(C=100.0).fit(np.stack([logit(frames), logit(posteriors)], axis=1), right)
    return float(model.intercept_[0]), float(model.coef_[0, 0]), float(model.coef_[0, 1])
