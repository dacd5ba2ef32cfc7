"""The one door: what it takes, what it answers, what it refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from emnist_hf import Answer, Recognizer
from emnist_hf.errors import EmnistError
from emnist_hf.ink import NoInkError, PictureError
from emnist_hf.splits import CHARSETS, LabelError
from tests.support.drawn import draw_glyph, draw_rows


def picture(character: str = "E") -> Image.Image:
    """A character as a visitor might draw it: black on white, 300 px, off centre."""
    glyph = Image.fromarray(255 - draw_glyph(character, np.random.default_rng(1))).resize((180, 180))
    page = Image.new("L", (300, 300), 255)
    page.paste(glyph, (80, 40))
    return page


def test_every_form_of_a_picture_gives_the_same_answer(recognizer: Recognizer, tmp_path: Path) -> None:
    page = picture("E")
    page.save(tmp_path / "e.png")
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    array = np.asarray(page)
    rgba = np.dstack([array] * 3 + [np.full_like(array, 255)])
    sketch = {"background": None, "layers": [rgba], "composite": rgba}
    forms = [tmp_path / "e.png", str(tmp_path / "e.png"), buffer.getvalue(), page, array, rgba, sketch]
    answers = [recognizer.classify(form) for form in forms]
    assert all(answer[0].label == "E" for answer in answers)
    for answer in answers[1:]:
        assert answer[0].score == pytest.approx(answers[0][0].score, abs=0.02)


def test_scores_are_probabilities_over_the_charset(recognizer: Recognizer) -> None:
    for charset in (None, *CHARSETS):
        labels = recognizer.labels if charset is None else CHARSETS[charset].labels
        found = recognizer.classify(picture("8"), top_k=1000, charset=charset)
        assert sorted(p.label for p in found) == sorted(labels)
        assert sum(p.score for p in found) == pytest.approx(1, abs=1e-4)
        assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert recognizer.classify(picture("8"), charset="digits")[0].label == "8"


def test_the_answer_shows_what_was_read(recognizer: Recognizer) -> None:
    answer = recognizer.examine(picture("A"), top_k=3)
    assert answer.glyph.shape == (28, 28) and answer.glyph.dtype == np.uint8
    assert answer.glyph.max() > 200 and answer.glyph[0].max() < 60
    assert len(answer.predictions) == 3 and answer.predictions[0].label == "A"
    assert recognizer.classify_glyph(answer.glyph, top_k=3) == answer.predictions


def test_an_emnist_glyph_as_a_picture_reads_like_the_array(recognizer: Recognizer) -> None:
    rows = draw_rows(CHARSETS["byclass"], 1)
    expected = recognizer.predict_proba(rows.images).argmax(1)
    found = [recognizer.classify(Image.fromarray(image), top_k=1)[0].label for image in rows.images]
    assert np.mean([recognizer.labels[i] == label for i, label in zip(expected, found, strict=True)]) > 0.9


def test_predict_proba(recognizer: Recognizer) -> None:
    rows = draw_rows(CHARSETS["digits"], 60)  # more than one batch
    probabilities = recognizer.predict_proba(rows.images)
    assert probabilities.shape == (600, 62) and probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(1), 1, atol=1e-5)
    assert np.allclose(recognizer.predict_proba(rows.images[:1]), probabilities[:1], atol=1e-5)
    assert recognizer.predict_proba(np.zeros((0, 28, 28), np.uint8)).shape == (0, 62)
    for wrong in (rows.images[0], rows.images.astype(float), np.zeros((2, 28, 27), np.uint8)):
        with pytest.raises(ValueError, match="Glyphs are uint8"):
            recognizer.predict_proba(wrong)


def test_serving_faster_changes_no_probability(recognizer: Recognizer) -> None:
    glyphs = draw_rows(CHARSETS["byclass"], 5).images
    with torch.inference_mode():
        plain = recognizer.checkpoint.logits(torch.from_numpy(glyphs)).softmax(dim=1).numpy()
    assert np.abs(recognizer.predict_proba(glyphs) - plain).max() < 1e-5


@pytest.mark.parametrize("top_k", [0, -1, float("nan"), float("inf"), 2.5, True, None, "three", "3", []])
def test_asking_for_what_is_no_number_of_labels(recognizer: Recognizer, top_k: Any) -> None:
    with pytest.raises(EmnistError, match=r"top_k cannot be .*: give a whole number, at least 1; more than there"):
        recognizer.classify(picture(), top_k=top_k)


@pytest.mark.parametrize(("top_k", "count"), [(3, 3), (3.0, 3), (np.int64(3), 3), (1e9, 62), (10**400, 62)])
def test_asking_for_more_labels_than_there_are_gives_all(recognizer: Recognizer, top_k: Any, count: int) -> None:
    assert len(recognizer.classify(picture(), top_k=top_k)) == count


def test_many_pictures_at_once(recognizer: Recognizer, tmp_path: Path) -> None:
    """As `examine` answers of each, however many the network sees at once, and whatever gives the pictures."""
    pictures = [picture(character) for character in "EA8"]
    pictures[1].save(tmp_path / "a.png")
    asked = [pictures[0], tmp_path / "a.png", np.asarray(pictures[2])]
    alone = [recognizer.examine(image, top_k=3, charset="letters") for image in pictures]
    for answers in (
        recognizer(asked, top_k=3, charset="letters"),
        recognizer(iter(asked), top_k=3, charset="letters", batch_size=2),
        recognizer(tuple(asked), top_k=3, charset="letters", batch_size=1, return_exceptions=True),
    ):
        assert len(answers) == 3
        for answer, expected in zip(answers, alone):
            assert not isinstance(answer, EmnistError) and answer.ink is None
            assert [p.label for p in answer.predictions] == [p.label for p in expected.predictions]
            assert [p.score for p in answer.predictions] == pytest.approx(
                [p.score for p in expected.predictions], abs=1e-6
            )
            assert answer.not_a_character == pytest.approx(expected.not_a_character, abs=1e-6)
            assert answer.is_character == expected.is_character and (answer.glyph == expected.glyph).all()
    assert recognizer([]) == []


def test_pictures_that_cannot_be_read_among_many(recognizer: Recognizer, tmp_path: Path) -> None:
    blank, broken = Image.new("L", (99, 99), 255), tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    answers = recognizer([blank, picture("E"), broken, blank], batch_size=2, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NoInkError, Answer, PictureError, NoInkError]
    assert str(answers[2]) == str(answers[2].args[0]).removeprefix(f"{broken}: ")  # type: ignore[union-attr]
    with pytest.raises(PictureError, match=r"broken\.png: This is not a picture"):
        recognizer([picture("E"), broken])


@pytest.mark.parametrize("one", ["a.png", b"bytes", {"composite": None}, Path("a.png"), picture("E")])
def test_one_picture_is_not_many(recognizer: Recognizer, one: Any) -> None:
    with pytest.raises(TypeError):
        recognizer(one)


@pytest.mark.parametrize(
    "options", [{"charset": "klingon"}, {"top_k": 0}, {"top_k": "three"}, {"batch_size": 0}, {"batch_size": -5}]
)
def test_what_cannot_be_asked_of_many(recognizer: Recognizer, options: dict[str, Any]) -> None:
    def pictures() -> Iterator[Image.Image]:
        raise AssertionError("a picture was taken before the request was checked")
        yield

    with pytest.raises(ValueError, match=r"charset|top_k|batch_size"):
        recognizer(pictures(), **options)


def test_an_unknown_charset(recognizer: Recognizer) -> None:
    with pytest.raises(LabelError, match="There is no charset"):
        recognizer.classify(picture(), charset="../../etc/passwd")
    with pytest.raises(LabelError, match="There is no charset"):
        recognizer.check_charset("klingon")


def test_nothing_to_read(recognizer: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(NoInkError, match="no ink"):
        recognizer.classify(Image.new("L", (300, 300), 255))
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(PictureError):
        recognizer.classify(tmp_path / "text.png")


def test_charsets_that_a_checkpoint_can_answer(recognizer: Recognizer) -> None:
    assert recognizer.charsets() == ["byclass", "bymerge", "letters", "digits", "uppercase", "lowercase"]
