"""A program of its own that counts or draws the pages of one PDF, with little memory and time, and nothing else.

    python -I pdf_reader.py count|NUMBER < FILE.pdf

`count` prints the number of pages; NUMBER, from 1, writes "width height", a line feed and the pixels of that page, RGB,
8 bits each. What is wrong with the PDF goes to standard error in words, with the exit status 3. PDFium runs no
JavaScript here and opens no embedded file. `pdf.py` starts it.
"""

from __future__ import annotations

import sys
from typing import Any

MEMORY = 2_000_000_000
"""Bytes of memory that it may take."""

SECONDS = 60
"""Seconds of processor time for a page."""

PIXELS = 40_000_000
"""Pixels of a page at the most."""

DPI, LEAST_DPI = 300, 72
"""Dots an inch of a page, and of one that is too large for that, at the least."""

WITH_REASON = 3


class PdfDataError(Exception):
    """What is wrong with a PDF, to follow "since" in a sentence."""


def limit() -> None:
    """Bind this process to little memory, time and room."""
    import resource  # Unix alone has it

    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 3 * PIXELS + 100),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def opened() -> Any:
    """Return the document on standard input."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(sys.stdin.buffer)
        document.init_forms()  # the boxes of a form may be its fields
        return document
    except pdfium.PdfiumError as error:
        encrypted = "password" in str(error).lower() or "security" in str(error).lower()
        raise PdfDataError("it is encrypted" if encrypted else "it is damaged") from None


def drawn(number: int) -> tuple[int, int, bytes]:
    """Return width, height and RGB pixels of a page, from 1."""
    import pypdfium2 as pdfium

    document = opened()
    try:
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(DPI / 72, (0.98 * PIXELS / max(width * height, 1)) ** 0.5)
        if scale < LEAST_DPI / 72:
            raise PdfDataError("the page is far larger than paper is")
        if min(width, height) * scale < 2:
            raise PdfDataError("the page has no size")
        picture = page.render(scale=scale, rev_byteorder=True).to_pil()
    except pdfium.PdfiumError:
        raise PdfDataError("the page is damaged") from None
    return picture.width, picture.height, picture.convert("RGB").tobytes()


def main(order: str) -> int:
    """Do as told, and return the exit status."""
    limit()
    try:
        if order == "count":
            sys.stdout.write(str(len(opened())))
        else:
            width, height, pixels = drawn(int(order))
            sys.stdout.buffer.write(f"{width} {height}\n".encode("ascii") + pixels)
    except PdfDataError as problem:
        sys.stderr.write(str(problem))
        return WITH_REASON
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
