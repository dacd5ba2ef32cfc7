"""What a template says of a form: its pages as they are blank, and where which field is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from emnist_hf.errors import EmnistError
from emnist_hf.ink.types import Bytes
from emnist_hf.reading.results import Box

TYPES = {
    "text": "letters, digits and signs, as they come",
    "digits": "the digits 0 to 9",
    "uppercase": "the capitals A to Z",
    "number": "a number, with its sign and its decimals",
    "date": 'a date; needs a pattern, such as pattern: "%d%m%Y" or "%d.%m.%Y"',
    "choice": "one of a list; needs it, such as choices: [red, green]",
    "checkbox": "a cross or a tick: true or false",
}
"""What a field may hold, and what that is."""

TAKEN = ("file", "page", "doubtful", "error")
"""Columns of the table of forms that no field may be called."""

SCORE = ".score"
"""What follows a field's name in the column of its score."""


class TemplateError(EmnistError):
    """A template that cannot be used, or a picture that is not the form of its template."""


@dataclass(frozen=True)
class TemplateField:
    """A field of a form.

    box: left, top, right, bottom in pixels of its page. type: of `TYPES`. cells: the boxes of single characters, from
    left to right; () where it is written freely. page: from 1. pattern: of a date, as `datetime.strptime` takes it.
    choices: all that it may hold. lexicon: words that it is likely to hold.
    """

    name: str
    box: Box
    type: str = "text"
    cells: tuple[Box, ...] = ()
    page: int = 1
    required: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()
    lexicon: tuple[str, ...] = ()


@dataclass(frozen=True)
class BlankPage:
    """A page as it is blank: its width and height, and its picture, grey uint8 [H, W], of as many pixels or fewer."""

    size: tuple[int, int]
    picture: Bytes


def even_cells(box: Box, count: int) -> tuple[Box, ...]:
    """Return the boxes of so many cells of one width that fill a box from left to right."""
    left, top, right, bottom = box
    edges = [round(left + (right - left) * i / count) for i in range(count + 1)]
    return tuple((a, top, b, bottom) for a, b in pairwise(edges))
