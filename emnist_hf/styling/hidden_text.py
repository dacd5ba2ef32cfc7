"""Text on a PDF page that nobody sees and everybody can select, search and copy.

It is in a font without ink whose every character is a square (as OCR engines write them), each word stretched to the
width that it takes on the page.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import lru_cache

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph
from pikepdf import Array, Object

from emnist_hf.styling.scene import SetWord


def codes_of(text: str) -> dict[str, int]:
    """Return the code of each character of a text, and of the space, in the font that `blank_font` makes of it."""
    return {character: i + 1 for i, character in enumerate(sorted({*text, " "}))}


def hidden_word(word: SetWord, size: float, height: float, codes: dict[str, int], points: float) -> str:
    """Return the operators that show a word, stretched from its left to its right end.

    size: of the font, in points. height: of the page, in points. points: to a pixel of the word's places.
    """
    across, down = max(word.right - word.left, 0.1), word.fall
    length = math.hypot(across, down)
    stretch = 100 * length * points / (len(word.text) * size)
    coded = "".join(f"{codes[character]:04X}" for character in word.text)
    x, y = word.left * points, height - word.baseline * points
    cos, sin = across / length, -down / length
    return f"{stretch:.4f} Tz {cos:.6f} {sin:.6f} {-sin:.6f} {cos:.6f} {x:.3f} {y:.3f} Tm <{coded}> Tj"


def blank_font(pdf: pikepdf.Pdf, characters: Sequence[str]) -> Object:
    """Return a composite font (PDF 32000-1, 9.7) in which code i is character i - 1 and looks like nothing."""
    descriptor = Object.parse(
        b"<< /Type /FontDescriptor /FontName /Blank /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0"
        b" /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>"
    )
    descriptor.FontFile2 = pdf.make_stream(_blank_file())
    descendant = Object.parse(
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Blank /DW 1000"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    descendant.FontDescriptor = pdf.make_indirect(descriptor)
    descendant.CIDToGIDMap = pdf.make_stream(b"\0\1" * (len(characters) + 1))  # every character is the one blank glyph
    font = Object.parse(b"<< /Type /Font /Subtype /Type0 /BaseFont /Blank /Encoding /Identity-H >>")
    font.DescendantFonts = Array([pdf.make_indirect(descendant)])
    font.ToUnicode = pdf.make_stream(_to_unicode(characters))
    return pdf.make_indirect(font)


def _to_unicode(characters: Sequence[str]) -> bytes:
    """Return the CMap that says which character a code is; at most 100 to a block, as the format has it."""
    entries = [f"<{i + 1:04X}> <{utf16(character)}>" for i, character in enumerate(characters)]
    blocks = [entries[i : i + 100] for i in range(0, len(entries), 100)]
    mapped = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{mapped}\nendcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode("ascii")


@lru_cache(maxsize=1)
def _blank_file() -> bytes:
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "blank"])
    builder.setupCharacterMap({0x20: "blank"})
    pen = TTGlyphPen(None)  # a line there and back has no area, but a size: PDFium leaves out words of no size
    pen.moveTo((0, 0))
    pen.lineTo((1000, 800))
    pen.endPath()
    builder.setupGlyf({".notdef": Glyph(), "blank": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "blank": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Blank", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    buffer = io.BytesIO()
    builder.save(buffer)
    return buffer.getvalue()


def utf16(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()
