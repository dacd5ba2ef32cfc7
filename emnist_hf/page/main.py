"""Serve the page as its environment says: which checkpoint, where corrections go, and how much it takes in."""

from __future__ import annotations

import gc
import os
import sys

import cv2

from emnist_hf import Recognizer
from emnist_hf.errors import EmnistError, Sentence
from emnist_hf.hub.feedback import Feedback
from emnist_hf.models.checkpoint import CheckpointError
from emnist_hf.page.blocks import KEEP_SECONDS, LAUNCH, QUEUE_SIZE, build_page
from emnist_hf.page.logs import set_up_logs
from emnist_hf.page.service import KEEP, WAITING, Service, free_address, number_from

INSTEAD = "{problem} This page uses the checkpoint that comes with it."
CLOSED = "{problem} This page takes no corrections."
BOTH = "{notice} {other}"


def load_recognizer(checkpoint: str | None) -> tuple[Recognizer, str]:
    """Return the recognizer to serve and a sentence for the page: why it is not the one asked for, or nothing."""
    if not checkpoint:
        return Recognizer.from_pretrained(), ""
    try:
        return Recognizer.from_pretrained(checkpoint), ""
    except CheckpointError as error:
        return Recognizer.from_pretrained(), Sentence(INSTEAD, problem=error.args[0])


def start_feedback() -> tuple[Feedback | None, str]:
    """Return where corrections go, at work, and a sentence for the page: why they go nowhere although they were to."""
    try:
        feedback = Feedback.from_environment()
    except EmnistError as error:
        return None, Sentence(CLOSED, problem=error.args[0])
    if feedback is not None:
        feedback.start()
    return feedback, ""


def main() -> None:
    """Serve the page until it is told to end. Raises `EmnistError` for a setting that makes no sense."""
    set_up_logs()
    host, port = free_address()  # before the seconds that loading takes
    keep = number_from(KEEP, KEEP_SECONDS, 1, 10**6)
    waiting = number_from(WAITING, QUEUE_SIZE, 1, 10_000)
    recognizer, notice = load_recognizer(os.environ.get("EMNIST_HF_CHECKPOINT"))
    if torch := sys.modules.get("torch"):  # it serves an architecture that the package has no graph of
        # One character is 4 ms of work for one core. Shared among threads that wait for one another it took more
        # than a second as soon as anything else ran on the machine.
        torch.set_num_threads(1)
    cv2.setNumThreads(1)  # what is read here is small: handing it to threads takes longer than it saves
    feedback, problem = start_feedback()
    if notice and problem:
        notice = Sentence(BOTH, notice=notice, other=problem)
    page = build_page(recognizer, notice or problem, keep, feedback, waiting)
    # What will stay is no longer looked at by the collector of cycles. It looks at old objects only when a quarter as
    # many new ones wait: with those of all modules among them, much of what closed connections leave would pile up.
    gc.collect()
    gc.freeze()
    try:
        Service(page, recognizer).launch(host, port, i18n=page.words, **LAUNCH)
    finally:
        if feedback is not None:
            feedback.close()  # sends what waits for the Hub
