"""The page as its users meet it: `python app.py` in a process of its own, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNING = "EMNIST_HF_TEST_URL"
"""Environment variable: the address of a page that already runs, to test that one instead."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the page did not come up:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def serve(seconds: float = 120, folder: Path = ROOT, **environment: str) -> Iterator[str]:
    """Runs the app.py of a folder until the block ends, and gives its address."""
    if RUNNING in os.environ and folder == ROOT and not environment:
        yield os.environ[RUNNING]
        return
    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=folder,
                env=os.environ | settings | {"GRADIO_TEMP_DIR": scratch} | environment,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(url, process, log, seconds)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
