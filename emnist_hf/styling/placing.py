"""What was read on a page set again in the place of the original, word by word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from emnist_hf.errors import Sentence
from emnist_hf.styling.baselines import ReadCharacter, baseline, check_characters, page_slope, x_height_of
from emnist_hf.styling.errors import StylingError, check_number
from emnist_hf.styling.fonts import Font
from emnist_hf.styling.line import MAX_CHARACTERS, PLAIN, Line, Style, Typesetter, clean
from emnist_hf.styling.outline import around
from emnist_hf.styling.scene import Mark, Scene, SetWord
from emnist_hf.styling.setting import Setting, marks_at, words_at

LARGER = Sentence("The sheet is larger than the page, since letters of this font would have been cut off at its edge.")

_LONGEST = 100_000  # pixels of a side of a page
_NARROWEST, _WIDEST = 0.72, 1.2
"""Factors on a word's width between which it is fitted to its place; a word that needs less becomes smaller."""


@dataclass(frozen=True)
class PageWord:
    """A word of a page, in pixels of its picture. x, y: the middle of its ink, on the baseline.

    width: of its ink, from left to right on the picture. slope: how far its baseline falls, pixels a pixel.
    """

    text: str
    x: float
    y: float
    width: float
    x_height: float
    slope: float


def page_lines(characters: Sequence[ReadCharacter]) -> list[list[PageWord]]:
    """Return lines of words with their places, in reading order.

    A line's baseline is a straight one through the feet of its characters, those of descenders raised by what hangs
    below; its x-height is the median of its characters' heights by those of their letterforms, halfway to the page's.
    """
    slope = page_slope(characters)
    page = float(np.median([x_height_of(c, slope) for c in characters]))
    placed = []
    for _, group in groupby(characters, key=lambda c: c.line):
        line = list(group)
        x_height = math.sqrt(page * float(np.median([x_height_of(c, slope) for c in line])))
        base = baseline(line, slope)
        words = []
        for _, word in groupby(line, key=lambda c: c.word):
            letters = list(word)
            left, _, right, _ = around(c.box for c in letters)
            x, text = (left + right) / 2, "".join(c.label for c in letters)
            words.append(PageWord(text, x, base.at(x), right - left, x_height, base.slope))
        placed.append(words)
    return placed


def set_in_place(
    characters: Sequence[ReadCharacter],
    page: tuple[float, float],
    font: Font,
    setting: Setting,
    style: Style = PLAIN,
    level: bool = False,
) -> tuple[Scene, list[str]]:
    """Set every word where it was read on a page of the same size; return it, and notices of what was set otherwise.

    Where letters would be cut off at an edge, since the font's reach farther than the writer's, the sheet is larger.
    Lines fall or climb as on the page; with `level` the page is first turned about its middle until they lie level.
    Of the setting, only ink and paper count: sizes and places are the page's. Raise `StylingError` if nothing was read
    or no font has any of it.
    """
    check_characters(characters)
    width, height = _sides(page)
    if len(characters) == 0:
        raise StylingError("Nothing was read on this page: give one with writing on it.")
    if len(characters) > MAX_CHARACTERS:
        raise StylingError(
            "This page has {count} characters, more than {most}: cut it in parts.",
            count=f"{len(characters):,}",
            most=f"{MAX_CHARACTERS:,}",
        )
    typesetter = Typesetter(font, style)
    marks: list[Mark] = []
    lines: list[list[SetWord]] = []
    sizes = []
    slope = page_slope(characters)
    for line in page_lines(characters):
        set_words: list[SetWord] = []
        for word in line:
            word = _levelled(word, slope, (width, height)) if level else word
            size = word.x_height / font.typeface.x_height
            inked, words = _fitted(word, size, typesetter)
            marks += inked
            set_words += words
            sizes.append(size)
        lines += [set_words] if set_words else []
    if not marks:
        raise StylingError("No font here has any character of this page: choose another page.")
    slope = 0.0 if level else slope
    scene = Scene(
        width,
        height,
        ink=setting.ink_colour,
        paper=setting.paper_colour,
        marks=marks,
        lines=lines,
        rules=[_rule(line, slope) for line in lines] if setting.is_ruled else [],
        em=float(np.median(sizes)),
        fall=slope * width,
    )
    whole = _whole(scene)
    return whole, typesetter.fallback.notices() + ([LARGER] if whole is not scene else [])


def _sides(page: tuple[float, float]) -> tuple[int, int]:
    """Return width and height of a page in whole pixels. Raise `StylingError` where they are none."""
    try:
        width, height = page
    except (TypeError, ValueError):
        raise StylingError("This is no size of a page: give its width and its height in pixels.") from None
    width = check_number("page width", width, 1, _LONGEST, "pixels")
    height = check_number("page height", height, 1, _LONGEST, "pixels")
    return math.ceil(width), math.ceil(height)


