"""What parameters buy: accuracy of checkpoints against their size, on the same test rows in one run.

    python -m benchmarks.accuracy_by_parameters --split byclass --dataset SOURCE [--checkpoint FOLDER]...
        [--replaced FOLDER] [--rows N] [--calls 200] [--output_dir FOLDER]
    python -m benchmarks.accuracy_by_parameters --split mnist --dataset data --checkpoint mnist --rows 1000

Each checkpoint (default: the one in the package) is asked for every test row, or with --rows for an even choice of
them, and for one glyph at a time on one thread, taking turns. `error_ratio` is its share of mistakes over that of the
replaced network's checkpoint, which train.py makes with recipes/byclass-replaced-cnn.yaml, and `latency_ratio` the same
of the median milliseconds; both are null without --replaced. Prints one JSON object, a table on standard error, and
with --output_dir writes accuracy_by_parameters.json and .png there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emnist_hf import Recognizer
from emnist_hf.data.rows import DataError, Rows
from emnist_hf.data.sources import load_parts
from emnist_hf.errors import EmnistError
from emnist_hf.evaluation.metrics import wilson_interval, write_json
from emnist_hf.evaluation.seen import count_seen, is_official, load_seen
from emnist_hf.splits import find_split

NAME = "accuracy_by_parameters"
WARM_UP = 5
UNITS = ((1_000_000, " M"), (1000, " k"))
ROOM = 0.08  # the share of the picture's width that the number under a tick takes


def choose_rows(rows: Rows, count: int) -> Rows:
    """`count` rows, evenly from all; 0 for all."""
    evenly = np.linspace(0, len(rows) - 1, min(count, len(rows)) or len(rows)).round().astype(int)
    return rows.take(evenly)


def latencies(recognizers: list[Recognizer], glyphs: NDArray[np.uint8], calls: int) -> list[list[float]]:
    """Milliseconds of each call with one glyph on one thread. The checkpoints take turns in blocks of twenty."""
    times: list[list[float]] = [[] for _ in recognizers]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for those that torch runs; one glyph takes ONNX Runtime one thread
    while len(times[0]) < calls:
        for recognizer, spent in zip(recognizers, times):
            for number in range(WARM_UP + 20):
                glyph = glyphs[number % len(glyphs)][None]
                started = time.perf_counter()
                recognizer.predict_proba(glyph)
                if number >= WARM_UP:
                    spent.append((time.perf_counter() - started) * 1000)
    torch.set_num_threads(threads)
    return times


def measure(
    split: str, dataset: str, checkpoints: list[str | None], replaced: str | None, count: int, calls: int
) -> dict[str, Any]:
    """Everything that `main` prints."""
    chosen = find_split(split)
    names = checkpoints + ([replaced] if replaced is not None else [])
    recognizers = [Recognizer.from_pretrained(name) for name in names]
    for recognizer in recognizers:
        recognizer.check_charset(chosen.label_set.name)
    rows = choose_rows(load_parts(split, dataset, parts=("test",))["test"], count)
    glyphs = np.asarray(rows.images)
    for recognizer in recognizers:
        known = load_seen(recognizer.folder)
        if known is not None and count_seen(glyphs, known):
            raise DataError(f"{recognizer.name} was trained on some of these rows: leave it out, or take others.")
    times = latencies(recognizers, glyphs[:256], calls)
    report = []
    for recognizer, spent in zip(recognizers, times):
        answers = recognizer.predict_proba(glyphs, charset=chosen.label_set.name).argmax(axis=1)
        right = int((answers == rows.labels).sum())
        report.append(
            {
                "checkpoint": recognizer.name,
                "architecture": recognizer.architecture,
                "parameters": recognizer.parameters,
                "accuracy": right / len(rows),
                "accuracy_interval": wilson_interval(right, len(rows)),
                "median_ms": round(statistics.median(spent), 3),
            }
        )
    other = report[-1] if replaced is not None else None
    for row in report:
        row["error_ratio"] = other and round((1 - row["accuracy"]) / max(1 - other["accuracy"], 1e-9), 4)
        row["latency_ratio"] = other and round(row["median_ms"] / other["median_ms"], 3)
    return {
        "split": split,
        "rows": len(rows),
        "official": is_official(chosen, rows),
        "replaced": other and other["checkpoint"],
        "load": round(os.getloadavg()[0], 2),
        "checkpoints": report,
    }


def short_count(count: int) -> str:
    """A number of parameters as an axis has room for it: 80 k, 310 k, 1.2 M."""
    size, unit = next(((size, unit) for size, unit in UNITS if count >= 0.9995 * size), (1, ""))
    value = count / size
    return (f"{value:.1f}".removesuffix(".0") if unit and value < 9.95 else f"{value:.0f}") + unit


def far_apart(counts: Iterable[int], left: float, right: float) -> list[int]:
    """Those of `counts`, in order, whose labels do not touch on a logarithmic axis from `left` to `right`."""
    kept: list[int] = []
    for count in sorted(set(counts)):
        if not kept or math.log(count / kept[-1]) > ROOM * math.log(right / left):
            kept.append(count)
    return kept


def plot(report: dict[str, Any], path: Path) -> None:
    """Accuracy with its interval against parameters, each point named."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for row in report["checkpoints"]:
        low, high = row["accuracy_interval"]
        colour = "tab:orange" if row["checkpoint"] == report["replaced"] else "tab:blue"
        reach = [[row["accuracy"] - low], [high - row["accuracy"]]]
        axes.errorbar(row["parameters"], row["accuracy"], reach, fmt="o", capsize=3, color=colour)
    axes.set(xscale="log", xlabel="parameters", ylabel=f"accuracy on {report['rows']:,} test rows")
    axes.set_title(f"{find_split(report['split']).title}: accuracy by parameters (95 % intervals)")
    axes.margins(x=0.3, y=0.15)
    left, right = axes.get_xlim()
    ticks = far_apart((row["parameters"] for row in report["checkpoints"]), left, right)
    axes.set_xticks(ticks, [short_count(count) for count in ticks])
    axes.minorticks_off()
    for row in report["checkpoints"]:
        label = f"{row['checkpoint']}, {row['median_ms']:.1f} ms"
        inwards = -1 if row["parameters"] ** 2 > left * right else 1  # so that no name leaves the picture
        axes.annotate(
            label,
            (row["parameters"], row["accuracy"]),
            xytext=(7 * inwards, 5),
            textcoords="offset points",
            ha="right" if inwards < 0 else "left",
        )
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


