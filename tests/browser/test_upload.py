"""The Upload tab: a file, an example, a drop, and what is no picture."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from emnist_hf.page.example_strip import FOLDER
from emnist_hf.page.upload import PROMPT
from tests.support.chromium import answer, calligraphy, message


@pytest.fixture
def upload_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Upload").click()
    expect(message(page)).to_have_text(PROMPT)
    return page


def choose(page: Page, path: Path) -> None:
    page.locator('#picture input[type="file"]').set_input_files(path)


def test_a_file_is_read(upload_tab: Page) -> None:
    choose(upload_tab, FOLDER / "marker.png")
    expect(answer(upload_tab)).to_have_text("3")
    expect(calligraphy(upload_tab)).to_be_visible()


def test_a_tiff_is_shown_and_read(upload_tab: Page, tmp_path: Path) -> None:
    Image.open(FOLDER / "marker.png").save(tmp_path / "marker.tiff")
    choose(upload_tab, tmp_path / "marker.tiff")
    expect(answer(upload_tab)).to_have_text("3")
    expect(upload_tab.locator("#picture img")).to_have_attribute("src", re.compile(r"\.png$"))
    upload_tab.wait_for_function("document.querySelector('#picture img').naturalWidth > 0")


def test_transparent_ink_is_read(upload_tab: Page) -> None:
    choose(upload_tab, FOLDER / "transparent.png")
    expect(answer(upload_tab)).to_have_text("A")


def test_the_calligraphy_stays(upload_tab: Page) -> None:
    upload_tab.get_by_role("button", name="A page of two lines").click()
    expect(calligraphy(upload_tab)).to_have_attribute("alt", re.compile("HEAR A HARE"))
    upload_tab.get_by_role("button", name="4 in chalk").click()
    expect(answer(upload_tab)).to_have_text("4")
    upload_tab.wait_for_timeout(700)  # what the emptied text box sets off must not take the sheet away
    expect(calligraphy(upload_tab)).to_have_attribute("alt", re.compile("^4 set in "))


def test_a_dropped_file_is_read(upload_tab: Page) -> None:
    encoded = base64.b64encode((FOLDER / "marker.png").read_bytes()).decode()
    transfer = upload_tab.evaluate_handle(
        """(encoded) => {
            const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "marker.png", { type: "image/png" }));
            return transfer;
        }""",
        encoded,
    )
    upload_tab.locator("#picture button", has_text="Drop").dispatch_event("drop", {"dataTransfer": transfer})
    expect(answer(upload_tab)).to_have_text("3")


def test_a_broken_file_gets_a_sentence_and_the_next_is_served(upload_tab: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes((FOLDER / "marker.png").read_bytes()[:300])
    choose(upload_tab, broken)
    problem = upload_tab.locator(".message.problem")
    expect(problem).to_be_visible()
    assert "Traceback" not in problem.inner_text() and "PIL" not in problem.inner_text()
    upload_tab.get_by_role("button", name="4 in chalk").click()
    expect(answer(upload_tab)).to_have_text("4")
    expect(problem).to_have_count(0)
