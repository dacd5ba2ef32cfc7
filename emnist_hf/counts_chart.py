"""The chart of a report on a data set: rows of each class, a panel a part, the official mix marked beside."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHART_WIDTH = 1600  # pixels


@dataclass(frozen=True)
class Theme:
    """Colours of a report, as both CSS and matplotlib take them."""

    paper: str
    text: str
    quiet: str
    rule: str
    accent: str
    mark: str


LIGHT = Theme(paper="#fffdf8", text="#2b2723", quiet="#5f574d", rule="#d9d2c5", accent="#2f3f6c", mark="#b4570a")
DARK = Theme(paper="#1f1c19", text="#eee8de", quiet="#b3aa9e", rule="#3b3631", accent="#8fa3dc", mark="#f0a860")


def expected_counts(count: NDArray[np.int64], official: Sequence[int]) -> NDArray[np.float64]:
    """How many of the rows each class would have in the official training set's mix: float64 [classes]."""
    frequencies = np.asarray(official, np.float64)
    return frequencies / frequencies.sum() * count.sum()


def draw_counts(
    labels: Sequence[str], counts: Mapping[str, NDArray[np.int64]], official: Sequence[int], theme: Theme
) -> bytes:
    """A PNG, `CHART_WIDTH` wide, with one panel of bars for each part of `counts`, int64 [classes]."""
    from matplotlib.figure import Figure

    dots = 150
    figure = Figure(
        figsize=(CHART_WIDTH / dots, 0.4 + 2.0 * len(counts)), dpi=dots, layout="constrained", facecolor=theme.paper
    )
    places = np.arange(len(labels))
    for axes, (part, count) in zip(figure.subplots(len(counts), squeeze=False)[:, 0], counts.items()):
        axes.set_facecolor(theme.paper)
        axes.grid(axis="y", color=theme.rule, linewidth=0.6)
        axes.set_axisbelow(True)
        bars = axes.bar(places, count, width=0.72, color=theme.accent)
        marks = axes.plot(
            places, expected_counts(count, official), linestyle="", marker="D", markersize=3.2, color=theme.mark
        )
        axes.set_title(f"{part}, {count.sum():,} rows", loc="left", color=theme.text, fontsize=10)
        # A font in which 0 and O, 1, I and l are not the same.
        axes.set_xticks(places, labels, fontfamily="DejaVu Sans Mono")
        axes.set_xlim(-0.8, len(labels) - 0.2)
        axes.locator_params(axis="y", nbins=5, integer=True)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(colors=theme.quiet, labelsize=8, length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    figure.legend(
        [bars, marks[0]],
        ["rows here", "the official training mix of as many rows"],
        loc="outside upper left",
        ncols=2,
        frameon=False,
        labelcolor=theme.text,
        fontsize=8.5,
    )
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
