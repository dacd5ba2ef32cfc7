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
from emnist_hf.forms.printed import is_printed
from emnist_hf.forms.walls import Part
from emnist_hf.reading.results import Reading
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
