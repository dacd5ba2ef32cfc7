"""Metrics: how good a checkpoint is, on which rows, and where it errs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.calibration import calibration_bins, calibration_error
from emnist_hf.data import DataError, Rows, hash_images, load_parts
from emnist_hf.images import Images
from emnist_hf.splits import LabelSet, Split, find_split, fold_shape

if TYPE_CHECKING:
    from emnist_hf.real_ink import StrokeTest

OFFICIAL_TESTS = {
    "byclass": "7ae37aff252fa3a97a8a1c8f20d11532bef5bbdd5b885732e5b40c5393f08d0e",
    "bymerge": "992070c39ed3d8a72a67eb7ae6916598fc7d286cbc88a33d4c1630baa592f2e3",
    "mnist": "3198f27b710a93ded7861cf65288b1f46c9ebdd59d5b74254d9426c7060dc375",
}
"""Digest of the official test rows, in any order, of the splits whose official rows we have had in hand."""


def score(probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet) -> dict[str, Any]:
    """All metrics of one test: probabilities float [N, classes] over `label_set`, labels int [N].

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
    """For each label, the index of the first label of the set that folds to the same thing."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(fold(label), index) for index, label in enumerate(label_set.labels)])


def macro_f1(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean F1 of the classes that have rows, of confusions int [T, classes, classes]; float64 [T]."""
    rows, answers = tables.sum(axis=2), tables.sum(axis=1)
    right = np.diagonal(tables, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(rows + answers, 1)
    return (f1 * (rows > 0)).sum(axis=1) / np.maximum((rows > 0).sum(axis=1), 1)


def macro_f1_interval(table: NDArray[np.int64], draws: int = 200) -> list[float]:
    """The middle 95 % of macro F1 when the rows of a confusion are drawn anew, with replacement (seed 0)."""
    count = int(table.sum())
    if not count:
        return [0.0, 1.0]
    drawn = np.random.default_rng(0).multinomial(count, table.ravel() / count, size=draws)
    return np.quantile(macro_f1(drawn.reshape(draws, *table.shape)), [0.025, 0.975]).tolist()


def wilson_interval(successes: float, trials: int, z: float = 1.96) -> list[float]:
    """Wilson's (1927) score interval for a share; 95 % at the default `z`."""
    if not trials:
        return [0.0, 1.0]
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return [middle - half, middle + half]


def per_class(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet
) -> list[dict[str, Any]]:
    """Rows, recall with its 95 % interval, precision, F1 and most frequent mistake of each label in `labels`."""
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


def say_unscored(classes: list[dict[str, Any]], label_set: LabelSet) -> str:
    """A sentence that names the labels of which the rows had none, "" if there were rows of each.

    classes: what `per_class` returned for the rows; of results that do not have it, nothing is said.
    """
    scored = {entry["label"] for entry in classes}
    missing = [label for label in label_set.labels if label not in scored] if scored else []
    return f"They have no row of {', '.join(missing)}, of which the numbers say nothing." if missing else ""


def confusion(probabilities: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts int64 [classes, classes]: row the true label, column the answer."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, probabilities.argmax(axis=1), labels=np.arange(classes))


WORST = 12  # confusions that are listed and shown


def worst_confusions(
    table: NDArray[np.int64], label_set: LabelSet, count: int = WORST, *, shape_folded: bool = False
) -> list[dict[str, Any]]:
    """The most frequent mistakes of a confusion, most rows first: `label`, `answer`, `rows`, `share` of the label's.

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
    """`score` of the rows, with the split, whether they are the official test, each class by itself, and the mistakes.

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


SEEN_FILE = "trained_on.npz"


def short_hashes(images: Images) -> NDArray[np.uint32]:
    """The upper 32 bits of each image's hash: uint8 [N, 28, 28] to uint32 [N]."""
    return (hash_images(images) >> np.uint64(32)).astype(np.uint32)


def save_seen(hashes: NDArray[np.uint32], folder: Path, learnt: NDArray[np.uint32] | None = None) -> None:
    """Note which images a checkpoint was trained on: their short hashes, sorted, as differences.

    learnt: those of them that it learnt from itself, where its teachers learnt from others besides; None for all.
    """
    every = np.unique(hashes)
    taught = every[:0] if learnt is None else np.setdiff1d(every, learnt)
    np.savez_compressed(folder / SEEN_FILE, steps=_steps(every), taught=_steps(taught))


def _steps(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return np.diff(hashes, prepend=np.uint32(0))


def load_seen(folder: Path) -> NDArray[np.uint32] | None:
    """The short hashes of the images that the checkpoint in `folder` was trained on; None if it does not say.

    Those of its teachers are among them: an honest score is on images of which nobody told it anything.
    """
    stored = _load_steps(folder)
    return None if stored is None else stored[0]


def load_learnt(folder: Path) -> NDArray[np.uint32] | None:
    """As `load_seen`, without what its teachers alone were trained on: what it may not be chosen or calibrated by.

    A teacher is asked about images that its student learns from, and so tells nothing of others that it has seen.
    """
    stored = _load_steps(folder)
    return None if stored is None else np.setdiff1d(*stored)


def _load_steps(folder: Path) -> tuple[NDArray[np.uint32], NDArray[np.uint32]] | None:
    path = folder / SEEN_FILE
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        none = np.zeros(0, np.uint32)  # checkpoints of earlier versions do not tell the two apart
        steps, taught = stored["steps"], stored.get("taught", none)
        return np.cumsum(steps, dtype=np.uint32), np.cumsum(taught, dtype=np.uint32)


def count_seen(images: Images, seen: NDArray[np.uint32]) -> int:
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
    strokes: StrokeTest | None = None,
    tta: int = 0,
    max_eval_samples: int | None = None,
    output_dir: Path | None = None,
) -> dict[str, Any]:
    """Score a checkpoint on the test rows of a data set, and with `strokes` on real ink, so that neither is forgotten.

    With `tta`, `test_time_augmentation` says what the mean over so many views of each glyph scores (`views.py`): beside
    the numbers, which are those of one look. `command` is the command line that gives the same again. With
    `output_dir`, write evaluation.json, evaluation.md and pictures there. A checkpoint with finer labels than the split
    answers by folding its probabilities; of the strokes, those characters are read that the split has.

    With `max_eval_samples`, score no more than so many of the rows, drawn as train.py draws them with its default seed
    0: if there are more, `sampled_from` says how many and `official` is False.

    Raises `DataError` if there are no test rows or no such strokes, `max_eval_samples` is below 1 or the checkpoint was
    trained on some of the rows, `CheckpointError`, or `LabelError` if its labels are too coarse for the split.
    """
    from emnist_hf.evaluation_report import command_of, write_report
    from emnist_hf.real_ink import choose_characters, summarize_strokes
    from emnist_hf.recognizer import Recognizer

    if max_eval_samples is not None and max_eval_samples < 1:
        raise DataError(f"--max_eval_samples is {max_eval_samples}: give at least 1.")
    chosen = find_split(split)
    charset = chosen.label_set.name
    recognizer = Recognizer.from_pretrained(checkpoint)
    recognizer.check_charset(charset)
    if strokes is not None:
        choose_characters(strokes, chosen.label_set)  # a file that will not do is better refused before the rows
    rows = load_parts(chosen.name, dataset, transposed=transposed or None, parts=("test",))["test"]
    known = load_seen(recognizer.folder)
    seen = count_seen(rows.images, known) if known is not None else 0
    if seen:
        raise DataError(
            f"{recognizer.name} was trained on {seen:,} of these {len(rows):,} rows: score it on rows it has not seen."
        )
    found = len(rows)
    if max_eval_samples is not None:
        rows = rows.sample(max_eval_samples, seed=0)
    probabilities = recognizer.predict_proba(np.asarray(rows.images), charset=charset)
    result = report(probabilities, rows, chosen) | {
        "checkpoint": recognizer.name,
        "rows_checked_against_training": known is not None,
        "command": command_of(
            chosen.name,
            dataset,
            checkpoint,
            transposed=transposed,
            strokes=strokes,
            tta=tta,
            max_eval_samples=max_eval_samples,
        ),
    }
    if len(rows) < found:
        result |= {"official": False, "sampled_from": found}
    if tta:
        from emnist_hf.views import average_views

        averaged = average_views(recognizer.checkpoint, rows.images, tta, chosen.label_set)
        result["test_time_augmentation"] = {"views": tta, **score(averaged, rows.labels, chosen.label_set)}
    if strokes is not None:
        result["real_ink"] = summarize_strokes(strokes, recognizer, charset)
    if output_dir is not None:
        write_report(result, probabilities, rows, output_dir)
    return result


def write_json(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
