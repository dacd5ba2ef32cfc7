"""The pages of what people scan: a picture, a TIFF of many pages, a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from emnist_hf.forms.pdf import MOST_PAGES, count_pdf_pages, draw_pdf_page
from emnist_hf.ink import PictureError, open_picture

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def count_pages(path: str | Path) -> int:
    """Return the number of pages of a file; 1 for anything that is neither a PDF nor a TIFF.

    Raises `PictureError` for a PDF or a TIFF that cannot be read, or has too many pages.
    """
    kind = _kind(path)
    if kind == "pdf":
        return count_pdf_pages(Path(path))
    if kind != "tiff":
        return 1
    count = 0
    with _frames(path) as frames:
        try:
            while count <= MOST_PAGES:
                frames.seek(count)
                count += 1
        except EOFError:
            return count
        except Exception as error:  # a parser may raise anything on a broken file
            raise PictureError("The picture is damaged and cannot be read: save it again.") from error
    raise PictureError("The TIFF has more than {most} pages: split it.", most=MOST_PAGES)


def open_page(path: str | Path, number: int = 1) -> Image.Image:
    """Return a page of a file, from 1, as an upright RGB picture. Raises `PictureError` where it cannot be read."""
    kind = _kind(path)
    if kind == "pdf":
        return draw_pdf_page(Path(path), number)
    if kind != "tiff" or number == 1:
        return open_picture(path)
    with _frames(path) as frames:
        try:
            frames.seek(number - 1)
        except Exception as error:  # as above
            raise PictureError("The picture is damaged and cannot be read: save it again.") from error
        return open_picture(frames)


def open_pages(source: Any, most: int = MOST_PAGES) -> Iterator[Image.Image]:
    """Yield the pages of a file, at most so many, or what else `open_picture` takes as one page."""
    if not isinstance(source, (str, Path)):
        yield open_picture(source)
        return
    count = count_pages(source)
    if count > most:
        raise PictureError("{file} has {count} pages: give at most {most}.", file=str(source), count=count, most=most)
    for number in range(1, count + 1):
        yield open_page(source, number)


def _kind(path: str | Path) -> str:
    """Tell by its first bytes whether a file is a PDF or a TIFF; "" for any other, or none."""
    try:
        if not Path(path).is_file():
            return ""
        with Path(path).open("rb") as file:
            start = file.read(1024)
    except (OSError, ValueError):
        return ""  # `open_picture` says what is wrong
    if b"%PDF-" in start and not start.startswith(b"\x89PNG"):
        return "pdf"
    return "tiff" if start.startswith(_TIFF) else ""


def _frames(path: str | Path) -> Image.Image:
    try:
        return Image.open(path, formats=("TIFF",))
    except Exception as error:  # as above
        raise PictureError("The picture is damaged and cannot be read: save it again.") from error
