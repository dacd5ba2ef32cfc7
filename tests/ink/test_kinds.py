"""Characters in every kind of light, paper and surroundings are read, and the paper alone shows none."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from emnist_hf import Recognizer
from emnist_hf.data.conditions import KINDS, pad_for
from emnist_hf.data.pad import Pad
from emnist_hf.errors import EmnistError
from emnist_hf.ink import NoInkError, glyph_of
from emnist_hf.ink.doubts import check_no_fold, check_pen
from emnist_hf.ink.picture import BLANK, ONLY_LINES, TOO_BLURRED, TOO_FAINT
from emnist_hf.page.language import PHRASES
from emnist_hf.splits import fold_shape
from tests.support.strokes import STROKES

LETTERS = ("A", "R", "3", "4")
WRITTEN = [np.array(stroke, np.float32) for stroke in STROKES["R"]]


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


@pytest.mark.parametrize(("kind", "letter"), [("notebook", "H"), ("hairline", "A"), ("flash", "H")])
def test_strokes_along_rules_of_one_pixel_and_in_glare_stay(recognizer: Recognizer, kind: str, letter: str) -> None:
    rng = np.random.default_rng(11)
    strokes = [np.array(stroke, np.float32) for stroke in STROKES[letter]]
    got = [shows(recognizer, KINDS[kind](strokes, pad_for(kind, rng), rng)) for _ in range(10)]
    assert got.count(letter) >= 9, got


def test_a_large_seven_of_one_pixel_is_read(recognizer: Recognizer) -> None:
    canvas = np.full((800, 800), 255, np.uint8)
    cv2.polylines(canvas, [np.array([(250, 220), (520, 220), (340, 640)])], False, 0, 1)
    assert shows(recognizer, canvas) == "7"


@pytest.mark.parametrize("kind", KINDS)
def test_paper_of_a_kind_shows_no_character(recognizer: Recognizer, kind: str) -> None:
    rng = np.random.default_rng(zlib.crc32(kind.encode()) + 1)
    got = [shows(recognizer, KINDS[kind]((), pad_for(kind, rng), rng)) for _ in range(6)]
    assert got.count(None) >= 5, got


@pytest.mark.parametrize("seed", [12, 13])
def test_noise_that_is_split_in_two_is_no_page(recognizer: Recognizer, seed: int) -> None:
    rng = np.random.default_rng(seed)
    strokes = [np.array(stroke, np.float32) for stroke in STROKES["H"]]
    got = [shows(recognizer, KINDS["inverse"](strokes, pad_for("inverse", rng), rng)) for _ in range(7)]
    assert got == ["H"] * 7


@pytest.mark.parametrize("turn", range(4))
def test_a_bare_plate_that_fades_into_what_is_around_it_shows_none(recognizer: Recognizer, turn: int) -> None:
    rng = np.random.default_rng(turn)
    rows, columns = np.mgrid[:300, :300] / 300
    around = 5 + 75 * (columns + rows)
    around[28:-28, 28:-28] = 18
    plate = np.rot90(around, turn) + rng.normal(0, 1.5, (300, 300))
    assert shows(recognizer, plate.clip(0, 255).astype(np.uint8)) is None


def test_pieces_of_a_shadows_edge_are_no_stroke_and_a_whole_stroke_is() -> None:
    stroke = np.zeros((300, 300), np.float32)
    cv2.line(stroke, (90, 0), (150, 299), 1.0, 5)
    pieces = stroke.copy()
    pieces[70:230] = 0
    with pytest.raises(NoInkError):
        check_pen(pieces, pieces)
    check_pen(stroke, stroke)


def test_grain_along_a_fold_does_not_make_it_a_character() -> None:
    fold = np.zeros((300, 300), np.float32)
    cv2.line(fold, (0, 200), (299, 40), 1.0, 4)
    for x in range(20, 290, 15):
        cv2.circle(fold, (x, 260 - x // 2), 2, 1.0, -1)
    with pytest.raises(NoInkError):
        check_no_fold(fold, 0.12 * fold)


def faint(rng: np.random.Generator) -> np.ndarray:
    return 200 + rng.normal(0, 2, (300, 300)) - 4 * Pad(300, 12).coverage(WRITTEN)


def blurred(rng: np.random.Generator) -> np.ndarray:
    falling = np.linspace(1, 0.6, 300)
    ink = cv2.GaussianBlur(Pad(300, 20).coverage(WRITTEN), (0, 0), 16)
    return (220 - 150 * ink) * falling + rng.normal(0, 1, (300, 300))


def ruled(rng: np.random.Generator) -> np.ndarray:
    return np.where(np.arange(300)[:, None] % 60 < 4, 60, 230) + rng.normal(0, 1, (300, 300))


def blank(rng: np.random.Generator) -> np.ndarray:
    return 220 + rng.normal(0, 3, (300, 300))


@pytest.mark.parametrize(
    ("make", "said"), [(faint, TOO_FAINT), (blurred, TOO_BLURRED), (ruled, ONLY_LINES), (blank, BLANK)]
)
def test_why_there_is_no_ink_is_said(make: Callable[[np.random.Generator], np.ndarray], said: str) -> None:
    picture = np.clip(np.rint(make(np.random.default_rng(0))), 0, 255).astype(np.uint8)
    with pytest.raises(NoInkError, match=said):
        glyph_of(picture)
    assert {"de", "fr"} <= set(PHRASES[said])
