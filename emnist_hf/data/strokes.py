"""Pen strokes and what is drawn of them: UNIPEN's real ones, as pictures of a sketchpad and as EMNIST's glyphs.

UNIPEN train_r01_v07 (Guyon et al. 1994), CC BY 4.0, doi 10.5281/zenodo.1195803.
"""

from __future__ import annotations

import itertools
import multiprocessing
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from emnist_hf.data.rows import DataError
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.splits import CHARACTERS

Points = NDArray[np.float64]
J = TypeVar("J")
Part = Literal["train", "validation", "test"]

PAD = 300  # side of a sketchpad, in pixels
HELD_OUT_SOURCES = ("aga", "art", "ced", "gmd", "imp", "pri", "syn", "tos", "uqb")
"""Sources whose strokes are clean enough to test on: the others are jagged or miss strokes."""
MARGIN = 0.175
"""Empty share of the pad on each side: a character then fills 65 % of it, as people draw."""

WORTH_PROCESSES = 5_000  # glyphs: drawing as many takes longer than to start processes for it

_STEP = 0.01  # between points that are smoothed, as a share of the character's longer side
_SHIFT = 4  # fractional bits that cv2 draws with
_OVERSAMPLE = 3  # cv2's own antialiasing is for thin lines: thick ones are drawn larger and shrunk


def draw(
    strokes: Sequence[NDArray[Any]],
    *,
    size: int = 300,
    pen: float = 20.0,
    margin: float = MARGIN,
    ink: tuple[int, int, int] = (0, 0, 0),
    paper: tuple[int, int, int] = (255, 255, 255),
    slant: float = 0.0,
    shake: float = 0.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.uint8]:
    """Draw strokes on a square pad, antialiased, with round caps and joins; uint8 [size, size, 3], sRGB.

    strokes: float [n, 2] each, x to the right and y down, in any unit; scaled to fill the pad but for
    `margin` (share of `size` on each side, measured to the middle of the line). pen: diameter in pixels.
    slant: tangent of a lean to the right. shake: standard deviation, in pixels, of a smooth wobble, which
    takes `rng` (default: seed 0).

    Raises ValueError if there are no points.
    """
    coverage = draw_coverage(strokes, size=size, pen=pen, margin=margin, slant=slant, shake=shake, rng=rng)[:, :, None]
    mixed = coverage * np.asarray(ink, np.float32) + (1 - coverage) * np.asarray(paper, np.float32)
    return np.rint(mixed).astype(np.uint8)


def draw_coverage(
    strokes: Sequence[NDArray[Any]],
    *,
    size: int,
    pen: float,
    margin: float = MARGIN,
    slant: float = 0.0,
    shake: float = 0.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float32]:
    """Draw strokes as `draw` does, but the ink alone: float32 [size, size], 0 to 1."""
    placed = _place(strokes, size, margin, slant)
    if shake > 0:
        generator = rng if rng is not None else np.random.default_rng(0)
        placed = [_wobble(points, shake, generator) for points in placed]
    whole = size * _OVERSAMPLE
    canvas = np.zeros((whole, whole), np.uint8)
    thickness = max(1, round(pen * _OVERSAMPLE))
    factor = _OVERSAMPLE * (1 << _SHIFT)
    # cv2 puts pixel centres at whole numbers, and joins and caps round as soon as a line is thick.
    lines = [np.rint((points + 0.5) * factor - (1 << _SHIFT) / 2).astype(np.int32) for points in placed]
    lines = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in lines]
    cv2.polylines(canvas, lines, False, 255, thickness, cv2.LINE_8, _SHIFT)
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def _place(strokes: Sequence[NDArray[Any]], size: int, margin: float, slant: float) -> list[Points]:
    """Scale strokes to the pad and centre them, keeping the aspect."""
    kept = [np.asarray(points, np.float64) for points in strokes if len(points)]
    if not kept:
        raise ValueError("There are no points to draw.")
    if slant:
        kept = [points * (1, 1) + np.stack([-slant * points[:, 1], np.zeros(len(points))], 1) for points in kept]
    everything = np.concatenate(kept)
    low, high = everything.min(axis=0), everything.max(axis=0)
    longest = float((high - low).max())
    scale = (1 - 2 * margin) * size / longest if longest > 0 else 0.0
    return [(points - (low + high) / 2) * scale + (size - 1) / 2 for points in kept]


