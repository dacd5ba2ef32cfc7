"""What a visitor sees while an answer takes long: the picture at once, how far it is, and a button that stops it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import answer
from tests.support.handwriting import write

LONG = "\n".join(["the nun had no tea and the dean ate a home run"] * 24)


@pytest.fixture(scope="module")
def long_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.png"
    write(LONG, pen=4, x_height=24).image.save(path)
    return path


@pytest.mark.parametrize(
    ("tab", "box", "view", "words"),
    [
        ("Upload", "#picture", "#upload-progress", ".message"),
        ("Form", "#form-picture", "#form-progress", "#form-said"),
        ("Set", "#set-like", "#set-progress", "#set-hand"),
        ("Your font", "#font-sheet", "#font-reading", ".message"),
    ],
)
def test_a_page_that_takes_long_shows_how_far_it_is_and_can_be_stopped(
    page: Page, long_page: Path, tab: str, box: str, view: str, words: str
) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.locator(f'{box} input[type="file"]').set_input_files(long_page)
    progress = page.locator(view)
    expect(progress.locator("progress")).to_be_visible()
    expect(page.locator(f"{box} img")).to_be_visible()
    expect(progress.locator("span")).to_have_text(re.compile(r"\w"))
    progress.get_by_role("button", name="Stop").click()
    expect(page.locator(words).locator("visible=true").first).to_contain_text("Stopped.")
    expect(progress.locator("progress")).to_have_count(0)
    page.wait_for_timeout(1500)  # nothing comes after all
    expect(page.locator(words).locator("visible=true").first).to_contain_text("Stopped.")


def test_the_step_is_said_and_after_a_stop_the_next_picture_is_read(page: Page, long_page: Path) -> None:
    page.get_by_role("tab", name="Upload").click()
    page.locator('#picture input[type="file"]').set_input_files(long_page)
    progress = page.locator("#upload-progress")
    expect(progress.locator("span")).to_have_text(
        re.compile(r"Looking for boxes|Reading l(ine \d+ of 24|etter by letter)")
    )
    progress.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="4 in chalk").click()
    expect(answer(page)).to_have_text("4")
    expect(progress.locator("progress")).to_have_count(0)


def test_a_form_is_on_the_page_before_it_is_read(page: Page, long_page: Path) -> None:
    page.get_by_role("tab", name="Form").click()
    page.locator('#form-picture input[type="file"]').set_input_files(long_page)
    expect(page.locator("#form-view .form-sheet img")).to_be_visible()
    expect(page.locator("#form-progress progress")).to_be_visible()


def test_a_font_in_the_making_says_which_letter_it_is_at_and_can_be_stopped(page: Page) -> None:
    page.get_by_role("tab", name="Your font").click()
    page.get_by_role("button", name="Our sheet, filled in").click()
    expect(page.locator("#font-labels textarea")).to_have_value(re.compile("^AAABBB"))
    page.locator("#font-make").click()
    making = page.locator("#font-making")
    expect(making.locator("span")).to_have_text(re.compile("Tracing character|Setting the letters"))
    making.get_by_role("button", name="Stop").click()
    expect(page.locator("#font-result")).to_contain_text("Stopped.")
    page.locator("#font-make").click()
    expect(page.locator("#font-result")).to_contain_text("62 characters are yours")
