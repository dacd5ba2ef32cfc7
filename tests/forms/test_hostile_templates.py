"""Templates, PDFs and pictures of strangers: refused in a sentence that names the line, the file or the form."""

from __future__ import annotations

import builtins
import io
import re
import time
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.errors import EmnistError
from emnist_hf.forms import Template, pdf
from emnist_hf.forms.pages import count_pages, open_page, open_pages
from emnist_hf.forms.template_fields import TemplateError
from emnist_hf.forms.template_file import read_template
from emnist_hf.ink import PictureError
from emnist_hf.reading.lexicon import Lexicon, LexiconError
from tests.support import hostile
from tests.support.forms import blank_form, filled_form


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template of a small form, as it is written."""
    path = tmp_path_factory.mktemp("template") / "visit.yaml"
    Template.from_blank(blank_form("registration", 5)).save(path)
    return path.read_text(encoding="utf-8")


def refusal(folder: Path, content: str | bytes) -> str:
    """The one sentence that a template of this content gets."""
    path = folder / "visit.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    begun = time.monotonic()
    with pytest.raises(TemplateError) as raised:
        Template.load(path)
    assert time.monotonic() - begun < 20
    said = str(raised.value)
    assert said.startswith("visit.yaml") and len(said.splitlines()) == 1 and len(said) < 400
    return said


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


Edit = Callable[[str], str]


def instead(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new, 1)


FIRST = "    type: text\n"
EDITS: dict[str, tuple[Edit, str]] = {
    "an unknown type": (instead(FIRST, "    type: numeric\n"), "no type numeric"),
    "an unknown key": (instead(FIRST, FIRST + "    blank: /etc/passwd\n"), "nothing is called blank"),
    "a lexicon in another file": (instead(FIRST, FIRST + "    lexicon: ../x\n"), "no other is opened"),
    "a lexicon at an address": (instead(FIRST, FIRST + "    lexicon: http://127.0.0.1/x\n"), "no other is opened"),
    "a name twice": (instead("name: field_2", "name: field_1"), "another field is called field_1"),
    "a key twice": (instead(FIRST, FIRST + FIRST), "type is there twice"),
    "a box of no size": (lambda text: re.sub(r"box: \[.*\]", "box: [50, 60, 50, 90]", text, count=1), "no size"),
    "a box outside": (
        lambda text: re.sub(r"box: \[.*\]", "box: [50, 60, 5000, 90]", text, count=1),
        "outside of the page",
    ),
    "a box of words": (lambda text: re.sub(r"box: \[.*\]", "box: [a, b, c, d]", text, count=1), "whole number"),
    "a page that is not there": (instead("page: 1", "page: 9"), "no page 9"),
    "no page": (instead("page: 1", "page: 0"), "no page 0"),
    "a date without its pattern": (instead(FIRST, "    type: date\n"), "needs its pattern"),
    "a pattern of nothing": (instead(FIRST, '    type: date\n    pattern: "%Q%q"\n'), "no date's"),
    "a choice without its list": (instead(FIRST, "    type: choice\n"), "needs its choices"),
    "too many cells": (instead("cells: 9", "cells: 100000"), "1 to 200 cells"),
    "a column's name": (instead("name: field_1", "name: doubtful"), "may be called doubtful"),
    "control characters": (instead("name: field_1", 'name: "a\\u0007b"'), "can be printed"),
    "a tag": (instead("name: field_1", "name: !!python/object/apply:os.system [id]"), "tags"),
    "a local tag": (instead("name: field_1", "name: !include x"), "tags"),
    "an anchor": (instead("name: field_1", "name: &a field_1"), "aliases"),
    "a merge": (instead(FIRST, FIRST + "    <<: {}\n"), "nothing is called <<"),
    "broken YAML": (instead(FIRST, FIRST + "    box: [1, 2\n"), "no YAML"),
    "no picture": (lambda text: re.sub(r"    picture: \|\n(      .*\n)+", "", text), "picture is missing"),
    "a picture of text": (
        lambda text: re.sub(r"picture: \|\n(      .*\n)+", "picture: aGVsbG8=\n", text),
        "missing or damaged",
    ),
    "a picture of another shape": (lambda text: re.sub(r"size: \[.*\]", "size: [1240, 1240]", text), "another shape"),
}


@pytest.mark.security(35, 36)
@pytest.mark.parametrize("name", EDITS)
def test_35_36_a_fault_is_refused_by_its_line(text: str, tmp_path: Path, name: str) -> None:
    edit, part = EDITS[name]
    changed = edit(text)
    assert changed != text
    said = refusal(tmp_path, changed)
    assert part in said
    line = int(re.search(r"line (\d+):", said)[1])  # type: ignore[index]
    lines = zip_longest(text.splitlines(), changed.splitlines())
    first = next(i for i, (a, b) in enumerate(lines, start=1) if a != b)
    assert first - 6 <= line <= first + 6


@pytest.mark.security(35)
def test_35_overlapping_boxes_are_refused(text: str, tmp_path: Path) -> None:
    boxes = re.findall(r"    box: \[.*\]\n", text)
    said = refusal(tmp_path, text.replace(boxes[3], boxes[4]))
    assert "the boxes of check_2 and check_1 overlap" in said and f"line {line_of(text, 'name: check_2')}:" in said


@pytest.mark.security(35)
@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("a: &a [x, x, x]\n" + "".join(f"{c}: &{c} [*{b}, *{b}]\n" for b, c in zip("abcdefgh", "bcdefghi")), "aliases"),
        ("fields: " + "[" * 1000 + "]" * 1000, "line 1"),
        ("fields: " + "{a: " * 200_000, "line 1"),
        (b"x" * 100_000_000, "larger than 2 MB"),
        (bytes(range(256)) * 40, "visit.yaml"),
        (b"\xff\xfe\x00\x01", "no text"),
        ("", "is empty"),
        ("just words", "line 1"),
        ("fields: []\npages: []\n", "line 2"),
        ("- 1\n- 2\n", "line 1"),
        ("fields:\n" + "  - {name: a, type: text, box: [0, 0, 9, 9]}\n" * 1001 + "pages: []\n", "at least one page"),
    ],
    ids=["laughs", "deep", "deeper", "large", "bytes", "binary", "empty", "words", "nothing", "list", "many"],
)
def test_35_hostile_yaml_is_refused(tmp_path: Path, content: str | bytes, part: str) -> None:
    assert part in refusal(tmp_path, content)


@pytest.mark.security(35)
def test_35_a_thousand_fields_and_no_more(text: str, tmp_path: Path) -> None:
    head, pages = text[: text.index("fields:")], text[text.index("pages:") :]
    many = "".join(
        f"  - {{name: f{i}, type: digits, box: [{12 * (i % 100)}, {10 * (i // 100)}, {12 * (i % 100) + 10}, "
        f"{10 * (i // 100) + 8}]}}\n"
        for i in range(1001)
    )
    assert "more than 1000" in refusal(tmp_path, f"{head}fields:\n{many}{pages}")
    (tmp_path / "visit.yaml").write_text(f"{head}fields:\n{many.rsplit('  - ', 1)[0]}{pages}")
    assert len(Template.load(tmp_path / "visit.yaml").fields) == 1000


@pytest.mark.security(36)
def test_36_a_template_opens_no_other_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "visit.yaml"
    path.write_text(text)
    opened: list[Any] = []
    real = io.open

    def watched(file: Any, *arguments: Any, **options: Any) -> Any:
        opened.append(file)
        return real(file, *arguments, **options)

    monkeypatch.setattr(builtins, "open", watched)
    monkeypatch.setattr(io, "open", watched)
    Template.load(path)
    assert {str(file) for file in opened} <= {str(path)}


@pytest.mark.security(35)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=strategies.data())
def test_35_whatever_is_changed_it_is_read_or_refused(text: str, data: strategies.DataObject) -> None:
    """Lines taken out, doubled, exchanged for rubbish: there is a template or a sentence, never another error."""
    lines = text.splitlines()
    lines = lines[: next(i for i, line in enumerate(lines) if "picture:" in line) + 1]  # without the picture's
    lines[-1] = "    picture: iVBORw0KGgo="
    for _ in range(data.draw(strategies.integers(0, 4))):
        place = data.draw(strategies.integers(18, len(lines) - 1))
        rubbish = data.draw(
            strategies.text(max_size=12) | strategies.sampled_from(["- x", "[", "{a: b}", "!!x y", "*a"])
        )
        kept = data.draw(strategies.integers(0, len(lines[place])))
        lines[place : place + 1] = [lines[place][:kept] + rubbish] * data.draw(strategies.integers(0, 2))
    with pytest.raises(TemplateError) as raised:
        read_template("\n".join(lines).encode("utf-8", "surrogatepass"), "visit.yaml")
    assert len(str(raised.value).splitlines()) == 1 and len(str(raised.value)) < 600


# --- PDFs ---


def pdf_file(path: Path, pages: int = 1, size: tuple[float, float] = (595, 842), **how: Any) -> Path:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=size)
    document.save(path, **how)
    return path


def pdf_of(path: Path, drawing: bytes) -> Path:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(595, 842))
    page.Contents = document.make_stream(drawing)
    document.save(path)
    return path


def refused(path: Path) -> str:
    begun = time.monotonic()
    with pytest.raises(PictureError) as raised:
        list(open_pages(path))
    assert time.monotonic() - begun < 150
    assert len(str(raised.value).splitlines()) == 1
    return str(raised.value)


@pytest.mark.security(34)
def test_34_a_pdf_gives_its_pages_within_bounds(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "two.pdf", 2)
    assert count_pages(path) == 2 and [page.size for page in open_pages(path)] == [(2480, 3509)] * 2
    large = open_page(pdf_file(tmp_path / "a1.pdf", 1, (1684, 2384)))
    assert 30e6 < large.width * large.height <= 40e6


@pytest.mark.security(34)
def test_34_a_pdf_out_of_bounds_is_refused(tmp_path: Path) -> None:
    locked = pikepdf.Encryption(owner="a", user="b")
    assert "encrypted" in refused(pdf_file(tmp_path / "locked.pdf", encryption=locked))
    assert "10000 pages" in refused(pdf_file(tmp_path / "long.pdf", 10_000))
    document = pikepdf.new()
    document.add_blank_page(page_size=(100, 100))
    document.pages[0].MediaBox = [0, 0, 100_000, 100_000]
    document.save(tmp_path / "wide.pdf")
    assert "larger than paper" in refused(tmp_path / "wide.pdf")
    (tmp_path / "torn.pdf").write_bytes((tmp_path / "long.pdf").read_bytes()[:700])
    assert "damaged" in refused(tmp_path / "torn.pdf")
    (tmp_path / "none.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 99)
    assert "damaged" in refused(tmp_path / "none.pdf")


@pytest.mark.security(34)
def test_34_a_bomb_dies_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of so many lines that drawing it takes minutes, in a second of ours."""
    monkeypatch.setattr(pdf, "SECONDS", 2)
    curve = b"0 0 m 9 900 500 -900 590 800 c S\n"
    assert "longer than" in refused(pdf_of(tmp_path / "bomb.pdf", b"300 w\n" + curve * 400_000))


