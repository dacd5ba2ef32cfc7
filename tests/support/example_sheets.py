"""The example of the Your font tab: our sheet, filled in with our own strokes as an unsteady hand would write them.

python -m tests.support.example_sheets      draws the picture anew into emnist_hf/page/examples/
"""

from __future__ import annotations

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.styling.pen_made import Pen
from emnist_hf.styling.pen_strokes import STROKES
from emnist_hf.styling.sheet_layout import sheet_pages
from emnist_hf.styling.sheet_pdf import write_sheet
from tests.support.strokes import EXAMPLES

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


def main() -> None:
    picture = filled_sheet().quantize(24, dither=Image.Dither.NONE)
    picture.save(EXAMPLES / "font-sheet.png", optimize=True)
    print(f"{EXAMPLES / 'font-sheet.png'}: {(EXAMPLES / 'font-sheet.png').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
