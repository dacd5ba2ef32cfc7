"""What an evaluation leaves in a folder: evaluation.json, evaluation.md and its pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import Rows
from emnist_hf.evaluation import figures
from emnist_hf.evaluation.metrics import confusion, say_unscored, write_json
from emnist_hf.splits import SPLITS

SHARES = {
    "accuracy": "accuracy (top 1)",
    "top3": "top 3",
    "top5": "top 5",
    "accuracy_case_insensitive": "accuracy, case ignored",
    "accuracy_shape_folded": "accuracy, shape-folded",
    "macro_f1": "macro F1",
}


HEADINGS = {
    "worst_confusions": "most frequent",
    "worst_confusions_shape_folded": "most frequent of those that a shape can tell apart",
}


TEMPLATE = """# {title}: {checkpoint} on {rows} test rows

{official}{checked} Made by `{command} --output_dir FOLDER`.

## Numbers

{numbers}

Intervals are Wilson's, that of macro F1 a bootstrap's. Shape-folded: case ignored, and 0 = O, 1 = I = L, 5 = S, 2 = Z
count as one, as one character alone does not tell.
{views}{ink}
## Calibration

The expected calibration error over 15 bins is {ece:.4f}, the mean negative log likelihood {nll:.4f} nats.

![Reliability diagram](calibration.png)

{calibration}

## Worst confusions

{confusions}

![Rows so mistaken](confusions.png)

![Confusion matrix](confusion.png)

## Every class

![Recall and precision of each class](per_class.png)

{classes}
"""


VIEWS_TEMPLATE = """
With test-time augmentation, the mean over {views} slightly moved copies of each glyph, which no other number has:

{shares}
"""


INK_TEMPLATE = """
## Real ink

{characters:,} characters of {writers} UNIPEN writers{held_out}, drawn black on white and white on black and read as a
visitor's picture is: {rows:,} plain drawings, {unread} of which showed no ink and count as wrong.

{total}

Shape-folded accuracy by pen, in pixels on a pad of 300, and by the side of the pad, with which the pen is scaled:

{pens}
{conditions}
The intervals count a character once, however often it was drawn.
"""


def write_report(result: dict[str, Any], probabilities: NDArray[np.float32], rows: Rows, folder: Path) -> None:
    """Write an evaluation into `folder`, which is made: evaluation.json, evaluation.md, and the pictures it shows.

    result: what `evaluation.evaluate_checkpoint` returns. probabilities: float [N, classes], what was answered for the
    N rows. Raises OSError if the folder cannot be written.
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
        heading: [(entry, examples(entry, answers, rows)) for entry in result[name]]
        for name, heading in _distinct(result).items()
    }
    figures.plot_confusions(columns, folder / "confusions.png", f"{title}: written → read as")


def examples(entry: dict[str, Any], answers: NDArray[np.int64], rows: Rows) -> NDArray[np.uint8]:
    """Up to 8 glyphs uint8 [n, 28, 28] of a confusion, evenly from all rows so mistaken: tests go by writer."""
    label, answer = (rows.label_set.labels.index(entry[key]) for key in ("label", "answer"))
    found = np.flatnonzero((rows.labels == label) & (answers == answer))
    chosen = np.linspace(0, len(found) - 1, min(figures.EXAMPLES, len(found))).round().astype(int)
    return rows.images[found[chosen]]


def _distinct(result: dict[str, Any]) -> dict[str, str]:
    """The lists of confusions that are worth showing: where nothing folds, one says it all."""
    first, second = HEADINGS
    return HEADINGS if result[first] != result[second] else {first: HEADINGS[first]}


