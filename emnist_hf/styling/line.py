"""One line of text: cleaned, given to the fonts that have its characters, and shaped along a baseline, in ems."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emnist_hf.errors import Sentence
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.fonts import Font, fonts
from emnist_hf.styling.outline import Box, Matrix, around
from emnist_hf.styling.scene import Mark, SetWord

MAX_CHARACTERS = 2_000

_MOST_QUOTED = 8  # characters that a notice names


@dataclass(frozen=True)
class Style:
    """How a font is bent; the defaults leave it as it is.

    shear: tangent of a lean to the right that is added to the font's own. offset: ems by which outlines grow on all
    sides, or shrink where negative. stretch: factor on widths. waver: standard deviation, in ems, of glyphs about the
    baseline. tracking: ems added between letters. seed: of the waver.
    """

    shear: float = 0.0
    offset: float = 0.0
    stretch: float = 1.0
    waver: float = 0.0
    tracking: float = 0.0
    seed: int = 0


PLAIN = Style()


@dataclass(frozen=True)
class Line:
    """A line from pen position 0 on, in ems, y up; or one on a page. width: where the pen ends, in ems."""

    marks: Sequence[Mark] = ()
    words: Sequence[SetWord] = ()
    width: float = 0.0

    def on_page(self, left: float, baseline: float, size: float, stretch: float = 1.0) -> Line:
        """Return the line with its pen starting at (left, baseline), y down, and its em `size` pixels high."""
        wide = size * stretch
        marks = []
        for mark in self.marks:
            a, b, c, d, e, f = mark.matrix
            placed = (a * wide, -b * size, c * wide, -d * size, left + e * wide, baseline - f * size)
            marks.append(Mark(mark.outline, placed))
        words = [SetWord(w.text, left + w.left * wide, left + w.right * wide, baseline) for w in self.words]
        return Line(marks, words, self.width)

    def mapped(self, matrix: Matrix) -> Line:
        """Return the line after `matrix`."""
        marks, words = [m.mapped(matrix) for m in self.marks], [w.mapped(matrix) for w in self.words]
        return Line(marks, words, self.width)

    def bounds(self) -> Box:
        """Return the box of the ink."""
        return around(mark.bounds() for mark in self.marks)


def clean(text: str) -> list[str]:
    """Return the lines of a text, composed and without what has no shape: controls, bidi marks, variation selectors.

    Space at the end of lines and blank lines at both ends go too. Raise `StylingError` if there is no
    text, or too much of it, or it is no string.
    """
    if text is not None and not isinstance(text, str):
        raise StylingError("The text {text} is no string: put it between quotation marks.", text=str(text)[:20])
    if not text or not text.strip():
        raise StylingError("There is no text to set: type some letters or digits first.")
    if len(text) > MAX_CHARACTERS:
        raise StylingError(
            "The text has {count} characters, and at most {most} can be set at once: set it in parts.",
            count=f"{len(text):,}",
            most=f"{MAX_CHARACTERS:,}",
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


class Typesetter:
    """Sets lines in one font and one style, with other fonts for what the font lacks."""

    def __init__(self, font: Font, style: Style = PLAIN) -> None:
        self.font = font
        self.style = style
        self.fallback = FontFallback(font)
        # Letters that are spaced apart are no ligature any more.
        self._ligatures = abs(style.tracking) < 0.02
        self._rng = np.random.default_rng(style.seed)

    def line(self, text: str) -> Line:
        """Set a line of text; characters that no font has are left out, and named in `fallback.notices()`."""
        marks: list[Mark] = []
        words: list[SetWord] = []
        pen = 0.0
        for font, run in self.fallback.runs(text):
            pen = self._set_run(font, run, pen, marks, words)
        return Line(self._wavered(marks), [word for word in words if word.text], pen)

    def _set_run(self, font: Font, run: str, pen: float, marks: list[Mark], words: list[SetWord]) -> float:
        """Add a run of one font from a pen position on, and return the one where it ends."""
        typeface, style, scale = font.typeface, self.style, self._scale(font)
        shaped = typeface.shape(run, ligatures=self._ligatures)
        starts = sorted({glyph.cluster for glyph in shaped})
        ends = dict(zip(starts, [*starts[1:], len(run)]))
        start, seen = pen, set()
        pen = 0.0
        for glyph in shaped:
            characters = "" if glyph.cluster in seen else run[glyph.cluster : ends[glyph.cluster]]
            seen.add(glyph.cluster)
            advance = scale * style.stretch * glyph.advance
            if glyph.advance > 0 and characters != " ":  # a mark takes no room and is not spaced
                advance += style.tracking
            outline = typeface.outline(glyph.number, style.offset)
            if outline:
                x = pen + scale * (style.stretch * glyph.x + style.shear * glyph.y)
                matrix = (scale * style.stretch, 0.0, scale * style.shear, scale, start + x, scale * glyph.y)
                marks.append(Mark(outline, matrix))
            _grow(words, characters, start + pen, start + (pen + advance))
            pen += advance
        return start + pen

    def _scale(self, font: Font) -> float:
        """Return the ems of ours to an em of another font, so that an x is as high: ems say little in script fonts."""
        if font is self.font:
            return 1.0
        return min(max(self.font.typeface.x_height / font.typeface.x_height, 0.5), 2.0)

    def _wavered(self, marks: list[Mark]) -> list[Mark]:
        """Lift or sink every glyph a little, neighbours alike: a hand strays and comes back."""
        if not self.style.waver or not marks:
            return marks
        noise = np.convolve(self._rng.normal(size=len(marks) + 2), (0.41, 0.81, 0.41), "valid")
        lifts = np.clip(noise, -2, 2) * self.style.waver
        return [mark.mapped((1, 0, 0, 1, 0, float(lift))) for mark, lift in zip(marks, lifts)]


def _grow(words: list[SetWord], characters: str, start: float, end: float) -> None:
    """Add characters to the last word, or end it at white space."""
    if characters.isspace():
        words.append(SetWord("", end, end))
    elif not words:
        words.append(SetWord(characters, start, end))
    else:
        last = words.pop()
        words.append(SetWord(last.text + characters, last.left, end) if last.text or characters else last)


class FontFallback:
    """Decides which font draws which character, and remembers what had to differ from the font asked for."""

    def __init__(self, font: Font) -> None:
        self.font = font
        others = [other for other in fonts().values() if other.path != font.path]
        # Another font of the same tradition looks least foreign; the others keep their order.
        self._candidates = [font, *sorted(others, key=lambda other: other.tradition != font.tradition)]
        self._replaced: dict[str, Font] = {}
        self._left_out: dict[str, None] = {}

    def runs(self, line: str) -> list[tuple[Font, str]]:
        """Return a line as (font, text) pairs in order, without the characters that no font has."""
        runs: list[tuple[Font, str]] = []
        for cluster in _clusters(line):
            font, text = self._font_of(cluster)
            if runs and runs[-1][0] is font:
                runs[-1] = (font, runs[-1][1] + text)
            elif text:
                runs.append((font, text))
        return runs

    def _font_of(self, cluster: str) -> tuple[Font, str]:
        """Return the font for a character with its combining marks, and as much of the two as can be drawn."""
        base, marks = cluster[0], cluster[1:]
        if base.isspace():
            # Fonts lack many of Unicode's spaces, and those of another font set words too near or too far.
            self._left_out.update(dict.fromkeys(marks))
            return self.font, " "
        for part in (cluster, base):
            # A mark alone has nothing to sit on, and would be drawn on a dotted circle.
            font = None if _is_mark(base) else self._first_with(part)
            if font:
                self._left_out.update(dict.fromkeys(marks if part != cluster else ""))
                if font is not self.font:
                    self._replaced[part] = font
                return font, part
        self._left_out.update(dict.fromkeys(cluster))
        return self.font, ""

    def _first_with(self, text: str) -> Font | None:
        return next((font for font in self._candidates if not font.missing(text)), None)

    def notices(self) -> list[str]:
        """Return one sentence for each font that stood in, and one for what was left out."""
        by_font: dict[str, list[str]] = {}
        for text, font in self._replaced.items():
            by_font.setdefault(font.title, []).append(text)
        sentences: list[str] = [
            Sentence(
                "{font} has no {missing}: set in {other} instead.",
                font=self.font.title,
                missing=_quoted(texts),
                other=title,
            )
            for title, texts in by_font.items()
        ]
        if self._left_out:
            sentences.append(Sentence("No font here has {missing}: left out.", missing=_quoted(self._left_out)))
        return sentences


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _clusters(line: str) -> Iterator[str]:
    """Yield a line's characters, each with the combining marks that follow it."""
    start = 0
    for i in range(1, len(line) + 1):
        if i == len(line) or not _is_mark(line[i]):
            yield line[start:i]
            start = i


def _quoted(texts: Collection[str]) -> Sentence:
    """Name characters for a notice; what cannot be printed alone (marks, lone surrogates) by its code point."""
    # A letter may carry hundreds of marks: a few show which one is meant.
    names = ", ".join(
        f"U+{ord(text[0]):04X}" if _is_mark(text[0]) or not text.isprintable() else text[:4]
        for text in list(texts)[:_MOST_QUOTED]
    )
    more = len(texts) - _MOST_QUOTED
    return Sentence("{names} and {count} more", names=names, count=more) if more > 0 else Sentence(names)
