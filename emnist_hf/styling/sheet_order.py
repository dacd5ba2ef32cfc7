"""The order of a sheet as evidence: A to Z, a to z, 0 to 9, each once or several times, with gaps and other marks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from emnist_hf.splits import CHARACTERS, DIGITS, LOWERCASE, UPPERCASE
from emnist_hf.styling.sheet_marks import SheetMark

FEWEST, FEWEST_LABELS = 10, 8
"""Marks in order from which there is one, and labels among them."""

LONG_RUN, ORDERED = 8, 0.7
"""Labels that follow one another in an alphabet, and their share of all, from which a sheet is in order."""

COVERED = 0.5
"""Share of the marks of its rows that are in the order, at the least."""

AGREES = 0.4
"""Mean likelihood of the shapes that the order asks for, from which it is believed."""

DOUBT, RATHER = 0.05, 0.6
"""Likelihood of a mark's label below which, and of another shape above which, the two disagree."""

SHORTEST_RUN, DENSEST = 4, 0.6
"""Labels of one alphabet in a row, and their share of the marks there, from which they are no chance."""

SPREAD = 0.5
"""How far apart the marks of a row stand, by those of rows in order, from which it is no title."""

_JUNK = len(CHARACTERS)
_STARTS = "Aa"
_ALPHABETS = (UPPERCASE, LOWERCASE, DIGITS, "1234567890")
_NEXT, _AGAIN, _NEW, _SKIP, _JUMP = 0.0, -1.2, -0.7, -2.2, -9.0  # log likelihoods of steps, unnormalised
_STRANGE = -3.2  # of a mark that is no letter


def find_order(marks: Sequence[SheetMark]) -> list[str | None] | None:
    """Return the label of each mark, in reading order, that the order gives; None where they are in none.

    A label is one of the 62, or None for what is none of the sequence.

    The likeliest way through the alphabets (Viterbi 1967), given how likely the shapes are; printed guides count as
    much as what was written beside them.
    """
    if len(marks) < FEWEST:
        return None
    emissions = np.full((len(marks), _JUNK + 1), _STRANGE)
    for row, mark in zip(emissions, marks):
        row[:_JUNK] = np.log(0.02 + mark.shapes)
        if mark.guide is not None:
            row[:_JUNK] += np.log(0.02 + mark.guide)
            row[_JUNK] += _STRANGE / 2
    path = _best_path(emissions)
    found = [CHARACTERS[state] if state < _JUNK else None for state in path]
    runs = _runs(found)
    known = [i for run in runs for i in run]
    if len({found[i] for i in known}) < FEWEST_LABELS or sum(
        len(run) for run in runs if len(run) >= LONG_RUN
    ) < ORDERED * len(known):
        return None
    rows = {marks[i].row for i in known}
    if len(known) < COVERED * sum(mark.row in rows for mark in marks):
        return None
    if np.mean([marks[i].shapes[path[i]] for i in known]) < AGREES:
        return None
    kept = set(known)
    return [label if i in kept else None for i, label in enumerate(found)]


def spread_rows(marks: Sequence[SheetMark], labels: Sequence[str | None]) -> set[int]:
    """Return the rows whose marks stand about as far apart as those that are in order: titles and notes do not."""
    ordered = {mark.row for mark, label in zip(marks, labels) if label is not None}
    gaps: dict[int, list[float]] = {}
    for one, other in pairwise(marks):
        if one.row == other.row:
            gaps.setdefault(one.row, []).append(other.box[0] - one.box[2])
    usual = float(np.median([gap for row in ordered for gap in gaps.get(row, [])] or [0.0]))
    return {row for row in {mark.row for mark in marks} if np.median(gaps.get(row, [0])) >= SPREAD * usual}


def without_title(marks: Sequence[SheetMark], labels: Sequence[str | None], spread: set[int]) -> list[str | None]:
    """Return labels without those of rows that stand closer than `spread` ones do, where they are nothing new.

    A title's letters are in order by chance; figures that were written closer than letters are not left out.
    """
    known = {label for mark, label in zip(marks, labels) if mark.row in spread}
    new = {mark.row for mark, label in zip(marks, labels) if label is not None and label not in known}
    return [label if mark.row in spread | new else None for mark, label in zip(marks, labels)]


