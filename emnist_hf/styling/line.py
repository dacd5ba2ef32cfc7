"""One line of text shaped: glyphs along a baseline, in ems, as the font has them or as a hand bends them.

Which font draws which character: text is cleaned, cut into runs of one font, and every stand-in is told of.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.fonts import Font, fonts
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


MAX_CHARACTERS = 2_000


def clean(text: str) -> list[str]:
    """The lines of a text, composed and without what has no shape: controls, bidi marks, variation selectors.

    Space at the end of lines and blank lines at both ends go too. Raises `StylingError` if there is no
    text, or too much of it, or it is no string.
    """
    if text is not None and not isinstance(text, str):
        raise StylingError(f"The text {str(text)[:20]} is no string: put it between quotation marks.")
    if not text or not text.strip():
        raise StylingError("There is no text to set: type some letters or digits first.")
    if len(text) > MAX_CHARACTERS:
        raise StylingError(
            f"The text has {len(text):,} characters, and at most {MAX_CHARACTERS:,} can be set at once: "
            f"set it in parts."
        )
    lines = [
        "".join(c for c in unicodedata.normalize("NFC", line.expandtabs(4)) if not _is_shapeless(c)).rstrip()
        for line in text.splitlines()
    ]
    written = [i for i, line in enumerate(lines) if line]
    return lines[written[0] : written[-1] + 1] if written else []


def _is_shapeless(character: str) -> bool:
    is_variation_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return unicodedata.category(character) in ("Cc", "Cf") or is_variation_selector


class Casting:
    """Decides which font draws which character, and remembers what had to differ from the font asked for."""

    def __init__(self, font: Font) -> None:
        self.font = font
        others = [other for other in fonts().values() if other.path != font.path]
        # A stand-in of the same tradition looks least foreign; the others keep their order.
        self.candidates = [font, *sorted(others, key=lambda other: other.tradition != font.tradition)]
        self.replaced: dict[str, Font] = {}
        self.left_out: dict[str, None] = {}

    def runs(self, line: str) -> list[tuple[Font, str]]:
        """A line as (font, text) pairs in order, without the characters that no font has."""
        runs: list[tuple[Font, str]] = []
        for cluster in _clusters(line):
            font, text = self._cast(cluster)
            if runs and runs[-1][0] is font:
                runs[-1] = (font, runs[-1][1] + text)
            elif text:
                runs.append((font, text))
        return runs

    def _cast(self, cluster: str) -> tuple[Font, str]:
        """The font for a character with its combining marks, and as much of the two as can be drawn."""
        base, marks = cluster[0], cluster[1:]
        if base.isspace():
            # Fonts lack many of Unicode's spaces, and those of a stand-in set words too near or too far.
            self.left_out.update(dict.fromkeys(marks))
            return self.font, " "
        for part in (cluster, base):
            # A mark alone has nothing to sit on, and would be drawn on a dotted circle.
            font = None if _is_mark(base) else self._first_with(part)
            if font:
                self.left_out.update(dict.fromkeys(marks if part != cluster else ""))
                if font is not self.font:
                    self.replaced[part] = font
                return font, part
        self.left_out.update(dict.fromkeys(cluster))
        return self.font, ""

    def _first_with(self, text: str) -> Font | None:
        return next((font for font in self.candidates if not font.missing(text)), None)

    def notices(self) -> list[str]:
        """One sentence for each font that stood in, and one for what was left out."""
        by_font: dict[str, list[str]] = {}
        for text, font in self.replaced.items():
            by_font.setdefault(font.title, []).append(text)
        sentences = [
            f"{self.font.title} has no {_quoted(texts)}: set in {title} instead." for title, texts in by_font.items()
        ]
        if self.left_out:
            sentences.append(f"No font here has {_quoted(self.left_out)}: left out.")
        return sentences


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _clusters(line: str) -> Iterator[str]:
    """A line's characters, each with the combining marks that follow it."""
    start = 0
    for i in range(1, len(line) + 1):
        if i == len(line) or not _is_mark(line[i]):
            if start < i:
                yield line[start:i]
            start = i


def _quoted(texts: Iterable[str], most: int = 8) -> str:
    """Characters for a sentence; what cannot be printed alone (marks, lone surrogates) as its code point."""
    names = [
        # A letter may carry hundreds of marks: a few show which one is meant.
        f"U+{ord(text[0]):04X}" if _is_mark(text[0]) or not text.isprintable() else text[:4]
        for text in texts
    ]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
