"""Composed pages read whole: letters, cases, digits, signs and words, in every condition and however they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rapidfuzz.distance import Levenshtein

from emnist_hf import Recognizer
from emnist_hf.data.compose import TEXTS, Hand, compose, on_table
from emnist_hf.data.photograph import PAGE_CONDITIONS
from emnist_hf.evaluation.page_metrics import box_matches, character_errors
from emnist_hf.ink.sheet import find_sheet
from emnist_hf.page.page_view import boxes_html, shown_picture, summary
from emnist_hf.reading.pipeline import OTHERS
from emnist_hf.reading.results import Box
from emnist_hf.splits import LabelError
from tests.support.hands import HANDS, font_hand
from tests.support.handwriting import write
from tests.support.read_pages import Read, ReadPage

SHORT = TEXTS[0][:2]


@pytest.mark.parametrize("condition", PAGE_CONDITIONS)
def test_a_page_is_read_in_every_condition(read: ReadPage, condition: str) -> None:
    found = read(TEXTS[0], condition=condition, seed=5)
    assert found.wrong <= 0.12, found.text
    assert found.box_f1 >= 0.9


def test_overall_the_pages_are_read(read: ReadPage) -> None:
    found = [read(TEXTS[i], hand, condition=c, seed=5) for hand, c in zip(HANDS, PAGE_CONDITIONS) for i in (0, 4)]
    errors = [character_errors(one.page.text, one.text) for one in found]
    assert sum(wrong for wrong, _ in errors) <= 0.10 * sum(count for _, count in errors)


# --- what is read ---


def test_case_is_told_by_size(read: ReadPage) -> None:
    found = read(["Cool Cow", "Vow WAX"], seed=1)
    assert found.text == found.page.text


def test_digits_keep_to_digits_and_letters_to_letters(read: ReadPage) -> None:
    first, second = (line.split() for line in read(["ROOF 5005", "SOON 1020"], seed=1).text.splitlines())
    assert (first[1], second[1]) == ("5005", "1020")
    assert first[0].isalpha() and second[0].isalpha()


def test_words_are_counted_without_gaps_where_a_mark_is_left_out(recognizer: Recognizer) -> None:
    drawn = write("under   the moon\nand a hat on the tree", pen=6, x_height=44, gap=0.5)
    picture = drawn.image.copy()
    left, right = (max(c.box[2] for c in drawn.characters if c.word == 0), drawn.characters[5].box[0])
    x, y = (left + right) / 2, (drawn.characters[0].box[1] + drawn.characters[0].box[3]) / 2
    ImageDraw.Draw(picture).ellipse([x - 5, y - 5, x + 5, y + 5], fill=(20, 20, 24))  # no sign that is known
    characters = recognizer.read(picture).characters
    assert [sorted({c.word for c in characters if c.line == line}) for line in (0, 1)] == [[0, 1, 2], list(range(6))]


def test_punctuation_is_told_by_shape(read: ReadPage) -> None:
    text = read(["Yes, I am.", "Big-end men", "no, never."], size=80, seed=4).text
    assert [text.count(sign) for sign in ",.-"] == [2, 2, 1], text


@pytest.mark.parametrize(
    ("length", "thick"), [(0.1, 0.07), (0.2, 0.13), (0.4, 0.17), (0.7, 0.07), (1.4, 0.07), (0.3, 0.04)]
)
def test_a_hyphen_may_be_of_any_size(recognizer: Recognizer, length: float, thick: float) -> None:
    page = compose(["well-known half-baked", "TWO-WAY CO-OP"], hyphenating("patrick-hand", length, thick), seed=16)
    found = Read(page, recognizer.read(page.picture))
    assert found.wrong <= 0.1 and found.text.count("-") >= 3, found.text


def hyphenating(name: str, length: float, thick: float) -> Hand:
    """A hand of `HANDS` with hyphens of its own: how long and how thick, in ems."""
    hand = font_hand(name)

    def draw(character: str, size: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
        if character != "-":
            return hand(character, size, rng)
        across, down = round(length * size), round(thick * size)
        ink = np.zeros((down + 12, across + 12), np.float32)
        ink[6:-6, 6:-6] = 1
        return ink, 0.22 * size + down / 2 + 6

    return draw


@pytest.mark.parametrize("condition", ["plain", "noisy", "small"])
@pytest.mark.parametrize("hand", HANDS)
def test_stops_and_commas_are_no_letters(read: ReadPage, hand: str, condition: str) -> None:
    """Whatever hangs below the letters beside it, however long the comma is, and however uneven the stop."""
    lines = ["Hello, my friend.", "We met in May.", "It is fun. Bye."]
    text = read(lines, hand, condition=condition, size=56, seed=77).text
    signs = "".join(c for c in text if not c.isalnum() and not c.isspace())
    assert Levenshtein.distance(signs, ",....") <= 3, text  # some are left out
    assert text.splitlines()[0][4:6] not in ("ol", "lo", "oI") and set(signs) <= set(",."), text


def test_specks_are_no_full_stops(read: ReadPage) -> None:
    lines = ["Please water the plants", "on Monday and Thursday", "the key is under a pot", "by the kitchen window"]
    for seed in range(3):
        text = read(lines, "indie-flower", condition="noisy", size=48, seed=seed).text
        assert sum(not c.isalnum() and not c.isspace() for c in text) <= 1, text


def test_a_stroke_that_tilts_is_not_cut(recognizer: Recognizer) -> None:
    page = compose(["WE SAY THAT", "SO"], font_hand("patrick-hand"), seed=4)
    picture = Image.fromarray(page.picture)
    right, bottom = max(b[2] for _, b in page.characters[-2:]), max(b[3] for _, b in page.characters[-2:])
    ImageDraw.Draw(picture).line((right + 40, bottom - 12, right + 135, bottom - 34), fill=(30, 30, 30), width=6)
    reading = recognizer.read(picture)
    assert len(reading.characters) - len(page.characters) <= 1, reading.text


def test_scratched_out_words_are_left_out(recognizer: Recognizer) -> None:
    page = compose(["KEEP THIS", "AND THAT"], font_hand("patrick-hand"), size=80, seed=3)
    picture = page.picture.copy()
    height, width = picture.shape[:2]
    picture[height - 90 : height - 30, 100 : width // 2] = 30
    assert Read(page, recognizer.read(picture)).wrong <= 0.1


# --- what is answered ---


def test_the_charset_bounds_the_answer(read: ReadPage, recognizer: Recognizer) -> None:
    picture = read(TEXTS[4], seed=5).page.picture
    reading = recognizer.read(picture, charset="digits")
    assert reading.text and all(c.label.isdigit() or not c.label.isalnum() for c in reading.characters)
    with pytest.raises(LabelError):
        recognizer.read(picture, charset="greek")


@pytest.mark.parametrize("hand", ["patrick-hand", "schoolbell", "indie-flower"])
def test_a_page_read_as_what_it_is_not_is_told_of(read: ReadPage, recognizer: Recognizer, hand: str) -> None:
    """Words asked for as digits; not digits, or words whose shapes are digits' too, nor a page with some of both."""
    found = read(["the quick brown", "fox jumps over", "a lazy dog"], hand, seed=1)
    words = found.page.picture
    assert recognizer.read(words, "digits").note == OTHERS
    assert recognizer.read(words, "letters").note == found.reading.note == ""
    for lines in (["0123 456", "789 1017", "2025 5510"], ["Call 555 1234", "Room 42B at 10", "Pay 1200 EUR"]):
        assert recognizer.read(compose(lines, font_hand(hand), seed=1).picture, "digits").note != OTHERS


