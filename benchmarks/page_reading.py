"""How well whole pages, words and strangers' pictures are read, beside others on the same (`benchmarks.peers`).

    python -m benchmarks.page_reading [--strokes STROKES.npz] [--pages 8] [--no-peers]
    python -m benchmarks.page_reading --pages 0 --words WORDS_TRAIN.npz --count 150 --real FOLDER

Pages are composed by `emnist_hf.data.compose` with hand-printed fonts and, with --strokes, with the strokes of
UNIPEN's held-out writers. The character error rate is the edit distance over the length of the true text, spaces and
line breaks as one space each; `folded` leaves case and spaces out. Box F1 pairs boxes of true and found characters that
overlap by half.

With --words, words of UNIPEN's test persons, whom the network of lines never saw, are drawn with a pen on white paper
and read, by style; `greedy` is without any language's words. With --real, the pictures of text of a folder with a
truth.tsv (file, kind, truth), shape-folded as its score.py does.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.hands import HANDS, font_hand
from benchmarks.peers import Peer, peers
from emnist_hf import Recognizer
from emnist_hf.data.compose import TEXTS, Hand, Page, compose, stroke_hand, writers
from emnist_hf.data.photograph import PAGE_CONDITIONS
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.data.words import PENS, WordSet, draw_word
from emnist_hf.evaluation.line_scores import STYLES
from emnist_hf.evaluation.page_metrics import box_matches, character_errors, fold_text
from emnist_hf.ink import open_picture
from emnist_hf.splits import CHARACTERS, fold_shape

REAL_KINDS = ("word", "line", "page", "sheet", "cursive")


def beside(others: dict[str, Peer], picture: np.ndarray) -> dict[str, str]:
    """What others read in a picture, uint8 [H, W, 3]."""
    if not others:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        Image.fromarray(picture).save(path)
        return {name: read(path).text for name, read in others.items()}


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


def word_lines(path: Path, each: int, recognizer: Recognizer, others: dict[str, Peer]) -> Iterator[dict[str, Any]]:
    """Yield how words of each style are read, by persons who were held out."""
    words, rng = WordSet.load(path), np.random.default_rng(1)
    rows = words.rows("test")
    for style in STYLES:
        some = rows[words.style[rows] == style]
        counts: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in rng.choice(some, min(each, len(some)), replace=False):
            ink = draw_word(words.strokes(int(row)), float(rng.uniform(*PENS)))
            picture, true = np.repeat(255 - ink[:, :, None], 3, axis=2), str(words.text[row])
            started = time.process_time()
            text = recognizer.read(picture).text
            counts["seconds"].append((round(1e3 * (time.process_time() - started)), 1000))
            counts["cer"].append(character_errors(true, text))
            counts["folded"].append(character_errors(fold_text(true), fold_text(text)))
            plain = recognizer.read(picture, language="none").text
            counts["greedy_folded"].append(character_errors(fold_text(true), fold_text(plain)))
            for name, other in beside(others, picture).items():
                counts[f"{name}_folded"].append(character_errors(fold_text(true), fold_text(other)))
        found = {name: round(rate(values), 4) for name, values in counts.items()}
        yield {"words": style, "count": len(counts["cer"])} | found


def real_lines(folder: Path, recognizer: Recognizer, others: dict[str, Peer]) -> Iterator[dict[str, Any]]:
    """Yield the shape-folded error rate of each picture of text in a folder, and of all."""
    totals: dict[str, list[tuple[int, int]]] = defaultdict(list)
    with (folder / "truth.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in (row for row in rows if row["kind"] in REAL_KINDS and row["truth"].isascii()):
        picture = np.asarray(open_picture(str(folder / row["file"])).convert("RGB"))
        true = "".join(fold_shape(c) if c in CHARACTERS else c for c in fold_text(row["truth"].replace(" / ", "")))
        read = {"errors": recognizer.read(picture).text} | beside(others, picture)
        found: dict[str, Any] = {"real": row["file"][:40]}
        for name, text in read.items():
            folded = "".join(fold_shape(c) if c in CHARACTERS else c for c in fold_text(text))
            totals[name].append(character_errors(true, folded))
            found[name] = round(rate(totals[name][-1:]), 4)
        yield found
    yield {"real": "all"} | {name: round(rate(values), 4) for name, values in totals.items()}


def rate(counts: list[tuple[int, int]]) -> float:
    return sum(wrong for wrong, _ in counts) / max(1, sum(length for _, length in counts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=Path, help="UNIPEN's strokes.npz: compose pages with real writers too")
    parser.add_argument(
        "--pages", type=int, default=8, help="pages of each condition and each kind of hand (default: %(default)s)"
    )
    parser.add_argument("--words", type=Path, help="UNIPEN's words_train.npz: words of held-out persons, by style")
    parser.add_argument("--count", type=int, default=150, help="words of each style (default: %(default)s)")
    parser.add_argument("--real", type=Path, help="folder of pictures with a truth.tsv")
    parser.add_argument("--checkpoint", help="folder, split that the package has, or Hub id (default: byclass)")
    parser.add_argument("--no-peers", action="store_true", help="leave others out even where they are installed")
    parser.add_argument("--show", action="store_true", help="print what was read")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recognizer = Recognizer.from_pretrained(options.checkpoint)
    kinds: dict[str, dict[str, Hand]] = {"font": {name: font_hand(name) for name in HANDS}}
    if options.strokes:
        strokes = StrokeSet.load(options.strokes)
        kinds["strokes"] = {writer: stroke_hand(strokes, writer) for writer in writers(strokes)}
    with nullcontext({}) if options.no_peers else peers() as others:
        report(options, recognizer, kinds, others)


def report(
    options: argparse.Namespace, recognizer: Recognizer, kinds: dict[str, dict[str, Hand]], others: dict[str, Peer]
) -> None:
    """Print what is asked for, a line of JSON each."""
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
            for name, other in beside(others, page.picture).items():
                found[name] = character_errors(page.text, other)
                found[f"{name}_folded"] = character_errors(fold_text(page.text), fold_text(other))
            if options.show:
                print(f"--- {kind} {condition} {hand} {found}\n{page.text}\n>>>\n{reading.text} {reading.note}")
            for key in ((kind, condition), (kind, "all"), ("all", "all")):
                for measure, value in found.items():
                    scores[key][measure].append(value)
    for line in word_lines(options.words, options.count, recognizer, others) if options.words else ():
        print(json.dumps(line), flush=True)
    for line in real_lines(options.real, recognizer, others) if options.real else ():
        print(json.dumps(line), flush=True)
    for (kind, condition), measures in scores.items():
        summary = {"hands": kind, "condition": condition, "pages": len(measures["cer"])}
        print(json.dumps(summary | {measure: round(rate(values), 4) for measure, values in measures.items()}))


if __name__ == "__main__":
    main()
