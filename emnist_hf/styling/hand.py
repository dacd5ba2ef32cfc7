"""A writer's hand as numbers, measured in the ink of a sketch or a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby, pairwise
from numbers import Real
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import Ink, to_ink
from emnist_hf.skew import LEAST_SKEW, level
from emnist_hf.styling.baselines import Box, ReadCharacter, checked, degrees, fit_line, page_slope
from emnist_hf.styling.colours import parse_colour
from emnist_hf.styling.fonts import StylingError
from emnist_hf.styling.letterforms import CAPITAL, LETTERFORMS
from emnist_hf.styling.slant import find_slant, sheared
from emnist_hf.upright import upright_ink
from emnist_hf.widths import Floats, depth, ridge

_FINE = 20  # pixels of width below which strokes are enlarged to be measured
_MOST_ZOOM = 10
_MOST_PARTS = 40


@dataclass(frozen=True)
class Hand:
    """How somebody writes. Raises `StylingError` for numbers that no hand has, such as a pen of 0.

    slant: degrees from the vertical, positive to the right, of a page that lies level; see `slant.find_slant`.
    pen: median width of the strokes in pixels of the picture, twice the depth of the ink along its middle lines.
    x_height: height of a small x in pixels of the picture: the median over the characters of their height by that of
    their letterform; without labels, the median height of the marks by 1.25, midway between x and capital.
    variation: how much the width of the strokes varies, half the range of its middle 68 % by the median; a felt pen has
    0.1, a pointed pen 0.5.
    width: of the characters, the lean taken out, by that of UNIPEN's writers (1 is as theirs); the median.
    waver: how far characters stray from their line, in x-heights: 1.48 times the median distance of their feet from the
    line fitted through the feet of those without descenders.
    spacing: median white between neighbours in a word, the lean taken out, in x-heights; None for a lone character.
    colour: median sRGB of the ink's core.
    texture: how the pen lifts and starves: the share of the strokes' middle lines, 0 to 1, where the ink is below
    0.85 of full.
    """

    slant: float
    pen: float
    x_height: float
    variation: float
    width: float
    waver: float
    spacing: float | None
    colour: tuple[int, int, int]
    texture: float

    def __post_init__(self) -> None:
        sizes = (self.pen, self.x_height, self.width)
        shares = (self.variation, self.waver, self.texture)
        known = (*sizes, *shares, self.slant, 0.0 if self.spacing is None else self.spacing)
        if not all(isinstance(number, Real) and math.isfinite(number) for number in known):
            raise StylingError("These are no measures of a hand: all but the colour are finite numbers.")
        if min(sizes) <= 0 or min(shares) < 0:
            raise StylingError("These are no measures of a hand: pen, x-height and width are above 0, no share below.")
        parse_colour(self.colour)

    @property
    def weight(self) -> float:
        """The pen's width in x-heights."""
        return self.pen / self.x_height

    def as_json(self) -> dict[str, Any]:
        """All numbers, rounded, and the weight."""
        numbers = {name: round(v, 3) if isinstance(v, float) else v for name, v in asdict(self).items()}
        return numbers | {"weight": round(self.weight, 3), "colour": "#{:02x}{:02x}{:02x}".format(*self.colour)}


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


def check_hand(hand: Any) -> None:
    """Raises `StylingError` for anything but a `Hand`."""
    if not isinstance(hand, Hand):
        raise StylingError("This is no writer's hand: give what `estimate_hand` returns.")


# --- in words ---

_COLOURS = (
    ("black", (25, 25, 28)),
    ("grey", (125, 125, 125)),
    ("white", (245, 245, 245)),
    ("blue-black", (27, 40, 70)),
    ("blue", (40, 65, 130)),
    ("blue", (35, 70, 190)),
    ("light blue", (110, 165, 225)),
    ("turquoise", (30, 150, 160)),
    ("green", (35, 125, 60)),
    ("green", (30, 75, 45)),
    ("olive", (110, 115, 40)),
    ("yellow", (235, 210, 60)),
    ("orange", (230, 130, 40)),
    ("red", (200, 40, 45)),
    ("pink", (230, 130, 170)),
    ("violet", (105, 55, 150)),
    ("brown", (110, 70, 40)),
)


def colour_name(colour: tuple[int, int, int]) -> str:
    """The name nearest in CIE L*a*b*."""
    colours = np.array([colour, *(value for _, value in _COLOURS)], np.uint8)[None].astype(np.float32) / 255
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[0]
    return _COLOURS[int(np.argmin(np.linalg.norm(lab[1:] - lab[0], axis=1)))][0]


def _in_steps(value: float, steps: Sequence[tuple[float, str]], last: str) -> str:
    return next((words for below, words in steps if value < below), last)


def describe(hand: Hand) -> str:
    """The hand in words: "leans 12 degrees to the right, fine pen, blue". Raises `StylingError` for what is no hand."""
    check_hand(hand)
    degrees = round(abs(hand.slant))
    lean = (
        "stands upright" if degrees < 3 else f"leans {degrees} degrees to the {'right' if hand.slant > 0 else 'left'}"
    )
    pen = _in_steps(hand.weight, ((0.11, "fine"), (0.2, "medium"), (0.32, "broad")), "very broad")
    words = [lean, f"{pen} pen"]
    words += ["thick and thin strokes"] if hand.variation > 0.35 else []
    words += [_in_steps(hand.width, ((0.8, "narrow letters"), (1.25, "")), "wide letters")]
    words += [_in_steps(hand.waver, ((0.08, ""),), "a baseline that wavers")]
    if hand.spacing is not None:
        words += [_in_steps(hand.spacing, ((0.0, "joined letters"), (0.12, "closely set"), (0.5, "")), "widely set")]
    words += ["an uneven line"] if hand.texture > 0.3 else []
    return ", ".join([*(word for word in words if word), colour_name(hand.colour)])
