"""Sheets that fonts are made of: ours, filled in and photographed; and such as other tools print."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import torch
import uharfbuzz
from PIL import Image, ImageDraw, ImageFont

from benchmarks.font_sheets import measure
from emnist_hf import Recognizer
from emnist_hf.data.form_photo import take
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.styling import Hand, StylingError, hand_font
from emnist_hf.styling.font_sheet import Sheet
from emnist_hf.styling.hand_font import DOUBTFUL, MADE, OWN, MadeFont, Sample, make_font
from emnist_hf.styling.neighbours import WrittenPair
from emnist_hf.styling.sheet_layout import PAPERS, SHEET_SIGNS, sheet_pages
from emnist_hf.styling.sheet_marks import SheetMark
from emnist_hf.styling.sheet_order import find_order, spread_rows, without_title
from emnist_hf.styling.sheet_pdf import write_sheet
from emnist_hf.styling.sheet_reading import read_sheet
from tests.support.command import invoke
from tests.support.hands import HANDS
from tests.support.handwriting import write
from tests.support.sheets import celled, filled, guided, is_in_cell, is_written

CHARACTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits
CODES = string.digits + string.ascii_uppercase + string.ascii_lowercase
"""The characters as networks number them."""
ROWS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    torch.set_num_threads(1)
    return Recognizer.from_pretrained()


@pytest.fixture
def without_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fonts without letters that take turns: half of the time of a font is for these."""
    monkeypatch.setattr(hand_font, "MOST_ALTERNATES", 0)


def photographed(condition: str, seed: int = 1, **what: object) -> Image.Image:
    printed, ink = filled(**what)  # type: ignore[arg-type]
    return Image.fromarray(take(printed, ink, condition, np.random.default_rng(seed))[0])


# Ours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPERS)
def test_the_sheet_is_printed_on_both_papers_with_every_cell_on_it(paper: str) -> None:
    document = pypdfium2.PdfDocument(write_sheet(paper))
    assert len(document) == 2
    for page, drawn in zip(sheet_pages(paper), document):
        assert drawn.get_size() == pytest.approx([side * 72 / 25.4 for side in page.size], abs=0.1)
        assert all(0 < side < most for cell in page.cells for side, most in zip(cell.rect, page.size * 2))
        text = drawn.get_textpage().get_text_range()
        assert all(cell.label in text for cell in page.cells)
    assert [c.label for c in sheet_pages(paper)[0].cells] == [c for c in CHARACTERS for _ in range(3)]


@pytest.mark.parametrize(
    ("paper", "condition", "turn"),
    [("a4", "photo", 0), ("letter", "skewed", 2), ("a4", "small", 1), ("a4", "pencil", 0)],
)
def test_every_label_is_sure_however_it_is_photographed(
    paper: str, condition: str, turn: int, recognizer: Recognizer
) -> None:
    picture = photographed(condition, paper=paper)
    sheet = read_sheet(Image.fromarray(np.rot90(np.asarray(picture), turn)), recognizer)
    assert sheet.is_flat
    assert [character.label for character in sheet.characters] == [c for c in CHARACTERS for _ in range(3)]
    # Where a letter is in the picture: a strong stroke of it lies in the box.
    pixels = np.rot90(np.asarray(picture.convert("L")), turn)
    for character in sheet.characters[::20]:
        left, top, right, bottom = (round(side) for side in sheet.place(character.box))
        around = pixels[top - 8 : bottom + 8, left - 8 : right + 8]
        assert pixels[top:bottom, left:right].min() < around.max() - 40


def test_signs_and_pairs_of_the_second_page_are_the_writers(recognizer: Recognizer, without_turns: None) -> None:
    sheets = [read_sheet(photographed("scan", page=page), recognizer) for page in (0, 1)]
    assert {c.label for c in sheets[1].characters} == set(SHEET_SIGNS)
    pairs = sheets[1].neighbours()
    assert {pair.label for pair in pairs} >= {"th", "in", "tt"}
    made = make_font([s for sheet in sheets for s in sheet.samples()], sheets[0].hand(), pairs=pairs)
    origins = {origin.character: origin.origin for origin in made.origins}
    assert origins["?"] == OWN and origins["&"] == OWN and origins["Ä"] == MADE
    assert made.notices == []


def test_what_is_swapped_and_what_is_empty_is_told(recognizer: Recognizer, without_turns: None) -> None:
    holds = {("K", 0): "w", ("w", 1): "K"}
    sheet = read_sheet(photographed("photo", holds=holds, empty=[("e", 2)]), recognizer)
    assert "Cell 1 of K and cell 2 of w look swapped." in sheet.notices
    assert "Cell 3 of e is empty." in sheet.notices
    assert len(sheet.notices) <= 5
    assert len(sheet.characters) == 3 * 62 - 1
    made = make_font(sheet.samples(), sheet.hand())
    assert len(made.written) == 62 and "K" not in made.doubtful and "w" not in made.doubtful


