"""Fonts, and setting text in one of them as a picture.

The fonts lie in `fonts/<name>/`, beside this package: one TTF, its licence (`OFL.txt`) and `font.json` with
title, tradition, description and source. `fonts()` lists them, `find_font()` looks one up, `render_text()`
sets text in one.

Text becomes a picture in two steps. `_arrange` turns characters into lines of runs, each run in the font that
has its characters and placed on its baseline; `_paint` and `_coloured` turn the runs into a picture.
"""

from __future__ import annotations

import json
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

from emnist_hf.errors import EmnistError

DEFAULT_FONT = "pinyon-script"
FONTS_VARIABLE = "EMNIST_HF_FONTS"
"""Environment variable that names another folder of fonts."""

MAX_CHARACTERS = 2_000
MIN_SIZE, MAX_SIZE = 8, 1_000
"""Bounds of an em in pixels."""
MAX_MARGIN = 4.0
"""Widest margin, in ems."""
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_000
"""Longest side of a picture in pixels; WebP, in which Gradio shows pictures, ends at 16,383."""

PAPERS = {"white": "#ffffff", "cream": "#fbf4e2"}
"""Papers with a name of their own; every colour that Pillow knows is one too."""

# CSS allows fractions, and Gradio's colour picker sends them; Pillow reads whole numbers only.
_CSS_RGB = re.compile(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,\s*([\d.]+)\s*)?\)")
_LINE_GAP = 0.1  # ems of white kept between the ink of two lines, however deep the swashes hang
_SLACK = 2  # pixels around a computed ink box for antialiasing and fractional pen positions

Colour = tuple[int, int, int, int]
Box = tuple[float, float, float, float]


class StylingError(EmnistError):
    """Text, a font or a setting that cannot be used; the message says in a sentence why, and what to do."""


@dataclass(frozen=True)
class Font:
    """One font of ours. `name` is its folder's name, `tradition` the school of writing that it follows."""

    name: str
    title: str
    tradition: str
    description: str
    path: Path

    def missing(self, text: str) -> list[str]:
        """The characters of `text` that this font cannot draw, each once, in order; white space never counts.

        Raises `StylingError` if the font file is damaged.
        """
        known = _coverage(self.path)
        return [c for c in dict.fromkeys(text) if not c.isspace() and ord(c) not in known]


@dataclass(frozen=True)
class Rendering:
    """A picture of text and, for whoever asked for it, sentences about what was set otherwise than asked."""

    image: Image.Image
    notices: list[str]


# Fonts -------------------------------------------------------------------------------------------------


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
    package = Path(__file__).resolve().parent
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


@lru_cache(maxsize=64)
def _coverage(path: Path) -> frozenset[int]:
    """The code points that a font file has a glyph of their own for, not its box for "no such glyph"."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    try:
        with TTFont(path, lazy=True) as file:
            cmap = file.getBestCmap() or {}
            return frozenset(code for code, glyph in cmap.items() if glyph != ".notdef")
    except Exception as problem:  # struct.error, KeyError, AssertionError and more, as the damage has it
        raise _damaged(path, problem) from problem


def _damaged(path: Path, problem: Exception) -> StylingError:
    reason = str(problem)[:80] or type(problem).__name__
    return StylingError(f"The font file {path.name} is damaged ({reason}): restore it.")


def _load(font: Font, size: float) -> ImageFont.FreeTypeFont:
    """The font at `size` pixels an em. Pillow lays out with Raqm where it has it, else with plain kerning."""
    try:
        return ImageFont.truetype(str(font.path), size)
    except OSError as problem:
        raise _damaged(font.path, problem) from problem


# Arranging ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """Neighbouring characters of one font, their pen position on the baseline and their ink's box, in px."""

    face: ImageFont.FreeTypeFont
    text: str
    x: float
    box: Box


