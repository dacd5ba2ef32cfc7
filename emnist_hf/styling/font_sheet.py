"""The characters on a sheet that somebody wrote for a font: found, labelled, and cut out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from emnist_hf.errors import named
from emnist_hf.ink import Ink, to_ink
from emnist_hf.ink.geometry import upright_ink
from emnist_hf.ink.types import Floats
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.baselines import Box
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.hand_font import Sample
from emnist_hf.styling.measuring import Reader, estimate_hand, level_parts, read_parts

MOST_CHARACTERS = 600


SKIP = "-"
"""In corrected labels: leave this one out."""


@dataclass(frozen=True)
class SheetCharacter:
    """A character on a sheet. box: left, top, right, bottom, in pixels; line, word: as `ReadCharacter`."""

    label: str
    score: float
    box: Box
    line: int
    word: int


@dataclass(frozen=True)
class Sheet:
    """A sheet's ink, and what stands on it in reading order, upright both.

    turns: quarter turns counterclockwise that the picture was given for it.
    """

    ink: Ink
    characters: Sequence[SheetCharacter]
    turns: int = 0

    @property
    def labels(self) -> str:
        """Labels in reading order, lines as on the sheet."""
        lines: dict[int, str] = {}
        for character in self.characters:
            lines[character.line] = lines.get(character.line, "") + character.label
        return "\n".join(lines.values())

    def relabelled(self, labels: str) -> Sheet:
        """With the labels that somebody corrected: as many characters as there are on the sheet, white space aside.

        Raises `StylingError` if there are more or fewer, or one is none of the 62 characters nor "-", which leaves a
        character out.
        """
        given = "".join(labels.split())
        if len(given) != len(self.characters):
            raise StylingError(
                f"There are {len(given)} labels for the {len(self.characters)} characters on the sheet: "
                f"give one for each, and {SKIP} for one to leave out."
            )
        strange = next((label for label in given if label not in CHARACTERS and label != SKIP), None)
        if strange is not None:
            raise StylingError(f"{strange!r} is none of the characters 0-9, A-Z and a-z: correct the labels.")
        changed = (
            # What was misread is the last to choose of several samples.
            character if character.label == label else replace(character, label=label, score=0.0)
            for character, label in zip(self.characters, given)
        )
        return replace(self, characters=list(changed))

    def samples(self) -> list[Sample]:
        """Every character cut out, but for those to leave out."""
        kept = [character for character in self.characters if character.label != SKIP]
        return [Sample(character.label, picture, character.score) for character, picture in _cut(self.ink, kept)]

    def hand(self) -> Hand:
        """The hand on the sheet, without its spacing: on a sheet characters stand as far apart as its cells do."""
        written = [character for character in self.characters if character.label != SKIP]
        return replace(estimate_hand(self.ink, written), spacing=None)


def read_sheet(image: Any, reader: Reader) -> Sheet:
    """Find and label the characters of a sheet, written in any order and apart from each other.

    image: anything `to_ink` takes. Raises `PictureError` and `NoInkError` as `to_ink` does, `StylingError` for more
    than 600 characters.
    """
    ink = to_ink(image)
    reading = reader.read(image, ink=ink)
    found = [SheetCharacter(c.label, c.score, tuple(c.box), c.line, c.word) for c in reading.upright().characters]
    if len(found) > MOST_CHARACTERS:
        raise StylingError(f"This sheet has {len(found)} characters, more than {MOST_CHARACTERS}: give it in parts.")
    return Sheet(upright_ink(ink, reading.turns), found, reading.turns)


def read_sheets(images: Sequence[Any], reader: Reader, labels: str | None = None) -> list[Sheet]:
    """`read_sheet` of several sheets; `labels` are those of all of them, in order.

    Raises as it and `relabelled` do, and names the file that it is about.
    """
    sheets = []
    for image in images:
        with named(image):
            sheets.append(read_sheet(image, reader))
    if labels is None:
        return sheets
    given = "".join(labels.split())
    ends = list(itertools.accumulate(len(sheet.characters) for sheet in sheets))
    if len(sheets) > 1 and len(given) != ends[-1]:
        raise StylingError(
            f"There are {len(given)} labels for the {ends[-1]} characters on the sheets: give one for each."
        )
    starts = [0, *ends[:-1]]
    return [
        sheet.relabelled(given[start:end] if len(sheets) > 1 else given)
        for sheet, start, end in zip(sheets, starts, ends)
    ]


def _cut(ink: Ink, characters: Sequence[SheetCharacter]) -> list[tuple[SheetCharacter, Floats]]:
    """Characters with their ink, put level and cropped to it; those without are left out."""
    numbered = [replace(character, word=number) for number, character in enumerate(characters)]
    return [(characters[part.word], _cropped(part.ink)) for part in level_parts(read_parts(ink, numbered))]


def _cropped(ink: Floats) -> Floats:
    rows, columns = np.flatnonzero((ink > 0.25).any(axis=1)), np.flatnonzero((ink > 0.25).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