def _whole(scene: Scene) -> Scene:
    """Return the scene, on a larger sheet where its ink reaches beyond this one."""
    reach = around(mark.outline.bounds(mark.matrix) for mark in scene.marks)
    left, top = (max(0, math.ceil(-least)) for least in reach[:2])
    width, height = left + max(scene.width, math.ceil(reach[2])), top + max(scene.height, math.ceil(reach[3]))
    if (width, height) == (scene.width, scene.height):
        return scene
    slope = scene.fall / scene.width
    return replace(
        scene,
        width=width,
        height=height,
        marks=[_moved(mark, left, top) for mark in scene.marks],
        lines=[
            [replace(w, left=w.left + left, right=w.right + left, baseline=w.baseline + top) for w in line]
            for line in scene.lines
        ],
        rules=[rule + top - slope * left for rule in scene.rules],
        fall=slope * width,
    )


def _moved(mark: Mark, x: float, y: float) -> Mark:
    return Mark(mark.outline, (*mark.matrix[:4], mark.matrix[4] + x, mark.matrix[5] + y))


def _levelled(word: PageWord, slope: float, page: tuple[float, float]) -> PageWord:
    """Return the word after its page was turned about its middle until what fell by `slope` lies level."""
    cos, sin = _turn(slope)
    x, y = word.x - page[0] / 2, word.y - page[1] / 2
    x, y = cos * x + sin * y + page[0] / 2, cos * y - sin * x + page[1] / 2
    return replace(word, x=x, y=y, slope=(word.slope - slope) / (1 + word.slope * slope))


def _rule(line: Sequence[SetWord], slope: float) -> float:
    """Return the height, at the left edge of the sheet, of the rule through the middle of a line."""
    first, last = line[0], line[-1]
    x, y = (first.left + last.right) / 2, (first.baseline + last.baseline + last.fall) / 2
    return y - slope * x


def _fitted(word: PageWord, size: float, typesetter: Typesetter) -> tuple[list[Mark], list[SetWord]]:
    """Set a word, stretched or condensed so that its ink fills its place, and smaller where that is not enough.

    A word that stays narrower than its place stands in its middle.
    """
    line = typesetter.line(" ".join(clean(word.text)) if word.text.strip() else "")
    if not line.glyphs:
        return [], []
    left, right = _extent(_turned_marks(line, word.slope, size))
    factor = word.width / max(right - left, 1e-6)
    if factor < _NARROWEST:
        size *= max(factor / _NARROWEST, 0.65)  # a little over its place rather than out of scale
    stretch = min(max(factor, _NARROWEST), _WIDEST)
    marks = _turned_marks(line, word.slope, size, stretch)
    left, right = _extent(marks)
    across = (left + right) / 2  # along the turned baseline's x, of the pen's start before the middle
    x, y = word.x - across, word.y - word.slope * across
    words = [_turned_word(w, (x, y), word.slope) for w in words_at(line, 0, 0, size, stretch)]
    return [_moved(mark, x, y) for mark in marks], words


def _turn(slope: float) -> tuple[float, float]:
    """Return cosine and sine of the angle at which a baseline falls."""
    return 1 / math.hypot(1, slope), slope / math.hypot(1, slope)


def _turned_marks(line: Line, slope: float, size: float, stretch: float = 1.0) -> list[Mark]:
    """Return the marks of a line that begins at the origin and falls by `slope`."""
    cos, sin = _turn(slope)
    turned = []
    for mark in marks_at(line, 0, 0, size, stretch):
        a, b, c, d, e, f = mark.matrix
        (a, b), (c, d), (e, f) = ((cos * x - sin * y, sin * x + cos * y) for x, y in ((a, b), (c, d), (e, f)))
        turned.append(Mark(mark.outline, (a, b, c, d, e, f)))
    return turned


def _turned_word(word: SetWord, start: tuple[float, float], slope: float) -> SetWord:
    """Return a word of a level line that begins at the origin, where the line begins at `start` and falls."""
    cos, sin = _turn(slope)
    x, y = start
    return SetWord(
        word.text, x + cos * word.left, x + cos * word.right, y + sin * word.left, sin * (word.right - word.left)
    )


def _extent(marks: Iterable[Mark]) -> tuple[float, float]:
    """Return left and right end of the ink."""
    left, _, right, _ = around(mark.outline.bounds(mark.matrix) for mark in marks)
    return left, right
