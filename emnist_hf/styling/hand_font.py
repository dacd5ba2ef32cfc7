"""A writer's hand as a font: the best samples of every character, traced, stood on one baseline and spaced.

What was not written is made with the same pen (`pen_made`); further samples become alternates that take turns, and
pairs that the writer set become kerning and ligatures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from emnist_hf.errors import Sentence
from emnist_hf.ink.types import Floats
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.progress import SPACING, TRACING, counted, tell
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.filled import fill_in, finer_notice
from emnist_hf.styling.fitting import fitted
from emnist_hf.styling.font_file import GlyphSet, SetGlyph, build_font
from emnist_hf.styling.fonts import Font, find_font
from emnist_hf.styling.hand import Hand, check_hand
from emnist_hf.styling.kerning import find_kerning, written_kerning, written_spacing
from emnist_hf.styling.neighbours import WrittenPair
from emnist_hf.styling.outline import Box, Outline
from emnist_hf.styling.pen_made import Pen, accented, compose, even_weight, pen_of, without_dot
from emnist_hf.styling.pen_strokes import STROKES

X_HEIGHT = 0.46
"""Ems."""

DEFAULT_NAME = "My hand"

MOST_ALTERNATES = 2
"""Further samples of a character that take turns with the best."""

OWN, MADE, DOUBTFUL = "own", "made", "doubtful"
"""Where a glyph is from: the writer's, made with the writer's pen, or the writer's if the label is right."""

_SPACING = (0.14, 0.45)  # x-heights between letters, at least and at the most, whatever the writer's own


@dataclass(frozen=True)
class Sample:
    """One written character.

    ink: float32 [H, W], 0 to 1, cropped to it. label: one of the 62, or a sign. score: how sure the label is, and how
    good the sample, 0 to 1. looks: what it surely looks like instead; else nothing. box, source: where it was written.
    Raise `StylingError` for ink that is no such picture.
    """

    label: str
    ink: Floats
    score: float = 1.0
    looks: str = ""
    box: Box | None = None
    source: str = ""

    def __post_init__(self) -> None:
        ink = self.ink
        is_grey = isinstance(ink, np.ndarray) and ink.ndim == 2 and ink.dtype.kind in "fiub"
        if not is_grey or not np.isfinite(ink).all():
            raise StylingError("The ink of a sample is an array of height by width, 0 for paper to 1 for ink.")
        object.__setattr__(self, "ink", np.asarray(ink, np.float32))


@dataclass(frozen=True)
class GlyphOrigin:
    """Where the glyph of a character is from. origin: of `OWN`, `MADE` and `DOUBTFUL`. sample: what it was traced of.

    alternates: the further samples that take turns with it.
    """

    character: str
    origin: str
    sample: Sample | None = None
    alternates: Sequence[Sample] = ()


@dataclass(frozen=True)
class MadeFont:
    """A font made from a hand. written: the characters that are the writer's own; the others were made.

    origins: of every character with ink. ligatures: pairs that the writer joins.
    """

    font: Font
    written: str
    notices: list[str]
    origins: Sequence[GlyphOrigin] = field(default=(), repr=False)
    ligatures: Sequence[str] = ()

    @property
    def data(self) -> bytes:
        """The TTF file."""
        assert self.font.data is not None
        return self.font.data

    @property
    def doubtful(self) -> str:
        """The characters whose label its writer should look at."""
        return "".join(origin.character for origin in self.origins if origin.origin == DOUBTFUL)


