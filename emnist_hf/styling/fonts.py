"""Fonts: which there are, what is known of each, and which characters each can draw.

They lie in `fonts/<name>/`, beside the package: one TTF, its licence (`OFL.txt`) and `font.json` with title,
tradition, description and source. A font may also live in memory alone, as a visitor's or a made one does. Opened, a
font is a `Typeface`, which shapes text and gives outlines.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.font_reader import KINDS, Face, FontDataError, check_tables
from emnist_hf.styling.outline import Box, Outline, around

DEFAULT_FONT = "pinyon-script"

FONTS_VARIABLE = "EMNIST_HF_FONTS"
"""Environment variable that names another folder of fonts."""


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
        """The opened file; it goes when the font goes. Raise `StylingError` if it is damaged."""
        try:
            return Typeface(self.path.read_bytes() if self.data is None else self.data)
        except (OSError, FontDataError) as problem:
            reason = str(problem)[:80] or type(problem).__name__
            damaged = "The font file {name} is damaged ({reason}): restore it."
            raise StylingError(damaged, name=self.path.name, reason=reason) from problem

    def missing(self, text: str) -> list[str]:
        """Return the characters of `text` that this font cannot draw, each once, in order; white space never counts.

        Raise `StylingError` if the font file is damaged.
        """
        known = self.typeface.characters
        return [c for c in dict.fromkeys(text) if not c.isspace() and ord(c) not in known]


def fonts() -> dict[str, Font]:
    """Return all fonts by name, sorted by tradition, then title.

    They are read once, from the folder that `EMNIST_HF_FONTS` names, else from `fonts` beside the package or
    in it. Raise `StylingError` if there is no such folder, it holds no font, or a font in it is incomplete.
    """
    return dict(_read_folder(_fonts_folder()))


def find_font(name: str | Font) -> Font:
    """Return the font with this name or title, in any case. Raise `StylingError` for an unknown one.

    The name is only ever compared, never made part of a path.
    """
    if isinstance(name, Font):
        return name
    wanted = str(name).strip().casefold()
    known = fonts()
    for font in known.values():
        if wanted in (font.name.casefold(), font.title.casefold()):
            return font
    raise StylingError(
        "There is no font {name}: choose one of {fonts}.", name=repr(str(name)[:40]), fonts=", ".join(known)
    )


def _fonts_folder() -> Path:
    chosen = os.environ.get(FONTS_VARIABLE)
    package = Path(__file__).resolve().parents[1]
    candidates = [Path(chosen)] if chosen else [package.parent / "fonts", package / "fonts"]
    for folder in candidates:
        if folder.is_dir():
            return folder
    places = " or ".join(str(folder) for folder in candidates)
    missing = "There is no folder of fonts at {places}: set {variable} to the one to use."
    raise StylingError(missing, places=places, variable=FONTS_VARIABLE)


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
        crowded = "The font folder {folder!r} holds {number} TTF files: it needs one."
        raise StylingError(crowded, folder=folder.name, number=len(files))
    return Font(folder.name, title, tradition, description, files[0])


class Typeface(Face):
    """A font file opened, with the measures that setting text needs. Lengths are in ems, y points up."""

    def __init__(self, data: bytes) -> None:
        """Raise `FontDataError` for anything that holds no characters with outlines."""
        if not data.startswith(KINDS):
            raise FontDataError("it is no TrueType or OpenType file")
        check_tables(data)
        super().__init__(data)
        if not self.characters:
            raise FontDataError("it has no characters")
        self._outlines: dict[tuple[int, float], Outline] = {}

    def outline(self, glyph: int, offset: float = 0.0) -> Outline:
        """Return a glyph's outline, thickened on all sides by `offset` (thinned, where negative)."""
        key = (glyph, offset)
        if key not in self._outlines:
            drawn = Outline(tuple(self.draw(glyph)))
            self._outlines[key] = drawn.offset(offset * self.units).scaled(1 / self.units)
        return self._outlines[key]

    def ink_box(self, text: str) -> Box | None:
        """Return left, bottom, right and top of the ink of a run set at the origin; None where it leaves none."""
        boxes, pen = [], 0.0
        for glyph in self.shape(text):
            outline = self.outline(glyph.number)
            if outline:
                boxes.append(outline.bounds((1, 0, 0, 1, pen + glyph.x, glyph.y)))
            pen += glyph.advance
        return around(boxes) if boxes else None

    @cached_property
    def x_height(self) -> float:
        """Height of the ink of an x, or of an o or whatever there is, above the baseline."""
        for character in "xzovnaHO":
            box = self.ink_box(character) if ord(character) in self.characters else None
            if box and box[3] > 0.05:
                return box[3]
        return 0.45

    @cached_property
    def pitch(self) -> float:
        """From baseline to baseline as the font would have it."""
        ascent, descent, gap = self.extents()
        return min(max(ascent - descent + gap, 0.8), 3.0)
