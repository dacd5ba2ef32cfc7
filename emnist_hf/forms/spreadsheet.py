"""What was read, as text that no spreadsheet runs as a formula (OWASP, CSV injection)."""

from __future__ import annotations

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula, or an order to another program, begins with; the full-width signs do in some languages."""

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)", re.ASCII)


def inert(text: str) -> str:
    """Return text that stands in a spreadsheet as it is: with an apostrophe in front where it would be run.

    A number stays one, whatever its sign. `original` takes the apostrophe away again.
    """
    bare = text.lstrip("'")
    return "'" + text if bare.startswith(STARTS) and not NUMBER.fullmatch(bare) else text


def original(text: str) -> str:
    """Return the text that `inert` made safe: read back as it was."""
    return text[1:] if text.startswith("'") and inert(text[1:]) == text else text


def number_of(text: str) -> int | float | None:
    """Return the number that a text is, with a decimal point or comma; None for other text, and for 007, a code."""
    if not NUMBER.fullmatch(text) or re.match(r"[+-]?0\d", text):
        return None
    value = float(text.replace(",", "."))
    return int(text) if text.lstrip("+-").isdigit() else value
