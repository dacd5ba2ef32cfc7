"""What the line network's columns say: the most probable texts, how probable a given text is, and where it stands.

Connectionist temporal classification: Graves et al. 2006 (doi 10.1145/1143844.1143891). Texts are tuples of places in
`letterforms.LINE_ALPHABET`; log probabilities are float32 [T, classes], natural, the last class the blank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emnist_hf.letterforms import LINE_ALPHABET

Columns = NDArray[np.float32]
Text = tuple[int, ...]

BEAM = 12
"""Texts that are followed at once."""

PRUNED = float(np.log(2e-3))
"""Log probability of a label in a column below which it is not tried."""

FLOOR = -30.0
"""Log probability that nothing goes below."""


def greedy(columns: Columns) -> list[tuple[int, int, int]]:
    """Return the best label of each column with repeats and blanks left out: label, its first column, and the end."""
    best = columns.argmax(axis=1)
    bounds = np.flatnonzero(np.diff(best)) + 1
    starts, ends = [0, *bounds.tolist()], [*bounds.tolist(), len(best)]
    blank = columns.shape[1] - 1
    return [(int(best[a]), a, b) for a, b in zip(starts, ends) if b > a and best[a] != blank]


def greedy_text(columns: Columns) -> str:
    """Return the text of `greedy`."""
    return "".join(LINE_ALPHABET[label] for label, _, _ in greedy(columns))


def beam_search(columns: Columns, beam: int = BEAM) -> list[tuple[Text, float]]:
    """Return the most probable texts and their log probabilities, the best first: prefix beam search (Hannun 2014)."""
    blank = columns.shape[1] - 1
    # Of each prefix: log probability that it ends in a blank, and that it ends in its last label.
    beams: dict[Text, tuple[float, float]] = {(): (0.0, -np.inf)}
    for column in columns:
        tried = np.flatnonzero(column > PRUNED).tolist() or [int(column.argmax())]
        chances: dict[int, float] = dict(zip(tried, column[tried].tolist()))
        grown: dict[Text, list[float]] = {}

        def add(text: Text, slot: int, value: float, grown: dict[Text, list[float]] = grown) -> None:
            entry = grown.setdefault(text, [-np.inf, -np.inf])
            entry[slot] = _logaddexp(entry[slot], value)

        for text, (empty, full) in beams.items():
            either = _logaddexp(empty, full)
            for label in tried:
                p = chances[label]
                if label == blank:
                    add(text, 0, either + p)
                elif text and text[-1] == label:
                    add(text, 1, full + p)
                    add((*text, label), 1, empty + p)
                else:
                    add((*text, label), 1, either + p)
        ranked = sorted(grown.items(), key=lambda item: -max(item[1]))[:beam]
        beams = {text: (entry[0], entry[1]) for text, entry in ranked}
    found = [(text, float(np.logaddexp(*ends))) for text, ends in beams.items()]
    return sorted(found, key=lambda item: -item[1])


def _logaddexp(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b)); of two numbers NumPy's takes ten times as long."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -np.inf else high + math.log1p(math.exp(low - high))


def text_scores(columns: Columns, texts: Sequence[Text]) -> NDArray[np.float64]:
    """Return the log probability of each text, float64 [n], summed over all its alignments: the forward algorithm.

    All texts advance together, padded to the longest.
    """
    if not texts:
        return np.zeros(0)
    blank = columns.shape[1] - 1
    longest = max(len(text) for text in texts)
    states = np.full((len(texts), 2 * longest + 1), blank)
    for row, text in zip(states, texts):
        row[1 : 2 * len(text) : 2] = text
    lengths = np.array([2 * len(text) + 1 for text in texts])
    skips = np.full(states.shape, -np.inf)  # added to what comes from two states before
    skips[:, 2:][(states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])] = 0.0
    padded = np.full((len(texts), states.shape[1] + 2), -np.inf)
    padded[:, 2:4] = 0.0  # a text begins with a blank or with its first label
    alpha, step, skip = padded[:, 2:], padded[:, 1:-1], padded[:, :-2]
    scores = columns.astype(np.float64).clip(FLOOR)[:, states]
    alpha += scores[0]
    with np.errstate(invalid="ignore"):
        for score in scores[1:]:
            alpha[:] = np.logaddexp(np.logaddexp(alpha, step), skip + skips) + score
    rows = np.arange(len(texts))
    last = alpha[rows, lengths - 1]
    label = np.where(lengths > 1, alpha[rows, np.maximum(lengths - 2, 0)], -np.inf)
    with np.errstate(invalid="ignore"):
        total: NDArray[np.float64] = np.logaddexp(last, label)
    return total


def align(columns: Columns, text: Text) -> list[tuple[int, int]]:
    """Return the first column of each label of a text and the one after its last: the best alignment (Viterbi).

    Raises ValueError where there are fewer columns than the text needs.
    """
    blank = columns.shape[1] - 1
    states = np.full(2 * len(text) + 1, blank)
    states[1::2] = text
    skips = np.zeros(len(states), bool)
    skips[2:] = (states[2:] != blank) & (states[2:] != states[:-2])
    scores = columns.astype(np.float64).clip(FLOOR)[:, states]
    best = np.full(len(states), -np.inf)
    best[:2] = scores[0, :2]
    back = np.zeros(scores.shape, np.int8)
    for t in range(1, len(scores)):
        step = np.concatenate([[-np.inf], best[:-1]])
        skip = np.where(skips, np.concatenate([[-np.inf, -np.inf], best[:-2]])[: len(states)], -np.inf)
        ways = np.stack([best, step, skip])
        back[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[t]
    state = len(states) - 1 if len(text) == 0 or best[-1] >= best[-2] else len(states) - 2
    if not np.isfinite(best[state]):
        raise ValueError(f"{len(columns)} columns are too few for {len(text)} labels.")
    spans: list[list[int]] = [[0, 0] for _ in text]
    for t in range(len(scores) - 1, -1, -1):
        if state % 2:
            span = spans[state // 2]
            span[0] = t
            span[1] = span[1] or t + 1
        state -= int(back[t, state])
    return [(a, b) for a, b in spans]
