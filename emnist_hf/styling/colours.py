"""Colours of ink and paper: as people write them, as they are called, and how well one is seen on another."""

from __future__ import annotations

import re

import cv2
import numpy as np
from PIL import ImageColor

from emnist_hf.ink.types import Floats
from emnist_hf.styling.errors import StylingError

Colour = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255 each, sRGB."""

PAPERS: dict[str, str | None] = {"white": "#ffffff", "cream": "#fbf4e2", "transparent": None, "none": None}
"""Papers with a name of their own; every colour that Pillow knows is one too."""

DEFAULT_INK = "#1b2a49"
"""Blue-black, as fountain pens write."""

READABLE = 3.0
"""Contrast of large text with its ground, by WCAG 2.2, 1.4.3."""

# CSS allows fractions, and Gradio's colour picker sends them; Pillow reads whole numbers only.
_CSS_RGB = re.compile(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,\s*([\d.]+)\s*)?\)")

_NAMES = (
    ("black", (25, 25, 28)),
    ("grey", (125, 125, 125)),
    ("white", (245, 245, 245)),
    ("blue-black", (27, 40, 70)),
    ("blue", (40, 65, 130)),
    ("blue", (35, 70, 190)),
    ("light blue", (110, 165, 225)),
    ("turquoise", (30, 150, 160)),
    ("green", (35, 125, 60)),
    ("green", (30, 75, 45)),
    ("olive", (110, 115, 40)),
    ("yellow", (235, 210, 60)),
    ("orange", (230, 130, 40)),
    ("red", (200, 40, 45)),
    ("pink", (230, 130, 170)),
    ("violet", (105, 55, 150)),
    ("brown", (110, 70, 40)),
)


def parse_paper(paper: str | tuple[int, ...] | None) -> Colour:
    """Return a paper by its name or colour; None is see-through. Raise `StylingError` for anything else."""
    if isinstance(paper, str):
        paper = PAPERS.get(paper.strip().lower(), paper)
    return (0, 0, 0, 0) if paper is None else parse_colour(paper)


def parse_colour(colour: str | tuple[int, ...]) -> Colour:
    """Return a colour from a name, hex, CSS `rgb()` or `rgba()`, or numbers. Raise `StylingError` for anything else."""
    if isinstance(colour, str):
        return _parse_text(colour)
    try:
        channels = [int(channel) for channel in colour]
    except (TypeError, ValueError, OverflowError):
        channels = []
    if len(channels) not in (3, 4) or not all(0 <= channel <= 255 for channel in channels):
        raise StylingError("This is not a colour: give a name, a hex value, or 3 or 4 numbers from 0 to 255.")
    red, green, blue, alpha = (*channels, 255)[:4]
    return red, green, blue, alpha


def _parse_text(colour: str) -> Colour:
    text = colour.strip().lower()
    css = _CSS_RGB.fullmatch(text[:100])
    try:
        if css:
            red, green, blue = (min(round(float(channel)), 255) for channel in css.groups()[:3])
            # Alpha runs from 0 to 1 here, as in CSS, where Pillow would have it from 0 to 255.
            return red, green, blue, round(255 * min(float(css[4] or 1), 1.0))
        red, green, blue, alpha = ImageColor.getcolor(text, "RGBA")  # type: ignore[misc]
        return red, green, blue, alpha
    except ValueError:
        raise StylingError(
            "{colour} is not a colour: give a name such as navy, or a hex value such as #1b2a49.",
            colour=repr(colour[:40]),
        ) from None


def css_hex(colour: tuple[int, ...]) -> str:
    """Return the colour without its alpha: #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour[:3])


def colour_name(colour: tuple[int, int, int]) -> str:
    """Return the name nearest in CIE L*a*b*."""
    lab = _to_lab(colour, *(value for _, value in _NAMES))
    return _NAMES[int(np.argmin(np.linalg.norm(lab[1:] - lab[0], axis=1)))][0]


def mix_ink(ink: Colour, other: tuple[int, int, int], paper: Colour, share: float) -> Colour:
    """Mix `share` of another colour into an ink in CIE L*a*b*, dark (or light) enough to be read on its paper."""
    if share == 0:
        return ink
    own, others = _to_lab(ink[:3], other)
    mixed = own + share * (others - own)
    ground = paper[:3] if paper[3] else (255, 255, 255)
    towards = -2.0 if _luminance(ground) > 0.18 else 2.0
    for _ in range(50):
        colour = _from_lab(mixed)
        if _contrast(colour, ground) >= READABLE:
            break
        mixed[0] += towards
    return (*colour, ink[3])


def _to_lab(*colours: tuple[int, ...]) -> Floats:
    """Return colours in CIE L*a*b*, float32 [n, 3]."""
    return cv2.cvtColor(np.array([colours], np.uint8).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]


def _from_lab(lab: Floats) -> tuple[int, int, int]:
    rgb = cv2.cvtColor(lab[None, None], cv2.COLOR_LAB2RGB)[0, 0]
    red, green, blue = (int(v) for v in np.rint(np.clip(rgb, 0, 1) * 255))
    return red, green, blue


def _luminance(colour: tuple[int, ...]) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    linear = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
