"""A report on a data set as one file that needs no other: HTML with its pictures inside, or one tall PNG.

Both are made of the same parts: the counts of the classes with their chart, and sections of small pictures under their
labels. The pictures are gray and show the pixels as the network gets them, white ink on black.
"""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.evaluation.figures import CHART_WIDTH, DARK, LIGHT, draw_counts

GAP = 2  # pixels between the pictures of a strip
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Tile:
    """Small pictures in a row under the label of their class; None where there are none."""

    label: str
    spoken: str
    picture: Image.Image | None


@dataclass(frozen=True)
class Section:
    """A heading, a sentence or two, and tiles; `zoom` enlarges their pictures by whole pixels."""

    title: str
    text: str
    tiles: Sequence[Tile]
    zoom: int


@dataclass(frozen=True)
class Counts:
    """Rows of each class: int64 [classes] for every part, and the official training set's."""

    text: str
    labels: Sequence[str]
    parts: Mapping[str, NDArray[np.int64]]
    official: Sequence[int]

    @property
    def spoken(self) -> str:
        return f"Bar chart of the rows of each class in {' and '.join(self.parts)}; the table has the numbers."


@dataclass(frozen=True)
class Report:
    title: str
    text: str
    counts: Counts
    sections: Sequence[Section]


def strip(pictures: NDArray[np.uint8], after_first: int = GAP) -> Image.Image:
    """Lay pictures uint8 [N, H, W] side by side in one of mode LA, with see-through gaps of `GAP` pixels.

    `after_first` is the width of the gap after the first, to set it apart. N is at least 1.
    """
    opaque = np.stack([pictures, np.full_like(pictures, 255)], axis=-1)
    gaps = [*[after_first, *[GAP] * len(pictures)][: len(pictures) - 1], 0]
    padded = [np.pad(picture, ((0, 0), (0, gap), (0, 0))) for picture, gap in zip(opaque, gaps)]
    return Image.fromarray(np.concatenate(padded, axis=1))


def write_report(report: Report, path: Path) -> None:
    """Write the report as `path`'s suffix says, .html or .png. Raises `OSError` where it cannot be written."""
    if path.suffix.lower() == ".png":
        as_png(report).save(path, format="PNG", optimize=True)
    else:
        path.write_text(as_html(report), encoding="utf-8")


# --- HTML -------------------------------------------------------------------------------------------------------


def as_html(report: Report) -> str:
    """Return the report as one page that loads nothing: pictures inside, colours for light and dark rooms."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, keep_trailing_newline=True)
    environment.filters["data_url"] = _data_url
    counts, themes = report.counts, {"light": LIGHT, "dark": DARK}
    columns = np.array([*counts.parts.values(), counts.official])
    return environment.get_template("explore.html").render(
        {name: vars(theme) for name, theme in themes.items()},
        report=report,
        charts={
            name: _data_url(draw_counts(counts.labels, counts.parts, counts.official, theme))
            for name, theme in themes.items()
        },
        rows=zip(counts.labels, columns.T),
        totals=columns.sum(axis=1),
    )


def _data_url(picture: Image.Image | bytes) -> str:
    """Return a picture, or a PNG, as an address that holds it."""
    if isinstance(picture, Image.Image):
        file = io.BytesIO()
        picture.save(file, format="PNG", optimize=True)
        picture = file.getvalue()
    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"


# --- PNG --------------------------------------------------------------------------------------------------------

_MARGIN = 60
_LABEL = 36  # width of the label before a strip


def as_png(report: Report) -> Image.Image:
    """Return the report as one tall RGB picture, 1,720 pixels wide."""
    counts = report.counts
    blocks = [
        _paragraph(report.title, 52, LIGHT.accent),
        _paragraph(report.text, 24, LIGHT.quiet),
        _paragraph("Rows of each class", 38, LIGHT.accent, above=50),
        _paragraph(counts.text, 24, LIGHT.quiet),
        Image.open(io.BytesIO(draw_counts(counts.labels, counts.parts, counts.official, LIGHT))),
    ]
    for section in report.sections:
        blocks += [
            _paragraph(section.title, 38, LIGHT.accent, above=50),
            _paragraph(section.text, 24, LIGHT.quiet),
            _sheet(section),
        ]
    page = _paper(CHART_WIDTH + 2 * _MARGIN, sum(block.height for block in blocks) + 2 * _MARGIN)
    top = _MARGIN
    for block in blocks:
        page.paste(block, (_MARGIN, top))
        top += block.height
    return page


def _paper(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), LIGHT.paper)


def _font(family: str, size: int) -> ImageFont.FreeTypeFont:
    """Load one of the fonts that matplotlib brings along: they are there on every machine."""
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont(family), size)


def _paragraph(text: str, size: int, colour: str, above: int = 0) -> Image.Image:
    """Return text as a block of full width, its lines broken where they must be."""
    lines = textwrap.wrap(text, int(CHART_WIDTH / (0.58 * size)))  # a letter is about that wide for its height
    step = round(size * 1.45)
    block = _paper(CHART_WIDTH, above + step * len(lines) + size // 2)
    draw, font = ImageDraw.Draw(block), _font("DejaVu Serif", size)
    for number, line in enumerate(lines):
        draw.text((0, above + number * step), line, fill=colour, font=font)
    return block


def _sheet(section: Section) -> Image.Image:
    """Return the tiles of a section in as many columns as there is room for, read line by line."""
    pictures = [tile.picture for tile in section.tiles if tile.picture is not None]
    widest = max(picture.width for picture in pictures)
    zoom = section.zoom if _LABEL + widest * section.zoom <= CHART_WIDTH else 1
    across, down = _LABEL + widest * zoom + 28, max(picture.height for picture in pictures) * zoom + 12
    columns = min(len(section.tiles), max(1, (CHART_WIDTH + 28) // across))
    block = _paper(CHART_WIDTH, down * -(-len(section.tiles) // columns))
    write = partial(ImageDraw.Draw(block).text, anchor="lm")
    for number, tile in enumerate(section.tiles):
        left, top = number % columns * across, number // columns * down
        write((left, top + down // 2), tile.label, fill=LIGHT.text, font=_font("DejaVu Sans Mono", 30))
        if tile.picture is None:
            write((left + _LABEL, top + down // 2), "none", fill=LIGHT.quiet, font=_font("DejaVu Serif", 20))
            continue
        size = (tile.picture.width * zoom, tile.picture.height * zoom)
        enlarged = tile.picture.resize(size, Image.Resampling.NEAREST)
        block.paste(enlarged.getchannel("L"), (left + _LABEL, top + 6), mask=enlarged.getchannel("A"))
    return block
