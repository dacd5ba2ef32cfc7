"""Metrics, reports and figures: how good a checkpoint is, on which rows, and where it errs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data import DataError, Rows, hash_images, load_emnist, to_rows
from emnist_hf.splits import LabelSet, Split, find_split, fold_shape

BINS = 15  # of the expected calibration error, as Guo et al. (2017) use

OFFICIAL_TESTS = {
    "byclass": "7ae37aff252fa3a97a8a1c8f20d11532bef5bbdd5b885732e5b40c5393f08d0e",
    "bymerge": "992070c39ed3d8a72a67eb7ae6916598fc7d286cbc88a33d4c1630baa592f2e3",
    "mnist": "3198f27b710a93ded7861cf65288b1f46c9ebdd59d5b74254d9426c7060dc375",
}
"""Digest of the official test rows, in any order, of the splits whose official rows we have had in hand."""


def score(probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet) -> dict[str, Any]:
    """All metrics of one test: probabilities float [N, classes] over `label_set`, labels int [N].

    `accuracy_interval` is Wilson's 95 % interval. `ece` is the expected calibration error over 15 equal bins of the
    top score (Guo et al. 2017), `nll` the mean negative log likelihood in nats. `accuracy_case_insensitive` counts a
    right letter of the wrong case as right, `accuracy_shape_folded` also 0=O, 1=I=L, 5=S and 2=Z. Both fold the
    answer, not the probabilities.
    """
    from sklearn.metrics import f1_score

    order = np.argsort(-probabilities, axis=1, kind="stable")
    answers = order[:, 0]
    right = answers == labels
    found = order == labels[:, None]
    likelihood = probabilities[np.arange(len(labels)), labels]
    case = np.array([label_set.labels.index(c) for c in _folded(label_set, str.upper)])
    shape = np.array([label_set.labels.index(c) for c in _folded(label_set, fold_shape)])
    return {
        "rows": len(labels),
        "accuracy": float(right.mean()),
        "accuracy_interval": wilson_interval(int(right.sum()), len(labels)),
        "top3": float(found[:, :3].any(axis=1).mean()),
        "top5": float(found[:, :5].any(axis=1).mean()),
        "macro_f1": float(f1_score(labels, answers, average="macro", labels=np.unique(labels), zero_division=0)),
        "ece": calibration_error(probabilities.max(axis=1), right),
        "nll": float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
        "accuracy_case_insensitive": float((case[answers] == case[labels]).mean()),
        "accuracy_shape_folded": float((shape[answers] == shape[labels]).mean()),
    }


def _folded(label_set: LabelSet, fold: Any) -> list[str]:
    """For each label, the first label of the set that folds to the same thing."""
    first: dict[str, str] = {}
    return [first.setdefault(fold(label), label) for label in label_set.labels]


def wilson_interval(successes: int, trials: int, z: float = 1.96) -> list[float]:
    """Wilson's (1927) score interval for a share; 95 % at the default `z`."""
    if not trials:
        return [0.0, 1.0]
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return [middle - half, middle + half]


