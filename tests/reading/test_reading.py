"""Pages read whole: composed ones under every condition, the photographs at hand, and what is no page."""

from __future__ import annotations

from pathlib import Path

import gradio
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rapidfuzz.distance import Levenshtein

from benchmarks.page_reading import box_matches, errors, folded
from emnist_hf import Recognizer
from emnist_hf.data.compose import TEXTS, Box, Hand, compose, on_table
from emnist_hf.data.conditions import PAGE_CONDITIONS
from emnist_hf.ink import PictureError, to_ink
from emnist_hf.ink.sheet import find_sheet
from emnist_hf.page.page_view import boxes_html, summary
from emnist_hf.reading.layout import find_layout, find_level_page
from emnist_hf.reading.pipeline import JOINED, NOTHING, OTHERS
from emnist_hf.reading.results import Reading
from emnist_hf.splits import CHARACTERS, LabelError
from tests.support.hands import HANDS, font_hand
from tests.support.handwriting import write


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.from_pretrained()


def wrong(true: str, reading: Reading) -> float:
    """The share of characters that are wrong, case and white space ignored."""
    return Levenshtein.distance(folded(true), folded(reading.text)) / len(folded(true))


# --- composed pages ---


@pytest.mark.parametrize("condition", PAGE_CONDITIONS)
def test_a_page_is_read_in_every_condition(recognizer: Recognizer, condition: str) -> None:
    page = compose(TEXTS[0], font_hand("patrick-hand"), condition, seed=5)
    reading = recognizer.read(page.picture)
    assert wrong(page.text, reading) <= 0.12, reading.text
    boxes = [box for _, box in page.characters]
    assert 2 * box_matches(boxes, [c.box for c in reading.characters]) >= 0.9 * (len(boxes) + len(reading.characters))


@pytest.mark.parametrize("skew", [-10, -4, 7, 10])
def test_lines_are_found_and_boxed_however_the_page_lies(recognizer: Recognizer, skew: float) -> None:
    page = compose(TEXTS[2], font_hand("indie-flower"), skew=skew, seed=2)
    reading = recognizer.read(page.picture)
    assert len(reading.text.splitlines()) == 4
    assert wrong(page.text, reading) <= 0.15, reading.text
    boxes = [box for _, box in page.characters]
    assert box_matches(boxes, [c.box for c in reading.characters]) >= 0.9 * len(boxes)


def test_words_are_counted_without_gaps_where_a_mark_is_left_out(recognizer: Recognizer) -> None:
    drawn = write("under   the moon\nand a hat on the tree", pen=6, x_height=44, gap=0.5)
    picture = drawn.image.copy()
    left, right = (max(c.box[2] for c in drawn.characters if c.word == 0), drawn.characters[5].box[0])
    x, y = (left + right) / 2, (drawn.characters[0].box[1] + drawn.characters[0].box[3]) / 2
    ImageDraw.Draw(picture).ellipse([x - 5, y - 5, x + 5, y + 5], fill=(20, 20, 24))  # no sign that is known
    characters = recognizer.read(picture).characters
    assert [sorted({c.word for c in characters if c.line == line}) for line in (0, 1)] == [[0, 1, 2], list(range(6))]


def test_overall_the_pages_are_read(recognizer: Recognizer) -> None:
    counts = []
    for i, hand in enumerate(HANDS):
        for text in TEXTS[::2]:
            page = compose(text, font_hand(hand), PAGE_CONDITIONS[i], seed=i)
            counts.append(errors(page.text, recognizer.read(page.picture).text))
    assert sum(w for w, _ in counts) <= 0.10 * sum(n for _, n in counts)


def test_case_is_told_by_size(recognizer: Recognizer) -> None:
    page = compose(["Cool Cow", "Vow WAX"], font_hand("patrick-hand"), seed=1)
    assert recognizer.read(page.picture).text == page.text


def test_digits_keep_to_digits_and_letters_to_letters(recognizer: Recognizer) -> None:
    page = compose(["ROOF 5005", "SOON 1020"], font_hand("patrick-hand"), seed=1)
    first, second = (line.split() for line in recognizer.read(page.picture).text.splitlines())
    assert (first[1], second[1]) == ("5005", "1020")
    assert first[0].isalpha() and second[0].isalpha()


def test_punctuation_is_told_by_shape(recognizer: Recognizer) -> None:
    page = compose(["Yes, I am.", "Big-end men", "no, never."], font_hand("patrick-hand"), size=80, seed=4)
    text = recognizer.read(page.picture).text
    assert [text.count(sign) for sign in ",.-"] == [2, 2, 1], text


