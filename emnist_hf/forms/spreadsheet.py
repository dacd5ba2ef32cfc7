"""What was read, as text that no spreadsheet runs as a formula (OWASP, CSV injection)."""

from __future__ import annotations

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula, or an order to another program, begins with; the full-width signs do in some languages."""

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)", re.ASCII)


def inert(text: str) -> str:
    """Return text that stands in a spreadsheet as it is: with an apostrophe in front where it would be run.

    A number stays one, whatever its sign.
    """
    return "'" + text if text.startswith(STARTS) and not NUMBER.fullmatch(text) else text
