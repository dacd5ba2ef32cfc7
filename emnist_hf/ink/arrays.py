"""Arrays to pictures of 8 bits: the range of their numbers is told from their values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.ink.problems import PictureError, check_size


def picture_of_array(array: NDArray[Any]) -> Image.Image:
    """Make a picture of an array; the range of floats and wide integers is told from their values."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3, 4)):
        raise PictureError(
            "An array of shape {shape} is not a picture: give height x width (x 3 or 4).", shape=str(array.shape)
        )
    check_size(array.shape[1], array.shape[0])
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    elif array.dtype != np.uint8:
        array = _scale_to_bytes(array)
    if array.ndim == 3 and array.shape[2] == 2:  # grey and alpha
        array = array[:, :, [0, 0, 0, 1]]
    picture = Image.fromarray(np.ascontiguousarray(array))
    return picture if picture.mode == "RGBA" else picture.convert("RGB")


def _scale_to_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale an array to bytes.

    Full scale is 1 for floats up to 1, 255 up to 255, 65535 up to that, and the greatest value beyond.
    """
    if array.dtype.kind not in "iuf":
        raise PictureError(
            "An array of {dtype} is not a picture: give numbers from 0 to 255 or 0 to 1.", dtype=str(array.dtype)
        )
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise PictureError("The array holds NaN or infinity: give finite numbers.")
    top = float(values.max())
    if array.dtype == np.uint16:
        full = 65535.0 if top > 255 else 255.0
    elif array.dtype.kind == "f" and top <= 1.0:
        full = 1.0
    else:
        full = next((limit for limit in (255.0, 65535.0) if top <= limit), top)
    if values.min() < 0:  # -1..1 and other signed ranges
        values = values / np.abs(values).max()  # first, as the distance of the two ends may be too great for a float
        values, full = values - values.min(), max(float(np.ptp(values)), 1e-12)
    return np.clip(np.rint(values / full * 255), 0, 255).astype(np.uint8)
