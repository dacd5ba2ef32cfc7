"""A writer's hand as a font: the best sample of every character, traced, stood on one baseline and spaced."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from emnist_hf.errors import Sentence
from emnist_hf.ink.types import Floats
from emnist_hf.ink.widths import depth, width_along
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.font_file import GlyphSet, SetGlyph, build_font
from emnist_hf.styling.fonts import DEFAULT_FONT, Font, find_font
from emnist_hf.styling.hand import Hand, check_hand
from emnist_hf.styling.kerning import find_kerning
from emnist_hf.styling.line import Typesetter
from emnist_hf.styling.outline import Outline, trace
from emnist_hf.styling.transfer import measure_font, style_like

X_HEIGHT = 0.46
"""Ems."""

DEFAULT_NAME = "My hand"

_SPACING = (0.14, 0.45)  # x-heights between letters, at least and at the most, whatever the writer's own
_USUAL_SPACING = 0.25  # x-heights between letters that are as wide as most writers'
_SIGN_PIXELS = 300  # an em at which signs are measured
_FINER = 0.6  # of the writer's weight: strokes filled in below it are told of
_MOST_SIGN = 1.2  # of a sign's own stroke, by which it grows on all sides at the most
_PUNCTUATION = ".,:;!?'\"-()&"


@dataclass(frozen=True)
class Sample:
    """One written character.

    ink: float32 [H, W], 0 to 1, cropped to it. label: one of the 62. score: how sure the label is, and how good the
    sample, 0 to 1. Raise `StylingError` for ink that is no such picture.
    """

    label: str
    ink: Floats
    score: float = 1.0

    def __post_init__(self) -> None:
        ink = self.ink
        is_grey = isinstance(ink, np.ndarray) and ink.ndim == 2 and ink.dtype.kind in "fiub"
        if not is_grey or not np.isfinite(ink).all():
            raise StylingError("The ink of a sample is an array of height by width, 0 for paper to 1 for ink.")
        object.__setattr__(self, "ink", np.asarray(ink, np.float32))


@dataclass(frozen=True)
class MadeFont:
    """A font made from a hand. written: the characters that are the writer's own; the others were filled in."""

    font: Font
    written: str
    notices: list[str]

    @property
    def data(self) -> bytes:
        """The TTF file."""
        assert self.font.data is not None
        return self.font.data


def make_font(
    samples: Sequence[Sample],
    hand: Hand,
    *,
    name: str = DEFAULT_NAME,
    filler: str | Font = DEFAULT_FONT,
) -> MadeFont:
    """Make an installable TTF of a writer's characters.

    Every character's best sample is scaled to the height that its letterform has over a common x-height, so that a and
    g and A fit together though they were drawn apart. Letters are as far apart as the writer's own (`hand.spacing`) or,
    where that is None, a quarter of an x-height, more or less as they are wide or narrow, and pairs are kerned until
    their white is alike. What was not written is taken from `filler` with the writer's slant and as much of the weight
    as its letters bear; a notice tells where that is little. Punctuation gets all of it.
    Raise `StylingError` if no sample is of the 62 characters, the name has no letter in it, or the hand is none.
    """
    check_hand(hand)
    family = _family(name)
    best = choose_samples(samples)
    if not best:
        raise StylingError("There is no character to make a font of: write some letters or digits first.")
    slant = math.tan(math.radians(hand.slant))
    spacing = hand.spacing if hand.spacing is not None else _USUAL_SPACING * hand.width
    bearing = 0.5 * X_HEIGHT * min(max(spacing, _SPACING[0]), _SPACING[1])
    own = {label: _stand(sample, hand.weight * X_HEIGHT) for label, sample in best.items()}
    glyphs = {label: _with_bearings(outline, slant, bearing) for label, outline in own.items() if outline}
    written = "".join(character for character in CHARACTERS if character in glyphs)
    filler = find_font(filler)
    filled = _fill_in(glyphs, filler, hand, slant, bearing)
    whole = {**filled, **glyphs, " ": SetGlyph(Outline(), 0.62 * X_HEIGHT + bearing)}
    glyph_set = GlyphSet(whole, find_kerning(whole, X_HEIGHT, slant, 2 * bearing), {}, 0.95, -0.4)
    name = _file_name(family)
    path = Path(name + ".ttf")
    font = Font(name, family, "Your own", "Made from your hand.", path, build_font(glyph_set, family))
    return MadeFont(font, written, _notices(glyphs, filler, hand))


def _notices(glyphs: Mapping[str, SetGlyph], filler: Font, hand: Hand) -> list[str]:
    """Return sentences on what was filled in."""
    missing = " ".join(character for character in CHARACTERS if character not in glyphs)
    if not missing:
        return []
    notices: list[str] = [Sentence("Not written, and filled in from another font: {missing}.", missing=missing)]
    own = measure_font(filler)
    weight = (own.stroke + 2 * style_like(hand, filler, 1.0).offset) / own.x_height
    if weight < _FINER * hand.weight:
        finer = "Letters that were filled in are finer than your pen: {font} bears no more weight."
        notices.append(Sentence(finer, font=filler.title))
    return notices


