"""A program of its own that reads a stranger's font: the file on standard input, a glyph set as JSON on standard out.

It gives itself little memory, time and room before the first byte, and imports nothing of this package. HarfBuzz reads
the file, and runs no hinting code; SVG and colour tables are not looked at. What is wrong with a font is said in a
few words on standard error, with exit status 3.
"""

from __future__ import annotations

import itertools
import json
import resource
import struct
import sys
import time
import unicodedata
from typing import Any

MEMORY, CPU_SECONDS, OUTPUT = 512 << 20, 3, 24 << 20


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


LONG_LIGATURES = ("ffi", "ffl", "fff", "sch", "tch")


MOST_CHARACTERS = 300  # in the order of Unicode: Latin first


FARTHEST = 6.0  # ems


MOST_SEGMENTS = 4_000  # of one glyph


PAIRS_SECONDS = 1.2


Segments = list[list[Any]]


class Unusable(Exception):
    """The message says in a few words what is wrong with the font."""


def limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def check_tables(data: bytes) -> None:
    """Every table lies within the file; HarfBuzz would drop one that does not, and show blanks."""
    try:
        (count,) = struct.unpack_from(">H", data, 4)
        records = [struct.unpack_from(">4s4xLL", data, 12 + 16 * i) for i in range(count)]
    except struct.error:
        raise Unusable("it is cut short") from None
    if any(start + length > len(data) for _, start, length in records):
        raise Unusable("it is cut short")
    tags = {tag for tag, _, _ in records}
    if not tags & {b"glyf", b"CFF ", b"CFF2"}:
        raise Unusable("it has no outlines")
    if b"cmap" not in tags:
        raise Unusable("it does not say which character is which glyph")


class Reader:
    """The font opened by HarfBuzz; lengths in ems."""

    def __init__(self, data: bytes) -> None:
        import uharfbuzz as hb

        self._hb = hb
        face = hb.Face(hb.Blob(data))
        self._font = hb.Font(face)
        self.units = face.upem
        self.characters = sorted(c for c in face.unicodes if self._font.get_nominal_glyph(c))
        self._draw = hb.DrawFuncs()
        self._draw.set_move_to_func(lambda x, y, to: to.append(["M", x, y]))
        self._draw.set_line_to_func(lambda x, y, to: to.append(["L", x, y]))
        self._draw.set_quadratic_to_func(lambda a, b, x, y, to: to.append(["Q", a, b, x, y]))
        self._draw.set_cubic_to_func(lambda a, b, c, d, x, y, to: to.append(["C", a, b, c, d, x, y]))
        self._draw.set_close_path_func(lambda to: to.append(["Z"]))

    def outline(self, glyph: int) -> Segments | None:
        """None for an outline that no letter has."""
        segments: Segments = []
        self._font.draw_glyph(glyph, self._draw, segments)
        scaled = [[verb, *(round(v / self.units, 4) for v in values)] for verb, *values in segments]
        near = all(abs(v) < FARTHEST for _, *values in scaled for v in values)
        return scaled if near and len(scaled) <= MOST_SEGMENTS else None

    def shape(self, text: str) -> list[tuple[int, float]]:
        """Glyphs and their advances."""
        buffer = self._hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "ltr"
        self._hb.shape(self._font, buffer, {"kern": True, "liga": True})
        return [
            (info.codepoint, at.x_advance / self.units) for info, at in zip(buffer.glyph_infos, buffer.glyph_positions)
        ]

    def extents(self) -> tuple[float, float]:
        extents = self._font.get_font_extents("ltr")
        return extents.ascender / self.units, extents.descender / self.units


def is_wanted(code: int) -> bool:
    """Whether a character can stand on paper and is no mark, which our fonts compose with its letter."""
    return unicodedata.category(chr(code))[0] in "LNPSZ" and code not in range(0xE000, 0xF900)


def read_glyphs(reader: Reader) -> dict[str, list[Any]]:
    glyphs: dict[str, list[Any]] = {}
    for code in itertools.islice(filter(is_wanted, reader.characters), MOST_CHARACTERS):
        shaped = reader.shape(chr(code))
        outline = reader.outline(shaped[0][0]) if len(shaped) == 1 else None
        if outline is None or (not outline and not chr(code).isspace()):
            continue  # another font stands in for it
        advance = shaped[0][1]
        if outline and advance <= 0:  # letters on top of one another are no text
            advance = max((v for _, *values in outline for v in values[::2]), default=0) + 0.05
        if advance < FARTHEST:
            glyphs[chr(code)] = [round(max(advance, 0), 4), outline]
    return glyphs


def read_pairs(reader: Reader, glyphs: dict[str, list[Any]]) -> tuple[dict[str, float], dict[str, list[Any]]]:
    """Kerning and ligatures of the letters and figures, as far as the time goes."""
    kerning: dict[str, float] = {}
    ligatures: dict[str, list[Any]] = {}
    letters = [c for c in LETTERS if c in glyphs]
    end = time.process_time() + PAIRS_SECONDS
    pairs = ("".join(pair) for pair in itertools.product(letters, letters))
    for text in itertools.chain((t for t in LONG_LIGATURES if set(t) <= set(glyphs)), pairs):
        if time.process_time() > end:
            break
        shaped = reader.shape(text)
        if len(shaped) == 1:
            outline = reader.outline(shaped[0][0])
            if outline and 0 < shaped[0][1] < FARTHEST:
                ligatures[text] = [round(shaped[0][1], 4), outline]
        elif len(text) == len(shaped) == 2:
            kern = shaped[0][1] - glyphs[text[0]][0]
            if 0.004 < abs(kern) < 0.6:
                kerning[text] = round(kern, 4)
    return kerning, ligatures


def read(data: bytes) -> dict[str, Any]:
    check_tables(data)
    try:
        reader = Reader(data)
        glyphs = read_glyphs(reader)
    except (MemoryError, ValueError, RuntimeError):
        raise Unusable("it is damaged") from None
    if not any(outline for _, outline in glyphs.values()):
        raise Unusable("none of its characters has an outline")
    if not any(character in glyphs for character in LETTERS):
        raise Unusable("it has none of the letters A to Z and figures")
    kerning, ligatures = read_pairs(reader, glyphs)
    ascent, descent = (min(max(v, -FARTHEST), FARTHEST) for v in reader.extents())
    return {"glyphs": glyphs, "kerning": kerning, "ligatures": ligatures, "ascent": ascent, "descent": descent}


def main() -> int:
    limit()
    try:
        found = read(sys.stdin.buffer.read())
    except Unusable as problem:
        sys.stderr.write(str(problem))
        return 3
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
