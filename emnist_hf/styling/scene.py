"""A set page before it is a file, outlines on paper and the words they stand for; and the page as SVG and as PNG.

SVG, PNG and PDF (`pdf.py`) are written from one scene, so that the three look the same. The SVG is paths alone and
looks the same wherever no font of ours is installed; the PNG is drawn from it by resvg.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import resvg_py
from PIL import Image

from emnist_hf.styling.colours import Colour, css_hex
from emnist_hf.styling.errors import StylingError, check_number
from emnist_hf.styling.outline import UNITS, Box, Matrix, Outline, after, at

RULE: Colour = (176, 198, 222, 255)
"""The blue of copybook lines."""

MAX_PIXELS = 40_000_000
MAX_SIDE = 16_000
"""Longest side of a picture in pixels; WebP, in which Gradio shows pictures, ends at 16,383."""

MIN_RESOLUTION, MAX_RESOLUTION = 24, 1200
CSS_RESOLUTION = 96
"""Dots an inch at which a unit of the scene is a pixel."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Mark:
    """An outline on a page, or on a line: `matrix` maps the outline's coordinates to its."""

    outline: Outline
    matrix: Matrix

    def mapped(self, matrix: Matrix) -> Mark:
        """Return the mark after `matrix`."""
        return Mark(self.outline, after(self.matrix, matrix))

    def bounds(self) -> Box:
        """Return the box of the ink."""
        return self.outline.bounds(self.matrix)


@dataclass(frozen=True)
class SetWord:
    """A word where it stands, for whoever selects or searches it: from (left, baseline) to (right, baseline + fall)."""

    text: str
    left: float
    right: float
    baseline: float = 0.0
    fall: float = 0.0

    def mapped(self, matrix: Matrix) -> SetWord:
        """Return the word after `matrix`."""
        left, start = at(matrix, self.left, self.baseline)
        right, end = at(matrix, self.right, self.baseline + self.fall)
        return SetWord(self.text, left, right, start, end - start)


@dataclass(frozen=True)
class Scene:
    """A page of text. Coordinates run right and down from the upper left corner, in CSS pixels (1/96 inch).

    marks: what is inked, in reading order. lines: the words of each line. rules: heights of the paper's ruled lines at
    its left edge. em: size of the text, for the weight of rules and the height of selections. fall: how much lower the
    rules are at the right edge.
    """

    width: float
    height: float
    ink: Colour
    paper: Colour
    marks: Sequence[Mark]
    lines: Sequence[Sequence[SetWord]]
    rules: Sequence[float]
    em: float
    fall: float = 0.0

    @property
    def text(self) -> str:
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)

    @property
    def rule_width(self) -> float:
        return max(0.5, self.em / 80)

    def numbered_outlines(self) -> dict[Outline, int]:
        """Return every outline of the marks once, numbered from 0 in the order of their first use."""
        return {outline: number for number, outline in enumerate(dict.fromkeys(mark.outline for mark in self.marks))}


def to_svg(scene: Scene) -> str:
    """Return an SVG document, its text as the title. A glyph that is set many times is defined once."""
    numbers = scene.numbered_outlines()
    shapes = "".join(f'<path id="g{number}" d="{_path_data(outline)}"/>' for outline, number in numbers.items())
    uses = "".join(f'<use href="#g{numbers[m.outline]}" transform="{_transform(m.matrix)}"/>' for m in scene.marks)
    text = _NOT_XML.sub("", scene.text)
    width, height = _number(scene.width), _number(scene.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label={quoteattr(text, {chr(10): " "})}>'
        f"<title>{escape(text)}</title><defs>{shapes}</defs>{_paper(scene)}"
        f"<g{_fill(scene.ink)}>{uses}</g></svg>"
    )


def _path_data(outline: Outline) -> str:
    """Return an outline in SVG's path syntax, in whole thousandths of an em."""
    return "".join(verb + " ".join(f"{v * UNITS:.0f}" for v in coordinates) for verb, coordinates in outline.segments)


def _transform(matrix: Matrix) -> str:
    turned = " ".join(f"{v / UNITS:.5g}" for v in matrix[:4])
    return f"matrix({turned} {_number(matrix[4])} {_number(matrix[5])})"


def _paper(scene: Scene) -> str:
    ground = f'<rect width="100%" height="100%"{_fill(scene.paper)}/>' if scene.paper[3] else ""
    if not scene.rules:
        return ground
    lines = "".join(f"M0 {_number(y)}L{_number(scene.width)} {_number(y + scene.fall)}" for y in scene.rules)
    width = _number(scene.rule_width)
    return f'{ground}<path d="{lines}" stroke="{css_hex(RULE)}" stroke-width="{width}" fill="none"/>'


def _fill(colour: Colour) -> str:
    opacity = "" if colour[3] == 255 else f' fill-opacity="{colour[3] / 255:.3g}"'
    return f' fill="{css_hex(colour)}"{opacity}'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def to_image(scene: Scene, resolution: float = CSS_RESOLUTION) -> Image.Image:
    """Draw the scene at `resolution` dots an inch: RGB, or RGBA on see-through paper.

    Raise `StylingError` for a resolution out of bounds and a picture of more than 40 megapixels or 16,000 pixels a
    side, before any of it is made.
    """
    resolution = check_number("resolution", resolution, MIN_RESOLUTION, MAX_RESOLUTION, "dots an inch")
    zoom = resolution / CSS_RESOLUTION
    width, height = (max(1, math.ceil(side * zoom - 1e-6)) for side in (scene.width, scene.height))
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise StylingError(
            "This text would make a picture of {width} by {height} pixels, and {side} a side and {most} megapixels "
            "are the most: choose a smaller size, or break long lines.",
            width=f"{width:,}",
            height=f"{height:,}",
            side=f"{MAX_SIDE:,}",
            most=f"{MAX_PIXELS / 1e6:.0f}",
        )
    drawn = resvg_py.svg_to_bytes(svg_string=to_svg(scene), skip_system_fonts=True, width=width, height=height)
    image = Image.open(io.BytesIO(drawn))
    return image.convert("RGB" if scene.paper[3] == 255 else "RGBA")


def to_png(scene: Scene, resolution: float = CSS_RESOLUTION) -> bytes:
    """Return a PNG file that knows its resolution. Raise `StylingError` as `to_image` does."""
    buffer = io.BytesIO()
    to_image(scene, resolution).save(buffer, "PNG", dpi=(float(resolution), float(resolution)))
    return buffer.getvalue()
