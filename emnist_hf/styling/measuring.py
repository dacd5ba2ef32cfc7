"""A writer's hand as numbers, measured in the ink of a sketch or a page.

How far handwriting leans.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import Ink, to_ink
from emnist_hf.ink.geometry import LEAST_SKEW, level, upright_ink
from emnist_hf.ink.types import Floats
from emnist_hf.ink.widths import depth, ridge
from emnist_hf.letterforms import CAPITAL, LETTERFORMS
from emnist_hf.styling.baselines import Box, ReadCharacter, checked, degrees, fit_line, page_slope
from emnist_hf.styling.hand import Hand

_FINE = 20  # pixels of width below which strokes are enlarged to be measured


_MOST_ZOOM = 10


_MOST_PARTS = 40


class Reader(Protocol):
    """What reads pages: a `Recognizer`."""

    def read(self, image: Any, *, ink: Ink | None = None) -> Any: ...


@dataclass(frozen=True)
class Part:
    """One character or mark: its ink, and where it stands, in pixels of the coverage; label "" if nobody read it."""

    label: str
    ink: Floats
    box: Box
    line: int
    word: int


def estimate_hand(source: Any, characters: Sequence[ReadCharacter] = ()) -> Hand:
    """Measure the hand in a picture, or in ink that was found already.

    source: anything `to_ink` takes, or an `Ink`. characters: what was read in the picture, where it was; it makes
    heights, widths and lines certain, and the page is measured as if its lines lay level. Without it, marks that hang
    together are taken for characters, and the picture for level.

    Raises `PictureError` and `NoInkError` as `to_ink` does, `StylingError` for characters that are none.
    """
    checked(characters)
    ink = source if isinstance(source, Ink) else to_ink(source)
    as_found = read_parts(ink, characters) or _found_parts(ink.coverage)
    parts = level_parts(as_found) if as_found and characters else as_found
    x_height = _x_height(parts)
    slant = find_slant([part.ink for part in parts])
    widths, levels = _along(as_found)
    low, median, high = np.percentile(widths, (16, 50, 84))
    return Hand(
        slant=slant,
        pen=float(median) / ink.scale,
        x_height=x_height / ink.scale,
        variation=float((high - low) / 2 / median),
        width=_width(parts, slant),
        waver=_waver(parts, x_height),
        spacing=_spacing(parts, slant, x_height),
        colour=ink.colour,
        texture=float((levels < 0.85).mean()),
    )


def read_hand(image: Any, reader: Reader) -> tuple[Any, Hand]:
    """What is written in a picture, and the hand that wrote it, measured by what was read as `estimate_hand` does it.

    Returns the reader's reading, upright, and the hand. Raises as `to_ink` does.
    """
    ink = to_ink(image)
    reading = reader.read(image, ink=ink)
    upright = reading.upright()
    return upright, estimate_hand(upright_ink(ink, reading.turns), upright.characters)


# --- parts ---


def read_parts(ink: Ink, characters: Sequence[ReadCharacter]) -> list[Part]:
    """The ink in every character's box, without the ends of its neighbours that reach into it."""
    _, marks, stats, _ = cv2.connectedComponentsWithStats((ink.coverage > 0.5).astype(np.uint8), connectivity=8)
    parts = []
    for character in characters:
        left, top, right, bottom = (side * ink.scale for side in character.box)
        window = slice(max(0, int(top)), math.ceil(bottom)), slice(max(0, int(left)), math.ceil(right))
        crop, inside = ink.coverage[window], marks[window]
        if not inside.any():
            continue
        counts = np.bincount(inside.ravel(), minlength=len(stats))
        own = counts > 0.5 * stats[:, cv2.CC_STAT_AREA]
        own[0] = False
        if own[inside].any():  # else it is joined to its neighbours, and all of the box is taken
            crop = np.where(own[inside] | (inside == 0), crop, np.float32(0))
        parts.append(Part(character.label, crop, (left, top, right, bottom), character.line, character.word))
    return parts


def level_parts(parts: list[Part]) -> list[Part]:
    """The parts as they were if their lines lay level: each turned, and all about the picture's upper left corner.

    A page that is a fraction of a degree off stays as it is, since turning costs sharpness. Parts are as `read_parts`
    cut them.
    """
    fall = degrees(page_slope(parts))
    return parts if abs(fall) < LEAST_SKEW else [part for part in (_turned(part, fall) for part in parts) if part]


