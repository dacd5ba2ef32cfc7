"""Files that come and go: those that gradio has stored for a request, data URLs, and what a saved file is called.

The events that take pictures run with `preprocess=False`: gradio's own would open the file first, drop its alpha, and
end in PIL's words where it is broken. What is left of its preprocessing is here; opening a stranger's file, with all
care, is for `emnist_hf.ink`.
"""

from __future__ import annotations

import base64
import io
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from emnist_hf.ink import PictureError, open_picture
from emnist_hf.page.events import PRIVATE

MAX_LAYERS = 4
"""Of a sketch, all of which are opened; a sketchpad sends one or none."""

LONGEST = 40
"""Characters of a text that its file's name keeps."""

PICTURE_INPUT: dict[str, Any] = {"sources": ["upload", "clipboard"], "buttons": [], "format": "png"}
"""For the gr.Image that takes a visitor's picture."""

CAMERA_INPUT: dict[str, Any] = {
    "sources": ["upload", "clipboard", "webcam"],
    # Gradio mirrors the camera's picture by default, and a mirrored letter is another letter.
    "webcam_options": gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}}),
    "show_label": False,
    "buttons": [],
    "format": "png",
}
"""For one that the camera may take, too."""


def picture_path(picture: Mapping[str, Any] | None) -> str | None:
    """Return the path of an uploaded picture, None for no picture. `picture` is what gr.Image sends.

    Gradio looks into the path itself only where a request calls it a file (`meta`), which a request is free not to
    do. So it is looked into here: a path outside of the upload folder is another file of this machine. Raises
    `PictureError`.
    """
    if not picture:
        return None
    if not isinstance(picture, Mapping):  # anyone may post anything
        raise PictureError("This is no uploaded picture: send the file itself.")
    path = picture.get("path")
    if not path:
        return None
    uploads = os.path.realpath(get_upload_folder())
    if not isinstance(path, str) or "\0" in path or not Path(os.path.realpath(path)).is_relative_to(uploads):
        raise PictureError("This picture was not uploaded to the page: send the file itself.")
    return path


def preview_tiff(picture: gr.Image) -> None:
    """Have an uploaded TIFF, which browsers cannot show, shown as a PNG; other pictures stay as they are."""

    def shown(sent: Any) -> Any:
        try:
            path = picture_path(sent)
            return open_picture(path) if path and path.lower().endswith((".tif", ".tiff")) else gr.skip()
        except PictureError:  # the event that reads it says why
            return gr.skip()

    picture.upload(shown, picture, picture, preprocess=False, **PRIVATE)


def sketch_paths(sketch: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return background, layers and composite of a sketch, as paths. `sketch` is what gr.Sketchpad sends.

    Raises `PictureError`.
    """
    if sketch is None:
        return None
    # An empty pad has all three, with nothing in them.
    if not isinstance(sketch, Mapping) or not {"background", "layers", "composite"} & set(sketch):
        raise PictureError("This is no sketch: send {'composite': the picture}, or use /recognize_image.")
    layers = sketch.get("layers") or []
    if not isinstance(layers, list):
        raise PictureError("The layers of this drawing are no list: send the composite alone.")
    if len(layers) > MAX_LAYERS:
        raise PictureError(
            "This drawing has more than {most} layers: merge them, or send the composite alone.", most=MAX_LAYERS
        )
    return {
        "background": picture_path(sketch.get("background")),
        "layers": [path for layer in layers if (path := picture_path(layer))],
        "composite": picture_path(sketch.get("composite")),
    }


def data_url(data: bytes, kind: str) -> str:
    """Return bytes as a data URL. Nothing of a visitor's is stored, so nothing has to be cleared away."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def image_url(image: Image.Image, kind: str = "png", **options: Any) -> str:
    """Return a picture as a data URL. kind: png, jpeg or webp; options: as Pillow's encoder takes them."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return data_url(buffer.getvalue(), f"image/{kind}")


def light_url(image: Image.Image, **options: Any) -> str:
    """Return a picture of the page's own as WebP, which every browser of today reads.

    Method 6 is 2 % smaller, and takes half a second of a start where this takes 20 ms.
    """
    return image_url(image, "webp", method=5, **options)


def saved_name(text: str, font: str) -> str:
    """Return the name of the file that a visitor saves, without its ending, in letters that every file system takes.

    `capital-A-tangerine` for one character, `dear-ann-it-is-tangerine` for a text.
    """
    if len(text) == 1 and text.isascii() and text.isalnum():
        kind = "digit" if text.isdigit() else "capital" if text.isupper() else "small"
        return f"{kind}-{text}-{font}"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    kept = ""
    for word in re.findall(r"[a-z0-9]+", plain.lower()):
        if kept and len(kept) + len(word) >= LONGEST:
            break
        kept = f"{kept}-{word}" if kept else word[:LONGEST]
    return f"{kept or 'text'}-{font}"
