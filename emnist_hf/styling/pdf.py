"""A scene as PDF: vector outlines, and over them its words, unseen, to select, search and copy."""

# Operators by hand, since libraries cost more than they save (a page of 1,000 characters):
# here 20 ms and 35 kB; ReportLab 5.1 104 ms and 68 kB, and it still wants the blank font, registers it for the whole
# process and has no ActualText; fpdf2 2.8 takes 2.6 s and 780 kB for the outlines alone.

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

from emnist_hf.styling.colours import Colour
from emnist_hf.styling.hidden_text import blank_font, codes_of, hidden_word, utf16
from emnist_hf.styling.outline import UNITS, Outline
from emnist_hf.styling.scene import RULE, Scene, SetWord

POINTS = 0.75
"""Points to a CSS pixel."""


def to_pdf(scene: Scene) -> bytes:
    """Return a PDF of one page, of the scene's size, with its text as hidden words in reading order."""
    pdf = pikepdf.new()
    width, height = scene.width * POINTS, scene.height * POINTS
    codes = codes_of("".join(word.text for line in scene.lines for word in line))
    numbers = scene.numbered_outlines()
    # In CSS pixels from the upper left corner, as the scene is; text, which would be upside down, in points.
    content = [
        f"q {POINTS} 0 0 -{POINTS} 0 {height:.3f} cm",
        *_paper(scene),
        f"/I gs {_rgb(scene.ink)} rg",
        *(f"q {_matrix(mark.matrix)} cm /G{numbers[mark.outline]} Do Q" for mark in scene.marks),
        "Q",
        *_words(scene, height, codes),
    ]
    page = Dictionary(
        Type=Name.Page,
        MediaBox=[0, 0, width, height],
        Contents=pdf.make_stream("\n".join(content).encode("ascii")),
        Resources=Dictionary(
            XObject=Dictionary({f"/G{number}": _form(pdf, outline) for outline, number in numbers.items()}),
            Font=Dictionary(T=blank_font(pdf, list(codes))),
            ExtGState=Dictionary(I=Dictionary(ca=scene.ink[3] / 255), P=Dictionary(ca=scene.paper[3] / 255)),
        ),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    pdf.docinfo["/Title"] = pikepdf.String(scene.text[:200].encode("utf-8", "ignore").decode().replace("\n", " "))
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True, compress_streams=True)
    return buffer.getvalue()


def _paper(scene: Scene) -> Iterator[str]:
    if scene.paper[3]:
        yield f"/P gs {_rgb(scene.paper)} rg 0 0 {scene.width:.3f} {scene.height:.3f} re f"
    if scene.rules:
        yield f"{_rgb(RULE)} RG {scene.rule_width:.3f} w"
        for y in scene.rules:
            yield f"0 {y:.3f} m {scene.width:.3f} {y + scene.fall:.3f} l S"


def _matrix(matrix: Sequence[float]) -> str:
    return " ".join(f"{v:.6f}" for v in (*(v / UNITS for v in matrix[:4]), *matrix[4:]))


def _form(pdf: pikepdf.Pdf, outline: Outline) -> Object:
    """Return an outline as a form XObject."""
    left, bottom, right, top = (v * UNITS for v in outline.bounds())
    stream = pdf.make_stream("\n".join([*_operators(outline), "f"]).encode("ascii"))
    stream.Type, stream.Subtype = Name.XObject, Name.Form
    stream.BBox = Array([left - 9, bottom - 9, right + 9, top + 9])
    return stream


def _operators(outline: Outline) -> Iterator[str]:
    """Yield PDF's path operators; quadratic curves are raised to cubic ones, the only kind it has."""
    x = y = 0.0
    for verb, coordinates in outline.segments:
        points = [v * UNITS for v in coordinates]
        if verb == "Q":
            a, b, to_x, to_y = points
            points = [x + 2 / 3 * (a - x), y + 2 / 3 * (b - y), to_x + 2 / 3 * (a - to_x), to_y + 2 / 3 * (b - to_y)]
            points += [to_x, to_y]
        yield " ".join([*(f"{v:.1f}" for v in points), {"M": "m", "L": "l", "Q": "c", "C": "c", "Z": "h"}[verb]])
        if points:
            x, y = points[-2:]


def _words(scene: Scene, height: float, codes: dict[str, int]) -> Iterator[str]:
    """Yield hidden text (rendering mode 3): every word of a line at its place, and a space over the gap to the next.

    A line that falls or climbs says what it reads (`ActualText`: PDF 32000-1, 14.9.4), since programs that put text
    together by its places, as pdftotext does, take slanting words apart.
    """
    size = scene.em * POINTS
    yield f"BT 3 Tr /T {size:.3f} Tf"
    for line in scene.lines:
        is_level = all(word.fall == 0 for word in line)
        if not is_level:
            yield f"/Span <</ActualText <FEFF{utf16(' '.join(word.text for word in line))}>>> BDC"
        for word, following in zip(line, [*line[1:], None]):
            yield hidden_word(word, size, height, codes, POINTS)
            if following:
                gap = max(following.left - word.right, 1)
                slope = word.fall / max(word.right - word.left, 0.1)
                space = SetWord(" ", word.right, word.right + gap, word.baseline + word.fall, slope * gap)
                yield hidden_word(space, size, height, codes, POINTS)
        if not is_level:
            yield "EMC"
    yield "ET"


def _rgb(colour: Colour) -> str:
    return " ".join(f"{v / 255:.4f}" for v in colour[:3])
