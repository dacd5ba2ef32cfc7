"""The arrays that pictures and ink are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
"""A picture of colours or greys, 0 to 255: [H, W, 3] or [H, W]; glyphs are [28, 28]."""

Floats = NDArray[np.float32]
"""Coverage, [H, W], 0 (paper) to 1 (ink), and whatever else is measured at every pixel."""

Mask = NDArray[np.bool_]
"""Which pixels, [H, W]."""