def test_a_reading_says_where_everything_is(read: ReadPage) -> None:
    found = read(TEXTS[0], seed=5, condition="plain")
    reading, (height, width) = found.reading, found.page.picture.shape[:2]
    assert abs(reading.size[0] - width) <= 2 and abs(reading.size[1] - height) <= 2
    for character in reading.characters:
        left, top, right, bottom = character.box
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
        scores = [choice.score for choice in character.alternatives]
        assert scores == sorted(scores, reverse=True) and sum(scores) <= 1.0001
        assert character.alternatives[0].label == character.label
    words = [line.split() for line in reading.text.splitlines()]
    for number, line in enumerate(words):
        for place, word in enumerate(line):
            own = [c.label for c in reading.characters if (c.line, c.word) == (number, place)]
            assert "".join(own) == word


def test_a_record_is_the_reading_rounded(read: ReadPage) -> None:
    reading = read(TEXTS[0], seed=5, condition="plain").reading
    record = reading.as_record()
    assert list(record) == ["text", "characters", "language"] and record["text"] == reading.text
    first, character = record["characters"][0], reading.characters[0]
    assert list(first) == ["label", "score", "box", "line", "word", "alternatives"]
    assert first["score"] == round(character.score, 6) and first["box"] == list(character.box)
    assert first["alternatives"] == [{"label": c.label, "score": round(c.score, 6)} for c in character.alternatives]


@pytest.mark.parametrize(("seed", "size"), [(5, 64), (2, 20)])
def test_one_notion_of_a_low_score(read: ReadPage, seed: int, size: int) -> None:
    """The summary, the colours of the boxes and the note agree on which characters should be looked at."""
    found = read(TEXTS[0], condition="noisy", seed=seed, **({} if size == 64 else {"size": size}))
    low = sum(c.has_low_score for c in found.reading.characters)
    html = boxes_html(shown_picture(found.page.picture), found.reading)
    assert html.count("page-box fair") + html.count("page-box poor") == low
    assert f", {low or 'none'} in doubt." in " ".join(summary(found.reading))
    assert found.reading.note or 2 * low <= len(found.reading.characters)


