"""The evaluation of a checkpoint: on the test rows of a split, on real ink, and in a report."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from emnist_hf.data.conditions import CONDITIONS
from emnist_hf.data.rows import DataError
from emnist_hf.data.sources import load_parts
from emnist_hf.evaluation.evaluated import Evaluated
from emnist_hf.evaluation.metrics import report, score
from emnist_hf.evaluation.real_ink import StrokeTest, choose_characters, summarize_strokes
from emnist_hf.evaluation.report import write_report
from emnist_hf.evaluation.seen import count_seen, load_seen
from emnist_hf.evaluation.tta import predict_views
from emnist_hf.models.pretrained import DEFAULT_CHECKPOINT, PACKAGED
from emnist_hf.splits import find_split


@dataclass(frozen=True)
class EvaluateConfig:
    """What is evaluated, and on what.

    split: a name of `splits.SPLITS`, whose test rows are read from `dataset`, a Hub id, folder, gzip.zip or Parquet
    file. checkpoint: as `Recognizer.from_pretrained` takes it. transposed: the images lie on their side. strokes: a
    test on real ink besides. tta: views of each glyph for test-time augmentation, 0 for none. max_eval_samples: at most
    so many rows, drawn as train.py draws them with its default seed 0.

    Raises `LabelError` for a split that does not exist, `DataError` if `max_eval_samples` is below 1.
    """

    split: str
    dataset: str
    checkpoint: str | None = None
    transposed: bool = False
    strokes: StrokeTest | None = None
    tta: int = 0
    max_eval_samples: int | None = None

    def __post_init__(self) -> None:
        find_split(self.split)
        if self.max_eval_samples is not None and self.max_eval_samples < 1:
            raise DataError(f"--max_eval_samples is {self.max_eval_samples}: give at least 1.")


def evaluate_checkpoint(
    config: EvaluateConfig, recognizer: Evaluated, output_dir: Path | None = None
) -> dict[str, Any]:
    """Score a checkpoint on test rows, and with `strokes` on real ink, so that neither is forgotten.

    With `tta`, `test_time_augmentation` says what the mean over so many views of each glyph scores, beside the numbers,
    which are those of one look. `command` is the command line that gives the same again. With `output_dir`, write
    evaluation.json, evaluation.md and pictures there. A checkpoint with finer labels than the split answers by folding
    its probabilities; of the strokes, those characters are read that the split has. Of rows sampled by
    `max_eval_samples`, `sampled_from` says of how many and `official` is False.

    recognizer: the checkpoint that the config names.

    Raises `DataError` if there are no test rows or no such strokes, or the checkpoint was trained on some of the rows,
    `LabelError` if its labels are too coarse for the split.
    """
    split = find_split(config.split)
    charset = split.label_set.name
    recognizer.check_charset(charset)
    if config.strokes is not None:
        choose_characters(config.strokes, split.label_set)  # a file that will not do is better refused before the rows
    rows = load_parts(split.name, config.dataset, transposed=config.transposed or None, parts=("test",))["test"]
    known = load_seen(recognizer.folder)
    if known is not None and (seen := count_seen(rows.images, known)):
        raise DataError(
            f"{recognizer.name} was trained on {seen:,} of these {len(rows):,} rows: score it on rows it has not seen."
        )
    found = len(rows)
    if config.max_eval_samples is not None:
        rows = rows.sample(config.max_eval_samples, seed=0)
    probabilities = recognizer.predict_proba(np.asarray(rows.images), charset=charset)
    result = report(probabilities, rows, split) | {
        "checkpoint": recognizer.name,
        "rows_checked_against_training": known is not None,
        "command": command_of(config),
    }
    if len(rows) < found:
        result |= {"official": False, "sampled_from": found}
    if config.tta:
        averaged = predict_views(recognizer.checkpoint, rows.images, config.tta, split.label_set)
        result["test_time_augmentation"] = {"views": config.tta, **score(averaged, rows.labels, split.label_set)}
    if config.strokes is not None:
        result["real_ink"] = summarize_strokes(config.strokes, recognizer, charset)
    if output_dir is not None:
        write_report(result, probabilities, rows, output_dir)
    return result


def command_of(config: EvaluateConfig) -> str:
    """Return the command line that evaluates the same again, without what is at its default.

    Of files and folders it has the last part: reports are published, and where somebody's files lie is nobody's
    business.
    """
    words = ["--split", str(config.split), "--dataset", _last_part(config.dataset)]
    if config.checkpoint not in (None, DEFAULT_CHECKPOINT):
        name = _last_part(config.checkpoint)
        # A folder called like a checkpoint of the package is found by more than that name alone.
        hidden = name != config.checkpoint and (PACKAGED / name).is_dir()
        words += ["--checkpoint", f"./{name}" if hidden else name]
    words += ["--transposed"] if config.transposed else []
    words += _stroke_words(config.strokes) if config.strokes is not None else []
    words += ["--tta", str(config.tta)] if config.tta else []
    words += ["--max_eval_samples", str(config.max_eval_samples)] if config.max_eval_samples is not None else []
    return shlex.join(["python", "-m", "emnist_hf", "evaluate", *words])


def _stroke_words(test: StrokeTest) -> list[str]:
    """Return the words of a command line for a test on real ink."""
    usual = {field.name: field.default for field in fields(test)}
    given = {"pen": test.pens, "size": test.sizes, "condition": test.conditions}
    if set(test.conditions) == set(CONDITIONS):
        given["condition"] = ("all",)
    words = ["--strokes", test.path.name]
    for name, values in given.items():
        for value in values if tuple(values) != usual[f"{name}s"] else ():
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    return words + (["--per_pen", str(test.per_pen)] if test.per_pen != usual["per_pen"] else [])


def _last_part(source: str) -> str:
    return Path(os.path.abspath(source)).name if os.path.exists(source) else source
