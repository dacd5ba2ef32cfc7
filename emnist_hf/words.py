"""Where words end on a line of hand-printed characters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Gaps = NDArray[np.float64]


def word_starts(lines: list[tuple[Gaps, float]]) -> list[NDArray[np.bool_]]:
    """For each line whether a word begins at each of its characters, bool [n]; the first always does.

    lines: the gaps between neighbours in pixels, float64 [n - 1], and the height of an ordinary character of the line.
    How far apart a hand sets its letters is taken from the line and from the page: a word ends where a gap is clearly
    wider.
    """
    everywhere = np.concatenate([gaps / unit for gaps, unit in lines] or [np.zeros(0)])
    page = _letter_gap(everywhere) if len(everywhere) else 0.0
    found = []
    for gaps, unit in lines:
        relative = gaps / unit
        own = (_letter_gap(relative) * len(gaps) + 6 * page) / (len(gaps) + 6) if len(gaps) else page
        found.append(np.concatenate([[True], relative > _threshold(relative, everywhere, own)]))
    return found


def _letter_gap(gaps: Gaps) -> float:
    """The gap between letters: the lower part of all gaps, of which most are within words."""
    return float(np.quantile(gaps, 0.4)) if len(gaps) else 0.0


def _threshold(line: Gaps, page: Gaps, letter: float) -> float:
    """The gap from which a word ends: between the letter gaps and the clearly wider ones, if there are any."""
    least = letter + max(0.28, 0.5 * abs(letter))
    wide = page[page > least]
    if len(wide) < 3:
        return letter + max(0.45, 0.9 * abs(letter))
    # Between the two kinds of gaps, nearer to the letters': words are set apart on purpose.
    return max(least, letter + 0.5 * (float(np.median(wide)) - letter))