# --- how the page lies ---


@pytest.mark.parametrize("skew", [-10, -4, 7, 10])
def test_lines_are_found_and_boxed_however_the_page_lies(read: ReadPage, skew: float) -> None:
    found = read(TEXTS[2], "indie-flower", skew=skew, seed=2)
    assert len(found.text.splitlines()) == 4
    assert found.wrong <= 0.15, found.text
    assert found.box_recall >= 0.9


def test_a_large_picture_gives_boxes_in_its_own_pixels(read: ReadPage) -> None:
    found = read(TEXTS[1], "schoolbell", size=200, seed=3)
    assert max(found.page.picture.shape) > 2500
    assert found.box_recall >= 0.9


@pytest.mark.parametrize("lean", [-45, -30, 30, 45])
def test_print_that_leans_is_read_and_boxed(read: ReadPage, lean: float) -> None:
    found = read(SHORT, seed=11, lean=lean)
    assert found.wrong <= 0.1, found.text
    assert found.box_f1 >= 0.9


@pytest.mark.parametrize("lean", [-40, 15, 40])
def test_the_dot_of_a_leaning_letter_is_part_of_it(read: ReadPage, lean: float) -> None:
    found = read(["jim is in fiji", "his skiing trip"], seed=12, lean=lean)
    assert all(c.isalnum() or c.isspace() for c in found.text), found.text
    assert found.wrong <= 0.15, found.text


@pytest.mark.parametrize(("turns", "said"), [(1, "turned to the left"), (2, "upside down"), (3, "turned to the right")])
def test_a_page_that_does_not_stand_upright_is_turned(
    read: ReadPage, recognizer: Recognizer, turns: int, said: str
) -> None:
    found = read(TEXTS[3][:3], seed=13)
    page, upright = found.page, found.reading
    height, width = page.picture.shape[:2]
    reading = recognizer.read(np.ascontiguousarray(np.rot90(page.picture, turns)))
    assert Read(page, reading).wrong <= 0.1, reading.text
    assert said in reading.note and upright.note == ""
    moved = [_back(c.box, turns, width, height) for c in reading.characters]
    assert box_matches([c.box for c in upright.characters], moved) >= 0.95 * len(upright.characters)
    assert (reading.turns, upright.turns) == (4 - turns, 0)
    stood = reading.upright()
    assert [c.box for c in stood.characters] == moved
    assert (stood.size, stood.turns, stood.text) == ((width, height), 0, reading.text)


def _back(box: Box, turns: int, width: int, height: int) -> Box:
    """A box of a picture that was given so many quarter turns, where it was before; width, height: before."""
    left, top, right, bottom = box
    for turn in range(turns):
        across = width if (turns - turn) % 2 else height  # of the picture before this turn
        left, top, right, bottom = across - bottom, left, across - top, right
    return left, top, right, bottom


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photo_that_lies_on_its_side_is_read_upright(
    recognizer: Recognizer, tmp_path: Path, orientation: int
) -> None:
    """As phones store portraits: the picture turned, and a tag that says how."""
    page = compose(["TEN RED HENS", "RUN HOME"], font_hand("patrick-hand"), seed=2)
    upright = Image.fromarray(page.picture)
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright.transpose(back).save(tmp_path / "phone.jpg", quality=92, exif=exif)
    for source in (tmp_path / "phone.jpg", (tmp_path / "phone.jpg").read_bytes(), Image.open(tmp_path / "phone.jpg")):
        reading = recognizer.read(source)
        assert Read(page, reading).wrong <= 0.1
        assert reading.size == upright.size


@pytest.mark.parametrize(
    ("condition", "shade", "sides"),
    [("plain", 60, "lrtb"), ("shadow", 100, "lrtb"), ("jpeg", 140, "lb"), ("ruled", 170, "r")],
)
def test_a_table_beside_the_sheet_is_not_read(recognizer: Recognizer, condition: str, shade: int, sides: str) -> None:
    page = on_table(compose(TEXTS[0], font_hand("patrick-hand"), condition, seed=14), 14, shade, sides)
    found = Read(page, recognizer.read(page.picture))
    assert found.wrong <= 0.1, found.text
    assert len(found.text.splitlines()) == 4


def test_no_sheet_is_found_in_a_shadow() -> None:
    """What lies in the shadow of a hand is written on the sheet as well."""
    pages = [compose(text, font_hand(hand), "shadow", seed=15) for text in TEXTS for hand in HANDS]
    assert not any(find_sheet(page.picture) is not None for page in pages)
