"""Copies as offices get them: stretched, curled, faint, photocopied until rules are thick, with print in the cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from emnist_hf import Recognizer
from emnist_hf.data.form_photo import take
from emnist_hf.data.form_sheet import Rule, Sheet
from emnist_hf.forms import Template
from emnist_hf.forms.scans import open_scan, scans_of
from emnist_hf.forms.template_fields import TemplateError
from emnist_hf.forms.values import CUT_OFF
from tests.support.drawn import label_font
from tests.support.hands import font_hand

Picture = NDArray[np.uint8]
TRUE = {"surname": "MARTHA", "born": "25122003", "count": "408", "paid": True}


def sheet(filled: bool, hints: bool = False, title: str = "APPLICATION FOR A STALL") -> Sheet:
    """A form with a row of cells for capitals and one for a date, a box and a checkbox; hints: print in the cells."""
    made = Sheet((1000, 640), font_hand("patrick-hand"), Rule(2, (70, 70, 70)), *map(np.random.default_rng, (2, 3)))
    made.label(title, 50, 60, 34)
    for top, name, count in ((110, "surname", 9), (230, "born", 8)):
        made.label(name.capitalize(), 50, top + 28)
        text = str(TRUE[name]).ljust(count) if filled else " " * count
        made.cells("comb", (260, top), [[c.strip() for c in text]], (60, 60), "")
        if hints and name == "born":
            for place, hint in enumerate("DDMMYYYY"):
                font, at = label_font(18), (290 + 60 * place, 274)
                ImageDraw.Draw(made.print).text(at, hint, (150, 150, 150), font, anchor="mm")
    made.label("Animals", 50, 375)
    made.cells("box", (260, 340), [[str(TRUE["count"]) if filled else ""]], (220, 70), "")
    made.cells("checkbox", (260, 470), [["x" if filled else ""]], (30, 30), "")
    made.label("paid at the gate, receipt given", 310, 485)
    made.label("Return by the first of May to the office in the market hall.", 50, 590, 22)
    return made


def template_of(made: Sheet) -> Template:
    template = Template.from_blank(np.asarray(made.print))
    types = ({"type": "uppercase"}, {"type": "date", "pattern": "%d%m%Y"}, {"type": "digits"}, {})
    fields = (replace(f, name=n, **t) for f, n, t in zip(template.fields, TRUE, types, strict=True))  # type: ignore[arg-type]
    return replace(template, name="stall", fields=tuple(fields))


@pytest.fixture(scope="module")
def template() -> Template:
    return template_of(sheet(False))


def scanned(made: Sheet) -> Picture:
    return take(np.asarray(made.print), made.pen, "scan", np.random.default_rng(5))[0]


def warped(picture: Picture, x_by: float, y_by: float, curl: float) -> Picture:
    """Stretch across and down, each towards its end, and curl the page by so many pixels."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y = y * (1 + y_by * y / height) + curl * np.sin(3 * x / width) * (y / height)
    x = x * (1 + x_by * (x / width - 0.5)) + curl / 2 * np.sin(4 * y / height)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def photocopied(picture: Picture) -> Picture:
    thick = cv2.erode(picture, np.ones((3, 3), np.uint8))
    return np.where(cv2.cvtColor(thick, cv2.COLOR_RGB2GRAY) > 140, 255, 0).astype(np.uint8)


KINDS: dict[str, Callable[[Picture], Picture]] = {
    "stretched": lambda picture: warped(picture, 0.015, -0.012, 0),
    "curled": lambda picture: warped(picture, 0, 0, 12),
    "photocopied": photocopied,
    "faint": lambda picture: (255 - 0.35 * (255.0 - picture)).astype(np.uint8),
    "small and on its side": lambda picture: np.rot90(cv2.resize(picture, None, fx=0.6, fy=0.6)),
}


def right(record: object, names: object = TRUE) -> list[str]:
    return [name for name in names if record[name].value == TRUE[name]]  # type: ignore[index, attr-defined]


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_read_whatever_became_of_it(recognizer: Recognizer, template: Template, kind: str) -> None:
    record = recognizer.read_form(KINDS[kind](scanned(sheet(True))), template)
    assert right(record) == list(TRUE), {name: value.value for name, value in record.items()}


def test_what_is_printed_in_cells_is_no_answer(recognizer: Recognizer) -> None:
    template = template_of(sheet(False, hints=True))
    assert right(recognizer.read_form(scanned(sheet(True, hints=True)), template)) == list(TRUE)
    empty = recognizer.read_form(scanned(sheet(False, hints=True)), template)
    assert {value.value for value in empty.values()} == {"", False}


def test_what_is_cut_off_is_said_and_not_guessed(recognizer: Recognizer, template: Template) -> None:
    """A field beyond the edge is doubtful; where there are many, there is no record."""
    picture = scanned(sheet(True))
    more = [replace(template.fields[3], name=f"more {i}", box=(820, 110 + 60 * i, 850, 140 + 60 * i)) for i in range(5)]
    cut = picture[:, :810]
    record = recognizer.read_form(cut, replace(template, fields=(*template.fields, more[0])))
    assert right(record) == list(TRUE) and record["more 0"].doubt == CUT_OFF and record["more 0"].score == 0
    with pytest.raises(TemplateError, match="only a part of the form stall"):
        recognizer.read_form(cut, replace(template, fields=(*template.fields, *more)))
    with pytest.raises(TemplateError, match="the form stall"):
        recognizer.read_form(picture[: picture.shape[0] // 2], template)


def test_a_form_of_two_pages(recognizer: Recognizer, template: Template, tmp_path: Path) -> None:
    """One file holds whole forms; files of one page follow each other; a page may be missing, or come second."""
    second = sheet(False, title="SECOND PAGE, FOR THE OFFICE ALONE")
    blanks = [Image.fromarray(np.asarray(made.print)) for made in (sheet(False), second)]
    blanks[0].save(tmp_path / "blank.pdf", save_all=True, append_images=blanks[1:], resolution=100)
    both = Template.from_blank(tmp_path / "blank.pdf")
    assert [field.page for field in both.fields] == [1] * 4 + [2] * 4 and len({f.name for f in both.fields}) == 8
    both.save(tmp_path / "both.yaml")
    both = Template.load(tmp_path / "both.yaml")
    pages = [scanned(sheet(True)), scanned(sheet(False, title="SECOND PAGE, FOR THE OFFICE ALONE"))]
    for i, picture in enumerate(pages):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    record = recognizer.read_form([tmp_path / "1.png", tmp_path / "0.png"], both)
    first, last = both.fields[0].name, both.fields[-1].name
    assert record[first].value == TRUE["surname"] and record[first].page == 2
    assert record[last].value is False and record[last].page == 1
    alone = recognizer.read_form(tmp_path / "0.png", both)
    assert alone[first].value == TRUE["surname"] and "page" in alone[last].doubt and alone[last].score == 0
    files = [str(tmp_path / name) for name in ("0.png", "1.png", "blank.pdf")]
    assert scans_of(files, 2) == [((files[0], 1), (files[1], 1)), ((files[2], 1), (files[2], 2))]
    assert scans_of(files, 1) == [((files[0], 1),), ((files[1], 1),), ((files[2], 1),), ((files[2], 2),)]
    assert len(open_scan(scans_of(files, 2)[1])) == 2
