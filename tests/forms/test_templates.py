"""A template: found on a blank form, kept as YAML that a person edits, and read with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.forms import Template
from tests.support.forms import blank_form, filled_form, typed


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """That of the layout "registration", as it comes back from its file."""
    folder = tmp_path_factory.mktemp("template")
    Image.fromarray(blank_form("registration", 5)).save(folder / "visit.png")
    typed(Template.from_blank(folder / "visit.png"), "registration", 5).save(folder / "visit.yaml")
    return Template.load(folder / "visit.yaml")


def test_a_template_comes_back_from_its_file(template: Template, tmp_path: Path) -> None:
    template.save(tmp_path / "visit.yaml")
    again = Template.load(tmp_path / "visit.yaml")
    assert again.fields == template.fields and again.name == "visit"
    assert [page.size for page in again.pages] == [page.size for page in template.pages]
    assert (again.pages[0].picture == template.pages[0].picture).all()
    text = (tmp_path / "visit.yaml").read_text(encoding="utf-8")
    assert text.startswith("# The template of a form") and "checkbox" in text.split("fields:")[0]


def test_the_fields_of_a_blank_are_where_they_were_drawn(template: Template) -> None:
    _, true = filled_form("registration", 5, 1)
    assert len(template.fields) == len(true)
    for field, (box, _, cells) in zip(template.fields, true):
        assert np.abs(np.array(field.box) - box).max() <= 6
        assert len(field.cells) == (cells if cells > 1 else 0)


@pytest.mark.parametrize(("condition", "turns"), [("scan", 2), ("photo", 1), ("skewed", 0)])
def test_a_filled_form_is_read_however_it_lies(
    recognizer: Recognizer, template: Template, condition: str, turns: int
) -> None:
    picture, true = filled_form("registration", 5, 3, condition)
    record = recognizer.read_form(np.rot90(picture, turns), template)
    assert list(record) == [field.name for field in template.fields]
    right = [record[field.name].value == value for field, (_, value, _) in zip(template.fields, true)]
    assert sum(right) >= len(right) - 1
    assert all(ok or record[field.name].doubt for ok, field in zip(right, template.fields))
    for value in record.values():
        left, top, right_, bottom = value.box
        assert 0 <= left < right_ <= np.rot90(picture, turns).shape[1] and 0 <= top < bottom
        assert 0 <= value.score <= 1


def test_an_empty_form_has_empty_values(recognizer: Recognizer, template: Template) -> None:
    first = replace(template.fields[0], required=True)
    template = replace(template, fields=(first, *template.fields[1:]))
    record = recognizer.read_form(blank_form("registration", 5), template)
    assert {value.value for value in record.values()} == {"", False}
    assert {value.text for value in record.values()} == {"", "false"}
    assert record.doubtful == (first.name,)
