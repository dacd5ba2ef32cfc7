"""Printed lines taken out from under the writing, and writing left alone where there are none."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from emnist_hf.ink import to_ink
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
