"""Forms: the boxes of a picture, found without a template or given by one, and what is written in them.

A picture goes in (`reading.read_form`); out comes a `reading.results.Reading` with fields and tables, or None where the
picture has no boxes. `rules.py` finds rules, `cells.py` what they enclose, `blocks.py` which of these belong together
and `block.py` their rows and columns; `lines.py` finds what has no walls, lines to write on and ticks. `walls.py` takes
the walls out of the ink, `printed.py` tells print from handwriting, and `characters.py` decides what a field is made
of. What classifies glyphs and reads a line is handed in. Open `reading.py` first.

For many copies of one form there is a `Template`: `template.py` makes one of the blank form or reads its file,
`registration.py` brings a picture onto the blank, and `filled.py` reads the fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emnist_hf.forms.template import Template

__all__ = ["Template"]


def __getattr__(name: str) -> Any:
    """Import what templates need when it is asked for: `classify` starts without it."""
    if name != "Template":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from emnist_hf.forms.template import Template

    return Template
