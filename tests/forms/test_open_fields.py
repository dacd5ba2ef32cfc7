"""What forms have to write on without boxes: lines, and cells that only ticks part; and frames around whole forms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emnist_hf import Recognizer
from emnist_hf.data.form_compose import Form, TrueField, compose_form
from emnist_hf.data.form_photo import take
from emnist_hf.data.form_sheet import Rule, Sheet
from emnist_hf.forms import Template
from emnist_hf.forms.blocks import find_blocks
from emnist_hf.reading.results import Field
from tests.support.hands import font_hand


def sheet() -> Sheet:
    return Sheet((1240, 700), font_hand("patrick-hand"), Rule(3, (40, 40, 40)), *map(np.random.default_rng, (2, 3)))


def open_form(condition: str, seed: int) -> Form:
    return compose_form("open", font_hand("patrick-hand"), condition, seed)


def at(fields: tuple[Field, ...], true: TrueField) -> Field | None:
    """The field that ends on the same line, from its beginning to its end."""
    left, top, right, bottom = true.box
    near = 0.25 * (bottom - top)
    ends = [f for f in fields if abs(f.box[3] - bottom) < near and abs(f.box[0] - left) + abs(f.box[2] - right) < 40]
    return ends[0] if ends else None


@pytest.mark.parametrize(
    ("condition", "least"), [("scan", 0.9), ("photo", 0.8), ("small", 0.8), ("dotted", 0.8), ("gaps", 0.8)]
)
def test_lines_and_ticks_are_fields_and_their_labels_are_not(
    recognizer: Recognizer, condition: str, least: float
) -> None:
    found, right, count = 0, 0, 0
    for seed in (1, 2):
        form = open_form(condition, seed)
        fields = recognizer.read(form.picture).fields
        assert len(fields) <= len(form.fields), "print was taken for a field"
        for true in form.fields:
            field = at(fields, true)
            count += 1
            found += field is not None and (field.kind, len(field.cells or [0])) == (true.kind, len(true.rows[0]))
            right += field is not None and field.text == "".join(true.rows[0])
    assert found >= least * count
    assert right >= (least - 0.2) * count


def test_ticks_seen_from_the_side_part_cells_that_grow_narrower() -> None:
    made = sheet()
    made.cells("comb", (120, 300), [["1", "2", "3", "", "", "", "", ""]], (60, 60), "digits", "ticks")
    corners = np.array([[0, 0], [1240, 0], [1240, 700], [0, 700]], np.float32)
    seen = np.array([[0, 0], [1000, 90], [1000, 610], [0, 700]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    picture, _ = take(np.asarray(made.print), made.pen, "scan", np.random.default_rng(1))
    picture = cv2.warpPerspective(picture, matrix, (1240, 700), borderValue=(240, 240, 240))
    (block,) = find_blocks(np.asarray(picture))[0]
    assert block.shape == (1, 8) and block.regular


def test_ticks_on_the_lower_side_of_a_box_part_it() -> None:
    made = sheet()
    made.cells("comb", (120, 300), [["4", "", "7", "", "", ""]], (50, 60), "digits", "ticked")
    (block,) = find_blocks(np.asarray(take(np.asarray(made.print), made.pen, "scan", made.rng)[0]))[0]
    assert block.shape == (1, 6) and block.regular


def test_feet_that_stand_on_the_lower_side_of_a_box_are_no_ticks() -> None:
    """The stems of 4 and 9 in a low box, as far from each other as cells would be: half as high as the box."""
    made = sheet()
    for top, feet in ((100, (108, 160, 214, 266)), (300, (104, 157, 204, 252, 303))):
        made.cells("box", (60, top), [[""]], (50 * (len(feet) + 1), 60), "")
        for place, x in enumerate(feet):
            high = (32, 28, 34, 30, 33)[place]
            cv2.line(made.pen, (x, top + 60 - high), (x - 2, top + 62), 1.0, 5)
    blocks, _ = find_blocks(np.asarray(take(np.asarray(made.print), made.pen, "scan", made.rng)[0]))
    assert [block.shape for block in blocks] == [(1, 1), (1, 1)]


def test_what_is_underlined_in_a_page_is_no_line_to_write_on(recognizer: Recognizer) -> None:
    """Two words of a note, each with a word before it: the note is read as before, all of it."""
    made, texts = sheet(), ("BUY TWO", "ROPES AND", "MEET AT", "THE PIER")
    for top, (first, second) in zip((80, 200, 320, 440), map(str.split, texts)):
        made.write(first, (80, top, 330, top + 70), 0.8)
        made.write(second, (340, top, 590, top + 70), 0.8)
    for top in (168, 408):
        cv2.line(made.pen, (380, top), (560, top + 2), 1.0, 5)
    marked, _ = take(np.asarray(made.print), made.pen, "scan", np.random.default_rng(1))
    reading = recognizer.read(marked)
    assert not reading.fields
    assert [line for line in reading.text.split("\n") if line in texts] == list(texts)


@pytest.mark.parametrize("layout", ["fields", "registration", "open"])
def test_a_frame_around_a_form_is_no_cell_of_it(layout: str) -> None:
    picture = compose_form(layout, font_hand("patrick-hand"), "scan", 5).picture.copy()
    (before, _), (height, width) = find_blocks(picture), picture.shape[:2]
    cv2.rectangle(picture, (20, 20), (width - 20, height - 20), (30, 30, 30), 3)
    after, _ = find_blocks(picture)
    assert [(block.shape, block.line) for block in after] == [(block.shape, block.line) for block in before]


def test_a_template_of_a_blank_has_its_lines_and_ticks() -> None:
    form = open_form("scan", 1)
    fields = Template.from_blank(form.blank).fields
    cells = [len(true.rows[0]) if true.kind == "comb" else 0 for true in form.on_blank]
    assert sorted(len(field.cells) for field in fields) == sorted(cells)
    assert {field.type for field in fields} == {"text"}
