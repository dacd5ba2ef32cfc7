"""One line of text shaped: glyphs along a baseline, in ems, as the font has them or as a hand bends them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emnist_hf.styling.casting import Casting
from emnist_hf.styling.fonts import Font
from emnist_hf.styling.outline import Matrix, Outline


@dataclass(frozen=True)
class Manner:
    """How a font is bent; the defaults leave it as it is.

    shear: tangent of a lean to the right that is added to the font's own. offset: ems by which outlines grow on all
    sides, or shrink where negative. stretch: factor on widths. waver: standard deviation, in ems, of glyphs about the
    baseline. tracking: ems added between letters. spacing: ems added between words. seed: of the waver.
    """

    shear: float = 0.0
    offset: float = 0.0
    stretch: float = 1.0
    waver: float = 0.0
    tracking: float = 0.0
    spacing: float = 0.0
    seed: int = 0


PLAIN = Manner()


@dataclass(frozen=True)
class LineGlyph:
    """A glyph on a line whose baseline is y = 0: `matrix` maps its outline to ems, y up."""

    outline: Outline
    matrix: Matrix


@dataclass(frozen=True)
class LineWord:
    """A word's text and the pen positions, in ems, where it begins and ends."""

    text: str
    left: float
    right: float


@dataclass(frozen=True)
class Line:
    """A line from pen position 0 on. width: where the pen ends, in ems."""

    glyphs: Sequence[LineGlyph]
    words: Sequence[LineWord]
    width: float

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Left, bottom, right and top of every glyph's ink, in ems, y up."""
        return [glyph.outline.bounds(glyph.matrix) for glyph in self.glyphs]


class Setter:
    """Sets lines in one font and one manner, with stand-ins for what the font lacks."""

    def __init__(self, font: Font, manner: Manner = PLAIN) -> None:
        self.font = font
        self.manner = manner
        self.casting = Casting(font)
        # Letters that are spaced apart are no ligature any more.
        self._ligatures = abs(manner.tracking) < 0.02
        self._rng = np.random.default_rng(manner.seed)

    def set(self, text: str) -> Line:
        """A line of text; characters that no font has are left out and told of in `casting.notices()`."""
        glyphs: list[LineGlyph] = []
        words: list[LineWord] = []
        pen = 0.0
        for font, run in self.casting.runs(text):
            scale = self._scale(font)
            for outline, x, y, start, end, characters in self._glyphs(font, run, scale):
                if outline:
                    matrix = (scale * self.manner.stretch, 0.0, scale * self.manner.shear, scale, pen + x, y)
                    glyphs.append(LineGlyph(outline, matrix))
                _grow(words, characters, pen + start, pen + end)
            pen += end
        words = [word for word in words if word.text]
        return Line(self._wavered(glyphs), words, pen)

    def _glyphs(self, font: Font, run: str, scale: float) -> Iterator[tuple[Outline, float, float, float, float, str]]:
        """Outline, x and y of its origin, pen before and after, and the characters that it is the first glyph of."""
        typeface, manner = font.typeface, self.manner
        shaped = typeface.shape(run, ligatures=self._ligatures)
        starts = sorted({glyph.cluster for glyph in shaped})
        ends = dict(zip(starts, [*starts[1:], len(run)]))
        pen, seen = 0.0, set()
        for glyph in shaped:
            characters = "" if glyph.cluster in seen else run[glyph.cluster : ends[glyph.cluster]]
            seen.add(glyph.cluster)
            advance = scale * manner.stretch * glyph.advance
            if glyph.advance > 0:  # a mark takes no room and is not spaced
                advance += manner.spacing if characters == " " else manner.tracking
            x = pen + scale * (manner.stretch * glyph.x + manner.shear * glyph.y)
            yield typeface.outline(glyph.index, manner.offset), x, scale * glyph.y, pen, pen + advance, characters
            pen += advance

    def _scale(self, font: Font) -> float:
        """Ems of ours to an em of a stand-in, so that an x is as high: ems say little in script fonts."""
        if font is self.font:
            return 1.0
        return min(max(self.font.typeface.x_height / font.typeface.x_height, 0.5), 2.0)

    def _wavered(self, glyphs: list[LineGlyph]) -> list[LineGlyph]:
        """Every glyph lifted or sunk a little, neighbours alike: a hand strays and comes back."""
        if not self.manner.waver or not glyphs:
            return glyphs
        noise = np.convolve(self._rng.normal(size=len(glyphs) + 2), (0.41, 0.81, 0.41), "valid")
        lifts = np.clip(noise, -2, 2) * self.manner.waver
        return [
            LineGlyph(glyph.outline, (*glyph.matrix[:5], glyph.matrix[5] + float(lift)))
            for glyph, lift in zip(glyphs, lifts)
        ]


def _grow(words: list[LineWord], characters: str, start: float, end: float) -> None:
    """Add characters to the last word, or end it at white space."""
    if characters.isspace():
        words.append(LineWord("", end, end))
    elif not words:
        words.append(LineWord(characters, start, end))
    else:
        last = words.pop()
        words.append(LineWord(last.text + characters, last.left, end) if last.text or characters else last)