def _runs(labels: Sequence[str | None]) -> list[list[int]]:
    """Return the places of labels that follow one another in an alphabet.

    Runs that are short, or mostly of other marks, are left out: signs look like letters by chance.
    """
    runs: list[list[int]] = []
    for i, label in enumerate(labels):
        if label is None:
            continue
        last = runs[-1][-1] if runs else -1
        if runs and i - last <= SHORTEST_RUN and _goes_on(str(labels[last]), label):
            runs[-1].append(i)
        else:
            runs.append([i])
    return [run for run in runs if len(run) >= max(SHORTEST_RUN, DENSEST * (run[-1] - run[0] + 1))]


def _goes_on(one: str, other: str) -> bool:
    """Tell whether two labels are of one alphabet, and the second stands no more than a few places on."""
    step = _STEPS[CHARACTERS.index(one), CHARACTERS.index(other)]
    return any(one in a and other in a for a in _ALPHABETS) and bool(step > 2 * _SKIP - 0.1) and other not in _STARTS


def suits(shapes: NDArray[np.float32], label: str) -> float:
    """Return how well a mark suits a label, 0 to 1. shapes: float32 [62]."""
    return min(float(shapes[CHARACTERS.index(label)]), 1.0)


def looks_other(shapes: NDArray[np.float32], label: str) -> str:
    """Return what a mark looks like where that is surely not its label; else nothing. shapes: float32 [62]."""
    other = int(np.argmax(shapes))
    return CHARACTERS[other] if shapes[CHARACTERS.index(label)] < DOUBT and shapes[other] > RATHER else ""


def _steps() -> NDArray[np.float64]:
    """Return how likely one character follows another, as logarithms, float64 [62, 62]."""
    steps = np.full((_JUNK, _JUNK), _JUMP)
    for alphabet in _ALPHABETS:
        places = [CHARACTERS.index(c) for c in alphabet]
        for i, one in enumerate(places):
            for gap, other in enumerate(places[i + 1 :], start=1):
                step = _NEXT if gap == 1 else max(_SKIP * (gap - 1), _JUMP)
                steps[one, other] = max(steps[one, other], step)
    starts = [CHARACTERS.index(alphabet[0]) for alphabet in _ALPHABETS]
    ends = [CHARACTERS.index(alphabet[-1]) for alphabet in _ALPHABETS]
    for end in range(_JUNK):
        for start in starts:
            again = any(CHARACTERS[end] in a and CHARACTERS[start] in a for a in _ALPHABETS)
            steps[end, start] = max(steps[end, start], _NEW if end in ends and not again else 2 * _SKIP)
    np.fill_diagonal(steps, _AGAIN)
    return steps


_STEPS = _steps()


def _best_path(emissions: NDArray[np.float64]) -> list[int]:
    """Return the likeliest state of every mark, 62 being none; what is none keeps the place in the alphabet."""
    count = len(emissions)
    scores = np.zeros((count, 2 * _JUNK + 1))  # the 62, the 62 after which something else stood, and before any
    back = np.zeros((count, 2 * _JUNK + 1), np.int64)
    letters, waiting, before = slice(0, _JUNK), slice(_JUNK, 2 * _JUNK), 2 * _JUNK
    first = np.full(_JUNK, _SKIP * 2)
    first[[CHARACTERS.index(alphabet[0]) for alphabet in _ALPHABETS]] = 0
    scores[0, letters] = first + emissions[0, :_JUNK]
    scores[0, waiting] = -np.inf
    scores[0, before] = emissions[0, _JUNK]
    for i in range(1, count):
        # Whether or not something stood between, the alphabet goes on from the same place.
        held = np.maximum(scores[i - 1, letters], scores[i - 1, waiting])
        source = np.where(scores[i - 1, letters] >= scores[i - 1, waiting], np.arange(_JUNK), np.arange(_JUNK) + _JUNK)
        steps = held[:, None] + _STEPS
        best = steps.argmax(axis=0)
        reached, begun = steps[best, np.arange(_JUNK)], scores[i - 1, before] + first
        scores[i, letters] = np.maximum(reached, begun) + emissions[i, :_JUNK]
        back[i, letters] = np.where(reached >= begun, source[best], before)
        scores[i, waiting] = held + emissions[i, _JUNK]
        back[i, waiting] = source
        scores[i, before] = scores[i - 1, before] + emissions[i, _JUNK]
        back[i, before] = before
    state = int(scores[-1].argmax())
    path = [state]
    for i in range(count - 1, 0, -1):
        state = int(back[i, state])
        path.append(state)
    return [s if s < _JUNK else _JUNK for s in reversed(path)]
