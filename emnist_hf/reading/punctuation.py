"""Punctuation that EMNIST lacks, told by its shape and its place on the line."""

from __future__ import annotations

from emnist_hf.reading.components import Components
from emnist_hf.reading.layout import Fragment

BOLD = 0.42
"""Heights of a character that a full stop is smaller than."""

TAIL = 0.75
"""Heights of a character that a comma is shorter than."""

SPECK = 0.7
"""Squared widths of the pen that a full stop covers at least: a touch of the pen covers 0.78."""

LOW = 0.4
"""Heights of a character that a hyphen's box is lower than."""

LONG = 3.0
"""Heights of a character that a hyphen's box is shorter than: beyond it, it underlines."""


def may_be_punctuation(fragment: Fragment, unit: float) -> bool:
    """Whether a fragment is small enough for a sign, whatever stands around it: `punctuation_of` says if it is one."""
    return fragment.height < (1.1 if len(fragment.members) == 2 else TAIL) * unit


def punctuation_of(fragment: Fragment, components: Components, band: tuple[float, float]) -> tuple[str | None, float]:
    """Return what sign a fragment is, and the score of that.

    The sign is "" for a small fragment that is none, None for what may be a character. band: top and bottom of the
    characters around it, in pixels.
    """
    top, bottom = band
    unit = min(components.unit, max(bottom - top, 0.5 * components.unit))
    width, height = fragment.width / unit, fragment.height / unit
    middle = ((fragment.box[1] + fragment.box[3]) / 2 - top) / (bottom - top or 1.0)  # 0 at the top, 1 at the bottom
    area = components.area(fragment.members)
    if len(fragment.members) == 2 and width < 0.35 and 0.3 < height < 1.1:
        return _pair(components, fragment, unit)
    if is_bar(fragment, components) and height < LOW and width < LONG:
        return ("-", 0.8) if 0.25 < middle < 0.85 else ("", 0.6)
    if max(width, height) < 0.3 and width > 0.5 * height:
        if area < SPECK * components.pen**2:
            return "", 0.6
        if middle > 0.7:
            return ".", 0.9
        if middle > 0.3 and width > 1.15 * height:
            return "-", 0.6
        return ("'", 0.5) if middle < 0.25 else ("", 0.6)
    on_line = middle > 0.65 and fragment.box[3] < bottom + 0.15 * unit
    filled = area / (fragment.width * fragment.height) > 0.68
    if max(width, height) < BOLD and on_line and 0.65 < width / height < 1.25 and filled:
        return ".", 0.8
    # No letter begins in the lower half of the characters around it and ends below them.
    if width < 0.5 and fragment.box[1] > (top + bottom) / 2 and fragment.box[3] > bottom + 0.1 * unit:
        return ",", 0.8
    if width < 0.4 and height < 0.55:
        if middle > 0.8 and fragment.box[3] > bottom:
            return ",", 0.8
        if middle < 0.3 and fragment.box[3] < top + 0.6 * (bottom - top):
            return "'", 0.8
        if height < 0.35:
            return "", 0.5
    return None, 0.0


def is_bar(fragment: Fragment, components: Components) -> bool:
    """Whether a fragment is a stroke that lies: longer than high, and hardly higher than it is thick and tilts."""
    thick = components.area(fragment.members) / fragment.width
    return fragment.width > 1.5 * fragment.height and fragment.height < 1.3 * thick + 0.25 * fragment.width


def is_stroke(fragment: Fragment, components: Components) -> bool:
    """Whether a fragment is one stroke that lies and may tilt: there is nothing to cut in it."""
    thick = components.area(fragment.members) / fragment.width
    return is_bar(fragment, components) and thick < 1.5 * components.pen


def _pair(components: Components, fragment: Fragment, unit: float) -> tuple[str | None, float]:
    """Colon and semicolon: two small components above one another."""
    upper, lower = sorted((components.boxes[member] for member in fragment.members), key=lambda box: int(box[1]))
    if upper[3] - upper[1] < 0.3 * unit and lower[1] > upper[3]:
        if lower[3] - lower[1] < 0.3 * unit:
            return ":", 0.9
        if lower[3] - lower[1] < 0.55 * unit:
            return ";", 0.8
    return None, 0.0
