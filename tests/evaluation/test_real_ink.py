"""Conditions and the test on real ink: what is drawn is what is said, and the same for every checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emnist_hf.data.conditions import CONDITIONS, DARKEST, LOW_SIDE
from emnist_hf.data.pad import Pad
from emnist_hf.data.rows import DataError
from emnist_hf.evaluation.metrics import wilson_interval
from emnist_hf.evaluation.real_ink import (
    StrokeTest,
    choose_characters,
    score_strokes,
    summarize_strokes,
    unread_probabilities,
)
from emnist_hf.ink import glyph_of
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARSETS, fold_shape
from tests.support.drawn import small_strokes

BAR = [np.array([[0.5, y] for y in np.linspace(0, 1, 30)])]


def drawn(condition: str, light: bool = False, seed: int = 0) -> np.ndarray:
    return CONDITIONS[condition](BAR, Pad(200, 12, light), np.random.default_rng(seed)).astype(float)


def middle(picture: np.ndarray) -> np.ndarray:
    """Where the ink of each row that has some has its middle, in pixels."""
    ink = 255 - picture[:, :, 0]
    rows = ink[ink.sum(axis=1) > 255]
    return (rows * np.arange(rows.shape[1])).sum(axis=1) / rows.sum(axis=1)


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_draws_the_same_again_and_is_read(condition: str, light: bool) -> None:
    picture = drawn(condition, light)
    assert np.array_equal(picture, drawn(condition, light))
    glyph, ink = glyph_of(picture.astype(np.uint8))
    assert ink.light_on_dark is light
    columns = glyph.sum(axis=0) > 300
    assert glyph.any(axis=1).sum() >= 20 and columns.sum() < 14, "it is no longer a bar"


def test_a_slant_is_of_fifteen_degrees_either_way() -> None:
    leans = set()
    for seed in range(8):
        path = middle(drawn("slanted", seed=seed))
        slope = np.polyfit(np.arange(len(path)), path, 1)[0]
        leans.add(round(np.degrees(np.arctan(slope)) / 5) * 5)
    assert leans == {-15, 15}


def test_a_shaky_bar_bends_and_a_plain_one_does_not() -> None:
    assert np.ptp(middle(drawn("plain"))) < 0.1
    assert 2 < np.ptp(middle(drawn("shaky"))) < 40
    assert not np.array_equal(drawn("shaky"), drawn("shaky", seed=1))


def test_low_resolution_has_forty_pixels_and_no_more() -> None:
    assert drawn("low_resolution").shape == (LOW_SIDE, LOW_SIDE, 3)
    assert CONDITIONS["low_resolution"](BAR, Pad(30, 3), np.random.default_rng(0)).shape == (30, 30, 3)


def test_a_photo_has_shadow_noise_and_no_pure_colour() -> None:
    shade = drawn("photo").mean(axis=2)
    ends = (np.s_[:20], np.s_[-20:])
    corners = [shade[rows, columns].mean() for rows in ends for columns in ends]
    assert min(corners) / max(corners) < (1 + DARKEST) / 2
    assert 1 < np.std(shade[:20, :20] - shade[:20, :20].mean(axis=0)) < 15
    assert 0 < shade.min() < shade.max() < 255


def test_a_character_without_ink_counts_as_wrong_in_every_metric() -> None:
    for charset in CHARSETS.values():
        labels = np.arange(len(charset))
        probabilities = unread_probabilities(labels, len(charset))
        assert probabilities.sum(axis=1) == pytest.approx(1)
        assert (probabilities.argmin(axis=1) == labels).all()
        for label, answer in zip(labels, probabilities.argmax(axis=1), strict=True):
            assert fold_shape(charset.labels[label]) != fold_shape(charset.labels[answer])


def test_characters_are_those_of_the_charset_and_of_nobody_learnt_from(tmp_path: Path) -> None:
    path = small_strokes(tmp_path / "strokes.npz")  # 0, 1, T and L by each of 40 writers
    every = choose_characters(StrokeTest(path, per_pen=0), CHARSETS["byclass"])
    digits = choose_characters(StrokeTest(path, per_pen=0), CHARSETS["digits"])
    letters = choose_characters(StrokeTest(path, per_pen=0), CHARSETS["letters"])
    assert len(digits.rows) + len(letters.rows) == len(every.rows) == 4 * every.writers < 160
    assert {"".join(CHARSETS["letters"].labels[label] for label in set(letters.labels))} <= {"LT", "TL"}
    assert len(choose_characters(StrokeTest(path, per_pen=5), CHARSETS["letters"]).rows) == 5
    with pytest.raises(DataError, match="no character of lowercase"):
        choose_characters(StrokeTest(path), CHARSETS["lowercase"])


def test_a_summary_is_the_mean_of_its_drawings_and_counts_a_character_once(tmp_path: Path) -> None:
    test = StrokeTest(small_strokes(tmp_path / "s.npz"), pens=(10, 20), sizes=(80,), conditions=("shaky",), per_pen=5)
    recognizer = Recognizer.from_pretrained()
    summary = summarize_strokes(test, recognizer)
    assert [cell["condition"] for cell in summary["cells"]] == ["plain"] * 4 + ["shaky"] * 4
    shares = [cell["accuracy_shape_folded"] for cell in summary["cells"][4:]]
    shaky = summary["by_condition"][1]
    assert shaky["accuracy_shape_folded"] == pytest.approx(np.mean(shares)) and shaky["rows"] == 20
    assert shaky["accuracy_shape_folded_interval"] == pytest.approx(wilson_interval(5 * np.mean(shares), 5))
    alone = list(score_strokes(test, recognizer))
    assert alone == summary["cells"][4:], "a condition comes out the same, whatever else is drawn"


@pytest.mark.parametrize("wrong", [{"pens": (float("nan"),)}, {"pens": (0.0,)}, {"sizes": (9999,)}, {"per_pen": -1}])
def test_a_test_that_cannot_be_drawn_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError):
        StrokeTest(Path("x"), **wrong)  # type: ignore[arg-type]
