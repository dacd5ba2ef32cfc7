"""Punctuation that EMNIST lacks, told by its shape and its place on the line."""

from __future__ import annotations

from emnist_hf.reading.layout import Piece
from emnist_hf.reading.marks import Marks

SIGNS = ".,:;'-"


BOLD = 0.42
"""Heights of a character that a full stop is smaller than."""


TAIL = 0.75
"""Heights of a character that a comma is shorter than."""


SPECK = 0.7
"""Squared widths of the pen that a full stop covers at least: a touch of the pen covers 0.78."""


LOW, LONG = 0.4, 3.0
"""Heights of a character that a hyphen's box is lower than, and than which it is shorter: beyond it, it underlines."""


def may_be_punctuation(piece: Piece, marks: Marks) -> bool:
    """Whether a piece is small enough for a sign, whatever stands around it: `punctuation_of` says if it is one."""
    return piece.height < (1.1 if len(piece.members) == 2 else TAIL) * marks.unit


def punctuation_of(piece: Piece, marks: Marks, band: tuple[float, float]) -> tuple[str | None, float]:
    """What sign a piece is, "" for a small mark that is none, None for what may be a character; and how sure that is.

    band: top and bottom of the characters around it, in pixels.
    """
    unit = min(marks.unit, max(band[1] - band[0], 0.5 * marks.unit))
    width, height = piece.width / unit, piece.height / unit
    middle = ((piece.box[1] + piece.box[3]) / 2 - band[0]) / (band[1] - band[0] or 1.0)  # 0 at the top, 1 at the bottom
    if len(piece.members) == 2 and width < 0.35 and 0.3 < height < 1.1:
        return _pair(marks, piece, unit)
    if is_bar(piece, marks) and height < LOW and width < LONG:
        return ("-", 0.8) if 0.25 < middle < 0.85 else ("", 0.6)
    if max(width, height) < 0.3 and width > 0.5 * height:
        if marks.areas[list(piece.members)].sum() < SPECK * marks.pen**2:
            return "", 0.6
        if middle > 0.7:
            return ".", 0.9
        if middle > 0.3 and width > 1.15 * height:
            return "-", 0.6
        return ("'", 0.5) if middle < 0.25 else ("", 0.6)
    on_line = middle > 0.65 and piece.box[3] < band[1] + 0.15 * unit
    if max(width, height) < BOLD and on_line and 0.65 < width / height < 1.25 and _fill(piece, marks) > 0.68:
        return ".", 0.8
    if width < 0.5 and _hangs(piece, band, unit):
        return ",", 0.8
    if width < 0.4 and height < 0.55:
        if middle > 0.8 and piece.box[3] > band[1]:
            return ",", 0.8
        if middle < 0.3 and piece.box[3] < band[0] + 0.6 * (band[1] - band[0]):
            return "'", 0.8
        if height < 0.35:
            return "", 0.5
    return None, 0.0


def _hangs(piece: Piece, band: tuple[float, float], unit: float) -> bool:
    """Whether a piece begins in the lower half of the characters around it and ends below them: no letter does."""
    return piece.box[1] > (band[0] + band[1]) / 2 and piece.box[3] > band[1] + 0.1 * unit


def _fill(piece: Piece, marks: Marks) -> float:
    """Share of a piece's box that is ink."""
    return float(marks.areas[list(piece.members)].sum()) / (piece.width * piece.height)


def is_bar(piece: Piece, marks: Marks) -> bool:
    """Whether a piece is a stroke that lies: longer than high, and hardly higher than it is thick and tilts."""
    thick = float(marks.areas[list(piece.members)].sum()) / piece.width
    return piece.width > 1.5 * piece.height and piece.height < 1.3 * thick + 0.25 * piece.width


def is_stroke(piece: Piece, marks: Marks) -> bool:
    """Whether a piece is one stroke that lies and may tilt: there is nothing to cut in it."""
    thick = float(marks.areas[list(piece.members)].sum()) / piece.width
    return is_bar(piece, marks) and thick < 1.5 * marks.pen


def _pair(marks: Marks, piece: Piece, unit: float) -> tuple[str | None, float]:
    """Colon and semicolon: two small marks above one another."""
    upper, lower = sorted((marks.boxes[member] for member in piece.members), key=lambda box: int(box[1]))
    if upper[3] - upper[1] < 0.3 * unit and lower[1] > upper[3]:
        if lower[3] - lower[1] < 0.3 * unit:
            return ":", 0.9
        if lower[3] - lower[1] < 0.55 * unit:
            return ";", 0.8
    return None, 0.0
