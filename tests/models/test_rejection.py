"""What is no character is told from what is, on pictures that other code draws than the rejection was learnt from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.metrics import roc_auc_score

from emnist_hf import Recognizer
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.data.strokes import draw as draw_strokes
from emnist_hf.models.checkpoint import REJECTION
from emnist_hf.models.rejection import RejectionError, load_rejection
from emnist_hf.page.answer import DOUBT, answer_in_words
from emnist_hf.recognizer import Answer
from emnist_hf.training.outliers import drawings
from emnist_hf.training.rejection import fit_rejection, score_rejection
from tests.support.command import invoke
from tests.support.drawn import label_font
from tests.support.strokes import STROKES, draw

SIDE = 240


def scribble(seed: int) -> Image.Image:
    """A pen that goes to and fro between random points."""
    rng = np.random.default_rng(seed)
    sheet = Image.new("L", (SIDE, SIDE), 255)
    points = [tuple(point) for point in rng.uniform(30, SIDE - 30, (int(rng.integers(9, 25)), 2))]
    ImageDraw.Draw(sheet).line(points, fill=0, width=int(rng.integers(4, 14)), joint="curve")
    return sheet


def typed(text: str) -> Image.Image:
    sheet = Image.new("L", (SIDE * 2, SIDE), 255)
    ImageDraw.Draw(sheet).text((SIDE, SIDE / 2), text, fill=0, font=label_font(110), anchor="mm")
    return sheet


def pair(seed: int) -> Image.Image:
    """Two drawn characters in one picture."""
    rng = np.random.default_rng(seed)
    sheet = Image.new("RGB", (SIDE * 2 - 60, SIDE), "white")
    for place in range(2):
        character = str(rng.choice(list(STROKES)))
        one = draw(character, SIDE, int(rng.integers(7, 18)), "black", (255,) * 4, tilt=float(rng.normal(0, 5)))
        sheet.paste(one.convert("RGB").crop((30, 0, SIDE - 30, SIDE)), (place * (SIDE - 60) + 30, 0))
    return sheet


def characters() -> list[Image.Image]:
    rng = np.random.default_rng(5)
    return [
        draw(name, SIDE, int(rng.integers(6, 22)), "black", (255,) * 4, tilt=float(rng.normal(0, 6)))
        for name in STROKES
        for _ in range(6)
    ]


def doubts(recognizer: Recognizer, pictures: list[Image.Image]) -> list[float]:
    found = [recognizer.examine(picture).not_a_character for picture in pictures]
    assert all(doubt is not None and 0 <= doubt <= 1 for doubt in found)
    return [doubt for doubt in found if doubt is not None]


def test_drawings_are_told_from_characters(recognizer: Recognizer) -> None:
    """Scribbles, typed punctuation and pairs, none of them made as those that were learnt from: AUROC 0.95 at least."""
    others = [scribble(seed) for seed in range(20)] + [pair(seed) for seed in range(20)]
    others += [typed(text) for text in ("?", "&", "%", "@", "#", "*", "=", "!", "...", "AB", "to", "x2", "{}", "$")]
    genuine, doubted = doubts(recognizer, characters()), doubts(recognizer, others)
    truth = np.repeat([0, 1], [len(genuine), len(doubted)])
    assert roc_auc_score(truth, genuine + doubted) >= 0.95


def test_real_characters_pass(recognizer: Recognizer, shared: Path) -> None:
    """UNIPEN's held-out writers on a pad: told from scribbles, and hardly one in ten refused."""
    strokes = StrokeSet.load(shared / "unipen" / "strokes.npz")
    rows = np.random.default_rng(0).permutation(strokes.rows("test"))[:150]
    answers: list[Answer] = [recognizer.examine(draw_strokes(strokes.strokes(int(row)), pen=12)) for row in rows]
    genuine = [answer.not_a_character or 0.0 for answer in answers]
    doubted = doubts(
        recognizer, [scribble(seed) for seed in range(100, 130)] + [pair(seed) for seed in range(100, 130)]
    )
    assert roc_auc_score(np.repeat([0, 1], [len(genuine), len(doubted)]), genuine + doubted) >= 0.95
    assert np.mean([answer.is_character for answer in answers]) > 0.9


def test_the_page_says_its_doubt(recognizer: Recognizer) -> None:
    answer = recognizer.examine(scribble(3))
    assert not answer.is_character
    words, hint = answer_in_words(answer.predictions, "byclass", answer.is_character)
    assert words == DOUBT and answer.predictions[0].label in hint
    answer = recognizer.examine(draw("A", SIDE, 14, "black", (255,) * 4))
    assert answer.is_character
    assert answer_in_words(answer.predictions, "byclass", answer.is_character)[0].startswith("This looks like A")


def test_every_kind_of_drawing_is_a_glyph_with_ink() -> None:
    rows = np.random.default_rng(1).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    made = drawings(18, np.random.default_rng(0), rows)
    assert made.shape == (18, 28, 28) and made.dtype == np.uint8
    assert (made.reshape(18, -1).max(axis=1) > 100).all()
    assert len(np.unique(made.reshape(18, -1), axis=0)) == 18
    np.testing.assert_array_equal(made, drawings(18, np.random.default_rng(0), rows))


def test_a_rejection_is_fitted_saved_and_loaded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    genuine, others = rng.normal(0, 1, (400, 8)).astype(np.float32), rng.normal(1, 1, (300, 8)).astype(np.float32)
    made = fit_rejection(genuine[:200], others[:200], [genuine[200:], genuine[:100]])
    made.save(tmp_path)
    loaded = load_rejection(tmp_path, 8)
    assert loaded is not None
    np.testing.assert_array_equal(loaded.score(others), made.score(others))
    scores = score_rejection(loaded.score(genuine[200:]), loaded.score(others[200:]), loaded.threshold)
    assert scores["auroc"] > 0.9 and scores["characters_refused"] <= 0.025
    assert scores["drawings_refused"] > 0.3 and (scores["characters"], scores["drawings"]) == (200, 100)


def test_a_checkpoint_learns_what_is_no_character_again(
    recognizer: Recognizer, small_emnist: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(recognizer.folder, tmp_path / "checkpoint")
    (folder / REJECTION).unlink()
    done = invoke("fit-rejection", folder, "--split", "letters", "--dataset", small_emnist, status=0)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["auroc"] > 0.9 and found["drawings"] > 0
    again = Recognizer.from_pretrained(folder)
    assert again.rejection is not None and again.results["not_a_character"]["auroc"] == found["auroc"]
    assert doubts(again, [scribble(3)])[0] > doubts(again, [draw("A", SIDE, 14, "black", (255,) * 4)])[0]


def test_a_checkpoint_without_says_nothing_and_a_damaged_one_a_sentence(recognizer: Recognizer, tmp_path: Path) -> None:
    folder = shutil.copytree(recognizer.folder, tmp_path / "checkpoint")
    (folder / REJECTION).write_bytes(b"not safetensors")
    with pytest.raises(RejectionError, match="is not whole"):
        Recognizer.from_pretrained(folder)
    (folder / REJECTION).unlink()
    answer = Recognizer.from_pretrained(folder).examine(scribble(3))
    assert answer.not_a_character is None and answer.is_character
    with pytest.raises(RejectionError, match="does not fit"):
        load_rejection(recognizer.folder, 7)
