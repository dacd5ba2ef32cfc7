"""What a picture on the page is taken for: one character, or a page of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from emnist_hf.ink import open_picture, to_ink
from emnist_hf.page.answer import is_one_mark, is_sure, recognize
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Answer
from tests.support.hands import font_hand
from tests.support.strokes import STROKES, draw


class Counting(Recognizer):
    """The packaged checkpoint; counts how often it reads a page."""

    pages = 0

    def read(self, *arguments: Any, **named: Any) -> Reading:
        self.pages += 1
        return super().read(*arguments, **named)


@pytest.fixture
def recognizer() -> Counting:
    found = Counting.from_pretrained()
    assert isinstance(found, Counting)
    return found


def seen(recognizer: Recognizer, picture: Image.Image) -> Answer | Reading:
    opened = open_picture(picture)
    return recognize(recognizer, opened, to_ink(opened), "byclass")


def one(character: str) -> Image.Image:
    return draw(character, 280, 14, "black", (255,) * 4)


def test_a_single_mark_is_one_character_and_no_page_is_read(recognizer: Counting) -> None:
    sure = [c for c in STROKES if isinstance(found := seen(recognizer, one(c)), Answer) and is_sure(found)]
    assert len(sure) > 0.8 * len(STROKES)
    assert recognizer.pages <= len(STROKES) - len(sure)


def test_what_is_read_without_a_page_is_what_is_read_with_it(recognizer: Counting) -> None:
    for character in STROKES:
        picture = one(character)
        found, page = seen(recognizer, picture), recognizer.read(picture)
        assert isinstance(found, Answer), character
        assert len(page.characters) <= 2 or is_sure(found), character


def test_words_are_pages(recognizer: Counting) -> None:
    found = seen(recognizer, Image.fromarray(compose(["RUN HOME"], font_hand("patrick-hand"), seed=1).picture))
    assert isinstance(found, Reading) and recognizer.pages == 1
    assert found.text.replace(" ", "").lower() == "runhome"


def test_letters_that_touch_are_no_single_character(recognizer: Counting) -> None:
    """In one piece, but wider than a character: it is read as a page."""
    cut = [np.asarray(one(character).convert("L"))[:, 60:220] for character in "HEH"]
    letters = np.concatenate(cut, axis=1)
    letters[138:142, 80:400] = 0  # a stroke through all of them
    assert not is_one_mark(to_ink(letters))
    seen(recognizer, Image.fromarray(letters))
    assert recognizer.pages == 1
