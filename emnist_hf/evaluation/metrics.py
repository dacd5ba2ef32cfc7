"""Metrics of probabilities against labels: how good they are, and where they err."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import Rows
from emnist_hf.evaluation.calibration import calibration_bins, calibration_error
from emnist_hf.evaluation.seen import is_official
from emnist_hf.splits import LabelSet, Split, fold_shape

WORST = 12  # confusions that are listed and shown


def score(probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet) -> dict[str, Any]:
    """Return all metrics of one test: probabilities float [N, classes] over `label_set`, labels int [N].

    Each share (`accuracy`, `top3`, `top5`, the two below) comes with Wilson's 95 % interval, `macro_f1` with a
    bootstrap's, under its name and `_interval`. `ece` is the expected calibration error over 15 equal bins of the top
    score (Guo et al. 2017), `nll` the mean negative log likelihood in nats. `accuracy_case_insensitive` counts a right
    letter of the wrong case as right, `accuracy_shape_folded` also 0=O, 1=I=L, 5=S and 2=Z. Both fold the answer, not
    the probabilities.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    answers = order[:, 0]
    found = order == labels[:, None]
    likelihood = probabilities[np.arange(len(labels)), labels]
    table = confusion(probabilities, labels, len(label_set))
    case, shape = _folded(label_set, str.upper), _folded(label_set, fold_shape)
    return {
        "rows": len(labels),
        **_share("accuracy", found[:, 0]),
        **_share("top3", found[:, :3].any(axis=1)),
        **_share("top5", found[:, :5].any(axis=1)),
        "macro_f1": float(macro_f1(table[None])[0]),
        "macro_f1_interval": macro_f1_interval(table),
        "ece": calibration_error(probabilities.max(axis=1), found[:, 0]),
        "nll": float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
        **_share("accuracy_case_insensitive", case[answers] == case[labels]),
        **_share("accuracy_shape_folded", shape[answers] == shape[labels]),
    }


def _share(name: str, right: NDArray[np.bool_]) -> dict[str, Any]:
    return {name: float(right.mean()), f"{name}_interval": wilson_interval(int(right.sum()), len(right))}


def _folded(label_set: LabelSet, fold: Callable[[str], str]) -> NDArray[np.int64]:
    """Return for each label the index of the first label of the set that folds to the same."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(fold(label), index) for index, label in enumerate(label_set.labels)])


def macro_f1(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean F1 of the classes that have rows, of confusions int [T, classes, classes]: float64 [T]."""
    rows, answers = tables.sum(axis=2), tables.sum(axis=1)
    right = np.diagonal(tables, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(rows + answers, 1)
    return (f1 * (rows > 0)).sum(axis=1) / np.maximum((rows > 0).sum(axis=1), 1)


def macro_f1_interval(table: NDArray[np.int64], draws: int = 200) -> list[float]:
    """Return the bootstrap 95 % interval of macro F1: the rows of a confusion drawn with replacement (seed 0)."""
    count = int(table.sum())
    if not count:
        return [0.0, 1.0]
    drawn = np.random.default_rng(0).multinomial(count, table.ravel() / count, size=draws)
    return np.quantile(macro_f1(drawn.reshape(draws, *table.shape)), [0.025, 0.975]).tolist()


def wilson_interval(successes: float, trials: int, z: float = 1.96) -> list[float]:
    """Return Wilson's (1927) score interval for a share; 95 % at the default `z`.

    Successes may be fractions, which scipy's interval does not take.
    """
    if not trials:
        return [0.0, 1.0]
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return [middle - half, middle + half]


def per_class(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet
) -> list[dict[str, Any]]:
    """Return rows, recall with its 95 % interval, precision, F1 and most frequent mistake of each label of the rows."""
    table = confusion(probabilities, labels, len(label_set))
    rows = []
    for index, label in enumerate(label_set.labels):
        count, right, answers = (int(n) for n in (table[index].sum(), table[index, index], table[:, index].sum()))
        if not count:
            continue
        mistakes = table[index].copy()
        mistakes[index] = 0
        worst = int(mistakes.argmax())
        rows.append(
            {
                "label": label,
                "rows": count,
                "recall": right / count,
                "recall_interval": wilson_interval(right, count),
                "precision": right / max(answers, 1),
                "f1": 2 * right / (count + answers),
                "most_taken_for": label_set.labels[worst] if mistakes[worst] else None,
            }
        )
    return rows


def describe_unscored(classes: list[dict[str, Any]], label_set: LabelSet) -> str:
    """Return a sentence that names the labels without rows; "" if there were rows of each.

    classes: what `per_class` returned for the rows; empty for results of earlier versions, of which nothing is said.
    """
    scored = {entry["label"] for entry in classes}
    missing = [label for label in label_set.labels if label not in scored] if scored else []
    return f"They have no row of {', '.join(missing)}, of which the numbers say nothing." if missing else ""


def confusion(probabilities: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return counts int64 [classes, classes]: row the true label, column the answer."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, probabilities.argmax(axis=1), labels=np.arange(classes))


def worst_confusions(
    table: NDArray[np.int64], label_set: LabelSet, count: int = WORST, *, shape_folded: bool = False
) -> list[dict[str, Any]]:
    """Return the most frequent mistakes, most rows first: `label`, `answer`, `rows`, and `share` of the label's rows.

    At most `count` of them. With `shape_folded`, only those that one character's shape could have told apart: neither
    a case nor 0 and O.
    """
    mistakes = table.copy()
    np.fill_diagonal(mistakes, 0)
    if shape_folded:
        shape = _folded(label_set, fold_shape)
        mistakes[shape[:, None] == shape[None, :]] = 0
    worst = np.argsort(-mistakes, axis=None, kind="stable")[:count]
    return [
        {
            "label": label_set.labels[label],
            "answer": label_set.labels[answer],
            "rows": int(mistakes[label, answer]),
            "share": float(mistakes[label, answer] / table[label].sum()),
        }
        for label, answer in zip(*np.unravel_index(worst, table.shape), strict=True)
        if mistakes[label, answer]
    ]


def report(probabilities: NDArray[np.float32], rows: Rows, split: Split) -> dict[str, Any]:
    """Return `score` of the rows, with the split, whether they are the official test, each class, and the mistakes.

    `calibration` holds the bins of `calibration_bins`, `worst_confusions` and `worst_confusions_shape_folded` what
    `worst_confusions` finds.
    """
    table = confusion(probabilities, rows.labels, len(rows.label_set))
    return {
        "split": split.name,
        "official": is_official(split, rows),
        **score(probabilities, rows.labels, rows.label_set),
        "calibration": calibration_bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == rows.labels),
        "worst_confusions": worst_confusions(table, rows.label_set),
        "worst_confusions_shape_folded": worst_confusions(table, rows.label_set, shape_folded=True),
        "per_class": per_class(probabilities, rows.labels, rows.label_set),
    }


def write_json(value: Any, path: Path) -> None:
    """Write a file of JSON as checkpoints and reports have them: indented, in UTF-8."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
