"""What was read becomes the value that a field's type asks for, and what is wrong with it is said."""

from __future__ import annotations

import pytest

from emnist_hf.forms import values
from emnist_hf.forms.template_fields import TemplateField
from emnist_hf.forms.values import doubt_of, value_of
from emnist_hf.reading.results import Character, Choice


def read(text: str, sure: float = 0.99, **other: str) -> list[Character]:
    """Characters of a text; other: what a character may be as well, nearly as likely."""
    found, word = [], 0
    for i, label in enumerate(text):
        if label == " ":
            word += 1
            continue
        choices = [Choice(label, sure), *(Choice(c, 0.9 * (1 - sure)) for c in other.get(f"at{i}", ""))]
        found.append(Character(label, sure, (10 * i, 0, 10 * i + 9, 9), 0, word, tuple(choices)))
    return found


def field(kind: str, **more: object) -> TemplateField:
    return TemplateField("it", (0, 0, 100, 20), kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("14031987", "%d%m%Y", "14031987"),
        ("14031987", "%d.%m.%Y", "14.03.1987"),
        ("3.4.1987", "%d.%m.%Y", "03.04.1987"),
        ("29022024", "%d%m%Y", "29022024"),
        ("31 12 99", "%d%m%y", "311299"),
        ("12/31/1999", "%m/%d/%Y", "12/31/1999"),
    ],
)
def test_a_date_that_exists(text: str, pattern: str, value: str) -> None:
    found = value_of(field("date", pattern=pattern), read(text))
    assert found[0] == value and found[1] > 0.9 and not found[2]


@pytest.mark.parametrize("text", ["31021975", "29022023", "00011990", "1403198", "140319877", "2"])
def test_a_day_that_is_none_is_said_so_and_not_bent(text: str) -> None:
    assert value_of(field("date", pattern="%d%m%Y"), read(text)) == (
        text,
        pytest.approx(0.99 ** len(text)),
        values.NO_DATE,
    )


def test_what_can_be_no_date_is_read_as_what_is_as_likely() -> None:
    value, score, doubt = value_of(field("date", pattern="%d%m%Y"), read("74031987", 0.6, at0="1"))
    assert value == "14031987" and score < 0.9 and not doubt


@pytest.mark.parametrize(
    ("text", "doubt"),
    [("-5", ""), ("12,50", ""), ("+3", ""), ("1 2", ""), ("1-2", values.NO_NUMBER), ("-", values.NO_NUMBER)],
)
def test_a_number(text: str, doubt: str) -> None:
    value, _, said = value_of(field("number"), read(text))
    assert value == text.replace(" ", "") and said == doubt


def test_a_choice_is_one_of_its_list_whatever_its_case() -> None:
    colours = field("choice", choices=("red", "dark green", "blue"))
    assert value_of(colours, read("RED"))[0] == "red"
    assert value_of(colours, read("dark greem", 0.7, at9="n"))[0] == "dark green"
    value, _, doubt = value_of(colours, read("violet"))
    assert value == "violet" and doubt == values.NO_CHOICE
    letters = field("choice", choices=("A", "B"))
    value, score, doubt = value_of(letters, read("A"))
    assert value == "A" and score > values.REVIEW and not doubt
    assert value_of(letters, read("8", 0.6, at0="B"))[0] == "B"
    assert value_of(letters, read("C"))[2] == values.NO_CHOICE


def test_a_list_of_words_corrects_a_text() -> None:
    town = field("uppercase", lexicon=("BONN", "Bad Tölz", "ULM"))
    assert value_of(town, read("B0NN", 0.8, at1="O"))[0] == "BONN"
    assert value_of(town, read("PARIS"))[0] == "PARIS"


def test_what_is_required_is_there() -> None:
    assert value_of(field("text", required=True), []) == ("", 1.0, values.EMPTY)
    assert value_of(field("text"), []) == ("", 1.0, "")
    assert doubt_of(("a", 0.2, "")) == values.UNSURE and not doubt_of(("a", 0.99, ""))
