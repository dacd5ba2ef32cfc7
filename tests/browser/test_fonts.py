"""Fonts of the visitor's: uploaded, made of a sheet, and at work in a browser."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from emnist_hf.styling import estimate_hand, fonts
from emnist_hf.styling.font_file import as_woff2
from emnist_hf.styling.hand_font import Sample, make_font
from emnist_hf.styling.visitor_font import open_font
from tests.support.handwriting import ROWS, coverage, write


@pytest.fixture(scope="module")
def made_font() -> bytes:
    hand = estimate_hand(write("hid", pen=7, x_height=60, gap=0.9).image)
    return make_font([Sample(c, coverage(c)) for c in "hid"], hand, name="Mine").data


@pytest.mark.parametrize("kind", ["made", "rebuilt"])
def test_a_font_opens_in_a_browser(browser: Browser, made_font: bytes, kind: str) -> None:
    data = made_font if kind == "made" else open_font(fonts()["tangerine"].path.read_bytes()).data
    assert data is not None
    encoded = base64.b64encode(data).decode("ascii")
    with browser.new_context() as visitor:
        page = visitor.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.set_content(
            f"<style>@font-face {{ font-family: Mine; src: url(data:font/ttf;base64,{encoded}); }}"
            "p { font-size: 60px; display: inline-block } .mine { font-family: Mine, monospace }"
            '.other { font-family: monospace }</style><p class="mine">hidhid</p><br><p class="other">hidhid</p>'
        )
        status = page.evaluate("document.fonts.load('60px Mine', 'hid').then((faces) => faces.map((f) => f.status))")
        assert status == ["loaded"]
        widths = [page.locator(selector).bounding_box()["width"] for selector in (".mine", ".other")]  # type: ignore[index]
        assert abs(widths[0] - widths[1]) > 10
        assert not [text for text in said if "OTS" in text or "decode" in text]


def test_letters_take_turns_in_a_browser(browser: Browser) -> None:
    """The two t of tt differ in Chromium, and are one where turns are switched off."""
    hand = estimate_hand(write("hid", pen=7, x_height=60, gap=0.9).image)
    upright, lower = coverage("T"), np.flipud(coverage("T")).copy()
    made = make_font([Sample("t", upright), Sample("t", lower, 0.9), Sample("H", coverage("H"))], hand)
    encoded = base64.b64encode(as_woff2(made.data)).decode("ascii")
    with browser.new_context() as visitor:
        page = visitor.new_page()
        page.set_content(
            f"<style>@font-face {{ font-family: Mine; src: url(data:font/woff2;base64,{encoded}); }}"
            "p { font: 90px Mine; margin: 20px; display: inline-block } .off { font-feature-settings: 'calt' 0 }"
            '</style><p class="on">tt</p><br><p class="off">tt</p>'
        )
        page.evaluate("document.fonts.load('90px Mine', 't')")
        shots = [
            np.asarray(Image.open(io.BytesIO(page.locator(name).screenshot())).convert("L")) for name in (".on", ".off")
        ]
    lowest = [[np.flatnonzero(half.min(axis=1) < 128) for half in np.array_split(shot, 2, axis=1)] for shot in shots]
    widths = [
        [int((half[rows[0] + 1] < 128).sum()) for half, rows in zip(np.array_split(shot, 2, axis=1), ends)]
        for shot, ends in zip(shots, lowest)
    ]
    assert abs(widths[0][0] - widths[0][1]) > 8, "a bar on top, and one below"
    assert abs(widths[1][0] - widths[1][1]) <= 2


def sheet(page: Page):
    return page.locator("#set-sheet img")


def test_the_visitors_font_sets_the_text_and_a_broken_one_gets_a_sentence(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Set", exact=True).click()
    expect(sheet(page)).to_be_visible()
    page.locator("#own-font input").set_input_files(fonts()["tangerine"].path)
    expect(page.locator("#own-font-said")).to_contain_text("Set in your font")
    expect(sheet(page)).to_have_attribute(
        "alt", "What is written by hand\nis set again in a fine hand, set in Your font"
    )
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(fonts()["tangerine"].path.read_bytes()[:2000])
    page.locator("#own-font input").set_input_files(broken)
    expect(page.locator("#own-font-said .problem")).to_contain_text("cannot be used")
    expect(sheet(page)).to_be_visible()


def test_the_example_becomes_a_font_in_two_clicks(page: Page) -> None:
    page.get_by_role("tab", name="Your font").click()
    page.get_by_role("button", name="Our sheet, filled in").click()
    expect(page.locator("#font-labels textarea")).to_have_value(re.compile("^AAABBB"))
    expect(page.locator(".message:visible")).to_contain_text("186 characters")
    page.locator("#font-make").click()
    expect(page.locator("#font-result")).to_contain_text("62 characters are yours")


def test_a_sheet_becomes_a_font(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "sheet.png"
    write(ROWS, slant=12, pen=7, x_height=56, gap=0.9).image.save(picture)
    page.get_by_role("tab", name="Your font").click()
    page.locator("#font-sheet input[type=file]").set_input_files(picture)
    labels = page.locator("#font-labels textarea")
    expect(labels).not_to_have_value("", timeout=60_000)
    labels.fill("too few")
    page.locator("#font-make").click()
    expect(page.locator("#font-result .problem")).to_contain_text("labels", timeout=60_000)
    labels.fill(ROWS)
    page.locator("#font-make").click()
    link = page.locator("#font-result a.download[download$=ttf]")
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "my-hand.ttf"
    assert Path(download.value.path()).read_bytes()[:4] == b"\x00\x01\x00\x00"
    page.get_by_role("tab", name="Set", exact=True).click()
    expect(sheet(page)).to_have_attribute("alt", "What is written by hand\nis set again in a fine hand, set in My hand")
