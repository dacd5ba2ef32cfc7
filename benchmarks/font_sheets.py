"""Fonts of UNIPEN's writers: our sheet filled in with their strokes and photographed, and a text in it read back.

    python -m benchmarks.font_sheets STROKES.npz [--writers 10]

Prints a line a writer: how many of the 62 labels are right, the stem weight of n, l and o where they were made and not
written, by that of the written ones, and the share of characters of a text set in the font that are read wrongly, case
ignored.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from PIL import Image
from rapidfuzz.distance import Levenshtein

from emnist_hf import Recognizer
from emnist_hf.data.form_photo import take
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.ink.widths import stroke_width
from emnist_hf.letterforms import LETTERFORMS
from emnist_hf.splits import CHARACTERS
from emnist_hf.styling import Font, set_text
from emnist_hf.styling.hand_font import make_font
from emnist_hf.styling.sheet_layout import sheet_pages
from emnist_hf.styling.sheet_pdf import write_sheet
from emnist_hf.styling.sheet_reading import read_sheet

DPI, X_HEIGHT, PEN = 150, 3.6, 0.5  # millimetres
TAKEN_AWAY = "nlo"
TEXT = "the five boxing wizards jump quickly\npack my box with dozen jugs\nTHE QUICK BROWN FOX\nJUMPS OVER LAZY DOGS"


def filled_sheet(strokes: StrokeSet, writer: str) -> tuple[np.ndarray, np.ndarray]:
    """Our sheet as it is printed, uint8 [H, W, 3], and a writer's strokes in its cells, float32 [H, W]."""
    rng, scale = np.random.default_rng(0), DPI / 25.4
    printed = np.asarray(pypdfium2.PdfDocument(write_sheet())[0].render(scale=DPI / 72).to_pil().convert("RGB"))
    ink = np.zeros(printed.shape[:2], np.uint8)
    rows: dict[str, list[int]] = {}
    for row in np.flatnonzero(strokes.writer == writer).tolist():
        rows.setdefault(strokes.label(row), []).append(row)
    for cell in sheet_pages()[0].cells:
        chosen = rows[cell.label][cell.sample % len(rows[cell.label])]
        lines = [np.asarray(line, float) for line in strokes.strokes(chosen)]
        low, high = (f(np.concatenate(lines), axis=0) for f in (np.min, np.max))
        form, (left, _, right, _) = LETTERFORMS[cell.label], cell.rect
        size = min(
            form.height * X_HEIGHT / max(high[1] - low[1], 1e-6), (right - left - 2.2) / max(high[0] - low[0], 1e-6)
        )
        corner = ((left + right - (high[0] - low[0]) * size) / 2, cell.baseline - form.bottom * X_HEIGHT)
        for line in lines:
            placed = (line - (low[0], high[1])) * size + corner + rng.normal(0, 0.1, 2)
            points = np.rint(16 * scale * placed).astype(np.int32)
            points = np.concatenate([points, points[-1:]])  # a tap, such as a dot, is one point: no line, for OpenCV
            cv2.polylines(ink, [points], False, 255, max(1, round(PEN * scale)), cv2.LINE_AA, 4)
    return printed, ink.astype(np.float32) / 255


def stem(font: Font, character: str) -> float:
    picture = set_text(character, font, size=400, colour="black").image
    return stroke_width(np.asarray(picture.convert("L")) < 128)


def measure(strokes: StrokeSet, writer: str, recognizer: Recognizer) -> str:
    """Return the line of a writer."""
    picture, _ = take(*filled_sheet(strokes, writer), "photo", np.random.default_rng(1))
    sheet = read_sheet(Image.fromarray(picture), recognizer)
    samples, hand = sheet.samples(), sheet.hand()
    made = make_font(samples, hand)
    without = make_font([sample for sample in samples if sample.label not in TAKEN_AWAY], hand)
    weights = [stem(without.font, c) / stem(made.font, c) for c in TAKEN_AWAY]
    said = "".join(recognizer.read(set_text(TEXT, made.font, size=64).image).text.lower().split())
    wanted = "".join(TEXT.lower().split())
    wrong = Levenshtein.distance(wanted, said) / len(wanted)
    stems = " ".join(f"{c} {weight:.2f}" for c, weight in zip(TAKEN_AWAY, weights))
    return f"{writer}: {len(made.written)} of 62, stems {stems} (mean {np.mean(weights):.3f}), {wrong:.3f} read wrongly"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="UNIPEN's strokes.npz")
    parser.add_argument("--writers", type=int, default=10, help="those with most characters (default: %(default)s)")
    arguments = parser.parse_args()
    strokes, recognizer = StrokeSet.load(arguments.strokes), Recognizer.from_pretrained()
    counts = {str(w): int((strokes.writer == w).sum()) for w in np.unique(strokes.writer)}
    whole = [
        w
        for w in counts
        if len({strokes.label(int(i)) for i in np.flatnonzero(strokes.writer == w)}) == len(CHARACTERS)
    ]
    for writer in sorted(whole, key=lambda w: -counts[w])[: arguments.writers]:
        print(measure(strokes, writer, recognizer), flush=True)


if __name__ == "__main__":
    main()
