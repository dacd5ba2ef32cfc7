"""The line network's columns to text: word by word, by what the columns say and what words a language has.

A word is what stands between blanks. Its candidates are what a beam search finds, words of the language that are near
to it, and both in the cases that words are written in; the columns say how probable each is, the vocabulary how
frequent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from emnist_hf.letterforms import LINE_ALPHABET, LINE_PLACES
from emnist_hf.reading.ctc import Columns, Text, align, beam_search, greedy, greedy_text, text_scores
from emnist_hf.reading.vocabulary import LETTER, STRANGE, Vocabulary
from emnist_hf.splits import CHARACTERS, LabelSet

SPACE = LINE_ALPHABET.index(" ")

_WRITTEN = frozenset(LINE_PLACES)

SURE = float(np.log(0.97))
"""Log probability of every column of a word from which nothing else is tried for it."""

PRIOR_POWER = 0.6
"""Power that a word's frequency is raised to, beside what the columns say."""

BONUS = 2.0
"""Added to the log probability for each character: the columns know how many there are, and frequencies favour few."""

CASE = {"lower": 0.0, "capital": -0.7, "upper": -1.2, "mixed": -3.5}
"""Log probability of how a word's letters are written, up to a constant."""

CASE_OF_CAPITALS = {"lower": -2.5, "capital": -2.0, "upper": 0.0, "mixed": -3.5}
"""The same on a line of capitals."""

SMALL = -0.8
"""Log probability of a small letter in a word with digits, or alone, on a line of capitals, up to a constant."""

KIND_CHANGE = -1.2
"""Log probability of each change between letters and digits within a word, up to a constant."""

RARE, RARE_SIGNS = -2.5, set("€$#*_%=+")
"""Log probability of a sign beside a letter, which are rare there, up to a constant; and these signs."""

AS_DIGITS = str.maketrans("OoIlSsZzB", "001155228")
"""Digits that letters may be taken for."""

BOTH_CASES_APART = set("aAbBdDeEfFgGhHlLnNqQrRtT")
"""Letters whose cases differ in shape."""


@dataclass(frozen=True)
class Sign:
    """One character that was read in a line.

    start, end: columns, the end exclusive. frame: what its best column gives the label. posterior: probability of its
    word among all candidates. alternatives: places in the alphabet and their probabilities, the label's first.
    """

    label: str
    start: int
    end: int
    frame: float
    posterior: float
    word: int
    alternatives: tuple[tuple[str, float], ...]


@cache
def allowed_labels(target: LabelSet) -> np.ndarray:
    """Return which outputs of the network a charset lets through, bool [classes]: its characters, signs, the blank.

    Letters with accents are let through where the charset has letters of their case.
    """
    members = {c for some in target.members for c in some}
    cases = {c.isupper() for c in members if c.isalpha()}
    fit = [c in members if c in CHARACTERS else not c.isalpha() or c.isupper() in cases for c in LINE_ALPHABET]
    return np.array([*fit, True])


def masked(columns: Columns, target: LabelSet) -> Columns:
    """Return log probabilities over what a charset lets through."""
    allowed = allowed_labels(target)
    if allowed.all():
        return columns
    kept = np.where(allowed, columns, np.float32(-np.inf))
    highest = kept.max(axis=1, keepdims=True)
    total = highest + np.log(np.exp(kept - highest).sum(axis=1, keepdims=True))
    return np.maximum(kept - total, np.float32(-60))


def words_in(columns: Columns) -> list[str]:
    """Return the words of a line as the columns alone have them."""
    return [word.strip(".,:;!?()\"'") for word in greedy_text(columns).split()]


def is_in_capitals(lines: Iterable[Columns]) -> list[bool]:
    """Return for each line whether it is written in capitals, by the letters whose cases differ in shape."""
    found = []
    for columns in lines:
        letters = [c for label, _, _ in greedy(columns) if (c := LINE_ALPHABET[label]) in BOTH_CASES_APART]
        found.append(len(letters) > 1 and sum(c.isupper() for c in letters) > 0.6 * len(letters))
    return found


def decode_line(columns: Columns, vocabulary: Vocabulary | None, capitals: bool = False) -> list[Sign]:
    """Return the characters of a line, blanks left out, in order."""
    path = greedy(columns)
    edges = [(a, b) for label, a, b in path if label == SPACE]
    starts, ends = [0, *(b for _, b in edges)], [*(a for a, _ in edges), len(columns)]
    signs: list[Sign] = []
    word = 0
    for start, end in zip(starts, ends):
        part = columns[start:end]
        if not any(start <= a < end for _, a, _ in path):
            continue
        text, posterior = _best_text(part, vocabulary, capitals)
        if text:
            signs += _signs(part, text, posterior, start, word)
            word += 1
    return signs


