"""What was read as lines of words, each with its box and score: what hOCR, ALTO and PDF are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from emnist_hf.reading.results import Box, Character, Reading


@dataclass(frozen=True)
class Word:
    """Characters that stand together."""

    characters: tuple[Character, ...]

    @property
    def text(self) -> str:
        """What can stand in XML: control characters are left out."""
        return "".join(printable(c.label) for c in self.characters)

    @property
    def box(self) -> Box:
        """What all its characters lie in, in the picture's pixels."""
        return around([c.box for c in self.characters])

    @property
    def score(self) -> float:
        """The probability that its least certain character is right."""
        return min(c.score for c in self.characters)


def words_of(reading: Reading) -> list[list[Word]]:
    """Return the words of each line, in reading order."""
    return [
        [Word(tuple(word)) for _, word in groupby(line, key=lambda c: c.word)]
        for _, line in groupby(reading.characters, key=lambda c: c.line)
    ]


def around(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that all of the boxes, at least one, lie in."""
    left, top, right, bottom = zip(*boxes)
    return min(left), min(top), max(right), max(bottom)


def printable(text: str) -> str:
    """Return a text without the characters that XML 1.0 (2.2) cannot hold, and on a single line."""
    return "".join(c if c.isprintable() else " " for c in text if c.isprintable() or c.isspace())