def _clean(text: str) -> list[str]:
    """The lines of a text, composed and without what has no shape: controls, bidi marks, variation selectors.

    Space at the end of lines and blank lines at both ends go too. Raises `StylingError` if there is no
    text, or too much of it.
    """
    if not isinstance(text, str) or not text.strip():
        raise StylingError("There is no text to set: type some letters or digits first.")
    if len(text) > MAX_CHARACTERS:
        raise StylingError(
            f"The text has {len(text):,} characters, and at most {MAX_CHARACTERS:,} can be set at once: "
            f"set it in parts."
        )
    lines = [
        "".join(c for c in unicodedata.normalize("NFC", line.expandtabs(4)) if not _is_shapeless(c)).rstrip()
        for line in text.splitlines()
    ]
    written = [i for i, line in enumerate(lines) if line]
    return lines[written[0] : written[-1] + 1] if written else []


def _is_shapeless(character: str) -> bool:
    is_variation_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return unicodedata.category(character) in ("Cc", "Cf") or is_variation_selector


class _Casting:
    """Decides which font draws which character, and remembers what had to differ from the font asked for."""

    def __init__(self, font: Font) -> None:
        self.font = font
        others = [other for other in fonts().values() if other.path != font.path]
        # A stand-in of the same tradition looks least foreign; the others keep their order.
        self.candidates = [font, *sorted(others, key=lambda other: other.tradition != font.tradition)]
        self.replaced: dict[str, Font] = {}
        self.left_out: dict[str, None] = {}

    def runs(self, line: str) -> list[tuple[Font, str]]:
        """A line as (font, text) pairs in order, without the characters that no font has."""
        runs: list[tuple[Font, str]] = []
        for cluster in _clusters(line):
            font, text = self._cast(cluster)
            if runs and runs[-1][0] is font:
                runs[-1] = (font, runs[-1][1] + text)
            elif text:
                runs.append((font, text))
        return runs

    def _cast(self, cluster: str) -> tuple[Font, str]:
        """The font for a character with its combining marks, and as much of the two as can be drawn."""
        base, marks = cluster[0], cluster[1:]
        if base.isspace():
            # Fonts lack many of Unicode's spaces, and those of a stand-in set words too near or too far.
            self.left_out.update(dict.fromkeys(marks))
            return self.font, " "
        for part in (cluster, base):
            # A mark alone has nothing to sit on, and would be drawn on a dotted circle.
            font = None if _is_mark(base) else self._first_with(part)
            if font:
                self.left_out.update(dict.fromkeys(marks if part != cluster else ""))
                if font is not self.font:
                    self.replaced[part] = font
                return font, part
        self.left_out.update(dict.fromkeys(cluster))
        return self.font, ""

    def _first_with(self, text: str) -> Font | None:
        return next((font for font in self.candidates if not font.missing(text)), None)

    def notices(self) -> list[str]:
        """One sentence for each font that stood in, and one for what was left out."""
        by_font: dict[str, list[str]] = {}
        for text, font in self.replaced.items():
            by_font.setdefault(font.title, []).append(text)
        sentences = [
            f"{self.font.title} has no {_quoted(texts)}: set in {title} instead." for title, texts in by_font.items()
        ]
        if self.left_out:
            sentences.append(f"No font here has {_quoted(self.left_out)}: left out.")
        return sentences


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _clusters(line: str) -> Iterator[str]:
    """A line's characters, each with the combining marks that follow it."""
    start = 0
    for i in range(1, len(line) + 1):
        if i == len(line) or not _is_mark(line[i]):
            if start < i:
                yield line[start:i]
            start = i


def _quoted(texts: Iterable[str], most: int = 8) -> str:
    """Characters for a sentence; what cannot be printed alone (marks, lone surrogates) as its code point."""
    names = [
        # A letter may carry hundreds of marks: a few show which one is meant.
        f"U+{ord(text[0]):04X}" if _is_mark(text[0]) or not text.isprintable() else text[:4]
        for text in texts
    ]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _arrange(lines: list[str], casting: _Casting, size: int) -> list[list[_Run]]:
    """Every line's runs from pen position 0 on, each line about its own baseline."""
    faces = {casting.font: _load(casting.font, size)}
    arranged = []
    for line in lines:
        runs, pen = [], 0.0
        for font, text in casting.runs(line):
            if font not in faces:
                faces[font] = _matched(font, faces[casting.font], size)
            box = faces[font].getbbox(text, anchor="ls")
            runs.append(_Run(faces[font], text, pen, (pen + box[0], box[1], pen + box[2], box[3])))
            pen += faces[font].getlength(text)
        arranged.append(runs)
    return arranged


