"""The characters on a sheet that somebody wrote for a font: their labels, to be corrected, and what is cut out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import Ink
from emnist_hf.ink.geometry import upright_box
from emnist_hf.ink.types import Floats
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.hand_font import Sample
from emnist_hf.styling.measuring import cropped, estimate_hand, level_parts, read_parts
from emnist_hf.styling.neighbours import WrittenPair, cell_pairs, text_pairs
from emnist_hf.styling.outline import Box
from emnist_hf.styling.sheet_layout import SHEET_SIGNS

SKIP = "-"
"""In corrected labels: leave this one out."""

KNOWN = CHARACTERS + SHEET_SIGNS
"""What corrected labels may say."""


@dataclass(frozen=True)
class SheetCharacter:
    """A character on a sheet. box: left, top, right, bottom, in pixels; line, word: as `ReadCharacter`.

    looks: what its shape is rather, where that is surely not its label; else nothing. legible: how well its shape suits
    its label, 0 to 1: of several samples, those that others can read go first.
    """

    label: str
    score: float
    box: Box
    line: int
    word: int
    looks: str = ""
    legible: float = 1.0

    @property
    def goodness(self) -> float:
        """How good a sample of its label it is, 0 to 1: what is sure stays above a half, however hard to read."""
        return self.score * (0.6 + 0.4 * self.legible)


@dataclass(frozen=True)
class Sheet:
    """A sheet's ink, and what stands on it in reading order, upright both.

    turns: quarter turns counterclockwise that the picture was given for it. pairs: two letters, as the writer sets
    them. notices: what to look at. to_picture: float64 [3, 3], from the places of our own sheet, laid flat, to those of
    the picture; None for any other. is_text: it was read as words, in no order.
    """

    ink: Ink
    characters: Sequence[SheetCharacter]
    turns: int = 0
    pairs: Sequence[SheetCharacter] = ()
    notices: Sequence[str] = ()
    to_picture: NDArray[np.float64] | None = None
    is_text: bool = False

    @property
    def is_flat(self) -> bool:
        """Whether it is our own."""
        return self.to_picture is not None

    @property
    def labels(self) -> str:
        """Labels in reading order, lines as on the sheet."""
        lines: dict[int, str] = {}
        for character in self.characters:
            lines[character.line] = lines.get(character.line, "") + character.label
        return "\n".join(lines.values())

    def relabelled(self, labels: str) -> Sheet:
        """Return the sheet with corrected labels: as many characters as there are on it, white space aside.

        Raise `StylingError` if there are more or fewer, or one is no character that fonts are made of nor "-", which
        leaves a character out.
        """
        given = _one_each(labels, len(self.characters))
        strange = next((label for label in given if label not in KNOWN and label != SKIP), None)
        if strange is not None:
            label = repr(strange)
            raise StylingError("{label} is none of the characters 0-9, A-Z and a-z: correct the labels.", label=label)
        changed = (
            # What was misread is the last to choose of several samples.
            character if character.label == label else replace(character, label=label, score=0.0, looks="")
            for character, label in zip(self.characters, given)
        )
        return replace(self, characters=list(changed))

    def corrected(self, place: int, label: str) -> Sheet:
        """Return the sheet with one label as its writer says it is; nothing is in doubt about it any more."""
        characters = list(self.characters)
        characters[place] = replace(characters[place], label=label, score=1.0, looks="", legible=1.0)
        return replace(self, characters=characters)

    def samples(self, source: str = "") -> list[Sample]:
        """Return every character cut out, but for those to leave out. source: what the sheet is called in reports."""
        kept = [character for character in self.characters if character.label != SKIP]
        return [
            Sample(character.label, picture, character.goodness, character.looks, self.place(character.box), source)
            for character, picture in _cut(self.ink, kept)
        ]

    def neighbours(self) -> list[WrittenPair]:
        """Return pairs of letters as the writer sets them: those of our own sheet, or of a text's words."""
        written = self.pairs if self.is_flat else self.characters if self.is_text else []
        if not written:
            return []
        hand = self.hand()
        set_as = cell_pairs if self.is_flat else text_pairs
        return set_as(self.ink, written, hand.slant, hand.x_height)

    def place(self, box: Box) -> Box:
        """Return where a box of the sheet is in the picture that was given, in its pixels."""
        if self.to_picture is not None:
            left, top, right, bottom = box
            corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
            there = cv2.perspectiveTransform(corners, self.to_picture)[0]
            return (*there.min(axis=0).tolist(), *there.max(axis=0).tolist())
        height, width = (round(side / self.ink.scale) for side in self.ink.coverage.shape)
        sides: Any = tuple(round(side) for side in box)
        return upright_box(sides, (width, height), (4 - self.turns) % 4)

    def hand(self) -> Hand:
        """Measure the hand on the sheet, but for its spacing: characters stand as far apart as the sheet's cells."""
        written = [character for character in self.characters if character.label in CHARACTERS]
        return replace(estimate_hand(self.ink, written), spacing=None)


def relabel(sheets: Sequence[Sheet], labels: str) -> list[Sheet]:
    """Return sheets with corrected labels, those of all of them in order. Raise `StylingError` as `relabelled` does."""
    ends = list(itertools.accumulate(len(sheet.characters) for sheet in sheets))
    given = _one_each(labels, ends[-1])
    return [sheet.relabelled(given[start:end]) for sheet, start, end in zip(sheets, [0, *ends], ends)]


def _one_each(labels: str, count: int) -> str:
    """Return labels without white space; raise `StylingError` unless there are as many as characters."""
    given = "".join(labels.split())
    if len(given) != count:
        raise StylingError(
            "There are {given} labels for the {count} characters on the sheet: "
            "give one for each, and - for one to leave out.",
            given=len(given),
            count=count,
        )
    return given


def hand_of(sheets: Sequence[Sheet]) -> Hand:
    """Return the hand on several sheets: as the one with most letters has it."""
    return max(sheets, key=lambda sheet: sum(c.label in LETTERFORMS for c in sheet.characters)).hand()


def _cut(ink: Ink, characters: Sequence[SheetCharacter]) -> list[tuple[SheetCharacter, Floats]]:
    """Return characters with their ink, put level and cropped to it, soft edges and all; without ink, left out."""
    edge = 2 / ink.scale
    numbered = [
        replace(c, word=number, box=(c.box[0] - edge, c.box[1] - edge, c.box[2] + edge, c.box[3] + edge))
        for number, c in enumerate(characters)
    ]
    parts = level_parts(read_parts(ink, numbered))
    return [(characters[part.word], cropped(part.ink, 0.1)[0]) for part in parts]
