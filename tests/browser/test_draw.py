"""The Draw tab with a mouse: draw, read, clear, choose."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from emnist_hf.page.draw import PROMPT
from tests.support.chromium import answer, calligraphy, draw, message


def clear(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    expect(answer(page)).to_have_count(0)


def test_an_empty_pad_prompts_and_guesses_nothing(page: Page) -> None:
    expect(page.locator(".pad-prompt")).to_be_visible()
    expect(message(page)).to_have_text(PROMPT)
    expect(answer(page)).to_have_count(0)
    expect(calligraphy(page)).to_have_count(0)
    # Where the owner wants no corrections, none is asked for.
    expect(page.get_by_text("Nothing that you draw, upload or write is kept.")).to_be_visible()
    expect(page.get_by_text("Wrong? Say what it was")).to_have_count(0)


def test_drawn_characters_are_read_without_a_button_and_cleared_again_and_again(page: Page) -> None:
    for character in "AEHR347":
        draw(page, character)
        expect(answer(page)).to_have_text(character)
        expect(calligraphy(page)).to_have_attribute("alt", re.compile(f"^{character} set in "))
        clear(page)
        expect(message(page)).to_have_text(PROMPT)
        expect(page.locator(".pad-prompt")).to_be_visible()


def test_undo_takes_back_one_stroke(page: Page) -> None:
    draw(page, "E")  # its last stroke is the lowest bar
    expect(answer(page)).to_have_text("E")
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text("F")
    page.locator("#pad canvas").focus()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    page.keyboard.press("Delete")
    expect(message(page)).to_have_text(PROMPT)


def test_a_stroke_may_leave_the_pad(page: Page) -> None:
    box = page.locator("#pad canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 200, steps=5)
    page.mouse.up()
    expect(answer(page)).to_have_count(1)


def test_a_charset_narrows_the_answer(page: Page) -> None:
    draw(page, "4")
    expect(answer(page)).to_have_text("4")
    page.get_by_role("radio", name="Digits").check()
    bars = page.locator('[data-testid$="-confidence-set"]').locator("visible=true")
    expect(bars.locator("dt")).to_have_text([re.compile(r"^\d$")] * 5)
    page.get_by_role("radio", name="Letters, any case").check()
    expect(bars.locator("dt")).to_have_text([re.compile("^[A-Z]$")] * 5)


def test_the_picture_can_be_saved_and_hand_ink_and_paper_change_it(page: Page) -> None:
    draw(page, "R")
    expect(answer(page)).to_have_text("R")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download PNG").click()
    assert saved.value.suggested_filename == "capital-R-pinyon-script.png"
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    for name in ("Tangerine", "Oxblood", "Parchment"):
        before = calligraphy(page).get_attribute("src")
        page.get_by_role("radio", name=name).check()
        expect(calligraphy(page)).not_to_have_attribute("src", str(before))
    expect(calligraphy(page)).to_have_attribute("alt", "R set in Tangerine")


def test_the_visitor_can_pick_another_of_the_answers(page: Page) -> None:
    draw(page, "7")  # one stroke: no answer is still on its way when the visitor picks
    expect(answer(page)).to_have_text("7")
    second = page.locator('[data-testid$="-confidence-set"]').nth(1)
    label = second.locator("dt").inner_text()
    second.click()
    expect(calligraphy(page)).to_have_attribute("alt", re.compile(f"^{re.escape(label)} set in "))
