"""Opening pictures: hostile and broken files are refused, and every honest one comes out upright on paper."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from emnist_hf import ink
from emnist_hf.data.strokes import draw, draw_coverage
from emnist_hf.ink import picture as pictures
from emnist_hf.ink.picture import (
    MAX_BYTES,
    MAX_LENGTH,
    MAX_PIXELS,
    NoInkError,
    Opened,
    PictureError,
    open_picture,
    open_reduced,
)
from tests.support.hostile import UNDO, chunk, encoded
from tests.support.ink import A, difference

Array = NDArray[Any]


def png_header(width: int, height: int, depth: int = 1) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


# --- what is refused ---


@pytest.mark.security(1, 2)
@pytest.mark.parametrize("size", [(9000, 9000), (60_000, 60_000), (25_000, 100), (100, 25_000)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bool] = []
    monkeypatch.setattr(PngImageFile, "load", lambda self: decoded.append(True))
    with pytest.raises(PictureError, match="pixels"):
        open_picture(png_header(*size))
    assert not decoded


@pytest.mark.security(5, 6)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello, I am text",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"8BPS\0\1" + bytes(40),
        b"\x89PNG\r\n\x1a\n",
        bytes(range(256)) * 20,
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"^[A-Z].*\.$"):
        open_picture(data)
    (tmp_path / "renamed.png").write_bytes(data)
    with pytest.raises(PictureError):
        open_picture(tmp_path / "renamed.png")


@pytest.mark.security(4)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_truncated_file_is_refused(kind: str) -> None:
    data = encoded(Image.fromarray(draw(A, size=200)), kind)
    with pytest.raises(PictureError, match=r"damaged|not a picture"):
        open_picture(data[: len(data) // 2])


def test_paths_that_are_no_pictures(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.png", tmp_path, "/dev/zero", "nul\0.png", "x" * 5000):
        with pytest.raises(PictureError):
            open_picture(path)
    big = tmp_path / "big.png"
    with big.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PictureError, match="MB"):
        open_picture(big)


@pytest.mark.parametrize("thing", [3, 2.5, object(), ["a"], {"a": 1}, None])
def test_things_that_are_no_pictures(thing: object) -> None:
    with pytest.raises(PictureError):
        open_picture(thing)


@pytest.mark.security(13)
@pytest.mark.parametrize(
    "array",
    [
        np.full((9, 9), np.nan),
        np.array([[0.0, np.inf], [0, 0]]),
        np.zeros((0, 5)),
        np.zeros((4, 4, 7)),
        np.zeros(5),
        np.zeros((4, 4), complex),
        np.array([["a"]]),
        np.zeros((3, 3, 3, 3)),
    ],
)
def test_arrays_that_are_no_pictures(array: Array) -> None:
    with pytest.raises(PictureError):
        open_picture(array)


@pytest.mark.security(3)
def test_only_the_first_frame_is_read() -> None:
    frames = [Image.fromarray(draw(A, size=64, pen=5 + i % 5)) for i in range(300)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert difference(np.asarray(open_picture(data)), draw(A, size=64, pen=5)) < 3


@pytest.mark.security(7)
def test_a_huge_text_chunk_does_no_harm() -> None:
    info = PngInfo()
    info.add_text("Comment", "<script>" * 1_000_000, zip=True)
    try:
        picture = open_picture(encoded(Image.fromarray(draw(A)), pnginfo=info))
    except PictureError:
        return
    assert picture.size == (300, 300) and not picture.info.get("Comment")


# --- what is read ---


def test_ink_hands_the_names_on() -> None:
    assert ink.open_picture is open_picture
    assert ink.PictureError is PictureError and ink.NoInkError is NoInkError


@pytest.mark.parametrize(
    ("picture", "values"),
    [
        (None, {}),
        (b"", {}),
        (np.zeros((4, 4, 7)), {"shape": "(4, 4, 7)"}),
        (png_header(100, 25_000), {"width": 100, "height": 25_000, "side": MAX_LENGTH, "most": MAX_PIXELS // 10**6}),
        (bytes(MAX_BYTES + 1), {"most": MAX_BYTES // 10**6}),
    ],
)
def test_an_error_keeps_its_template_and_values(picture: Any, values: dict[str, Any]) -> None:
    """For a translation to look up; on its way to another process, too."""
    with pytest.raises(PictureError) as caught:
        open_picture(picture)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        sentence = error.args[0]
        assert sentence.values == values and str(error) == sentence == (
            sentence.template.format(**values) if values else sentence.template
        )


def test_no_ink_is_a_sentence_too() -> None:
    for error in (NoInkError(), pickle.loads(pickle.dumps(NoInkError()))):
        assert error.args[0].template == str(error) and str(error).startswith("There is no ink in the picture")


@pytest.mark.security(8)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture(orientation: int) -> None:
    upright = Image.fromarray(draw(A, size=120))
    stored = upright.transpose(UNDO[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encoded(stored, exif=exif))
    assert difference(np.asarray(opened), np.asarray(upright)) == 0


@pytest.mark.parametrize("orientation", [6, 8])
def test_exif_turns_a_jpeg(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    wide = Image.fromarray(draw(A, size=120)[30:90])
    assert open_picture(encoded(wide, "JPEG", exif=exif)).size == (60, 120)


@pytest.mark.security(9)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16", "PA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = Image.fromarray(draw(A, size=60)).convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        picture = (grey.convert("P") if mode == "PA" else grey).convert(mode)
    opened = open_picture(picture)
    assert opened.mode == "RGB" and opened.size == (60, 60)
    assert difference(np.asarray(opened.convert("L")), np.asarray(grey)) < (8 if mode == "1" else 1)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    expected = np.arange(256)
    for picture in (ramp, encoded(Image.fromarray(ramp))):
        np.testing.assert_allclose(np.asarray(open_picture(picture))[0, :, 0], expected, atol=1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("greatest", [1, 300, 1e308])
def test_signed_arrays_are_scaled_from_end_to_end(greatest: float) -> None:
    signed = np.array([[-1, 0, 1]]) * float(greatest)
    assert np.asarray(open_picture(signed))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.security(9)
@pytest.mark.parametrize(("shade", "paper"), [(0, 255), (255, 0), ((200, 20, 20), 255)])
def test_what_is_transparent_lies_on_paper_that_shows_it(shade: Any, paper: int) -> None:
    layer = np.zeros((60, 60, 4), np.uint8)
    layer[:, :, :3] = shade
    layer[:, :, 3] = np.rint(draw_coverage(A, size=60, pen=5) * 255)
    opened = np.asarray(open_picture(layer))
    assert (opened[0, 0] == paper).all() and (opened[layer[:, :, 3] == 255] == shade).all()


@pytest.mark.parametrize(
    "data", [b"hello, I am a text", b"%PDF-1.7\n%...", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_another_kind_of_file_is_not_called_damaged(data: bytes) -> None:
    with pytest.raises(PictureError, match="This is not a picture: choose a PNG"):
        open_picture(data)


def test_a_phones_picture_of_several_parts_is_read() -> None:
    """Some phones write MPO, a JPEG with more pictures behind the first."""
    buffer = io.BytesIO()
    first = Image.new("RGB", (40, 30), "red")
    first.save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30), "blue")])
    picture = open_picture(buffer.getvalue())
    assert picture.size == (40, 30) and picture.getpixel((5, 5))[0] > 200  # type: ignore[index]


# --- opened once ---


def test_an_opened_picture_is_decoded_once_for_all_who_look_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    page = encoded(Image.new("RGB", (900, 1500), "white"))  # 1500 pixels high
    decoded, decode = [], pictures._from_bytes

    def counted(data: bytes, max_side: int | None = None) -> tuple[Image.Image, int]:
        decoded.append(max_side)
        return decode(data, max_side)

    monkeypatch.setattr(pictures, "_from_bytes", counted)
    opened = Opened(page, 700)
    (rgb, scale), (again, _), (smaller, less) = (open_reduced(opened, side) for side in (700, 600, 300))
    assert rgb is again and decoded == [700]
    assert rgb.shape[0] == 750 and scale == 0.5
    assert smaller.shape[0] == 375 and less == 0.25
    larger, whole = open_reduced(opened, 1500)
    assert larger.shape[0] == 1500 and whole == 1.0 and decoded == [700, 1500]
    assert open_picture(opened).size == (900, 1500)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_picture_is_reduced_alike_whether_before_or_after_its_colours_are_converted(
    mode: str, orientation: int
) -> None:
    drawn = Image.fromarray(draw(A)).resize((400, 400)).convert("L")
    picture = Image.fromarray(np.asarray(drawn, np.uint16) * 257) if mode == "I;16" else drawn.convert(mode)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    picture.save(file, "PNG", exif=exif)
    rgb, scale = open_reduced(file.getvalue(), 200)
    expected = np.asarray(open_picture(file.getvalue()).reduce(2))
    assert scale == 0.5 and difference(rgb, expected) <= 1
