"""Forms are read by their boxes: cells, empty ones, tables, checkboxes; and pages stay pages."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from emnist_hf import Recognizer
from emnist_hf.data.compose import TEXTS, compose
from emnist_hf.data.form_compose import Form, TrueField, compose_form
from emnist_hf.forms.blocks import find_blocks
from emnist_hf.forms.characters import Classified, alphabet_of, label_of
from emnist_hf.forms.look import look_at
from emnist_hf.forms.printed import is_printed
from emnist_hf.forms.walls import Part
from emnist_hf.reading.results import Reading
from emnist_hf.splits import CHARACTERS, CHARSETS
from tests.support.hands import font_hand


def form_of(layout: str, condition: str, seed: int) -> Form:
    return compose_form(layout, font_hand("patrick-hand"), condition, seed)


def answers(reading: Reading, true: TrueField) -> list[str]:
    """What was read in the cells of the field or table that covers most of a true one."""

    def shared(box: tuple[int, int, int, int]) -> int:
        across = min(box[2], true.box[2]) - max(box[0], true.box[0])
        down = min(box[3], true.box[3]) - max(box[1], true.box[1])
        return max(0, across) * max(0, down)

    best = max([*reading.fields, *reading.tables], key=lambda found: shared(found.box))
    if shared(best.box) < 0.5 * (true.box[2] - true.box[0]) * (true.box[3] - true.box[1]):
        return []
    if hasattr(best, "rows"):
        return [text for row in best.rows for text in row]
    return [cell.text for cell in best.cells] or [best.text]


@pytest.mark.parametrize(
    ("condition", "least"), [("scan", 0.9), ("skewed", 0.85), ("photo", 0.8), ("coloured", 0.9), ("gaps", 0.85)]
)
def test_the_cells_of_a_puzzle_are_read_and_the_empty_ones_stay_empty(
    recognizer: Recognizer, condition: str, least: float
) -> None:
    form = form_of("puzzle", condition, 3)
    truth = [text for row in form.fields[0].rows for text in row]
    found = answers(recognizer.read(form.picture), form.fields[0])
    assert len(found) == 81
    assert all(not text for text, true in zip(found, truth) if not true)
    right = [text == true for text, true in zip(found, truth) if true]
    assert np.mean(right) >= least


def test_a_comb_is_a_word_and_print_beside_it_is_no_answer(recognizer: Recognizer) -> None:
    form = form_of("registration", "scan", 5)
    reading = recognizer.read(form.picture)
    combs = [field for field in form.fields if field.kind == "comb"]
    found = [answers(reading, comb) for comb in combs]
    truth = [list(comb.rows[0]) for comb in combs]
    assert [len(cells) for cells in found] == [len(cells) for cells in truth]
    right = [a == b for cells, true in zip(found, truth) for a, b in zip(cells, true)]
    assert np.mean(right) > 0.9
    assert "PLEASE" not in reading.text.upper()


def test_a_page_that_has_no_boxes_has_no_fields(recognizer: Recognizer) -> None:
    for condition in ("plain", "ruled", "squared"):
        reading = recognizer.read(compose(TEXTS[0], font_hand("patrick-hand"), condition, seed=2).picture)
        assert not reading.fields and not reading.tables
        assert list(reading.as_record()) in (
            ["text", "characters", "language"],
            ["text", "characters", "language", "note"],
        )


def test_a_blank_form_is_a_form_whose_fields_are_empty(recognizer: Recognizer) -> None:
    """Of some printed letters it cannot be told that they are: these are no page of writing beside empty boxes."""
    reading = recognizer.read("docs/forms/blank.png")
    assert [field.kind for field in reading.fields] == ["comb", "comb", "box", "box", "box", "checkbox", "checkbox"]
    assert not any(field.text or field.checked for field in reading.fields)


def test_fields_and_tables_are_json(recognizer: Recognizer) -> None:
    record = recognizer.read(form_of("grid", "scan", 1).picture).as_record()
    assert json.loads(json.dumps(record))["tables"][0]["rows"]


def test_a_stroke_that_touches_a_wall_is_none() -> None:
    sheet = np.full((160, 700, 3), 250, np.uint8)
    cv2.rectangle(sheet, (40, 40), (640, 110), (0, 0, 0), 3)
    for x in range(140, 640, 100):
        cv2.line(sheet, (x, 40), (x, 110), (0, 0, 0), 3)
    cv2.line(sheet, (90, 52), (84, 100), (60, 20, 20), 4)  # a 1 that nearly meets both rules
    cv2.line(sheet, (265, 55), (330, 60), (60, 20, 20), 4)  # a bar of a T across a wall and a half
    blocks, _ = find_blocks(sheet)
    assert [block.shape for block in blocks] == [(1, 6)] and blocks[0].regular


def test_print_stands_on_one_line_and_handwriting_does_not() -> None:
    rng = np.random.default_rng(0)
    print_ = [Part((20 * i, 40 - height, 20 * i + 14, 40), 90, i) for i, height in enumerate([20, 28] * 12)]
    hand = [
        Part((20 * i, int(40 - height + rng.normal(0, 3)), 20 * i + 14, int(40 + rng.normal(0, 3))), 90, i)
        for i, height in enumerate(rng.normal(24, 4, 24))
    ]
    assert is_printed(print_) and not is_printed(hand)


def test_a_checkbox_is_checked_or_not_whatever_side_the_mark_hides(recognizer: Recognizer) -> None:
    right, count = 0, 0
    for seed in (1, 2, 3):
        form = form_of("registration", "scan", seed)
        checks = [field for field in recognizer.read(form.picture).fields if field.kind == "checkbox"]
        assert all(field.text == "" for field in checks)
        for true in (field for field in form.fields if field.kind == "checkbox"):
            near = [field for field in checks if abs(field.box[0] - true.box[0]) < 6]
            right += bool(near) and near[0].checked is (true.rows[0][0] == "x")
            count += 1
    assert right >= count - 1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_form_that_lies_turned_is_read_and_boxed_where_it_lies(recognizer: Recognizer, turns: int) -> None:
    form = form_of("registration", "scan", 5)
    upright = recognizer.read(form.picture)
    turned = recognizer.read(np.ascontiguousarray(np.rot90(form.picture, -turns)))
    assert turned.turned == 90 * turns and "as if it stood upright" in turned.note
    assert [field.text for field in turned.fields] == [field.text for field in upright.fields]
    height, width = form.picture.shape[:2]
    assert turned.size == ((width, height) if turns == 2 else (height, width))
    for field, again in zip(upright.fields, turned.upright().fields):
        assert np.abs(np.subtract(field.box, again.box)).max() < 6


def test_a_charset_is_kept_to_in_cells(recognizer: Recognizer) -> None:
    form = form_of("registration", "scan", 5)
    for charset, allowed in (("digits", "0123456789"), ("uppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
        reading = recognizer.read(form.picture, charset=charset)
        combs = [field for field in reading.fields if field.kind == "comb"]
        assert combs and {c for field in combs for c in field.text} <= set(allowed)
        assert {choice.label for field in combs for cell in field.cells for choice in cell.alternatives} <= set(allowed)


def test_a_stem_from_rule_nearly_to_rule_does_not_part_a_box() -> None:
    sheet = np.full((200, 1300, 3), 250, np.uint8)
    cv2.rectangle(sheet, (60, 60), (1240, 112), (0, 0, 0), 3)
    for x in range(120, 1200, 90):
        cv2.line(sheet, (x, 70), (x - 5, 110), (20, 20, 20), 4)  # ends eight pixels below the rule above
    blocks, _ = find_blocks(sheet)
    assert [len(block.cells) for block in blocks] == [1]
    left, right = blocks[0].quad[:, 0].min(), blocks[0].quad[:, 0].max()
    assert left < 70 and right > 1230


@pytest.mark.parametrize(("away", "foot", "width"), [(6, 236, 6), (7, 234, 7), (8, 230, 7)])
def test_a_letter_that_touches_the_side_of_a_box_does_not_open_it(away: int, foot: int, width: int) -> None:
    sheet = np.full((400, 900, 3), 255, np.uint8)
    for left in (100, 400):
        cv2.rectangle(sheet, (left, 200), (left + 119, 245), (0, 0, 0), 4)
    cv2.line(sheet, (519 - away, 206), (516 - away, foot), (0, 0, 0), width)
    assert [len(block.cells) for block in find_blocks(sheet)[0]] == [1, 1]


def test_rings_in_words_on_rough_paper_are_no_boxes(recognizer: Recognizer) -> None:
    """Where grain hides how round they are: a page whose only boxes are its O, and no form of some empty ones."""
    lines = ["PACK A TENT AND 3 ROPES", "FILL THE GAS BOTTLE", "BRING WARM SOCKS", "CALL JIM BY NOON"]
    picture = compose(lines, font_hand("patrick-hand"), "noisy", size=48, seed=1_301_624_896).picture
    enlarged = cv2.resize(picture, None, fx=1200 / 868, fy=1200 / 868, interpolation=cv2.INTER_CUBIC)
    assert len(find_blocks(enlarged)[0]) == 3, "the case: three O seem boxes"
    reading = recognizer.read(picture)
    assert not reading.fields and reading.text == "\n".join(lines)


def test_marks_that_break_the_sides_of_small_boxes_do_not_hide_them() -> None:
    """Crosses of a broad pen over the sides of boxes askew: all four are found, where they are."""
    sheet = np.full((500, 1300, 3), 255, np.uint8)
    corners = [(80 + 300 * i, 300 - 30 * i) for i in range(4)]
    cv2.line(sheet, (80, 120), (1180, 10), (40, 40, 40), 3)
    cv2.line(sheet, (80, 180), (1180, 70), (40, 40, 40), 3)
    for x, y in ((80, 120), (1180, 10)):
        cv2.line(sheet, (x, y), (x + 6, y + 60), (40, 40, 40), 3)
    for place, (x, y) in enumerate(corners):
        square = np.array([(x, y), (x + 38, y - 4), (x + 42, y + 34), (x + 4, y + 38)])
        cv2.polylines(sheet, [square], True, (40, 40, 40), 3)
        if place < 3:  # over the lower side, and in the last one over the left one too
            cv2.line(sheet, (x + 6 - 5 * place, y + 10), (x + 30, y + 44), (140, 50, 30), 9)
            cv2.line(sheet, (x + 30, y + 8), (x + 10, y + 40), (140, 50, 30), 9)
    look = look_at(sheet)
    assert look is not None
    found = sorted(look.outline_of(block) for block in look.blocks if look.may_be_checkbox(block))
    assert len(found) == 4
    for box, (x, y) in zip(found, corners):
        assert np.abs(np.array(box) - (x, y - 4, x + 42, y + 38)).max() <= 5


@pytest.mark.parametrize("condition", ["scan", "skewed", "small"])
def test_a_printed_passage_in_a_box_is_no_answer(recognizer: Recognizer, condition: str) -> None:
    form = form_of("fields", condition, 9)
    below = max(field.box[3] for field in form.fields)
    found = recognizer.read(form.picture).fields
    assert [field.text for field in found if field.box[1] > below] == []
    assert len(found) == len(form.fields)


def test_a_bare_stroke_among_capitals_is_an_i() -> None:
    def like(**shares: float) -> Classified:
        row = np.zeros(62, np.float32)
        for label, share in shares.items():
            row[CHARACTERS.index(label.strip("_"))] = share
        return Classified(row, 0.0)

    found = [like(X=0.3, x=0.7), like(H=0.4, h=0.6), like(l=0.6, I=0.2, _1=0.2), like(_0=0.8, O=0.2)]
    alphabet = alphabet_of(found, CHARSETS["byclass"])
    assert "".join(label_of(one, alphabet)[0] for one in found) == "XHIO"
