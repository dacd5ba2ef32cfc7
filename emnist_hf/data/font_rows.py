"""Handwriting fonts as writers of characters: each drawing bent, leant and inked by another hand.

Outlines are drawn large and the picture is bent by one smooth field: what moves a stroke by itself, as `other_hands`
does, would tear outlines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.data.rows import Rows
from emnist_hf.data.strokes import make_glyphs
from emnist_hf.ink.glyph import SIDE, to_glyph
from emnist_hf.ink.types import Floats
from emnist_hf.splits import CHARACTERS, CHARSETS, LOWERCASE

EM, PAD = 110, 144  # pixels
TURN, LEAN, WIDTH, BEND = math.radians(5), 0.12, 0.12, 0.03  # standard deviations; the last as a share of the pad
PEN = 0.035  # how much a pen may be wider, as a share of the em; half as much narrower
ALIKE = 0.93  # correlation of a capital and a small letter above which the font has only one of them
ACCENTED = "éßä"
"""Letters that are none of the 62: what reads characters alone is not to take them for one."""

HELD_OUT = (
    "architects-daughter",
    "bad-script",
    "coming-soon",
    "gamja-flower",
    "mansalva",
    "nothing-you-could-do",
    "short-stack",
    "yomogi",
)
"""Families that validate and are never learnt from: printed and cursive, thin and broad."""


def is_held_out(path: Path) -> bool:
    """Whether a font is never learnt from."""
    return path.name.startswith(HELD_OUT)


def font_rows(fonts: Sequence[Path], hands: int, seed: int = 0, progress: bool = False) -> Rows:
    """Draw the 62 characters of each font by `hands` hands; those that a font has not, or has twice, are left out."""
    known = [(path, character) for path in fonts for character in characters_of(path)]
    drawn = _draw(known * hands, seed, progress)
    labels = np.array([CHARACTERS.index(character) for _, character in known] * hands, np.int64)
    return Rows(drawn, labels, CHARSETS["byclass"])


def accented_glyphs(fonts: Sequence[Path], hands: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw `ACCENTED` of each font that has them, as `font_rows` does: uint8 [N, 28, 28]."""
    known = [(path, character) for path in fonts for character in ACCENTED if ord(character) in _code_points(path)]
    return _draw(known * hands, seed, False)


def characters_of(path: Path) -> str:
    """Return which of the 62 a font draws. Where small letters are capitals, they are left out."""
    found = [character for character in CHARACTERS if ord(character) in _code_points(path)]
    twice = {c for c in LOWERCASE if c in found and c.upper() in found and _look_alike(path, c)}
    # O and o, S and s look alike in every hand: only a font whose other letters do has no small ones.
    return "".join(c for c in found if c not in LOWERCASE) if twice & set("aegr") else "".join(found)


def _look_alike(path: Path, letter: str) -> bool:
    small, capital = (to_glyph(_plain(path, c)).astype(np.float32).ravel() for c in (letter, letter.upper()))
    return float(np.corrcoef(small, capital)[0, 1]) > ALIKE


@cache
def _font(path: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), EM)


@cache
def _code_points(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as file:
        return frozenset(file.getBestCmap())


def _plain(path: Path, character: str) -> Floats:
    """Draw a character as the font has it, in the middle of a pad: float32 [PAD, PAD], 0 to 1."""
    left, top, right, bottom = _font(path).getbbox(character)
    scale = min(1.0, 0.8 * PAD / max(right - left, bottom - top, 1))
    font = _font(path) if scale == 1 else ImageFont.truetype(str(path), int(EM * scale))
    sheet = Image.new("L", (PAD, PAD))
    left, top, right, bottom = font.getbbox(character)
    at = ((PAD - left - right) / 2, (PAD - top - bottom) / 2)
    ImageDraw.Draw(sheet).text(at, character, fill=255, font=font)
    return np.asarray(sheet, np.float32) / np.float32(255)


class _Job(NamedTuple):
    path: Path
    character: str
    seed: int


def _draw(known: Sequence[tuple[Path, str]], seed: int, progress: bool) -> NDArray[np.uint8]:
    if not known:
        return np.zeros((0, SIDE, SIDE), np.uint8)
    seeds = np.random.default_rng(seed).integers(0, 2**32, len(known))
    jobs = (_Job(path, character, int(own)) for (path, character), own in zip(known, seeds, strict=True))
    return make_glyphs(_glyph, jobs, len(known), progress)


def _glyph(job: _Job) -> NDArray[np.uint8]:
    rng = np.random.default_rng(job.seed)
    ink = cv2.remap(_plain(job.path, job.character), *_field(rng), cv2.INTER_LINEAR)
    wider = rng.uniform(-PEN / 2, PEN) * EM
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(abs(wider)) + 1,) * 2)
    changed = cv2.dilate(ink, kernel) if wider > 0 else cv2.erode(ink, kernel)
    kept = changed if wider > 0 or changed.sum() > 0.5 * ink.sum() else ink  # a hairline would vanish
    return to_glyph(np.asarray(kept, np.float32))


def _field(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return where each pixel of the pad is read from, x and y, float32 [PAD, PAD] each: turned, leant, bent."""
    angle, lean = rng.normal(0, TURN), rng.normal(0, LEAN)
    wide, high = np.exp(rng.normal(0, WIDTH, 2) / 2)
    cosine, sine = math.cos(angle), math.sin(angle)
    matrix = np.array([[wide, lean], [0, high]]) @ np.array([[cosine, -sine], [sine, cosine]])
    y, x = np.mgrid[:PAD, :PAD] - (PAD - 1) / 2
    bend = [cv2.resize(rng.normal(0, BEND * PAD, (4, 4)), (PAD, PAD), interpolation=cv2.INTER_CUBIC) for _ in range(2)]
    places = [row[0] * x + row[1] * y + (PAD - 1) / 2 + moved for row, moved in zip(matrix, bend)]
    return places[0].astype(np.float32), places[1].astype(np.float32)
