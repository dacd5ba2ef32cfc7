"""What a character's company says about it: how often the page has it, and how letters follow each other in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.reading.types import Flags, Scores
from emnist_hf.splits import BYCLASS_TRAIN_COUNTS, CHARACTERS, fold_shape

LETTERS = "abcdefghijklmnopqrstuvwxyz "
"""The letters, case ignored, and a space for the edge of a word."""

# Printed by `python -m benchmarks.letter_pairs` with wordfreq 3.1.1 (Speer 2022, doi 10.5281/zenodo.7199437), from the
# 20,000 most frequent words each of English, German, French, Spanish, Italian, Dutch, Portuguese, Swedish, Polish and
# Indonesian.
_PER_CENT = """
17 112 120 95 1 53 144 78 41 79 190 208 132 241 17 80 39 211 124 126 66 129 66 64 91 100 128
186 173 6 1 263 2 5 3 208 45 12 211 2 4 136 2 1 166 21 15 233 6 8 0 430 7 16
134 1 58 1 91 1 0 999 181 109 198 40 2 3 340 1 20 41 2 49 113 1 1 0 92 384 22
178 4 5 9 333 3 5 2 219 16 10 16 4 10 180 5 2 36 13 5 118 10 26 0 104 218 72
11 82 85 67 17 62 94 27 41 94 65 149 133 234 5 38 28 255 172 93 41 82 48 475 21 84 168
168 8 4 10 94 455 21 4 219 4 6 64 3 2 355 1 0 166 10 83 211 3 6 3 33 5 76
157 6 0 23 196 3 145 86 117 22 64 90 5 29 157 2 0 125 18 38 173 1 6 0 19 3 128
223 4 10 2 256 2 1 2 133 19 22 28 18 17 163 1 1 51 6 93 85 1 62 0 57 5 114
59 61 237 80 120 87 174 33 3 239 147 146 105 239 85 35 74 61 164 137 17 151 16 181 1 75 76
329 15 8 44 231 43 23 2 50 1 217 16 11 67 131 8 0 2 32 2 327 31 35 0 0 20 63
255 13 13 1 125 5 6 29 139 11 47 69 9 19 185 3 0 49 44 118 213 35 46 0 36 26 114
222 28 15 43 167 41 42 32 201 28 65 281 28 9 121 14 38 2 43 54 115 45 12 0 136 5 91
218 236 2 4 217 9 4 3 183 1 5 6 104 11 167 235 1 3 11 10 142 1 3 2 163 1 101
96 6 97 210 65 60 414 24 116 37 54 8 4 34 105 3 37 2 72 184 44 35 8 3 223 59 180
4 149 133 72 11 197 84 18 28 74 82 120 238 208 35 121 12 236 143 52 151 130 250 74 38 69 140
237 2 7 3 162 21 7 35 95 3 9 130 4 4 324 148 2 314 18 22 143 3 1 0 34 4 30
1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 999 1 0 0 0 0 2
162 49 48 74 148 40 68 16 140 32 77 30 58 27 146 15 51 25 63 83 75 46 42 5 124 178 146
84 7 139 4 105 14 4 35 139 26 129 21 22 5 116 112 31 3 90 270 110 30 46 0 49 153 177
140 6 6 1 162 8 5 268 149 13 27 10 4 5 179 4 0 113 28 83 136 19 81 0 173 38 146
49 144 107 63 103 114 84 36 74 88 158 115 160 238 15 110 4 185 146 124 7 65 68 732 33 78 82
271 2 1 3 299 2 3 0 292 3 4 14 1 1 297 1 0 43 7 3 30 29 1 0 7 0 21
250 4 29 19 178 2 2 206 354 2 17 4 1 42 189 8 0 16 64 5 45 0 3 0 531 31 41
91 14 164 17 70 17 0 13 226 9 6 6 0 3 51 624 27 0 0 211 49 55 3 983 98 0 198
219 100 299 29 29 17 64 3 11 100 92 59 152 29 112 61 0 14 106 37 18 9 158 14 0 71 214
147 31 50 33 221 1 19 1 261 44 62 12 22 56 110 17 10 8 3 24 196 0 253 0 999 147 62
77 282 186 296 54 310 128 168 71 273 164 121 218 64 59 331 452 39 160 113 81 287 315 20 88 158 0
"""

LIFTS = np.array(_PER_CENT.split(), np.float64).reshape(len(LETTERS), -1) / 100
"""How many times as often as by chance a letter (column) follows another (row), float64 [27, 27], both as `LETTERS`."""

KIND = np.array([0 if c.isdigit() else 1 if c.isupper() else 2 for c in CHARACTERS])
"""Of each of the 62 characters: 0 for digits, 1 for capitals, 2 for small letters."""

TRAINED = np.asarray(BYCLASS_TRAIN_COUNTS, np.float64) / sum(BYCLASS_TRAIN_COUNTS)
"""How often the network saw each character while it learnt, float64 [62]."""

_ENGLISH = {
    "e": 12.7, "t": 9.1, "a": 8.2, "o": 7.5, "i": 7.0, "n": 6.7, "s": 6.3, "h": 6.1, "r": 6.0, "d": 4.3, "l": 4.0,
    "c": 2.8, "u": 2.8, "m": 2.4, "w": 2.4, "f": 2.2, "g": 2.0, "y": 2.0, "p": 1.9, "b": 1.5, "v": 1.0, "k": 0.8,
    "j": 0.2, "x": 0.2, "q": 0.1, "z": 0.1,
}  # fmt: skip


def _written() -> Scores:
    """How often each character is written, before a page is seen: letters half as in English, half alike."""
    share = (0.12, 0.33, 0.55)
    weight = np.array([0.1 if c.isdigit() else _ENGLISH[c.lower()] / 200 + 0.5 / 26 for c in CHARACTERS])
    return np.array([share[kind] for kind in KIND]) * weight / np.array([weight[kind == KIND].sum() for kind in KIND])


WRITTEN = _written()

PAGE = 120.0
"""How many characters a page must have to say as much about its frequencies as is known beforehand."""

PRACTICE = 0.85
"""Share of one shape on a page of twenty characters or more from which it is a sheet of that character alone."""

STRANGERS = 0.02
"""Share of others that is allowed for on such a sheet."""

_ONE_SHAPE = np.array([[float(fold_shape(a) == fold_shape(b)) for b in CHARACTERS] for a in CHARACTERS])

TEMPER = 0.7
"""How far the frequencies that the network was trained with are taken back, 0 to 1."""

TWINS = 0.55
"""Power that probabilities of characters of one shape are raised to."""

RARE = 0.1
"""Lift of pairs of letters that no language has."""

POWER = 1.2
"""Power that lifts are raised to."""

LANGUAGE = 6.0
"""How much likelier a page is in a language than in letters by chance, before it is seen: logarithm of the odds."""


def _pairs() -> Scores:
    """How much likelier a character makes the next, float64 [63, 63]; the last row and column are a word's edge."""
    places = [LETTERS.find(c.lower()) for c in CHARACTERS] + [len(LETTERS) - 1]
    letters = np.array(places) >= 0
    lifts = np.where(letters[:, None] & letters, LIFTS[places][:, places], 1)
    return (RARE + (1 - RARE) * lifts) ** POWER


