"""What an evaluation leaves in a folder: evaluation.json, evaluation.md and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import Rows
from emnist_hf.evaluation import figures
from emnist_hf.evaluation.markdown import render
from emnist_hf.evaluation.metrics import confusion, describe_unscored, write_json
from emnist_hf.splits import SPLITS

SHARES = {
    "accuracy": "accuracy (top 1)",
    "top3": "top 3",
    "top5": "top 5",
    "accuracy_case_insensitive": "accuracy, case ignored",
    "accuracy_shape_folded": "accuracy, shape-folded",
    "macro_f1": "macro F1",
}
INK_SHARES = {key: SHARES[key] for key in ("accuracy_shape_folded", "accuracy_case_insensitive", "accuracy")}
HEADINGS = {
    "worst_confusions": "most frequent",
    "worst_confusions_shape_folded": "most frequent of those that a shape can tell apart",
}


def write_report(result: dict[str, Any], probabilities: NDArray[np.float32], rows: Rows, folder: Path) -> None:
    """Write an evaluation into `folder`, which is made: evaluation.json, evaluation.md, and the pictures it shows.

    result: what `evaluate.evaluate_checkpoint` returns. probabilities: float [N, classes], what was answered for the N
    rows. Raises OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(result, folder / "evaluation.json")
    (folder / "evaluation.md").write_text(markdown(result), encoding="utf-8")
    title = f"{SPLITS[result['split']].title}, {_count(result)} test rows"
    table = confusion(probabilities, rows.labels, len(rows.label_set))
    figures.plot_confusion(table, rows.label_set.labels, folder / "confusion.png", title)
    figures.plot_calibration(result["calibration"], folder / "calibration.png", title)
    figures.plot_per_class(result["per_class"], folder / "per_class.png", title)
    answers = probabilities.argmax(axis=1)
    columns = {
        heading: [(entry, examples(entry, answers, rows)) for entry in entries]
        for heading, entries in _confusions(result).items()
    }
    figures.plot_confusions(columns, folder / "confusions.png", f"{title}: written → read as")


def examples(entry: dict[str, Any], answers: NDArray[np.int64], rows: Rows) -> NDArray[np.uint8]:
    """Return up to 8 glyphs uint8 [n, 28, 28] of a confusion, evenly from all rows so mistaken: tests go by writer."""
    label, answer = (rows.label_set.labels.index(entry[key]) for key in ("label", "answer"))
    found = np.flatnonzero((rows.labels == label) & (answers == answer))
    chosen = np.linspace(0, len(found) - 1, min(figures.EXAMPLES, len(found))).round().astype(int)
    return rows.images[found[chosen]]


def markdown(result: dict[str, Any]) -> str:
    """Return the evaluation as a Markdown page that shows the pictures beside it."""
    split, ink = SPLITS[result["split"]], result.get("real_ink")
    cells = ink["cells"] if ink else []
    plain = [cell for cell in cells if cell["condition"] == "plain"]
    return render(
        "evaluation",
        r=result,
        split=split,
        count=_count(result),
        unscored=describe_unscored(result["per_class"], split.label_set),
        confusions=_confusions(result),
        names=SHARES,
        ink=ink,
        ink_names=INK_SHARES,
        pens=list(dict.fromkeys(cell["pen"] for cell in cells)),
        by_size={f"{size} px pad": means for size, means in _pivot(plain, "size").items()},
        by_condition={name.replace("_", " "): means for name, means in _pivot(cells, "condition").items()},
    )


def _count(result: dict[str, Any]) -> str:
    """Say how many rows were scored, and of how many."""
    return f"{result['rows']:,}" + (f" of {result['sampled_from']:,}" if "sampled_from" in result else "")


def _confusions(result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the lists of confusions that are worth showing, by heading: where nothing folds, one says it all."""
    first, second = ({heading: result[name]} for name, heading in HEADINGS.items())
    return first if list(first.values()) == list(second.values()) else first | second


def _pivot(cells: Sequence[dict[str, Any]], key: str) -> dict[Any, list[float]]:
    """Return mean shape-folded accuracy for each value of `key`: with each pen, and last with all pens."""
    pens = list(dict.fromkeys(cell["pen"] for cell in cells))
    found: dict[Any, list[float]] = {}
    for value in dict.fromkeys(cell[key] for cell in cells):
        of_value = [(cell["pen"], cell["accuracy_shape_folded"]) for cell in cells if cell[key] == value]
        by_pen = [[share for used, share in of_value if used == pen] for pen in pens]
        found[value] = [fmean(shares) for shares in (*by_pen, [share for _, share in of_value])]
    return found