@pytest.mark.parametrize(
    ("length", "thick"), [(0.1, 0.07), (0.2, 0.13), (0.4, 0.17), (0.7, 0.07), (1.4, 0.07), (0.3, 0.04)]
)
def test_a_hyphen_may_be_of_any_size(recognizer: Recognizer, length: float, thick: float) -> None:
    page = compose(["well-known half-baked", "TWO-WAY CO-OP"], hyphenating("patrick-hand", length, thick), seed=16)
    text = recognizer.read(page.picture).text
    assert wrong(page.text, recognizer.read(page.picture)) <= 0.1 and text.count("-") >= 3, text


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


def test_the_charset_bounds_the_answer(recognizer: Recognizer) -> None:
    page = compose(TEXTS[4], font_hand("patrick-hand"), seed=1)
    reading = recognizer.read(page.picture, charset="digits")
    assert reading.text and all(c.label.isdigit() or not c.label.isalnum() for c in reading.characters)
    with pytest.raises(LabelError):
        recognizer.read(page.picture, charset="greek")


@pytest.mark.parametrize("hand", ["patrick-hand", "schoolbell", "indie-flower"])
def test_a_page_read_as_what_it_is_not_is_told_of(recognizer: Recognizer, hand: str) -> None:
    """Words asked for as digits; not digits, or words whose shapes are digits' too, nor a page with some of both."""
    words = compose(["the quick brown", "fox jumps over", "a lazy dog"], font_hand(hand), seed=1).picture
    assert recognizer.read(words, "digits").note == OTHERS
    assert recognizer.read(words, "letters").note == recognizer.read(words).note == ""
    for lines in (["0123 456", "789 1017", "2025 5510"], ["Call 555 1234", "Room 42B at 10", "Pay 1200 EUR"]):
        assert recognizer.read(compose(lines, font_hand(hand), seed=1).picture, "digits").note != OTHERS


def test_a_reading_says_where_everything_is(recognizer: Recognizer) -> None:
    page = compose(TEXTS[1], font_hand("patrick-hand"), seed=3)
    reading = recognizer.read(page.picture)
    height, width = page.picture.shape[:2]
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


def test_a_large_picture_gives_boxes_in_its_own_pixels(recognizer: Recognizer) -> None:
    page = compose(TEXTS[1], font_hand("schoolbell"), size=200, seed=3)
    assert max(page.picture.shape) > 2500
    reading = recognizer.read(page.picture)
    boxes = [box for _, box in page.characters]
    assert box_matches(boxes, [c.box for c in reading.characters]) >= 0.9 * len(boxes)


@pytest.mark.parametrize("lean", [-45, -30, 30, 45])
def test_print_that_leans_is_read_and_boxed(recognizer: Recognizer, lean: float) -> None:
    page = compose(TEXTS[0], font_hand("patrick-hand"), seed=11, lean=lean)
    reading = recognizer.read(page.picture)
    assert wrong(page.text, reading) <= 0.1, reading.text
    boxes = [box for _, box in page.characters]
    assert 2 * box_matches(boxes, [c.box for c in reading.characters]) >= 0.9 * (len(boxes) + len(reading.characters))


@pytest.mark.parametrize("lean", [-40, 15, 40])
def test_the_dot_of_a_leaning_letter_is_part_of_it(recognizer: Recognizer, lean: float) -> None:
    page = compose(["jim is in fiji", "his skiing trip"], font_hand("patrick-hand"), seed=12, lean=lean)
    text = recognizer.read(page.picture).text
    assert all(c.isalnum() or c.isspace() for c in text), text
    assert wrong(page.text, recognizer.read(page.picture)) <= 0.15, text


@pytest.mark.parametrize("condition", ["plain", "noisy", "small"])
@pytest.mark.parametrize("hand", HANDS)
def test_stops_and_commas_are_no_letters(recognizer: Recognizer, hand: str, condition: str) -> None:
    """Whatever hangs below the letters beside it, however long the comma is, and however uneven the stop."""
    page = compose(
        ["Hello, my friend.", "We met in May.", "It is fun. Bye."], font_hand(hand), condition, size=56, seed=77
    )
    text = recognizer.read(page.picture).text
    signs = "".join(c for c in text if not c.isalnum() and not c.isspace())
    assert Levenshtein.distance(signs, ",....") <= 3, text  # some are left out
    assert text.splitlines()[0][4:6] not in ("ol", "lo", "oI") and set(signs) <= set(",."), text


def test_specks_are_no_full_stops(recognizer: Recognizer) -> None:
    lines = ["Please water the plants", "on Monday and Thursday", "the key is under a pot", "by the kitchen window"]
    for seed in range(3):
        page = compose(lines, font_hand("indie-flower"), "noisy", size=48, seed=seed)
        text = recognizer.read(page.picture).text
        assert sum(not c.isalnum() and not c.isspace() for c in text) <= 1, text


