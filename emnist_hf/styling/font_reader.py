"""A font opened by HarfBuzz, and a program that reads a stranger's: the file on standard input, JSON on standard out.

Run alone, this file gives itself little memory, time and room before the first byte, and imports nothing of the
package. HarfBuzz reads the font and runs no hinting code; SVG and colour tables are not looked at. What is wrong with
a font is said in a few words on standard error, with exit status 3.
"""

from __future__ import annotations

import itertools
import json
import struct
import sys
import time
import unicodedata
from typing import Any, NamedTuple

KINDS = (b"\x00\x01\x00\x00", b"OTTO", b"true")
"""How a TrueType or OpenType file begins."""

MEMORY, CPU_SECONDS, OUTPUT = 512 << 20, 3, 24 << 20
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
LONG_LIGATURES = ("ffi", "ffl", "fff", "sch", "tch")
MOST_CHARACTERS = 300  # in the order of Unicode: Latin first
FARTHEST = 6.0  # ems from the origin, beyond which no letter reaches
MOST_SEGMENTS = 4_000  # of one glyph
PAIRS_SECONDS = 1.2

Segment = tuple[str, tuple[float, ...]]
"""A verb of SVG's path syntax, M, L, Q, C or Z, and its coordinates."""


class FontDataError(ValueError):
    """The message says in a few words what is wrong with the font."""


class Glyph(NamedTuple):
    """A glyph placed by the shaper: its number, the index of the first character it stands for, and where.

    advance: from its pen position to the next one's. x, y: its origin from its pen position. All in ems, y up.
    """

    number: int
    cluster: int
    advance: float
    x: float
    y: float


def check_tables(data: bytes) -> set[bytes]:
    """Return the names of a font's tables, each of which lies within the file.

    HarfBuzz drops one that does not, and sets blanks from then on. Raise `FontDataError` for a file that is cut short.
    """
    try:
        (count,) = struct.unpack_from(">H", data, 4)
        records = [struct.unpack_from(">4s4xLL", data, 12 + 16 * i) for i in range(count)]
    except struct.error:
        raise FontDataError("it is cut short") from None
    if any(start + length > len(data) for _, start, length in records):
        raise FontDataError("it is cut short")
    return {tag for tag, _, _ in records}


class Face:
    """A TrueType or OpenType file in memory. y points up."""

    def __init__(self, data: bytes) -> None:
        import uharfbuzz as hb  # after a reader has bound itself

        self._hb = hb
        face = hb.Face(hb.Blob(data))
        self._font = hb.Font(face)
        self._draw = hb.DrawFuncs()
        self._draw.set_move_to_func(lambda x, y, to: to.append(("M", (x, y))))
        self._draw.set_line_to_func(lambda x, y, to: to.append(("L", (x, y))))
        self._draw.set_quadratic_to_func(lambda a, b, x, y, to: to.append(("Q", (a, b, x, y))))
        self._draw.set_cubic_to_func(lambda a, b, c, d, x, y, to: to.append(("C", (a, b, c, d, x, y))))
        self._draw.set_close_path_func(lambda to: to.append(("Z", ())))
        self.units: int = face.upem
        """Units an em."""
        self.characters = frozenset(c for c in face.unicodes if self._font.get_nominal_glyph(c))
        """Code points that have a glyph of their own, not the box for "no such glyph"."""

    def draw(self, glyph: int) -> list[Segment]:
        """Return a glyph's outline, in units."""
        segments: list[Segment] = []
        self._font.draw_glyph(glyph, self._draw, segments)
        return segments

    def shape(self, text: str, *, ligatures: bool = True) -> list[Glyph]:
        """Return the glyphs of a run, left to right, kerned; ligatures and alternates where the font has them."""
        buffer = self._hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "ltr"  # fonts here have no script that runs the other way, and bidi marks are gone
        self._hb.shape(self._font, buffer, {"kern": True, "liga": ligatures, "clig": ligatures})
        em = self.units
        return [
            Glyph(info.codepoint, info.cluster, at.x_advance / em, at.x_offset / em, at.y_offset / em)
            for info, at in zip(buffer.glyph_infos, buffer.glyph_positions)
        ]

    def extents(self) -> tuple[float, float, float]:
        """Return ascent, descent (below 0) and line gap, in ems."""
        extents = self._font.get_font_extents("ltr")
        return extents.ascender / self.units, extents.descender / self.units, extents.line_gap / self.units


