"""Text set as lines on a sheet: alignment, spacing, paper and margins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from emnist_hf.styling.colours import DEFAULT_INK, Colour, parse_colour, parse_paper
from emnist_hf.styling.errors import StylingError, check_number
from emnist_hf.styling.fonts import Font
from emnist_hf.styling.line import PLAIN, Line, Style, Typesetter, clean
from emnist_hf.styling.outline import around
from emnist_hf.styling.scene import Scene

MIN_SIZE, MAX_SIZE = 8, 1_000
"""Bounds of an em in pixels."""

MAX_MARGIN = 4.0
"""Widest margin, in ems."""

ALIGNMENTS = ("left", "centre", "right")
RULED = "ruled"
"""The paper that is white with a line under every line of text."""

_LINE_GAP = 0.1  # ems of white kept between the ink of two lines, however deep the swashes hang


@dataclass(frozen=True)
class Setting:
    """How a text is laid out. Raise `StylingError` for what cannot be used.

    size: pixels an em. ink, paper: colours as `parse_colour` takes them; paper may be None for see-through, or
    `ruled`. margin: ems around the ink. align: left, centre (or center) or right. line_spacing: factor on the font's
    own. letter_spacing: ems added between letters. measure: ems at which lines are broken, None for only where the text
    is.
    """

    size: float = 160
    ink: str | tuple[int, ...] = DEFAULT_INK
    paper: str | tuple[int, ...] | None = "white"
    margin: float = 0.35
    align: str = "left"
    line_spacing: float = 1.0
    letter_spacing: float = 0.0
    measure: float | None = None

    def __post_init__(self) -> None:
        check_number("size", self.size, MIN_SIZE, MAX_SIZE, "pixels")
        check_number("margin", self.margin, 0, MAX_MARGIN, "ems")
        check_number("line spacing", self.line_spacing, 0.5, 4, "times the font's own")
        check_number("letter spacing", self.letter_spacing, -0.2, 1, "ems")
        if self.measure is not None:
            check_number("line length", self.measure, 2, 200, "ems")
        if self.alignment not in ALIGNMENTS:
            asked, known = str(self.align)[:20], ", ".join(ALIGNMENTS)
            raise StylingError("There is no alignment {name!r}: use {known}.", name=asked, known=known)
        if self.ink_colour[3] == 0:
            raise StylingError("The ink colour is fully transparent: choose one that can be seen.")
        self.paper_colour  # noqa: B018  raises for a paper that is none

    @property
    def alignment(self) -> str:
        """One of `ALIGNMENTS`."""
        align = str(self.align).strip().lower()
        return {"center": "centre"}.get(align, align)

    @property
    def ink_colour(self) -> Colour:
        return parse_colour(self.ink)

    @property
    def is_ruled(self) -> bool:
        return isinstance(self.paper, str) and self.paper.strip().lower() == RULED

    @property
    def paper_colour(self) -> Colour:
        return parse_paper("white" if self.is_ruled else self.paper)


def set_lines(text: str, font: Font, setting: Setting, style: Style = PLAIN) -> tuple[Scene, list[str]]:
    """Lay text out line by line, cropped to its ink and framed; return it, and notices of what was set otherwise.

    Raise `StylingError` if there is no text, too much of it, no font that has any of it, or a damaged font.
    """
    typesetter = Typesetter(font, replace(style, tracking=style.tracking + setting.letter_spacing))
    lines = [typesetter.line(part) for line in clean(text) for part in _broken(line, typesetter, setting.measure)]
    if not any(line.words for line in lines):
        raise StylingError("No font here has any character of this text: use letters, digits or punctuation.")
    return _on_sheet(lines, font, setting), typesetter.fallback.notices()


def _broken(line: str, typesetter: Typesetter, measure: float | None) -> Iterator[str]:
    """Yield a line in parts no wider than the measure, broken between words; a longer word stands alone."""
    if measure is None or not line:
        yield line
        return
    space = typesetter.line("n n").width - typesetter.line("nn").width
    part, width = "", 0.0
    for word in line.split(" "):
        wide = typesetter.line(word).width if word else 0.0
        if part and width + space + wide > measure:
            yield part
            part, width = word, wide
        else:
            part, width = (f"{part} {word}", width + space + wide) if part else (word, wide)
    yield part


def _on_sheet(lines: Sequence[Line], font: Font, setting: Setting) -> Scene:
    size = float(setting.size)
    widest = max(line.width for line in lines)
    share = {"left": 0.0, "centre": 0.5, "right": 1.0}[setting.alignment]
    pitch = _pitch(lines, font.typeface.pitch) * setting.line_spacing
    indents = [share * (widest - line.width) for line in lines]
    inked = []
    for i, (line, indent) in enumerate(zip(lines, indents)):
        if line.marks:
            left, low, right, high = line.bounds()
            inked.append((left + indent, i * pitch - high, right + indent, i * pitch - low))
    if not inked:
        raise StylingError("This text leaves no ink in this font: use letters and digits, or another font.")
    left, top, right, bottom = around(inked)
    padding = max(1, round(setting.margin * size))
    baselines = [padding - top * size + i * pitch * size for i in range(len(lines))]
    starts = [padding - left * size + indent * size for indent in indents]
    placed = [line.on_page(x, y, size) for line, x, y in zip(lines, starts, baselines)]
    return Scene(
        width=math.ceil((right - left) * size - 1e-6) + 2 * padding,
        height=math.ceil((bottom - top) * size - 1e-6) + 2 * padding,
        ink=setting.ink_colour,
        paper=setting.paper_colour,
        marks=[mark for line in placed for mark in line.marks],
        lines=[line.words for line in placed if line.words],
        rules=baselines if setting.is_ruled else [],
        em=size,
    )


def _pitch(lines: Sequence[Line], own: float) -> float:
    """Return the ems from baseline to baseline: the font's own, or more where the ink of two lines would meet."""
    ends = [(box[1], box[3]) for box in (line.bounds() if line.marks else (0.0,) * 4 for line in lines)]
    needed = [top - bottom + _LINE_GAP for (bottom, _), (_, top) in pairwise(ends)]
    return max([own, *needed])
