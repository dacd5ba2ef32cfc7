"""Which strokes of a form, and which boxes, are printed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emnist_hf.forms.walls import Part
from emnist_hf.ink import printed
from emnist_hf.ink.types import Mask

FEWEST = 12
"""Letters from which it can be told of a box."""

REGULAR, LEAST_REGULAR = 0.7, 0.33
"""Share of letters that stand on their line and are as high as others from which they are printed: of a few, of many.
Of handwriting it is a fifth at the most; of print at 12 pixels a letter, a pixel being much of that, a third."""


def is_printed(parts: Sequence[Part], angle: float = 0.0) -> bool:
    """Tell whether the strokes in a box are printed letters; few may be either, and are taken for written."""
    heights = np.array([part.height for part in parts])
    usual = float(np.median(heights))
    letters = [part for part in parts if 0.5 * usual < part.height < 2 * usual]
    if len(letters) < FEWEST:
        return False
    return float(are_printed(letters, angle).mean()) > max(LEAST_REGULAR, REGULAR * FEWEST / len(letters))


def are_printed(parts: Sequence[Part], angle: float = 0.0) -> Mask:
    """Tell which strokes are as regular among their neighbours as print is, bool [N]; angle: as in `ink.printed`."""
    return printed.are_printed(np.array([part.box for part in parts], np.float64).reshape(-1, 4), angle)
