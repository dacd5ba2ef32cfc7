"""The review page of filled forms in a browser: what is doubtful is seen, corrected, and saved as the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from emnist_hf.cli import review
from emnist_hf.cli.form_table import formats
from emnist_hf.forms.template_fields import TemplateField
from emnist_hf.reading.results import FormRecord, FormValue, Record

EVIL = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>]]>&lt;'
FIELDS = [
    TemplateField("name", (0, 0, 90, 9)),
    TemplateField(EVIL[:60], (0, 10, 90, 19)),
    TemplateField("total", (0, 20, 90, 29), "number"),
    TemplateField("paid", (0, 30, 9, 39), "checkbox"),
    TemplateField("colour", (0, 40, 90, 49), "choice", choices=("red", "green", EVIL)),
]
CORNERS = ((10.0, 10.0), (110.0, 10.0), (110.0, 40.0), (10.0, 40.0))


def form_record(values: list[str | bool], doubtful: tuple[int, ...]) -> FormRecord:
    return FormRecord(
        {
            field.name: FormValue(
                value, 0.5, (10, 10, 110, 40), (), "It is hard to read." * (i in doubtful), 1, CORNERS
            )
            for i, (field, value) in enumerate(zip(FIELDS, values))
        }
    )


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[Record]]:
    """A review of two forms and a file that could not be read, and its records."""
    made = review.Review(tmp_path / "review", FIELDS, tmp_path / "visits.xlsx")
    picture = Image.fromarray(np.full((60, 130, 3), 200, np.uint8))
    records: list[Record] = []
    for number, (values, doubtful) in enumerate(
        [(["Ann", EVIL, "-5", True, "red"], (0, 1, 3)), (["=1+1", "b", "7,5", False, "grene"], (0, 4))], start=1
    ):
        record = form_record(values, doubtful)
        made.keep((f"{number} {EVIL}.png", 1), record, [picture])
        records.append({"file": f"{number} {EVIL}.png", "page": 1} | record.as_record())
    records.append({"file": EVIL, "page": 1, "error": f"It is broken: {EVIL}"})
    made.write(records)
    return tmp_path / "review" / "index.html", records


@pytest.fixture
def page(browser: Browser, written: tuple[Path, list[Record]]) -> Iterator[Page]:
    """The page opened from its file; at the end nothing was run, fetched or refused that is not its own."""
    context = browser.new_context()
    page = context.new_page()
    troubles: list[str] = []
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text))
    page.on(
        "request", lambda asked: troubles.extend([] if asked.url.startswith(("file:", "data:", "blob:")) else ["!"])
    )
    page.goto(written[0].as_uri())
    yield page
    context.close()
    assert not troubles


def saved(page: Page, path: Path) -> list[Record]:
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "visits.csv"
    download.value.save_as(path)
    return list(formats(FIELDS)[".csv"].read(path))


@pytest.mark.security(37)
def test_37_the_doubtful_are_shown_and_corrected(
    page: Page, written: tuple[Path, list[Record]], tmp_path: Path
) -> None:
    inputs = page.locator(".field input")
    expect(inputs).to_have_count(5)
    expect(page.locator(".field img")).to_have_count(5)
    assert page.locator(".field img").first.evaluate("it => it.naturalWidth") > 100
    assert inputs.nth(0).input_value() == "Ann" and inputs.nth(1).input_value() == EVIL
    expect(page.locator("h2").first).to_have_text(f"1 {EVIL}.png, page 1")
    expect(page.locator(".errors li")).to_have_text(f"{EVIL}: It is broken: {EVIL}")
    inputs.nth(0).fill("Anna")
    inputs.nth(0).press("Enter")
    expect(inputs.nth(1)).to_be_focused()
    inputs.nth(2).uncheck()
    inputs.nth(4).fill("green")
    inputs.nth(4).blur()
    expect(page.locator("#count")).to_have_text("4 of 5 looked at")
    first, second, broken = saved(page, tmp_path / "saved.csv")
    value = {field.name: first["fields"][field.name]["value"] for field in FIELDS}
    assert value == {"name": "Anna", EVIL[:60]: EVIL, "total": "-5", "paid": False, "colour": "red"}
    assert first["fields"]["name"]["score"] == 1 and "doubt" not in first["fields"]["name"]
    assert second["fields"]["name"] == {"value": "=1+1", "score": 0.5, "doubt": "It is hard to read."}
    assert second["fields"]["colour"]["value"] == "green" and second["fields"]["total"]["value"] == "7,5"
    assert broken == written[1][2]


def test_a_table_that_was_saved_is_gone_on_with(page: Page, tmp_path: Path) -> None:
    inputs = page.locator(".field input")
    inputs.nth(0).fill('Berta, "B"\tC')
    saved(page, tmp_path / "saved.csv")
    page.reload()
    page.locator("#load").set_input_files(tmp_path / "saved.csv")
    expect(inputs.nth(0)).to_have_value('Berta, "B"\tC')
    assert saved(page, tmp_path / "again.csv") == list(formats(FIELDS)[".csv"].read(tmp_path / "saved.csv"))
    (tmp_path / "other.csv").write_text("a,b\r\n1,2\r\n")
    page.locator("#load").set_input_files(tmp_path / "other.csv")
    expect(page.locator("#told")).to_contain_text("not the CSV of these forms")


def test_many_are_split_and_only_the_doubtful_have_crops(
    written: tuple[Path, list[Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "MOST_CROPS", 2)
    made = review.Review(tmp_path / "review", FIELDS, tmp_path / "visits.csv")
    first = made.write(written[1])
    pages = [first, *(first.with_name(f"review-{number}.html") for number in (2, 3))]
    assert [page.read_text("utf-8").count("data:image/jpeg") for page in pages] == [2, 2, 1]
    assert len(list((tmp_path / "review" / "crops").iterdir())) == 5
    assert all(policy in first.read_text("utf-8") for policy in ("default-src 'none'", "img-src data:", "form-action"))
    made.write(written[1][1:2])
    assert [path.name for path in sorted((tmp_path / "review").glob("*.html"))] == ["index.html"]


def test_a_picture_on_its_head_is_shown_upright() -> None:
    picture = Image.new("RGB", (100, 60), "white")
    picture.paste((0, 0, 0), (10, 10, 30, 30))
    value = replace(form_record(["a"], (0,))["name"], corners=tuple((100 - x, 60 - y) for x, y in CORNERS[:4]))
    cut = review._cropped(picture.rotate(180), value)
    assert cut[: cut.shape[0] // 2, : cut.shape[1] // 2].mean() < cut[:, cut.shape[1] // 2 :].mean()