def make_font(
    samples: Sequence[Sample],
    hand: Hand,
    *,
    name: str = DEFAULT_NAME,
    filler: str | Font | None = None,
    pairs: Sequence[WrittenPair] = (),
) -> MadeFont:
    """Make an installable TTF of a writer's characters.

    Every character's best samples are scaled to the height that its letterform has over a common x-height, so that a
    and g and A fit together though they were drawn apart, and brought to the weight of the hand. Letters are as far
    apart as in `pairs`, or as the writer's own (`hand.spacing`), or a quarter of an x-height, more or less as they are
    wide or narrow, and pairs are kerned until their white is alike, or as the writer set them. What was not written is
    made with the writer's pen, or taken from the font `filler`; accents are composed of letter and mark.
    Raise `StylingError` if no sample is of the 62 characters, the name has no letter in it, or the hand is none.
    """
    check_hand(hand)
    family = _family(name)
    best = choose_samples(samples)
    if not any(label in LETTERFORMS for label in best):
        raise StylingError("There is no character to make a font of: write some letters or digits first.")
    pen = pen_of(hand, {label: group[0].ink for label, group in best.items()})
    own = {
        label: [outline for outline in (_stand(sample, pen) for sample in group) if outline]
        for label, group in counted(TRACING, list(best.items()))
    }
    own = {label: outlines for label, outlines in own.items() if outlines}
    pen = replace(pen, weight=even_weight(own) or pen.weight)
    filling = find_font(filler) if filler is not None else None
    made = _made(own, pen, filling, hand)
    bearing = 0.5 * min(max(written_spacing(hand, pairs), _SPACING[0]), _SPACING[1])

    def glyph(outline: Outline) -> SetGlyph:
        return _with_bearings(outline, pen.slant, bearing)

    glyphs = {character: glyph(outline) for character, outline in made.items()}
    glyphs |= {label: glyph(outlines[0]) for label, outlines in own.items()}
    glyphs[" "] = SetGlyph(Outline(), X_HEIGHT * (0.62 + bearing))
    tell(SPACING)
    kerning = find_kerning(glyphs, X_HEIGHT, pen.slant, 2 * bearing * X_HEIGHT) | written_kerning(
        pairs, bearing, X_HEIGHT
    )
    turns = {label: [glyph(outline) for outline in outlines[1:]] for label, outlines in own.items() if outlines[1:]}
    joined = {label: glyph(outline) for label, outline in _joined(pairs, pen, own).items()}
    highest, lowest = _extent(glyphs)
    glyph_set = GlyphSet(glyphs, kerning, joined, max(0.95, highest), min(-0.4, lowest), turns)
    name = _file_name(family)
    path = Path(name + ".ttf")
    font = Font(name, family, "Your own", "Made from your hand.", path, build_font(glyph_set, family))
    written = "".join(character for character in CHARACTERS if character in own)
    origins = [_origin(character, best.get(character) if character in own else None) for character in sorted(glyphs)]
    notices = _notices(written, filling, hand)
    return MadeFont(font, written, notices, [o for o in origins if o.character != " "], sorted(joined))


def choose_samples(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """Return the best samples of each character, the best first, and after it what is to take turns with it.

    The surest is best, and of several as sure the one most like the others; what is in doubt takes no turns.
    """
    if not isinstance(samples, Sequence) or not all(isinstance(sample, Sample) for sample in samples):
        raise StylingError("These are no samples of characters: give a list of `Sample`, as `Sheet.samples` has it.")
    by_label: dict[str, list[Sample]] = {}
    for sample in samples:
        known = sample.label in LETTERFORMS or (len(sample.label) == 1 and sample.label in STROKES)
        if known and (sample.ink > 0.5).any():
            by_label.setdefault(sample.label, []).append(sample)
    return {label: _in_order(group) for label, group in sorted(by_label.items())}


def _in_order(group: list[Sample]) -> list[Sample]:
    small = np.stack([cv2.resize(sample.ink, (24, 24), interpolation=cv2.INTER_AREA) for sample in group])
    small = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in small])
    off = np.abs(small - np.median(small, axis=0)).mean(axis=(1, 2))
    likeness = 1 - off / max(float(off.max()), 1e-6) if len(group) > 2 else np.zeros(len(group))
    order = np.argsort([-sample.score - 0.2 * like for sample, like in zip(group, likeness)], kind="stable")
    first, *others = (group[i] for i in order)
    sure = [sample for sample in others if sample.score > 0.5 and not sample.looks]
    return [first, *sure[:MOST_ALTERNATES]]


def _origin(character: str, group: Sequence[Sample] | None) -> GlyphOrigin:
    if not group:
        return GlyphOrigin(character, MADE)
    return GlyphOrigin(character, DOUBTFUL if group[0].looks else OWN, group[0], group[1:])


