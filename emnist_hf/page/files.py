"""The files that gradio has stored for a request, as `emnist_hf.ink` wants them.

The events that take pictures run with `preprocess=False`: gradio's own would open the file first, drop its
alpha, and end in PIL's words where it is broken. Gradio still checks that a path lies in its upload folder.
What is left of its preprocessing is here; opening a stranger's file, with all care, is for `emnist_hf.ink`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def picture_path(picture: Mapping[str, Any] | None) -> str | None:
    """The path of an uploaded picture, None for no picture. `picture` is what gr.Image sends."""
    return picture.get("path") if picture else None


def sketch_paths(sketch: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Background, layers and composite of a sketch, as paths. `sketch` is what gr.Sketchpad sends."""
    if sketch is None:
        return None
    return {
        "background": picture_path(sketch.get("background")),
        "layers": [path for layer in sketch.get("layers") or [] if (path := picture_path(layer))],
        "composite": picture_path(sketch.get("composite")),
    }