def _best_text(columns: Columns, vocabulary: Vocabulary | None, capitals: bool) -> tuple[Text, float]:
    """Return the most probable text of a word and its probability among all that were tried."""
    if bool((columns.max(axis=1) > SURE).all()):
        return tuple(label for label, _, _ in greedy(columns)), 1.0
    found = beam_search(columns)
    said = ["".join(LINE_ALPHABET[label] for label in text) for text, _ in found]
    forms = dict.fromkeys(_with_cases(said))
    if vocabulary is not None:
        forms |= dict.fromkeys(_with_cases(_near(said[0], vocabulary)))
    tried = [form for form in forms if form and " " not in form and len(form) <= len(columns)]
    if not tried:
        return found[0][0], 1.0
    texts = [tuple(map(LINE_PLACES.__getitem__, form)) for form in tried]
    scores = text_scores(columns, texts)
    scores += [_prior(form, vocabulary, capitals) for form in tried]
    best = int(scores.argmax())
    posterior = float(1 / np.exp(np.clip(scores - scores[best], -60, 0)).sum())
    return texts[best], posterior


def _near(said: str, vocabulary: Vocabulary) -> list[str]:
    """Return texts whose letters are words of the language that lie near, with the signs round them as they are."""
    match = re.fullmatch(r"([^\w]*)(.*?)([^\w]*)", said)
    before, core, after = match.groups() if match else ("", said, "")
    if len(core) < 2 or sum(c.isdigit() for c in core) > len(core) / 2:
        return []
    return [before + word + after for word in vocabulary.near(core) if _WRITTEN.issuperset(word)]


def _with_cases(texts: Iterable[str]) -> list[str]:
    """Return texts, and of those with letters the same in small letters, in capitals, and with one in front.

    What looks like a number is one, too: 5005 and not SO0S.
    """
    found = []
    for said in texts:
        found.append(said)
        if said.isalpha() or any(c.isalpha() for c in said):
            forms = (said.lower(), said.upper(), said[:1].upper() + said[1:].lower())
            found += [form for form in forms if _WRITTEN.issuperset(form)]
            number = said.translate(AS_DIGITS)
            if len(said) > 1 and not any(c.isalpha() for c in number):
                found.append(number)
    return found


def _prior(said: str, vocabulary: Vocabulary | None, capitals: bool) -> float:
    """Return the log probability of a word's letters and of their case, up to a constant."""
    core = said.strip(".,:;!?()\"'-")
    letters = core if core.isalpha() else [c for c in core if c.isalpha()]
    case = 0.0
    if not RARE_SIGNS.isdisjoint(said):
        beside = ((a in RARE_SIGNS and b.isalpha()) or (b in RARE_SIGNS and a.isalpha()) for a, b in pairwise(said))
        case += RARE * sum(beside)
    if letters and len(letters) < len(core):
        case += KIND_CHANGE * sum(a.isdigit() != b.isdigit() for a, b in pairwise(core) if a.isalnum() and b.isalnum())
    if len(letters) > 1 and len(letters) == len(core):
        case += (CASE_OF_CAPITALS if capitals else CASE)[case_of(core)]
    elif letters and capitals:
        case += SMALL * sum(c.islower() for c in letters)
    if vocabulary is None:
        return case
    strange = STRANGE + LETTER * len(said)
    known = vocabulary.prior(core) + LETTER * (len(said) - len(core)) if len(core) > 1 else strange
    return case + PRIOR_POWER * max(known, strange) + BONUS * len(said)


def case_of(word: str) -> str:
    """Return how the letters of a word are written: lower, upper, capital (in front) or mixed."""
    if word.islower():
        return "lower"
    if word.isupper():
        return "upper"
    return "capital" if word[0].isupper() and word[1:].islower() else "mixed"


def _signs(columns: Columns, text: Text, posterior: float, offset: int, word: int) -> list[Sign]:
    """Return the characters of a word where they stand."""
    try:
        spans = align(columns, text)
    except ValueError:  # more labels than columns: they share them
        edges = np.linspace(0, len(columns), len(text) + 1).astype(int)
        spans = [(int(a), max(int(a) + 1, int(b))) for a, b in pairwise(edges)]
    signs = []
    for label, (a, b) in zip(text, spans):
        column = columns[a:b][int(columns[a:b, label].argmax())]
        p = float(np.exp(column[label]))
        signs.append(
            Sign(LINE_ALPHABET[label], offset + a, offset + b, p, posterior, word, _alternatives(column, label))
        )
    return signs


def _alternatives(column: Sequence[float] | np.ndarray, label: int, count: int = 5) -> tuple[tuple[str, float], ...]:
    """Return the labels of a column that may stand there, without the blank: the label itself and the best others."""
    shares = np.exp(np.asarray(column, np.float64)[:-1])
    shares[SPACE] = 0.0
    shares = shares / max(float(shares.sum()), 1e-12)
    others = [int(i) for i in np.argsort(-shares, kind="stable")[:count] if i != label][: count - 1]
    return tuple((LINE_ALPHABET[i], float(shares[i])) for i in (label, *others))
