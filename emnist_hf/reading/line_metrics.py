"""Lines by their measures: what a character's size says about it (c or C, o or O, g or 9), and where words end.

Each of the 62 characters has a place on the line, in x-heights over the baseline. A line's x-height is not known: it is
the one under which the places of its characters are most likely, whatever they are read as.
"""

from __future__ import annotations

import numpy as np

from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.reading.types import Flags, Scores
from emnist_hf.splits import CHARACTERS

TOP = np.array([LETTERFORMS[c].top for c in CHARACTERS])
"""Where the top of each of the 62 characters lies, in x-heights over the baseline."""

BOTTOM = np.array([LETTERFORMS[c].hand_bottom for c in CHARACTERS])
"""Where the bottom of each of the 62 characters lies, in x-heights over the baseline."""

SPREAD = 0.15
"""Standard deviation of tops and bottoms about their places, in x-heights: hands are unsteady."""

STRAY = 0.02
"""Share of characters that lie anywhere."""

SCALES = np.geomspace(0.4, 1.25, 24)
"""The x-heights tried, in heights of the page's ordinary character."""

DOTTED = np.array([c in "ij" for c in CHARACTERS])
"""Which of the 62 characters are written with a dot, bool [62]."""


def dot_likelihoods(dotted: Flags) -> Scores:
    """Return how likely what has, or lacks, a dot above it is each character: float64 [n, 62].

    dotted: bool [n]. One dot in eight is forgotten or runs into its stem; a speck seldom looks like one.
    """
    given = np.where(DOTTED, 0.88, 0.02)
    return np.where(dotted[:, None], given, 1 - given)


def baselines(lefts: Scores, bottoms: Scores, rights: Scores, unit: float) -> Scores:
    """Find the baseline under each character of a line, float64 [n], in pixels.

    A straight line through most of the bottoms, found by repeated medians of the slopes (Siegel 1982), and what is left
    over among the neighbours, so that it may bend.
    """
    x = (lefts + rights) / 2
    run = x[:, None] - x[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(np.abs(run) > 0.5 * unit, (bottoms[:, None] - bottoms[None, :]) / run, np.nan)
    if len(x) < 3 or np.isnan(slopes).all():
        return np.full(len(x), float(np.median(bottoms)))
    slope = float(np.nanmedian(slopes))
    straight = slope * x
    rest = bottoms - straight
    offset = float(np.median(rest))
    around = np.array([np.median(rest[max(0, i - 4) : i + 5]) for i in range(len(x))])
    bend = np.clip(around - offset, -0.5 * unit, 0.5 * unit) if len(x) >= 6 else 0.0
    return straight + offset + 0.7 * bend


def size_likelihoods(tops: Scores, bottoms: Scores, x_height: float) -> Scores:
    """Return densities of tops and bottoms, float64 [n] pixels over the baseline, of each character: [n, 62]."""
    away = ((tops[:, None] / x_height - TOP) / SPREAD) ** 2 + ((bottoms[:, None] / x_height - BOTTOM) / SPREAD) ** 2
    return (np.exp(-away / 2) * (1 - STRAY) + STRAY * 0.05) / x_height**2


def line_scale_scores(probabilities: Scores, tops: Scores, bottoms: Scores, unit: float) -> Scores:
    """Return the log likelihood of a line's characters under each of `SCALES`, float64 [24].

    probabilities: float64 [n, 62], by the shapes alone. tops, bottoms: float64 [n], pixels over the baseline.
    """
    likelihoods = [(probabilities * size_likelihoods(tops, bottoms, s * unit)).sum(axis=1) for s in SCALES]
    return np.log(np.array(likelihoods) + 1e-12).sum(axis=1)


def choose_scales(scores: list[Scores]) -> list[float]:
    """Choose the x-height of each line, in units, given each line's `line_scale_scores`.

    A writer keeps a size: what the page says as a whole weighs on each line, but a heading may be larger.
    """
    if not scores:
        return []
    whole = np.sum([score - score.max() for score in scores], axis=0)
    page = int(np.argmax(whole))
    prior = -0.5 * (np.log(SCALES / SCALES[page]) / 0.2) ** 2
    return [float(SCALES[int(np.argmax(score + 2 * prior))]) for score in scores]


APART = 0.5
"""Gap between letters, in heights of the line's characters, from which all stand apart."""


def word_starts(lines: list[tuple[Scores, float]]) -> list[Flags]:
    """Find for each line whether a word begins at each of its characters, bool [n]; the first always does.

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


def _letter_gap(gaps: Scores) -> float:
    """The gap between letters: the lower part of all gaps, of which most are within words."""
    return float(np.quantile(gaps, 0.4)) if len(gaps) else 0.0


def _threshold(line: Scores, page: Scores, letter: float) -> float:
    """The gap from which a word ends: between the letter gaps and the clearly wider ones, if there are any.

    Where all letters stand apart, as on a practice sheet, gaps vary more, and a word ends where one is twice as wide.
    """
    if letter > APART:
        return 2 * letter
    least = letter + max(0.28, 0.5 * abs(letter))
    wide = page[page > least]
    if len(wide) < 3:
        return letter + max(0.45, 0.9 * abs(letter))
    # Between the two kinds of gaps, nearer to the letters': words are set apart on purpose.
    return max(least, letter + 0.5 * (float(np.median(wide)) - letter))