def _matched(font: Font, model: ImageFont.FreeTypeFont, size: int) -> ImageFont.FreeTypeFont:
    """A stand-in font at the size where its x is as high as the model's; ems say little in script fonts."""
    face = _load(font, size)
    height = face.getbbox("x", anchor="ls")[1]
    ratio = model.getbbox("x", anchor="ls")[1] / height if height else 1.0
    return _load(font, size * min(max(ratio, 0.5), 2.0))


def _pitch(arranged: list[list[_Run]], face: ImageFont.FreeTypeFont, size: int) -> float:
    """Pixels from baseline to baseline: the font's own, or more where the ink of two lines would meet."""
    tops = [min((run.box[1] for run in runs), default=0.0) for runs in arranged]
    bottoms = [max((run.box[3] for run in runs), default=0.0) for runs in arranged]
    needed = [below - top + _LINE_GAP * size for below, top in zip(bottoms, tops[1:], strict=False)]
    return math.ceil(max([float(sum(face.getmetrics())), *needed]))


# Drawing -----------------------------------------------------------------------------------------------


def render_text(
    text: str,
    font: str | Font = DEFAULT_FONT,
    *,
    size: int = 160,
    colour: str | tuple[int, ...] = "#1b2a49",
    paper: str | None = "white",
    margin: float = 0.35,
) -> Image.Image:
    """A picture of `text`; see `set_text`, which also says what could not be set as asked."""
    return set_text(text, font, size=size, colour=colour, paper=paper, margin=margin).image


def set_text(
    text: str,
    font: str | Font = DEFAULT_FONT,
    *,
    size: int = 160,
    colour: str | tuple[int, ...] = "#1b2a49",
    paper: str | None = "white",
    margin: float = 0.35,
) -> Rendering:
    """Set one or more lines of text, cropped to the ink and framed.

    `size` is pixels an em and `margin` ems around the ink (never less than a pixel). Colours are names, hex,
    CSS `rgb()` and `rgba()`, or tuples of 0-255. The picture is RGB, RGBA for see-through paper (or None).
    A character that the font lacks is set in another font of ours, and one that all lack is left out; notices
    tell of both. Raises `StylingError` for an unknown font or colour, empty or overlong text, a number out of
    bounds, and a picture of more than 40 megapixels or 16,000 pixels a side.
    """
    chosen = font if isinstance(font, Font) else find_font(font)
    size = round(_number("size", size, MIN_SIZE, MAX_SIZE, "pixels"))
    padding = max(1, round(_number("margin", margin, 0, MAX_MARGIN, "ems") * size))
    ink = _parse_colour(colour)
    ground = (0, 0, 0, 0) if paper is None else _parse_colour(PAPERS.get(str(paper).strip().lower(), paper))
    if ink[3] == 0:
        raise StylingError("The ink colour is fully transparent: choose one that can be seen.")

    casting = _Casting(chosen)
    lines = _clean(text)
    try:
        arranged = _arrange(lines, casting, size)
        if not any(run.text.strip() for runs in arranged for run in runs):
            raise StylingError("No font here has any character of this text: use letters, digits or punctuation.")
        mask = _paint(arranged, _pitch(arranged, _load(chosen, size), size), padding)
    except OSError as problem:  # FreeType opens many a damaged file and stumbles over one of its glyphs
        raise _damaged(chosen.path, problem) from problem
    return Rendering(_coloured(mask, ink, ground), casting.notices())


def specimen(font: str | Font) -> Image.Image:
    """A small picture of what a font looks like, on white."""
    return render_text("Aa Bb 123", font, size=72, margin=0.25)


