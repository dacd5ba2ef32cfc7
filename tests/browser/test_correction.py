"""A visitor says what a character really was: with consent, one character, and whether or not the Hub is there."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
from playwright.sync_api import Page, expect

from emnist_hf.page.correction import CONSENT, NOTHING, THANKS, consent_text
from emnist_hf.splits import CHARACTERS
from tests.support.chromium import Visitors, answer, draw
from tests.support.server import serve

CORRECTIONS = "user/corrections"


def kept(folder: Path) -> list[tuple[str, str]]:
    """The answer and the correction of each row that waits in a folder."""
    rows = [row for path in folder.rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    return [(row["answer"], CHARACTERS[row["label"]]) for row in rows]


def correct(page: Page, label: str) -> None:
    page.get_by_label("It was").locator("visible=true").fill(label)
    page.get_by_role("button", name="Send the correction").locator("visible=true").click()


def test_a_correction_is_kept_with_consent_though_the_hub_is_down(visitors: Visitors, tmp_path: Path) -> None:
    environment = {
        "EMNIST_HF_FEEDBACK_DATASET": CORRECTIONS,
        "EMNIST_HF_FEEDBACK_FOLDER": str(tmp_path / "waiting"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    with serve(seconds=300, **environment) as url, visitors.visit(url) as page:
        said = page.locator(".correction .message").locator("visible=true")
        page.get_by_role("button", name=re.compile("Wrong")).locator("visible=true").click()
        correct(page, "F")
        expect(said).to_have_text(CONSENT)
        consent = page.get_by_label(consent_text(CORRECTIONS)).locator("visible=true")
        consent.check()
        correct(page, "F")
        expect(said).to_have_text(NOTHING)
        draw(page, "E")
        expect(answer(page)).to_have_text("E")
        correct(page, "é")
        expect(said).to_have_text("Say what it was: one letter or digit.")
        assert kept(tmp_path) == []
        correct(page, "F")
        expect(said).to_have_text(THANKS)
        expect(consent).not_to_be_checked()
        assert kept(tmp_path) == [("E", "F")]
        correct(page, "F")
        expect(said).to_have_text(CONSENT)
    assert kept(tmp_path) == [("E", "F")]
