"""Others on the same pictures: RapidOCR (`make peers`) and Debian's tesseract-ocr, where they are there."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

PYTHON = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
"""A Python of its own: rapidocr-onnxruntime needs opencv-python, which would overwrite our OpenCV."""

RAPIDOCR = """
import json, sys, time
answers, sys.stdout = sys.stdout, sys.stderr  # what it logs is no answer
from rapidocr_onnxruntime import RapidOCR
engine = RapidOCR()
for line in sys.stdin:
    clock, processor = time.perf_counter(), time.process_time()
    found, _ = engine(line.rstrip("\\n"))
    lines = []
    for box, text, _ in sorted(found or [], key=lambda one: sum(y for _, y in one[0])):
        top, bottom, left = min(y for _, y in box), max(y for _, y in box), min(x for x, _ in box)
        if lines and (top + bottom) / 2 < lines[-1][0]:
            lines[-1][1].append((left, text))
        else:
            lines.append((bottom, [(left, text)]))
    text = "\\n".join(" ".join(text for _, text in sorted(line)) for _, line in lines)
    seconds = time.perf_counter() - clock, time.process_time() - processor
    print(json.dumps([text, *seconds]), file=answers, flush=True)
"""


class Read(NamedTuple):
    """What was read, and the seconds that it took, of clock and of processor."""

    text: str
    seconds: float
    processor_seconds: float


class Peer(Protocol):
    """Reads a picture file."""

    def __call__(self, path: Path) -> Read: ...


@contextmanager
def peers() -> Iterator[dict[str, Peer]]:
    """Give whoever is installed here, by name."""
    with ExitStack() as stack:
        found: dict[str, Peer] = {}
        if PYTHON.exists():
            found["rapidocr"] = stack.enter_context(_rapidocr())
        if shutil.which("tesseract"):
            found["tesseract"] = tesseract
        yield found


def tesseract(path: Path) -> Read:
    """Let Tesseract read, as one block of text in English."""
    command = ["tesseract", str(path), "-", "--psm", "6", "-l", "eng"]
    clock, processor = time.perf_counter(), _children()
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Read(text, time.perf_counter() - clock, _children() - processor)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _rapidocr() -> Iterator[Peer]:
    """Give RapidOCR in a process that has loaded its networks."""
    command = [str(PYTHON), "-c", RAPIDOCR]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True) as process:
        asks, answers = process.stdin, process.stdout
        assert asks is not None and answers is not None
        yield lambda path: _ask(path, asks, answers)
        asks.close()


def _ask(path: Path, asks: IO[str], answers: IO[str]) -> Read:
    print(path, file=asks, flush=True)
    return Read(*json.loads(answers.readline()))
