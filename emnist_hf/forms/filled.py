"""A filled form read by its template: each page brought onto its blank, each field read as what it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emnist_hf.forms.characters import alphabet_of, classify, label_of
from emnist_hf.forms.declared import label_as
from emnist_hf.forms.flat_page import FieldInk, FlatPage, around
from emnist_hf.forms.template import Template
from emnist_hf.forms.template_fields import TemplateError, TemplateField
from emnist_hf.forms.values import CUT_OFF, EMPTY, MISSING_PAGE, NOT_FOUND, UNSURE, doubt_of, value_of
from emnist_hf.forms.walls import Part
from emnist_hf.ink import NoInkError
from emnist_hf.ink.extract import ink_of
from emnist_hf.ink.picture import open_reduced
from emnist_hf.ink.shrinking import at_most
from emnist_hf.ink.types import Bytes, Floats
from emnist_hf.reading.results import Character, FormRecord, FormValue
from emnist_hf.reading.scoring import Classifier
from emnist_hf.splits import CHARSETS, LabelSet

ReadLine = Callable[[Floats, LabelSet], list[Character]]
"""The ink of a line, float32 [H, W], level, and the charset to answer in, to its characters."""

GLANCE = 1000
"""Longest side, in pixels, at which it is told whether there is anything on a page."""

PICTURE_SIDE = 3600
"""Longest side, in pixels, to which a picture is reduced before it is laid flat."""

CHARSET_OF = {"digits": "digits", "number": "digits", "uppercase": "uppercase"}
"""The charset of a type; another is read with all characters."""

SIGNS = {"number": "+-.,", "date": ".-/:", "text": None, "choice": None, "uppercase": "-'."}
"""Signs that a field written freely may have besides; None for all."""

NOT_THIS_FORM = "This picture does not show the form {form}: check that it is that form, whole and with its print."
NOTHING = "There is nothing on this page, where the form {form} was expected: leave it out, or scan it again."
CUT = "This picture shows only a part of the form {form}: scan or photograph all of it."
MOST_CUT_OFF = 0.2
"""Share of a form's fields that may lie outside of its picture; the rest is read then."""

SIGN, LEFT_OUT = 0.99, 0.5
"""Score of a sign that was told by its shape, and how much of it one that a field cannot have costs."""

MARK, BLOT = 0.35, 0.6
"""Size of a mark in a checkbox, of its side, and share of it that is inked: a box that was blotted out again."""


def read_filled(pictures: Sequence[Any], template: Template, classifier: Classifier, read_line: ReadLine) -> FormRecord:
    """Read the pages of one filled form, each anything `open_picture` takes, in any order.

    Raises `PictureError` as `open_picture` does, and `TemplateError` where a picture does not show the form.
    """
    flat: dict[int, tuple[FlatPage, int]] = {}
    for place, picture in enumerate(pictures):
        rgb, scale = at_most(*open_reduced(picture, PICTURE_SIDE), PICTURE_SIDE)
        found = template.lay_flat(rgb, scale, [n for n in range(1, len(template.pages) + 1) if n not in flat])
        if found is None:
            raise TemplateError(NOT_THIS_FORM if _has_ink(rgb) else NOTHING, form=template.name)
        flat[found[0]] = found[1], place + 1
    reader = _Reader(classifier, read_line)
    values = {}
    for field in template.fields:
        page, place = flat.get(field.page, (None, 0))
        if page is None:
            values[field.name] = FormValue("", 0.0, (0, 0, 0, 0), (), MISSING_PAGE, 0)
        elif not page.shows(field):
            values[field.name] = FormValue("", 0.0, (0, 0, 0, 0), (), CUT_OFF, 0)
        else:
            values[field.name] = replace(reader.read(field, page), page=place)
    cut_off = sum(value.doubt is CUT_OFF for value in values.values())
    if cut_off > MOST_CUT_OFF * len(values):
        raise TemplateError(CUT, form=template.name)
    return FormRecord(values)


def _has_ink(rgb: Bytes) -> bool:
    try:
        ink_of(at_most(rgb, 1.0, GLANCE)[0])
    except NoInkError:
        return False
    return True


