"""Pages of handwriting composed by us: known text, known boxes, and paper in every condition.

Each character is drawn by a `Hand`, from a font that looks hand-printed (`font_hand`) or from real strokes
(`stroke_hand`), and set unsteadily on its line. `compose` lays the ink on synthetic paper and has it photographed badly
(`photograph.photograph`). Training, benchmarks and tests use the same pages; a seed gives the same page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.data.photograph import photograph
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import CHARACTERS

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]

TEXTS = (
    ("Buy 2 loaves of bread", "and 12 eggs on Friday", "then meet Anna at 4", "near the old bridge"),
    ("PACK A TENT AND 3 ROPES", "FILL THE GAS BOTTLE", "BRING WARM SOCKS", "CALL JIM BY NOON"),
    ("The quick brown fox jumps", "over the lazy dog while", "five wizards box quietly", "with a sphinx of quartz"),
    ("Dear Paul, thank you for", "your letter of May 17.", "We hope to visit in June", "and will bring the kids."),
    ("Room 205 Floor 3", "Tel 0171 4938 265", "Ask for Mr Young", "Code 8841"),
)
"""What the pages say: small letters, capitals, digits, and a little punctuation."""


@dataclass(frozen=True)
class Page:
    """A composed page: uint8 [H, W, 3], its text, and each character with its box in the picture's pixels."""

    picture: NDArray[np.uint8]
    text: str
    characters: list[tuple[str, Box]]


Hand = Callable[[str, int, np.random.Generator], tuple[Floats, float]]
"""Draws a character at a size (em, in pixels): its ink, float32 [h, w], and its top's height over the baseline."""


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def font_hand(path: Path) -> Hand:
    """Return a hand that writes with the font in a file, each letter a little turned, slanted and sized anew."""

    def draw(character: str, size: int, rng: np.random.Generator) -> tuple[Floats, float]:
        font = _font(path, round(size * rng.normal(1, 0.03)))
        left, top, right, bottom = (int(side) for side in font.getbbox(character, anchor="ls"))
        pad = 6
        sheet = Image.new("L", (right - left + 2 * pad, bottom - top + 2 * pad))
        ImageDraw.Draw(sheet).text((pad - left, pad - top), character, fill=255, font=font, anchor="ls")
        ink = np.asarray(sheet, np.float32) / 255
        turn, lean = rng.normal(0, 0.03), rng.normal(0, 0.04)
        height, width = ink.shape
        matrix = np.array([[1, lean + turn, -(lean + turn) * height / 2], [-turn, 1, turn * width / 2]])
        return cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_CUBIC).clip(0, 1), float(pad - top)

    return draw


def compose(
    lines: Sequence[str],
    hand: Hand,
    condition: str = "plain",
    *,
    size: int = 64,
    seed: int = 0,
    skew: float | None = None,
    spacing: float = 0.12,
    lean: float = 0.0,
) -> Page:
    """Return a page of lines that a hand wrote, on paper of a condition out of `photograph.PAGE_CONDITIONS`.

    size: the em in pixels; a small letter is about half as high. skew: degrees, clockwise; by the condition where None.
    spacing: extra space between letters, in ems. lean: of the letters, degrees to the right.
    """
    rng = np.random.default_rng(seed)
    if condition == "small":
        size = round(size * 0.45)
    ink, placed = _write(lines, hand, size, spacing, lean, rng)
    if skew is None:
        skew = float(rng.choice([-1, 1]) * rng.uniform(3, 10)) if condition == "skewed" else float(rng.normal(0, 0.4))
    turned, matrix = _turn(ink, skew)
    characters = [(character, _box(points, matrix)) for character, points in placed]
    picture = photograph(turned, condition, size, matrix, rng)
    return Page(picture, "\n".join(lines), characters)


