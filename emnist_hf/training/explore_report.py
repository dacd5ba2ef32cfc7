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
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from emnist_hf.evaluation.figures import CHART_WIDTH, DARK, LIGHT, Theme, draw_counts

GAP = 2  # pixels between the pictures of a strip


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
    """Pictures uint8 [N, H, W] side by side in one of mode LA, with see-through gaps of `GAP` pixels.

    `after_first` is the width of the gap after the first, to set it apart. N is at least 1.
    """
    count, height, width = pictures.shape
    length = count * width + (count > 1) * (after_first + (count - 2) * GAP)
    pixels = np.zeros((height, length, 2), np.uint8)
    left = 0
    for number, picture in enumerate(pictures):
        pixels[:, left : left + width, 0] = picture
        pixels[:, left : left + width, 1] = 255
        left += width + (GAP if number else after_first)
    return Image.fromarray(pixels)


# --- HTML -------------------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; LIGHT }
@media (prefers-color-scheme: dark) { :root { DARK } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1280px; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--text);
  font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1, h2 { font-family: "Iowan Old Style", Palatino, "URW Palladio L", Georgia, "DejaVu Serif", serif; font-weight: 500;
  line-height: 1.2; color: var(--accent); margin: 0; }
h1 { font-size: 2.4rem; }
h2 { font-size: 1.6rem; padding-top: 1.75rem; margin-top: 2.75rem; border-top: 1px solid var(--rule); }
p { max-width: 46rem; margin: 0.6rem 0 1.25rem; color: var(--quiet); }
.chart, .table { overflow-x: auto; }
.chart img { display: block; width: 100%; min-width: 820px; height: auto; }
summary { cursor: pointer; color: var(--accent); padding: 0.6rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 1.25rem 0.15rem 0; text-align: right; border-bottom: 1px solid var(--rule); }
tbody th, figcaption { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
th:first-child { text-align: left; }
.tiles { display: flex; flex-wrap: wrap; gap: 0.6rem 1.5rem; }
figure { display: flex; align-items: center; gap: 0.6rem; margin: 0; min-width: 0; max-width: 100%; }
figcaption { flex: none; width: 1.2ch; font-size: 1.25rem; }
figure img { min-width: 0; max-width: 100%; height: auto; }
figure span { color: var(--quiet); font-style: italic; }
"""


def as_html(report: Report) -> str:
    """The report as one page that loads nothing: pictures inside, colours for light and dark rooms."""
    style = _STYLE
    for name, theme in (("LIGHT", LIGHT), ("DARK", DARK)):
        style = style.replace(name, " ".join(f"--{key}: {value};" for key, value in vars(theme).items()), 1)
    sections = "".join(
        f"<section>\n<h2>{escape(section.title)}</h2>\n<p>{escape(section.text)}</p>\n"
        f'<div class="tiles">\n{"".join(_tile_html(tile, section.zoom) for tile in section.tiles)}</div>\n</section>\n'
        for section in report.sections
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(report.title)}</h1>\n<p>{escape(report.text)}</p>\n"
        f"{_counts_html(report.counts)}{sections}</body>\n</html>\n"
    )


def _counts_html(counts: Counts) -> str:
    light, dark = (_data_url(draw_counts(counts.labels, counts.parts, counts.official, t)) for t in (LIGHT, DARK))
    columns = [*counts.parts.values(), np.asarray(counts.official)]
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("class", *counts.parts, "official train"))
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>{_cells([column[index] for column in columns])}</tr>\n'
        for index, label in enumerate(counts.labels)
    )
    total = _cells([column.sum() for column in columns])
    return (
        f"<section>\n<h2>Rows of each class</h2>\n<p>{escape(counts.text)}</p>\n"
        f'<div class="chart" tabindex="0"><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{escape(counts.spoken)}"></picture></div>\n'
        f'<details>\n<summary>The numbers</summary>\n<div class="table"><table>\n<thead><tr>{heads}</tr></thead>\n'
        f'<tbody>\n{rows}</tbody>\n<tfoot><tr><th scope="row">all</th>{total}</tr></tfoot>\n</table></div>\n'
        f"</details>\n</section>\n"
    )


def _cells(values: Sequence[np.int64]) -> str:
    return "".join(f"<td>{value:,}</td>" for value in values)


def _tile_html(tile: Tile, zoom: int) -> str:
    caption = f"<figcaption>{escape(tile.label)}</figcaption>"
    if tile.picture is None:
        return f"<figure>{caption}<span>no rows</span></figure>\n"
    file = io.BytesIO()
    tile.picture.save(file, format="PNG", optimize=True)
    width, height = (side * zoom * 3 // 4 for side in tile.picture.size)
    picture = f'<img src="{_data_url(file.getvalue())}" width="{width}" height="{height}" alt="{escape(tile.spoken)}">'
    return f"<figure>{caption}{picture}</figure>\n"


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


# --- PNG --------------------------------------------------------------------------------------------------------

_MARGIN = 60


_LABEL = 36  # width of the label before a strip


def as_png(report: Report, theme: Theme = LIGHT) -> Image.Image:
    """The report as one tall RGB picture, 1,720 pixels wide."""
    chart = Image.open(
        io.BytesIO(draw_counts(report.counts.labels, report.counts.parts, report.counts.official, theme))
    )
    blocks = [
        _paragraph(report.title, 52, theme.accent, theme),
        _paragraph(report.text, 24, theme.quiet, theme),
        _paragraph("Rows of each class", 38, theme.accent, theme, above=50),
        _paragraph(report.counts.text, 24, theme.quiet, theme),
        chart.convert("RGB"),
    ]
    for section in report.sections:
        blocks += [
            _paragraph(section.title, 38, theme.accent, theme, above=50),
            _paragraph(section.text, 24, theme.quiet, theme),
            _sheet(section, theme),
        ]
    page = _paper(CHART_WIDTH + 2 * _MARGIN, sum(block.height for block in blocks) + 2 * _MARGIN, theme)
    top = _MARGIN
    for block in blocks:
        page.paste(block, (_MARGIN, top))
        top += block.height
    return page


def _paper(width: int, height: int, theme: Theme) -> Image.Image:
    return Image.new("RGB", (width, height), ImageColor.getrgb(theme.paper))


def _font(family: str, size: int) -> ImageFont.FreeTypeFont:
    """One of the fonts that matplotlib brings along: they are there on every machine."""
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont(family), size)


def _paragraph(text: str, size: int, colour: str, theme: Theme, above: int = 0) -> Image.Image:
    """Text as a block of full width, its lines broken where they must be."""
    font = _font("DejaVu Serif", size)
    lines = textwrap.wrap(text, int(CHART_WIDTH / (0.58 * size)))  # a letter is about that wide for its height
    step = round(size * 1.45)
    block = _paper(CHART_WIDTH, above + step * len(lines) + size // 2, theme)
    draw = ImageDraw.Draw(block)
    for number, line in enumerate(lines):
        draw.text((0, above + number * step), line, fill=colour, font=font)
    return block


def _sheet(section: Section, theme: Theme) -> Image.Image:
    """The tiles of a section in as many columns as there is room for, read line by line."""
    pictures = [tile.picture for tile in section.tiles if tile.picture is not None]
    widest = max(picture.width for picture in pictures)
    zoom = section.zoom if _LABEL + widest * section.zoom <= CHART_WIDTH else 1
    columns = min(len(section.tiles), max(1, (CHART_WIDTH + 28) // (_LABEL + widest * zoom + 28)))
    across, down = _LABEL + widest * zoom + 28, max(picture.height for picture in pictures) * zoom + 12
    block = _paper(CHART_WIDTH, down * -(-len(section.tiles) // columns), theme)
    write = partial(ImageDraw.Draw(block).text, anchor="lm")
    for number, tile in enumerate(section.tiles):
        left, top = number % columns * across, number // columns * down
        write((left, top + down // 2), tile.label, fill=theme.text, font=_font("DejaVu Sans Mono", 30))
        if tile.picture is None:
            write((left + _LABEL, top + down // 2), "none", fill=theme.quiet, font=_font("DejaVu Serif", 20))
            continue
        enlarged = tile.picture.resize(
            (tile.picture.width * zoom, tile.picture.height * zoom), Image.Resampling.NEAREST
        )
        block.paste(enlarged.getchannel("L"), (left + _LABEL, top + 6), mask=enlarged.getchannel("A"))
    return block


def write_report(report: Report, path: Path) -> None:
    """Write the report as `path`'s suffix says, .html or .png. Raises `OSError` where it cannot be written."""
    if path.suffix.lower() == ".png":
        as_png(report).save(path, format="PNG", optimize=True)
    else:
        path.write_text(as_html(report), encoding="utf-8")
