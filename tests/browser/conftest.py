"""One server and one browser for all browser tests; a fresh visitor for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import chromium, chromium_path, open_page
from tests.support.server import page_url

__all__ = ["page_url"]  # a fixture: pytest finds it by its name here


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        reason = "chromium is not on the PATH (Debian: apt-get install chromium)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=40_000)  # machines that test are busy machines
    with chromium() as browser:
        yield browser


def visit(browser: Browser, url: str, **context: Any) -> Iterator[Page]:
    """A visitor with the page open; at the end, nothing may have gone wrong behind the scenes."""
    with browser.new_context(**context) as visitor:
        page = visitor.new_page()
        page.set_default_timeout(40_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.extend(_foreign(request.url, url)))
        yield open_page(page, url)
        assert not troubles


def _foreign(address: str, url: str) -> list[str]:
    """The page works without the internet: every request but its own is a trouble."""
    return [] if address.startswith((url, url.replace("http", "ws"), "data:", "blob:")) else [address]


@pytest.fixture
def page(browser: Browser, page_url: str) -> Iterator[Page]:
    yield from visit(browser, page_url, viewport={"width": 1280, "height": 900})


@pytest.fixture
def phone(browser: Browser, page_url: str) -> Iterator[Page]:
    screen = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
    yield from visit(browser, page_url, has_touch=True, is_mobile=True, **screen)


@pytest.fixture
def dark_page(browser: Browser, page_url: str) -> Iterator[Page]:
    yield from visit(browser, page_url, viewport={"width": 1280, "height": 900}, color_scheme="dark")
