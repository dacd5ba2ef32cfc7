"""Kerning of a made font: by how much pairs of letters move, until the white between them is alike. Lengths in ems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.font_file import SetGlyph
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.neighbours import WrittenPair

Edges = tuple[NDArray[np.float64], NDArray[np.float64]]
"""White to the left and right of a glyph's ink in every band of height, float64 [bands]; infinite where it has none."""

_BANDS = 24  # in which letters are compared
_MOST = 0.22  # x-heights
_MOST_WRITTEN = 0.25  # x-heights that neighbours move, as the writer set them
_FEWEST_GAPS = 5  # neighbours from which the writer's own spacing is known
_USUAL_SPACING = 0.25  # x-heights between letters that are as wide as most writers'


def find_kerning(
    glyphs: Mapping[str, SetGlyph], x_height: float, slant: float, white: float
) -> dict[tuple[str, str], float]:
    """Return by how much pairs of letters move together (below 0) or apart.

    The white of a pair is the mean, over the bands of height in which both have ink, of the distance of their edges,
    none of it counted for more than twice the usual; where no band has both, nothing is moved.
    slant: tangent of the writer's. white: between letters before they are kerned.
    """
    letters = [c for c in CHARACTERS if c in glyphs and not c.isdigit()]
    edges = {c: _edges(glyphs[c], x_height, slant) for c in letters}
    pairs = [(a, b) for a in letters for b in letters if not (a.islower() and b.isupper())]
    usual = _usual_white([_white(edges[a], edges[b], white) for a in letters for b in letters if a.islower()])
    kerning = {}
    for pair in pairs:
        found = _white(edges[pair[0]], edges[pair[1]], white)
        if found is None:
            continue
        mean, least = found
        spare = max(least - 0.35 * white, 0)  # what may be taken away before the letters touch
        move = min(max(usual - mean, -_MOST * x_height, -spare), 0.3 * _MOST * x_height)
        if abs(move) > 0.02 * x_height:
            kerning[pair] = move
    return kerning


def _usual_white(found: list[tuple[float, float] | None]) -> float:
    return float(np.median([mean for mean, _ in filter(None, found)] or [0.0]))


def _edges(glyph: SetGlyph, x_height: float, slant: float) -> Edges:
    left, right = np.full(_BANDS, np.inf), np.full(_BANDS, np.inf)
    for line in glyph.outline.polylines:
        # Between its points a contour is straight: enough points that no band is passed over.
        steps = np.linspace(0, 1, 8)[:, None, None]
        dense = (line + steps * (np.roll(line, -1, axis=0) - line)).reshape(-1, 2)
        band = np.floor((dense[:, 1] / x_height + 0.6) / 2.2 * _BANDS).astype(int)
        inside = (band >= 0) & (band < _BANDS)
        upright = dense[:, 0] - slant * dense[:, 1]
        np.minimum.at(left, band[inside], upright[inside])
        np.minimum.at(right, band[inside], glyph.advance - upright[inside])
    return left, right


def _white(one: Edges, other: Edges, white: float) -> tuple[float, float] | None:
    """Return mean and least white between two letters; None where no band has ink of both."""
    between = one[1] + other[0]
    between = between[np.isfinite(between)]
    if not between.size:
        return None
    return float(np.minimum(between, 2.5 * white).mean()), float(between.min())


def written_spacing(hand: Hand, pairs: Sequence[WrittenPair]) -> float:
    """Return the white between letters, in x-heights."""
    gaps = [pair.gap for pair in pairs if pair.gap is not None]
    if len(gaps) >= _FEWEST_GAPS:
        return float(np.median(gaps))
    return hand.spacing if hand.spacing is not None else _USUAL_SPACING * hand.width


def written_kerning(pairs: Sequence[WrittenPair], bearing: float, x_height: float) -> dict[tuple[str, str], float]:
    """Return by how much pairs move that the writer set, in ems; bearing: white beside each letter, in x-heights."""
    gaps: dict[tuple[str, str], list[float]] = {}
    for pair in pairs:
        if pair.gap is not None and all(character in LETTERFORMS for character in pair.label):
            gaps.setdefault((pair.label[0], pair.label[1]), []).append(pair.gap)
    moved = {pair: float(np.median(found)) - 2 * bearing for pair, found in gaps.items()}
    return {pair: x_height * min(max(move, -_MOST_WRITTEN), _MOST_WRITTEN) for pair, move in moved.items()}
