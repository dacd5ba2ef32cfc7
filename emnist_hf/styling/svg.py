"""A scene as SVG: paths alone, so that it looks the same wherever no font of ours is installed."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from emnist_hf.styling.colours import Colour, css_hex
from emnist_hf.styling.outline import Matrix, Outline
from emnist_hf.styling.scene import RULE, Scene

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
