"""The page in German and French, as the browser asks for."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import answer, draw, message
from tests.browser.conftest import visit


@pytest.mark.parametrize(
    ("locale", "tab", "prompt", "undo", "said"),
    [
        ("de-DE", "Zeichnen", "Zeichnen Sie auf das Blatt", "Zurück", "Das sieht nach 7 aus"),
        ("fr-FR", "Dessiner", "Dessinez sur la feuille", "Annuler", "Cela ressemble à 7"),
    ],
)
def test_the_page_speaks_the_visitors_language(
    browser: Browser, page_url: str, locale: str, tab: str, prompt: str, undo: str, said: str
) -> None:
    for page in visit(browser, page_url, locale=locale, viewport={"width": 1280, "height": 900}):
        expect(page.get_by_role("tab", name=tab)).to_be_visible()
        expect(message(page)).to_contain_text(prompt)
        expect(page.get_by_role("button", name=undo)).to_be_disabled()
        draw(page, "7")
        expect(answer(page)).to_have_text("7")
        expect(message(page)).to_contain_text(said)
        assert not re.search("__i18n__", page.locator("body").inner_text())
