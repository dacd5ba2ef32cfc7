"""Pictures of how a checkpoint does, and of how many rows each class has.

matplotlib without pyplot: no global state, no display, safe in threads.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.evaluation.calibration import calibration_error_of

BLUE, OCHRE, GREY = "#1b4f8a", "#8a5a00", "#8d8d8d"
DPI = 110
EXAMPLES = 8  # pictures of one confusion
MOST_COUNTED = 26  # classes of a confusion whose cells have room for a number
CHART_WIDTH, CHART_DPI = 1600, 150  # pixels of a chart of rows, and of its inch


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


def plot_confusion(table: NDArray[np.int64], labels: Sequence[str], path: Path, title: str) -> None:
    """Draw a confusion int [classes, classes]: shares of each true label's rows, on a scale that shows rare mistakes.

    With up to 26 classes each cell that has rows says how many. A PNG of 990 x 880 pixels.
    """
    from matplotlib.colors import PowerNorm

    figure = _figure(9, 8)
    axes = figure.subplots()
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(share, cmap="magma_r", norm=PowerNorm(0.4, 0, 1), interpolation="nearest")
    small = {"fontsize": 7 if len(labels) > 30 else 10}
    axes.set_xticks(range(len(labels)), list(labels), **small)
    axes.set_yticks(range(len(labels)), list(labels), **small)
    axes.set(xlabel="read as", ylabel="written", title=title)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the written label's rows")
    if len(labels) <= MOST_COUNTED:
        _write_counts(axes, table, image)
    figure.savefig(path, dpi=DPI)


def _write_counts(axes: Any, table: NDArray[np.int64], image: Any) -> None:
    """Write the rows of each cell of a confusion that has some, as large as the longest number allows."""
    cell = 420 / len(table)  # points; the axes are some 530 wide, and a margin is left
    size = min(11.0, cell / 0.6 / max(3, len(f"{table.max()}")))
    dark = image.norm(image.get_array()) > 0.45
    for row, column in np.argwhere(table):
        color = "white" if dark[row, column] else "black"
        axes.text(column, row, f"{table[row, column]}", fontsize=size, color=color, ha="center", va="center")


def plot_curve(history: Sequence[dict[str, Any]], path: Path, title: str, *, taught: bool = False) -> None:
    """Draw the training curve, loss and validation accuracy by epoch: a PNG of 880 x 495 pixels.

    history: entries with `epoch`, `train_loss` in nats and `accuracy`, and with `validation_rows`, on how many rows
    that is, if the run noted it. taught: the run had teachers, so that its loss is no likelihood of the labels and is
    not to be compared with one: it is mixed with the teachers', which is scaled by the squared temperature.
    """
    from matplotlib.ticker import MaxNLocator

    figure = _figure(8, 4.5)
    axes = figure.subplots()
    epochs = [entry["epoch"] for entry in history]
    axes.plot(epochs, [entry["train_loss"] for entry in history], color=OCHRE, label="training loss")
    unit = "labels and teachers, scaled: not nats" if taught else "nats"
    axes.set(xlabel="epoch", ylabel=f"training loss ({unit})", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    right = axes.twinx()
    right.plot(epochs, [entry["accuracy"] for entry in history], color=BLUE, label="validation accuracy")
    right.set_ylabel(f"validation accuracy{_validation_rows(history)}")
    lines = axes.get_lines() + right.get_lines()
    names = [str(line.get_label()) for line in lines]
    axes.legend(lines, names, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    figure.savefig(path, dpi=DPI)


def _validation_rows(history: Sequence[dict[str, Any]]) -> str:
    """Say on an axis what the accuracies were measured on; a run that went on may have had other rows."""
    counts = {entry["validation_rows"] for entry in history if "validation_rows" in entry}
    rows = " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)})) if counts else ""
    return f", {rows} rows (averaged weights)" if rows else " (averaged weights)"


def plot_calibration(bins: Sequence[dict[str, float]], path: Path, title: str) -> None:
    """Draw a reliability diagram of `calibration.calibration_bins`, with the rows of each bin below.

    What lies under the diagonal was surer than it had reason to be (DeGroot and Fienberg 1983; Niculescu-Mizil and
    Caruana 2005). A PNG of 660 x 770 pixels.
    """
    figure = _figure(6, 7)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    left, width = ([b["from"] for b in bins], [b["to"] - b["from"] for b in bins])
    score, accuracy, rows = ([b[key] for b in bins] for key in ("score", "accuracy", "rows"))
    upper.bar(left, accuracy, width, align="edge", color=BLUE, alpha=0.25, edgecolor=BLUE, label="share right")
    upper.plot((0, 1), (0, 1), color=GREY, linestyle="--", linewidth=1, label="a score that means what it says")
    upper.vlines(score, accuracy, score, color=OCHRE, linewidth=2.5, label="how far from it, at the mean score")
    upper.plot(score, accuracy, "o", color=BLUE, markersize=5)
    error = calibration_error_of(bins)
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share right", title=f"{title}: calibration error {error:.4f}")
    upper.legend(loc="upper left", frameon=False)
    lower.bar(left, rows, width, align="edge", color=GREY, alpha=0.6, edgecolor=GREY)
    lower.set(xlabel="score of the first answer", ylabel="rows", yscale="log", ylim=(0.7, None))
    _hide_frame(upper)
    _hide_frame(lower)
    figure.savefig(path, dpi=DPI)


def plot_per_class(entries: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    """Draw recall with its interval and precision of each class, as `metrics.per_class` has them.

    The axis starts just below the lowest of them, so that good classes can be told apart, and says so. A PNG 440 pixels
    high and wide enough for the classes.
    """
    figure = _figure(max(5.0, 1.5 + 0.22 * len(entries)), 4)
    axes = figure.subplots()
    place = np.arange(len(entries))
    recall, precision = (np.array([entry[key] for entry in entries]) for key in ("recall", "precision"))
    low, high = np.array([entry["recall_interval"] for entry in entries]).T
    axes.vlines(place, recall, precision, color=GREY, linewidth=0.8, alpha=0.6)
    axes.vlines(place, low, high, color=BLUE, linewidth=3, alpha=0.35)
    axes.plot(place, recall, "o", color=BLUE, markersize=5, label="recall, with 95 % interval")
    axes.plot(place, precision, "D", color=OCHRE, markersize=4, markerfacecolor="white", label="precision")
    axes.set_xticks(place, [entry["label"] for entry in entries])
    start, starts = _start_below(min(low.min(), precision.min()))
    axes.set(ylim=(start, 1 + 0.03 * (1 - start)), xlim=(-0.8, len(entries) - 0.2), title=title)
    axes.set_ylabel(f"share (the axis starts at {starts})" if start else "share")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False)
    _hide_frame(axes)
    figure.savefig(path, dpi=DPI)


def _start_below(lowest: float) -> tuple[float, str]:
    """Return a round number from 0 just below a share, and how it is written: for 0.9921 it is 0.9918."""
    gap = max(1 - lowest, 1e-5)
    decimals = 1 - math.floor(math.log10(gap))
    start = max(0.0, math.floor((lowest - 0.03 * gap) * 10**decimals) / 10**decimals)
    return start, f"{start:.{decimals}f}" if start else "0"


def plot_confusions(columns: dict[str, list[tuple[dict[str, Any], NDArray[np.uint8]]]], path: Path, title: str) -> None:
    """Show confusions with pictures of rows so mistaken, one confusion a line, in columns under their headings.

    Each confusion is an entry of `metrics.worst_confusions` and up to 8 glyphs uint8 [n, 28, 28], white on black.
    A PNG whose size follows from how many there are: 605 pixels a column, 62 a line.
    """
    lines = max(1, *(len(column) for column in columns.values()))
    figure = _figure(5.5 * len(columns), 0.8 + 0.56 * lines)
    figure.suptitle(title)
    for part, (heading, column) in zip(
        np.atleast_1d(figure.subfigures(1, len(columns), wspace=0.08)), columns.items(), strict=True
    ):
        part.suptitle(heading, fontsize=10, color=GREY)
        grid = part.subplots(lines, EXAMPLES + 1, width_ratios=(2.6, *[1] * EXAMPLES), squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for (entry, glyphs), cells in zip(column, grid, strict=False):
            _caption(cells[0], entry)
            for axes, glyph in zip(cells[1:], glyphs, strict=False):
                axes.imshow(255 - glyph, cmap="gray", vmin=0, vmax=255)
    figure.savefig(path, dpi=DPI)


def _caption(axes: Any, entry: dict[str, Any]) -> None:
    """Write what was written, what was read, and how often."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.text(0.02, 0.5, f"{entry['label']} → {entry['answer']}", fontsize=15, va="center", family="monospace")
    count = f"{entry['rows']:,}\n{entry['share']:.1%}"
    axes.text(0.98, 0.5, count, fontsize=7.5, va="center", ha="right", color=GREY)


def _figure(width: float, height: float, **more: Any) -> Any:
    """Return a figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", **more)


def _hide_frame(axes: Any) -> None:
    """Leave out the sides of the frame where nothing is read off."""
    axes.spines[["top", "right"]].set_visible(False)


def expected_counts(count: NDArray[np.int64], official: Sequence[int]) -> NDArray[np.float64]:
    """Return how many of the rows each class would have in the official training set's mix: float64 [classes]."""
    frequencies = np.asarray(official, np.float64)
    return frequencies / frequencies.sum() * count.sum()


def draw_counts(
    labels: Sequence[str], counts: Mapping[str, NDArray[np.int64]], official: Sequence[int], theme: Theme
) -> bytes:
    """Return a PNG, `CHART_WIDTH` wide: for each part of `counts`, int64 [classes], a panel of bars.

    The official mix of as many rows is marked beside.
    """
    figure = _figure(CHART_WIDTH / CHART_DPI, 0.4 + 2.0 * len(counts), facecolor=theme.paper)
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
    figure.savefig(file, format="png", dpi=CHART_DPI)
    return file.getvalue()
