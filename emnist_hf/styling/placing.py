"""What was read on a page set again in the place of the original, word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from emnist_hf.errors import Sentence
from emnist_hf.styling.baselines import ReadCharacter, baseline, check_characters, page_slope, x_height_of
from emnist_hf.styling.errors import StylingError, check_number
from emnist_hf.styling.fonts import Font
from emnist_hf.styling.line import MAX_CHARACTERS, PLAIN, Line, Style, Typesetter, clean
from emnist_hf.styling.outline import Matrix, around, at
from emnist_hf.styling.scene import Scene, SetWord
from emnist_hf.styling.setting import Setting

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
    slope = page_slope(characters)
    lines: list[list[Line]] = []
    sizes = []
    for words in page_lines(characters):
        words = [_levelled(word, slope, (width, height)) for word in words] if level else words
        lines.append([_fitted(word, word.x_height / font.typeface.x_height, typesetter) for word in words])
        sizes += [word.x_height / font.typeface.x_height for word in words]
    marks = [mark for line in lines for word in line for mark in word.marks]
    if not marks:
        raise StylingError("No font here has any character of this page: choose another page.")
    set_words = [[part for word in line for part in word.words] for line in lines]
    set_words = [line for line in set_words if line]
    slope = 0.0 if level else slope
    scene = Scene(
        width,
        height,
        ink=setting.ink_colour,
        paper=setting.paper_colour,
        marks=marks,
        lines=set_words,
        rules=[_rule(line, slope) for line in set_words] if setting.is_ruled else [],
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
    reach = around(mark.bounds() for mark in scene.marks)
    left, top = (max(0, math.ceil(-least)) for least in reach[:2])
    width, height = left + max(scene.width, math.ceil(reach[2])), top + max(scene.height, math.ceil(reach[3]))
    if (width, height) == (scene.width, scene.height):
        return scene
    slope = scene.fall / scene.width
    shift = (1.0, 0.0, 0.0, 1.0, left, top)
    return replace(
        scene,
        width=width,
        height=height,
        marks=[mark.mapped(shift) for mark in scene.marks],
        lines=[[word.mapped(shift) for word in line] for line in scene.lines],
        rules=[rule + top - slope * left for rule in scene.rules],
        fall=slope * width,
    )


def _turn(slope: float) -> Matrix:
    """Return the map that turns what lies level until it falls by `slope`."""
    cos, sin = 1 / math.hypot(1, slope), slope / math.hypot(1, slope)
    return cos, sin, -sin, cos, 0.0, 0.0


def _levelled(word: PageWord, slope: float, page: tuple[float, float]) -> PageWord:
    """Return the word after its page was turned about its middle until what fell by `slope` lies level."""
    x, y = at(_turn(-slope), word.x - page[0] / 2, word.y - page[1] / 2)
    turned = (word.slope - slope) / (1 + word.slope * slope)
    return replace(word, x=x + page[0] / 2, y=y + page[1] / 2, slope=turned)


def _rule(line: Sequence[SetWord], slope: float) -> float:
    """Return the height, at the left edge of the sheet, of the rule through the middle of a line."""
    first, last = line[0], line[-1]
    x, y = (first.left + last.right) / 2, (first.baseline + last.baseline + last.fall) / 2
    return y - slope * x


def _fitted(word: PageWord, size: float, typesetter: Typesetter) -> Line:
    """Set a word, stretched or condensed so that its ink fills its place, and smaller where that is not enough.

    A word that stays narrower than its place stands in its middle.
    """
    line = typesetter.line(" ".join(clean(word.text)) if word.text.strip() else "")
    if not line.marks:
        return Line()
    turn = _turn(word.slope)
    left, _, right, _ = line.on_page(0, 0, size).mapped(turn).bounds()
    factor = word.width / max(right - left, 1e-6)
    if factor < _NARROWEST:
        size *= max(factor / _NARROWEST, 0.65)  # a little over its place rather than out of scale
    stretch = min(max(factor, _NARROWEST), _WIDEST)
    fitted = line.on_page(0, 0, size, stretch).mapped(turn)
    left, _, right, _ = fitted.bounds()
    across = (left + right) / 2  # along the turned baseline's x, of the pen's start before the middle
    return fitted.mapped((1, 0, 0, 1, word.x - across, word.y - word.slope * across))
