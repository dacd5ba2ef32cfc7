"""The pages of a PDF as pictures, drawn by a program of its own that may die of them alone (`pdf_reader.py`)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from PIL import Image

from emnist_hf.errors import Sentence
from emnist_hf.forms.pdf_reader import SECONDS, WITH_REASON
from emnist_hf.ink import PictureError

MOST_PAGES = 1000
"""Pages of a PDF or a TIFF beyond which it is refused."""

MOST_BYTES = 1_000_000_000
"""Bytes of a PDF at the most; its pages are read one at a time."""

_PROGRAM = Path(__file__).with_name("pdf_reader.py")


def count_pdf_pages(path: Path) -> int:
    """Return the number of pages of a PDF. Raises `PictureError` with a sentence where it cannot be read."""
    count = int(_ask(path, "count") or 0)
    if not 0 < count <= MOST_PAGES:
        raise PictureError(
            "The PDF has {count} pages: give one of 1 to {most}, split it if need be.", count=count, most=MOST_PAGES
        )
    return count


def draw_pdf_page(path: Path, number: int) -> Image.Image:
    """Return a page of a PDF, from 1, as a picture of 300 dots an inch, or as many as 40 megapixels allow.

    Raises `PictureError` with a sentence where it cannot be drawn in a minute and 2 GB of memory.
    """
    said = _ask(path, str(number))
    head, _, pixels = said.partition(b"\n")
    width, height = (int(side) for side in head.split())
    return Image.frombytes("RGB", (width, height), pixels)


def _ask(path: Path, order: str) -> bytes:
    """Return what the program says to an order."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PictureError("The PDF is larger than {most} MB: split it.", most=MOST_BYTES // 10**6)
        with path.open("rb") as file, tempfile.TemporaryFile() as found:
            _run(file, order, found)
            found.seek(0)
            return found.read()
    except OSError as error:
        raise PictureError("The PDF cannot be opened ({why}): check its path.", why=error.strerror or "") from None


def _run(file: IO[bytes], order: str, found: IO[bytes]) -> None:
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH")}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), order],
            stdin=file,
            stdout=found,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PictureError("A page of the PDF takes longer than a minute to draw: print it to a new PDF.") from None
    if done.returncode:
        said = done.stderr[:100].decode("ascii", "replace") if done.returncode == WITH_REASON else "it is damaged"
        raise PictureError("The PDF cannot be read, since {reason}: save it anew.", reason=Sentence(said))
