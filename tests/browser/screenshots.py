"""Pictures of the page for the README and for looking at: desktop, phone and dark.

    python -m tests.browser.screenshots docs/images --desktop --only draw upload form font

Starts the page (or takes the one that EMNIST_HF_TEST_URL names), draws, and writes draw.png, upload.png (a character),
page.png (a page that was read), form.png, set.png, font.png and model.png into the folder, and each again as
NAME-dark.png and NAME-phone.png. `--only draw` writes the pictures of that name alone, `--desktop` those of a desktop.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import answer, chromium, draw, open_page
from tests.support.server import serve

PATIENCE = 120_000  # milliseconds: a machine that takes pictures may be a busy one
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def save(page: Page, path: Path) -> None:
    """The whole page as a PNG of 256 colours: a page has few, and the file gets a third of the size."""
    page.wait_for_timeout(500)
    page.screenshot(path=path, full_page=True)
    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def show_drawing(page: Page, character: str, hand: str) -> None:
    draw(page, character)
    expect(answer(page)).to_have_text(character)
    page.get_by_role("radio", name=hand).locator("visible=true").check()
    page.mouse.move(0, 0)


def show_example(page: Page) -> None:
    page.get_by_role("tab", name="Upload").click()
    page.get_by_role("button", name="4 in chalk").click()
    expect(answer(page)).to_be_visible()
    page.mouse.move(0, 0)


def show_page(page: Page) -> None:
    page.get_by_role("tab", name="Upload").click()
    page.get_by_role("button", name="A page of two lines").click()
    expect(page.locator(".page-box:visible").first).to_be_visible()
    page.mouse.move(0, 0)


def show_form(page: Page) -> None:
    page.get_by_role("tab", name="Form").click()
    page.get_by_role("button", name="A visit, registered in boxes").click()
    page.locator(".form-box:visible").nth(1).click()
    page.mouse.move(0, 0)


def show_font(page: Page) -> None:
    page.get_by_role("tab", name="Your font").click()
    page.get_by_role("button", name="Our sheet, filled in").click()
    expect(page.locator("#font-labels textarea")).not_to_have_value("")
    page.locator("#font-make").click()
    expect(page.locator("#font-result a.download").first).to_be_visible()
    page.mouse.move(0, 0)


def show_tab(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("tab", name=name).click()


SHOWN: dict[str, Callable[[Page], None]] = {
    "draw": lambda page: show_drawing(page, "R", "Pinyon Script"),
    "upload": show_example,
    "page": show_page,
    "form": show_form,
    "set": show_tab("Set"),
    "font": show_font,
    "model": show_tab("Model"),
}
"""The pictures by name, in an order in which each can follow the one before."""


DEVICES: dict[str, dict[str, Any]] = {
    "": {"viewport": DESKTOP},
    "-dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "-phone": {"viewport": PHONE, "device_scale_factor": 2},
}
"""What the pages are opened with, by what names of pictures end in."""


def take_all(browser: Browser, url: str, folder: Path, names: list[str], suffixes: list[str]) -> None:
    for suffix, device in ((suffix, DEVICES[suffix]) for suffix in suffixes):
        with browser.new_context(**device) as visitor:
            page = visitor.new_page()
            page.set_default_timeout(PATIENCE)
            open_page(page, url)
            for name in names:
                SHOWN[name](page)
                save(page, folder / f"{name}{suffix}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(SHOWN), default=list(SHOWN))
    parser.add_argument("--desktop", action="store_true", help="neither in the dark nor on a phone")
    arguments = parser.parse_args()
    folder = arguments.folder
    expect.set_options(timeout=PATIENCE)
    folder.mkdir(parents=True, exist_ok=True)
    with serve() as url, chromium() as browser:
        take_all(browser, url, folder, arguments.only, [""] if arguments.desktop else list(DEVICES))


if __name__ == "__main__":
    main()
