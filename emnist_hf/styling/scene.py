"""A set page before it is a picture: outlines placed on paper, and the words they stand for.

`svg`, `pdf` and `png` write one scene, so that the three look the same.

A scene as SVG: paths alone, so that it looks the same wherever no font of ours is installed.

A scene as PNG, drawn from its SVG by resvg.
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
from emnist_hf.styling.outline import Matrix, Outline


@dataclass(frozen=True)
class Mark:
    """An outline on the page: `matrix` maps the outline's coordinates to the page's."""

    outline: Outline
    matrix: Matrix


@dataclass(frozen=True)
class SetWord:
    """A word where it stands, for whoever selects or searches it: from (left, baseline) to (right, baseline + fall)."""

    text: str
    left: float
    right: float
    baseline: float
    fall: float = 0.0


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


RULE: Colour = (176, 198, 222, 255)
"""The blue of copybook lines."""


_UNITS = 1000  # of an em: outlines are written in whole numbers of it


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_svg(scene: Scene) -> str:
    """The scene as an SVG document, its text as the title. A glyph that is set many times is defined once."""
    names: dict[int, str] = {}
    shapes, uses = [], []
    for mark in scene.marks:
        name = names.get(id(mark.outline))
        if name is None:
            name = names[id(mark.outline)] = f"g{len(names)}"
            shapes.append(f'<path id="{name}" d="{path_data(mark.outline)}"/>')
        uses.append(f'<use href="#{name}" transform="{_transform(mark.matrix)}"/>')
    text = _NOT_XML.sub("", scene.text)
    width, height = _number(scene.width), _number(scene.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label={quoteattr(text, {chr(10): " "})}>'
        f"<title>{escape(text)}</title><defs>{''.join(shapes)}</defs>{_paper(scene)}"
        f"<g{_fill(scene.ink)}>{''.join(uses)}</g></svg>"
    )


def path_data(outline: Outline, units: int = _UNITS) -> str:
    """An outline in SVG's path syntax, in whole thousandths of an em."""
    return "".join(verb + " ".join(f"{v * units:.0f}" for v in coordinates) for verb, coordinates in outline.segments)


def _transform(matrix: Matrix) -> str:
    a, b, c, d, e, f = matrix
    turned = (*(v / _UNITS for v in (a, b, c, d)), e, f)
    return f"matrix({' '.join(f'{v:.5g}' for v in turned[:4])} {' '.join(_number(v) for v in turned[4:])})"


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


MAX_PIXELS = 40_000_000


MAX_SIDE = 16_000
"""Longest side of a picture in pixels; WebP, in which Gradio shows pictures, ends at 16,383."""


MIN_RESOLUTION, MAX_RESOLUTION = 24, 1200


CSS_RESOLUTION = 96
"""Dots an inch at which a unit of the scene is a pixel."""


def to_image(scene: Scene, resolution: float = CSS_RESOLUTION) -> Image.Image:
    """The scene at `resolution` dots an inch: RGB, or RGBA on see-through paper.

    Raises `StylingError` for a resolution out of bounds and a picture of more than 40 megapixels or 16,000 pixels a
    side, before any of it is made.
    """
    resolution = check_number("resolution", resolution, MIN_RESOLUTION, MAX_RESOLUTION, "dots an inch")
    zoom = resolution / CSS_RESOLUTION
    width, height = (max(1, math.ceil(side * zoom - 1e-6)) for side in (scene.width, scene.height))
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise StylingError(
            f"This text would make a picture of {width:,} by {height:,} pixels, and {MAX_SIDE:,} a side and "
            f"{MAX_PIXELS / 1e6:.0f} megapixels are the most: choose a smaller size, or break long lines."
        )
    drawn = resvg_py.svg_to_bytes(svg_string=to_svg(scene), skip_system_fonts=True, width=width, height=height)
    image = Image.open(io.BytesIO(drawn))
    return image.convert("RGB" if scene.paper[3] == 255 else "RGBA")


def to_png(scene: Scene, resolution: float = CSS_RESOLUTION) -> bytes:
    """As `to_image`, as a file that knows its resolution."""
    buffer = io.BytesIO()
    resolution = check_number("resolution", resolution, MIN_RESOLUTION, MAX_RESOLUTION, "dots an inch")
    to_image(scene, resolution).save(buffer, "PNG", dpi=(resolution, resolution))
    return buffer.getvalue()
