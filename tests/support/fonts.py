"""Fonts that somebody might send: small ones of ours, and hostile ones, made here."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from functools import cache
from itertools import pairwise

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent
from fontTools.ttLib.tables.ttProgram import Program

from emnist_hf.styling import fonts
from emnist_hf.styling.visitor_font import MAX_BYTES

TEXT = "AVATAR quick fi 123"


def small(name: str = "tangerine", text: str = TEXT) -> TTFont:
    """A font of ours with the characters of `text` alone."""
    font = TTFont(fonts()[name].path)
    subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True))
    subsetter.populate(text=text)
    subsetter.subset(font)
    return font


def saved(font: TTFont) -> bytes:
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


@cache
def small_file(name: str = "tangerine", text: str = TEXT) -> bytes:
    """The file of a `small` font."""
    return saved(small(name, text))


def cyclic() -> bytes:
    font = small(text="AB")
    for name, other in (("A", "B"), ("B", "A")):
        component = GlyphComponent()
        component.glyphName, component.x, component.y, component.flags = other, 0, 0, 0x4 | 0x2
        glyph = Glyph()
        glyph.numberOfContours, glyph.components = -1, [component]
        glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0
        font["glyf"][name] = glyph
    font.recalcBBoxes = False
    return saved(font)


def looping_hints() -> bytes:
    font = small()
    font["fpgm"] = newTable("fpgm")
    font["fpgm"].program = Program()
    font["fpgm"].program.fromAssembly(["PUSHW[ ]", "-3", "JMPR[ ]"])
    font["prep"] = newTable("prep")
    font["prep"].program = font["fpgm"].program
    return saved(font)


def huge_advances() -> bytes:
    font = small()
    font["hmtx"].metrics = {name: (32767, bearing) for name, (_, bearing) in font["hmtx"].metrics.items()}
    return saved(font)


def zero_width() -> bytes:
    font = small()
    font["hmtx"].metrics = {name: (0, bearing) for name, (_, bearing) in font["hmtx"].metrics.items()}
    return saved(font)


def without(*tags: str) -> bytes:
    """A font whose directory does not name these tables."""
    data = small_file()
    for tag in tags:
        data = data.replace(tag.encode(), b"XXXX", 1)
    return data


def with_svg() -> bytes:
    font = small()
    font["SVG "] = newTable("SVG ")
    script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="file:///etc/passwd"/></svg>'
    font["SVG "].docList = [(script, 1, 3)]
    return saved(font)


def blank_glyphs() -> bytes:
    font = small()
    for name in font.getGlyphOrder():
        font["glyf"][name] = Glyph()
    return saved(font)


def far_coordinates() -> bytes:
    font = small(text="A")
    font["head"].unitsPerEm = 16
    return saved(font)


def nested(depth: int = 60) -> bytes:
    """Every glyph draws the one before it twice: 2 to the 60 contours."""
    font = small(text="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    names = [name for name in font.getGlyphOrder() if name in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"]
    for before, name in pairwise(names[:depth]):
        parts = []
        for _ in range(2):
            component = GlyphComponent()
            component.glyphName, component.x, component.y, component.flags = before, 10, 10, 0x4 | 0x2
            parts.append(component)
        glyph = Glyph()
        glyph.numberOfContours, glyph.components = -1, parts
        glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0
        font["glyf"][name] = glyph
    font.recalcBBoxes = False
    return saved(font)


def noise(seed: int) -> bytes:
    return b"\x00\x01\x00\x00" + random.Random(seed).randbytes(50_000)


def table_bomb() -> bytes:
    return b"OTTO" + struct.pack(">HHHH", 65535, 0, 0, 0) + b"\0" * 65535 * 16


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "random": lambda: random.Random(1).randbytes(9_000),
    "random after the head": lambda: noise(2),
    "truncated": lambda: small_file()[:3_000],
    "half": lambda: small_file()[: len(small_file()) // 2],
    "no cmap": lambda: without("cmap"),
    "no glyf": lambda: without("glyf", "loca"),
    "no hmtx": lambda: without("hmtx"),
    "no head": lambda: without("head"),
    "cyclic composites": cyclic,
    "nested composites": nested,
    "looping hints": looping_hints,
    "huge advances": huge_advances,
    "zero width": zero_width,
    "SVG table": with_svg,
    "blank glyphs": blank_glyphs,
    "far coordinates": far_coordinates,
    "table bomb": table_bomb,
    "TTC": lambda: b"ttcf" + b"\0" * 100,
    "WOFF2": lambda: b"wOF2" + b"\0" * 100,
    "WOFF": lambda: b"wOFF" + b"\0" * 100,
    "BDF": lambda: b"STARTFONT 2.1\n",
    "PCF": lambda: b"\x01fcp" + b"\0" * 100,
    "HTML": lambda: b"<html><script>alert(1)</script>",
    "PNG": lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "too large": lambda: b"\x00\x01\x00\x00" + bytes(MAX_BYTES),
}
