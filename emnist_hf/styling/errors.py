"""Fonts: which there are, what is known of each, and which characters each can draw.

They lie in `fonts/<name>/`, beside the package: one TTF, its licence (`OFL.txt`) and `font.json` with title,
tradition, description and source. A font may also live in memory alone, as a visitor's or a made one does.
"""

from __future__ import annotations

import math

from emnist_hf.errors import EmnistError


class StylingError(EmnistError):
    """Text, a font or a setting that cannot be used; the message says in a sentence why, and what to do."""


def check_number(what: str, value: float, least: float, most: float, unit: str = "") -> float:
    """`value` as a float from `least` to `most`, in `unit`. Raises `StylingError` otherwise, NaN included."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        raise StylingError(
            f"This {what} cannot be used: give a number from {least:g} to {most:g} {unit}".rstrip() + "."
        )
    return number
