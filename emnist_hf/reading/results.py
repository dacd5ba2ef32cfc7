"""A picture of a page to its text: layout, segmentation, and the evidence of shape, size and company put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emnist_hf.ink.geometry import Box, upright_box, upright_size

SURE = 0.9
"""Score below which a character is in doubt."""


@dataclass(frozen=True)
class Choice:
    """A label and its probability over the charset."""

    label: str
    score: float


@dataclass(frozen=True)
class Character:
    """One character of a page.

    box: left, top, right, bottom in pixels of the picture as it was given (upright), the ends exclusive. line, word:
    counted from 0; words begin anew in each line. alternatives: best first, the label itself among them; of punctuation
    only itself.
    """

    label: str
    score: float
    box: Box
    line: int
    word: int
    alternatives: tuple[Choice, ...] = ()

    @property
    def in_doubt(self) -> bool:
        """Whether it should be looked at: the note, the page's summary and its colours go by this alike."""
        return self.score < SURE


@dataclass(frozen=True)
class Reading:
    """What `Recognizer.read` found.

    text: lines end in a line feed but for the last, words in a space. characters: in reading order, punctuation among
    them. note: a sentence where something is to be said, such as that nothing was found; else empty. size: width and
    height of the picture in pixels. turns: quarter turns counterclockwise after which the picture stands upright; the
    boxes are of the picture as it was given: `upright` turns them.
    """

    text: str
    characters: tuple[Character, ...]
    note: str = ""
    size: tuple[int, int] = field(default=(0, 0))
    turns: int = 0

    def upright(self) -> Reading:
        """The same with boxes and size in the pixels of the picture after its `turns`."""
        if not self.turns:
            return self
        boxes = (upright_box(c.box, self.size, self.turns) for c in self.characters)
        characters = tuple(replace(c, box=box) for c, box in zip(self.characters, boxes))
        return replace(self, characters=characters, size=upright_size(self.size, self.turns), turns=0)


def text_of(characters: Sequence[Character]) -> str:
    """The characters as text: lines end in a line feed, words in a space."""
    lines: list[str] = []
    before: Character | None = None
    for character in characters:
        if before is None or character.line != before.line:
            lines.append("")
        elif character.word != before.word:
            lines[-1] += " "
        lines[-1] += character.label
        before = character
    return "\n".join(lines)


Record = dict[str, Any]


def record_of(file: str, reading: Reading) -> Record:
    """A reading as the command line prints it."""
    characters = [
        {
            "label": c.label,
            "score": round(c.score, 6),
            "box": list(c.box),
            "line": c.line,
            "word": c.word,
            "alternatives": [{"label": a.label, "score": round(a.score, 6)} for a in c.alternatives],
        }
        for c in reading.characters
    ]
    record: Record = {"file": file, "text": reading.text, "characters": characters}
    return record | ({"note": reading.note} if reading.note else {})
