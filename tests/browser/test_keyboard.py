"""The page without a mouse: Tab, Shift+Tab, arrow keys, Enter and the space bar alone reach and work everything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

from emnist_hf.data.compose import compose
from tests.support.chromium import answer, calligraphy, draw, open_tab
from tests.support.hands import font_hand

TABS = ("Draw", "Upload", "Form", "Set", "Your font", "Model")
MOST = 150
"""Stops of the Tab key after which a test gives up."""

STOPS = """() => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const able = (e) => !e.disabled && !e.closest("[inert], [aria-hidden='true']");
  const one = (e) => e.type !== "radio" || e.checked; // a group of radio buttons is one stop
  const all = "a[href], button, input, select, textarea, summary, canvas[tabindex]";
  return [...document.querySelectorAll(all)]
    .filter((e) => seen(e) && able(e) && one(e) && e.type !== "hidden" && e.tabIndex >= 0)
    .map(name);
  %s
}"""
"""Every control that can be seen and used, by what `NAME` calls it."""

NAME = """function name(e) {
  const group = e.type === "radio" ? e.closest("[role=radiogroup], fieldset") : null;
  const text = e.getAttribute("aria-label") || e.title || e.innerText || e.value || e.id || e.className;
  const place = [...document.querySelectorAll("*")].indexOf(group || e);
  return `${e.tagName.toLowerCase()} ${String(text).slice(0, 40)} #${place}`;
}"""

FOCUSED = """() => {
  const e = document.activeElement;
  const looks = (x) => {
    const s = getComputedStyle(x);
    const ring = s.outlineStyle === "none" ? "" : s.outlineWidth + s.outlineColor;
    return [ring, s.boxShadow, s.borderColor, s.backgroundColor].join(" ");
  };
  const around = (x) => [x, x.parentElement, x.parentElement?.parentElement].filter(Boolean).map(looks).join("|");
  const focused = around(e);
  const where = e.getBoundingClientRect();
  const found = { name: name(e), tag: e.tagName, on_screen: where.bottom > 0 && where.top < innerHeight };
  e.blur();
  found.shown = around(e) !== focused;
  e.focus();
  return found;
  %s
}"""
"""The control that has the focus, and whether it looks otherwise without it."""


START = """(key) => {
  const e = document.createElement("span");
  e.tabIndex = -1;
  key === "Tab" ? document.body.prepend(e) : document.body.append(e);
  e.focus();
  e.remove(); // the browser goes on from where it was
}"""


def stops(page: Page) -> list[str]:
    return list(page.evaluate(STOPS % NAME))


def focused(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(FOCUSED % NAME))


def walk(page: Page, key: str = "Tab") -> list[dict[str, Any]]:
    """The stops of a walk through the whole page, from its start until it leaves the page or comes round."""
    page.evaluate(START, key)
    found: list[dict[str, Any]] = []
    for _ in range(MOST):
        page.keyboard.press(key)
        stop = focused(page)
        if stop["tag"] == "BODY" or (found and stop["name"] == found[0]["name"]):
            break
        found.append(stop)
    return found


def go_to(page: Page, pattern: str, key: str = "Tab") -> None:
    """Presses Tab until the focus is on the control of that name."""
    for _ in range(MOST):
        page.keyboard.press(key)
        if re.search(pattern, focused(page)["name"]):
            return
    pytest.fail(f"{key} never comes to {pattern}")


def go_to_tab(page: Page, name: str) -> None:
    go_to(page, rf"^button {name} #")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def settled(page: Page) -> None:
    """Waits until the controls stay as they are: an answer comes in parts."""
    before: list[str] = []
    for _ in range(25):
        if (now := stops(page)) == before:
            return
        before = now
        page.wait_for_timeout(200)
    pytest.fail("the controls go on changing")


def test_tab_reaches_every_control_and_shows_where_it_is(page: Page) -> None:
    draw(page, "R")
    expect(answer(page)).to_be_visible()
    for number, tab in enumerate(TABS):
        open_tab(page, number)
        settled(page)
        there, back = walk(page), walk(page, "Shift+Tab")
        assert set(stops(page)) - {stop["name"] for stop in there} == set(), tab
        assert set(stops(page)) - {stop["name"] for stop in back} == set(), tab
        assert [stop["name"] for stop in there if not stop["shown"]] == [], tab
        assert all(stop["on_screen"] for stop in there), tab


def test_a_tile_and_a_label_are_chosen_by_arrow_keys_and_enter(page: Page) -> None:
    draw(page, "R")
    expect(answer(page)).to_have_text("R")
    before = calligraphy(page).get_attribute("src") or ""
    go_to(page, "^input Pinyon Script")
    page.keyboard.press("ArrowRight")
    expect(calligraphy(page)).not_to_have_attribute("src", before)
    labels = page.locator(".bars .confidence-set").locator("visible=true")
    second = labels.nth(1).get_attribute("data-testid") or ""
    go_to(page, "^button .*#", "Shift+Tab")
    while page.evaluate("document.activeElement.dataset.testid") != second:
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(calligraphy(page)).not_to_have_attribute("alt", re.compile("^R set in"))


def choose(page: Page, picture: Path, tries: int = 3) -> None:
    """Press the space bar on the button that has the focus, and choose a file.

    Chromium lets a page ask for a file within five seconds of the key; a machine that is busy takes longer at times.
    """
    for left in reversed(range(tries)):
        try:
            with page.expect_file_chooser(timeout=15_000) as chooser:
                page.keyboard.press("Space")
            chooser.value.set_files(picture)
            return
        except TimeoutError:
            if not left:
                raise


def test_a_picture_is_chosen_and_its_characters_are_corrected(page: Page, tmp_path: Path) -> None:
    written = compose(["TEN RED HENS", "RUN HOME"], font_hand("patrick-hand"), "ruled", seed=1).picture
    Image.fromarray(written).save(tmp_path / "page.png")
    go_to_tab(page, "Upload")
    go_to(page, "^button .*Drop")
    choose(page, tmp_path / "page.png")
    boxes = page.locator(".page-box:visible")
    expect(boxes).to_have_count(17)

    # Hundreds of boxes are one stop; the arrow keys go from one to the next, and to the line below and back.
    go_to(page, "^button T, ")
    page.keyboard.press("ArrowRight")
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(boxes.nth(16)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".page-box:focus")).to_have_attribute("aria-label", re.compile("^[RUNrun], "))
    page.keyboard.press("ArrowUp")
    expect(page.locator(".page-box:focus")).to_have_attribute("aria-label", re.compile("^[TENDHStendhs], "))
    page.keyboard.press("Home")
    expect(boxes.nth(0)).to_be_focused()

    # Enter goes to the choices, Escape back, and what is typed there corrects the text.
    page.keyboard.press("Enter")
    expect(page.locator(".page-choice:focus")).to_contain_text("T")
    page.keyboard.press("Escape")
    expect(boxes.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    go_to(page, "^input Another character")
    page.keyboard.type("B")
    page.keyboard.press("Enter")
    text = page.get_by_role("textbox", name="Text", exact=True).locator("visible=true")
    expect(text).to_have_value(re.compile("^BEN RED", re.IGNORECASE))

    # The text itself can be edited, and what is set saved.
    go_to(page, "^textarea", "Shift+Tab")
    page.keyboard.press("Control+End")
    page.keyboard.type("X")
    expect(calligraphy(page)).to_have_attribute("alt", re.compile("HOMEX", re.IGNORECASE))
    go_to(page, "^a Download PNG")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename.endswith(".png")


def test_an_example_and_one_of_the_last_answers_are_opened(page: Page) -> None:
    go_to_tab(page, "Upload")
    go_to(page, "^button 4 in chalk")
    page.keyboard.press("Enter")
    expect(answer(page)).to_have_text("4")
    go_to(page, "^button 3 with a thick")
    page.keyboard.press("Space")
    expect(answer(page)).to_have_text("3")
    go_to(page, "^button 4 #")
    page.keyboard.press("Enter")
    expect(calligraphy(page)).to_have_attribute("alt", re.compile("^4 set in"))


def test_the_pad_says_what_to_do_without_a_pointer(page: Page) -> None:
    label = page.locator("#pad canvas").get_attribute("aria-label") or ""
    assert "mouse" in label and "Upload tab" in label
