"""Marks that are no characters: crosses and ticks in checkboxes, pencil marks in the corners of a puzzle's cells."""

from __future__ import annotations

import numpy as np

from emnist_hf.forms.walls import Part

MARK = 0.5
"""Height of a pencil mark in the corner of a puzzle's cell, of the characters', at the most."""

MARKS = frozenset("XVYKJT4*+-'.,/")
"""What a cross or a tick reads as."""

PARTICULAR = 0.7
"""Score of a character below which it may be a mark as well."""


def is_mark(text: str, score: float) -> bool:
    """Whether what a small box holds is a cross or a tick: it reads as one, or as no character in particular."""
    return len(text) <= 2 and (set(text.upper()) <= MARKS or score < PARTICULAR)


def without_marks(content: list[list[Part]]) -> list[list[Part]]:
    """Leave out what is small beside the characters in the other cells, and apart from the one in its own."""
    heights = sorted((max(part.height for part in parts) for parts in content if parts), reverse=True)
    if not heights:
        return content
    usual = float(np.median(heights[: max(1, (len(heights) + 1) // 2)]))
    return [_main(parts, usual) for parts in content]


def _main(parts: list[Part], usual: float) -> list[Part]:
    """Return the strokes of a cell's character, of about the usual height in pixels; [] where there is none."""
    tall = [part for part in parts if part.height > MARK * usual or part.width > 1.2 * usual]
    if not tall:
        return []
    left, top, right, bottom = max(tall, key=lambda part: part.area).box
    near = 0.2 * usual

    def belongs(part: Part) -> bool:
        x0, y0, x1, y1 = part.box
        return part in tall or (x1 > left - near and x0 < right + near and y1 > top - near and y0 < bottom + near)

    return [part for part in parts if belongs(part)]
