"""The last answers of a visit, undo after clear, links that bring choices along, and what saved files are called."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from emnist_hf.page.files import saved_name
from emnist_hf.page.share import choices
from tests.support.chromium import answer, calligraphy, draw, open_page


def remembered(page: Page) -> Locator:
    return page.locator(".history-list button").locator("visible=true")


def test_the_last_answers_can_be_set_again(page: Page) -> None:
    expect(remembered(page)).to_have_count(0)
    for character in "74":  # four strokes in all, but two drawings
        draw(page, character)
        expect(answer(page)).to_have_text(character)
        page.get_by_role("button", name="Clear").click()
        expect(answer(page)).to_have_count(0)
    expect(remembered(page)).to_have_text(["4", "7"])
    remembered(page).nth(1).click()
    expect(calligraphy(page)).to_have_attribute("alt", re.compile("^7 set in "))


def test_undo_brings_back_what_clear_took(page: Page) -> None:
    draw(page, "4")
    expect(answer(page)).to_have_text("4")
    page.get_by_role("button", name="Clear").click()
    expect(answer(page)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text("4")
    expect(remembered(page)).to_have_text(["4"])


def test_the_example_of_a_page_is_read_and_remembered(page: Page) -> None:
    page.get_by_role("tab", name="Upload").click()
    page.get_by_role("button", name="A page of two lines").click()
    expect(page.locator(".page-box:visible")).to_have_count(16)
    expect(remembered(page)).to_have_text(["HEAR A HARE"])


def test_a_link_restores_tab_charset_and_style(browser: Browser, page: Page, page_url: str) -> None:
    page.get_by_role("radio", name="Digits").check()
    page.get_by_role("radio", name="Tangerine").locator("visible=true").check()
    page.get_by_role("radio", name="Sepia").locator("visible=true").check()
    page.get_by_role("button", name="Copy a link").locator("visible=true").click()
    link = page.locator(".share-link").locator("visible=true").get_attribute("href")
    assert link is not None and link.startswith(page_url) and "charset=digits" in link
    with browser.new_context(viewport={"width": 1280, "height": 900}) as visitor:
        other = open_page(visitor.new_page(), link)
        for name in ("Digits", "Tangerine", "Sepia"):
            expect(other.get_by_role("radio", name=name).locator("visible=true")).to_be_checked()
        draw(other, "7")
        expect(answer(other)).to_have_text("7")
        expect(calligraphy(other)).to_have_attribute("alt", "7 set in Tangerine")
        # Not open_page: it waits for the pad, which this link hides at once.
        other.goto(f"{page_url}?tab=upload&charset=klingon&font=../../app.py")
        expect(other.get_by_role("tab", name="Upload")).to_have_attribute("aria-selected", "true")
        expect(other.get_by_role("radio", name="All 62").locator("visible=true")).to_be_checked()


def test_a_link_asks_for_nothing_that_the_page_has_not() -> None:
    asked = {"tab": "draw", "charset": "klingon", "font": "../app.py", "ink": "sepia", "paper": "", "more": "x"}
    assert choices(asked, ["byclass", "digits"]) == {"tab": "draw", "ink": "sepia"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A", "capital-A-tangerine"),
        ("a", "small-a-tangerine"),
        ("7", "digit-7-tangerine"),
        ("Dear Ann,\nit is done.", "dear-ann-it-is-done-tangerine"),
        ("../../etc/passwd", "etc-passwd-tangerine"),
        ("é", "e-tangerine"),
        ("日本", "text-tangerine"),
        ("x" * 300, "x" * 40 + "-tangerine"),
        ("one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight-tangerine"),
    ],
)
def test_saved_files_are_called_by_what_they_show(text: str, name: str) -> None:
    assert saved_name(text, "tangerine") == name
