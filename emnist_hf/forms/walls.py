"""What is written in cells: the walls taken out of the ink, strokes across them kept whole, and each given its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.forms.cells import Quad, sides
from emnist_hf.ink.geometry import Matrix
from emnist_hf.ink.types import Floats, Mask

INK = 0.35
"""Coverage from which a pixel is ink."""

OWN = 0.75
"""Share of a stroke in one cell from which all of it belongs to that cell."""

WITHIN = 0.4
"""Share of a stroke in cells below which it is none of theirs: a label that touches a wall."""

RESIDUE = 0.6
"""Share of a stroke's pixels beside a wall from which it is what is left of the wall."""

SPECK = 0.1
"""Size of a stroke below which it is a speck, of the shorter side of its cell, or of an ordinary one: a big box holds
text no larger than others."""


@dataclass(frozen=True)
class Part:
    """A stroke in a cell: its box (left, top, right, bottom) in the pixels of the coverage, and its pixels of ink."""

    box: tuple[int, int, int, int]
    area: int
    label: int

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]


class Written:
    """What is written in the cells of a form.

    coverage: float32 [H, W] without the walls. labels: int32 [H, W], which stroke a pixel belongs to. parts: of each
    cell, those strokes.
    """

    def __init__(self, coverage: Floats, walls: tuple[Mask, Mask], quads: Sequence[Quad], wall: float) -> None:
        """Find it: walls across and down, bool [H, W] each; quads: the cells; wall: thickness of a rule, in pixels."""
        near = _beside(coverage.shape, quads, wall)
        walls = (
            walls[0] | _sides_of(coverage.shape, quads, wall, 0),
            walls[1] | _sides_of(coverage.shape, quads, wall, 1),
        )
        self.coverage = _without_walls(coverage, walls, near, wall)
        ink = (self.coverage > INK).astype(np.uint8)
        count, self.labels, self._stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
        cells = np.zeros(coverage.shape, np.int32)
        for i, quad in enumerate(quads):
            cv2.fillConvexPoly(cells, np.rint(quad).astype(np.int32), i + 1)
        grown = cv2.dilate(cells.astype(np.float32), np.ones((round(wall) | 1, round(wall) | 1), np.uint8))
        self._cells = np.where(cells > 0, cells, grown.astype(np.int32))
        self.quads = quads
        self._usual = float(np.median([min(sides(quad)) for quad in quads])) if quads else 0.0
        left = np.bincount(self.labels.ravel(), weights=near.ravel(), minlength=count) / np.maximum(
            self._stats[:, 4], 1
        )
        self.parts: list[list[Part]] = [[] for _ in quads]
        rows, columns = np.nonzero(self.labels)
        pairs, shared = np.unique(
            np.stack([self.labels[rows, columns], self._cells[rows, columns]]), axis=1, return_counts=True
        )
        self._shares: dict[int, dict[int, int]] = {}
        for (label, cell), pixels in zip(pairs.T.tolist(), shared.tolist()):
            self._shares.setdefault(label, {})[cell] = pixels
        for label, shares in self._shares.items():
            area = int(self._stats[label, 4])
            inside = {cell: pixels for cell, pixels in shares.items() if cell}
            if not inside or sum(inside.values()) < WITHIN * area or left[label] > RESIDUE:
                continue
            self._give(label, self._stats[label], inside, area)

    def _give(self, label: int, stat: NDArray[np.int32], inside: dict[int, int], area: int) -> None:
        """Give a stroke to the cell that has most of it, or its pieces to the cells that it lies in."""
        best = max(inside, key=lambda cell: inside[cell])
        x, y, across, down = (int(v) for v in stat[:4])
        width, height = sides(self.quads[best - 1])
        if inside[best] >= OWN * sum(inside.values()) and across < 1.5 * width + 2 and down < 1.8 * height + 2:
            if max(across, down) >= SPECK * min(width, height, self._usual):
                self.parts[best - 1].append(Part((x, y, x + across, y + down), area, label))
            return
        for cell in inside:
            own = (self.labels[y : y + down, x : x + across] == label) & (
                self._cells[y : y + down, x : x + across] == cell
            )
            rows, columns = np.nonzero(own)
            box = (x + int(columns.min()), y + int(rows.min()), x + int(columns.max()) + 1, y + int(rows.max()) + 1)
            size = max(box[2] - box[0], box[3] - box[1])
            if size >= 1.5 * SPECK * min(*sides(self.quads[cell - 1]), self._usual):
                self.parts[cell - 1].append(Part(box, len(rows), label))

    def picture_of(self, parts: Sequence[Part], angle: float) -> tuple[Floats, Matrix]:
        """Return the ink of some strokes alone, level, float32 [h, w], and the matrix from its places to those here.

        angle: how far the cell falls, in degrees.
        """
        left, top = (min(part.box[i] for part in parts) for i in (0, 1))
        right, bottom = (max(part.box[i] for part in parts) for i in (2, 3))
        left, top = max(left - 1, 0), max(top - 1, 0)
        window = slice(top, bottom + 1), slice(left, right + 1)
        labels = self.labels[window]
        own = np.zeros(labels.shape, np.uint8)
        for part in parts:
            x0, y0, x1, y1 = part.box[0] - left, part.box[1] - top, part.box[2] - left, part.box[3] - top
            own[y0:y1, x0:x1] |= (labels[y0:y1, x0:x1] == part.label).view(np.uint8)
        own = cv2.dilate(own, np.ones((3, 3), np.uint8))  # with the soft edges
        mine = (labels == 0) | np.isin(labels, [part.label for part in parts])
        ink = np.where((own > 0) & mine, self.coverage[window], np.float32(0))
        if abs(angle) < 1.0:
            return ink, np.array([[1.0, 0, left], [0, 1, top]])
        height, width = ink.shape
        pad = round(0.2 * max(height, width)) + 2
        framed = cv2.copyMakeBorder(ink, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
        middle = (framed.shape[1] / 2, framed.shape[0] / 2)
        matrix = cv2.getRotationMatrix2D(middle, angle, 1.0)
        level = cv2.warpAffine(framed, matrix, framed.shape[::-1], flags=cv2.INTER_LINEAR)
        back = cv2.invertAffineTransform(matrix)
        back[:, 2] += left - pad, top - pad
        return level, back

    def run_over(self, cells: Sequence[int], width: float, height: float) -> tuple[float, float]:
        """Return the pixels of the strokes in some cells, and of those that are too large for a cell of such a size."""
        names, total, over = {cell + 1 for cell in cells}, 0.0, 0.0
        for label, shares in self._shares.items():
            pixels = float(sum(count for cell, count in shares.items() if cell in names))
            _, _, across, down, _ = self._stats[label]
            total += pixels
            over += pixels if across > 1.6 * width or down > 1.3 * height else 0
        return total, over

    def inked(self, cell: int) -> int:
        """Return how many pixels within a cell are those of its strokes."""
        return sum(self._shares[part.label].get(cell + 1, 0) for part in self.parts[cell])

    def outside(self) -> list[Part]:
        """Return the strokes that belong to no cell, and are no walls."""
        given = {part.label for parts in self.parts for part in parts}
        found = []
        for label, shares in self._shares.items():
            if label not in given and shares.get(0, 0) > 0.5 * self._stats[label, 4]:
                x, y, across, down, area = (int(v) for v in self._stats[label])
                found.append(Part((x, y, x + across, y + down), area, label))
        return found


def _beside(shape: tuple[int, ...], quads: Sequence[Quad], wall: float) -> Mask:
    """Return where walls may be: along the outlines of cells, as wide as rules are, and a little wider."""
    canvas = np.zeros(shape[:2], np.uint8)
    for quad in quads:
        ways = np.roll(quad, -1, axis=0) - quad
        ways = ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1)
        outward = quad + 0.5 * wall * (np.roll(ways, 1, axis=0) - ways)
        cv2.polylines(canvas, [np.rint(outward).astype(np.int32)], True, 1, max(3, round(1.6 * wall) + 2))
    return canvas > 0


