"""Which font draws which character: text is cleaned, cut into runs of one font, and every stand-in is told of."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from emnist_hf.styling.fonts import Font, StylingError, fonts

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