@pytest.mark.security(34)
def test_34_what_a_pdf_carries_is_left_alone(tmp_path: Path) -> None:
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="while (true) {}")
    document.attachments["x.exe"] = pikepdf.AttachedFileSpec(document, b"MZ" * 1000)
    document.save(tmp_path / "loaded.pdf")
    before = set(tmp_path.iterdir())
    assert open_page(tmp_path / "loaded.pdf").size == (2480, 3509)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.security(3, 34)
def test_34_a_tiff_has_as_many_pages_as_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "many.tif").write_bytes(hostile.frames("TIFF", 1200))
    with pytest.raises(PictureError, match="more than 1000 pages"):
        count_pages(tmp_path / "many.tif")
    (tmp_path / "few.tif").write_bytes(hostile.frames("TIFF", 2))
    assert count_pages(tmp_path / "few.tif") == 3 and len(list(open_pages(tmp_path / "few.tif"))) == 3


# --- what is not the form ---


def strangers() -> Iterator[tuple[str, Any]]:
    picture, _ = filled_form("order", 5, 1)
    form, _ = filled_form("registration", 5, 1)
    yield "paper", np.full((900, 700, 3), 240, np.uint8)
    yield "a photo", hostile.landscape()
    yield "noise", hostile.noise()
    yield "another form", picture
    yield "the same layout with other words", filled_form("registration", 6, 1)[0]
    yield "its upper half", form[: form.shape[0] // 2]
    yield "its lower half", form[form.shape[0] // 2 :]


@pytest.mark.security(40)
def test_40_what_is_not_the_form_gives_no_record(recognizer: Recognizer, text: str, tmp_path: Path) -> None:
    (tmp_path / "visit.yaml").write_text(text)
    template = Template.load(tmp_path / "visit.yaml")
    for name, picture in strangers():
        with pytest.raises(TemplateError, match="form visit") as raised:
            print(name, dict(recognizer.read_form(picture, template)))
        nothing = "nothing on this page" in str(raised.value)
        assert nothing or name not in ("paper", "noise")
        assert not nothing or "form" not in name
        assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(EmnistError):
        recognizer.read_form(b"", template)


# --- lists of words ---


@pytest.mark.security(39)
@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"word\n" * 20_000_000, "larger than 50 MB"),
        (b"x" * 10_000_000, "a line of more than"),
        (bytes(range(256)) * 4000, "text"),
        (b"MZ\0\0" * 4000, "text"),
    ],
    ids=["100 MB", "one line", "binary", "zeros"],
)
def test_39_a_hostile_list_of_words_is_refused_by_name(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    begun = time.process_time()
    with pytest.raises(LexiconError, match=r"words\.txt") as raised:
        Lexicon.load(path)
    assert part in str(raised.value) and time.process_time() - begun < 1


def test_a_page_is_a_picture_again(tmp_path: Path) -> None:
    """A PDF with a form on it is as good a blank as its picture."""
    Image.fromarray(blank_form("registration", 5)).save(tmp_path / "blank.pdf", resolution=150)
    template = Template.from_blank(tmp_path / "blank.pdf")
    assert len(template.fields) == 8 and template.pages[0].size[0] == 2481
    template.save(tmp_path / "blank.yaml")
    assert Template.load(tmp_path / "blank.yaml").fields == template.fields
