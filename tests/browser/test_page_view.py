"""A page in the Upload tab: its boxes, its text, and corrections that reach the calligraphy; a word on the pad."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from emnist_hf.data.compose import compose
from emnist_hf.page.example_strip import FOLDER
from tests.support.chromium import answer, calligraphy
from tests.support.hands import font_hand

WRITTEN = ["TEN RED HENS", "RUN HOME"]


@pytest.fixture
def read_page(page: Page, tmp_path: Path) -> Page:
    picture = compose(WRITTEN, font_hand("patrick-hand"), "ruled", seed=1).picture
    Image.fromarray(picture).save(tmp_path / "page.png")
    page.get_by_role("tab", name="Upload").click()
    page.locator('#picture input[type="file"]').set_input_files(tmp_path / "page.png")
    expect(boxes(page)).to_have_count(17)
    return page


def boxes(page: Page) -> Locator:
    return page.locator(".page-box:visible")


def text(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text", exact=True).locator("visible=true")


def set_in(page: Page) -> Locator:
    return calligraphy(page)


def test_a_page_is_boxed_set_corrected_edited_and_left_for_a_character(read_page: Page) -> None:
    expect(text(read_page)).to_have_value(re.compile("TEN RED HENS\nRUN HOME", re.IGNORECASE))
    expect(set_in(read_page)).to_have_attribute("alt", re.compile("TEN RED HENS", re.IGNORECASE))
    expect(boxes(read_page).first).to_have_attribute("aria-label", re.compile("^T, .* sure$"))
    expect(answer(read_page)).to_have_count(0)

    # A corrected character reaches the text and the calligraphy.
    boxes(read_page).first.click()
    expect(read_page.locator(".page-choice:visible").first).to_contain_text("T")
    other = read_page.get_by_label("Another character").locator("visible=true")
    other.fill("B")
    other.press("Enter")
    expect(text(read_page)).to_have_value(re.compile("^BEN RED", re.IGNORECASE))
    expect(set_in(read_page)).to_have_attribute("alt", re.compile("^BEN RED", re.IGNORECASE))
    expect(boxes(read_page).first).to_have_text("B")

    # An edited text is set and survives a correction.
    text(read_page).press("Control+End")
    text(read_page).press_sequentially("X")
    expect(set_in(read_page)).to_have_attribute("alt", re.compile("HOMEX", re.IGNORECASE))
    boxes(read_page).first.click()
    other.fill("M")
    other.press("Enter")
    expect(text(read_page)).to_have_value(re.compile("^MEN RED HENS\nRUN HOMEX$", re.IGNORECASE))

    # So is one that is put in at once, as when it is pasted: no key is pressed.
    text(read_page).fill("HELLO THERE")
    expect(set_in(read_page)).to_have_attribute("alt", re.compile("^HELLO THERE"))

    # A single character after a page looks like one.
    read_page.get_by_role("button", name="4 in chalk").click()
    expect(answer(read_page)).to_have_text("4")
    expect(boxes(read_page)).to_have_count(0)
    expect(text(read_page)).to_have_count(0)


@pytest.mark.parametrize("turns", [1, 2])
def test_a_page_that_lies_turned_is_shown_and_set_upright(page: Page, tmp_path: Path, turns: int) -> None:
    upright = compose([*WRITTEN, "NO MORE"], font_hand("patrick-hand"), seed=1).picture
    Image.fromarray(np.ascontiguousarray(np.rot90(upright, turns))).save(tmp_path / "page.png")
    page.get_by_role("tab", name="Upload").click()
    page.locator('#picture input[type="file"]').set_input_files(tmp_path / "page.png")
    expect(text(page)).to_have_value(re.compile("TEN RED HENS\nRUN HOME", re.IGNORECASE))
    expect(page.get_by_text("it was read as if it stood upright").locator("visible=true")).to_have_count(1)
    shown = page.get_by_alt_text("The picture that was read").locator("visible=true")
    height, width = upright.shape[:2]
    for picture in (shown, set_in(page)):  # both have the sides of the upright page
        sides = picture.evaluate(
            "async (image) => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }"
        )
        assert abs(sides[0] / sides[1] - width / height) < 0.05 * width / height
    places = [boxes(page).nth(i).bounding_box() for i in (0, 1, 10)]  # T, E, and R of the second line
    assert all(places)
    first, second, below = ((place["x"], place["y"]) for place in places if place)
    assert first[0] < second[0] and first[1] < below[1]
    assert abs(first[1] - second[1]) < below[1] - first[1]


def test_a_word_on_the_pad_is_read(page: Page) -> None:
    """Three letters side by side, each drawn in a third of the pad."""
    from tests.support.strokes import STROKES

    box = page.locator("#pad canvas").bounding_box()
    assert box is not None
    for place, letter in enumerate("HER"):
        for stroke in STROKES[letter]:
            points = [
                (box["x"] + (place + x) * box["width"] / 3, box["y"] + (1 / 3 + y / 3) * box["height"])
                for x, y in stroke
            ]
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point, steps=3)
            page.mouse.up()
    expect(text(page)).to_have_value(re.compile("^her$", re.IGNORECASE))


def test_examples_run_on_a_click_and_are_single_characters(page: Page) -> None:
    assert FOLDER.is_dir()
    page.get_by_role("tab", name="Upload").click()
    for name, label in (("4 in chalk", "4"), ("R in ballpoint", "R"), ("Small g", "g"), ("A in black", "A")):
        page.get_by_role("button", name=name).click()
        expect(answer(page)).to_have_text(label)


def test_a_page_is_set_in_its_own_place_and_hand_or_as_lines(read_page: Page) -> None:
    links = read_page.locator(".sheet-foot:not(.taken) a.download:visible")
    expect(links).to_have_text(["PNG", "SVG", "PDF"])
    expect(read_page.get_by_text(re.compile("^This hand .*black"))).to_be_visible()
    in_place = set_in(read_page).get_attribute("src") or ""
    assert in_place.startswith("data:image/svg+xml")
    strength = read_page.get_by_role("slider", name="How much of your hand").locator("visible=true")
    strength.fill("0")
    expect(set_in(read_page)).not_to_have_attribute("src", in_place)
    read_page.get_by_role("radio", name="As lines").locator("visible=true").check()
    expect(links).to_have_text(["Download PNG"])
    read_page.get_by_role("button", name="4 in chalk").click()
    expect(answer(read_page)).to_have_text("4")
    expect(strength).to_have_count(0)
