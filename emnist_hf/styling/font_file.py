"""A glyph set, the characters of a font that is to be built, and the TrueType font written from it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fontTools.ttLib.tables.ttProgram import Program

from emnist_hf.styling.font_reader import FARTHEST
from emnist_hf.styling.outline import UNITS, Outline, Segment

MOST_GLYPHS, MOST_SEGMENTS = 1_500, 300_000

_COORDINATES = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
_MOST_PAIRS = 3_000  # more than letters have pairs; a visitor's font may claim any number
_VERSION = "1.000"
_INSTALLABLE = 0  # OS/2 fsType: no restriction
_FARTHEST_TURN = 4  # glyphs back that the same character is looked for
_UNHINTED = b"\xb8\x01\xff\x85\xb0\x04\x8d"  # prep: no stroke drops out at any size


@dataclass(frozen=True)
class SetGlyph:
    """An outline, y up from the baseline, and how far the pen moves on."""

    outline: Outline
    advance: float


@dataclass(frozen=True)
class GlyphSet:
    """What a font is built from; lengths in ems. Keys of `ligatures` are two characters or more.

    alternates: what takes turns with a character's glyph.
    """

    glyphs: Mapping[str, SetGlyph]
    kerning: Mapping[tuple[str, str], float] = field(default_factory=dict)
    ligatures: Mapping[str, SetGlyph] = field(default_factory=dict)
    ascent: float = 0.9
    descent: float = -0.3
    alternates: Mapping[str, Sequence[SetGlyph]] = field(default_factory=dict)


_BOX = ((0.05, 0.0, 0.45, 0.7), (0.1, 0.05, 0.4, 0.65))
_NOTDEF = SetGlyph(
    Outline(
        tuple(
            segment
            for way, (left, low, right, high) in zip((1, -1), _BOX)
            for segment in (
                ("M", (left, low)),
                *(("L", point) for point in ((left, high), (right, high), (right, low))[::way]),
                ("Z", ()),
            )
        )
    ),
    0.5,
)
"""What is shown where the font has no glyph: an empty box."""


# --- from a program that is not trusted ---


def read_glyph_set(plain: Any) -> GlyphSet:
    """Return the glyph set in what `json.loads` gave, every number looked at. Raise ValueError if it is none."""
    try:
        glyphs = {str(key): _glyph(value) for key, value in plain["glyphs"].items() if len(key) == 1}
        ligatures = {str(key): _glyph(value) for key, value in plain["ligatures"].items() if 2 <= len(key) <= 4}
        kerning = {(key[0], key[1]): _number(value, 2) for key, value in plain["kerning"].items() if len(key) == 2}
        ascent, descent = _number(plain["ascent"]), _number(plain["descent"])
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
    return SetGlyph(Outline(tuple(_segment(segment) for segment in segments)), max(_number(advance), 0.0))


def _segment(plain: Any) -> Segment:
    verb, *coordinates = plain
    if not isinstance(verb, str) or _COORDINATES.get(verb) != len(coordinates):
        raise ValueError("this is no segment")
    return verb, tuple(_number(value) for value in coordinates)


def _number(value: Any, farthest: float = FARTHEST) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("this is no number")
    if abs(value) > farthest:
        raise ValueError("this is out of reach")
    return float(value)


# --- to a file ---


def build_font(glyph_set: GlyphSet, family: str) -> bytes:
    """Return a TTF of the family in the one style Regular: kerning as `kern`, ligatures as `liga`, turns as `calt`.

    A space and a no-break space are added where they are missing.
    """
    glyphs = dict(glyph_set.glyphs)
    space = glyphs.get(" ", SetGlyph(Outline(), 0.3))
    glyphs[" "] = glyphs["\u00a0"] = SetGlyph(Outline(), space.advance)
    names = {character: _name(character) for character in sorted(glyphs)}
    drawn: dict[str, SetGlyph] = {".notdef": _NOTDEF}
    drawn |= {names[character]: glyphs[character] for character in names}
    drawn |= {_ligature_name(key, names): glyph for key, glyph in glyph_set.ligatures.items()}
    drawn |= {name: g for c, alternates in _turns(glyph_set, names).items() for name, g in alternates.items()}
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(list(drawn))
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    builder.setupGlyf({name: _glyf(glyph.outline) for name, glyph in drawn.items()})
    table = builder.font["glyf"]
    builder.setupHorizontalMetrics(
        {name: (round(g.advance * UNITS), getattr(table[name], "xMin", 0)) for name, g in drawn.items()}
    )
    _set_up_facts(builder, glyph_set, family)
    features = "\n".join(_features(glyph_set, names))
    if features:
        addOpenTypeFeaturesFromString(builder.font, features)
    buffer = io.BytesIO()
    builder.save(buffer)
    return buffer.getvalue()


def as_woff2(data: bytes) -> bytes:
    """Return a TTF as WOFF2, as web pages load fonts."""
    font = TTFont(io.BytesIO(data))
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def _set_up_facts(builder: FontBuilder, glyph_set: GlyphSet, family: str) -> None:
    ascent, descent = round(glyph_set.ascent * UNITS), round(glyph_set.descent * UNITS)
    postscript = "".join(c for c in family if c.isascii() and c.isalnum())[:50] or "Hand"
    builder.setupHorizontalHeader(ascent=ascent, descent=descent, lineGap=0)
    builder.setupNameTable(
        {
            "familyName": family,
            "styleName": "Regular",
            "uniqueFontIdentifier": f"{postscript}-{_VERSION}",
            "fullName": f"{family} Regular",
            "version": f"Version {_VERSION}",
            "psName": f"{postscript}-Regular",
        },
        mac=False,
    )
    x_height = _top(glyph_set, "xzo") or 0.45
    inked = [glyph for glyph in builder.font["glyf"].glyphs.values() if glyph.numberOfContours]
    builder.setupOS2(
        version=4,
        fsType=_INSTALLABLE,
        sTypoAscender=ascent,
        sTypoDescender=descent,
        sTypoLineGap=0,
        usWinAscent=max(ascent, *(glyph.yMax for glyph in inked)),
        usWinDescent=max(-descent, *(-glyph.yMin for glyph in inked)),
        sxHeight=round(x_height * UNITS),
        sCapHeight=round((_top(glyph_set, "HIE") or 1.5 * x_height) * UNITS),
        fsSelection=0x40 | 0x80,  # regular, and the typographic metrics are the ones to use
    )
    builder.font["OS/2"].recalcUnicodeRanges(builder.font)
    builder.font["OS/2"].recalcCodePageRanges(builder.font)
    builder.setupPost()
    builder.font["gasp"] = gasp = newTable("gasp")
    gasp.gaspRange = {0xFFFF: 0x000F}  # smoothed at every size, as outlines without hints are
    builder.font["prep"] = prep = newTable("prep")
    prep.program = Program()
    prep.program.fromBytecode(_UNHINTED)


def _top(glyph_set: GlyphSet, characters: str) -> float | None:
    inked = (glyph_set.glyphs[c].outline for c in characters if c in glyph_set.glyphs)
    return next((outline.bounds()[3] for outline in inked if outline), None)


def _name(character: str) -> str:
    code = ord(character)
    return f"uni{code:04X}" if code <= 0xFFFF else f"u{code:X}"


def _ligature_name(key: str, names: Mapping[str, str]) -> str:
    return "_".join(names[character] for character in key)


def _turns(glyph_set: GlyphSet, names: Mapping[str, str]) -> dict[str, dict[str, SetGlyph]]:
    """Return the glyphs by name that take turns with a character's."""
    return {
        c: {f"{names[c]}.alt{i}": glyph for i, glyph in enumerate(glyphs, start=1)}
        for c, glyphs in sorted(glyph_set.alternates.items())
        if c in names
    }


