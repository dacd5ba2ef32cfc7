"""Examples written with our own strokes as an unsteady hand would: our sheet for a font, a note, a ruled page.

python -m tests.support.example_sheets      draws the pictures anew into emnist_hf/page/examples/
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.styling.pen_made import Pen
from emnist_hf.styling.pen_strokes import STROKES
from emnist_hf.styling.sheet_layout import sheet_pages
from emnist_hf.styling.sheet_pdf import write_sheet
from tests.support.strokes import EXAMPLES, shaded

Colour = tuple[int, int, int]

DPI, X_HEIGHT, WEIGHT = 110, 3.4, 0.5  # millimetres


def written(character: str, rng: np.random.Generator) -> list[np.ndarray]:
    """Strokes of a character in x-heights, y up, each time a little otherwise: leaning, bent and unsteady."""
    pen = Pen(0.0, 0.14 + rng.normal(0, 0.03), 0.95, 1.0 + rng.normal(0, 0.05))
    bend = rng.normal(0, 0.05, (2, 2)) + np.eye(2)
    lines = []
    for stroke in STROKES[character]:
        points = np.array(pen.polyline(stroke)) @ bend
        wobble = cv2.GaussianBlur(rng.normal(0, 0.16, (len(points), 2)), (0, 0), 9, borderType=cv2.BORDER_REFLECT)
        lines.append(points + wobble)
    return lines


def filled_sheet(seed: int = 3) -> Image.Image:
    """The first page, scanned."""
    rng = np.random.default_rng(seed)
    page = sheet_pages("a4")[0]
    printed = pypdfium2.PdfDocument(write_sheet("a4"))[0].render(scale=DPI / 72).to_pil().convert("RGB")
    ink = np.zeros((printed.height, printed.width), np.uint8)
    scale = DPI / 25.4
    for cell in page.cells:
        lines = written(cell.label, rng)
        reach = np.concatenate(lines)[:, 0]
        left, right = reach.min(), reach.max()
        middle = (cell.rect[0] + cell.rect[2]) / 2
        foot = cell.baseline - (0.3 if LETTERFORMS[cell.label].bottom else 0.0)
        for line in lines:
            x = (middle + (line[:, 0] - (left + right) / 2) * X_HEIGHT) * scale
            y = (foot - line[:, 1] * X_HEIGHT) * scale
            points = np.rint(16 * np.stack([x, y], axis=1)).astype(np.int32)
            cv2.polylines(ink, [points], False, 255, max(2, round(WEIGHT * scale)), cv2.LINE_AA, 4)
    share = ink.astype(np.float32)[..., None] / 255
    pixels = np.asarray(printed) * (1 - share) + np.array((27, 42, 90), np.float32) * share
    return Image.fromarray(pixels.astype(np.uint8))


NOTE = ("Dear Ann,", "thank you for the book.", "I will bring it back", "on Friday at 7.", "Yours, Tom")
RULED = ("Buy milk, bread and tea", "Call the school at 10", "Water the plants", "Post 3 letters")


def written_page(lines: Sequence[str], ink: Colour, paper: Colour, ruled: bool = False, seed: int = 5) -> Image.Image:
    """Lines of words on plain or ruled paper."""
    rng, unit, pitch, margin = np.random.default_rng(seed), 19, 62, 44
    coverage = np.zeros((pitch * (len(lines) + 1), 900), np.uint8)
    for number, line in enumerate(lines, start=1):
        pen, foot = float(margin), pitch * number + rng.normal(0, 1)
        for character in line:
            if character == " ":
                pen += 0.75 * unit
                continue
            strokes = written(character, rng)
            reach = np.concatenate(strokes)[:, 0]
            for stroke in strokes:
                x = pen + (stroke[:, 0] - reach.min()) * unit
                y = foot - stroke[:, 1] * unit + rng.normal(0, 0.4)
                points = np.rint(16 * np.stack([x, y], axis=1)).astype(np.int32)
                cv2.polylines(coverage, [points], False, 255, 4, cv2.LINE_AA, 4)
            pen += (reach.max() - reach.min()) * unit + 0.34 * unit + 3
    right = int(np.flatnonzero(coverage.any(axis=0))[-1]) + margin
    sheet = np.broadcast_to(np.array(paper, np.float32), (*coverage.shape, 3)).copy()
    if ruled:
        for number in range(1, len(lines) + 1):
            cv2.line(sheet, (0, pitch * number + 3), (900, pitch * number + 3), (176, 198, 222), 1)
    share = coverage.astype(np.float32)[..., None] / 255
    return Image.fromarray((sheet * (1 - share) + np.array(ink, np.float32) * share).astype(np.uint8)[:, :right])


def main() -> None:
    pictures = {
        "font-sheet.png": filled_sheet().quantize(24, dither=Image.Dither.NONE),
        "note.png": shaded(written_page(NOTE, (30, 60, 150), (248, 246, 240)), 6).quantize(32),
        "ruled.png": shaded(written_page(RULED, (30, 32, 40), (252, 250, 244), ruled=True), 7).quantize(32),
    }
    for name, picture in pictures.items():
        picture.save(EXAMPLES / name, optimize=True)
        print(f"{EXAMPLES / name}: {(EXAMPLES / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