def test_specks_do_not_say_how_wide_the_pen_is() -> None:
    page = compose(TEXTS[3], font_hand("gochi-hand"), "noisy", size=56, seed=77)
    clean = compose(TEXTS[3], font_hand("gochi-hand"), size=56, seed=77)
    noisy, plain = (find_level_page(to_ink(p.picture).coverage).components.pen for p in (page, clean))
    assert abs(noisy - plain) <= 0.3 * plain


def test_a_dot_beside_its_stem_is_part_of_it() -> None:
    """Dots stand to the right of where they belong when a hand is in a hurry."""
    sheet = Image.new("L", (700, 220), 255)
    draw = ImageDraw.Draw(sheet)
    for i in range(8):
        x = 60 + 75 * i
        draw.line((x, 95, x, 150), fill=0, width=7)
        draw.ellipse((x + 8, 68, x + 17, 77), fill=0)
    layout = find_layout(find_level_page(to_ink(sheet).coverage))
    assert [len(line) for line in layout.lines] == [8]
    assert all(len(fragment.members) == 2 for fragment in layout.lines[0])


def test_a_stroke_that_tilts_is_not_cut(recognizer: Recognizer) -> None:
    page = compose(["WE SAY THAT", "SO"], font_hand("patrick-hand"), seed=4)
    picture = Image.fromarray(page.picture)
    right, bottom = max(b[2] for _, b in page.characters[-2:]), max(b[3] for _, b in page.characters[-2:])
    ImageDraw.Draw(picture).line((right + 40, bottom - 12, right + 135, bottom - 34), fill=(30, 30, 30), width=6)
    reading = recognizer.read(picture)
    assert len(reading.characters) - len(page.characters) <= 1, reading.text


@pytest.mark.parametrize(("turns", "said"), [(1, "turned to the left"), (2, "upside down"), (3, "turned to the right")])
def test_a_page_that_does_not_stand_upright_is_turned(recognizer: Recognizer, turns: int, said: str) -> None:
    page = compose(TEXTS[3], font_hand("patrick-hand"), seed=13)
    upright = recognizer.read(page.picture)
    height, width = page.picture.shape[:2]
    reading = recognizer.read(np.ascontiguousarray(np.rot90(page.picture, turns)))
    assert wrong(page.text, reading) <= 0.1, reading.text
    assert said in reading.note and upright.note == ""
    moved = [_back(c.box, turns, width, height) for c in reading.characters]
    assert box_matches([c.box for c in upright.characters], moved) >= 0.95 * len(upright.characters)
    assert (reading.turns, upright.turns) == (4 - turns, 0)
    stood = reading.upright()
    assert [c.box for c in stood.characters] == moved
    assert (stood.size, stood.turns, stood.text) == ((width, height), 0, reading.text)


@pytest.mark.parametrize(
    ("condition", "shade", "sides"),
    [("plain", 60, "lrtb"), ("shadow", 100, "lrtb"), ("jpeg", 140, "lb"), ("ruled", 170, "r")],
)
def test_a_table_beside_the_sheet_is_not_read(recognizer: Recognizer, condition: str, shade: int, sides: str) -> None:
    page = on_table(compose(TEXTS[0], font_hand("patrick-hand"), condition, seed=14), 14, shade, sides)
    reading = recognizer.read(page.picture)
    assert wrong(page.text, reading) <= 0.1, reading.text
    assert len(reading.text.splitlines()) == 4


def test_no_sheet_is_found_in_a_shadow(recognizer: Recognizer) -> None:
    """What lies in the shadow of a hand is written on the sheet as well."""
    pages = [compose(text, font_hand(hand), "shadow", seed=15) for text in TEXTS for hand in HANDS]
    assert not any(find_sheet(page.picture) is not None for page in pages)


def _back(box: Box, turns: int, width: int, height: int) -> Box:
    """A box of a picture that was given so many quarter turns, where it was before; width, height: before."""
    left, top, right, bottom = box
    for turn in range(turns):
        across = width if (turns - turn) % 2 else height  # of the picture before this turn
        left, top, right, bottom = across - bottom, left, across - top, right
    return left, top, right, bottom


def test_one_notion_of_doubt(recognizer: Recognizer) -> None:
    """The summary, the colours of the boxes and the note agree on which characters are in doubt."""
    for seed, size in ((1, 64), (2, 20)):
        page = compose(TEXTS[0], font_hand("patrick-hand"), "noisy", seed=seed, size=size)
        reading = recognizer.read(page.picture)
        doubtful = sum(c.has_low_score for c in reading.characters)
        html = boxes_html(page.picture, reading)
        assert html.count("page-box fair") + html.count("page-box poor") == doubtful
        assert f", {doubtful or 'none'} in doubt." in " ".join(summary(reading))
        assert reading.note or 2 * doubtful <= len(reading.characters)


