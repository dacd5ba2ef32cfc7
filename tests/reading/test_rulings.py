"""Printed lines taken out from under the writing, and writing left alone where there are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from emnist_hf.ink import to_ink
from emnist_hf.reading.components import find_components
from emnist_hf.reading.preprocess import without_rulings
from tests.support.hands import font_hand

DENSE = ["HAMBURGEFONTSIVZTE3792" * 3] * 6
LEVEL = 0.35


def test_rows_of_close_set_letters_are_no_rulings() -> None:
    coverage = to_ink(compose(DENSE, font_hand("patrick-hand"), size=40, seed=2, skew=0).picture).coverage
    assert np.array_equal(without_rulings(coverage, LEVEL), coverage)


def test_rulings_go_and_the_strokes_across_them_stay() -> None:
    page = np.zeros((300, 600), np.float32)
    page[60:240, 100:108] = page[60:240, 300:308] = page[60:68, 300:360] = 1
    ruled = page.copy()
    ruled[100:102] = ruled[160:162] = ruled[220:222] = 0.9
    cleaned = without_rulings(ruled, LEVEL)
    assert (cleaned[page > 0] > LEVEL).mean() > 0.99
    assert (cleaned[page == 0] > LEVEL).sum() < 0.02 * (ruled[page == 0] > LEVEL).sum()


def test_squares_go_both_ways() -> None:
    ruled = np.zeros((400, 400), np.float32)
    ruled[20::40] = ruled[:, 20::40] = 0.8
    assert not (without_rulings(ruled, LEVEL) > LEVEL).any()


def test_the_stems_of_a_large_word_are_no_rulings() -> None:
    pad = np.full((300, 300), 255, np.uint8)
    for stroke in ((40, 60, 40, 240), (140, 60, 140, 240), (40, 150, 140, 150), (220, 60, 220, 240)):
        cv2.line(pad, stroke[:2], stroke[2:], 0, 5, cv2.LINE_AA)
    coverage = to_ink(pad).coverage
    assert np.array_equal(without_rulings(coverage, LEVEL), coverage)


def test_an_empty_sheet_of_squared_paper_reads_as_nothing(recognizer: Recognizer) -> None:
    sheet = np.full((800, 600), 245, np.uint8)
    sheet[20::40] = sheet[:, 20::40] = 120
    reading = recognizer.read(sheet)
    assert reading.text == "" and reading.note


def broken_margin(picture: NDArray[np.uint8], slope: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A sheet with room at its left, and there a margin line in the pieces that the rulings across it leave of it."""
    height, width = picture.shape[:2]
    sheet = np.full((height, width + height // 4, 3), 255, np.uint8)
    sheet[:, height // 4 :] = picture
    y, top = 0.0, float(height // 8 - slope * height / 2)
    while y < height:
        stop = y + float(rng.uniform(0.16, 0.3)) * height
        ends = [(round(top + slope * v + rng.normal(0, 0.8)), round(v)) for v in (y, stop)]
        cv2.line(sheet, ends[0], ends[1], (150, 90, 90), 3, cv2.LINE_AA)
        y = stop + 12
    return sheet


@pytest.mark.parametrize(("slope", "seed"), [(-0.06, 1), (0.0, 2), (0.05, 3)])
def test_a_margin_line_in_pieces_is_not_read(recognizer: Recognizer, slope: float, seed: int) -> None:
    page = compose(["ABCD", "EFGH", "KLMN"], font_hand("patrick-hand"), size=60, seed=seed, skew=0).picture
    picture = broken_margin(page, slope, np.random.default_rng(seed))
    assert recognizer.read(picture).text == recognizer.read(page).text


def test_letters_below_each_other_are_no_line(recognizer: Recognizer) -> None:
    page = compose(["I", "l", "I", "T", "I"], font_hand("patrick-hand"), size=60, seed=1, skew=0).picture
    assert len(recognizer.read(page).text.split("\n")) == 5


def test_the_long_low_letters_of_a_joined_hand_are_no_line(recognizer: Recognizer) -> None:
    """A word of low, joined letters is long and flat as a piece of a line is, but several strokes thick."""
    low = np.zeros((200, 1000), np.float32)
    x = np.arange(40, 960)
    for row, phase in ((60, 0.0), (140, 1.0)):
        points = np.stack([x, row + 14 * np.sin(x / 9 + phase)], axis=1).round().astype(np.int32)
        for start in (0, 330, 660):
            cv2.polylines(low, [points[start : start + 250]], False, 1.0, 4)
    assert find_components(low)[1].all()
