"""A line as reading gets it: its strip laid on paper, photographed badly, and its ink found again."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.data.photograph import PAGE_CONDITIONS, photograph
from emnist_hf.ink.extract import ink_of
from emnist_hf.ink.picture import NoInkError
from emnist_hf.ink.rulings import without_lines
from emnist_hf.ink.strip import CAPITAL, HEIGHT, MARGIN
from emnist_hf.ink.types import Bytes

LARGER = (0.8, 2.2)  # pixels of the picture for one of the strip
PAPER = 1.2  # capitals of paper around the line
LOST = 0.85  # share of the ink below which what was found is not the line


def photographed(strip: Bytes, rng: np.random.Generator) -> Bytes:
    """Return a strip, uint8 [HEIGHT, W], as its ink is found on a photo of it; as it was where it is not found."""
    condition = PAGE_CONDITIONS[int(rng.integers(len(PAGE_CONDITIONS)))]
    scale = float(rng.uniform(*LARGER))
    size = max(8, round(strip.shape[1] * scale)), max(8, round(HEIGHT * scale))
    ink = cv2.resize(
        strip.astype(np.float32) / 255, size, interpolation=cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    )
    paper = round(PAPER * CAPITAL * scale)
    ink = cv2.copyMakeBorder(ink, paper, paper, paper, paper, cv2.BORDER_CONSTANT, value=0)
    try:
        found = without_lines(
            ink_of(photograph(ink, condition, round(1.4 * CAPITAL * scale), np.eye(2, 3), rng)).coverage
        )
    except NoInkError:
        return strip
    found = found[paper : paper + size[1], paper : paper + size[0]]
    if found.shape != size[::-1] or found.sum() < LOST * ink.sum():
        return strip
    again = cv2.resize(found, strip.shape[::-1], interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
    again[:, :MARGIN] = 0
    return np.rint(again * 255).clip(0, 255).astype(np.uint8)
