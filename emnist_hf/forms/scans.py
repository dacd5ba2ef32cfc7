"""What people scan, form by form: pictures, folders' files, and PDFs and TIFFs of many pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

from emnist_hf.forms.pages import count_pages, open_page
from emnist_hf.ink import PictureError

Scan = tuple[tuple[str, int], ...]
"""The pages of one form: file and number of the page in it, from 1."""


def scans_of(files: Iterable[str], pages: int) -> list[Scan]:
    """Return the forms in files, where a form has so many pages.

    A file of several pages holds whole forms, one after the other. Of a form of several pages, files of one page that
    are in one folder follow each other. A file that cannot be opened stays, for `open_scan` to say why.
    """
    counted = [(file, _count(file)) for file in files]
    found: list[Scan] = []
    for (_, single), some in groupby(counted, key=lambda one: (str(Path(one[0]).parent), one[1] == 1)):
        if single:
            found += _cut([(file, 1) for file, _ in some], pages)
        else:
            for file, count in some:
                found += _cut([(file, number) for number in range(1, count + 1)], pages)
    return found


def open_scan(scan: Scan) -> list[Image.Image]:
    """Return the pages of a form as pictures. Raises `PictureError` where one cannot be opened."""
    return [open_page(file, number) for file, number in scan]


def _count(file: str) -> int:
    try:
        return count_pages(file)
    except PictureError:
        return 1


def _cut(pages: Sequence[tuple[str, int]], size: int) -> list[Scan]:
    return [tuple(pages[start : start + size]) for start in range(0, len(pages), size)]