def test_a_comb_that_holds_another_letter_is_in_doubt_until_its_writer_says(
    recognizer: Recognizer, without_turns: None
) -> None:
    holds = {("R", sample): "4" for sample in range(3)}
    sheet = read_sheet(photographed("scan", holds=holds), recognizer)
    made = make_font(sheet.samples(), sheet.hand())
    assert "R" in made.doubtful
    assert next(o for o in made.origins if o.character == "R").origin == DOUBTFUL
    place = next(i for i, c in enumerate(sheet.characters) if c.label == "R")
    corrected = sheet.corrected(place, "R")
    assert "R" not in make_font(corrected.samples(), corrected.hand()).doubtful


def test_a_sheet_written_once_asks_for_no_second_time(recognizer: Recognizer) -> None:
    empty = [(character, sample) for character in CHARACTERS for sample in (1, 2)] + [("q", 0)]
    sheet = read_sheet(photographed("scan", empty=empty), recognizer)
    assert "Nothing is written in the cells of q." in sheet.notices
    assert not any("is empty" in notice for notice in sheet.notices)


def test_an_empty_sheet_is_a_sentence(recognizer: Recognizer) -> None:
    printed, ink = filled(empty=[(c, i) for c in CHARACTERS for i in range(3)])
    sheet = read_sheet(Image.fromarray(take(printed, ink, "scan", np.random.default_rng(0))[0]), recognizer)
    with pytest.raises(StylingError, match="no character"):
        make_font(sheet.samples(), sheet.hand())


# Any other --------------------------------------------------------------------------------------------------


def labels(sheet: Sheet) -> str:
    return "".join(sheet.labels.split())


@pytest.mark.parametrize("hand", ["patrick-hand", "indie-flower"])
def test_no_letter_is_taken_from_printed_guides_or_a_title(hand: str, recognizer: Recognizer) -> None:
    sheet = read_sheet(guided(ROWS, hand, "Handwriting Worksheet"), recognizer)
    assert labels(sheet) == "".join(ROWS)
    assert all(is_written(character.box, len(ROWS)) for character in sheet.characters)


@pytest.mark.parametrize(
    ("frames", "guides", "title", "condition"),
    [
        (False, True, "Handwriting Worksheet", "photo"),
        (False, False, "", "skewed"),
        (True, True, "Handwriting Worksheet", "scan"),
        (True, False, "", "photo"),
    ],
)
@pytest.mark.parametrize("hand", ["patrick-hand", "indie-flower"])
def test_a_printed_grid_is_no_letter_and_hides_none(
    hand: str, frames: bool, guides: bool, title: str, condition: str, recognizer: Recognizer
) -> None:
    """Tails of letters cross the walls, and guides are printed in the corners of cells."""
    printed, ink = celled(ROWS, hand, frames=frames, guides=guides, title=title)
    picture = take(printed, ink, condition, np.random.default_rng(1))[0]
    assert labels(read_sheet(Image.fromarray(picture), recognizer)) == "".join(ROWS)


def test_no_glyph_of_a_grid_is_a_guide_or_a_title(recognizer: Recognizer) -> None:
    printed, ink = celled(ROWS, title="Handwriting Worksheet")
    sheet = read_sheet(Image.fromarray(np.rint(printed * (1 - ink[..., None])).astype(np.uint8)), recognizer)
    assert labels(sheet) == "".join(ROWS)
    assert all(is_in_cell(character.box) for character in sheet.characters)


def test_figures_written_closer_than_letters_are_kept_and_a_title_of_letters_in_order_is_not() -> None:
    def row(text: str, number: int, pitch: int) -> list[SheetMark]:
        return [
            SheetMark((i * pitch, 100 * number, i * pitch + 20, 100 * number + 40), number, np.eye(62)[CODES.index(c)])
            for i, c in enumerate(text)
        ]

    marks = row("abdef", 0, 22) + row(CHARACTERS[26:52], 1, 80) + row("0123456789", 2, 40)
    order = find_order(marks)
    assert order is not None
    left = without_title(marks, order, spread_rows(marks, order))
    assert left == [None] * 5 + list(CHARACTERS[26:])


def test_the_order_says_what_the_shape_cannot(recognizer: Recognizer) -> None:
    """Nobody tells o from O and 0 by the shape; what is out of order is asked about."""
    picture = guided(["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdeXghijklmnopqrstuvwxyz"])
    # The written rows alone, without the guides.
    pixels = np.asarray(picture).copy()
    for row in (1, 2):
        pixels[150 * row - 60 : 150 * row + 12] = 255
    sheet = read_sheet(Image.fromarray(pixels), recognizer)
    assert labels(sheet) == string.ascii_uppercase + string.ascii_lowercase
    assert ["looks like" in notice for notice in sheet.notices].count(True) >= 1
    assert next(c for c in sheet.characters if c.label == "f").looks in "xX"


def test_a_text_stays_a_text(recognizer: Recognizer) -> None:
    sheet = read_sheet(write("the hut\nto an end", pen=6, x_height=44).image, recognizer)
    assert sheet.is_text


# The command line -------------------------------------------------------------------------------------------


