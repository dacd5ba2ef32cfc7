"""Whether a form lies on its side or upside down: how its characters, print among them, read after quarter turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.characters import classify
from emnist_hf.forms.look import Look
from emnist_hf.forms.walls import Part
from emnist_hf.reading.scoring import Classifier

SAMPLE = 60
"""Strokes that are asked about, the largest ones."""

FIRST = 20
"""Strokes of them that are asked about first: where these read best as the form lies, it stands upright."""

FEWEST = 10
"""Strokes from which it can be told: a mark alone, or a few, are never turned."""

MARGIN, LYING = 0.12, 0.0
"""By how much a turned form reads better, on the whole, and one whose rows of cells stand upright."""

SURE = 0.6
"""How well a turned form must read: what is no writing reads a little better one way than another, too."""

SIZES = 0.2, 2.0
"""Height and width of a stroke that may be a character, in heights of a cell."""


def turns_of(look: Look, classifier: Classifier) -> int:
    """Return the quarter turns counterclockwise after which a form stands upright."""
    parts = _sample(look)
    if len(parts) < FEWEST:
        return 0
    lies = sum(len(block.cells) for block in look.blocks if block.shape[0] > 2 and block.shape[1] == 1)
    stands = sum(len(block.cells) for block in look.blocks if block.shape[0] == 1 and block.shape[1] > 2)
    if lies <= stands and _scores(look, parts[:: -(-len(parts) // FIRST)], classifier).argmax() == 0:
        return 0
    scores = _scores(look, parts, classifier)
    best = int(scores.argmax())
    margin = LYING if best % 2 and lies > stands else MARGIN
    return best if scores[best] > max(scores[0] + margin, SURE) else 0


def _scores(look: Look, parts: Sequence[Part], classifier: Classifier) -> NDArray[np.floating[Any]]:
    """Return how well strokes read on the whole after each number of quarter turns, float [4], 0 to 1."""
    pictures = [look.written.picture_of([part], 0.0)[0] for part in parts]
    found = classify([np.rot90(picture, turns) for turns in range(4) for picture in pictures], classifier)
    sure = np.array([one.probabilities.max() * (1 - one.p_reject) for one in found])
    return np.asarray(sure.reshape(4, len(parts)).mean(axis=1))


def _sample(look: Look) -> list[Part]:
    """Return strokes that may be characters, of the cells and beside them."""
    least, most = (share * float(np.median([min(block.size) for block in look.blocks])) for share in SIZES)
    parts = [part for parts in look.written.parts for part in parts] + look.written.outside()
    sized = [part for part in parts if least < max(part.height, part.width) < most]
    return sorted(sized, key=lambda part: -part.area)[:SAMPLE]