PAIRS = _pairs()
BY_CHANCE = np.ones_like(PAIRS)

WITHIN = np.array([[0.9988, 0.0008, 0.0004], [0.003, 0.717, 0.28], [0.002, 0.02, 0.978]])
"""How often a kind follows a kind within a word, from rows to columns; letters after digits count as rarer than they
are, so that SOON is not read as 50ON."""

BETWEEN = 0.3
"""How far the kind that a word begins with follows from how the last one ended."""


def shape_likelihoods(probabilities: NDArray[np.floating[Any]]) -> Scores:
    """Return what the network's probabilities, [n, 62], say of the shape alone, up to a factor: float64 [n, 62].

    Bayes' rule backwards: the frequencies that it was trained with are taken out, as far as `TEMPER`. Between
    characters of one shape, such as 0 and O, it is less sure than it says: what it knows there are its writers' habits.
    """
    probabilities = probabilities.astype(np.float64)
    flat = probabilities**TWINS
    same = flat @ _ONE_SHAPE
    shapes = probabilities @ _ONE_SHAPE
    calmed = flat / np.maximum(same, 1e-30) * shapes
    return calmed * (WRITTEN / TRAINED) ** TEMPER / WRITTEN


def normalized(values: Scores) -> Scores:
    """Return values, [n, m], with rows that sum to 1."""
    return values / np.maximum(values.sum(axis=1, keepdims=True), 1e-30)


