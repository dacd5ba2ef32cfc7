"""The characters on a sheet that somebody wrote for a font: found, labelled, and cut out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.glyph import to_glyph
from emnist_hf.ink import Ink, to_ink
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.fonts import StylingError
from emnist_hf.styling.hand import Box, Hand, estimate_hand, read_parts
from emnist_hf.styling.hand_font import Sample
from emnist_hf.widths import Floats

MOST_CHARACTERS = 600
SKIP = "-"
"""In corrected labels: leave this one out."""


class Reader(Protocol):
    """What reads the characters: a `Recognizer`."""

    @property
    def labels(self) -> Any: ...
    def predict_proba(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]: ...


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
    """A sheet's ink, and what stands on it in reading order."""

    ink: Ink
    characters: Sequence[SheetCharacter]

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
        return estimate_hand(self.ink, [character for character in self.characters if character.label != SKIP])


def read_sheet(image: Any, reader: Reader) -> Sheet:
    """Find and label the characters of a sheet, written in any order and apart from each other.

    image: anything `to_ink` takes. A reader that reads pages (`Recognizer.read`) finds them; for others, marks that lie
    over each other are a character. Raises `PictureError` and `NoInkError` as `to_ink` does, `StylingError` for more
    than 600 characters.
    """
    ink = to_ink(image)
    read = getattr(reader, "read", None)
    if read is not None:
        found = [SheetCharacter(c.label, c.score, tuple(c.box), c.line, c.word) for c in read(image).characters]
    else:
        found = _label(ink, _find(ink), reader)
    if len(found) > MOST_CHARACTERS:
        raise StylingError(f"This sheet has {len(found)} characters, more than {MOST_CHARACTERS}: give it in parts.")
    return Sheet(ink, found)


def read_sheets(images: Sequence[Any], reader: Reader, labels: str | None = None) -> list[Sheet]:
    """`read_sheet` of several sheets; `labels` are those of all of them, in order. Raises as it and `relabelled` do."""
    sheets = [read_sheet(image, reader) for image in images]
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


def _label(ink: Ink, places: Sequence[tuple[Box, int]], reader: Reader) -> list[SheetCharacter]:
    blank = [SheetCharacter("", 0.0, box, line, number) for number, (box, line) in enumerate(places)]
    cut = _cut(ink, blank)
    if not cut:
        return []
    scores = reader.predict_proba(np.stack([to_glyph(picture) for _, picture in cut]))
    best = scores.argmax(axis=1)
    return [
        replace(character, label=str(reader.labels[int(label)]), score=float(score[label]))
        for (character, _), label, score in zip(cut, best, scores)
    ]


def _cut(ink: Ink, characters: Sequence[SheetCharacter]) -> list[tuple[SheetCharacter, Floats]]:
    """Characters with their ink, cropped to it; those without are left out."""
    numbered = [replace(character, word=number) for number, character in enumerate(characters)]
    return [(characters[part.word], _cropped(part.ink)) for part in read_parts(ink, numbered)]


def _find(ink: Ink) -> list[tuple[Box, int]]:
    """Boxes of characters, in pixels of the picture, and their lines, in reading order."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((ink.coverage > 0.5).astype(np.uint8), connectivity=8)
    boxes = [(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, _ in stats[1:].tolist()]
    usual = float(np.percentile([max(box[2] - box[0], box[3] - box[1]) for box in boxes], 75)) if boxes else 1.0
    boxes = [box for box in boxes if max(box[2] - box[0], box[3] - box[1]) > 0.08 * usual]
    merged = _merged(boxes, usual)
    merged = [box for box in merged if box[3] - box[1] > 0.25 * usual]
    lines: list[list[Box]] = []
    for box in sorted(merged, key=lambda box: box[1] + box[3]):
        middle = (box[1] + box[3]) / 2
        line = next((line for line in lines if _reach(line)[0] <= middle <= _reach(line)[1]), None)
        if line is None:
            lines.append([box])
        else:
            line.append(box)
    scale = 1 / ink.scale
    return [
        ((box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale), number)
        for number, line in enumerate(lines)
        for box in sorted(line)
    ]


def _reach(line: Sequence[Box]) -> tuple[float, float]:
    return float(np.median([box[1] for box in line])), float(np.median([box[3] for box in line]))


def _merged(boxes: Sequence[Box], usual: float) -> list[Box]:
    """Boxes that belong to one character joined: those that overlap, and small ones over or under another."""
    todo, done = list(boxes), []
    while todo:
        box = todo.pop()
        partner = next((other for other in todo if _belong(box, other, usual)), None)
        if partner is None:
            done.append(box)
            continue
        todo.remove(partner)
        pairs = zip(box, partner)
        left, top, right, bottom = (pick(pair) for pick, pair in zip((min, min, max, max), pairs))
        todo.append((left, top, right, bottom))
    return done


def _belong(one: Box, other: Box, usual: float) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    narrower = max(min(one[2] - one[0], other[2] - other[0]), 1.0)
    lower = max(min(one[3] - one[1], other[3] - other[1]), 1.0)
    if across > 0.3 * narrower and down > 0.3 * lower:
        return True
    is_small = lower < 0.35 * usual
    return is_small and across > -0.1 * usual + 0.4 * min(narrower, 0.25 * usual) and down > -0.45 * usual


def _cropped(ink: Floats) -> Floats:
    rows, columns = np.flatnonzero((ink > 0.25).any(axis=1)), np.flatnonzero((ink > 0.25).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
