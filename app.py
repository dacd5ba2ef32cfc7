"""The page: `python app.py` serves it on http://127.0.0.1:7860 (GRADIO_SERVER_PORT moves it).

EMNIST_HF_CHECKPOINT (a folder or a Hub id, `id@revision` for one version) chooses the checkpoint, and
EMNIST_HF_FEEDBACK_DATASET (a Hub id) lets visitors correct it, into that data set; docs/running.md has all
settings. GET /health says whether it answers; SIGTERM ends it when the requests in flight are answered.
"""

from __future__ import annotations

import os
import sys

ENVIRONMENT = {
    # Heaps of the C library. It would make eight a core, each of which keeps the most that its threads ever took.
    "MALLOC_ARENA_MAX": "2",
    # Bytes from which memory goes back to the system when it is freed. Left to itself, the C library raises this to
    # what was freed before, and the heap keeps the most that pages of visitors ever took, with holes in it.
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    # How many events gradio remembers, and after how many it sums them up. By default it remembers 10,000 and sums all
    # of them up after every one, in a table of pandas, for a dashboard that this page does not serve: at 10,000 events
    # 19 MB, and 15 ms of each request.
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
}
"""What keeps the page's memory flat however many visitors come; what is set already stays."""


def settle_environment() -> None:
    """Start this program anew in ENVIRONMENT, which the C library reads when a program starts, and then never again."""
    if ENVIRONMENT.keys() <= os.environ.keys():
        return
    os.environ.update(ENVIRONMENT | os.environ)
    if sys.platform == "linux":
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


if __name__ == "__main__":
    settle_environment()  # before the seconds that the imports take

    from emnist_hf.errors import EmnistError
    from emnist_hf.page.main import main

    try:
        main()
    except EmnistError as error:
        sys.exit(f"app.py: {error}")
