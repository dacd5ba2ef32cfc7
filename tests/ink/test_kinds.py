"""Characters in every kind of light, paper and surroundings are read, and the paper alone shows none."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from emnist_hf import Recognizer
from emnist_hf.data.conditions import KINDS, pad_for
from emnist_hf.errors import EmnistError
from emnist_hf.splits import fold_shape
from tests.support.strokes import STROKES

LETTERS = ("A", "R", "3", "4")


def shows(recognizer: Recognizer, picture: object) -> str | None:
    try:
        found = recognizer.examine(picture, top_k=1)
    except EmnistError:
        return None
    return fold_shape(found.predictions[0].label) if found.is_character else None


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_read(recognizer: Recognizer, kind: str) -> None:
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    got = []
    for letter in LETTERS:
        strokes = [np.array(stroke, np.float32) for stroke in STROKES[letter]]
        got.append(shows(recognizer, KINDS[kind](strokes, pad_for(kind, rng), rng)))
    assert sum(one == fold_shape(letter) for one, letter in zip(got, LETTERS)) >= 3, got
