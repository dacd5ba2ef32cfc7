"""What a made font is made of: where each glyph is from, which are made, which in doubt; and a picture of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw

from emnist_hf.splits import CHARACTERS
from emnist_hf.styling.colours import parse_colour
from emnist_hf.styling.hand_font import DOUBTFUL, MADE, OWN, GlyphOrigin, MadeFont, Sample
from emnist_hf.styling.scene import Mark, Scene, to_image

COLUMNS, CELL = 16, 64  # of the picture; pixels

COLOURS = {OWN: "#1b2a49", MADE: "#8a8378", DOUBTFUL: "#b4570a"}
"""Ink of the writer's glyphs, of made ones and of those in doubt."""

LEGEND = {OWN: "written", MADE: "made with the same pen", DOUBTFUL: "in doubt: is it this character?"}


def font_record(made: MadeFont) -> dict[str, Any]:
    """Return what the report says in JSON: "glyphs", each with its origin and, where written, its box and source."""
    return {
        "glyphs": [_glyph(origin) for origin in made.origins],
        "own": [o.character for o in made.origins if o.origin == OWN],
        "made": [o.character for o in made.origins if o.origin == MADE],
        "doubtful": [o.character for o in made.origins if o.origin == DOUBTFUL],
        "ligatures": list(made.ligatures),
        "notices": [str(notice) for notice in made.notices],
    }


def _glyph(origin: GlyphOrigin) -> dict[str, Any]:
    record: dict[str, Any] = {"character": origin.character, "origin": origin.origin}
    if origin.sample is None:
        return record
    record |= _place(origin.sample) | {"score": round(origin.sample.score, 4)}
    if origin.sample.looks:
        record["looks_like"] = origin.sample.looks
    return record | {"alternates": [_place(sample) for sample in origin.alternates]}


def _place(sample: Sample) -> dict[str, Any]:
    box = None if sample.box is None else [round(side) for side in sample.box]
    return {"file": sample.source, "box": box}


def font_picture(made: MadeFont, said: Callable[[str], str] = str) -> Image.Image:
    """Return a picture of all glyphs, RGB: the 62 characters first, each in the colour of its origin.

    said: the words of its legend as the reader's language has them.
    """
    order = {character: place for place, character in enumerate(CHARACTERS)}
    origins = sorted(made.origins, key=lambda o: (order.get(o.character, len(order)), o.character))
    rows = math.ceil(len(origins) / COLUMNS)
    size = (COLUMNS * CELL, rows * CELL + CELL)
    picture = Image.new("RGBA", size, "white")
    for kind, colour in COLOURS.items():
        marks = [
            mark
            for place, origin in enumerate(origins)
            if origin.origin == kind and (mark := _mark(made, origin.character, place)) is not None
        ]
        ink = parse_colour(colour)
        scene = Scene(*size, ink, (0, 0, 0, 0), marks, [], [], 40.0)
        picture.alpha_composite(to_image(scene).convert("RGBA"))
    canvas = ImageDraw.Draw(picture)
    for place, (kind, words) in enumerate(LEGEND.items()):
        count = sum(origin.origin == kind for origin in origins)
        at = (12 + place * size[0] // 3, size[1] - 0.6 * CELL)
        canvas.text(at, f"{count} {said(words)}", fill=COLOURS[kind], font_size=18)
    return picture.convert("RGB")


def _mark(made: MadeFont, character: str, place: int) -> Mark | None:
    """Return a glyph in the middle of its cell."""
    typeface = made.font.typeface
    shaped = typeface.shape(character)
    outline = typeface.outline(shaped[0].number) if len(shaped) == 1 else None
    if not outline:
        return None
    row, column = divmod(place, COLUMNS)
    left, _, right, _ = outline.bounds()
    size = 0.62 * CELL
    x = (column + 0.5) * CELL - size * (left + right) / 2
    return Mark(outline, (size, 0.0, 0.0, -size, x, (row + 0.68) * CELL))