def test_the_sheet_and_the_report_on_the_command_line(tmp_path: Path) -> None:
    said = json.loads(invoke("make-font", "--sheet", tmp_path / "sheet.pdf", "--paper", "letter", status=0).stdout)
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF") and len(said["cells"]) > 186
    guided(ROWS).save(tmp_path / "written.png")
    arguments = ("--output", tmp_path / "mine.woff2", "--report", tmp_path / "report.json")
    about = json.loads(invoke("make-font", tmp_path / "written.png", *arguments, status=0).stdout)
    assert len(about["written"]) == 62
    assert (tmp_path / "mine.woff2").read_bytes().startswith(b"wOF2")
    report = json.loads((tmp_path / "report.json").read_text())
    written = [glyph for glyph in report["glyphs"] if glyph["origin"] != MADE]
    assert {glyph["character"] for glyph in written} == set(CHARACTERS)
    assert all(is_written(glyph["box"], len(ROWS)) for glyph in written)
    assert Image.open(tmp_path / "report.png").width > 500


@pytest.mark.parametrize(
    "arguments",
    [
        ["--sheet", "sheet.png"],
        ["--sheet", "sheet.pdf", "--paper", "a5"],
        ["--sheet", "sheet.pdf", "--output", "a.ttf"],
        ["picture.png"],
        ["picture.png", "--output", "a.otf"],
        ["picture.png", "--output", "a.ttf", "--report", "a.txt"],
    ],
)
def test_what_cannot_be_is_a_sentence(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke("make-font", *arguments, status=1)
    assert "emnist_hf: " in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


# Alternates, ligatures, kerning -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def living() -> MadeFont:
    """A font of three samples of a few letters each, and pairs that its writer set."""
    samples = [
        Sample(character, coverage(character, hand), 1.0)
        for character in "abcdefghijklmnopqrstuvwxyz"
        for hand in ("patrick-hand", "indie-flower", "schoolbell")
    ]
    joined = [WrittenPair("th", coverage("th", "patrick-hand"), None, (0, 0, 1, 1))]
    apart = [WrittenPair(pair, coverage(pair, "patrick-hand"), gap, (0, 0, 1, 1)) for pair, gap in GAPS.items()]
    return make_font(samples, HAND, name="Living", pairs=[*joined, *apart])


GAPS = {"in": 0.3, "no": 0.3, "on": 0.3, "an": 0.3, "er": 0.3, "et": 0.1, "te": 0.5}
HAND = Hand(0.0, 4.0, 24.0, 0.1, 1.0, 0.1, None, (0, 0, 0), 0.0)


def coverage(text: str, hand: str) -> np.ndarray:
    """A text in a handwriting font: its ink, float32 [H, W], cropped."""
    font = ImageFont.truetype(HANDS[hand], 80)
    picture = Image.new("L", (400, 200))
    ImageDraw.Draw(picture).text((40, 40), text, fill=255, font=font)
    return np.asarray(picture.crop(picture.getbbox()), np.float32) / 255


def names(data: bytes, text: str, **features: bool) -> list[str]:
    """What HarfBuzz makes of a text: the names of its glyphs."""
    font = uharfbuzz.Font(uharfbuzz.Face(data))
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer, features)
    return [font.glyph_to_string(info.codepoint) for info in buffer.glyph_infos]


def test_a_letter_that_comes_again_is_another(living: MadeFont) -> None:
    shown = names(living.data, "letter")
    assert shown[2] != shown[3], "two t"
    assert shown[1] != shown[4], "two e"
    assert len(set(names(living.data, "eee"))) == 3, "all three take turns"
    assert names(living.data, "letter", calt=False)[2] == names(living.data, "letter", calt=False)[3]
    assert names(living.data, "letter") == shown, "always the same: no rand"


def test_letters_that_were_joined_are_one_glyph_and_neighbours_stand_as_they_were_set(living: MadeFont) -> None:
    assert living.ligatures == ["th"] and len(names(living.data, "th")) == 1
    assert len(names(living.data, "th", liga=False)) == 2
    typeface = living.font.typeface

    def apart(pair: str) -> float:
        one, other = typeface.shape(pair)
        first, second = typeface.outline(one.number).bounds(), typeface.outline(other.number).bounds()
        return (one.advance + second[0] - first[2]) / 0.46

    for pair in ("et", "te", "no"):
        assert apart(pair) == pytest.approx(GAPS[pair], abs=0.03), pair


def test_made_letters_are_as_heavy_as_the_written_ones(shared: Path, recognizer: Recognizer) -> None:
    strokes = StrokeSet.load(shared / "unipen" / "strokes.npz")
    said = measure(strokes, "apa:BillRivard", recognizer)
    assert said.startswith("apa:BillRivard: 62 of 62")
    found = re.findall(r"\b[nlo] (\d\.\d\d)", said)
    assert len(found) == 3 and all(0.9 <= float(weight) <= 1.1 for weight in found)
    wrong = re.search(r"([\d.]+) read wrongly", said)
    assert wrong is not None and float(wrong[1]) <= 0.05
