"""The page in German and French, as the browser asks for."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from emnist_hf.styling import fonts
from tests.support.chromium import Visitors, answer, draw, message, open_tab, settle


@pytest.mark.parametrize(
    ("locale", "tab", "prompt", "undo", "said"),
    [
        ("de-DE", "Zeichnen", "Zeichnen Sie auf das Blatt", "Zurück", "Das sieht nach 7 aus"),
        ("fr-FR", "Dessiner", "Dessinez sur la feuille", "Annuler", "Cela ressemble à 7"),
    ],
)
def test_the_page_speaks_the_visitors_language(
    visitors: Visitors, page_url: str, locale: str, tab: str, prompt: str, undo: str, said: str
) -> None:
    with visitors.visit(page_url, locale=locale) as page:
        expect(page.get_by_role("tab", name=tab)).to_be_visible()
        expect(message(page)).to_contain_text(prompt)
        expect(page.get_by_role("button", name=undo)).to_be_disabled()
        draw(page, "7")
        expect(answer(page)).to_have_text("7")
        expect(message(page)).to_contain_text(said)
        assert not re.search("__i18n__", page.locator("body").inner_text())


SAME = {
    "A Fine Hand",  # the page's own name
    "PNG",
    "SVG",
    "PDF",
    "TXT",
    "hOCR",
    "ALTO",
    "JSON",
    "Text",
    "Hand",
    "Sepia",
    "Violet",
    "What is written by hand is set again in a fine hand",  # what the Set tab sets as long as nothing else is typed
    "What is written by hand is set again in a fine hand, set in Pinyon Script",
    "My hand",
    "HEAR A HARE",  # what was read
    "HEAR A HARE HERE 347",
}
"""What may be the same in German: words of both languages, names, and text that is there to be changed."""
GRADIO = {
    "Capture from camera",
    "Gradio footer navigation",
    "Paste from clipboard",
    "Remove Image",
    "Reset to default value",
    "Upload file",
    "Use via API or MCP",
    "processing |",
}
"""What gradio's own buttons are called in every language."""

VISIBLE = """() => {
  const said = [];
  const seen = (e) => e && e.checkVisibility({ visibilityProperty: true });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (seen(e) && !e.closest("script, style, template, noscript")) said.push(walker.currentNode.data);
  }
  const spoken = ["aria-label", "title", "placeholder", "alt"];
  for (const e of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
    if (seen(e)) said.push(...spoken.map((name) => e.getAttribute(name)));
  for (const e of document.querySelectorAll("textarea, input[type=text]")) if (seen(e)) said.push(e.value);
  return said.filter(Boolean).map((text) => text.replace(/\\s+/g, " ").trim()).filter((text) => /[a-z]{3}/i.test(text));
}"""
"""All that can be read or is spoken on the page as it is."""


def said_on_every_tab(page: Page) -> set[str]:
    said: set[str] = set()
    for number in range(6):
        open_tab(page, number)
        if number == 0:
            draw(page, "R")
            expect(answer(page)).to_be_visible()
        if number == 1:
            page.locator("button[name='page.png']").locator("visible=true").click()
            expect(page.locator(".page-box:visible").first).to_be_visible()
        expect(page.get_by_text("processing").locator("visible=true")).to_have_count(0)  # gradio's, while it waits
        said |= set(page.evaluate(VISIBLE))
    return said


def test_nothing_on_a_tab_stays_english(visitors: Visitors, page_url: str) -> None:
    said = {}
    for locale in ("en-US", "de-DE"):
        with visitors.visit(page_url, locale=locale) as page:
            said[locale] = said_on_every_tab(page)
    font_titles = {font.title for font in fonts().values()}
    assert len(said["en-US"]) > 60
    assert said["en-US"] & said["de-DE"] - SAME - GRADIO - font_titles == set()


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "fr-FR"])
def test_all_tabs_are_in_sight_on_a_phone(visitors: Visitors, page_url: str, locale: str) -> None:
    with visitors.visit(page_url, locale=locale, viewport={"width": 390, "height": 844}) as page:
        expect(page.get_by_role("tab")).to_have_count(6)
        for number in range(6):
            open_tab(page, number)
            for width in (320, 360, 390):
                page.set_viewport_size({"width": width, "height": 844})
                settle(page)
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"the page scrolls sideways: {wide} pixels on {width}"
        for width in (320, 360, 390):
            page.set_viewport_size({"width": width, "height": 844})
            for tab in page.get_by_role("tab").all():
                expect(tab).to_be_in_viewport(ratio=1)
                assert tab.evaluate("(it) => it.scrollWidth <= it.clientWidth"), f"a name that is cut short on {width}"
            first = page.locator("footer").inner_text().strip()[0]
            assert first.isalpha(), "the dot between two links, without the first"
