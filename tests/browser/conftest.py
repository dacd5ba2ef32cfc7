"""One browser for all tests of it, and a fresh visitor for each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import chromium, chromium_path, visit


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


@pytest.fixture
def page(browser: Browser, page_url: str) -> Iterator[Page]:
    with visit(browser, page_url) as page:
        yield page


@pytest.fixture
def phone(browser: Browser, page_url: str) -> Iterator[Page]:
    screen = {"width": 390, "height": 844}
    with visit(browser, page_url, viewport=screen, device_scale_factor=2, has_touch=True, is_mobile=True) as page:
        yield page


@pytest.fixture
def dark_page(browser: Browser, page_url: str) -> Iterator[Page]:
    with visit(browser, page_url, color_scheme="dark") as page:
        yield page
