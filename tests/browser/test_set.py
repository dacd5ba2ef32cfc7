"""The Set tab: text, a font, paper and a writer's hand, and files to save."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.handwriting import write


@pytest.fixture
def set_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Set").click()
    expect(page.locator("#set-sheet img")).to_be_visible()
    return page


def test_the_sheet_follows_text_font_and_paper(set_tab: Page) -> None:
    sheet = set_tab.locator("#set-sheet img")
    text = set_tab.locator("#set-text textarea")
    text.fill("Dear <Ann>")
    expect(sheet).to_have_attribute("alt", re.compile(r"^Dear <Ann>, set in Pinyon"))
    for name in ("Uncial Antiqua, Uncial", "Ruled"):
        before = str(sheet.get_attribute("src"))
        set_tab.get_by_role("radio", name=name).locator("visible=true").check()
        expect(sheet).not_to_have_attribute("src", before)
    text.fill("")
    expect(set_tab.locator("#set-sheet .sheet-empty")).to_be_visible()


def test_a_writers_hand_is_said_in_words_and_followed(set_tab: Page, tmp_path: Path) -> None:
    write("the hut", slant=15, colour=(30, 60, 190)).image.save(tmp_path / "like.png")
    sheet = set_tab.locator("#set-sheet img")
    before = str(sheet.get_attribute("src"))
    expect(set_tab.locator("#set-strength")).to_have_count(0)
    set_tab.locator('#set-like input[type="file"]').set_input_files(tmp_path / "like.png")
    expect(set_tab.locator("#set-hand")).to_contain_text("to the right")
    expect(set_tab.locator("#set-hand")).to_contain_text("blue")
    expect(set_tab.locator("#set-strength")).to_be_visible()
    expect(sheet).not_to_have_attribute("src", before)


def test_one_click_on_an_example_sets_the_text_in_its_hand(set_tab: Page) -> None:
    sheet = set_tab.locator("#set-sheet img")
    before = str(sheet.get_attribute("src"))
    set_tab.get_by_role("button", name="A note in blue ink").locator("visible=true").click()
    expect(set_tab.locator("#set-hand")).to_contain_text("blue")
    expect(sheet).not_to_have_attribute("src", before)


def test_each_format_can_be_saved(set_tab: Page) -> None:
    for kind, magic in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("PDF", b"%PDF")):
        with set_tab.expect_download() as saved:
            set_tab.get_by_role("link", name=kind, exact=True).locator("visible=true").click()
        assert saved.value.suggested_filename == f"what-is-written-by-hand-is-set-again-in-pinyon-script.{kind.lower()}"
        assert saved.value.path().read_bytes().startswith(magic)
