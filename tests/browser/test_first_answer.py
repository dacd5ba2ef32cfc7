"""Each tab answers within one click of arriving on it: an example of ours, or what stands there already."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import answer, draw


@pytest.mark.parametrize(
    ("tab", "example", "selector", "said"),
    [
        ("Upload", "4 in chalk", '[data-testid="label-output-value"]', "^4$"),
        ("Upload", "A note in blue ink", ".page-view h2", "character by character"),
        ("Form", "A visit, registered in boxes", "#form-said", "7 boxes"),
        ("Set", "A note in blue ink", "#set-hand", "blue"),
        ("Your font", "Our sheet, filled in", ".message", "186 characters"),
    ],
)
def test_one_click_answers(page: Page, tab: str, example: str, selector: str, said: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.get_by_role("button", name=example).locator("visible=true").click()
    expect(page.locator(selector).locator("visible=true").first).to_contain_text(re.compile(said))


def test_one_stroke_answers(page: Page) -> None:
    draw(page, "7")
    expect(answer(page)).to_have_text("7")


@pytest.mark.parametrize(("tab", "selector"), [("Set", "#set-sheet img"), ("Model", "#failures .confusions img")])
def test_what_needs_no_picture_is_there_at_once(page: Page, tab: str, selector: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    expect(page.locator(selector).first).to_be_visible()
