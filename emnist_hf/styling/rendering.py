"""Text set in a font, as a picture to look at and as files to keep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from emnist_hf.styling.errors import StylingError
from emnist_hf.styling.pdf import to_pdf
from emnist_hf.styling.scene import CSS_RESOLUTION, Scene, to_image, to_png, to_svg

FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Rendering:
    """A set page, and sentences for whoever asked for it about what was set otherwise than asked."""

    scene: Scene
    notices: list[str]

    @cached_property
    def image(self) -> Image.Image:
        """RGB, or RGBA on see-through paper; a pixel for every CSS pixel."""
        return to_image(self.scene)

    def png(self, resolution: float = CSS_RESOLUTION) -> bytes:
        """Return a PNG file at `resolution` dots an inch. Raise `StylingError` as `scene.to_image` does."""
        return to_png(self.scene, resolution)

    def svg(self) -> str:
        """Return an SVG document of paths, its text as the title."""
        return to_svg(self.scene)

    def pdf(self) -> bytes:
        """Return a PDF file of one page: vector outlines, and the text to select."""
        return to_pdf(self.scene)

    def encode(self, kind: str, resolution: float = CSS_RESOLUTION) -> bytes:
        """Return the file in one of `FORMATS`."""
        if kind == "png":
            return self.png(resolution)
        return self.pdf() if kind == "pdf" else self.svg().encode("utf-8")

    def save(self, path: str | Path, *, resolution: float = CSS_RESOLUTION) -> None:
        """Write a file in the format that its name ends with.

        Raise `StylingError` for another, and for a file that cannot be written.
        """
        write_file(path, self.encode(check_format(path), resolution))


def check_format(path: str | Path) -> str:
    """Return the format that a file's name ends in, out of `FORMATS`. Raise `StylingError` for another."""
    try:
        named = Path(path)
    except TypeError:
        raise StylingError("{path!r} is no name of a file: give a path.", path=str(path)[:40]) from None
    kind = named.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise StylingError("{name!r} names no format: let it end in .png, .svg or .pdf.", name=named.name[-60:])
    return kind


def write_file(path: str | Path, data: bytes) -> None:
    """Write a file. Raise `StylingError` where it cannot be written."""
    try:
        Path(path).write_bytes(data)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise StylingError(
            f"{str(path)[-80:]!r} cannot be written ({reason.lower()}): name a file in a folder that is there."
        ) from None