# --- the program ---


def limit() -> None:
    """Bind this process to little memory, time and room."""
    import resource  # Unix alone has it

    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def read(data: bytes) -> dict[str, Any]:
    """Return the glyph set of a font as plain lists, lengths in ems. Raise `FontDataError` for one of no use."""
    tags = check_tables(data)
    if not tags & {b"glyf", b"CFF ", b"CFF2"}:
        raise FontDataError("it has no outlines")
    if b"cmap" not in tags:
        raise FontDataError("it does not say which character is which glyph")
    try:
        face = Face(data)
        glyphs = read_glyphs(face)
    except (MemoryError, ValueError, RuntimeError):
        raise FontDataError("it is damaged") from None
    if not any(outline for _, outline in glyphs.values()):
        raise FontDataError("none of its characters has an outline")
    if not any(character in glyphs for character in LETTERS):
        raise FontDataError("it has none of the letters A to Z and figures")
    kerning, ligatures = read_pairs(face, glyphs)
    ascent, descent = (min(max(v, -FARTHEST), FARTHEST) for v in face.extents()[:2])
    return {"glyphs": glyphs, "kerning": kerning, "ligatures": ligatures, "ascent": ascent, "descent": descent}


def read_glyphs(face: Face) -> dict[str, list[Any]]:
    """Return advance and outline of the first characters that can stand on paper and are no marks.

    Marks are composed with their letters by our fonts.
    """
    glyphs: dict[str, list[Any]] = {}
    wanted = (c for c in sorted(face.characters) if unicodedata.category(chr(c))[0] in "LNPSZ")
    for code in itertools.islice(wanted, MOST_CHARACTERS):
        shaped = face.shape(chr(code))
        outline = read_outline(face, shaped[0].number) if len(shaped) == 1 else None
        if outline is None or (not outline and not chr(code).isspace()):
            continue  # another font stands in for it
        advance = shaped[0].advance
        if outline and advance <= 0:  # letters on top of one another are no text
            advance = max((v for _, *values in outline for v in values[::2]), default=0) + 0.05
        if advance < FARTHEST:
            glyphs[chr(code)] = [round(max(advance, 0), 4), outline]
    return glyphs


def read_outline(face: Face, glyph: int) -> list[list[Any]] | None:
    """Return an outline in ems, or None for one that no letter has."""
    scaled = [(verb, [round(v / face.units, 4) for v in values]) for verb, values in face.draw(glyph)]
    near = all(abs(v) < FARTHEST for _, values in scaled for v in values)
    return [[verb, *values] for verb, values in scaled] if near and len(scaled) <= MOST_SEGMENTS else None


def read_pairs(face: Face, glyphs: dict[str, list[Any]]) -> tuple[dict[str, float], dict[str, list[Any]]]:
    """Return kerning and ligatures of the letters and figures, as far as the time goes."""
    kerning: dict[str, float] = {}
    ligatures: dict[str, list[Any]] = {}
    letters = [c for c in LETTERS if c in glyphs]
    end = time.process_time() + PAIRS_SECONDS
    pairs = ("".join(pair) for pair in itertools.product(letters, letters))
    for text in itertools.chain((t for t in LONG_LIGATURES if set(t) <= set(glyphs)), pairs):
        if time.process_time() > end:
            break
        shaped = face.shape(text)
        if len(shaped) == 1:
            outline = read_outline(face, shaped[0].number)
            if outline and 0 < shaped[0].advance < FARTHEST:
                ligatures[text] = [round(shaped[0].advance, 4), outline]
        elif len(text) == len(shaped) == 2:
            kern = shaped[0].advance - glyphs[text[0]][0]
            if 0.004 < abs(kern) < 0.6:
                kerning[text] = round(kern, 4)
    return kerning, ligatures


def main() -> int:
    """Read one font, and return the exit status."""
    limit()
    try:
        found = read(sys.stdin.buffer.read())
    except FontDataError as problem:
        sys.stderr.write(str(problem))
        return 3
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
