"""What a writer did not write, taken from a font that is bent to the hand, where somebody asks for that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from emnist_hf.errors import Sentence
from emnist_hf.styling.fonts import Font
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.line import Typesetter
from emnist_hf.styling.outline import Outline
from emnist_hf.styling.pen_made import stroke_in
from emnist_hf.styling.transfer import measure_font, style_like

_FINER = 0.6  # of the writer's weight: strokes filled in below it are told of
_MOST_SIGN = 1.2  # of a sign's own stroke, by which it grows on all sides at the most


def fill_in(wanted: Collection[str], filler: Font, hand: Hand) -> dict[str, Outline]:
    """Return characters from a font with the writer's slant and weight, in x-heights; what it lacks is left out.

    Letters get as much of the weight as they bear, signs all of it.
    """
    style = replace(style_like(hand, filler, 1.0), waver=0.0, tracking=0.0)
    letters, signs = Typesetter(filler, style), Typesetter(filler, replace(style, offset=0.0))
    filled = {}
    for character in wanted:
        is_sign = not character.isalnum()
        line = (signs if is_sign else letters).line(character)
        if not line.marks:
            continue
        parts = [mark.outline.mapped(mark.matrix).segments for mark in line.marks]
        outline = Outline(tuple(segment for part in parts for segment in part)).scaled(1 / filler.typeface.x_height)
        if is_sign:
            outline = _weighed_sign(outline, hand.weight, style.offset / filler.typeface.x_height)
        filled[character] = outline
    return filled


def finer_notice(filler: Font, hand: Hand) -> str:
    """Return a sentence where letters of a font bear much less weight than a hand has; else nothing."""
    own = measure_font(filler)
    weight = (own.stroke + 2 * style_like(hand, filler, 1.0).offset) / own.x_height
    if weight >= _FINER * hand.weight:
        return ""
    finer = "Letters that were filled in are finer than your pen: {font} bears no more weight."
    return Sentence(finer, font=filler.title)


def _weighed_sign(outline: Outline, weight: float, least: float) -> Outline:
    """Bring the strokes of punctuation to `weight`; what stands on the line goes on doing so. Lengths in x-heights.

    A sign bears more than a letter, since few have white inside, but no less: a dot is as wide as a stroke, or wider.
    It grows on all sides by `least` or more, which letters do.
    """
    own = stroke_in(outline)
    changed = outline.thickened(max(min((weight - own) / 2, _MOST_SIGN * own), least))
    before, after = outline.bounds()[1], changed.bounds()[1]
    return changed.mapped((1, 0, 0, 1, 0, before - after)) if abs(before) < 0.1 else changed
