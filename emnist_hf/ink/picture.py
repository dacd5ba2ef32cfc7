"""Open a picture: anything a visitor or a program hands over, as an upright RGB picture on opaque paper.

This is where a stranger's file is first looked at. The size is checked before a pixel is decoded, only the parsers in
`FORMATS` are reached, and whatever is hostile or broken ends in `PictureError`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from emnist_hf.ink.arrays import picture_of_array
from emnist_hf.ink.problems import (
    BLANK,
    MAX_BYTES,
    MAX_LENGTH,
    MAX_PIXELS,
    ONLY_LINES,
    TOO_BLURRED,
    TOO_FAINT,
    NoInkError,
    PictureError,
    check_bytes,
    check_size,
)
from emnist_hf.ink.thresholds import PAGE_SIDE

__all__ = [
    "BLANK",
    "FORMATS",
    "MAX_BYTES",
    "MAX_LAYERS",
    "MAX_LENGTH",
    "MAX_PIXELS",
    "ONLY_LINES",
    "TOO_BLURRED",
    "TOO_FAINT",
    "NoInkError",
    "Opened",
    "PictureError",
    "open_picture",
    "open_reduced",
]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""The only parsers of Pillow that a visitor's file may reach."""

MAX_LAYERS = 50
"""Layers of a sketch beyond which it is refused."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF's orientation


def open_picture(image: Any) -> Image.Image:
    """Open anything a visitor or a program hands over, as an upright RGB picture on opaque paper.

    `image` is a path, the bytes of a file, a PIL image, an array ([H, W], or [H, W, 1 to 4]; bool, integer, or float in
    0..1 or 0..255), or the dictionary of a Gradio Sketchpad ("background", "layers", "composite"). Only the first frame
    of an animation is read.

    Raises PictureError for what cannot be read or is too large, NoInkError for a sketchpad that holds nothing.
    """
    if isinstance(image, Opened):
        image = image.source
    return _open_sketch(image) if isinstance(image, Mapping) else _on_paper(_load(image))


class Opened:
    """A picture that several look at, one after the other: `open_reduced` decodes it once for all of them.

    source: anything `open_picture` takes. side: longest side in pixels that any of them asks for, but for a few who
    then open the picture anew.
    """

    def __init__(self, source: Any, side: int = PAGE_SIDE) -> None:
        self.source, self.side = source, side

    @cached_property
    def reduced(self) -> tuple[NDArray[np.uint8], float]:
        """The picture as `open_reduced` gives it for `side`."""
        return open_reduced(self.source, self.side)


def open_reduced(image: Any, max_side: int) -> tuple[NDArray[np.uint8], float]:
    """Open as `open_picture`, reduced by whole factors to less than twice `max_side` where it is larger.

    Returns uint8 [H, W, 3] and its pixels per pixel of the picture. No more of a JPEG file is decoded than that takes.
    """
    if isinstance(image, Opened):
        if max_side > image.side:
            return open_reduced(image.source, max_side)
        rgb, scale = image.reduced
        return (rgb, scale) if max(rgb.shape[:2]) < 2 * max_side else _reduced(Image.fromarray(rgb), max_side, scale)
    if isinstance(image, (str, Path)):
        image = _read_file(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        loaded, longest = _from_bytes(bytes(image), max_side)
        picture = _on_paper(loaded)
    else:
        picture = open_picture(image)
        longest = max(picture.size)
    return _reduced(picture, max_side, max(picture.size) / longest)


def _reduced(picture: Image.Image, max_side: int, scale: float) -> tuple[NDArray[np.uint8], float]:
    """Reduce by a whole factor to less than twice `max_side`; `scale` with it, as `open_reduced` gives it."""
    longest = max(picture.size)
    factor = longest // max_side
    rgb = np.asarray(picture.reduce(factor) if factor > 1 else picture)
    return rgb, scale * max(rgb.shape[:2]) / longest


def _open_sketch(sketch: Mapping[str, Any]) -> Image.Image:
    """Return the composite if there is one, else background and layers, on paper.

    An untouched pad sends a background without a composite; a client may send a composite that is empty although its
    layers are not: then the layers count.
    """
    if not {"background", "layers", "composite"} & set(sketch):
        raise PictureError("The drawing has no background, layers or composite: send a picture or a sketch.")
    layers = sketch.get("layers") or []
    if not isinstance(layers, (list, tuple)) or len(layers) > MAX_LAYERS:
        raise PictureError(
            "The layers of the drawing are not a list of at most {most}: draw it again.", most=MAX_LAYERS
        )
    parts = [part for part in (sketch.get("background"), *layers) if part is not None]
    composite = sketch.get("composite")
    if composite is not None:
        loaded = _load(composite)
        if not parts or not _is_blank(loaded):
            return _on_paper(loaded)
    if not parts:
        if composite is None:
            raise NoInkError
        return _on_paper(_load(composite))
    stack = _load(parts[0]).convert("RGBA")
    for part in parts[1:]:
        layer = _load(part).convert("RGBA")
        if layer.size != stack.size:
            layer = layer.resize(stack.size)
        stack = Image.alpha_composite(stack, layer)
    return _on_paper(stack)


def _is_blank(picture: Image.Image) -> bool:
    """Tell whether every pixel is the same, or none can be seen."""
    extrema = picture.convert("RGBA").getextrema()
    return extrema[3] == (0, 0) or all(low == high for low, high in extrema)  # type: ignore[misc]


def _load(image: Any) -> Image.Image:
    """Return one picture, not a sketch, in mode RGB or RGBA and upright."""
    if isinstance(image, Image.Image):
        return _upright(image)
    if isinstance(image, np.ndarray):
        return picture_of_array(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(image))[0]
    if isinstance(image, (str, Path)):
        return _from_bytes(_read_file(image))[0]
    if image is None:
        raise PictureError("There is no picture: choose a file or draw something.")
    kind = type(image).__name__
    raise PictureError("A {kind} is not a picture: give a file, bytes, a PIL image or an array.", kind=kind)


def _read_file(path: str | Path) -> bytes:
    try:
        file = Path(path)
        if not file.is_file():  # a device or a pipe could be read for ever
            raise PictureError("There is no picture file of that name: check the path.")
        check_bytes(file.stat().st_size)
        return file.read_bytes()
    except PictureError:
        raise
    except (OSError, ValueError) as error:
        raise PictureError("The picture file cannot be opened: check the path and its permissions.") from error


def _from_bytes(data: bytes, max_side: int | None = None) -> tuple[Image.Image, int]:
    """Decode a file, no larger than it has to be for `max_side`; return the longest side of the whole too."""
    if not data:
        raise PictureError("The file is empty: choose a PNG, JPEG, WebP, BMP, GIF or TIFF picture.")
    check_bytes(len(data))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own size limit replaces Pillow's warning
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                check_size(*picture.size)
                width, height = picture.size
                longest = max(width, height)
                if max_side is not None and longest > max_side:  # an eighth, a quarter or half of a JPEG's pixels
                    picture.draft(picture.mode, (width * max_side // longest, height * max_side // longest))
                return _upright(picture, max_side), longest
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError("This is not a picture: choose a PNG, JPEG, WebP, BMP, GIF or TIFF file.") from error
    except Image.DecompressionBombError as error:
        most = MAX_PIXELS // 10**6
        raise PictureError("The picture has too many pixels: make it at most {most} megapixels.", most=most) from error
    except Exception as error:  # a parser may raise anything on a broken file: struct.error, MemoryError, ...
        raise PictureError("The picture is damaged and cannot be read: save it again.") from error


def _upright(picture: Image.Image, max_side: int | None = None) -> Image.Image:
    """Decode, scale to 8 bits and turn as EXIF says; the size is checked before a pixel is decoded.

    max_side: where it is given, grey and colours are reduced as `open_reduced` says, as early as can be.
    """
    check_size(*picture.size)
    try:
        orientation = picture.getexif().get(0x0112)  # before the conversions below, which may drop it
    except Exception:  # damaged EXIF does not make the pixels worse
        orientation = None
    try:
        picture.load()
        factor = 1 if max_side is None else max(picture.size) // max_side
        if factor > 1 and picture.mode in ("L", "RGB") and "transparency" not in picture.info:
            picture = picture.reduce(factor)
        eight_bits = _to_eight_bits(picture)
    except PictureError:
        raise
    except Exception as error:  # as above
        raise PictureError("The picture is damaged and cannot be read: save it again.") from error
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    upright = eight_bits.transpose(turn) if turn is not None else eight_bits
    upright.info = {}  # a picture of its own by now; with its EXIF it would be turned once more
    return upright


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Convert to RGB or RGBA. Pillow clips 16 bits and floats to 8 when it converts them, so those are scaled here."""
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture)
        if picture.mode.startswith("I;16"):
            values = values.astype(np.uint16)
        return picture_of_array(values)
    if picture.mode == "1":
        return picture.convert("L").convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        return picture.convert("RGBA") if picture.mode != "La" else picture.convert("LA").convert("RGBA")
    return picture.convert("RGB")  # a copy of what is RGB already: the picture stays whoever's it is


def _on_paper(picture: Image.Image) -> Image.Image:
    """Put a transparent picture on white, or on dark paper when what is drawn is itself light."""
    if picture.mode != "RGBA":
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    alpha = np.asarray(picture.getchannel("A"))
    paper = (255, 255, 255)
    if alpha.min() < 128:
        luminance = np.asarray(picture.convert("RGB").convert("L"))[alpha > 127]
        # Any dark pixel is ink already visible on white; only an all-light drawing needs dark paper.
        if luminance.size and np.percentile(luminance, 5) > 170:
            paper = (0, 0, 0)
    sheet = Image.new("RGBA", picture.size, (*paper, 255))
    return Image.alpha_composite(sheet, picture).convert("RGB")
