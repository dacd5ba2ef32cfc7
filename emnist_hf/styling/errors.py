"""The room's one kind of error, and the check of numbers that everybody here needs."""

from __future__ import annotations

import math

from emnist_hf.errors import EmnistError


class StylingError(EmnistError):
    """Text, a font or a setting that cannot be used; the message says in a sentence why, and what to do."""


def check_number(what: str, value: float, least: float, most: float, unit: str = "") -> float:
    """Return `value` as a float from `least` to `most`, in `unit`. Raise `StylingError` otherwise, NaN included."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        bounds = f"{least:g} to {most:g} {unit}".rstrip()
        raise StylingError("This {what} cannot be used: give a number from {bounds}.", what=what, bounds=bounds)
    return number