def _wobble(points: Points, amount: float, rng: np.random.Generator) -> Points:
    """Add smooth noise along a stroke: an unsteady hand, not a jagged line."""
    noise = rng.normal(size=points.shape)
    reach = max(1, len(points) // 6)
    smooth = cv2.blur(noise, (1, 2 * reach + 1), borderType=cv2.BORDER_REFLECT)
    return points + amount * smooth * np.sqrt(2 * reach + 1)


@dataclass(frozen=True)
class StrokeSet:
    """Handwritten characters as strokes, kept flat.

    points: float [P, 2], x right, y down, each character within 0..1. stroke_offsets: int [S + 1] into
    points. char_offsets: int [N + 1] into strokes. label62: int [N], index into `splits.CHARACTERS`. source,
    writer: str [N].
    """

    points: NDArray[np.floating[Any]]
    stroke_offsets: NDArray[np.int64]
    char_offsets: NDArray[np.int64]
    label62: NDArray[np.int8]
    source: NDArray[np.str_]
    writer: NDArray[np.str_]

    @classmethod
    def load(cls, path: str | Path) -> StrokeSet:
        """Read a strokes.npz; nothing in it is unpickled."""
        with np.load(path, allow_pickle=False) as file:
            return cls(**{name: file[name] for name in cls.__dataclass_fields__})

    def __len__(self) -> int:
        return len(self.char_offsets) - 1

    def strokes(self, i: int) -> list[NDArray[np.float32]]:
        """Return the strokes of character i, float32 [n, 2] each."""
        first, last = int(self.char_offsets[i]), int(self.char_offsets[i + 1])
        bounds = self.stroke_offsets[first : last + 1]
        return [self.points[a:b].astype(np.float32) for a, b in itertools.pairwise(bounds)]

    def label(self, i: int) -> str:
        """Return the character that i is, one of the 62."""
        return CHARACTERS[int(self.label62[i])]

    def rows(self, part: Part) -> NDArray[np.int64]:
        """Return the characters whose writers are in a part, int64 [n]."""
        parts = {w: part_of(str(s), str(w)) for s, w in zip(self.source, self.writer, strict=True)}
        return np.flatnonzero(np.array([parts[w] == part for w in self.writer], dtype=bool))


def part_of(source: str, writer: str) -> Part:
    """Return the part of a writer: of the clean sources about 30 % of the writers test and 10 % validate.

    A hash of the writer's name alone decides, whatever the row. Writers of other sources train, but for some 5 % that
    validate. writer: after a colon, as the same person may stand in two sources.
    """
    draw = zlib.crc32(writer.rpartition(":")[2].encode()) % 1000
    if source in HELD_OUT_SOURCES:
        if draw < 300:
            return "test"
        return "validation" if draw < 400 else "train"
    return "validation" if draw < 50 else "train"


def glyphs(
    stroke_set: StrokeSet,
    rows: Sequence[int] | NDArray[np.integer[Any]],
    *,
    size: int = 120,
    pen: float | tuple[float, float] | NDArray[np.floating[Any]] = 8.0,
    margin: float = MARGIN,
    slant: float = 0.0,
    stretch: float = 0.0,
    shake: float = 0.0,
    smoothing: NDArray[np.floating[Any]] | float = 0.0,
    rng: np.random.Generator | None = None,
    progress: bool = False,
) -> NDArray[np.uint8]:
    """Draw characters and bring them to EMNIST's form; uint8 [N, 28, 28].

    size, margin, shake: as `draw`, in pixels of the pad. pen: one diameter, one for each row, or (low, high)
    to draw from evenly. slant, stretch, shake: standard deviation of a random lean, of the logarithm of width
    over height, and of the wobble. smoothing: as `smooth` takes it, one for all or one for each row.
    """
    generator = rng if rng is not None else np.random.default_rng(0)
    count = len(rows)
    pens = generator.uniform(*pen, size=count) if isinstance(pen, tuple) else np.broadcast_to(pen, count)
    slants = generator.normal(0, slant, count) if slant else np.zeros(count)
    widths = np.exp(generator.normal(0, stretch, count)) if stretch else np.ones(count)
    smoothings = np.broadcast_to(smoothing, count)
    seeds = generator.integers(0, 2**32, count)
    jobs = (
        _Job(
            strokes=stroke_set.strokes(int(row)),
            smoothing=float(smoothings[i]),
            width=float(widths[i]),
            drawing={"size": size, "margin": margin, "pen": float(pens[i]), "slant": float(slants[i]), "shake": shake},
            seed=int(seeds[i]),
        )
        for i, row in enumerate(rows)
    )
    return make_glyphs(_glyph, jobs, count, progress)


def make_glyphs(
    act: Callable[[J], NDArray[np.uint8]], jobs: Iterable[J], count: int, progress: bool
) -> NDArray[np.uint8]:
    """Return what `act` makes of each of `count` jobs, uint8 [count, 28, 28]; of many in a process a processor.

    These start afresh: the child of a process that has threads, as torch makes them, may hang. Threads are no quicker
    than none.
    """
    if count >= WORTH_PROCESSES:
        with multiprocessing.get_context("spawn").Pool() as pool:
            return _collect(pool.imap(act, jobs, chunksize=256), count, progress)
    return _collect(map(act, jobs), count, progress)


def _collect(made: Iterable[NDArray[np.uint8]], count: int, progress: bool) -> NDArray[np.uint8]:
    from tqdm import tqdm  # type: ignore[import-untyped]

    images = np.zeros((count, 28, 28), np.uint8)
    for i, image in enumerate(tqdm(made, total=count, unit="glyph", disable=not progress)):
        images[i] = image
    return images


def smooth(strokes: list[NDArray[np.float32]], amount: float) -> list[NDArray[np.float32]]:
    """Low-pass each stroke along its length: the steps of a coarse tablet go, the ends stay.

    amount: standard deviation of the Gaussian, as a share of the character's longer side; 0 changes nothing. The
    strokes, float32 [n, 2] each, are resampled evenly first, since tablets sample by time.
    """
    everything = np.concatenate(strokes)
    longest = float(np.ptp(everything, axis=0).max())
    if amount <= 0 or longest <= 0:
        return strokes
    step = _STEP * longest
    return [_smooth_one(points, step, amount / _STEP) for points in strokes]


def _smooth_one(points: NDArray[np.float32], step: float, sigma: float) -> NDArray[np.float32]:
    lengths = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    count = round(along[-1] / step) + 1
    if count < 3:
        return points
    places = np.linspace(0, along[-1], count)
    even = np.stack([np.interp(places, along, points[:, axis]) for axis in (0, 1)], axis=1)
    # Mirrored through its ends, a stroke keeps them.
    reach = min(count - 1, round(3 * sigma))
    before, after = 2 * even[0] - even[reach:0:-1], 2 * even[-1] - even[-2 : -2 - reach : -1]
    padded = gaussian_filter1d(np.concatenate([before, even, after]), sigma, axis=0)
    return padded[reach : reach + count].astype(np.float32)


class _Job(NamedTuple):
    """A character to draw: what is done to its strokes, and what `draw_coverage` takes."""

    strokes: list[NDArray[np.float32]]
    smoothing: float
    width: float
    drawing: dict[str, Any]
    seed: int


def _glyph(job: _Job) -> NDArray[np.uint8]:
    stretched = [points * np.array([job.width, 1], np.float32) for points in smooth(job.strokes, job.smoothing)]
    rng = np.random.default_rng(job.seed) if job.drawing["shake"] else None
    return to_glyph(draw_coverage(stretched, rng=rng, **job.drawing))


def open_strokes(path: Path) -> StrokeSet:
    """Load a strokes file. Raises `DataError` if it is not one."""
    if not path.is_file():
        raise DataError(f"There is no file {path}: name a file of strokes such as UNIPEN's strokes.npz.")
    try:
        return StrokeSet.load(path)
    except (OSError, ValueError, KeyError):  # NumPy's own words advise to unpickle it
        raise DataError(f"{path} is not a file of strokes: name one such as UNIPEN's strokes.npz.") from None
