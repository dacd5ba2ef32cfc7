"""Draw the form of docs/forms.md: a blank, and copies of it that hands have filled in, scanned and photographed.

    python -m benchmarks.example_form FOLDER

Writes FOLDER/blank.png, FOLDER/scans/ and FOLDER/visit.yaml, the template as a person edited it. It is drawn by
`emnist_hf.data.form_sheet`, with hand-printed fonts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.hands import HANDS, font_hand
from emnist_hf.data.compose import Hand
from emnist_hf.data.form_photo import take
from emnist_hf.data.form_sheet import Rule, Sheet
from emnist_hf.forms import Template

SIZE = (1240, 900)
VISITS = (
    ("MEYER", "14031987", "3", "ULM", "A", "x", ""),
    ("OKONKWO", "02111990", "12", "BONN", "C", "x", "x"),
    ("VANDAELE", "31021975", "-5", "ULM", "B", "", "x"),  # there is no such day
    ("LI", "25122001", "7", "KIEL", "A", "x", ""),
)
"""Surname, date of birth, number of visitors, town, ticket, paid, newsletter."""

FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "surname", "type": "uppercase", "required": True},
    {"name": "born", "type": "date", "pattern": "%d%m%Y", "required": True},
    {"name": "visitors", "type": "number"},
    {"name": "town", "type": "uppercase", "lexicon": ("BONN", "KIEL", "ULM")},
    {"name": "ticket", "type": "choice", "choices": ("A", "B", "C")},
    {"name": "paid"},
    {"name": "newsletter"},
)
"""What a person made of the fields that were found."""

CONDITIONS = ("scan", "photo", "skewed", "scan")


def draw_form(values: Sequence[str], hand: Hand, seed: int) -> Sheet:
    """Return the form, filled in with values; "" for each leaves it blank."""
    sheet = Sheet(SIZE, hand, Rule(3, (60, 60, 60)), np.random.default_rng(1), np.random.default_rng(seed))
    surname, birth, visitors, town, ticket, paid, newsletter = values
    sheet.label("REGISTRATION OF A VISIT", 60, 70, 36)
    rows = ((surname, 12, "Surname", 150), (birth, 8, "Born (DDMMYYYY)", 260), (ticket, 1, "Ticket: A, B or C", 590))
    for text, count, words, top in rows:
        sheet.label(words, 60, top + 28)
        sheet.cells("comb", (380, top), [list(text.ljust(count))], (56, 56), "uppercase")
    for text, words, top, width in ((visitors, "Visitors", 370, 160), (town, "Town", 480, 420)):
        sheet.label(words, 60, top + 35)
        sheet.cells("box", (380, top), [[text]], (width, 70), "uppercase")
    for text, words, left in ((paid, "paid", 380), (newsletter, "newsletter, please", 580)):
        sheet.cells("checkbox", (left, 700), [[text]], (34, 34), "")
        sheet.label(words, left + 50, 717)
    sheet.label("Please print with a dark pen. Thank you for coming.", 60, 820, 22)
    return sheet


def pictures() -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]]]:
    """Return the blank form, and the filled ones, uint8 [H, W, 3]."""
    hands = [font_hand(name) for name in HANDS]
    blank = np.asarray(draw_form([""] * 7, hands[0], 0).print)
    filled = []
    for i, (values, condition) in enumerate(zip(VISITS, CONDITIONS)):
        sheet = draw_form(values, hands[i % len(hands)], i)
        filled.append(take(np.asarray(sheet.print), sheet.pen, condition, np.random.default_rng(i))[0])
    return blank, filled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write them")
    folder: Path = parser.parse_args().folder
    blank, filled = pictures()
    (folder / "scans").mkdir(parents=True, exist_ok=True)
    Image.fromarray(blank).convert("L").quantize(16).save(folder / "blank.png", optimize=True)
    for number, picture in enumerate(filled, start=1):
        turned = Image.fromarray(picture).rotate(180 if number == 4 else 0)
        turned.save(folder / "scans" / f"{number}.jpg", quality=70)
    template = Template.from_blank(folder / "blank.png")
    fields = tuple(replace(field, **edits) for field, edits in zip(template.fields, FIELDS, strict=True))
    replace(template, fields=fields).save(folder / "visit.yaml")


if __name__ == "__main__":
    main()
