"""Pictures that nobody sends in good faith, and some that only look so, each drawn here, as the bytes of a file."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from tests.support.strokes import draw


def letter(
    character: str = "A", side: int = 200, paper: tuple[int, ...] = (255,) * 4, ink: str = "black"
) -> Image.Image:
    """RGBA: a character that is read beyond doubt."""
    return draw(character, side=side, pen=max(2, side // 16), ink=ink, paper=paper)


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def blank_png(width: int, height: int) -> bytes:
    """A whole PNG of 1 bit a pixel: 9000 x 9000 take 10 KB here, and 283 MB where it is decoded to RGBA."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    rows = b"".join(packer.compress(row * 1000) for _ in range(height // 1000)) + packer.compress(row * (height % 1000))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", rows + packer.flush()), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def frames(kind: str, count: int) -> bytes:
    """An animation: a letter, then frames of something else."""
    first = letter(side=64).convert("L")
    if kind == "TIFF":
        return _tiff(first, count)
    others = [Image.new("L", first.size, shade) for shade in (90, 180)]
    return encoded(first, kind, save_all=True, append_images=[others[i % 2] for i in range(count)])


def _tiff(first: Image.Image, count: int) -> bytes:
    """Write a grey picture and `count` frames that all show one other; Pillow takes seconds for thousands of them."""
    (width, height), size = first.size, first.width * first.height
    start, length = 8 + 2 * size, 2 + 9 * 12 + 4  # of the directories, and of each
    directories = []
    for frame in range(count + 1):
        tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8 if frame == 0 else 8 + size}
        tags |= {277: 1, 278: height, 279: size}
        after = start + (frame + 1) * length if frame < count else 0
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        directories.append(struct.pack("<H", len(tags)) + entries + struct.pack("<I", after))
    return b"II*\0" + struct.pack("<I", start) + first.tobytes() + bytes([90]) * size + b"".join(directories)


def with_chunk(name: bytes, data: bytes) -> bytes:
    """A PNG of a letter with one more chunk, where a reader meets it before the pixels."""
    plain = encoded(letter())
    return plain[:33] + chunk(name, data) + plain[33:]  # behind the signature and IHDR


def text_bomb() -> bytes:
    """A compressed text that unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    return with_chunk(b"zTXt", b"Comment\0\0" + packed)


def commented() -> bytes:
    info = PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    return encoded(letter(), pnginfo=info)


UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is stored under each orientation of EXIF."""


def turned(orientation: int) -> bytes:
    """A letter that only its EXIF puts upright."""
    upright = letter("R").convert("RGB")
    stored = upright.transpose(UNDO[orientation]) if orientation in UNDO else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, "JPEG", exif=exif, quality=95)


def in_mode(mode: str) -> bytes:
    """A letter stored in a mode of Pillow, in the kind of file that has it."""
    grey = letter().convert("L")
    if mode == "I;16":
        return encoded(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257))
    if mode == "F":
        return encoded(Image.fromarray(np.asarray(grey).astype(np.float32)), "TIFF")
    if mode == "CMYK":
        return encoded(letter().convert("RGB").convert("CMYK"), "JPEG")
    if mode == "P with transparency":
        clear = letter(paper=(0, 0, 0, 0)).quantize(16)
        return encoded(clear)
    return encoded(grey.convert(mode))


def not_numbers() -> bytes:
    """A TIFF of floats some of which are NaN and infinite."""
    values = np.full((60, 60), 255, np.float32)
    values[20:40, 20:40] = np.nan
    values[0, 0] = np.inf
    return encoded(Image.fromarray(values), "TIFF")


def noise(side: int = 500) -> bytes:
    return encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)))


def specks(count: int = 100_000) -> bytes:
    """Salt and pepper over grey paper."""
    rng = np.random.default_rng(0)
    pixels: NDArray[np.uint8] = np.full((1000, 1000), 128, np.uint8)
    pixels[rng.integers(0, 1000, count), rng.integers(0, 1000, count)] = rng.choice([0, 255], count)
    return encoded(Image.fromarray(pixels))


def landscape() -> bytes:
    """A photo without text: a sky, hills and grain."""
    sky = np.linspace([150, 190, 235], [235, 240, 245], 480)[:, None].repeat(640, axis=1)
    picture = Image.fromarray(sky.astype(np.uint8))
    brush = ImageDraw.Draw(picture)
    for number, shade in enumerate(((120, 150, 120), (80, 120, 80), (50, 90, 60))):
        x = np.arange(0, 641, 20)
        y = 250 + 70 * number + 40 * np.sin(x / (90 + 30 * number) + number)
        brush.polygon([(0, 480), *zip(x.tolist(), y.tolist()), (640, 480)], fill=shade)
    grain = np.random.default_rng(1).normal(0, 6, (480, 640, 1))
    pixels = (np.asarray(picture) + grain).clip(0, 255).astype(np.uint8)
    return encoded(Image.fromarray(pixels), "JPEG", quality=90)
