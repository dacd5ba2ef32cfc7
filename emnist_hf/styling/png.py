"""A scene as PNG, drawn from its SVG by resvg."""

from __future__ import annotations

import io
import math

import resvg_py
from PIL import Image

from emnist_hf.styling.fonts import StylingError
from emnist_hf.styling.scene import Scene
from emnist_hf.styling.setting import check_number
from emnist_hf.styling.svg import to_svg

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