def calibration_error(scores: NDArray[np.float32], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error: mean distance between score and share right, over equal-width bins of the score."""
    place = np.clip((scores * bins).astype(int), 0, bins - 1)
    weight = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, scores, bins) - np.bincount(place, right, bins))
    return float(gap.sum() / max(weight.sum(), 1))


SHRINKAGE = 1e-3
"""Keeps the bias of a class with few validation rows small."""


def fit_calibration(
    logits: NDArray[np.float32], labels: NDArray[np.int64], wanted: Sequence[float] | None = None
) -> tuple[float, NDArray[np.float64]]:
    """Temperature and bias by which calibrated logits are logits / temperature + bias: float and float64 [classes].

    They make the likelihood of the validation rows greatest (Guo et al. 2017). With `wanted`, how frequent each class
    will be, rows are weighted to those frequencies and the bias is fitted too (bias-corrected temperature scaling,
    Alexandari et al. 2020); without, it is zero.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    rows, classes = np.arange(len(labels)), logits.shape[1]
    weights = np.full(len(labels), 1 / len(labels)) if wanted is None else frequency_weights(labels, wanted)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = logits * math.exp(-parameters[0])
        bias = parameters[1:] if wanted is not None else np.zeros(classes)
        log_probabilities = log_softmax(scaled + bias, axis=1)
        residual = np.exp(log_probabilities)
        residual[rows, labels] -= 1
        residual *= weights[:, None]
        value = -float(weights @ log_probabilities[rows, labels]) + SHRINKAGE * float(bias @ bias)
        slope = [-float((residual * scaled).sum())]
        return value, np.append(slope, residual.sum(axis=0) + 2 * SHRINKAGE * bias if wanted is not None else [])

    start = np.zeros(1 if wanted is None else 1 + classes)
    bounds = [(math.log(0.2), math.log(5))] + [(-5.0, 5.0)] * (len(start) - 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return math.exp(found[0]), found[1:] if wanted is not None else np.zeros(classes)


def frequency_weights(labels: NDArray[np.int64], wanted: Sequence[float]) -> NDArray[np.float64]:
    """Weight of each row, summing to 1, such that classes weigh as `wanted` says; absent classes are left out."""
    present = np.bincount(labels, minlength=len(wanted))
    weights = (np.asarray(wanted, np.float64) / np.maximum(present, 1))[labels]
    return weights / weights.sum()


def per_class(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet
) -> list[dict[str, Any]]:
    """Rows, recall, precision and the most frequent mistake of each label that occurs in `labels`."""
    table = confusion(probabilities, labels, len(label_set))
    rows = []
    for index, label in enumerate(label_set.labels):
        count = int(table[index].sum())
        if not count:
            continue
        mistakes = table[index].copy()
        mistakes[index] = 0
        worst = int(mistakes.argmax())
        rows.append(
            {
                "label": label,
                "rows": count,
                "recall": float(table[index, index] / count),
                "precision": float(table[index, index] / max(table[:, index].sum(), 1)),
                "most_taken_for": label_set.labels[worst] if mistakes[worst] else None,
            }
        )
    return rows


def confusion(probabilities: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts int64 [classes, classes]: row the true label, column the answer."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, probabilities.argmax(axis=1), labels=np.arange(classes))


# --- which rows were they? --------------------------------------------------------------------------------------


def digest(rows: Rows) -> str:
    """A fingerprint of images and labels together, in any order: 64 hexadecimal digits."""
    tagged = hash_images(rows.images) ^ (rows.labels.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return hashlib.sha256(np.sort(tagged).tobytes()).hexdigest()


def is_official(split: Split, rows: Rows) -> bool | None:
    """Whether these are exactly the official test rows of `split`; None if the number fits but nobody can say."""
    known = OFFICIAL_TESTS.get(split.name)
    if known is not None:
        return digest(rows) == known
    return None if len(rows) == split.test_rows else False


def report(probabilities: NDArray[np.float32], rows: Rows, split: Split) -> dict[str, Any]:
    """`score` of the rows, with the split, whether they are the official test, and each class by itself."""
    return {
        "split": split.name,
        "official": is_official(split, rows),
        **score(probabilities, rows.labels, rows.label_set),
        "per_class": per_class(probabilities, rows.labels, rows.label_set),
    }


SEEN_FILE = "trained_on.npz"


def short_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The upper 32 bits of each image's hash: uint8 [N, 28, 28] to uint32 [N]."""
    return (hash_images(images) >> np.uint64(32)).astype(np.uint32)


def save_seen(hashes: NDArray[np.uint32], folder: Path) -> None:
    """Note which images a checkpoint was trained on: their short hashes, sorted, as differences."""
    np.savez_compressed(folder / SEEN_FILE, steps=np.diff(np.unique(hashes), prepend=np.uint32(0)))


def load_seen(folder: Path) -> NDArray[np.uint32] | None:
    """The short hashes of the images that the checkpoint in `folder` was trained on; None if it does not say."""
    path = folder / SEEN_FILE
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return np.cumsum(stored["steps"], dtype=np.uint32)


def count_seen(images: NDArray[np.uint8], seen: NDArray[np.uint32]) -> int:
    """How many of `images` are among the seen; 0 for no more than chance.

    Of unseen images about one in 25,000 has the short hash of a seen one (32 bits, some 180,000 of them).
    """
    count = int(np.isin(short_hashes(images), seen).sum())
    return count if count > 5 + 10 * len(images) * len(seen) / 2**32 else 0


def evaluate_checkpoint(
    split: str,
    dataset: str,
    checkpoint: str | None = None,
    *,
    transposed: bool = False,
    output_dir: Path | None = None,
) -> dict[str, Any]:
    """Score a checkpoint on the test rows of a data set; with `output_dir`, write report and confusion matrix there.

    A checkpoint with finer labels than the split answers by folding its probabilities.

    Raises `DataError` if there are no test rows or the checkpoint was trained on some of them, `CheckpointError`, or
    `LabelError` if its labels are too coarse for the split.
    """
    from emnist_hf.recognizer import Recognizer

    chosen = find_split(split)
    recognizer = Recognizer.from_pretrained(checkpoint)
    recognizer.check_charset(chosen.label_set.name)
    found = load_emnist(chosen.name, dataset, transposed=transposed or None, parts=("test",))
    rows = to_rows(found["test"])
    known = load_seen(recognizer.folder)
    seen = count_seen(rows.images, known) if known is not None else 0
    if seen:
        raise DataError(
            f"{recognizer.name} was trained on {seen:,} of these {len(rows):,} rows: score it on rows it has not seen."
        )
    probabilities = recognizer.predict_proba(rows.images, charset=chosen.label_set.name)
    result = report(probabilities, rows, chosen) | {
        "checkpoint": recognizer.name,
        "rows_checked_against_training": known is not None,
    }
    if output_dir is not None:
        output_dir.mkdir(parents=True, exist_ok=True)
        write_json(result, output_dir / "evaluation.json")
        table = confusion(probabilities, rows.labels, len(chosen.labels))
        plot_confusion(table, chosen.labels, output_dir / "confusion.png", f"{chosen.title}, {len(rows):,} test rows")
    return result


# --- figures ----------------------------------------------------------------------------------------------------


def plot_confusion(table: NDArray[np.int64], labels: Sequence[str], path: Path, title: str) -> None:
    """Draw a confusion matrix as a picture: share of each true label's rows, on a scale that shows rare mistakes."""
    figure, axes = _figure(9, 8)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    from matplotlib.colors import PowerNorm

    image = axes.imshow(share, cmap="magma_r", norm=PowerNorm(0.4, 0, 1), interpolation="nearest")
    small = {"fontsize": 7 if len(labels) > 30 else 10}
    axes.set_xticks(range(len(labels)), list(labels), **small)
    axes.set_yticks(range(len(labels)), list(labels), **small)
    axes.set(xlabel="read as", ylabel="written", title=title)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the written label's rows")
    figure.savefig(path, dpi=110)


def plot_curve(history: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    """Draw the training curve: loss and validation accuracy by epoch."""
    figure, axes = _figure(8, 4.5)
    epochs = [entry["epoch"] for entry in history]
    axes.plot(epochs, [entry["train_loss"] for entry in history], color="#8a5a00", label="training loss")
    axes.set(xlabel="epoch", ylabel="training loss (nats)", title=title)
    right = axes.twinx()
    right.plot(epochs, [entry["accuracy"] for entry in history], color="#1b4f8a", label="validation accuracy")
    right.set_ylabel("validation accuracy (averaged weights)")
    lines = axes.get_lines() + right.get_lines()
    axes.legend(lines, [str(line.get_label()) for line in lines], loc="center right", frameon=False)
    figure.savefig(path, dpi=110)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    """A matplotlib figure without pyplot: no global state, no display, safe in threads."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def write_json(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
