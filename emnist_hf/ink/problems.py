"""What is wrong with a picture, in a sentence, and the sizes beyond which it is refused."""

from __future__ import annotations

from emnist_hf.errors import EmnistError

MAX_PIXELS = 50_000_000
"""Pixels of a picture beyond which it is refused."""

MAX_LENGTH = 20_000
"""Pixels of a side beyond which a picture is refused."""

MAX_BYTES = 30_000_000
"""Bytes of a file beyond which it is refused."""


class PictureError(EmnistError):
    """The picture cannot be read or is refused; the message is one sentence with the problem and the cure."""


BLANK = "There is no ink in the picture: draw or photograph a character."
TOO_FAINT = "There is no ink in the picture that stands out of its paper: take a darker pen or more light."
TOO_BLURRED = "There is no ink in the picture that is sharp: hold the camera still, a little farther away."
ONLY_LINES = "There is no ink in the picture but printed lines: write a character between them."
"""Why there is no ink, and what to do."""


class NoInkError(EmnistError):
    """The picture is fine, but nothing is written in it."""

    def __init__(self, template: str = BLANK) -> None:
        super().__init__(template)


def check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        raise PictureError("The file is larger than {most} MB: save the picture smaller.", most=MAX_BYTES // 10**6)


def check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise PictureError("The picture has no pixels: choose another one.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_LENGTH:
        raise PictureError(
            "The picture is {width} x {height} pixels: make it at most {side} pixels a side and {most} megapixels.",
            width=width,
            height=height,
            side=MAX_LENGTH,
            most=MAX_PIXELS // 10**6,
        )
