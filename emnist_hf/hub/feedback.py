"""Corrections by visitors, kept as rows to train on: off unless the owner of the page names a Hub data set for them.

A correction is a Parquet file of one row, written whole into a folder before the visitor is thanked. From there
huggingface_hub's CommitScheduler takes it to the data set in the background: when the page starts, every few minutes,
and when it ends. A file leaves the folder only when the Hub has it, so that no restart loses any, nor a Hub in trouble.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from emnist_hf.errors import EmnistError
from emnist_hf.hub_session import check_repo_id, hub_sentences, hub_timeouts
from emnist_hf.ink.picture import open_picture
from emnist_hf.splits import CHARACTERS, CHARSETS

if TYPE_CHECKING:
    from emnist_hf.reading.results import Answer


log = logging.getLogger(__name__)
DATASET_VARIABLE = "EMNIST_HF_FEEDBACK_DATASET"
FOLDER_VARIABLE = "EMNIST_HF_FEEDBACK_FOLDER"
MINUTES_VARIABLE = "EMNIST_HF_FEEDBACK_MINUTES"

MINUTES = 5.0  # between two commits
SIDE = 512  # longest side, in pixels, of the drawing that is kept
MOST_WAITING = 2000  # corrections that wait for the Hub: some 20 MB
CLOSING_SECONDS = 20.0  # for the last commit: a Space is killed half a minute after it is told to stop
RETRY_SECONDS = 15.0  # before the data set is looked for again
WHOLE = "*.parquet"


class FeedbackError(EmnistError):
    """A correction that cannot be kept, or a data set that none can go to; the message says why."""


@dataclass(frozen=True)
class Correction:
    """What a visitor said of an answer: the picture, what was found in it, and the character that it is."""

    picture: Any
    answer: Answer
    label: str
    charset: str
    checkpoint: str


class Feedback:
    """Takes corrections, and brings them to the Hub data set `repo` in the background. Threads may share it."""

    def __init__(self, repo: str, folder: Path, minutes: float = MINUTES, token: str | None = None) -> None:
        """Raises `FeedbackError` where the folder cannot be made, `HubError` for what is no id of a data set."""
        check_repo_id(repo)
        self.repo, self.folder, self.minutes = repo, folder, minutes
        self._token = token
        self._courier: Any = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeedbackError(
                f"{folder} cannot hold corrections ({error.strerror}): set {FOLDER_VARIABLE}."
            ) from None

    @classmethod
    def from_environment(cls) -> Feedback | None:
        """Return what the owner of the page has set up: None without `EMNIST_HF_FEEDBACK_DATASET`.

        `EMNIST_HF_FEEDBACK_FOLDER` is where corrections wait, by default below HF_HOME; on a Space it should lie on
        persistent storage, to keep what the Hub could not take before the Space was stopped.
        `EMNIST_HF_FEEDBACK_MINUTES` is the time between commits. Raises as the class does.
        """
        repo = os.environ.get(DATASET_VARIABLE, "")
        if not repo:
            return None
        check_repo_id(repo)
        from huggingface_hub import constants

        folder = os.environ.get(FOLDER_VARIABLE)
        minutes = os.environ.get(MINUTES_VARIABLE, str(MINUTES))
        try:
            every = float(minutes)
        except ValueError:
            every = 0.0
        if not 0 < every <= 1440:
            raise FeedbackError(f"{MINUTES_VARIABLE} is {minutes[:20]!r}: give minutes, such as 5.")
        waiting = Path(folder) if folder else Path(constants.HF_HOME) / "emnist_hf_feedback" / repo.replace("/", "--")
        return cls(repo, waiting, every)

    def start(self) -> None:
        """Begin to bring to the Hub what waits and what comes. Returns at once, whether or not the Hub answers."""
        threading.Thread(target=self._look_for_hub, name="feedback", daemon=True).start()

    def close(self) -> None:
        """Send what waits, if the Hub takes it in time, and stop. To be called before Python begins to shut down.

        CommitScheduler's own last commit comes too late: uploads start threads, which Python then no longer does.
        """
        if self._courier is not None:
            with contextlib.suppress(TimeoutError):
                self._courier.trigger().result(timeout=CLOSING_SECONDS)
            self._courier.stop()

    def record(self, correction: Correction) -> Path:
        """Write a correction into the folder; it is whole on the disk when this returns.

        Raises `FeedbackError` for a label that is no character, when too many wait, or if the disk is full.
        """
        if correction.label not in tuple(CHARACTERS):
            raise FeedbackError("Say what it was: one letter or digit.")
        if sum(1 for _ in self.folder.rglob(WHOLE)) >= MOST_WAITING:
            raise FeedbackError("There are more corrections than the data set can take now: please try again later.")
        now = datetime.now(UTC)
        path = self.folder / "data" / f"{now:%Y-%m-%d}" / f"{uuid.uuid4().hex}.parquet"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".draft")
            with draft.open("wb") as file:
                file.write(_row(correction, f"{now:%Y-%m-%d}"))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            log.error("a correction cannot be written: %s", error)
            raise FeedbackError("The correction could not be kept: please try again later.") from None
        return path

    def _look_for_hub(self) -> None:
        """Start the scheduler, whose first request makes the data set if there is none: try until the Hub answers."""
        import datasets  # noqa: F401  # takes seconds, for which the first visitor should not have to wait

        while True:
            try:
                with hub_sentences(self.repo), hub_timeouts():
                    self._courier = _courier(self.repo, self.folder, self.minutes, self._token)
                return
            except EmnistError as error:
                log.warning("Corrections wait in %s. %s", self.folder, error)
            time.sleep(RETRY_SECONDS)


def _courier(repo: str, folder: Path, minutes: float, token: str | None) -> Any:
    """Return a running CommitScheduler that takes whole corrections to the data set, and then out of the folder."""
    from huggingface_hub import CommitScheduler

    class Courier(CommitScheduler):
        def push_to_hub(self) -> Any:
            try:
                with hub_sentences(repo), hub_timeouts():
                    commit = super().push_to_hub()
            except EmnistError as error:  # it comes again in a few minutes; the files are still there
                log.warning("Corrections wait in %s. %s", folder, error)
                return None
            for path in list(self.last_uploaded):
                path.unlink(missing_ok=True)
                del self.last_uploaded[path]
            return commit

    # Private unless its owner has made it otherwise: what visitors draw is nobody else's business.
    return Courier(
        repo_id=repo,
        repo_type="dataset",
        folder_path=folder,
        every=minutes,
        private=True,
        token=token,
        allow_patterns=WHOLE,
    )


def _row(correction: Correction, day: str) -> bytes:
    """Return the Parquet file of a correction: `image` and `label` are for train.py, the rest says how it came."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import ClassLabel, Features, Value
    from datasets import Image as ImageFeature

    labels = CHARSETS["byclass"].labels
    features = Features(
        {
            "image": ImageFeature(),
            "label": ClassLabel(names=list(labels)),
            "drawing": ImageFeature(),
            "answer": Value("string"),
            "score": Value("float32"),
            "charset": Value("string"),
            "checkpoint": Value("string"),
            "day": Value("string"),
        }
    )
    drawing = open_picture(correction.picture)  # without what a camera writes beside the pixels
    drawing.thumbnail((SIDE, SIDE))
    best = correction.answer.predictions[0]
    row = {
        "image": _png(Image.fromarray(np.ascontiguousarray(correction.answer.glyph))),
        "label": labels.index(correction.label),
        "drawing": _png(drawing),
        "answer": best.label,
        "score": best.score,
        "charset": correction.charset,
        "checkpoint": correction.checkpoint,
        "day": day,
    }
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row], schema=features.arrow_schema), sink)
    return sink.getvalue()


def _png(picture: Image.Image) -> dict[str, Any]:
    sink = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(sink, "PNG")
    return {"bytes": sink.getvalue(), "path": None}
