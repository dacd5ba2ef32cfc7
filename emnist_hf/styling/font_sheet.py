"""The characters on a sheet that somebody wrote for a font: found, labelled, and cut out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from emnist_hf.errors import named
from emnist_hf.ink import Ink, to_ink
from emnist_hf.ink.geometry import upright_ink
from emnist_hf.ink.types import Floats
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.hand_font import Sample
from emnist_hf.styling.measuring import Reader, cropped, estimate_hand, level_parts, read_parts
from emnist_hf.styling.outline import Box

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
        """Return the sheet with corrected labels: as many characters as there are on it, white space aside.

        Raise `StylingError` if there are more or fewer, or one is none of the 62 characters nor "-", which leaves a
        character out.
        """
        given = "".join(labels.split())
        if len(given) != len(self.characters):
            raise StylingError(
                "There are {given} labels for the {count} characters on the sheet: "
                "give one for each, and - for one to leave out.",
                given=len(given),
                count=len(self.characters),
            )
        strange = next((label for label in given if label not in CHARACTERS and label != SKIP), None)
        if strange is not None:
            label = repr(strange)
            raise StylingError("{label} is none of the characters 0-9, A-Z and a-z: correct the labels.", label=label)
        changed = (
            # What was misread is the last to choose of several samples.
            character if character.label == label else replace(character, label=label, score=0.0)
            for character, label in zip(self.characters, given)
        )
        return replace(self, characters=list(changed))

    def samples(self) -> list[Sample]:
        """Return every character cut out, but for those to leave out."""
        kept = [character for character in self.characters if character.label != SKIP]
        return [Sample(character.label, picture, character.score) for character, picture in _cut(self.ink, kept)]

    def hand(self) -> Hand:
        """Measure the hand on the sheet, but for its spacing: characters stand as far apart as the sheet's cells."""
        written = [character for character in self.characters if character.label != SKIP]
        return replace(estimate_hand(self.ink, written), spacing=None)


def read_sheet(image: Any, reader: Reader) -> Sheet:
    """Find and label the characters of a sheet, written in any order and apart from each other.

    image: anything `to_ink` takes. Raise `PictureError` and `NoInkError` as `to_ink` does, `StylingError` for more
    than 600 characters.
    """
    ink = to_ink(image)
    reading = reader.read(image, ink=ink)
    found = [SheetCharacter(c.label, c.score, tuple(c.box), c.line, c.word) for c in reading.upright().characters]
    if len(found) > MOST_CHARACTERS:
        raise StylingError(
            "This sheet has {count} characters, more than {most}: give it in parts.",
            count=len(found),
            most=MOST_CHARACTERS,
        )
    return Sheet(upright_ink(ink, reading.turns), found, reading.turns)


def read_sheets(images: Sequence[Any], reader: Reader, labels: str | None = None) -> list[Sheet]:
    """Read several sheets; `labels` are those of all of them, in order.

    Raise as `read_sheet` and `relabelled` do, and name the file that it is about.
    """
    sheets = []
    for image in images:
        with named(image):
            sheets.append(read_sheet(image, reader))
    if labels is None:
        return sheets
    if len(sheets) == 1:
        return [sheets[0].relabelled(labels)]
    given = "".join(labels.split())
    ends = list(itertools.accumulate(len(sheet.characters) for sheet in sheets))
    if len(given) != ends[-1]:
        raise StylingError(
            f"There are {len(given)} labels for the {ends[-1]} characters on the sheets: give one for each."
        )
    return [sheet.relabelled(given[start:end]) for sheet, start, end in zip(sheets, [0, *ends], ends)]


def _cut(ink: Ink, characters: Sequence[SheetCharacter]) -> list[tuple[SheetCharacter, Floats]]:
    """Return characters with their ink, put level and cropped to it; those without are left out."""
    numbered = [replace(character, word=number) for number, character in enumerate(characters)]
    parts = level_parts(read_parts(ink, numbered))
    return [(characters[part.word], cropped(part.ink, 0.25)[0]) for part in parts]
