"""Which of two readings serves, where they differ."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from emnist_hf.reading.judge import judge
from emnist_hf.reading.results import Character, text_of
from tests.support.hands import font_hand


def said(text: str, score: float, step: int = 22) -> list[Character]:
    """A line's characters, 20 pixels wide, with a word to a blank."""
    found, left = [], 0
    for word, labels in enumerate(text.split(" ")):
        for label in labels:
            found.append(Character(label, score, (left, 0, left + 20, 30), 0, word))
            left += step
        left += 20
    return found


def pieces(count: int) -> Any:
    """Segments of ink that nothing was cut out of and that look like characters."""
    whole = SimpleNamespace(span=None)
    return [SimpleNamespace(is_character=True, punctuation="", p_reject=0.0, fragments=[whole]) for _ in range(count)]


@pytest.mark.parametrize(
    ("printed", "lined", "expected"),
    [
        ("KAIJAGIS", "KADAGIS", "KADAGIS"),  # a D whose bowl does not meet its stem
        ("PLlone", "Phone", "Phone"),
        ("frlend", "friend", "friend"),  # one shape: a letter is the other's that is surer
    ],
)
def test_pieces_of_a_letter_are_one(printed: str, lined: str, expected: str) -> None:
    found = judge(pieces(len(printed)), said(printed, 0.94), said(lined, 0.95))
    assert text_of(found) == expected


def test_letters_that_stand_apart_are_no_words() -> None:
    apart = said("ABCDEFGH", 0.9, step=60)
    spaced = said("A B C D E F G H", 0.95, step=60)
    assert text_of(judge(pieces(8), apart, spaced)) == "ABCDEFGH"


def test_a_mark_alone_is_what_the_network_of_characters_says() -> None:
    assert text_of(judge(pieces(1), said("D", 0.6), said("0", 0.9))) == "D"


def test_words_that_read_either_way_up_are_turned(recognizer: Recognizer) -> None:
    page = compose(["sun moon noon", "pods and swims"], font_hand("patrick-hand"), seed=3).picture
    assert recognizer.read(page).turned == 0
    turned = recognizer.read(np.rot90(page, 2).copy())
    assert turned.turned == 180 and turned.text == "sun moon noon\npods and swims"


@pytest.mark.parametrize("seed", [0, 4])
def test_grain_below_the_writing_is_no_line(recognizer: Recognizer, seed: int) -> None:
    lines = ["Hello, my friend.", "We met in May.", "Bring the red hat."]
    page = compose(lines, font_hand("patrick-hand"), seed=3).picture
    sheet = np.concatenate([page, np.full_like(page[:160], int(np.median(page)))])
    grain = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(70, 420)), (0, 0), 2 + seed / 4)
    sheet[len(page) + 40 : len(page) + 110, 100:520][grain > 1.2 * grain.std()] = 70
    assert recognizer.read(sheet).text.splitlines() == lines
