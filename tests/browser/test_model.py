"""The Model tab: where it fails, in pictures and in a table that sorts."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_the_worst_confusions_are_pictures_and_the_classes_sort(page: Page) -> None:
    page.get_by_role("tab", name="Model").click()
    shown = page.locator("#failures .confusions li")
    expect(shown).to_have_count(10)
    expect(shown.first.get_by_role("img")).to_have_count(2)
    page.locator("#failures summary").click()
    recall = page.locator("#failures th").nth(2)
    for order in ("descending", "ascending"):
        recall.get_by_role("button").click()
        expect(recall).to_have_attribute("aria-sort", order)
        keys = page.locator("#failures tbody td:nth-child(3)").evaluate_all(
            "(cells) => cells.map((cell) => Number(cell.dataset.key))"
        )
        assert len(keys) == 62 and keys == sorted(keys, reverse=order == "descending")
