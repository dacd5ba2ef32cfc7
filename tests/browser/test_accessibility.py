"""For everyone: axe-core on every tab in light and dark."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from emnist_hf.page.example_strip import FOLDER
from tests.support.chromium import answer, draw, open_tab, settle

GRAVE = ("serious", "critical")
TABS = ("Draw", "Upload", "Form", "Set", "Your font", "Model")


def complaints(page: Page) -> list[str]:
    """What axe-core finds that keeps people out, one line each: the rule, and where it is broken."""
    settle(page)  # a colour that is still on its way to another is no contrast
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"][:3]
    ]


def check_every_tab(page: Page) -> None:
    assert complaints(page) == []
    draw(page, "R")
    expect(answer(page)).to_be_visible()
    for number, tab in enumerate(TABS):
        open_tab(page, number)
        if tab == "Upload":
            page.locator('#picture input[type="file"]').set_input_files(FOLDER / "marker.png")
            expect(answer(page)).to_be_visible()
        if tab == "Your font":
            page.get_by_role("button", name="Our sheet, filled in").click()
            expect(page.locator("#font-labels textarea")).not_to_have_value("")
        if tab == "Model":
            page.locator("#failures summary").click()
        assert complaints(page) == [], tab


def test_no_serious_violation_on_any_tab(page: Page) -> None:
    check_every_tab(page)


def test_no_serious_violation_in_the_dark(dark_page: Page) -> None:
    check_every_tab(dark_page)
