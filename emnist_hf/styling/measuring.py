"""A writer's hand measured in the ink of a sketch or a page: cut into parts, put level, and measured part by part."""

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
from emnist_hf.splits import LabelSet
from emnist_hf.styling.baselines import ReadCharacter, check_characters, fit_line, page_slope, x_height_of
from emnist_hf.styling.hand import Hand
from emnist_hf.styling.outline import Box
from emnist_hf.styling.slant import find_slant, sheared

_FINE = 20  # pixels of width below which strokes are enlarged to be measured
_MOST_ZOOM = 10
_MOST_PARTS = 40


class Reader(Protocol):
    """What reads pages and glyphs: a `Recognizer`."""

    @property
    def label_set(self) -> LabelSet: ...

    def predict_proba(self, glyphs: Any) -> Floats: ...

    def not_a_character(self, glyphs: Any) -> Floats | None: ...

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

    Raise `PictureError` and `NoInkError` as `to_ink` does, `StylingError` for characters that are none.
    """
    check_characters(characters)
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
    """Read what is written in a picture, and measure the hand that wrote it by what was read, as `estimate_hand` does.

    Return the reader's reading, upright, and the hand. Raise as `to_ink` does.
    """
    ink = to_ink(image)
    reading = reader.read(image, ink=ink)
    upright = reading.upright()
    return upright, estimate_hand(upright_ink(ink, reading.turns), upright.characters)


# --- parts ---


def read_parts(ink: Ink, characters: Sequence[ReadCharacter]) -> list[Part]:
    """Return the ink in every character's box, without the ends of its neighbours that reach into it."""
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


def _found_parts(coverage: Floats) -> list[Part]:
    """Return marks that hang together, but for specks, in rows, to which those belong whose middle is within reach."""
    mask = (coverage > 0.5).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    tallest = max((int(stat[cv2.CC_STAT_HEIGHT]) for stat in stats[1:]), default=0)
    parts: list[Part] = []
    rows: list[Box] = []
    for i in sorted(range(1, len(stats)), key=lambda i: -stats[i][cv2.CC_STAT_HEIGHT]):
        left, top, width, height = (int(v) for v in stats[i][:4])
        if height < 0.25 * tallest:
            continue
        box = (left, top, left + width, top + height)
        middle = top + height / 2
        line = next((n for n, row in enumerate(rows) if row[1] <= middle <= row[3]), len(rows))
        if line == len(rows):
            rows.append(box)
        window = np.s_[top : top + height, left : left + width]
        crop = np.where(labels[window] == i, coverage[window], np.float32(0))
        parts.append(Part("", crop, box, line, 0))
    return sorted(parts, key=lambda part: (rows[part.line][1], part.box[0]))


def level_parts(parts: list[Part]) -> list[Part]:
    """Return the parts as if their lines lay level: each turned, and all about the picture's upper left corner.

    A page that is a fraction of a degree off stays as it is, since turning costs sharpness. Parts are as `read_parts`
    cut them.
    """
    fall = math.degrees(math.atan(page_slope(parts)))
    return parts if abs(fall) < LEAST_SKEW else [part for part in (_turned(part, fall) for part in parts) if part]


def _turned(part: Part, fall: float) -> Part | None:
    ink, matrix = level(part.ink, fall)
    if not (ink > 0.5).any():
        return None
    crop, left, top = cropped(ink, 0.5)
    corner = np.floor(part.box[:2])  # of the crop, which begins on a whole pixel
    left, top = matrix[:, :2] @ corner - matrix[:, 2] + (left, top)
    return replace(part, ink=crop, box=(left, top, left + crop.shape[1], top + crop.shape[0]))


def cropped(ink: Floats, least: float) -> tuple[Floats, int, int]:
    """Return ink without the rows and columns around it that nowhere reach `least`, and how many left and above."""
    rows, columns = (np.flatnonzero((ink > least).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], int(columns[0]), int(rows[0])


# --- measures ---


def _x_height(parts: Sequence[Part]) -> float:
    """Return the median height of an x in pixels, at least 1; a lone mark that nobody read is taken for a capital."""
    if not parts:
        return 1.0
    if len(parts) == 1 and parts[0].label not in LETTERFORMS:
        return max((parts[0].box[3] - parts[0].box[1]) / CAPITAL, 1.0)
    return max(float(np.median([x_height_of(part) for part in parts])), 1.0)


def _along(parts: Sequence[Part]) -> tuple[Floats, Floats]:
    """Return widths of the strokes along their middle lines, in pixels, and how strong the ink is there; float32 [N].

    Thin strokes are enlarged first: a depth is only as fine as a pixel.
    """
    widths, levels = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for part in sorted(parts, key=lambda part: -part.ink.shape[0])[:_MOST_PARTS]:
        broadest = 2 * float(depth(part.ink > 0.5).max())
        zoom = min(math.ceil(_FINE / max(broadest, 1)), _MOST_ZOOM) if broadest < _FINE else 1
        padded = cv2.copyMakeBorder(part.ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        large = cv2.resize(padded, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC) if zoom > 1 else padded
        depths = depth(large > 0.5)
        middle = ridge(depths)
        widths.append((2 * depths[middle] - np.float32(0.5)) / np.float32(zoom))
        levels.append(large[middle])
    joined = np.concatenate(widths)
    return (joined, np.concatenate(levels)) if joined.size else (np.ones(1, np.float32), np.ones(1, np.float32))


def stroke_of(ink: Floats) -> float:
    """Return the median width of the strokes in ink, float32 [H, W], in its pixels and to a tenth of one."""
    return float(np.median(_along([Part("", ink, (0, 0, 0, 0), 0, 0)])[0]))


def _width(parts: Sequence[Part], slant: float) -> float:
    """Return the median width by that of the letterform; without a label, by the mean of all letterforms."""
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
    """Return how far feet stray from the line through those without descenders, in x-heights."""
    distances: list[NDArray[np.float64]] = []
    for line in _lines(parts):
        standing = [p for p in line if p.label not in LETTERFORMS or LETTERFORMS[p.label].bottom == 0]
        if len(standing) >= 3:
            feet = np.array([((p.box[0] + p.box[2]) / 2, p.box[3]) for p in standing])
            distances.append(np.abs(feet[:, 1] - fit_line(feet).at(feet[:, 0])))
    return float(1.48 * np.median(np.concatenate(distances)) / x_height) if distances else 0.0


def _spacing(parts: Sequence[Part], slant: float, x_height: float) -> float | None:
    """Return the median white between neighbours in a word, in x-heights; None where there are none."""
    tangent = math.tan(math.radians(slant))
    neighbours = (pair for line in _lines(parts) for pair in pairwise(line) if pair[0].word == pair[1].word)
    gaps = [gap_between(one, other, tangent) for one, other in neighbours]
    near = [gap for gap in gaps if gap is not None and gap < 1.2 * x_height]  # beyond it another word begins
    return float(np.median(near)) / x_height if near else None


def gap_between(one: Part, other: Part, tangent: float) -> float | None:
    """Return the white between two neighbours along their common height, the lean taken out; pixels."""
    ends = []
    for part, pick in ((one, np.max), (other, np.min)):
        rows, columns = np.nonzero(part.ink > 0.5)
        if not len(rows):
            return None
        upright = columns + part.box[0] + tangent * (rows + part.box[1])
        ends.append(float(pick(upright)))
    return ends[1] - ends[0] - 1
