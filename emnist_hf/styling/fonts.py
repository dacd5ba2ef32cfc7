"""Fonts: which there are, what is known of each, and which characters each can draw.

They lie in `fonts/<name>/`, beside the package: one TTF, its licence (`OFL.txt`) and `font.json` with title,
tradition, description and source. A font may also live in memory alone, as a visitor's or a made one does.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from emnist_hf.errors import EmnistError
from emnist_hf.styling.typeface import FontDataError, Typeface

DEFAULT_FONT = "pinyon-script"
FONTS_VARIABLE = "EMNIST_HF_FONTS"
"""Environment variable that names another folder of fonts."""


class StylingError(EmnistError):
    """Text, a font or a setting that cannot be used; the message says in a sentence why, and what to do."""


@dataclass(frozen=True)
class Font:
    """One font. `name` is its folder's name, `tradition` the school of writing that it follows.

    `data` is the file itself for a font that is on no disk; then `path` only names it.
    """

    name: str
    title: str
    tradition: str
    description: str
    path: Path
    data: bytes | None = field(default=None, repr=False)

    @cached_property
    def typeface(self) -> Typeface:
        """The opened file; it goes when the font goes. Raises `StylingError` if it is damaged."""
        try:
            return Typeface(self.path.read_bytes() if self.data is None else self.data)
        except (OSError, FontDataError) as problem:
            reason = str(problem)[:80] or type(problem).__name__
            raise StylingError(f"The font file {self.path.name} is damaged ({reason}): restore it.") from problem

    def missing(self, text: str) -> list[str]:
        """The characters of `text` that this font cannot draw, each once, in order; white space never counts.

        Raises `StylingError` if the font file is damaged.
        """
        known = self.typeface.characters
        return [c for c in dict.fromkeys(text) if not c.isspace() and ord(c) not in known]


def fonts() -> dict[str, Font]:
    """All fonts by name, sorted by tradition, then title.

    They are read once, from the folder that `EMNIST_HF_FONTS` names, else from `fonts` beside the package or
    in it. Raises `StylingError` if there is no such folder, it holds no font, or a font in it is incomplete.
    """
    return dict(_read_folder(_fonts_folder()))


def find_font(name: str) -> Font:
    """The font with this name or title, in any case. Raises `StylingError` for an unknown one.

    The name is only ever compared, never made part of a path.
    """
    wanted = str(name).strip().casefold()
    known = fonts()
    for font in known.values():
        if wanted in (font.name.casefold(), font.title.casefold()):
            return font
    raise StylingError(f"There is no font {str(name)[:40]!r}: choose one of {', '.join(known)}.")


def _fonts_folder() -> Path:
    chosen = os.environ.get(FONTS_VARIABLE)
    package = Path(__file__).resolve().parents[1]
    candidates = [Path(chosen)] if chosen else [package.parent / "fonts", package / "fonts"]
    for folder in candidates:
        if folder.is_dir():
            return folder
    places = " or ".join(str(folder) for folder in candidates)
    raise StylingError(f"There is no folder of fonts at {places}: set {FONTS_VARIABLE} to the one to use.")


@lru_cache(maxsize=8)
def _read_folder(folder: Path) -> dict[str, Font]:
    found = [_read_font(entry.parent) for entry in sorted(folder.glob("*/font.json"))]
    if not found:
        raise StylingError(
            f"The folder {folder} holds no fonts: each needs a folder of its own with a TTF and a font.json."
        )
    return {font.name: font for font in sorted(found, key=lambda font: (font.tradition, font.title))}


def _read_font(folder: Path) -> Font:
    files = sorted(folder.glob("*.ttf"))
    try:
        facts = json.loads((folder / "font.json").read_text(encoding="utf-8"))
        title, tradition, description = (str(facts[key]) for key in ("title", "tradition", "description"))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StylingError(
            f"The font.json of the font {folder.name!r} needs a title, a tradition and a description "
            f"({type(problem).__name__}): restore it."
        ) from problem
    if len(files) != 1:
        raise StylingError(f"The font folder {folder.name!r} holds {len(files)} TTF files: it needs one.")
    return Font(folder.name, title, tradition, description, files[0])