def markdown(result: dict[str, Any]) -> str:
    """The evaluation as a Markdown page that shows the pictures beside it."""
    split = SPLITS[result["split"]]
    official = {
        True: f"These are all rows of the official {split.title} test.",
        False: f"These rows are not the official {split.title} test: not to be compared with published figures.",
        None: f"These rows number as many as the official {split.title} test; whether they are it is not known.",
    }[result["official"]]
    if "sampled_from" in result:
        official = (
            f"For a quick look, these are {_count(result)} test rows, drawn at random: not the whole test, and not to "
            f"be compared with published figures."
        )
    official = f"{official} {say_unscored(result['per_class'], split.label_set)}".strip()
    return TEMPLATE.format(
        title=split.title,
        command=result["command"],
        checkpoint=result["checkpoint"],
        rows=_count(result),
        official=official,
        checked=" None was trained on." if result["rows_checked_against_training"] else "",
        numbers=_shares(result, SHARES),
        views=_views(result.get("test_time_augmentation")),
        ink=_real_ink(result["real_ink"]) if "real_ink" in result else "",
        ece=result["ece"],
        nll=result["nll"],
        calibration=table(
            ("score from", "to", "mean score", "share right", "rows"),
            (
                (f"{b['from']:.3f}", f"{b['to']:.3f}", f"{b['score']:.4f}", f"{b['accuracy']:.4f}", f"{b['rows']:,}")
                for b in result["calibration"]
            ),
        ),
        confusions="\n\n".join(_confusions(heading, result[name]) for name, heading in _distinct(result).items()),
        classes=_classes(result["per_class"]),
    )


def _count(result: dict[str, Any]) -> str:
    """How many rows were scored, and of how many."""
    return f"{result['rows']:,}" + (f" of {result['sampled_from']:,}" if "sampled_from" in result else "")


def table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (headings, ["---"] * len(headings), *lines))


def _shares(metrics: dict[str, Any], names: dict[str, str]) -> str:
    return table(
        ("", "share", "95 % interval"),
        (
            (name, f"{metrics[key]:.4f}", "{:.4f} to {:.4f}".format(*metrics[f"{key}_interval"]))
            for key, name in names.items()
        ),
    )


def _views(averaged: dict[str, Any] | None) -> str:
    """The part about test-time augmentation, if there was any."""
    return "" if averaged is None else VIEWS_TEMPLATE.format(views=averaged["views"], shares=_shares(averaged, SHARES))


def _confusions(heading: str, entries: Sequence[dict[str, Any]]) -> str:
    if not entries:
        return f"The {heading}: none."
    lines = ((e["label"], e["answer"], f"{e['rows']:,}", f"{e['share']:.1%}") for e in entries)
    headings = ("written", "read as", "rows", "of the written label's")
    return f"The {heading}:\n\n{table(headings, lines)}"


def _classes(entries: Sequence[dict[str, Any]]) -> str:
    return table(
        ("class", "rows", "recall (95 % interval)", "precision", "F1", "most taken for"),
        (
            (
                e["label"],
                f"{e['rows']:,}",
                "{:.4f} ({:.4f} to {:.4f})".format(e["recall"], *e["recall_interval"]),
                f"{e['precision']:.4f}",
                f"{e['f1']:.4f}",
                e["most_taken_for"] or "–",
            )
            for e in entries
        ),
    )


def _real_ink(ink: dict[str, Any]) -> str:
    """The part about real ink: totals, pens against sizes, and the conditions if there are several."""
    names = {key: SHARES[key] for key in ("accuracy_shape_folded", "accuracy_case_insensitive", "accuracy")}
    conditions = ""
    if len(ink["by_condition"]) > 1:
        pivot = _pivot(ink["cells"], "condition", "{}")
        conditions = f"\nShape-folded accuracy by condition and pen, over all sizes:\n\n{pivot}\n"
    return INK_TEMPLATE.format(
        **{key: ink["total"][key] for key in ("characters", "writers", "rows", "unread")},
        held_out=" whose characters are kept out of training" if ink["held_out"] else "",
        total=_shares(ink["total"], names),
        pens=_pivot([cell for cell in ink["cells"] if cell["condition"] == "plain"], "size", "{} px pad"),
        conditions=conditions,
    )


def _pivot(cells: Sequence[dict[str, Any]], key: str, name: str) -> str:
    """Mean shape-folded accuracy: a line for each value of `key`, a column for each pen, and the mean of both."""
    values, pens = (list(dict.fromkeys(cell[field] for cell in cells)) for field in (key, "pen"))

    def mean(value: Any, wanted: Sequence[float]) -> str:
        found = [c["accuracy_shape_folded"] for c in cells if c[key] == value and c["pen"] in wanted]
        return f"{np.mean(found):.4f}"

    headings = ("", *(f"pen {pen:g}" for pen in pens), "all pens")
    return table(
        headings,
        (
            (
                name.format(str(value).replace("_", " ")),
                *(mean(value, [pen]) for pen in pens),
                mean(value, pens),
            )
            for value in values
        ),
    )