def _sides_of(shape: tuple[int, ...], quads: Sequence[Quad], wall: float, way: int) -> Mask:
    """Return where the walls of cells are: those above and below (way 0), or to the left and right (1), bool [H, W]."""
    canvas = np.zeros(shape[:2], np.uint8)
    for quad in quads:
        ways = np.roll(quad, -1, axis=0) - quad
        ways = ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1)
        outward = np.rint(quad + 0.5 * wall * (np.roll(ways, 1, axis=0) - ways)).astype(int)
        for side in (way, way + 2):
            a, b = outward[side].tolist(), outward[(side + 1) % 4].tolist()
            cv2.line(canvas, (a[0], a[1]), (b[0], b[1]), 1, max(2, round(wall)))
    return canvas > 0


def _without_walls(coverage: Floats, walls: tuple[Mask, Mask], near: Mask, wall: float) -> Floats:
    """Take walls out of the coverage, but for the strokes across them.

    A stroke across a wall is told by the run of ink along its way, longer than the wall is thick, as staff lines are
    taken out of music (Fujinaga 2004); what it lost is closed again.
    """
    mask = coverage > INK
    around = cv2.dilate(near.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    reach = np.ones((3, 3), np.uint8)
    across, down = ((cv2.dilate(part.astype(np.uint8), reach) > 0) & around for part in walls)
    length = round(1.5 * wall) + 4
    ink = mask.astype(np.uint8)
    # The ink of the other walls is no stroke across.
    tall = cv2.morphologyEx(ink & ~down.view(np.uint8), cv2.MORPH_OPEN, np.ones((length, 1), np.uint8)) > 0
    wide = cv2.morphologyEx(ink & ~across.view(np.uint8), cv2.MORPH_OPEN, np.ones((1, length), np.uint8)) > 0
    gone = (across & ~tall) | (down & ~wide) | (across & down)
    kept = (mask & ~gone).astype(np.uint8)
    gap = round(wall) + 4
    healed = (cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((gap, 3), np.uint8)) > 0) & across & ~down
    healed |= (cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((3, gap), np.uint8)) > 0) & down & ~across
    return np.where(gone & ~(healed & mask), np.float32(0), coverage)
