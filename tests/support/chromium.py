"""A real browser, and a hand that draws in it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.support.strokes import STROKES, Point

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",
]

STEP = 20
"""Pixels between two reports of the mouse, as from a quick hand."""


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


def open_page(page: Page, url: str) -> Page:
    """Go to the page and wait for its pad: long where the browser begins from nothing on a busy machine."""
    page.goto(url, timeout=120_000)
    page.locator("#pad canvas").wait_for(timeout=120_000)
    return page


class Visitors:
    """Visitors of pages, each in a tab of its own. Those with the same device share what their browser has loaded.

    A window's size and whether it is dark are the tab's own. A further tab stays open, and with it the process that
    they share: one begun anew compiles the page's scripts again, which takes more than all else that opening it does.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._contexts: dict[str, BrowserContext] = {}

    @contextmanager
    def visit(self, url: str, **device: Any) -> Iterator[Page]:
        """Open a page; at the end, nothing may have gone wrong behind the scenes.

        device: as `Browser.new_context` takes it; a desktop's window, unless it says otherwise.
        """
        device = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US"} | device
        viewport, colours = device.pop("viewport"), device.pop("color_scheme", None)
        if (context := self._contexts.get(str(device))) is None:
            self._contexts[str(device)] = context = self.browser.new_context(**device)
            context.new_page().goto(f"{url}/health")
        own = (url, url.replace("http", "ws"), "data:", "blob:")
        page = context.new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=colours)
        page.set_default_timeout(40_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        # The page works without the internet: every request but its own is a trouble.
        page.on("request", lambda asked: troubles.extend([] if asked.url.startswith(own) else [asked.url]))
        try:
            yield open_page(page, url)
        finally:
            page.close()
        assert not troubles


def open_tab(page: Page, number: int) -> None:
    """Open a tab of the page by its place, and wait until nothing on it moves or changes its colour any more."""
    tab = page.get_by_role("tab").nth(number)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page is laid out, and its animations are over."""
    page.evaluate(
        """async () => {
          for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
          const finite = document.getAnimations().filter((it) => it.effect.getComputedTiming().iterations < Infinity);
          await Promise.allSettled(finite.map((it) => it.finished));
        }"""
    )


def on_screen(pad: Locator, stroke: list[Point]) -> list[Point]:
    """A stroke of the unit square where it lies on the page."""
    box = pad.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]


def draw(page: Page, character: str, canvas: str = "#pad canvas") -> None:
    """Draws the character with the mouse, stroke by stroke, in small steps as a hand does."""
    pad = page.locator(canvas)
    pad.scroll_into_view_if_needed()
    for stroke in STROKES[character]:
        points = on_screen(pad, stroke)
        page.mouse.move(*points[0])
        page.mouse.down()
        for before, after in pairwise(points):
            page.mouse.move(*after, steps=max(1, round(math.dist(before, after) / STEP)))
        page.mouse.up()


def answer(page: Page) -> Locator:
    """The first label, large, on the tab that is open."""
    return page.locator('[data-testid="label-output-value"]').locator("visible=true")


def message(page: Page) -> Locator:
    """The sentence beside what the model sees."""
    return page.locator(".message").locator("visible=true")


def calligraphy(page: Page) -> Locator:
    return page.locator(".sheet img").locator("visible=true")
