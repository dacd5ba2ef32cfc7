"""Our own sheet in a photo or a scan: found by its corner marks, laid flat, and what is written in its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import Ink, NoInkError
from emnist_hf.ink.extract import ink_of
from emnist_hf.ink.picture import open_reduced
from emnist_hf.ink.types import Bytes, Floats
from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.sheet_layout import CELL_HEIGHT, SheetCell, SheetPage, page_of_mark
from emnist_hf.styling.sheet_pdf import mark_dictionary

MOST_SIDE = 4000
"""Longest side, in pixels, at which marks are looked for."""

SCALES = (1.0, 2.0, 0.5)
"""What a picture is shrunk or enlarged by until its marks are found: in a small scan they are a few pixels wide."""

FINEST = 8.0
"""Pixels a millimetre at which a sheet is read, at the most: at it a page is as large as pages are for `to_ink`."""

WALL = 0.45
"""How far a wall's ink reaches into a cell, in millimetres."""

BEYOND = 1.6
"""How far strokes may run out of a cell, up or down, in millimetres: up to the next comb's."""

LEAST, LEAST_SIGN = 1.0, 0.35
"""Size of what is written in a cell, in millimetres, below which it is empty."""

FAINTEST_WALL = 12
"""Levels of 255 by which a wall differs from its paper where it shows at all."""

STRAY = 1.5
"""Millimetres by which a comb may lie off its place on paper that is not flat."""


@dataclass(frozen=True)
class Found:
    """What is written in a cell, "nothing" being None: its box in the pixels of the flat sheet."""

    cell: SheetCell
    box: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class FlatSheet:
    """A sheet laid flat: the ink of what is written in its cells and no print, and the cells in reading order.

    to_picture: float64 [3, 3], from its pixels to those of the picture.
    """

    page: SheetPage
    ink: Ink
    found: Sequence[Found]
    to_picture: NDArray[np.float64]


def find_sheet(image: Any) -> FlatSheet | None:
    """Return our own sheet in a picture, whichever way up it lies; None where there are not three of its marks.

    image: anything `open_picture` takes. Raise `PictureError` as it does, `StylingError` where nothing is written.
    """
    rgb, reduced = open_reduced(image, MOST_SIDE)
    seen = _find_marks(rgb)
    if seen is None:
        return None
    page, places, targets = seen
    # By the marks' own corners first: three marks hold a page on all sides.
    to_sheet, _ = cv2.findHomography(places, targets, cv2.RANSAC, 2.0)
    if to_sheet is None:
        return None
    spread = np.sqrt(cv2.contourArea(cv2.convexHull(places.astype(np.float32))))
    width, height = page.size
    scale = min(FINEST, spread / np.sqrt(cv2.contourArea(cv2.convexHull(targets.astype(np.float32)))))
    scale = max(scale, 3.0)
    size = (round(width * scale), round(height * scale))
    to_flat = np.diag((scale, scale, 1.0)) @ to_sheet
    flat = cv2.warpPerspective(rgb, to_flat, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    try:
        ink = ink_of(flat, 1.0)
    except NoInkError:
        raise StylingError("Nothing is written on this sheet: write the characters into its cells.") from None
    written, found = _Cut(ink.coverage, _lines(flat, ink.light_on_dark, scale), page, scale).all_cells()
    to_picture = np.linalg.inv(to_flat @ np.diag((reduced, reduced, 1.0)))
    return FlatSheet(page, Ink(written, ink.colour, ink.light_on_dark, 1.0), found, to_picture)


def _lines(flat: Bytes, light: bool, scale: float) -> Floats:
    """Return what is thin and at least as pale as walls, float32 [H, W], 0 to 1; letters count as walls do."""
    grey = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)
    side = 2 * round(0.6 * scale) + 1
    kind = cv2.MORPH_TOPHAT if light else cv2.MORPH_BLACKHAT
    thin = cv2.morphologyEx(cv2.GaussianBlur(grey, (0, 0), 0.08 * scale), kind, np.ones((side, side), np.uint8))
    return np.minimum(thin, FAINTEST_WALL).astype(np.float32) / FAINTEST_WALL


