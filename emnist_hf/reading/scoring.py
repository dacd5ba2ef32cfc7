"""What the classifier says of fragments of ink: of the runs that may be characters, and of a sample of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.glyph import to_glyphs
from emnist_hf.progress import READING_LETTERS, tell
from emnist_hf.reading.components import Components
from emnist_hf.reading.layout import Fragment, LevelPage, fragment_of, picture_of_fragments
from emnist_hf.reading.lines import LETTER
from emnist_hf.splits import CHARACTERS, fold_shape

Glyphs = NDArray[np.uint8]

Classifier = Callable[[Glyphs], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Glyphs, uint8 [N, 28, 28], to probabilities of the 62 characters, [N, 62], and their p_reject, [N]."""

Run = tuple[Fragment, ...]
"""Neighbouring fragments that may be one character."""

SAMPLE = 128
"""Fragments of a page that are looked at first, to tell whether it is writing and how it lies."""

_THREADS = 1  # two that make glyphs wait for each other: much of it is Python
_BATCH = 128  # runs that are classified while the next are made into glyphs
_PART = 64  # runs that a thread takes at once

_SHAPES = sorted({fold_shape(character) for character in CHARACTERS})
_SHAPES_OF = np.array([[float(fold_shape(c) == shape) for shape in _SHAPES] for c in CHARACTERS], np.float32)


class RunScores(NamedTuple):
    """What the classifier says of a run: probabilities float32 [62], and score and p_reject as `results` has them."""

    probabilities: NDArray[np.float32]
    p_reject: float
    score: float


def score_runs(components: Components, runs: Sequence[Run], classifier: Classifier) -> list[RunScores]:
    """Classify each run. While the classifier looks at some, the glyphs of the next are made."""

    def glyphs_of(some: Sequence[Run]) -> Glyphs:
        return to_glyphs([picture_of_fragments(components, run) for run in some])

    parts = [runs[i : i + _PART] for i in range(0, len(runs), _PART)]
    found: list[RunScores] = []
    with nullcontext() if len(parts) < 2 else ThreadPoolExecutor(_THREADS) as pool:
        made = pool.map(glyphs_of, parts) if pool else map(glyphs_of, parts)
        while batch := list(islice(made, _BATCH // _PART)):
            tell(READING_LETTERS)
            glyphs = np.concatenate(batch)
            probabilities, p_reject = classifier(glyphs)
            p_reject = np.where(glyphs.any(axis=(1, 2)), p_reject, np.float32(1))
            found += map(RunScores, probabilities, p_reject.tolist(), shape_scores(probabilities, p_reject).tolist())
    return found


def shape_scores(
    probabilities: NDArray[np.floating[Any]], p_reject: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """Return the score of each of [n, 62] as one character, whatever its case and its twins: 0 and O are one shape."""
    return np.maximum((probabilities @ _SHAPES_OF).max(axis=1) * (1 - p_reject), 1e-6)


def mean_p_reject(scores: Sequence[RunScores]) -> float:
    """Return the mean p_reject of some runs; 0 of none."""
    return float(np.mean([score.p_reject for score in scores])) if scores else 0.0


def sample_p_reject(page: LevelPage, classifier: Classifier) -> float:
    """Return the mean p_reject of a sample of the components that may be characters, each by itself."""
    return mean_p_reject(score_runs(page.components, _sample(page), classifier))


def sample_scores(page: LevelPage, classifier: Classifier) -> NDArray[np.float64]:
    """Return mean score less mean p_reject of a sample of the components after 0 to 3 quarter turns, float64 [4].

    The turns are counterclockwise. All are 0 where nothing may be a character.
    """
    pictures = [picture_of_fragments(page.components, run) for run in _sample(page)]
    found = np.zeros(4)
    for turns in range(4 if pictures else 0):
        glyphs = to_glyphs([np.ascontiguousarray(np.rot90(picture, turns)) for picture in pictures])
        probabilities, p_reject = classifier(glyphs)
        found[turns] = (shape_scores(probabilities, p_reject) - p_reject).mean()
    return found


def _sample(page: LevelPage) -> list[Run]:
    """Some of the components that may be characters, evenly from all of the page, each a run by itself."""
    components = page.components
    tall = np.flatnonzero(page.writing & (components.heights >= LETTER * components.unit))
    return [(fragment_of(components.boxes, [c]),) for c in tall[:: max(1, len(tall) // SAMPLE)].tolist()]
