"""A form's template: what is printed on it, and where which field is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emnist_hf.forms.blank import find_fields
from emnist_hf.forms.flat_page import FlatPage, Sheet
from emnist_hf.forms.pages import open_pages
from emnist_hf.forms.registration import PrintedPage, register
from emnist_hf.forms.template_fields import BlankPage, TemplateError, TemplateField
from emnist_hf.forms.template_file import MOST_PAGES, read_template
from emnist_hf.forms.template_text import written
from emnist_hf.forms.yaml_nodes import MOST_BYTES
from emnist_hf.ink import NoInkError
from emnist_hf.ink.picture import open_reduced
from emnist_hf.ink.types import Bytes

CELL_HEIGHT, READ_SIDE, MOST_ENLARGED = 64, 3200, 3.0
"""Height of a small cell, in pixels, as it is read; longest side of a page for that, and how much it is enlarged."""

PAGE_SIDE = 2000
"""Longest side, in pixels, of the picture of a page that a template keeps."""


@dataclass(frozen=True)
class Template:
    """The template of a form: its name, its pages as they are blank, and its fields from top to bottom."""

    name: str
    pages: tuple[BlankPage, ...]
    fields: tuple[TemplateField, ...]

    @classmethod
    def from_blank(cls, path: str | Path | Any) -> Template:
        """Find the fields of a blank form: a picture or a PDF, of one page or more.

        path: or anything else that `open_picture` takes. Raises `PictureError` for what cannot be opened, and
        `TemplateError` where no boxes are found or there are too many.
        """
        name = Path(path).name if isinstance(path, (str, Path)) else "the blank form"
        pages: list[BlankPage] = []
        fields: list[TemplateField] = []
        for number, picture in enumerate(open_pages(path, MOST_PAGES), start=1):
            fields += find_fields(picture, number, [field.name for field in fields])
            rgb, _ = open_reduced(picture, PAGE_SIDE)
            pages.append(BlankPage(picture.size, _few_greys(rgb)))
        if not fields:
            raise TemplateError(
                "There are no boxes on {file}: give the form as it is before it is filled in.", file=name
            )
        return cls(Path(name).stem, tuple(pages), tuple(fields))

    @classmethod
    def load(cls, path: str | Path) -> Template:
        """Read a template's file. Raises `TemplateError`, with the line of what is wrong in it."""
        file = Path(path)
        try:
            if not file.is_file():
                raise TemplateError("There is no file {file}: check the path of the template.", file=str(path))
            with file.open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            if isinstance(error, TemplateError):
                raise
            raise TemplateError("{file} cannot be opened: check the path of the template.", file=str(path)) from None
        pages, fields = read_template(data, file.name)
        return cls(file.stem, tuple(pages), tuple(fields))

    @cached_property
    def printed(self) -> tuple[PrintedPage, ...]:
        """What is printed on the pages, as pictures are compared with it."""
        return tuple(PrintedPage(page) for page in self.pages)

    @cached_property
    def _blanks(self) -> tuple[tuple[float, Sheet], ...]:
        """Of each page the scale at which it is read, pixels per pixel of the page, and the page at that scale."""
        found = []
        for number, page in enumerate(self.pages, start=1):
            cells = [cell for field in self.fields if field.page == number for cell in field.cells or (field.box,)]
            height = float(np.percentile([cell[3] - cell[1] for cell in cells] or [CELL_HEIGHT], 20))
            scale = min(CELL_HEIGHT / height, READ_SIDE / max(page.size), MOST_ENLARGED)
            size = (round(page.size[0] * scale), round(page.size[1] * scale))
            picture = cv2.resize(page.picture, size, interpolation=cv2.INTER_CUBIC)
            found.append((scale, Sheet.of(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))))
        return tuple(found)

    def lay_flat(self, picture: Bytes, scale: float, numbers: Sequence[int]) -> tuple[int, FlatPage] | None:
        """Find the page that a picture, uint8 [H, W, 3], shows most likely, and lay it flat; None where it shows none.

        scale: pixels of it per pixel of the picture that its boxes are to be in. numbers: of the pages that it may be.
        """
        found = [(one, number) for number in numbers if (one := register(picture, self.printed[number - 1]))]
        if not found:
            return None
        registration, number = max(found, key=lambda one: one[0].likeness)
        wanted, blank = self._blanks[number - 1]
        try:
            flat = Sheet.of(registration.flattened(picture, wanted))
        except NoInkError:
            return None
        height, width = picture.shape[:2]
        size = round(width / scale), round(height / scale)
        return number, FlatPage(flat, blank, wanted, registration.enlarged(1 / scale), size)

    def save(self, path: str | Path) -> None:
        """Write the template as YAML. Raises `TemplateError` where it is too large, OSError where it cannot."""
        Path(path).write_text(written(self.pages, self.fields), encoding="utf-8")


def _few_greys(rgb: Bytes) -> Bytes:
    """Return a picture, uint8 [H, W, 3], in sixteen greys, [H, W], white where it is nearly white: small as a file."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    paper = float(np.median(grey))
    scaled = np.clip(grey.astype(np.float32) * (255 / max(paper, 1.0)) if paper > 100 else grey, 0, 255)
    return np.asarray(np.rint(scaled / 17) * 17, np.uint8)