def page_frequencies(likelihoods: Scores, allowed: Flags, weight: float = PAGE) -> Scores:
    """Find how often each character is written on this page, float64 [62], by expectation and maximisation.

    likelihoods: float64 [n, 62], what else is known of each character, in any scale. Adjusting a classifier to new
    frequencies is Saerens, Latinne and Decaestecker 2002. weight: as how many characters what is known beforehand
    counts.
    """
    before = np.where(allowed, WRITTEN, 0)
    before = before / before.sum()
    frequencies = before
    for _ in range(6):
        counts = normalized(likelihoods * frequencies).sum(axis=0)
        # No text is mostly one character: a page that is, is a practice sheet, and tells more of what is left.
        shapes = counts @ _ONE_SHAPE
        most = float(shapes.max()) / max(len(likelihoods), 8)
        known = weight * float(np.clip(1.3 - 1.5 * most, 0.05, 1))
        frequencies = (known * before + counts) / (known + len(likelihoods))
    if most > PRACTICE and len(likelihoods) >= 20:
        # What is read otherwise is rather the same character, misread, than a few others: that there are some does not
        # make them likelier.
        same = np.where(_ONE_SHAPE[int(shapes.argmax())] > 0, counts, 0)
        frequencies = (1 - STRANGERS) * same / same.sum() + STRANGERS * before
    return frequencies


def characters_in_words(joints: Sequence[Scores], starts: Sequence[Flags], frequencies: Scores) -> list[Scores]:
    """Return the probabilities of each line's characters, float64 [n, 62] each, given their neighbours.

    joints: float64 [n, 62], likelihoods times frequencies. starts: bool [n], where a word begins. The page is read as
    words of a language and as letters by chance, as codes and lists of names are; each counts as far as it explains
    the page.
    """
    ways = []
    for pairs in (PAIRS, BY_CHANCE):
        transitions = _transitions(pairs, frequencies)
        ways.append([_read_through(joint, start, transitions) for joint, start in zip(joints, starts)])
    language, chance = (sum(evidence for _, evidence in way) for way in ways)
    share = 1 / (1 + np.exp(np.clip(chance - language - LANGUAGE, -50, 50)))
    return [share * a + (1 - share) * b for (a, _), (b, _) in zip(*ways)]


@dataclass(frozen=True)
class _Transitions:
    """Within a word and from one to the next, float64 [62, 62]; of a first and a last letter, and of kinds, [62]."""

    within: Scores
    between: Scores
    first: Scores
    last: Scores
    share: Scores


def _transitions(pairs: Scores, frequencies: Scores) -> _Transitions:
    """Let a character's kind (digit, capital, small) follow from the one before (`WITHIN`), the letter by `pairs`.

    What the page's frequencies say of characters of one kind is in the emissions.
    """
    kinds = np.bincount(KIND, weights=frequencies, minlength=3)
    share = np.maximum(kinds, 1e-9)[KIND]
    one_kind = frequencies[:, None] * (KIND[:, None] == KIND) / share
    following = pairs[:, :-1] / np.maximum(pairs[:, :-1] @ one_kind, 1e-9)
    last = pairs[:-1, -1] / np.maximum(pairs[:-1, -1] @ one_kind, 1e-9)
    within = WITHIN[KIND][:, KIND] * following[:-1]
    between = (BETWEEN * WITHIN + (1 - BETWEEN) * kinds)[KIND][:, KIND]
    return _Transitions(within, between, following[-1], last, share)


def _read_through(joint: Scores, starts: Flags, transitions: _Transitions) -> tuple[Scores, float]:
    """Return the probabilities of a line's characters, and the logarithm of how likely the line is, up to a constant.

    Forward and backward through a hidden Markov model (Rabiner 1989) whose states are the characters.
    """
    ends = np.append(starts[1:], True)
    emission = joint / transitions.share  # the frequencies of the kinds are in the transitions
    emission = np.where((starts & ~ends)[:, None], emission * transitions.first, emission)
    emission = np.where((ends & ~starts)[:, None], emission * transitions.last, emission)
    steps = [transitions.between if start else transitions.within for start in starts]
    forward, backward = np.zeros_like(joint), np.ones_like(joint)
    state, evidence = transitions.share, 0.0
    for i in range(len(joint)):
        state = (state @ steps[i] if i else state) * emission[i] + 1e-300
        total = float(state.sum())
        evidence += np.log(total)
        forward[i] = state = state / total
    state = np.ones(joint.shape[1])
    for i in range(len(joint) - 1, 0, -1):
        state = steps[i] @ (emission[i] * state) + 1e-300
        backward[i - 1] = state = state / state.sum()
    both = forward * backward
    return both / np.maximum(both.sum(axis=1, keepdims=True), 1e-300), evidence
