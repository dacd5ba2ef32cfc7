"""What reading a character or a page gives: every result type, importing nothing heavy.

Two numbers say how sure an answer is, here and in the whole room:

score: the probability, 0 to 1, that the answer is right. A character's is over the charset; a segment's is what the
    classifier says before size and neighbours are known, and counts characters of one shape, as 0 and O, as one.
p_reject: the probability, 0 to 1, that it is no character at all.

Of many, both are means; score less p_reject, -1 to 1, tells the better of two readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emnist_hf.ink import Ink
    from emnist_hf.ink.types import Bytes

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, the ends exclusive."""

Record = dict[str, Any]
"""What is printed as JSON."""

LOW_SCORE = 0.9
"""Score below which a character should be looked at."""


@dataclass(frozen=True)
class Prediction:
    """A label and its probability over the charset that was asked for."""

    label: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What a picture of one character is.

    predictions: best first. glyph: what was read, uint8 [28, 28]. ink: what it came from; None of many pictures at
    once, which would take megabytes each. not_a_character: how likely it is none at all, 0 to 1; None from a checkpoint
    that cannot say. is_character: whether that is below the checkpoint's threshold; True if it cannot say.
    """

    predictions: list[Prediction]
    glyph: Bytes
    ink: Ink | None = None
    not_a_character: float | None = None
    is_character: bool = True


@dataclass(frozen=True)
class Choice:
    """A label and its probability over the charset."""

    label: str
    score: float

    def as_record(self) -> Record:
        return {"label": self.label, "score": round(self.score, 6)}


@dataclass(frozen=True)
class Character:
    """One character of a page.

    box: in pixels of the picture as it was given (upright). line, word: counted from 0; words begin anew in each line.
    alternatives: best first, the label itself among them; of punctuation only itself.
    """

    label: str
    score: float
    box: Box
    line: int
    word: int
    alternatives: tuple[Choice, ...] = ()

    @property
    def has_low_score(self) -> bool:
        """Whether it should be looked at: the note, the page's summary and its colours go by this alike."""
        return self.score < LOW_SCORE

    def as_record(self) -> Record:
        return {
            "label": self.label,
            "score": round(self.score, 6),
            "box": list(self.box),
            "line": self.line,
            "word": self.word,
            "alternatives": [choice.as_record() for choice in self.alternatives],
        }


@dataclass(frozen=True)
class Cell:
    """One cell of a comb: its box, its character ("" where it is empty), the score of that, what else it may be."""

    box: Box
    text: str
    score: float
    alternatives: tuple[Choice, ...] = ()

    def as_record(self) -> Record:
        choices = [choice.as_record() for choice in self.alternatives]
        return {"box": list(self.box), "text": self.text, "score": round(self.score, 6), "alternatives": choices}


@dataclass(frozen=True)
class Field:
    """What is written into a box of a form, or into a row of cells.

    kind: comb (a row of cells, each for one character), box, line (to write on) or checkbox. box: in the picture's
    pixels. text: empty cells are left out. score: the probability that all of it is right. checked: of a checkbox, else
    None. label: the words printed beside it, None where they are not known. cells: of a comb.
    """

    kind: str
    box: Box
    text: str
    score: float
    checked: bool | None = None
    label: str | None = None
    cells: tuple[Cell, ...] = ()

    def as_record(self) -> Record:
        record: Record = {"kind": self.kind, "box": list(self.box), "text": self.text, "score": round(self.score, 6)}
        record |= {"checked": self.checked, "label": self.label}
        return record | {"cells": [cell.as_record() for cell in self.cells]}


@dataclass(frozen=True)
class Table:
    """A grid or a table: its box in the picture's pixels, and the text of each cell, "" where it is empty, by rows.

    cells: the same with box, score and alternatives; one that spans several places is empty in all but the first.
    """

    box: Box
    rows: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[Cell, ...], ...] = ()

    def as_record(self) -> Record:
        return {"box": list(self.box), "rows": [list(row) for row in self.rows]}