def _glyf(outline: Outline) -> Glyph:
    pen = TTGlyphPen(None)
    curves = Cu2QuPen(pen, max_err=1.0, reverse_direction=False)
    draw = {"L": curves.lineTo, "Q": curves.qCurveTo, "C": curves.curveTo}
    is_open, at = False, (0, 0)
    for verb, coordinates in outline.scaled(UNITS).segments:
        points = [(round(x), round(y)) for x, y in zip(coordinates[::2], coordinates[1::2])]
        if verb in "LQC" and all(point == at for point in points):
            continue  # too short for whole units
        at = points[-1] if points else at
        if verb in "MZ":
            if is_open:
                curves.closePath()
            is_open = verb == "M"
        if verb == "M":
            curves.moveTo(points[0])
        elif verb != "Z":
            draw[verb](*points)
    if is_open:
        curves.closePath()
    return pen.glyph()


def _features(glyph_set: GlyphSet, names: Mapping[str, str]) -> Iterator[str]:
    """Yield feature code: ligatures, the longest first; turns; the largest kerning pairs."""
    turns = {c: [names[c], *alternates] for c, alternates in _turns(glyph_set, names).items()}
    if glyph_set.ligatures:
        yield "feature liga {"
        for key in sorted(glyph_set.ligatures, key=lambda key: (-len(key), key)):
            yield f"sub {' '.join(names[c] for c in key)} by {_ligature_name(key, names)};"
        yield "} liga;"
    if turns:
        yield from _turn_features(turns, sorted(name for c, name in names.items() if not c.isspace()))
    strongest = sorted(glyph_set.kerning.items(), key=lambda item: -abs(item[1]))[:_MOST_PAIRS]
    pairs = [(a, b, round(v * UNITS)) for (a, b), v in strongest]
    pairs = [pair for pair in pairs if pair[2]]
    if not pairs:
        return
    kerned = sorted({c for one, other, _ in pairs for c in (one, other)})
    yield from (f"@K{names[c]} = [{' '.join(turns.get(c, [names[c]]))}];" for c in kerned)
    yield "feature kern {"
    yield from (f"pos @K{names[one]} @K{names[other]} {value};" for one, other, value in sorted(pairs))
    yield "} kern;"


def _turn_features(turns: Mapping[str, Sequence[str]], others: Sequence[str]) -> Iterator[str]:
    """Yield the feature by which the variants of a character take turns, going by the nearest one before.

    No `rand`: HarfBuzz has it on by default, and a text would look otherwise each time that it is set.
    """
    most = max(map(len, turns.values()))
    alternates = [name for variants in turns.values() for name in variants[1:]]
    yield f"@ANY = [{' '.join([*others, *alternates])}];"
    for number in range(1, most):
        yield f"lookup TURN{number} {{"
        yield from (f"sub {names[0]} by {names[number]};" for names in turns.values() if number < len(names))
        yield f"}} TURN{number};"
    yield "feature calt {"
    for between in range(_FARTHEST_TURN):
        gap = "@ANY " * between
        for variants in turns.values():
            for before, name in enumerate(variants):
                after = (before + 1) % len(variants)
                if after:
                    yield f"sub {name} {gap}{variants[0]}' lookup TURN{after};"
                else:
                    yield f"ignore sub {name} {gap}{variants[0]}';"
    yield "} calt;"