def on_table(page: Page, seed: int = 0, shade: int = 100, sides: str = "lrtb") -> Page:
    """Return the page as a sheet on a wooden table, turned a little and throwing a shadow.

    shade: of the wood, red of 255. sides: on which of left, right, top and bottom the table shows.
    """
    rng = np.random.default_rng(seed)
    height, width = page.picture.shape[:2]
    margin = round(0.18 * max(height, width))
    left, right, top, bottom = (margin * (side in sides) for side in "lrtb")
    size = (width + left + right, height + top + bottom)
    grain = cv2.GaussianBlur(rng.normal(0, 1, size[::-1]).astype(np.float32), (0, 0), 30, sigmaY=1.2) * 60
    table = np.array((shade, 0.72 * shade, 0.5 * shade), np.float32) + grain[:, :, None]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 3)), 1.0)
    matrix[:, 2] += (left, top)
    sheet = cv2.warpAffine(np.ones((height, width), np.float32), matrix, size)[:, :, None]
    shadow = cv2.GaussianBlur(np.roll(sheet[:, :, 0], (6, 5), (0, 1)), (0, 0), 6)[:, :, None]
    paper = cv2.warpAffine(page.picture, matrix, size).astype(np.float32)
    picture = table * (1 - 0.4 * shadow) * (1 - sheet) + paper * sheet + rng.normal(0, 2.5, (*size[::-1], 3))
    corners = [np.array([box[:2], (box[0], box[3]), box[2:], (box[2], box[1])], float) for _, box in page.characters]
    characters = [(c, _box(points, matrix)) for (c, _), points in zip(page.characters, corners)]
    return Page(picture.clip(0, 255).astype(np.uint8), page.text, characters)