@dataclass(frozen=True)
class Reading:
    """What `Recognizer.read` found.

    text: lines end in a line feed but for the last, words in a space. characters: in reading order, punctuation among
    them. note: a sentence where something is to be said, such as that nothing was found; else empty. size: width and
    height of the picture in pixels. turns: quarter turns counterclockwise after which the picture stands upright; the
    boxes are of the picture as it was given: `upright` turns them. fields, tables: what stands in boxes, if it has any.
    doubtful: whether much of it may be wrong. language: whose words it was read with, such as "en"; "" where it was
    read letter by letter.
    """

    text: str
    characters: tuple[Character, ...]
    note: str = ""
    size: tuple[int, int] = (0, 0)
    turns: int = 0
    fields: tuple[Field, ...] = ()
    tables: tuple[Table, ...] = ()
    doubtful: bool = False
    language: str = ""

    @property
    def turned(self) -> int:
        """Degrees counterclockwise by which the picture was turned to be read: 0, 90, 180 or 270."""
        return 90 * self.turns

    def upright(self) -> Reading:
        """Return the same with boxes and size in the pixels of the picture after its `turns`."""
        if not self.turns:
            return self
        from emnist_hf.ink.geometry import upright_box, upright_size

        def moved(part: Any) -> Any:
            return replace(part, box=upright_box(part.box, self.size, self.turns))

        def row_moved(cells: Sequence[Cell]) -> tuple[Cell, ...]:
            return tuple(map(moved, cells))

        characters = tuple(map(moved, self.characters))
        tables = tuple(replace(moved(table), cells=tuple(map(row_moved, table.cells))) for table in self.tables)
        fields = tuple(replace(moved(field), cells=row_moved(field.cells)) for field in self.fields)
        size = upright_size(self.size, self.turns)
        return replace(self, characters=characters, size=size, turns=0, fields=fields, tables=tables)

    def as_record(self) -> Record:
        """Return it as the command line and the HTTP API print it.

        "language", "note", "fields" and "tables" only where it has any.
        """
        record: Record = {"text": self.text, "characters": [c.as_record() for c in self.characters]}
        if self.fields or self.tables:
            record["fields"] = [field.as_record() for field in self.fields]
            record["tables"] = [table.as_record() for table in self.tables]
        record |= {"language": self.language} if self.language else {}
        return record | ({"note": self.note} if self.note else {})


def text_of(characters: Sequence[Character]) -> str:
    """Return the characters as text: lines end in a line feed but for the last, words in a space."""
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


@dataclass(frozen=True)
class FormValue:
    """What was read in a field of a template.

    value: its text, "" where it is empty; of a checkbox whether it is checked. score: the probability that all of it is
    right. box: of the field, in the picture's pixels. characters: what it was read from. doubt: why a person should
    look at it, "" where nobody needs to. page: the place of the picture that it is on, from 1; 0 where there is none.
    corners: x and y of the field's corners in the picture, from the one that is the top left of the form.
    """

    value: str | bool
    score: float
    box: Box
    characters: tuple[Character, ...] = ()
    doubt: str = ""
    page: int = 1
    corners: tuple[tuple[float, float], ...] = ()

    @property
    def text(self) -> str:
        """The value as a table has it: of a checkbox "true" or "false"."""
        return str(self.value).lower() if isinstance(self.value, bool) else self.value

    def as_record(self) -> Record:
        record: Record = {"value": self.value, "score": round(self.score, 6), "box": list(self.box), "page": self.page}
        record["characters"] = [c.as_record() for c in self.characters]
        return record | ({"doubt": self.doubt} if self.doubt else {})


@dataclass(frozen=True)
class FormRecord(Mapping[str, FormValue]):
    """What stands in a filled form: a mapping from the names of the template's fields to their values."""

    values_by_name: Mapping[str, FormValue]

    def __getitem__(self, name: str) -> FormValue:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Names of the fields that a person should look at."""
        return tuple(name for name, value in self.items() if value.doubt)

    def as_record(self) -> Record:
        return {"fields": {name: value.as_record() for name, value in self.items()}, "doubtful": list(self.doubtful)}