def _paint(arranged: list[list[_Run]], pitch: float, padding: int) -> Image.Image:
    """Coverage (mode L) of all lines, with `padding` pixels around the ink.

    Script letters reach far outside their advance and the font's ascent, so the canvas follows the ink boxes.
    """
    placed = [(run, i * pitch) for i, runs in enumerate(arranged) for run in runs]
    left = min(run.box[0] for run, _ in placed) - _SLACK
    top = min(run.box[1] + baseline for run, baseline in placed) - _SLACK
    width = math.ceil(max(run.box[2] for run, _ in placed) - left) + _SLACK
    height = math.ceil(max(run.box[3] + baseline for run, baseline in placed) - top) + _SLACK
    _check_area(width + 2 * padding, height + 2 * padding)
    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    for run, baseline in placed:
        draw.text((run.x - left, baseline - top), run.text, fill=255, font=run.face, anchor="ls")
    return _framed(canvas, padding)


def _check_area(width: int, height: int) -> None:
    """Raise `StylingError` for a picture too large to make, before any of it is made."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise StylingError(
            f"This text would make a picture of {width:,} by {height:,} pixels, and {MAX_SIDE:,} a side and "
            f"{MAX_PIXELS / 1e6:.0f} megapixels are the most: choose a smaller size, or break long lines."
        )


def _framed(canvas: Image.Image, padding: int) -> Image.Image:
    box = canvas.getbbox()
    if box is None:
        raise StylingError("This text leaves no ink in this font: use letters and digits, or another font.")
    framed = Image.new("L", (box[2] - box[0] + 2 * padding, box[3] - box[1] + 2 * padding))
    framed.paste(canvas.crop(box), (padding, padding))
    return framed


def _coloured(mask: Image.Image, ink: Colour, ground: Colour) -> Image.Image:
    """Ink through a mask onto a ground; RGB if the ground is opaque, else RGBA."""
    layer = Image.new("RGBA", mask.size, ink)
    layer.putalpha(mask if ink[3] == 255 else mask.point(lambda value: round(value * ink[3] / 255)))
    picture = Image.alpha_composite(Image.new("RGBA", mask.size, ground), layer)
    return picture.convert("RGB") if ground[3] == 255 else picture


# Settings ----------------------------------------------------------------------------------------------


def _number(what: str, value: float, least: float, most: float, unit: str) -> float:
    """`value` as a float from `least` to `most`. Raises `StylingError` otherwise, NaN included."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        raise StylingError(f"This {what} cannot be used: give a number of {unit} from {least:g} to {most:g}.")
    return number


def _parse_colour(colour: str | tuple[int, ...]) -> Colour:
    """A colour as red, green, blue and alpha, 0 to 255 each. Raises `StylingError` for anything else."""
    if isinstance(colour, str):
        return _parse_colour_text(colour)
    try:
        channels = [int(channel) for channel in colour]
    except (TypeError, ValueError, OverflowError):
        channels = []
    if len(channels) not in (3, 4) or not all(0 <= channel <= 255 for channel in channels):
        raise StylingError("This is not a colour: give a name, a hex value, or 3 or 4 numbers from 0 to 255.")
    red, green, blue, alpha = (*channels, 255)[:4]
    return red, green, blue, alpha


def _parse_colour_text(colour: str) -> Colour:
    text = colour.strip().lower()
    css = _CSS_RGB.fullmatch(text[:100])
    try:
        if css:
            red, green, blue = (min(round(float(channel)), 255) for channel in css.groups()[:3])
            # Alpha runs from 0 to 1 here, as in CSS, where Pillow would have it from 0 to 255.
            return red, green, blue, round(255 * min(float(css[4] or 1), 1.0))
        red, green, blue, alpha = ImageColor.getcolor(text, "RGBA")  # type: ignore[misc]
        return red, green, blue, alpha
    except ValueError:
        raise StylingError(
            f"{colour[:40]!r} is not a colour: give a name such as navy, or a hex value such as #1b2a49."
        ) from None
