"""Fonts: which there are, what is known of each, and which characters each can draw.

They lie in `fonts/<name>/`, beside the package: one TTF, its licence (`OFL.txt`) and `font.json` with title,
tradition, description and source. A font may also live in memory alone, as a visitor's or a made one does.

A font file opened: HarfBuzz shapes text with it and gives the outlines of its glyphs.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import uharfbuzz as hb

from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.outline import Outline, Segment

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


class FontDataError(ValueError):
    """A font file that cannot be used; the message says why in a few words."""


@dataclass(frozen=True)
class Glyph:
    """A glyph placed by the shaper: which, the index of the first character it stands for, and where.

    advance: from its pen position to the next one's. x, y: its origin from its pen position. All in ems, y up.
    """

    index: int
    cluster: int
    advance: float
    x: float
    y: float


class Typeface:
    """A TrueType or OpenType file in memory. Lengths are in ems, y points up."""

    def __init__(self, data: bytes) -> None:
        """Raises `FontDataError` for anything that holds no characters with outlines."""
        _check_tables(data)
        face = hb.Face(hb.Blob(data))
        self._font = hb.Font(face)
        self.units = face.upem
        self.characters = frozenset(c for c in face.unicodes if self._font.get_nominal_glyph(c))
        """Code points that have a glyph of their own, not the box for "no such glyph"."""
        if not self.characters:
            raise FontDataError("it has no characters")
        self._outlines: dict[tuple[int, float], Outline] = {}

    def shape(self, text: str, *, ligatures: bool = True) -> list[Glyph]:
        """The glyphs of a run of text, left to right, kerned; ligatures and alternates where the font has them."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "ltr"  # fonts here have no script that runs the other way, and bidi marks are gone
        hb.shape(self._font, buffer, {"kern": True, "liga": ligatures, "clig": ligatures})
        em = self.units
        return [
            Glyph(info.codepoint, info.cluster, at.x_advance / em, at.x_offset / em, at.y_offset / em)
            for info, at in zip(buffer.glyph_infos, buffer.glyph_positions)
        ]

    def outline(self, glyph: int, offset: float = 0.0) -> Outline:
        """A glyph's outline in ems, thickened on all sides by `offset` ems (thinned, where negative)."""
        key = (glyph, offset)
        if key not in self._outlines:
            # In units, not in ems: path operations round to fixed fractions of one.
            drawn = self._drawn(glyph).offset(offset * self.units)
            self._outlines[key] = drawn.mapped((1 / self.units, 0, 0, 1 / self.units, 0, 0))
        return self._outlines[key]

    def _drawn(self, glyph: int) -> Outline:
        segments: list[Segment] = []
        self._font.draw_glyph(glyph, _DRAW, segments)
        return Outline(tuple(segments))

    def glyph_of(self, character: str) -> int | None:
        """The glyph that the character map names for a character."""
        return self._font.get_nominal_glyph(ord(character))

    def ink_box(self, text: str) -> tuple[float, float, float, float] | None:
        """Left, bottom, right and top of the ink of a run set at the origin; None where it leaves none."""
        boxes, pen = [], 0.0
        for glyph in self.shape(text):
            outline = self.outline(glyph.index)
            if outline:
                boxes.append(outline.bounds((1, 0, 0, 1, pen + glyph.x, glyph.y)))
            pen += glyph.advance
        if not boxes:
            return None
        left, bottom, right, top = zip(*boxes)
        return min(left), min(bottom), max(right), max(top)

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
        extents = self._font.get_font_extents("ltr")
        return min(max((extents.ascender - extents.descender + extents.line_gap) / self.units, 0.8), 3.0)


def _check_tables(data: bytes) -> None:
    """Every table lies within the file. HarfBuzz drops one that does not, and sets blanks from then on."""
    if data[:4] not in (b"\x00\x01\x00\x00", b"OTTO", b"true"):
        raise FontDataError("it is no TrueType or OpenType file")
    try:
        (count,) = struct.unpack_from(">H", data, 4)
        for record in range(count):
            start, length = struct.unpack_from(">8xLL", data, 12 + 16 * record)
            if start + length > len(data):
                raise FontDataError("it is cut short")
    except struct.error:
        raise FontDataError("it is cut short") from None


def _draw_functions() -> hb.DrawFuncs:
    functions = hb.DrawFuncs()
    functions.set_move_to_func(lambda x, y, to: to.append(("M", (x, y))))
    functions.set_line_to_func(lambda x, y, to: to.append(("L", (x, y))))
    functions.set_quadratic_to_func(lambda a, b, x, y, to: to.append(("Q", (a, b, x, y))))
    functions.set_cubic_to_func(lambda a, b, c, d, x, y, to: to.append(("C", (a, b, c, d, x, y))))
    functions.set_close_path_func(lambda to: to.append(("Z", ())))
    return functions


_DRAW = _draw_functions()