def choose_samples(samples: Sequence[Sample]) -> dict[str, Sample]:
    """Return the best sample of each character: the surest, and of several as sure the one most like the others."""
    if not isinstance(samples, Sequence) or not all(isinstance(sample, Sample) for sample in samples):
        raise StylingError("These are no samples of characters: give a list of `Sample`, as `Sheet.samples` has it.")
    by_label: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.label in LETTERFORMS and (sample.ink > 0.5).any():
            by_label.setdefault(sample.label, []).append(sample)
    return {label: _best(group) for label, group in sorted(by_label.items())}


def _best(group: list[Sample]) -> Sample:
    small = np.stack([cv2.resize(sample.ink, (24, 24), interpolation=cv2.INTER_AREA) for sample in group])
    small = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in small])
    off = np.abs(small - np.median(small, axis=0)).mean(axis=(1, 2))
    likeness = 1 - off / max(float(off.max()), 1e-6) if len(group) > 2 else np.zeros(len(group))
    return group[int(np.argmax([sample.score + 0.5 * like for sample, like in zip(group, likeness)]))]


def _stand(sample: Sample, weight: float) -> Outline:
    """Return the traced sample in ems, y up, as high over the baseline as its letterform.

    What was drawn smaller has thicker strokes at one height: outlines are brought nearer to `weight`, in ems.
    """
    outline = trace(sample.ink)
    if not outline:
        return outline
    _, top, _, bottom = outline.bounds()
    form = LETTERFORMS[sample.label]
    scale = X_HEIGHT * form.height / max(bottom - top, 1e-6)
    own = width_along(depth(sample.ink > 0.5)) * scale
    offset = min(max((weight - own) / 2, -0.25 * own), 0.4 * own) if abs(weight - own) > 0.1 * own else 0.0
    drawn = outline.mapped((scale, 0, 0, -scale, 0, 0)).thickened(offset)
    left, low, _, high = drawn.bounds()
    fit = X_HEIGHT * form.height / (high - low)
    return drawn.mapped((fit, 0, 0, fit, -left * fit, X_HEIGHT * form.bottom - low * fit))


def _with_bearings(outline: Outline, slant: float, bearing: float) -> SetGlyph:
    """Give a letter half the white on either side of its ink, measured with the lean taken out."""
    upright = outline.points[:, 0] - slant * outline.points[:, 1]
    low, high = float(upright.min()), float(upright.max())
    return SetGlyph(outline.mapped((1, 0, 0, 1, bearing - low, 0)), high - low + 2 * bearing)


def _fill_in(
    glyphs: Mapping[str, SetGlyph], filler: Font, hand: Hand, slant: float, bearing: float
) -> dict[str, SetGlyph]:
    """Return the characters that are missing, and some punctuation, from a font that is bent to the hand."""
    scale = X_HEIGHT / filler.typeface.x_height
    style = replace(style_like(hand, filler, 1.0), waver=0.0, tracking=0.0)
    letters, signs = Typesetter(filler, style), Typesetter(filler, replace(style, offset=0.0))
    filled = {}
    for character in CHARACTERS + _PUNCTUATION:
        if character in glyphs:
            continue
        is_sign = character in _PUNCTUATION
        line = (signs if is_sign else letters).line(character)
        if not line.marks:
            continue
        parts = [mark.outline.mapped(mark.matrix).segments for mark in line.marks]
        outline = Outline(tuple(segment for part in parts for segment in part)).scaled(scale)
        if is_sign:
            outline = _weighed_sign(outline, hand.weight * X_HEIGHT, scale * style.offset)
        filled[character] = _with_bearings(outline, slant, bearing)
    return filled


def _weighed_sign(outline: Outline, weight: float, least: float) -> Outline:
    """Bring the strokes of punctuation to `weight`; what stands on the line goes on doing so. Lengths in ems.

    A sign bears more than a letter, since few have white inside, but no less: a dot is as wide as a stroke, or wider.
    It grows on all sides by `least` or more, which letters do.
    """
    own = _stroke(outline)
    changed = outline.thickened(max(min((weight - own) / 2, _MOST_SIGN * own), least))
    before, after = outline.bounds()[1], changed.bounds()[1]
    return changed.mapped((1, 0, 0, 1, 0, before - after)) if abs(before) < 0.05 else changed


def _stroke(outline: Outline) -> float:
    """Return the median width of the strokes of an outline, in ems."""
    left, low, right, high = outline.bounds()
    mask = np.zeros([math.ceil(side * _SIGN_PIXELS) + 3 for side in (high - low, right - left)], np.uint8)
    lines = [np.rint((line - (left, low)) * _SIGN_PIXELS + 1).astype(np.int32) for line in outline.merged().polylines]
    cv2.fillPoly(mask, lines, 1)
    return width_along(depth(mask > 0)) / _SIGN_PIXELS


def _family(name: str) -> str:
    """Return the name as fonts may have it: one line of at most 31 printable characters."""
    allowed = "".join(c for c in str(name) if c.isprintable() and c not in "/\\<>&\"'%{}[]()")
    family = " ".join(allowed.split())[:31].strip()
    if not any(c.isalnum() for c in family):
        raise StylingError("This name cannot be a font's: use letters and digits.")
    return family


def _file_name(family: str) -> str:
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in family).lower().split()) or "my-hand"
