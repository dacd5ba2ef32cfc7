"""The page on a phone, under a finger, and in the dark."""

from __future__ import annotations

from itertools import pairwise

from playwright.sync_api import Page, expect

from tests.support.chromium import Visitors, answer, draw, on_screen, open_tab
from tests.support.strokes import STROKES, Point

STICKING_OUT = """() => {
  const found = [];
  for (const card of document.querySelectorAll(".card")) {
    if (!card.offsetParent) continue;
    const edge = card.getBoundingClientRect().right;
    for (const it of card.querySelectorAll("button, input, textarea, label, p, .sheet, .download"))
      if (it.offsetParent && !it.closest(".history-list") && it.getBoundingClientRect().right > edge)
        found.push(`${it.tagName} ${it.className} ${it.textContent.slice(0, 40)}`);
  }
  return found;
}"""


def swipe(page: Page, points: list[Point]) -> None:
    """A finger on the glass, as the screen reports it: whether that scrolls is the browser's own decision."""
    session = page.context.new_cdp_session(page)

    def report(kind: str, *fingers: Point) -> None:
        touches = [{"x": x, "y": y} for x, y in fingers]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    report("touchStart", points[0])
    for (x0, y0), (x1, y1) in pairwise(points):
        for step in range(1, 5):
            report("touchMove", (x0 + (x1 - x0) * step / 4, y0 + (y1 - y0) * step / 4))
    report("touchEnd")
    session.detach()


def test_a_finger_beside_the_pad_scrolls_and_on_it_draws_and_does_not(phone: Page) -> None:
    swipe(phone, [(5, 700), (5, 500), (5, 300)])
    phone.wait_for_function("scrollY > 50")
    pad = phone.locator("#pad canvas")
    pad.scroll_into_view_if_needed()
    before = phone.evaluate("scrollY")
    for stroke in STROKES["A"]:
        swipe(phone, on_screen(pad, stroke))
    expect(answer(phone)).to_have_text("A")
    assert phone.evaluate("scrollY") == before


def test_a_phone_needs_no_sideways_scroll(phone: Page) -> None:
    for number in range(6):
        open_tab(phone, number)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, number
        if number == 0:
            box = phone.locator("#pad canvas").bounding_box()
            assert box is not None and box["width"] >= 280 and box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_a_phone_can_be_told_of_the_api(phone: Page) -> None:
    expect(phone.get_by_role("button", name="Use via API")).to_be_visible()


def test_nothing_sticks_out_of_its_card_on_the_narrowest_phone(visitors: Visitors, page_url: str) -> None:
    with visitors.visit(page_url, viewport={"width": 320, "height": 700}, locale="de-DE") as page:
        for number in range(5):
            open_tab(page, number)
            assert page.evaluate(STICKING_OUT) == [], number


def test_each_box_for_a_picture_has_a_whole_border(page: Page) -> None:
    for tab, box in (("Upload", "#picture"), ("Set", "#set-like"), ("Your font", "#font-sheet")):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(box)).to_be_visible()
        sides = page.locator(box).evaluate(
            "(it) => ['Top', 'Right', 'Bottom', 'Left'].map((side) => getComputedStyle(it)[`border${side}Style`])"
        )
        assert sides == ["dashed"] * 4, tab
        # gradio's panel of buttons, which has none here, would show as a sliver of its own border.
        expect(page.locator(box).locator(".icon-button-wrapper:empty")).to_be_hidden()


def test_the_pad_stays_white_paper_in_the_dark(dark_page: Page) -> None:
    def background(selector: str) -> list[int]:
        colour = dark_page.locator(selector).first.evaluate("(it) => getComputedStyle(it).backgroundColor")
        return [int(part) for part in colour.strip("rgba()").split(",")[:3]]

    assert max(background(".gradio-container")) < 60
    assert background(".pad-paper") == [255, 255, 255]
    draw(dark_page, "E")
    expect(answer(dark_page)).to_have_text("E")
