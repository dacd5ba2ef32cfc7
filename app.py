"""The page: `python app.py` serves it on http://127.0.0.1:7860 (GRADIO_SERVER_PORT moves it).

EMNIST_HF_CHECKPOINT (a folder or a Hub id, `id@revision` for one version) chooses the checkpoint.
EMNIST_HF_FEEDBACK_DATASET (a Hub id) lets visitors correct it, into that data set.
"""

from __future__ import annotations

import os
import signal
import sys

from emnist_hf import Recognizer
from emnist_hf.errors import EmnistError
from emnist_hf.feedback import Feedback
from emnist_hf.page.blocks import LAUNCH, build_page
from emnist_hf.recognizer import CheckpointError


def load_recognizer(checkpoint: str | None) -> tuple[Recognizer, str]:
    """The recognizer to serve and a sentence for the page: why it is not the one asked for, or nothing."""
    if not checkpoint:
        return Recognizer.from_pretrained(), ""
    try:
        return Recognizer.from_pretrained(checkpoint), ""
    except CheckpointError as error:
        return Recognizer.from_pretrained(), f"{error} This page uses the checkpoint that comes with it."


def start_feedback() -> tuple[Feedback | None, str]:
    """Where corrections go, at work, and a sentence for the page: why they go nowhere although they were to."""
    try:
        feedback = Feedback.from_environment()
    except EmnistError as error:
        return None, f"{error} This page takes no corrections."
    if feedback is not None:
        feedback.start()
        # How a Space is stopped; as an exit it lets `main` send what waits for the Hub.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    return feedback, ""


def main() -> None:
    recognizer, notice = load_recognizer(os.environ.get("EMNIST_HF_CHECKPOINT"))
    if torch := sys.modules.get("torch"):  # it serves an architecture that the package has no graph of
        # One character is 4 ms of work for one core. Shared among threads that wait for one another it took more
        # than a second as soon as anything else ran on the machine.
        torch.set_num_threads(1)
    feedback, problem = start_feedback()
    try:
        build_page(recognizer, f"{notice} {problem}".strip(), feedback).launch(**LAUNCH)
    finally:
        if feedback is not None:
            feedback.close()


if __name__ == "__main__":
    main()
