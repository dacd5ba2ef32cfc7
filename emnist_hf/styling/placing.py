"""What was read on a page set again in the place of the original, word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from emnist_hf.styling.casting import MAX_CHARACTERS, clean
from emnist_hf.styling.fonts import Font, StylingError
from emnist_hf.styling.hand import ReadCharacter, fit_line
from emnist_hf.styling.letterforms import LETTERFORMS
from emnist_hf.styling.line import PLAIN, Manner, Setter
from emnist_hf.styling.scene import Mark, Scene, SetWord
from emnist_hf.styling.setting import Setting, marks_at, words_at

_NARROWEST, _WIDEST = 0.72, 1.2
"""Factors on a word's width between which it is fitted to its place; a word that needs less becomes smaller."""


@dataclass(frozen=True)
class PageWord:
    """A word of a page, in pixels of its picture. baseline: at the middle of the word."""

    text: str
    left: float
    right: float
    baseline: float
    x_height: float


def page_lines(characters: Sequence[ReadCharacter]) -> list[list[PageWord]]:
    """Lines of words with their places, in reading order.

    A line's baseline is a straight one through the feet of its characters, those of descenders raised by what hangs
    below; its x-height is the median of its characters' heights by those of their letterforms, halfway to the page's.
    """
    lines = [list(line) for _, line in groupby(characters, key=lambda c: c.line)]
    page = float(np.median([_x_height(c) for c in characters]))
    placed = []
    for line in lines:
        x_height = math.sqrt(page * float(np.median([_x_height(c) for c in line])))
        middles = np.array([(c.box[0] + c.box[2]) / 2 for c in line])
        feet = np.array([c.box[3] + _bottom(c) * _x_height(c) for c in line])
        base = fit_line(middles, feet)
        words = []
        for _, word in groupby(line, key=lambda c: c.word):
            letters = list(word)
            left, right = min(c.box[0] for c in letters), max(c.box[2] for c in letters)
            text = "".join(c.label for c in letters)
            words.append(PageWord(text, left, right, float(base((left + right) / 2)), x_height))
        placed.append(words)
    return placed


def _x_height(character: ReadCharacter) -> float:
    height = character.box[3] - character.box[1]
    return max(height, 1.0) / (LETTERFORMS[character.label].height if character.label in LETTERFORMS else 1.25)


def _bottom(character: ReadCharacter) -> float:
    return LETTERFORMS[character.label].bottom if character.label in LETTERFORMS else 0.0


def set_in_place(
    characters: Sequence[ReadCharacter],
    page: tuple[float, float],
    font: Font,
    setting: Setting,
    manner: Manner = PLAIN,
) -> tuple[Scene, list[str]]:
    """A page of the same size with every word where it was read; and sentences on what was set otherwise.

    Of the setting, only ink and paper count: sizes and places are the page's. Raises `StylingError` if nothing was read
    or no font has any of it.
    """
    if not characters:
        raise StylingError("Nothing was read on this page: give one with writing on it.")
    if len(characters) > MAX_CHARACTERS:
        raise StylingError(
            f"This page has {len(characters):,} characters, more than {MAX_CHARACTERS:,}: cut it in parts."
        )
    setter = Setter(font, manner)
    marks: list[Mark] = []
    lines: list[list[SetWord]] = []
    heights = []
    for line in page_lines(characters):
        set_words: list[SetWord] = []
        for word in line:
            size = word.x_height / font.typeface.x_height
            inked, words = _fitted(word, size, setter)
            marks += inked
            set_words += words
            heights.append(size)
        lines += [set_words] if set_words else []
    if not marks:
        raise StylingError("No font here has any character of this page: choose another page.")
    baselines = [line[0].baseline for line in lines] if setting.is_ruled else []
    em = float(np.median(heights))
    width, height = (max(1, math.ceil(side)) for side in page)
    scene = Scene(width, height, setting.ink_colour, setting.paper_colour, marks, lines, baselines, em)
    return scene, setter.casting.notices()


def _fitted(word: PageWord, size: float, setter: Setter) -> tuple[list[Mark], list[SetWord]]:
    """A word stretched or condensed so that its ink fills its place, and made smaller where that is not enough."""
    cleaned = clean(word.text) if word.text.strip() else []
    line = setter.set(" ".join(cleaned))
    boxes = line.boxes()
    if not boxes:
        return [], []
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    factor = (word.right - word.left) / max((right - left) * size, 1e-6)
    if factor < _NARROWEST:
        size *= max(factor / _NARROWEST, 0.65)  # a little over its place rather than out of scale
    stretch = min(max(factor, _NARROWEST), _WIDEST)
    start = word.left - left * size * stretch
    # A word that stays narrower than its place stands in its middle.
    start += max(0.0, (word.right - word.left) - (right - left) * size * stretch) / 2
    marks = list(marks_at(line, start, word.baseline, size, stretch))
    return marks, words_at(line, start, word.baseline, size, stretch)
