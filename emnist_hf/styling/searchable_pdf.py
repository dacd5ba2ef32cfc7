"""A picture as PDF, with what was read in it as hidden text at its place: to search, select and copy."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image

from emnist_hf.styling.hidden_text import blank_font, codes_of, hidden_word
from emnist_hf.styling.scene import SetWord

LONGER_SIDE = 842.0
"""Of the page, in points: that of A4."""

Word = tuple[str, tuple[int, int, int, int]]
"""A word and its box in the picture's pixels: left, top, right, bottom."""


def searchable_pdf(jpeg: bytes, size: tuple[int, int], lines: Sequence[Sequence[Word]]) -> bytes:
    """Return a PDF of one page.

    jpeg: the picture, upright, RGB or grey, taken in as it is. size: width and height in the pixels that boxes are in,
    which it may be reduced from. lines: words in reading order; what is searched and copied is these, parted by blanks,
    each line on a line.
    """
    pdf = pikepdf.new()
    points = LONGER_SIDE / max(size)
    width, height = size[0] * points, size[1] * points
    codes = codes_of("".join(text for line in lines for text, _ in line))
    content = [f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /I Do Q BT 3 Tr"]
    for line in lines:
        content += _line(line, height, points, codes)
    content += ["ET"]
    page = Dictionary(
        Type=Name.Page,
        MediaBox=[0, 0, width, height],
        Contents=pdf.make_stream("\n".join(content).encode("ascii")),
        Resources=Dictionary(XObject=Dictionary(I=_image(pdf, jpeg)), Font=Dictionary(T=blank_font(pdf, list(codes)))),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True, compress_streams=True)
    return buffer.getvalue()


def _line(line: Sequence[Word], height: float, points: float, codes: dict[str, int]) -> Iterator[str]:
    """Yield a line's words on one baseline, as viewers tell lines by it, with a blank over each gap."""
    top, bottom = min(box[1] for _, box in line), max(box[3] for _, box in line)
    size = max((bottom - top) * points, 1.0)
    yield f"/T {size:.3f} Tf"
    end = 0.0
    for place, (text, (left, _, right, _)) in enumerate(line):
        start = max(float(left), end)  # boxes of slanting words may overlap
        if place:
            gap = SetWord(" ", end, max(start, end + 1), float(bottom))
            yield hidden_word(gap, size, height, codes, points)
            start = gap.right
        end = max(float(right), start + 1)
        yield hidden_word(SetWord(text, start, end, float(bottom)), size, height, codes, points)


def _image(pdf: pikepdf.Pdf, jpeg: bytes) -> pikepdf.Object:
    with Image.open(io.BytesIO(jpeg)) as picture:
        size, colours = picture.size, Name.DeviceGray if picture.mode == "L" else Name.DeviceRGB
    stream = pdf.make_stream(jpeg)
    stream.Type, stream.Subtype, stream.Filter = Name.XObject, Name.Image, Name.DCTDecode
    stream.Width, stream.Height = size
    stream.ColorSpace, stream.BitsPerComponent = colours, 8
    return pdf.make_indirect(stream)
