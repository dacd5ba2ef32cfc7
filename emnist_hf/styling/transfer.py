"""The writer's hand carried over to a font: as much of it as was asked for, and as the font bears."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from numbers import Integral
from typing import NamedTuple

import cv2
import numpy as np

from emnist_hf.ink import Ink
from emnist_hf.ink.types import Floats
from emnist_hf.ink.widths import depth, ridge
from emnist_hf.styling.colours import mix_ink
from emnist_hf.styling.errors import StylingError, check_number
from emnist_hf.styling.fonts import Font
from emnist_hf.styling.hand import Hand, check_hand
from emnist_hf.styling.line import PLAIN, Style
from emnist_hf.styling.measuring import estimate_hand
from emnist_hf.styling.outline import Box
from emnist_hf.styling.scene import to_image
from emnist_hf.styling.setting import Setting, set_lines

_EM = 120  # pixels at which a font is measured
_SAMPLE = "nhuidmabeoHELT"
"""Characters that a font is measured by, mostly those with an upright."""


@dataclass(frozen=True)
class FontMeasures:
    """A font measured as a writer is, on a drawing of it at `_EM` pixels; lengths in ems.

    slant: degrees. stroke: median width of the strokes. hairline: a tenth of the strokes is thinner.
    counter: the narrowest white inside letters (a tenth of it is narrower). width, spacing: as `Hand` has them.
    """

    slant: float
    stroke: float
    hairline: float
    counter: float
    x_height: float
    width: float
    spacing: float

    @property
    def is_joined(self) -> bool:
        """Whether neighbours touch."""
        return self.spacing < -0.04


class _Drawn(NamedTuple):
    label: str
    box: Box
    line: int
    word: int


def measure_font(font: Font) -> FontMeasures:
    """Measure a font by drawing characters far apart. Those on the disk are measured once; a visitor's is not kept."""
    return _measure_once(font) if font.data is None else _measure(font)


def _measure(font: Font) -> FontMeasures:
    sample = "".join(c for c in _SAMPLE if not font.missing(c)) or "".join(map(chr, sorted(font.typeface.characters)))
    setting = Setting(size=_EM, ink="black", paper="white", margin=0.1)
    scene, _ = set_lines("  ".join(sample[:40]), font, setting)
    coverage = (1 - np.asarray(to_image(scene).convert("L")) / 255).astype(np.float32)
    drawn = [_Drawn(c, mark.bounds(), 0, i) for i, (c, mark) in enumerate(zip(sample, scene.marks))]
    hand = estimate_hand(Ink(coverage, (0, 0, 0), False, 1.0), drawn)
    depths = depth(coverage > 0.5)
    widths = 2 * depths[ridge(depths)] - 0.5
    return FontMeasures(
        slant=hand.slant,
        stroke=hand.pen / _EM,
        hairline=float(np.percentile(widths, 10)) / _EM if widths.size else hand.pen / _EM,
        counter=_counter(coverage) / _EM,
        x_height=font.typeface.x_height,
        width=hand.width,
        spacing=_own_spacing(font),
    )


_measure_once = lru_cache(maxsize=64)(_measure)


def _counter(coverage: Floats) -> float:
    """Return the width, in pixels, of the narrowest of the closed counters; a third of an x where there is none."""
    white = (coverage < 0.5).astype(np.uint8)
    count, labels = cv2.connectedComponents(white, connectivity=4)
    depths = depth(white > 0)
    deepest = [float(2 * depths[labels == i].max()) for i in range(1, count) if i != labels[0, 0]]
    deepest = [deep for deep in deepest if deep >= 3]  # crossing strokes leave slivers
    return float(np.percentile(deepest, 10)) if deepest else 0.15 * _EM


def _own_spacing(font: Font) -> float:
    """Return the white between the ink of two n, in x-heights, negative where they overlap."""
    typeface = font.typeface
    letter = "n" if ord("n") in typeface.characters else chr(min(typeface.characters))
    one, two = typeface.ink_box(letter), typeface.ink_box(letter * 2)
    if one is None or two is None:
        return 0.2
    width = one[2] - one[0]
    return ((two[2] - two[0]) - 2 * width) / typeface.x_height


def style_like(hand: Hand, font: Font, strength: float, *, seed: int = 0) -> Style:
    """Return the style that brings a font `strength` of the way, 0 to 1, to a hand.

    0 is the font as it is. Slant goes to the writer's by shear, weight to the pen's share of the x-height (by the
    square root of what is between them, as the eye judges it) by offsetting outlines, width by stretching, spacing by
    tracking (not in joined hands), waver by lifting and sinking glyphs by seeded noise. Nothing goes further than
    letters stay legible (`tests/styling/test_transfer.py` reads them back): a hairline keeps six sevenths of its width
    and a counter five, no stroke grows by more than two fifths, no letter by more than 5 % in width, as wide ones are
    read worse, and no lean grows by more than 22 degrees or shrinks by more than 10.

    Raise `StylingError` for a strength out of bounds, a seed that is no whole number from 0, and what is no hand.
    """
    check_hand(hand)
    if not isinstance(seed, Integral) or seed < 0:
        raise StylingError("The seed {seed!r} cannot be used: give a whole number from 0.", seed=str(seed)[:20])
    strength = check_number("strength", strength, 0, 1)
    if strength == 0:
        return PLAIN
    own = measure_font(font)
    slant = min(max(hand.slant, own.slant - 10, -35), own.slant + 22, 45)
    shear = strength * (math.tan(math.radians(slant)) - math.tan(math.radians(own.slant)))
    wanted = own.stroke * math.sqrt(hand.weight * own.x_height / max(own.stroke, 1e-3))
    grown = min(max((wanted - own.stroke) / 2, -own.hairline / 14), own.counter / 7, 0.2 * own.stroke)
    stretch = min(max(math.sqrt(hand.width / own.width), 0.9), 1.05)
    tracking = 0.0
    if hand.spacing is not None and not own.is_joined:
        tracking = min(max(hand.spacing - own.spacing, -0.05), 0.35) * own.x_height
    return Style(
        shear=shear,
        offset=round(strength * grown, 4),
        stretch=1 + strength * (stretch - 1),
        waver=strength * min(hand.waver, 0.1) * own.x_height,
        tracking=strength * tracking,
        seed=seed,
    )


def in_hand(hand: Hand | None, font: Font, setting: Setting, strength: float, seed: int = 0) -> tuple[Setting, Style]:
    """Return the setting with its ink, and the style, that bring a font `strength` of the way to a hand, if any."""
    check_number("strength", strength, 0, 1)
    if hand is None:
        return setting, PLAIN
    style = style_like(hand, font, strength, seed=seed)
    return replace(setting, ink=mix_ink(setting.ink_colour, hand.colour, setting.paper_colour, strength)), style