class _Reader:
    """Reads the fields of one form."""

    def __init__(self, classifier: Classifier, read_line: ReadLine) -> None:
        self._classifier, self._read_line = classifier, read_line

    def read(self, field: TemplateField, page: FlatPage) -> FormValue:
        ink = page.ink_of(field)
        corners = page.places(page.window_of(field, ink), ink)
        box, outline = around(corners), tuple((round(x, 1), round(y, 1)) for x, y in corners.tolist())
        if field.type == "checkbox":
            checked, score = _checked(field, ink)
            doubt = EMPTY if field.required and not checked else UNSURE if score < 0.9 else ""
            return FormValue(checked, score, box, (), doubt if ink.found else NOT_FOUND, corners=outline)
        characters, trust = (self._comb(field, ink), 1.0) if field.cells else self._line(field, ink)
        text, score, doubt = value_of(field, characters)
        value = text, score * trust, doubt
        placed = tuple(replace(c, box=around(page.places(c.box, ink))) for c in characters)
        doubt = doubt_of(value) if ink.found else NOT_FOUND
        return FormValue(value[0], value[1], box, placed, doubt, corners=outline)

    def _comb(self, field: TemplateField, ink: FieldInk) -> list[Character]:
        """Read cells of one character each."""
        filled = [(place, parts) for place in range(len(field.cells)) if (parts := ink.parts(place))]
        found = classify([ink.written.picture_of(parts, 0.0)[0] for _, parts in filled], self._classifier)
        charset = _charset_of(field)
        alphabet = alphabet_of(found, CHARSETS["byclass"])
        characters: list[Character] = []
        word, before = 0, -1
        for (place, parts), one in zip(filled, found):
            declared = charset in ("digits", "uppercase")
            label, score, choices = label_as(one, charset) if declared else label_of(one, alphabet)
            sign = _sign(parts, ink.written.quads[place]) if field.type == "number" else ""
            word += before >= 0 and place > before + 1
            before = place
            if sign:
                label, score, choices = sign, SIGN, ()
            characters.append(Character(label, score, _around(parts), 0, word, choices))
        return characters

    def _line(self, field: TemplateField, ink: FieldInk) -> tuple[list[Character], float]:
        """Read what is written freely, and tell how likely it is all: less so where a sign was left out."""
        parts = ink.parts(0)
        if not parts:
            return [], 1.0
        picture, back = ink.written.picture_of(parts, 0.0)
        signs = SIGNS.get(field.type, "")
        found, trust = [], 1.0
        for character in self._read_line(picture, CHARSETS[_charset_of(field)]):
            if signs is not None and not character.label.isalnum() and character.label not in signs:
                trust *= 1 - LEFT_OUT * character.score  # it may be a part of a character, or one
                continue
            (left, top, right, bottom), (x, y) = character.box, back[:, 2]
            box = round(left + x), round(top + y), round(right + x), round(bottom + y)
            found.append(
                Character(character.label, character.score, box, character.line, character.word, character.alternatives)
            )
        return found, trust


def _charset_of(field: TemplateField) -> str:
    if field.type == "date":
        return "byclass" if any(f"%{code}" in field.pattern for code in "aAbBp") else "digits"
    return CHARSET_OF.get(field.type, "byclass")


def _around(parts: Sequence[Part]) -> tuple[int, int, int, int]:
    boxes = np.array([part.box for part in parts])
    low, high = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    return low[0], low[1], high[0], high[1]


def _sign(parts: Sequence[Part], quad: Any) -> str:
    """Return the sign of a number that a cell holds, by its shape and place; "" for a digit."""
    left, top, right, bottom = _around(parts)
    above, below = float(quad[0, 1]), float(quad[3, 1])
    height, width, cell = bottom - top, right - left, below - above
    middle = ((top + bottom) / 2 - above) / cell
    if height < 0.25 * cell and width > 1.5 * height and 0.25 < middle < 0.75:
        return "-"
    if height < 0.4 * cell and width < 0.4 * cell and middle > 0.65:
        return ","
    return ""


def _checked(field: TemplateField, ink: FieldInk) -> tuple[bool, float]:
    """Return whether a checkbox is checked, and the probability of that: by the size of the mark."""
    left, top, right, bottom = (float(v) for v in (*ink.written.quads[0][0], *ink.written.quads[0][2]))
    side = min(right - left, bottom - top)
    parts = ink.written.parts[0]
    if not parts:
        return False, 1.0
    x0, y0, x1, y1 = _around(parts)
    size = max(x1 - x0, y1 - y0) / side
    checked = size > MARK
    chance = 1 / (1 + np.exp(-20 * (size - MARK)))
    blotted = sum(part.area for part in parts) > BLOT * side * side
    return checked, 0.6 if blotted else float(chance if checked else 1 - chance)
