"""How often a drawing that is no writing gives text, by kind, and how often short writing gives none.

    python -m benchmarks.doodles --seeds 8
    python -m benchmarks.doodles --seeds 3 --words words_train.npz --strokes strokes.npz

`data/doodles.py` draws the kinds; of those of `HELD_OUT` nothing was learnt. Words and lone characters are by persons
of UNIPEN who were kept out of all training.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from emnist_hf import Recognizer
from emnist_hf.data.conditions import CONDITIONS, pad_for
from emnist_hf.data.doodles import HELD_OUT, KINDS, doodle
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.data.words import PENS, WordSet, draw_word
from emnist_hf.evaluation.line_scores import STYLES
from emnist_hf.ink.types import Bytes

SHORT = 12  # characters of a word, at the most


def words(path: Path, each: int) -> Iterator[tuple[str, Bytes]]:
    """Yield a style and a picture of a word, uint8 [H, W, 3], on paper of any width."""
    known, rng = WordSet.load(path), np.random.default_rng(11)
    rows = known.rows("test")
    for style in STYLES:
        some = rows[(known.style[rows] == style) & (np.char.str_len(known.text[rows]) <= SHORT)]
        for row in rng.choice(some, min(each, len(some)), replace=False):
            scale, margin = float(rng.uniform(0.06, 0.2)), int(rng.integers(12, 80))
            ink = draw_word(known.strokes(int(row)), float(rng.uniform(*PENS)), scale, margin)
            yield style, np.repeat(255 - ink[:, :, None], 3, axis=2)


def characters(path: Path, each: int) -> Iterator[tuple[str, Bytes]]:
    """Yield a condition and a picture of a lone character in it."""
    strokes, rng = StrokeSet.load(path), np.random.default_rng(12)
    rows = rng.choice(strokes.rows("test"), each * len(CONDITIONS), replace=False)
    for place, row in enumerate(rows):
        name = list(CONDITIONS)[place % len(CONDITIONS)]
        yield name, CONDITIONS[name](strokes.strokes(int(row)), pad_for("plain", rng), rng)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8, help="doodles of each kind (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--words", type=Path, help="UNIPEN's words_train.npz: short words, which are to give text")
    parser.add_argument("--strokes", type=Path, help="UNIPEN's strokes.npz: lone characters, which are to as well")
    parser.add_argument("--count", type=int, default=60, help="of each style or condition (default: %(default)s)")
    parser.add_argument("--checkpoint", help="folder, split that the package has, or Hub id (default: byclass)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recognizer = Recognizer.from_pretrained(options.checkpoint)
    seeds = range(options.first, options.first + options.seeds)
    texts = {kind: [recognizer.read(doodle(kind, seed)).text for seed in seeds] for kind in KINDS}
    for kind, found in texts.items():
        print(json.dumps({"doodle": kind, "give_text": sum(map(bool, found)), "of": len(found), "texts": found}))
    for name, kinds in (("learnt", [kind for kind in KINDS if kind not in HELD_OUT]), ("held out", list(HELD_OUT))):
        found = [text for kind in kinds for text in texts[kind]]
        print(json.dumps({"doodles": name, "give_text": sum(map(bool, found)), "of": len(found)}))
    writing = {"words": (options.words, words), "lone characters": (options.strokes, characters)}
    for name, (path, pictures) in writing.items():
        if path:
            read = [(kind, bool(recognizer.read(picture).text)) for kind, picture in pictures(path, options.count)]
            for kind in dict.fromkeys(kind for kind, _ in read):
                own = [some for other, some in read if other == kind]
                print(json.dumps({name: kind, "no_text": len(own) - sum(own), "of": len(own)}))


if __name__ == "__main__":
    main()
