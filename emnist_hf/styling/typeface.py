"""A font file opened: HarfBuzz shapes text with it and gives the outlines of its glyphs."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import uharfbuzz as hb

from emnist_hf.styling.outline import Outline, Segment


class FontDataError(ValueError):
    """A font file that cannot be used; the message says why in a few words."""


@dataclass(frozen=True)
class Glyph:
    """A glyph placed by the shaper: which, the index of the first character it stands for, and where.

    advance: from its pen position to the next one's. x, y: its origin from its pen position. All in ems, y up.
    """

    index: int
    cluster: int
    advance: float
    x: float
    y: float


class Typeface:
    """A TrueType or OpenType file in memory. Lengths are in ems, y points up."""

    def __init__(self, data: bytes) -> None:
        """Raises `FontDataError` for anything that holds no characters with outlines."""
        _check_tables(data)
        face = hb.Face(hb.Blob(data))
        self._font = hb.Font(face)
        self.units = face.upem
        self.characters = frozenset(c for c in face.unicodes if self._font.get_nominal_glyph(c))
        """Code points that have a glyph of their own, not the box for "no such glyph"."""
        if not self.characters:
            raise FontDataError("it has no characters")
        self._outlines: dict[tuple[int, float], Outline] = {}

    def shape(self, text: str, *, ligatures: bool = True) -> list[Glyph]:
        """The glyphs of a run of text, left to right, kerned; ligatures and alternates where the font has them."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "ltr"  # fonts here have no script that runs the other way, and bidi marks are gone
        hb.shape(self._font, buffer, {"kern": True, "liga": ligatures, "clig": ligatures})
        em = self.units
        return [
            Glyph(info.codepoint, info.cluster, at.x_advance / em, at.x_offset / em, at.y_offset / em)
            for info, at in zip(buffer.glyph_infos, buffer.glyph_positions)
        ]

    def outline(self, glyph: int, offset: float = 0.0) -> Outline:
        """A glyph's outline in ems, thickened on all sides by `offset` ems (thinned, where negative)."""
        key = (glyph, offset)
        if key not in self._outlines:
            # In units, not in ems: path operations round to fixed fractions of one.
            drawn = self._drawn(glyph).offset(offset * self.units)
            self._outlines[key] = drawn.mapped((1 / self.units, 0, 0, 1 / self.units, 0, 0))
        return self._outlines[key]

    def _drawn(self, glyph: int) -> Outline:
        segments: list[Segment] = []
        self._font.draw_glyph(glyph, _DRAW, segments)
        return Outline(tuple(segments))

    def glyph_of(self, character: str) -> int | None:
        """The glyph that the character map names for a character."""
        return self._font.get_nominal_glyph(ord(character))

    def ink_box(self, text: str) -> tuple[float, float, float, float] | None:
        """Left, bottom, right and top of the ink of a run set at the origin; None where it leaves none."""
        boxes, pen = [], 0.0
        for glyph in self.shape(text):
            outline = self.outline(glyph.index)
            if outline:
                boxes.append(outline.bounds((1, 0, 0, 1, pen + glyph.x, glyph.y)))
            pen += glyph.advance
        if not boxes:
            return None
        left, bottom, right, top = zip(*boxes)
        return min(left), min(bottom), max(right), max(top)

    @cached_property
    def x_height(self) -> float:
        """Height of the ink of an x, or of an o or whatever there is, above the baseline."""
        for character in "xzovnaHO":
            box = self.ink_box(character) if ord(character) in self.characters else None
            if box and box[3] > 0.05:
                return box[3]
        return 0.45

    @cached_property
    def pitch(self) -> float:
        """From baseline to baseline as the font would have it."""
        extents = self._font.get_font_extents("ltr")
        return min(max((extents.ascender - extents.descender + extents.line_gap) / self.units, 0.8), 3.0)


def _check_tables(data: bytes) -> None:
    """Every table lies within the file. HarfBuzz drops one that does not, and sets blanks from then on."""
    if data[:4] not in (b"\x00\x01\x00\x00", b"OTTO", b"true"):
        raise FontDataError("it is no TrueType or OpenType file")
    try:
        (count,) = struct.unpack_from(">H", data, 4)
        for record in range(count):
            start, length = struct.unpack_from(">8xLL", data, 12 + 16 * record)
            if start + length > len(data):
                raise FontDataError("it is cut short")
    except struct.error:
        raise FontDataError("it is cut short") from None


def _draw_functions() -> hb.DrawFuncs:
    functions = hb.DrawFuncs()
    functions.set_move_to_func(lambda x, y, to: to.append(("M", (x, y))))
    functions.set_line_to_func(lambda x, y, to: to.append(("L", (x, y))))
    functions.set_quadratic_to_func(lambda a, b, x, y, to: to.append(("Q", (a, b, x, y))))
    functions.set_cubic_to_func(lambda a, b, c, d, x, y, to: to.append(("C", (a, b, c, d, x, y))))
    functions.set_close_path_func(lambda to: to.append(("Z", ())))
    return functions


_DRAW = _draw_functions()
