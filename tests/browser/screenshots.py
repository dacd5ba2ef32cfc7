"""Pictures of the page for the README and for looking at: desktop, phone and dark.

    python -m tests.browser.screenshots docs/images

Starts the page (or takes the one that EMNIST_HF_TEST_URL names), draws, and writes draw.png, draw-dark.png,
draw-phone.png, upload.png, upload-phone.png, model.png and model-dark.png into the folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import answer, chromium, draw, open_page
from tests.server import serve

DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def save(page: Page, path: Path) -> None:
    """The whole page as a PNG of 256 colours: a page has few, and the file gets a third of the size."""
    page.wait_for_timeout(500)
    page.screenshot(path=path, full_page=True)
    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def show_drawing(page: Page, character: str, hand: str) -> None:
    draw(page, character)
    expect(answer(page)).to_be_visible()
    page.get_by_role("radio", name=hand).check()
    page.mouse.move(0, 0)


def show_example(page: Page) -> None:
    page.get_by_role("tab", name="Upload").click()
    page.get_by_role("button", name="4 in chalk").click()
    expect(answer(page)).to_be_visible()
    page.mouse.move(0, 0)


def show_model(page: Page) -> None:
    page.get_by_role("tab", name="Model").click()


def take_all(browser: Browser, url: str, folder: Path) -> None:
    devices = {
        "": {"viewport": DESKTOP},
        "-dark": {"viewport": DESKTOP, "color_scheme": "dark"},
        "-phone": {"viewport": PHONE, "device_scale_factor": 2},
    }
    for suffix, device in devices.items():
        with browser.new_context(**device) as visitor:  # type: ignore[arg-type]
            page = open_page(visitor.new_page(), url)
            show_drawing(page, "R", "Pinyon Script")
            save(page, folder / f"draw{suffix}.png")
            show_example(page)
            save(page, folder / f"upload{suffix}.png")
            show_model(page)
            save(page, folder / f"model{suffix}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with serve() as url, chromium() as browser:
        take_all(browser, url, folder)


if __name__ == "__main__":
    main()
