"""Files that are to be written anew, kept under another name: a person may have worked on them."""

from __future__ import annotations

import sys
from pathlib import Path


def set_aside(path: Path) -> Path | None:
    """Rename a file that is to be written anew, and say so; None where there is none."""
    if not path.is_file():
        return None
    number = 1
    while (kept := path.with_name(f"{path.stem}.before-{number}{path.suffix}")).exists():
        number += 1
    path.rename(kept)
    print(f"emnist_hf: {path} was there: it is called {kept.name} now.", file=sys.stderr)
    return kept
