"""A TrueType font written from a glyph set.

The characters of a font that is to be built: outlines, advances, kerning and ligatures, in ems.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

from emnist_hf.styling.outline import Outline, Segment

UNITS = 1000
"""Units an em."""


_MOST_PAIRS = 3_000  # more than letters have pairs; a visitor's font may claim any number


_INSTALLABLE = 0  # OS/2 fsType: no restriction


def build_font(glyph_set: GlyphSet, family: str, *, version: str = "1.000") -> bytes:
    """A TTF of the family in the one style Regular, with the kerning as `kern` and the ligatures as `liga`.

    A space and a no-break space are added where they are missing.
    """
    glyphs = dict(glyph_set.glyphs)
    space = glyphs.get(" ", SetGlyph(Outline(()), 0.3))
    glyphs[" "] = glyphs["\u00a0"] = SetGlyph(Outline(()), space.advance)
    names = {character: _name(character) for character in sorted(glyphs)}
    drawn: dict[str, SetGlyph] = {".notdef": SetGlyph(Outline(()), space.advance)}
    drawn |= {names[character]: glyphs[character] for character in names}
    drawn |= {_ligature_name(key, names): glyph for key, glyph in glyph_set.ligatures.items()}
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(list(drawn))
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    builder.setupGlyf({name: _glyf(glyph.outline) for name, glyph in drawn.items()})
    table = builder.font["glyf"]
    builder.setupHorizontalMetrics(
        {name: (round(g.advance * UNITS), getattr(table[name], "xMin", 0)) for name, g in drawn.items()}
    )
    _set_up_facts(builder, glyph_set, family, version)
    features = "\n".join(_features(glyph_set, names))
    if features:
        addOpenTypeFeaturesFromString(builder.font, features)
    buffer = io.BytesIO()
    builder.save(buffer)
    return buffer.getvalue()


def _set_up_facts(builder: FontBuilder, glyph_set: GlyphSet, family: str, version: str) -> None:
    ascent, descent = round(glyph_set.ascent * UNITS), round(glyph_set.descent * UNITS)
    postscript = "".join(c for c in family if c.isascii() and c.isalnum())[:50] or "Hand"
    builder.setupHorizontalHeader(ascent=ascent, descent=descent, lineGap=0)
    builder.setupNameTable(
        {
            "familyName": family,
            "styleName": "Regular",
            "uniqueFontIdentifier": f"{postscript}-{version}",
            "fullName": f"{family} Regular",
            "version": f"Version {version}",
            "psName": f"{postscript}-Regular",
        }
    )
    x_height = _top(glyph_set, "xzo") or 0.45
    builder.setupOS2(
        version=4,
        fsType=_INSTALLABLE,
        sTypoAscender=ascent,
        sTypoDescender=descent,
        sTypoLineGap=0,
        usWinAscent=max(ascent, 0),
        usWinDescent=max(-descent, 0),
        sxHeight=round(x_height * UNITS),
        sCapHeight=round((_top(glyph_set, "HIE") or 1.5 * x_height) * UNITS),
        fsSelection=0x40 | 0x80,  # regular, and the typographic metrics are the ones to use
    )
    builder.setupPost()


def _top(glyph_set: GlyphSet, characters: str) -> float | None:
    for character in characters:
        glyph = glyph_set.glyphs.get(character)
        if glyph and glyph.outline:
            return glyph.outline.bounds((1, 0, 0, 1, 0, 0))[3]
    return None


def _name(character: str) -> str:
    code = ord(character)
    return f"uni{code:04X}" if code <= 0xFFFF else f"u{code:X}"


def _ligature_name(key: str, names: Mapping[str, str]) -> str:
    return "_".join(names[character] for character in key)


def _glyf(outline: Outline) -> Glyph:
    pen = TTGlyphPen(None)
    curves = Cu2QuPen(pen, max_err=1.0, reverse_direction=False)
    is_open = False
    for verb, coordinates in outline.mapped((UNITS, 0, 0, UNITS, 0, 0)).segments:
        points = list(zip(coordinates[::2], coordinates[1::2]))
        if verb in "MZ" and is_open:
            curves.closePath()
            is_open = False
        if verb == "M":
            curves.moveTo(points[0])
            is_open = True
        elif verb == "L":
            curves.lineTo(points[0])
        elif verb == "Q":
            curves.qCurveTo(*points)
        elif verb == "C":
            curves.curveTo(*points)
    if is_open:
        curves.closePath()
    return pen.glyph()


def _features(glyph_set: GlyphSet, names: Mapping[str, str]) -> Iterator[str]:
    """Feature code: the largest kerning pairs, and ligatures, the longest first."""
    strongest = sorted(glyph_set.kerning.items(), key=lambda item: -abs(item[1]))[:_MOST_PAIRS]
    pairs = [(names[a], names[b], round(v * UNITS)) for (a, b), v in strongest]
    pairs = [pair for pair in pairs if pair[2]]
    if pairs:
        yield "feature kern {"
        yield from (f"pos {one} {other} {value};" for one, other, value in sorted(pairs))
        yield "} kern;"
    if glyph_set.ligatures:
        yield "feature liga {"
        for key in sorted(glyph_set.ligatures, key=lambda key: (-len(key), key)):
            yield f"sub {' '.join(names[c] for c in key)} by {_ligature_name(key, names)};"
        yield "} liga;"


MOST_GLYPHS, MOST_SEGMENTS = 1_500, 300_000


FARTHEST = 6.0
"""Ems from the origin, beyond which no letter reaches."""


_COORDINATES = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}


@dataclass(frozen=True)
class SetGlyph:
    """An outline, y up from the baseline, and how far the pen moves on."""

    outline: Outline
    advance: float


@dataclass(frozen=True)
class GlyphSet:
    """What a font is built from; lengths in ems. Keys of `ligatures` are two characters or more."""

    glyphs: Mapping[str, SetGlyph]
    kerning: Mapping[tuple[str, str], float] = field(default_factory=dict)
    ligatures: Mapping[str, SetGlyph] = field(default_factory=dict)
    ascent: float = 0.9
    descent: float = -0.3


def read_glyph_set(plain: Any) -> GlyphSet:
    """The glyph set in what `json.loads` gave, every number of it looked at. Raises ValueError if it is none."""
    try:
        glyphs = {str(key): _glyph(value) for key, value in plain["glyphs"].items() if len(key) == 1}
        ligatures = {str(key): _glyph(value) for key, value in plain["ligatures"].items() if 2 <= len(key) <= 4}
        kerning = {(key[0], key[1]): _number(value, 2) for key, value in plain["kerning"].items() if len(key) == 2}
        ascent, descent = _number(plain["ascent"], FARTHEST), _number(plain["descent"], FARTHEST)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError("this is no glyph set") from problem
    every = [*glyphs.values(), *ligatures.values()]
    if len(every) > MOST_GLYPHS or sum(len(glyph.outline.segments) for glyph in every) > MOST_SEGMENTS:
        raise ValueError("there is too much in it")
    known = {pair: value for pair, value in kerning.items() if set(pair) <= set(glyphs)}
    whole = {key: glyph for key, glyph in ligatures.items() if set(key) <= set(glyphs)}
    return GlyphSet(glyphs, known, whole, max(ascent, 0.1), min(descent, 0.0))


def _glyph(plain: Any) -> SetGlyph:
    advance, segments = plain
    return SetGlyph(Outline(tuple(_segment(segment) for segment in segments)), max(_number(advance, FARTHEST), 0.0))


def _segment(plain: Any) -> Segment:
    verb, *coordinates = plain
    if not isinstance(verb, str) or _COORDINATES.get(verb) != len(coordinates):
        raise ValueError("this is no segment")
    return verb, tuple(_number(value, FARTHEST) for value in coordinates)


def _number(value: Any, farthest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("this is no number")
    if abs(value) > farthest:
        raise ValueError("this is out of reach")
    return float(value)
