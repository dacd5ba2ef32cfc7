"""What stands in the boxes of a form, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emnist_hf.reading.results import Box, Character


@dataclass(frozen=True)
class Line:
    """Characters that stand together, one word or some, and their box in the picture's pixels."""

    box: Box
    characters: list[Character]


def around(boxes: Sequence[Box]) -> Box:
    """Return the box around boxes."""
    lefts, tops, rights, bottoms = zip(*boxes)
    return min(lefts), min(tops), max(rights), max(bottoms)


def in_order(lines: list[Line]) -> tuple[Character, ...]:
    """Return characters in reading order: what stands beside each other is one line, each of it a word or some."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3]) / 2):
        if rows and (line.box[1] + line.box[3]) / 2 < rows[-1][-1].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    found = []
    for number, row in enumerate(rows):
        first = 0
        for line in sorted(row, key=lambda line: line.box[0]):
            start = line.characters[0].word
            for c in line.characters:
                found.append(Character(c.label, c.score, c.box, number, first + c.word - start, c.alternatives))
            first = found[-1].word + 1
    return tuple(found)