def test_scratched_out_words_are_left_out(recognizer: Recognizer) -> None:
    page = compose(["KEEP THIS", "AND THAT"], font_hand("patrick-hand"), size=80, seed=3)
    picture = page.picture.copy()
    height, width = picture.shape[:2]
    picture[height - 90 : height - 30, 100 : width // 2] = 30
    assert wrong(page.text, recognizer.read(picture)) <= 0.1


# --- no page ---


def blank() -> NDArray[np.uint8]:
    return np.full((3000, 4000, 3), 240, np.uint8)


def specks() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    picture = np.full((1500, 2000, 3), 245, np.uint8)
    picture.reshape(-1, 3)[rng.integers(0, 1500 * 2000, 100_000)] = rng.choice([0, 255], 100_000)[:, None]
    return picture


def large_specks() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    picture = np.full((3000, 4000, 3), 245, np.uint8)
    for y, x in rng.integers(0, (2997, 3997), (100_000, 2)):
        picture[y : y + 3, x : x + 3] = 20
    return picture


@pytest.mark.parametrize("picture", [blank, specks, large_specks])
def test_nothing_is_read_where_nothing_is_written(recognizer: Recognizer, picture) -> None:
    reading = recognizer.read(picture())
    assert (reading.text, reading.characters, reading.note) == ("", (), NOTHING)


@pytest.mark.parametrize("name", ["lion.jpg", "cheetah.jpg"])
def test_nothing_is_read_on_a_cat(recognizer: Recognizer, name: str) -> None:
    photo = Path(gradio.__file__).parent / "media_assets" / "images" / name
    if not photo.is_file():
        pytest.skip("this gradio comes without its photographs")
    assert recognizer.read(photo).text == ""


def test_what_is_no_picture_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(PictureError):
        recognizer.read(b"nonsense")


# --- photographs ---

PHOTOS = {
    "02_letters.jpg": ("ABCDEFG HIJKLMN OPQRSTU VWXYZ 1234567890", 2 / 36),
    "01_list.jpg": (
        "TO DO LIST 1 MAKE A TO DO LIST 2 CHECK OFF THE FIRST THING ON TO DO LIST 3 REALIZE YOU HAVE ALREADY "
        "COMPLETED 2 THINGS 4 REWARD YOURSELF WITH A NAP",
        0.15,
    ),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_photographed_notes_are_read(recognizer: Recognizer, shared: Path, name: str) -> None:
    text, most = PHOTOS[name]
    assert wrong(text, recognizer.read(shared / "photos" / name)) <= most


@pytest.mark.parametrize(("name", "count"), [("3", 70), ("A", 103), ("E", 88)])
def test_rows_of_one_character_are_read(recognizer: Recognizer, shared: Path, name: str, count: int) -> None:
    reading = recognizer.read(shared / "photos" / f"page_of_{name}.jpg")
    assert abs(len(reading.characters) - count) <= 0.05 * count
    assert sum(c.label.upper() == name for c in reading.characters) >= 0.95 * count


def test_joined_handwriting_is_told_kindly(recognizer: Recognizer, shared: Path) -> None:
    assert recognizer.read(shared / "photos" / "page09.jpg").note == JOINED


def test_a_sheet_of_one_character_stays_open_to_another_that_is_sure() -> None:
    """What is read otherwise is rather the same character, misread; what leaves no doubt is not talked into it."""
    from emnist_hf.reading.language_model import page_frequencies

    def likelihoods(**shares: float) -> NDArray[np.float64]:
        row = np.full(len(CHARACTERS), 1e-6)
        for character, share in shares.items():
            row[CHARACTERS.index(character)] = share
        return row

    sheet = [likelihoods(E=1.0)] * 40 + [likelihoods(Z=0.9, E=0.02)] * 3 + [likelihoods(B=1.0)]
    rows = np.stack(sheet)
    frequencies = page_frequencies(rows, np.ones(len(CHARACTERS), bool))
    read = [CHARACTERS[i] for i in (rows * frequencies).argmax(axis=1)]
    assert read == ["E"] * 43 + ["B"]
    assert frequencies.sum() == pytest.approx(1)
    few = np.stack([*[likelihoods(E=1.0)] * 12, likelihoods(Z=0.9, E=0.02)])  # too few to be a sheet
    assert CHARACTERS[int((few * page_frequencies(few, np.ones(len(CHARACTERS), bool)))[-1].argmax())] == "Z"


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
        assert wrong(page.text, reading) <= 0.1
        assert reading.size == upright.size