def _turned(part: Part, fall: float) -> Part | None:
    ink, matrix = level(part.ink, fall)
    rows, columns = np.flatnonzero((ink > 0.5).any(axis=1)), np.flatnonzero((ink > 0.5).any(axis=0))
    if not len(rows):
        return None
    corner = np.floor(part.box[:2])  # of the crop, which begins on a whole pixel
    left, top = matrix[:, :2] @ corner - matrix[:, 2] + (columns[0], rows[0])
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return replace(part, ink=crop, box=(left, top, left + crop.shape[1], top + crop.shape[0]))


def _found_parts(coverage: Floats) -> list[Part]:
    """Marks that hang together, but for specks, in rows: a mark whose middle lies within a row's reach is of it."""
    mask = (coverage > 0.5).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    tallest = max((int(stat[cv2.CC_STAT_HEIGHT]) for stat in stats[1:]), default=0)
    parts: list[Part] = []
    rows: list[Box] = []
    order = sorted(range(1, len(stats)), key=lambda i: -stats[i][cv2.CC_STAT_HEIGHT])
    for i in order:
        left, top, width, height = (int(v) for v in stats[i][:4])
        if height < 0.25 * tallest:
            continue
        middle = top + height / 2
        line = next((n for n, row in enumerate(rows) if row[1] <= middle <= row[3]), len(rows))
        if line == len(rows):
            rows.append((left, top, left + width, top + height))
        window = np.s_[top : top + height, left : left + width]
        crop = np.where(labels[window] == i, coverage[window], np.float32(0))
        parts.append(Part("", crop, (left, top, left + width, top + height), line, 0))
    return sorted(parts, key=lambda part: (rows[part.line][1], part.box[0]))


# --- measures ---


def _x_height(parts: Sequence[Part]) -> float:
    heights = [
        (part.box[3] - part.box[1]) / (LETTERFORMS[part.label].height if part.label in LETTERFORMS else 1.25)
        for part in parts
    ]
    if len(parts) == 1 and parts[0].label not in LETTERFORMS:
        heights = [(parts[0].box[3] - parts[0].box[1]) / CAPITAL]
    return max(float(np.median(heights)), 1.0) if heights else 1.0


