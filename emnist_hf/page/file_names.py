"""What a file that a visitor saves is called: by what it shows, in letters that every file system takes."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
"""Characters of a text that its file's name keeps."""


def saved_name(text: str, font: str) -> str:
    """A name without its ending. `capital-A-tangerine` for one character, `dear-ann-it-is-tangerine` for a text."""
    if len(text) == 1 and text.isascii() and text.isalnum():
        kind = "digit" if text.isdigit() else "capital" if text.isupper() else "small"
        return f"{kind}-{text}-{font}"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    words = re.findall(r"[a-z0-9]+", plain.lower())
    kept = ""
    for word in words:
        if kept and len(kept) + len(word) >= LONGEST:
            break
        kept = f"{kept}-{word}" if kept else word[:LONGEST]
    return f"{kept or 'text'}-{font}"
