"""The characters of a font that is to be built: outlines, advances, kerning and ligatures, in ems."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emnist_hf.styling.outline import Outline, Segment

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
