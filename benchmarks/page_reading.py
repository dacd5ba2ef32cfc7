"""How well whole pages are read, by condition, beside Tesseract 5 on the same pages.

    python -m benchmarks.page_reading [--strokes STROKES.npz] [--pages 8] [--no-tesseract]

Pages are composed by `emnist_hf.data.compose` with hand-printed fonts and, with --strokes, with the strokes of
UNIPEN's held-out writers. The character error rate is the edit distance over the length of the true text, spaces and
line breaks as one space each; `folded` leaves case and spaces out. Box F1 pairs boxes of true and found characters that
overlap by half.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image

from benchmarks.hands import HANDS, font_hand
from emnist_hf import Recognizer
from emnist_hf.data.compose import TEXTS, Hand, Page, compose, stroke_hand, writers
from emnist_hf.data.photograph import PAGE_CONDITIONS
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.evaluation.page_metrics import box_matches, character_errors, fold_text


def tesseract(page: Page) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        Image.fromarray(page.picture).save(path)
        command = ["tesseract", str(path), "-", "--psm", "6", "-l", "eng"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pages(hands: dict[str, Hand], each: int) -> Iterator[tuple[str, str, Page]]:
    """Condition, hand and page: `each` pages of a condition, hands and texts in turn."""
    names = list(hands)
    for number, condition in enumerate(PAGE_CONDITIONS):
        for i in range(each):
            name = names[(i + number) % len(names)]
            seed = zlib.crc32(f"{condition} {i}".encode()) % 2**31
            size = (64, 48, 88)[i % 3]
            text = TEXTS[(i + number) % len(TEXTS)]
            yield condition, name, compose(text, hands[name], condition, size=size, seed=seed)


def rate(counts: list[tuple[int, int]]) -> float:
    return sum(wrong for wrong, _ in counts) / max(1, sum(length for _, length in counts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=Path, help="UNIPEN's strokes.npz: compose pages with real writers too")
    parser.add_argument(
        "--pages", type=int, default=8, help="pages of each condition and each kind of hand (default: %(default)s)"
    )
    parser.add_argument("--checkpoint", help="folder, split that the package has, or Hub id (default: byclass)")
    parser.add_argument("--no-tesseract", action="store_true", help="leave Tesseract out even where it is installed")
    parser.add_argument("--show", action="store_true", help="print what was read")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recognizer = Recognizer.from_pretrained(options.checkpoint)
    kinds: dict[str, dict[str, Hand]] = {"font": {name: font_hand(name) for name in HANDS}}
    if options.strokes:
        strokes = StrokeSet.load(options.strokes)
        kinds["strokes"] = {writer: stroke_hand(strokes, writer) for writer in writers(strokes)}
    beside = not options.no_tesseract and shutil.which("tesseract") is not None
    scores: dict[tuple[str, ...], dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for kind, hands in kinds.items():
        for condition, hand, page in pages(hands, options.pages):
            reading = recognizer.read(page.picture)
            found = {
                "cer": character_errors(page.text, reading.text),
                "folded": character_errors(fold_text(page.text), fold_text(reading.text)),
            }
            boxes = [box for _, box in page.characters]
            hits = box_matches(boxes, [c.box for c in reading.characters])
            found["f1"] = (2 * hits, len(boxes) + len(reading.characters))
            if beside:
                other = tesseract(page)
                found["tesseract"] = character_errors(page.text, other)
                found["tesseract_folded"] = character_errors(fold_text(page.text), fold_text(other))
            if options.show:
                print(f"--- {kind} {condition} {hand} {found}\n{page.text}\n>>>\n{reading.text} {reading.note}")
            for key in ((kind, condition), (kind, "all"), ("all", "all")):
                for measure, value in found.items():
                    scores[key][measure].append(value)
    for (kind, condition), measures in scores.items():
        line = {"hands": kind, "condition": condition, "pages": len(measures["cer"])}
        print(json.dumps(line | {measure: round(rate(values), 4) for measure, values in measures.items()}))


if __name__ == "__main__":
    main()