def _notices(written: str, filling: Font | None, hand: Hand) -> list[str]:
    """Return sentences on what was not written."""
    missing = " ".join(character for character in CHARACTERS if character not in written)
    if not missing:
        return []
    if filling is None:
        return [Sentence("Not written, and made with your pen: {missing}.", missing=missing)]
    notices = [Sentence("Not written, and filled in from another font: {missing}.", missing=missing)]
    return [*notices, *filter(None, [finer_notice(filling, hand)])]


# --- outlines, in x-heights ---


def _stand(sample: Sample, pen: Pen) -> Outline:
    """Return the traced sample as high over the baseline as its letterform, its strokes as heavy as the pen's."""
    if sample.label in LETTERFORMS:
        form = LETTERFORMS[sample.label]
        return fitted(sample.ink, form.bottom, form.top, pen.weight)
    made = pen.draw(sample.label)
    assert made is not None
    _, bottom, _, top = made.bounds()
    return fitted(sample.ink, bottom, top, pen.weight)


def _made(own: Mapping[str, Sequence[Outline]], pen: Pen, filling: Font | None, hand: Hand) -> dict[str, Outline]:
    """Return the characters that were not written, and those with accents."""
    missing = [character for character in STROKES if character not in own]
    taken = fill_in(missing, filling, hand) if filling is not None else {}
    drawn = {character: taken.get(character) or pen.draw(character) for character in missing}
    made = {character: outline for character, outline in drawn.items() if outline}
    bases = made | {label: outlines[0] for label, outlines in own.items()}
    for character, (base, mark) in accented().items():
        outline = bases[base]
        if base in "ij":
            outline = without_dot(outline) or made["ı" if base == "i" else "ȷ"]
        made.setdefault(character, compose(outline, mark, pen))
    return made


def _joined(pairs: Sequence[WrittenPair], pen: Pen, own: Mapping[str, object]) -> dict[str, Outline]:
    """Return the pairs that the writer joins, at least every other time, where both letters were written."""
    found = {}
    for label in {pair.label for pair in pairs}:
        group = [pair for pair in pairs if pair.label == label]
        joined = [pair for pair in group if pair.gap is None]
        if 2 * len(joined) < len(group) or not all(character in own for character in label):
            continue
        forms = [LETTERFORMS[character] for character in label if character in LETTERFORMS]
        if len(forms) == len(label):
            bottom, top = min(form.bottom for form in forms), max(form.top for form in forms)
            found[label] = fitted(joined[0].ink, bottom, top, pen.weight)
    return {label: outline for label, outline in found.items() if outline}


# --- spacing ---


def _with_bearings(outline: Outline, slant: float, bearing: float) -> SetGlyph:
    """Give a letter half the white on either side of its ink, measured with the lean taken out; return it in ems."""
    upright = outline.points[:, 0] - slant * outline.points[:, 1]
    low, high = float(upright.min()), float(upright.max())
    moved = outline.mapped((X_HEIGHT, 0, 0, X_HEIGHT, X_HEIGHT * (bearing - low), 0))
    return SetGlyph(moved, X_HEIGHT * (high - low + 2 * bearing))


def _extent(glyphs: Mapping[str, SetGlyph]) -> tuple[float, float]:
    """Return the highest and the lowest ink, in ems, a hundredth to spare."""
    boxes = [glyph.outline.bounds() for glyph in glyphs.values() if glyph.outline]
    return math.ceil(100 * max(b[3] for b in boxes) + 1) / 100, math.floor(100 * min(b[1] for b in boxes) - 1) / 100


# --- names ---


def _family(name: str) -> str:
    """Return the name as fonts may have it: one line of at most 31 printable characters."""
    allowed = "".join(c for c in str(name) if c.isprintable() and c not in "/\\<>&\"'%{}[]()")
    family = " ".join(allowed.split())[:31].strip()
    if not any(c.isalnum() for c in family):
        raise StylingError("This name cannot be a font's: use letters and digits.")
    return family


def _file_name(family: str) -> str:
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in family).lower().split()) or "my-hand"
