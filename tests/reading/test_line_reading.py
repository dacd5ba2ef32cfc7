"""Lines read as lines: joined words, languages, charsets, boxes, long lines and what is not text."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from emnist_hf import Recognizer
from emnist_hf.data.words import WordSet, draw_word
from emnist_hf.evaluation.page_metrics import box_matches, character_errors, fold_text
from emnist_hf.reading.results import Reading
from emnist_hf.reading.vocabulary import LANGUAGES, LanguageError, choose_vocabulary, vocabulary
from emnist_hf.splits import CHARSETS
from tests.support.hands import HANDS

SCRIPT = Path(__file__).parents[2] / "fonts" / "dancing-script"


def set_line(text: str, font: Path, size: int = 72) -> Image.Image:
    """A line of text in a font on white, as a scan has it."""
    face = ImageFont.truetype(str(font), size)
    left, top, right, bottom = (int(v) for v in face.getbbox(text))
    page = Image.new("RGB", (right - left + 80, bottom - top + 80), (250, 250, 248))
    ImageDraw.Draw(page).text((40 - left, 40 - top), text, fill=(30, 32, 50), font=face)
    return page


def joined(text: str) -> Image.Image:
    return set_line(text, next(SCRIPT.glob("*.ttf")))


def wrong(text: str, reading: Reading) -> float:
    errors, count = character_errors(fold_text(text), fold_text(reading.text))
    return errors / count


@pytest.mark.parametrize(
    "text", ["trouble finding time", "Friday morning", "minimum effort", "wir gehen morgen in die Stadt"]
)
def test_a_script_whose_letters_join_is_read(recognizer: Recognizer, text: str) -> None:
    assert wrong(text, recognizer.read(joined(text))) <= 0.15


def test_real_words_are_read_by_persons_never_learnt_from(recognizer: Recognizer, shared: Path) -> None:
    words = WordSet.load(shared / "unipen" / "words_train.npz")
    rows = [row for row in words.rows("test") if words.style[row] == "printed"]
    found = total = 0
    for row in np.random.default_rng(0).choice(rows, 40, replace=False):
        picture = np.repeat((255 - draw_word(words.strokes(int(row)), 40.0))[:, :, None], 3, axis=2)
        text = str(words.text[row])
        errors, count = character_errors(fold_text(text), fold_text(recognizer.read(picture).text))
        found, total = found + errors, total + count
    assert found / total < 0.2  # 0.31 where characters were read one by one


@pytest.mark.parametrize("charset", sorted(CHARSETS))
def test_nothing_but_the_charset_and_signs_is_read(recognizer: Recognizer, charset: str) -> None:
    reading = recognizer.read(joined("Buy 2 loaves, 14 eggs"), charset=charset)
    labels = set(CHARSETS[charset].labels)
    assert all(c.label in labels or not (c.label.isascii() and c.label.isalnum()) for c in reading.characters)
    assert all(0 <= c.score <= 1 and sum(a.score for a in c.alternatives) <= 1 + 1e-6 for c in reading.characters)
    if charset == "digits":
        assert not re.search(r"[^\W\d_]", reading.text)


def test_a_language_is_found_named_and_may_be_given(recognizer: Recognizer) -> None:
    picture = joined("wir gehen morgen in die Stadt")
    found = recognizer.read(picture)
    assert found.language == "de" and found.as_record()["language"] == "de"
    assert recognizer.read(picture, language="fr").language == "fr"
    plain = recognizer.read(picture, language="none")
    assert plain.language == "" and "language" not in plain.as_record()
    with pytest.raises(LanguageError, match=r"no language 'klingon': choose auto, en, de"):
        recognizer.read(picture, language="klingon")


def test_words_help_where_letters_are_unclear_and_bend_no_code() -> None:
    english = vocabulary("en")
    assert "trouble" in english.near("kouble") and "the" in english
    assert english.prior("the") > english.prior("thq") and english.prior("xqzw") == english.prior("qqqq")
    assert choose_vocabulary("auto", ["wir", "gehen", "nach", "hause"]) is vocabulary("de")
    assert choose_vocabulary("auto", ["1234", "77"]) is None and choose_vocabulary("none", ["the"]) is None
    assert all(len(vocabulary(name).words) > 10_000 for name in LANGUAGES[:2])


def test_random_strings_are_read_no_worse_with_a_language(recognizer: Recognizer) -> None:
    rng = np.random.default_rng(4)
    letters = list("ABDEFGHKLMNPRTabdefghkmnrt2345679")
    texts = ["".join(rng.choice(letters, 7)) for _ in range(12)]
    pictures = [set_line(text, HANDS["patrick-hand"]) for text in texts]
    errors = {
        language: sum(wrong(t, recognizer.read(p, language=language)) for t, p in zip(texts, pictures))
        for language in ("en", "none")
    }
    assert errors["en"] <= errors["none"] + 0.15


def test_every_character_of_a_joined_word_has_a_box_of_its_own(recognizer: Recognizer) -> None:
    face = ImageFont.truetype(str(next(SCRIPT.glob("*.ttf"))), 72)
    picture = joined("Friday")
    reading = recognizer.read(picture)
    assert len(reading.characters) == 6
    offset = 40 - face.getbbox("Friday")[0]
    edges = [offset + face.getlength("Friday"[:i]) for i in range(7)]
    boxes = [c.box for c in reading.characters]
    heights = {(top, bottom) for _, top, _, bottom in boxes}
    true = [(int(a), top, int(b), bottom) for a, b, (_, top, _, bottom) in zip(edges, edges[1:], boxes)]
    assert box_matches(true, boxes) >= 5 and len(heights) > 1
    assert all(a[0] < b[0] for a, b in pairwise(boxes))


def test_a_very_long_line_is_read_in_parts(recognizer: Recognizer) -> None:
    text = "the quick brown fox jumps over the lazy dog and runs home again " * 3
    assert wrong(text, recognizer.read(set_line(text.strip(), HANDS["patrick-hand"], 48))) < 0.1


def doodle(seed: int) -> Image.Image:
    """An arrow, a box of a flow chart, a sun, a face, a spiral or a zigzag, by an unsteady hand."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (420, 340), (250, 250, 248))
    pen, width = ImageDraw.Draw(page), int(rng.integers(3, 8))
    x, y, r = (float(v) for v in (rng.uniform(150, 260), rng.uniform(130, 200), rng.uniform(50, 100)))
    ink = (30, 30, 40)
    match seed % 6:
        case 0:
            pen.line(
                [(x - r, y), (x + r, y - 20), (x + r - 30, y - 45), (x + r, y - 20), (x + r - 25, y + 15)], ink, width
            )
        case 1:
            pen.rectangle([x - r, y - r / 2, x + r, y + r / 2], outline=ink, width=width)
            pen.line([(x, y + r / 2), (x, y + r + 20)], ink, width)
        case 2:
            pen.ellipse([x - r / 2, y - r / 2, x + r / 2, y + r / 2], outline=ink, width=width)
            for k in range(8):
                a = k * math.pi / 4 + 0.2
                ends = [(x + f * r * math.cos(a), y + f * r * math.sin(a)) for f in (0.65, 1.1)]
                pen.line(ends, ink, width)
        case 3:
            pen.ellipse([x - r, y - r, x + r, y + r], outline=ink, width=width)
            for side in (-1, 1):
                pen.ellipse([x + side * r / 3 - 6, y - r / 3 - 6, x + side * r / 3 + 6, y - r / 3 + 6], fill=ink)
            pen.arc([x - r / 2, y - r / 3, x + r / 2, y + r / 2], 20, 160, ink, width)
        case 4:
            t = np.linspace(0, 7 * math.pi, 200)
            pen.line([(x + r * a / 22 * math.cos(a), y + r * a / 22 * math.sin(a)) for a in t.tolist()], ink, width)
        case _:
            steps = [(x - r + k * r / 4, y + (k % 2 * 2 - 1) * r / 3 * rng.uniform(0.5, 1.2)) for k in range(10)]
            pen.line(steps, ink, width)
    return page


def test_faces_and_spirals_are_no_text_and_no_doodle_is_a_word(recognizer: Recognizer) -> None:
    read = {seed: recognizer.read(doodle(seed)) for seed in range(24)}
    assert sum(bool(read[seed].text) for seed in read if seed % 6 in (3, 4)) <= 1
    assert not [found.text for found in read.values() if found.turned]  # a mark alone is never turned
    assert not [found.text for found in read.values() if max(map(len, found.text.split()), default=0) > 3]


def test_programs_learn_what_the_note_says_from_fields(recognizer: Recognizer) -> None:
    upright = recognizer.read(joined("trouble finding time"))
    assert upright.turned == 0 and not upright.doubtful
