"""Characters drawn by us: strokes as a hand would make them, and the example pictures of the Upload tab.

    python -m tests.support.strokes        draws the pictures anew into emnist_hf/page/examples/

The tests, the benchmarks and the screenshots draw the same strokes as pictures or with the mouse.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]

EXAMPLES = Path(__file__).parents[2] / "emnist_hf/page/examples"


def _arc(centre: Point, radius: Point, start: float, end: float) -> list[Point]:
    """Points on an ellipse, angles in degrees, clockwise from the right as screens have it."""
    angles = np.radians(np.linspace(start, end, 24))
    return [(centre[0] + radius[0] * math.cos(a), centre[1] + radius[1] * math.sin(a)) for a in angles]


STROKES: dict[str, list[list[Point]]] = {
    "A": [[(0.50, 0.16), (0.26, 0.84)], [(0.50, 0.16), (0.75, 0.84)], [(0.35, 0.60), (0.66, 0.60)]],
    "E": [
        [(0.32, 0.16), (0.31, 0.84)],
        [(0.32, 0.17), (0.70, 0.16)],
        [(0.32, 0.49), (0.63, 0.48)],
        [(0.31, 0.84), (0.71, 0.83)],
    ],
    "H": [[(0.28, 0.15), (0.29, 0.85)], [(0.71, 0.15), (0.71, 0.86)], [(0.28, 0.50), (0.71, 0.49)]],
    "R": [
        [(0.33, 0.86), (0.33, 0.16)],
        [(0.33, 0.16), (0.48, 0.16), *_arc((0.50, 0.335), (0.19, 0.175), -90, 90), (0.34, 0.51)],
        [(0.48, 0.51), (0.73, 0.86)],
    ],
    "3": [[*_arc((0.48, 0.32), (0.19, 0.17), -150, 90), *_arc((0.48, 0.67), (0.22, 0.18), -90, 150)]],
    "4": [[(0.36, 0.16), (0.30, 0.54), (0.74, 0.54)], [(0.62, 0.18), (0.62, 0.87)]],
    "7": [[(0.28, 0.18), (0.73, 0.17), (0.45, 0.86)]],
    "g": [
        [
            *_arc((0.47, 0.37), (0.17, 0.17), -40, -360),
            (0.64, 0.24),
            (0.65, 0.66),
            *_arc((0.48, 0.70), (0.17, 0.16), 0, 150),
        ]
    ],
}
"""Strokes in a unit square, y downwards. Each shape stands for a single character, in one case."""


def draw(character: str, side: int, pen: int, ink: str, paper: tuple[int, ...], tilt: float = 0.0) -> Image.Image:
    """The character on a square sheet, drawn four times as large and reduced for smooth edges."""
    scale = 4
    sheet = Image.new("RGBA", (side * scale, side * scale), paper)
    brush, width = ImageDraw.Draw(sheet), pen * scale
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    for stroke in STROKES[character]:
        points = [
            (
                (0.5 + (x - 0.5) * cos - (y - 0.5) * sin) * side * scale,
                (0.5 + (x - 0.5) * sin + (y - 0.5) * cos) * side * scale,
            )
            for x, y in stroke
        ]
        brush.line(points, fill=ink, width=width, joint="curve")
        for x, y in points:
            brush.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=ink)
    return sheet.resize((side, side), Image.Resampling.LANCZOS)


def shaded(picture: Image.Image, seed: int) -> Image.Image:
    """As a phone would take it: darker to one corner, a little noise, a little blur."""
    rng = np.random.default_rng(seed)
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    down, across = np.mgrid[0 : 1 : pixels.shape[0] * 1j, 0 : 1 : pixels.shape[1] * 1j]
    light = (1.0 - 0.35 * (0.6 * across + 0.4 * down))[..., None]
    noisy = pixels * light + rng.normal(0, 4, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def pictures() -> dict[str, Image.Image]:
    """The examples by file name: a pen on shaded paper, chalk on a board, a marker, ink without paper."""
    return {
        "ballpoint.png": shaded(draw("R", 200, 6, "#2b4b9b", (238, 232, 220, 255), tilt=5), seed=1).quantize(64),
        "chalk.png": draw("4", 200, 12, "#f2f0e6", (38, 62, 52, 255), tilt=-4).convert("RGB"),
        "marker.png": draw("3", 200, 24, "#7d1f2b", (255, 255, 255, 255), tilt=3).convert("RGB"),
        "small-letter.png": draw("g", 200, 9, "#1b2a49", (251, 246, 233, 255), tilt=4).convert("RGB"),
        "transparent.png": draw("A", 200, 14, "#111111", (0, 0, 0, 0)),
        "page.png": page_picture().quantize(24),
    }


PAGE = ("HEAR A HARE", "HERE 347")
"""The lines of the example of a page, in characters of STROKES."""


def page_picture(seed: int = 4) -> Image.Image:
    """Hand-printed lines on ruled paper: every character tilted and placed a little otherwise, as hands do."""
    rng, side, gap = np.random.default_rng(seed), 64, 44
    sheet = Image.new("RGBA", (gap * (2 + max(map(len, PAGE))), 92 * (1 + len(PAGE)) - 30), (250, 247, 238, 255))
    pencil = ImageDraw.Draw(sheet)
    for row, line in enumerate(PAGE):
        base = 92 * (row + 1)
        pencil.line([(0, base), (sheet.width, base)], fill="#b9cbe0", width=1)
        for column, character in enumerate(line):
            if character == " ":
                continue
            letter = draw(character, side, 5, "#1b2a49", (0, 0, 0, 0), tilt=float(rng.normal(0, 3)))
            across, down = rng.normal(0, 1.5, 2)
            place = (round(gap * (column + 0.6) + across), round(base - 0.86 * side + down))
            sheet.alpha_composite(letter, place)
    return shaded(sheet, seed)


def main() -> None:
    EXAMPLES.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        picture.save(EXAMPLES / name, optimize=True)
        print(f"{EXAMPLES / name}: {(EXAMPLES / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
