"""The page for a benchmark: `python app.py` in a process of its own, on a free port of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300  # until a page that does not answer is given up


@contextmanager
def serve(command: Sequence[str] = (sys.executable, "app.py")) -> Iterator[str]:
    """Start the page, wait until it answers, give its address, and end it with the block.

    Raises RuntimeError if it does not come up.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        settings = {"GRADIO_SERVER_PORT": url.rpartition(":")[2], "GRADIO_TEMP_DIR": folder, "HF_HUB_OFFLINE": "1"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, start_new_session=True, **quiet)
        try:
            give_up = time.monotonic() + SECONDS
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"{' '.join(command)} did not come up: run it to see why")
                time.sleep(0.02)
            yield url
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=SECONDS).status_code == 200
    except httpx.TransportError:
        return False