def _along(parts: Sequence[Part]) -> tuple[Floats, Floats]:
    """Widths of the strokes along their middle lines, in pixels, and how strong the ink is there; float32 [N] each.

    Thin strokes are enlarged first: a depth is only as fine as a pixel.
    """
    widths, levels = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for part in sorted(parts, key=lambda part: -part.ink.shape[0])[:_MOST_PARTS]:
        zoom = 1
        depths = depth(part.ink > 0.5)
        if 2 * depths.max() < _FINE:
            zoom = min(math.ceil(_FINE / max(2 * float(depths.max()), 1)), _MOST_ZOOM)
        padded = cv2.copyMakeBorder(part.ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        large = cv2.resize(padded, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC) if zoom > 1 else padded
        depths = depth(large > 0.5)
        middle = ridge(depths)
        widths.append(np.asarray((2 * depths[middle] - 0.5) / zoom, np.float32))
        levels.append(np.asarray(large[middle], np.float32))
    joined = np.concatenate(widths)
    return (joined, np.concatenate(levels)) if joined.size else (np.ones(1, np.float32), np.ones(1, np.float32))


def _width(parts: Sequence[Part], slant: float) -> float:
    """Without labels the aspect of a mark is compared with the mean of all letterforms."""
    mean = float(np.mean([form.aspect for form in LETTERFORMS.values()]))
    ratios = []
    for part in parts:
        columns = np.flatnonzero((sheared(part.ink, slant) > 0.5).any(axis=0))
        if columns.size:
            aspect = (columns[-1] - columns[0] + 1) / part.ink.shape[0]
            ratios.append(aspect / (LETTERFORMS[part.label].aspect if part.label in LETTERFORMS else mean))
    return float(np.median(ratios)) if ratios else 1.0


def _lines(parts: Sequence[Part]) -> list[list[Part]]:
    ordered = sorted(parts, key=lambda part: (part.line, part.box[0]))
    return [list(line) for _, line in groupby(ordered, key=lambda part: part.line)]


def _waver(parts: Sequence[Part], x_height: float) -> float:
    distances: list[NDArray[np.float64]] = []
    for line in _lines(parts):
        standing = [p for p in line if p.label not in LETTERFORMS or LETTERFORMS[p.label].bottom == 0]
        if len(standing) >= 3:
            feet = np.array([((p.box[0] + p.box[2]) / 2, p.box[3]) for p in standing])
            distances.append(np.abs(feet[:, 1] - fit_line(feet).at(feet[:, 0])))
    if not distances:
        return 0.0
    return float(1.48 * np.median(np.concatenate(distances)) / x_height)


def _spacing(parts: Sequence[Part], slant: float, x_height: float) -> float | None:
    tangent = math.tan(math.radians(slant))
    gaps = []
    for line in _lines(parts):
        for one, other in pairwise(line):
            if one.word != other.word:
                continue
            gap = _gap(one, other, tangent)
            if gap is not None and gap < 1.2 * x_height:  # beyond it another word begins
                gaps.append(gap)
    return float(np.median(gaps)) / x_height if gaps else None


def _gap(one: Part, other: Part, tangent: float) -> float | None:
    """White between two neighbours along their common height, the lean taken out; pixels."""
    ends = []
    for part, pick in ((one, np.max), (other, np.min)):
        rows, columns = np.nonzero(part.ink > 0.5)
        if not len(rows):
            return None
        upright = columns + part.box[0] + tangent * (rows + part.box[1])
        ends.append(float(pick(upright)))
    return ends[1] - ends[0] - 1


STEEPEST = 50
"""Degrees, to either side, beyond which nothing is looked for."""


_HEIGHT = 48  # pixels to which parts are brought: a degree then moves their tops by most of a pixel


_MOST_SLANT_PARTS = 60


_STEP = 2.0  # degrees


_BROAD = 0.25  # of a part's height: strokes of which hide where they lean


_FEW = 4


_BREAK = 2  # how much less a broken column counts: to this power of the share that is filled


_SPREAD = 50  # degrees: a 3 or an S alone has no upright, and then the lesser lean is the likelier


def find_slant(parts: Sequence[Floats]) -> float:
    """The lean of handwriting in degrees from the vertical, positive to the right.

    parts: the ink of characters or joined words, float32 [h, w] each, 0 to 1.

    Method: shear back by every angle and keep the one whose columns are most often filled by one unbroken stroke, each
    counted by its height squared (Vinciarelli and Luettin, A new normalization technique for cursive handwritten words,
    Pattern Recognition Letters 22, 2001), refined to a fraction of a degree by a parabola through the best three.
    0 where nothing stands up.
    """
    if not parts:
        return 0.0
    chosen = sorted(parts, key=lambda part: -part.shape[0])[:_MOST_SLANT_PARTS]
    tall = [_resized(part) for part in chosen if part.shape[0] >= 4]
    angles = np.arange(-STEEPEST, STEEPEST + 1, _STEP)
    score = sum((_uprightness(part, angles) for part in tall), np.zeros(len(angles)))
    if not score.any():
        return 0.0
    score = np.convolve(np.pad(score, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    if len(tall) < _FEW:
        score *= np.exp(-0.5 * (angles / _SPREAD) ** 2)
    best = int(np.argmax(score))
    if not 0 < best < len(angles) - 1:
        return float(angles[best])
    before, at, after = score[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(angles[best] + (0.5 * _STEP * (before - after) / bend if bend else 0.0))


def sheared(part: Floats, degrees: float) -> Floats:
    """A part with a lean of `degrees` taken out, on a canvas wide enough for it."""
    height, width = part.shape
    tangent = math.tan(math.radians(degrees))
    room = math.ceil(abs(tangent) * height) + 1
    matrix = np.array([[1, tangent, room / 2 - tangent * (height - 1) / 2], [0, 1, 0]])
    size = (width + room, height)
    return np.asarray(cv2.warpAffine(part, matrix, size, flags=cv2.INTER_LINEAR), np.float32)


def _resized(part: Floats) -> Floats:
    """A part at one height for all; broad strokes are thinned to their cores, which lean as they do."""
    depths = depth(part > 0.5)
    if 2 * depths.max() > _BROAD * part.shape[0]:
        part = (depths > 0.6 * depths.max()).astype(np.float32)
        rows = np.flatnonzero(part.any(axis=1))
        part = part[rows[0] : rows[-1] + 1]
    scale = _HEIGHT / part.shape[0]
    if 2 * depths.max() * scale < 3:  # pixels, or shrinking washes a hairline out
        part = cv2.dilate(part, np.ones((round(2 / scale) + 1,) * 2, np.uint8))
    size = (min(max(2, round(part.shape[1] * scale)), 12 * _HEIGHT), _HEIGHT)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(small, np.float32)


def _uprightness(part: Floats, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """For every angle, the sum of the squared heights of columns, less for those that are broken; float64 [angles]."""
    score = np.zeros(len(angles))
    for i, angle in enumerate(angles):
        leant = sheared(part, float(angle))
        mask = leant > 0.25
        filled = leant.sum(axis=0)
        reach = np.maximum(mask.shape[0] - mask.argmax(axis=0) - mask[::-1].argmax(axis=0), 1)
        whole = np.where(mask.any(axis=0), np.minimum(filled / reach, 1), 0)
        score[i] = float((filled.astype(np.float64) ** 2 * whole**_BREAK).sum())
    return score
