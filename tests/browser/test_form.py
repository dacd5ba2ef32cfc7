"""The Form tab: an answer within one click, values to correct, and files to take away."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def form(page: Page) -> Page:
    page.get_by_role("tab", name="Form").click()
    page.get_by_role("button", name="A visit, registered in boxes").click()
    expect(boxes(page)).to_have_count(7)
    return page


def boxes(page: Page) -> Locator:
    return page.locator(".form-box:visible")


def value(page: Page, number: int) -> Locator:
    """What a field holds, by its number: its name is what is printed beside it where Tesseract reads that."""
    return page.locator(".form-side input").nth(number - 1)


def saved(page: Page, kind: str) -> bytes:
    link = page.locator("#form-links").get_by_role("link", name=kind, exact=True)
    return base64.b64decode((link.get_attribute("href") or "").split(",", 1)[1])


def fields(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(saved(page, "JSON"))["fields"]
    return found


def test_one_click_reads_a_form_and_what_is_corrected_is_saved(form: Page) -> None:
    expect(value(form, 1)).to_have_value("MEYER")
    expect(value(form, 6)).to_be_checked()
    expect(value(form, 7)).not_to_be_checked()
    assert [field["kind"] for field in fields(form)][:3] == ["comb", "comb", "box"]

    # A box shows its crop and what each of its characters may be; one of these takes its place.
    boxes(form).nth(0).click()
    expect(form.locator(".form-crop")).to_be_visible()
    expect(form.locator(".form-choices")).to_have_count(5)
    form.locator(".form-choices").nth(4).locator(".page-choice").nth(1).click()
    expect(value(form, 1)).not_to_have_value("MEYER")

    # What is typed reaches every file, and no spreadsheet runs it.
    value(form, 4).fill("=1+1")
    value(form, 7).check()
    expect(form.locator("#form-links")).to_be_visible()
    form.wait_for_function("atob(document.querySelector('#form-links a').href.split(',')[1]).includes(',yes,1.000')")
    assert fields(form)[3]["value"] == "=1+1" and b",'=1+1,1.000" in saved(form, "CSV")
    assert saved(form, "XLSX").startswith(b"PK")


def test_a_box_is_reached_by_keyboard(form: Page) -> None:
    boxes(form).nth(0).focus()
    form.keyboard.press("ArrowDown")
    expect(boxes(form).nth(1)).to_be_focused()
    form.keyboard.press("Enter")
    expect(value(form, 2)).to_be_focused()


def test_a_picture_without_boxes_is_said_to_have_none(page: Page) -> None:
    from emnist_hf.page.example_strip import FOLDER

    page.get_by_role("tab", name="Form").click()
    page.locator('#form-picture input[type="file"]').set_input_files(FOLDER / "marker.png")
    expect(page.get_by_text("There are no boxes in this picture")).to_be_visible()


def test_it_fits_a_phone(phone: Page) -> None:
    phone.get_by_role("tab", name="Form").click()
    phone.get_by_role("button", name="A visit, registered in boxes").click()
    expect(boxes(phone)).to_have_count(7)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
