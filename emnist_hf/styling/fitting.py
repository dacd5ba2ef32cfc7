"""Written letters brought to the size of their letterforms and to the weight of the hand, as outlines."""

from __future__ import annotations

from emnist_hf.ink.types import Floats
from emnist_hf.styling.measuring import stroke_of
from emnist_hf.styling.outline import Outline, opened, trace
from emnist_hf.styling.pen_made import stroke_in

EVEN = 0.04
"""How far the strokes of a letter are off those of the hand, by these, before the letter is drawn again."""


def fitted(ink: Floats, bottom: float, top: float, weight: float) -> Outline:
    """Return ink traced, from `bottom` to `top`, its strokes brought to a weight as far as they bear it."""
    stroke = stroke_of(ink)
    outline = trace(opened(ink, stroke))
    if not outline:
        return outline
    _, upper, _, lower = outline.bounds()
    height = max(lower - upper, 1e-6)
    share = min(stroke / height, 0.8)
    own = share * (top - bottom)
    grown, drawn = 0.0, outline
    for measured in (own, None):  # the second time, by what came of the first
        off = weight - (stroke_in(drawn) if measured is None else measured)
        if measured is None and abs(off) < EVEN * weight:
            break
        # Growing by d on all sides, it must be drawn smaller by 2 d: weight = own + 2 d (1 - share).
        grown = min(max(grown + off / 2 / (1 - share), -0.25 * own), 0.4 * own)
        drawn = _between(outline, bottom, top, (top - bottom - 2 * grown) / height, grown)
    return drawn


def _between(outline: Outline, bottom: float, top: float, scale: float, grown: float) -> Outline:
    """Return a traced outline scaled and grown on all sides, then brought to lie between `bottom` and `top`."""
    drawn = outline.mapped((scale, 0, 0, -scale, 0, 0)).thickened(grown)
    left, low, _, high = drawn.bounds()
    fit = (top - bottom) / max(high - low, 1e-6)
    return drawn.mapped((fit, 0, 0, fit, -left * fit, bottom - low * fit))