def _write(
    lines: Sequence[str], hand: Hand, size: int, spacing: float, lean: float, rng: np.random.Generator
) -> tuple[Floats, list[tuple[str, NDArray[np.float64]]]]:
    """Return the ink of all lines, float32 [H, W], and where that of each character is, float64 [n, 2], x and y."""
    pitch, margin = round(1.45 * size), size
    drawn = [[None if c == " " else hand(c, size, rng) for c in line] for line in lines]
    gap = lambda: max(1, round(size * (spacing + rng.normal(0, 0.02))))  # noqa: E731
    width = 2 * margin + max(
        sum(round(0.4 * size) if d is None else d[0].shape[1] - 8 + round(size * (spacing + 0.08)) for d in line)
        for line in drawn
    )
    aside = round(abs(np.tan(np.radians(lean))) * 1.5 * size)  # how far letters lean beyond where they stand
    ink = np.zeros((2 * margin + pitch * len(lines) + size // 2, width + 2 * aside), np.float32)
    placed = []
    for row, line in enumerate(drawn):
        x, drift = margin + aside + int(rng.integers(0, size // 2)), rng.normal(0, 0.01)
        for character, one in zip(lines[row], line):
            if one is None:
                x += round(0.4 * size)
                continue
            glyph, above = one
            base = margin + pitch * row + size + drift * (x - margin) + rng.normal(0, 0.02) * size
            top, left = max(0, round(base - above)), x - 6
            columns = np.flatnonzero((glyph > 0.5).any(axis=0))
            x += int(columns.max(initial=0)) - 6 + gap() if len(columns) else gap()
            glyph, moved = _leaning(glyph, above, lean)
            left -= moved
            part = ink[top : top + glyph.shape[0], left : left + glyph.shape[1]]
            np.maximum(part, glyph[: part.shape[0], : part.shape[1]], out=part)
            rows, columns = np.nonzero(glyph > 0.5)
            placed.append((character, np.stack([columns + left, rows + top], axis=1).astype(np.float64)))
    return ink, placed


def _leaning(glyph: Floats, above: float, lean: float) -> tuple[Floats, int]:
    """Return a glyph sheared about its baseline, `above` pixels under its top, and how far it grew to the left."""
    if not lean:
        return glyph, 0
    tangent = float(np.tan(np.radians(lean)))
    height, width = glyph.shape
    left = int(np.ceil(max(-tangent * above, tangent * (height - above), 0)))
    right = int(np.ceil(max(tangent * above, -tangent * (height - above), 0)))
    matrix = np.array([[1, -tangent, tangent * above + left], [0, 1, 0]])
    return cv2.warpAffine(glyph, matrix, (width + left + right, height), flags=cv2.INTER_LINEAR), left


def _turn(ink: Floats, skew: float) -> tuple[Floats, NDArray[np.float64]]:
    """Return ink turned by degrees, clockwise, on a sheet that holds it all, and the matrix of that, float64 [2, 3]."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -skew, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(height * sin + width * cos) + 1, int(height * cos + width * sin) + 1)
    matrix[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    return cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), matrix


def _box(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> Box:
    """Return the box of points float64 [n, 2] that a matrix moves: left, top, right, bottom, in whole pixels."""
    if not len(points):
        return 0, 0, 0, 0
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    low, high = np.floor(moved.min(axis=0)), np.ceil(moved.max(axis=0)) + 1
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


# --- hands of real strokes ---

_TOP = np.array([LETTERFORMS[c].top for c in CHARACTERS])
_BOTTOM = np.array([LETTERFORMS[c].hand_bottom for c in CHARACTERS])
"""Where the ink of each of the 62 characters ends, in x-heights over the baseline."""


def writers(strokes: StrokeSet, least: int = 50) -> list[str]:
    """Return the test writers of a stroke set who wrote at least so many of the 62 characters."""
    rows = strokes.rows("test")
    return sorted(
        w for w in set(strokes.writer[rows]) if len(set(strokes.label62[rows][strokes.writer[rows] == w])) >= least
    )


def stroke_hand(strokes: StrokeSet, writer: str, pen: float = 0.06) -> Hand:
    """Return the hand of one writer, for a missing character that of others. pen: diameter in ems."""
    rows = strokes.rows("test")
    own = rows[strokes.writer[rows] == writer]

    def draw(character: str, size: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
        if character not in CHARACTERS:
            return _sign(character, size, pen)
        label = CHARACTERS.index(character)
        chosen = own[strokes.label62[own] == label]
        if not len(chosen):
            chosen = rows[strokes.label62[rows] == label]
        return _drawn(strokes.strokes(int(rng.choice(chosen))), label, size, pen, rng)

    return draw


def _drawn(
    lines: list[NDArray[np.float32]], label: int, size: int, pen: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], float]:
    """Draw strokes so that they reach from the bottom to the top of their place on the line."""
    x_height = 0.42 * size * rng.normal(1, 0.04)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.maximum(high - low, 1e-3)
    scale = x_height * (_TOP[label] - _BOTTOM[label]) / extent[1]
    scale = min(scale, 1.3 * size / extent[0])
    width, height = (int(v) + 1 for v in extent * scale)
    pad = 6 + round(pen * size)
    canvas = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    placed = [np.rint(((line - low) * scale + pad) * 16).astype(np.int32) for line in lines]
    placed = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in placed]
    cv2.polylines(canvas, placed, False, 255, max(1, round(pen * size)), cv2.LINE_AA, 4)
    ink = canvas.astype(np.float32) / np.float32(255)
    ink = ink[:, pad - 6 : canvas.shape[1] - pad + 6] if pad > 6 else ink
    return ink, pad + _TOP[label] * x_height


def _sign(character: str, size: int, pen: float) -> tuple[NDArray[np.float32], float]:
    """Draw a full stop, comma, apostrophe or hyphen."""
    x = 0.42 * size
    ends = {".": ((0, 0), (0, 0)), ",": ((1, -2), (-1, 5)), "'": ((1, -40), (0, -32)), "-": ((0, -14), (9, -14))}
    a, b = (np.array(end) * x / 28 for end in ends[character])
    canvas = np.zeros((2 * size, size), np.uint8)
    origin = np.array((size / 3, 1.4 * size))
    first, second = (tuple(int(v) for v in np.rint((origin + end) * 16)) for end in (a, b))
    cv2.line(canvas, first, second, 255, max(2, round(1.3 * pen * size)), cv2.LINE_AA, 4)
    rows, columns = np.nonzero(canvas > 127)
    left, top = columns.min() - 6, rows.min() - 6
    cut = canvas[top : rows.max() + 7, left : columns.max() + 7]
    return cut.astype(np.float32) / np.float32(255), float(1.4 * size - top)
