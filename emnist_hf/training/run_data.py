"""The rows of a run: every source loaded, validation carved, and what is scored kept out of what is learnt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from accelerate import PartialState
from accelerate.logging import get_logger
from numpy.typing import NDArray

from emnist_hf.data.rows import DataError, Rows, among, hash_images
from emnist_hf.data.sources import load_parts
from emnist_hf.evaluation.seen import count_seen, digest, load_learnt, load_seen, short_hashes
from emnist_hf.ink.glyph import SIDE
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.sampling import Source, carve_validation, drop_rows, find_file, load_sources

log = get_logger(__name__)

NONE = np.zeros((0, SIDE, SIDE), np.uint8)


@dataclass(frozen=True)
class RunData:
    """What a run learns from, chooses by and is scored on. No image that is scored is among those that are learnt.

    `learnt` holds the short hashes of all images learnt from, those of the checkpoint that the run starts from among
    them, and `seen` those that teachers learnt from besides; None if one of them does not say. `negatives` are glyphs
    that are no character, uint8 [N, 28, 28], those to learn from and those to validate by.
    """

    sources: list[Source]
    validation: Rows
    extra_validation: list[Rows]
    test: Rows | None
    learnt: NDArray[np.uint32] | None
    seen: NDArray[np.uint32] | None
    negatives: tuple[NDArray[np.uint8], NDArray[np.uint8]] = (NONE, NONE)

    def digest(self) -> str:
        """Return a fingerprint of the rows that decide the course of a run."""
        parts = [digest(rows) for rows in (*(source.rows for source in self.sources), self.validation)]
        return hashlib.sha256("".join(parts).encode()).hexdigest()


def prepare_data(config: TrainConfig) -> RunData:
    """Load every source, carve validation from train, and keep what is scored out of what is learnt.

    Raises `DataError` if the data set has no train part or nothing is left to learn from.
    """
    PartialState()  # whose main process is the one to log
    found = load_parts(
        config.split, config.dataset, revision=config.dataset_revision, transposed=config.transposed or None
    )
    if "train" not in found:
        raise DataError(f"{config.dataset} has no train part: name the file with the rows to learn from train.parquet.")
    test = found.get("test")
    if "validation" in found:
        learn, validation = found["train"], found["validation"]
    else:
        learn, validation = carve_validation(found["train"], config.validation_fraction, config.seed)
    if not len(validation):
        raise TrainingError("No row is left for validation: raise --validation_fraction or give more rows.")
    extra = [source.rows for source in load_sources(config.extra_validation_data, config.dataset)]
    scored = np.concatenate([hash_images(part.images) for part in (validation, *extra, test) if part is not None])
    sources = []
    for source in [Source("train", learn), *load_sources(config.extra_data, config.dataset)]:
        kept = drop_rows(source.rows, scored)
        if config.max_train_samples is not None:
            kept = kept.sample(config.max_train_samples, config.seed)
        sources.append(replace(source, rows=kept))
    if sum(int(len(source.rows) * source.weight) for source in sources) < 2:
        raise DataError(f"{config.dataset} leaves fewer than two rows to learn from: give more rows.")
    learnt = np.concatenate([short_hashes(source.rows.images) for source in sources])
    negatives = (
        load_glyphs(config.reject_data, config.dataset),
        load_glyphs(config.reject_validation_data, config.dataset),
    )
    data = RunData(sources, validation, extra, test, learnt, learnt, negatives)
    if config.model_name_or_path is not None:
        data = _add_parent(data, config.model_name_or_path)
    for teacher in config.teacher_name_or_path:
        data = _add_teacher(data, teacher)
    if config.max_eval_samples is not None:
        validation = data.validation.sample(config.max_eval_samples, config.seed)
        test = test.sample(config.max_eval_samples, config.seed) if test is not None else None
        data = replace(data, validation=validation, test=test)
    return data


def load_glyphs(texts: Sequence[str], folder: str) -> NDArray[np.uint8]:
    """Load arrays of glyphs, found from here or else in `folder`: uint8 [N, 28, 28] of all of them together.

    Raises `DataError` if one is no such array.
    """
    found = [NONE]
    for text in texts:
        path = find_file(Path(text), folder)
        try:
            glyphs = np.load(path, allow_pickle=False)
        except (OSError, ValueError):
            raise DataError(f"{text} is no array of glyphs: give a .npy file, uint8 [N, 28, 28].") from None
        if not isinstance(glyphs, np.ndarray) or glyphs.dtype != np.uint8 or glyphs.shape[1:] != (SIDE, SIDE):
            raise DataError(f"{text} holds no glyphs: they are uint8 [N, 28, 28].")
        found.append(glyphs)
    return np.concatenate(found)


def _add_parent(data: RunData, parent: str) -> RunData:
    """Take out of the validation rows what the checkpoint that the run starts from has learnt from, and say so.

    Raises `DataError` if it has seen test rows, as no honest score could come of it, or all validation rows.
    """
    folder = _check_unseen(data.test, parent)
    learnt = load_learnt(folder)
    if learnt is None or data.learnt is None:
        return replace(data, learnt=None, seen=None)
    fresh = ~among(short_hashes(data.validation.images), learnt)
    if not fresh.all():
        log.warning(
            f"{parent} learnt from {(~fresh).sum():,} of the {len(fresh):,} validation rows: {fresh.sum():,} are left. "
            f"The --seed that it was trained with carves the rows that it has not seen."
        )
    if not fresh.any():
        raise DataError(f"{parent} was trained on all validation rows: carve others with another --seed.")
    return replace(
        data,
        validation=data.validation.take(fresh),
        learnt=np.concatenate([data.learnt, learnt]),
        seen=_join(data.seen, load_seen(folder)),
    )


def _add_teacher(data: RunData, teacher: str) -> RunData:
    """Note what a teacher has seen. It is asked about training rows alone: validation rows that it knows may stay.

    Raises `DataError` if it has seen test rows.
    """
    return replace(data, seen=_join(data.seen, load_seen(_check_unseen(data.test, teacher))))


def _check_unseen(test: Rows | None, name: str) -> Path:
    """Find the folder of a checkpoint. Raises `DataError` if it was trained on test rows."""
    folder = find_checkpoint(name)[0]
    known = load_seen(folder)
    seen = count_seen(test.images, known) if test is not None and known is not None else 0
    if seen:
        raise DataError(f"{name} was trained on {seen:,} of the test rows: take another checkpoint, or none.")
    return folder


def _join(one: NDArray[np.uint32] | None, other: NDArray[np.uint32] | None) -> NDArray[np.uint32] | None:
    return None if one is None or other is None else np.concatenate([one, other])
