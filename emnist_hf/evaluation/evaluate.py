"""Metrics: how good a checkpoint is, on which rows, and where it errs.

Test-time augmentation: the mean of what a network answers to a glyph and to slightly moved copies of it.
"""

from __future__ import annotations

import math
import os
import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from emnist_hf.data.cache import Images
from emnist_hf.data.rows import DataError
from emnist_hf.data.sources import load_parts
from emnist_hf.evaluation.metrics import report, score
from emnist_hf.evaluation.seen import count_seen, load_seen
from emnist_hf.models.network import Checkpoint
from emnist_hf.models.pretrained import DEFAULT_CHECKPOINT, PACKAGED
from emnist_hf.splits import LabelSet, find_split, fold_probabilities

if TYPE_CHECKING:
    from emnist_hf.evaluation.real_ink import StrokeTest


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
    from emnist_hf.evaluation.real_ink import choose_characters, summarize_strokes
    from emnist_hf.evaluation.report import write_report
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
        averaged = average_views(recognizer.checkpoint, rows.images, tta, chosen.label_set)
        result["test_time_augmentation"] = {"views": tta, **score(averaged, rows.labels, chosen.label_set)}
    if strokes is not None:
        result["real_ink"] = summarize_strokes(strokes, recognizer, charset)
    if output_dir is not None:
        write_report(result, probabilities, rows, output_dir)
    return result


def command_of(
    split: str,
    dataset: str,
    checkpoint: str | None = None,
    *,
    transposed: bool = False,
    strokes: StrokeTest | None = None,
    tta: int = 0,
    max_eval_samples: int | None = None,
) -> str:
    """The command line that evaluates the same again, without what is at its default.

    Of files and folders it has the last part: reports are published, and where somebody's files lie is nobody's
    business.
    """
    words = ["--split", split, "--dataset", _last_part(dataset)]
    if checkpoint not in (None, DEFAULT_CHECKPOINT):
        name = _last_part(str(checkpoint))
        # A folder called like a checkpoint of the package is found by more than that name alone.
        hidden = name != checkpoint and (PACKAGED / name).is_dir()
        words += ["--checkpoint", f"./{name}" if hidden else name]
    words += ["--transposed"] if transposed else []
    words += _stroke_words(strokes) if strokes is not None else []
    words += ["--tta", str(tta)] if tta else []
    words += ["--max_eval_samples", str(max_eval_samples)] if max_eval_samples is not None else []
    return shlex.join(["python", "-m", "emnist_hf", "evaluate", *words])


def _stroke_words(test: StrokeTest) -> list[str]:
    """The words of a command line for a test on real ink."""
    from emnist_hf.data.conditions import CONDITIONS

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


TURN = math.radians(5)  # how far copies go: well within what training does to a glyph


SLANT, ZOOM, SHIFT = 0.1, 0.05, 0.025  # per unit of height, of the size, of the side


GOLDEN = np.array([0.8566748838545029, 0.733891856627126, 0.6287067210378087, 0.5385972572236101])


BATCH = 128


def views(count: int) -> Tensor:
    """Affine matrices float32 [count, 2, 3] for `F.affine_grid`: the first changes nothing, the others a little.

    Rotation, slant, size and place follow the R4 sequence of low discrepancy (Roberts 2018): spread evenly, and the
    same every time.
    """
    spread = (np.arange(count)[:, None] * GOLDEN) % 1
    turn, slant, zoom, around = ((spread + 0.5) % 1 * 2 - 1).T  # the first row is zero
    angle, size = turn * TURN, 1 + zoom * ZOOM
    across, down = SHIFT * 2 * np.abs(zoom) * np.cos(np.pi * around), SHIFT * 2 * np.abs(zoom) * np.sin(np.pi * around)
    rows = [
        [size * np.cos(angle), size * (slant * SLANT * np.cos(angle) - np.sin(angle)), across],
        [size * np.sin(angle), size * (slant * SLANT * np.sin(angle) + np.cos(angle)), down],
    ]
    return torch.from_numpy(np.array(rows).transpose(2, 0, 1)).float()


def average_views(checkpoint: Checkpoint, images: Images, count: int, target: LabelSet) -> NDArray[np.float32]:
    """Mean probabilities over `count` views of each glyph, uint8 [N, 28, 28]: float32 [N, classes of `target`].

    Raises `LabelError` if the checkpoint's labels are too coarse for `target`.
    """
    matrices = views(count)
    parts = [np.zeros((0, len(checkpoint.label_set)), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            pixels = checkpoint.pixels(torch.from_numpy(images[start : start + BATCH]))
            # Outside of the glyph is paper, which is not zero once pixels are normalised.
            paper = -checkpoint.mean / checkpoint.std
            answers = torch.zeros(len(pixels), len(checkpoint.label_set))
            for matrix in matrices:
                grid = F.affine_grid(matrix.expand(len(pixels), 2, 3), list(pixels.shape), align_corners=False)
                moved = F.grid_sample(pixels - paper, grid, align_corners=False) + paper
                answers += checkpoint.model(moved).float().softmax(dim=1)
            parts.append((answers / count).numpy())
    return fold_probabilities(np.concatenate(parts), checkpoint.label_set, target)