def show(report: dict[str, Any]) -> None:
    """The table on standard error."""
    print(f"{'':28}{'parameters':>12}{'accuracy':>10}{'error':>8}{'one glyph':>13}{'ratio':>8}", file=sys.stderr)
    for row in report["checkpoints"]:
        ratios = [f"{row[key]:.2f}" if row[key] is not None else "–" for key in ("error_ratio", "latency_ratio")]
        print(
            f"{row['checkpoint'][:27]:28}{row['parameters']:>12,}{row['accuracy']:>10.4f}{ratios[0]:>8}"
            f"{row['median_ms']:>10.2f} ms{ratios[1]:>8}",
            file=sys.stderr,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", required=True, help="byclass, bymerge, balanced, letters, digits or mnist")
    parser.add_argument("--dataset", required=True, help="Hub id, folder, gzip.zip or Parquet file")
    parser.add_argument(
        "--checkpoint",
        action="append",
        help="folder, split that the package has, or Hub id; repeatable (default: byclass)",
    )
    parser.add_argument("--replaced", help="checkpoint of emnist_replaced_cnn, trained on the same rows")
    parser.add_argument("--rows", type=int, default=0, help="test rows, evenly from all (default: 0, for all)")
    parser.add_argument(
        "--calls", type=int, default=200, help="timed calls of each checkpoint, one glyph each (default: %(default)s)"
    )
    parser.add_argument("--output_dir", type=Path, help=f"write {NAME}.json and .png here")
    a = parser.parse_args()
    try:
        report = measure(a.split, a.dataset, a.checkpoint or [None], a.replaced, max(0, a.rows), max(1, a.calls))
    except (EmnistError, OSError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 1
    show(report)
    if a.output_dir is not None:
        a.output_dir.mkdir(parents=True, exist_ok=True)
        write_json(report, a.output_dir / f"{NAME}.json")
        plot(report, a.output_dir / f"{NAME}.png")
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