def _find_marks(rgb: Bytes) -> tuple[SheetPage, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the page whose marks are in a picture, and their corners there and on paper, float64 [4 n, 2] each."""
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    settings.detectInvertedMarker = True
    detector = cv2.aruco.ArucoDetector(mark_dictionary(), settings)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    best: dict[int, NDArray[np.float32]] = {}
    for scale in SCALES:
        if scale > 1 and max(grey.shape) * scale > MOST_SIDE:
            continue
        looked = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale != 1 else grey
        corners, ids, _ = detector.detectMarkers(looked)
        seen = {int(i): c[0] / scale for i, c in zip(ids.ravel() if ids is not None else (), corners)}
        best = max(best, seen, key=_on_one_page)
        if _on_one_page(best) == 4:
            break
    if _on_one_page(best) < 3:
        return None
    first = _fullest(best)
    page = page_of_mark(first)
    if page is None:
        return None
    pairs = [(best[n], target) for n, target in zip(page.mark_ids, page.marks) if n in best]
    places, targets = (np.concatenate(side).astype(np.float64) for side in zip(*pairs))
    return page, places, targets


def _fullest(seen: dict[int, Any]) -> int:
    """Return the first mark of the page that most marks are of."""
    pages = [4 * (number // 4) for number in seen]
    return max(pages, key=pages.count, default=0)


def _on_one_page(seen: dict[int, Any]) -> int:
    """Count the marks of one page."""
    return sum(4 * (number // 4) == _fullest(seen) for number in seen)


class _Cut:
    """Cuts cells out of a flat sheet's ink, float32 [H, W], given all that is as pale as its walls, and its scale."""

    def __init__(self, coverage: Floats, lines: Floats, page: SheetPage, scale: float) -> None:
        self.coverage, self.page, self.scale = coverage, page, scale
        self.written = np.zeros_like(coverage)
        self._lines = lines

    def all_cells(self) -> tuple[Floats, list[Found]]:
        """Return the ink of what is written, float32 [H, W], and each cell with its box."""
        found: list[Found] = []
        combs: dict[str, list[SheetCell]] = {}
        for cell in self.page.cells:
            combs.setdefault(cell.label, []).append(cell)
        for comb in combs.values():
            shift = self._stray(comb)
            found += [Found(cell, self._take(cell, shift)) for cell in comb]
        return self.written, found

    def _stray(self, comb: Sequence[SheetCell]) -> tuple[float, float]:
        """Return by how many millimetres a comb lies off its place: where its walls fit the ink best."""
        reach, scale = STRAY, self.scale
        left, top, right, bottom = comb[0].rect[0], comb[0].rect[1], comb[-1].rect[2], comb[0].rect[3]
        origin = (left - 2 * reach, top - 2 * reach)
        walls = np.zeros(
            (round((bottom - top + 2 * reach) * scale), round((right - left + 2 * reach) * scale)), np.float32
        )
        for cell in comb:
            corners = [round((side - o) * scale) for side, o in zip(cell.rect, (left - reach, top - reach) * 2)]
            cv2.rectangle(walls, (corners[0], corners[1]), (corners[2], corners[3]), 1.0, max(1, round(0.2 * scale)))
        x, y = (round(v * scale) for v in origin)
        span = round(2 * reach * scale)
        window = self._lines[max(y, 0) : y + walls.shape[0] + span, max(x, 0) : x + walls.shape[1] + span]
        if min(x, y) < 0 or window.shape[0] < walls.shape[0] or window.shape[1] < walls.shape[1]:
            return 0.0, 0.0
        fit = cv2.matchTemplate(window, walls - walls.mean(), cv2.TM_CCORR)
        down, across = np.mgrid[: fit.shape[0], : fit.shape[1]]
        off = np.hypot(across - span / 2, down - span / 2) / scale
        best = np.unravel_index(int(np.argmax(fit * (1 - 0.15 * off))), fit.shape)
        return (best[1] - span / 2) / scale, (best[0] - span / 2) / scale

    def _take(self, cell: SheetCell, shift: tuple[float, float]) -> tuple[int, int, int, int] | None:
        """Put what is written in a cell on the sheet of it, and return its box."""
        scale = self.scale
        left, top, right, bottom = (side + shift[i % 2] for i, side in enumerate(cell.rect))
        x0, x1 = round((left + WALL) * scale), round((right - WALL) * scale)
        y0, y1 = max(0, round((top - BEYOND) * scale)), round((bottom + BEYOND) * scale)
        ink = self.coverage[y0:y1, x0:x1].copy()
        for wall in (top, top + CELL_HEIGHT):
            _bridge(ink, round((wall - WALL) * scale) - y0, round((wall + WALL) * scale) - y0)
        inside = np.zeros(ink.shape, bool)
        inside[round((top + WALL) * scale) - y0 : round((bottom - WALL) * scale) - y0] = True
        _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0.4).astype(np.uint8), connectivity=8)
        counts = np.bincount(labels[inside], minlength=len(stats))
        least = (LEAST_SIGN if not cell.label.isalnum() else 0.25) * scale
        sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
        own = (counts > 0.6 * stats[:, cv2.CC_STAT_AREA]) & (sides >= least) & ~_is_wall(stats, ink.shape, scale)
        own[0] = False
        kept = own[labels]
        if not kept.any():
            return None
        rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
        smallest = LEAST_SIGN if not cell.label.isalnum() else LEAST
        if max(np.ptp(rows), np.ptp(columns)) + 1 < smallest * scale:
            return None
        soft = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        place = self.written[y0:y1, x0:x1]
        np.maximum(place, np.where(soft & (kept | (labels == 0)), ink, np.float32(0)), out=place)
        box = (x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1)
        return tuple(int(side) for side in box)  # type: ignore[return-value]


def _bridge(ink: Floats, first: int, last: int) -> None:
    """Take the rows of a wall out of ink, but for where a stroke runs across: above and below it, too."""
    first, last = max(first, 1), min(last, len(ink) - 2)
    if last < first:
        return
    above, below = (
        cv2.dilate((ink[row] > 0.5).astype(np.uint8)[None], np.ones((1, 3), np.uint8))[0]
        for row in (first - 1, last + 1)
    )
    ink[first : last + 1] *= (above & below).astype(np.float32)


def _is_wall(stats: NDArray[np.int32], shape: tuple[int, ...], scale: float) -> NDArray[np.bool_]:
    """Tell which components are what is left of a wall at the side of a cell: thin, upright and at its edge."""
    left, width = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_WIDTH]
    at_edge = (left == 0) | (left + width == shape[1])
    thin: NDArray[np.bool_] = at_edge & (width <= 0.35 * scale)
    return thin
