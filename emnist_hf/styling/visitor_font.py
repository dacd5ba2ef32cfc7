"""A visitor's own font: taken apart by a program with next to no rights, and put together anew from what it found.

The visitor's bytes are parsed in the child alone (`font_reader`), which gets them through a pipe; they touch no disk.
The font that is then used is one that `font_file` built, of outlines, advances, kerning and ligatures: no code, table
or name of the visitor's is in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from emnist_hf.errors import Sentence
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.font_file import GlyphSet, build_font, read_glyph_set
from emnist_hf.styling.font_reader import KINDS
from emnist_hf.styling.fonts import Font

MAX_BYTES = 2_000_000

SECONDS = 4.0
"""Longest that a font may take to be read."""

TITLE = "Your font"

_READER = Path(__file__).with_name("font_reader.py")
_WITH_REASON = 3  # exit status of the reader when it gives a reason
_DAMAGED = "it is damaged"
_OTHER_KINDS = {
    b"wOFF": "a WOFF web font",
    b"wOF2": "a WOFF2 web font",
    b"ttcf": "a collection of fonts",
    b"STAR": "a BDF bitmap font",
    b"\x01fcp": "a PCF bitmap font",
    b"%!PS": "a PostScript font",
}


def open_font(data: bytes) -> Font:
    """Return a font in memory made of a visitor's TTF or OTF file. It is gone when the last reference to it is.

    Raise `StylingError` with a sentence for anything that cannot be used: over 2 MB, another kind of file, damaged,
    without outlines or letters, or not read within 4 seconds and 512 MiB.
    """
    _check(data)
    built = build_font(_read(data), TITLE)
    return Font("your-font", TITLE, "Your own", "Uploaded by you.", Path("your-font.ttf"), built)


def _check(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        size, most = f"{len(data) / 1e6:.1f}", f"{MAX_BYTES / 1e6:.0f}"
        raise StylingError("This font has {size} MB, and {most} MB are the most.", size=size, most=most)
    kind = next((kind for start, kind in _OTHER_KINDS.items() if data.startswith(start)), None)
    if kind:
        raise StylingError("This is {kind}: give a single font as a .ttf or .otf file.", kind=Sentence(kind))
    if not data.startswith(KINDS):
        raise StylingError("This is no font file: give a .ttf or .otf file.")


def _read(data: bytes) -> GlyphSet:
    """Return what the reader found in a font. Raise `StylingError`."""
    # A file without a name, not a pipe: the reader's own limit on files then bounds what can come back.
    with tempfile.TemporaryFile() as found:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(_READER)],
                input=data,
                stdout=found,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                env={},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StylingError("This font takes too long to read: give another one.") from None
        if done.returncode:
            said = done.stderr[:100].decode("ascii", "replace")
            raise _unusable(said if done.returncode == _WITH_REASON else _DAMAGED)
        found.seek(0)
        try:
            return read_glyph_set(json.load(found))
        except ValueError:
            raise _unusable(_DAMAGED) from None


def _unusable(reason: str) -> StylingError:
    return StylingError("This font cannot be used, since {reason}: give another one.", reason=Sentence(reason))
