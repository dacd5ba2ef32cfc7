"""Words, lines, signs and characters in context as pen strokes with their text: UNIPEN's, with the writer's own scale.

UNIPEN train_r01_v07 (Guyon et al. 1994), CC BY 4.0, doi 10.5281/zenodo.1195803.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.rows import DataError
from emnist_hf.data.strokes import Part

PENS = (20.0, 60.0)
"""Diameters of an ordinary pen, in units of the points."""

UNITS = 600.0
"""Height of an ordinary capital, in units of the points."""


@dataclass(frozen=True)
class WordSet:
    """Pen strokes of N texts.

    points: int16 [P, 2], x right and y down. stroke_offsets: into points. offsets: into strokes, [N + 1]. text, source,
    person, style: [N]. A word's strokes stand where they were written, from 0, 0 at its left and top.
    """

    points: NDArray[np.int16]
    stroke_offsets: NDArray[np.int64]
    offsets: NDArray[np.int64]
    text: NDArray[np.str_]
    source: NDArray[np.str_]
    person: NDArray[np.str_]
    style: NDArray[np.str_]

    @classmethod
    def load(cls, path: Path) -> WordSet:
        """Load a file such as words_train.npz, signs.npz or in_context.npz. Raises `DataError` if it is not one."""
        try:
            with np.load(path, allow_pickle=False) as file:
                text = file["text"]
                offsets = file["word_offsets"] if "word_offsets" in file else file["char_offsets"]
                style = file["style"] if "style" in file else np.zeros(len(text), "U1")
                return cls(file["points"], file["stroke_offsets"], offsets, text, file["source"], file["person"], style)
        except (OSError, ValueError, KeyError):
            raise DataError(
                "{path} is not a file of written words: name one such as UNIPEN's words_train.npz.", path=str(path)
            ) from None

    def __len__(self) -> int:
        return len(self.text)

    def strokes(self, i: int) -> list[NDArray[np.float32]]:
        """Return the strokes of text i, float32 [n, 2] each."""
        bounds = self.stroke_offsets[int(self.offsets[i]) : int(self.offsets[i + 1]) + 1]
        return [self.points[a:b].astype(np.float32) for a, b in itertools.pairwise(bounds)]

    def widths(self) -> NDArray[np.float32]:
        """Return how wide each text is, in units, float32 [N]."""
        x = self.points[:, 0].astype(np.int32)
        starts = self.stroke_offsets[self.offsets[:-1]].astype(np.int64)
        return (np.maximum.reduceat(x, starts) - np.minimum.reduceat(x, starts)).astype(np.float32)

    def rows(self, part: Part) -> NDArray[np.int64]:
        """Return the texts of a part, int64 [n]. Persons are split, never texts."""
        parts = {person: part_of_person(str(person)) for person in np.unique(self.person)}
        return np.flatnonzero(np.array([parts[person] == part for person in self.person], bool))


def part_of_person(person: str) -> Part:
    """Return the part of a person: some 4 % validate and 8 % test, by a hash of the name alone."""
    draw: Any = zlib.crc32(person.encode()) % 100
    return "test" if draw < 8 else "validation" if draw < 12 else "train"


def draw_word(strokes: Sequence[NDArray[Any]], pen: float, scale: float = 0.1, margin: int = 12) -> NDArray[np.uint8]:
    """Draw strokes as they were written, round caps and joins: uint8 [H, W], 255 = ink.

    pen: diameter in units of the points. scale: pixels of a unit. margin: of paper round the ink, in pixels.
    """
    points = np.concatenate(strokes).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = (int(v) for v in (high - low) * scale + 2 * margin)
    canvas = np.zeros((height, width), np.uint8)
    for stroke in strokes:
        fixed = np.rint(((stroke - low) * scale + margin) * 16).astype(np.int32)
        line = np.repeat(fixed, 2, axis=0) if len(stroke) == 1 else fixed
        cv2.polylines(canvas, [line], False, 255, max(1, round(pen * scale)), cv2.LINE_AA, 4)
    return canvas
