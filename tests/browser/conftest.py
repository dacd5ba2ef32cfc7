"""One browser for all tests of it, and a fresh tab for each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import Visitors, chromium, chromium_path


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


@pytest.fixture(scope="session")
def visitors(browser: Browser) -> Visitors:
    return Visitors(browser)


@pytest.fixture
def page(visitors: Visitors, page_url: str) -> Iterator[Page]:
    with visitors.visit(page_url) as page:
        yield page


@pytest.fixture
def phone(visitors: Visitors, page_url: str) -> Iterator[Page]:
    screen = {"width": 390, "height": 844}
    with visitors.visit(page_url, viewport=screen, device_scale_factor=2, has_touch=True, is_mobile=True) as page:
        yield page


@pytest.fixture
def dark_page(visitors: Visitors, page_url: str) -> Iterator[Page]:
    with visitors.visit(page_url, color_scheme="dark") as page:
        yield page
