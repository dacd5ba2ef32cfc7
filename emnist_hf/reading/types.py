"""The arrays that a page's text is found by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int32]
"""Left, top, right, bottom in pixels, the ends exclusive: [N, 4], or [4] for one."""

Labels = NDArray[np.int32]
"""Which component each pixel is of, [H, W]: i + 1 for component i, 0 for paper."""

Flags = NDArray[np.bool_]
"""Which of several, [N]."""

Scores = NDArray[np.float64]
"""Probabilities, likelihoods, logarithms of them, or measures of a line: [N], or [N, 62] over the 62 characters."""
