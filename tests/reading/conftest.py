"""Pages composed and read, each once a session however many tests look at it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from tests.support.hands import font_hand
from tests.support.read_pages import Read, ReadPage


@pytest.fixture(scope="session")
def read(recognizer: Recognizer) -> ReadPage:
    """Compose a page and read it: lines, the name of a hand, and what else `compose` takes."""

    @cache
    def read_once(lines: tuple[str, ...], hand: str, options: tuple[tuple[str, Any], ...]) -> Read:
        page = compose(lines, font_hand(hand), **dict(options))
        return Read(page, recognizer.read(page.picture))

    def read_page(lines: Sequence[str], hand: str = "patrick-hand", **options: Any) -> Read:
        return read_once(tuple(lines), hand, tuple(sorted(options.items())))

    return read_page
