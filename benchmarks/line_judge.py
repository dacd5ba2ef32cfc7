"""Which reader serves a line: both are asked about lines of known text, beside what `reading.judge` makes of them.

    python -m benchmarks.line_judge --strokes STROKES.npz --words WORDS_TRAIN.npz [--count 120] [--seed 0]

Lines are composed with the tests' fonts and with UNIPEN's strokes, on paper of every condition, as words, as random
strings and as letters far apart, and words are of UNIPEN's validation persons. Prints the share of errors of either
reader, of the rule, and of whoever was better on each line.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from rapidfuzz.distance import Levenshtein

from benchmarks.hands import HANDS, font_hand
from emnist_hf import Recognizer
from emnist_hf.data.compose import Hand, compose, stroke_hand, writers
from emnist_hf.data.line_texts import compose_text
from emnist_hf.data.photograph import PAGE_CONDITIONS
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.data.words import PENS, WordSet, draw_word
from emnist_hf.reading import judge, pipeline
from emnist_hf.reading.results import Character
from emnist_hf.splits import CHARACTERS


def lines(options: argparse.Namespace) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield kind, text and picture of each line."""
    rng = np.random.default_rng(options.seed)
    strokes = StrokeSet.load(options.strokes)
    hands: dict[str, list[Hand]] = {
        "font": [font_hand(name) for name in HANDS],
        "strokes": [stroke_hand(strokes, writer) for writer in writers(strokes)],
    }
    for kind, some in hands.items():
        known = set(CHARACTERS + " .,'-")
        for number in range(options.count):
            far = number % 4 == 3
            letters = "".join(rng.choice(list(CHARACTERS), int(rng.integers(3, 14))))
            letters = letters[0] * len(letters) if number % 8 == 7 else letters  # a practice sheet
            text = letters if far else compose_text(int(rng.integers(3, 26)), rng)
            text = "".join(c for c in text if c in known).strip(" .,'-") or "a"
            condition = PAGE_CONDITIONS[number % len(PAGE_CONDITIONS)]
            spacing = float(rng.uniform(0.3, 0.7)) if far else float(rng.uniform(0.02, 0.14))
            page = compose([text], some[number % len(some)], condition, seed=number, spacing=spacing)
            yield f"{kind} apart" if far else kind, text, page.picture
    words = WordSet.load(options.words)
    for row in rng.choice(words.rows("validation"), options.count, replace=False):
        drawn = 255 - draw_word(words.strokes(int(row)), float(rng.uniform(*PENS)))
        yield "unipen", str(words.text[row]), np.repeat(drawn[:, :, None], 3, axis=2)


def errors(true: str, found: str) -> int:
    """Return the edit distance, case and blanks ignored."""
    return Levenshtein.distance("".join(true.lower().split()), "".join(found.lower().split()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=Path, required=True, help="UNIPEN's strokes.npz")
    parser.add_argument("--words", type=Path, required=True, help="UNIPEN's words_train.npz")
    parser.add_argument("--count", type=int, default=120, help="lines of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of texts, hands and paper (default: %(default)s)")
    options = parser.parse_args()
    recognizer = Recognizer.from_pretrained()
    rows: list[tuple[str, int, int, int, int]] = []
    for kind, text, picture in lines(options):
        asked: list[tuple[str, str, str]] = []

        def ask(segments: Any, printed: Any, lined: Any, asked: list[tuple[str, str, str]] = asked) -> list[Character]:
            chosen = judge.judge(segments, printed, lined)
            asked.append(tuple("".join(c.label for c in some) for some in (printed, lined, chosen)))  # type: ignore[arg-type]
            return chosen

        with mock.patch.object(pipeline, "judge", ask):
            read = recognizer.read(picture)
        if len(asked) == 1:
            apart, whole, _ = asked[0]
            rows.append((kind, len(text), errors(text, apart), errors(text, whole), errors(text, read.text)))
    for kind in (*sorted({row[0] for row in rows}), "all"):
        some = [row for row in rows if kind in (row[0], "all")]
        total = max(sum(row[1] for row in some), 1)
        rates = {
            "characters": sum(row[2] for row in some) / total,
            "line": sum(row[3] for row in some) / total,
            "rule": sum(row[4] for row in some) / total,
            "best": sum(min(row[2], row[3]) for row in some) / total,
        }
        print(json.dumps({"kind": kind, "lines": len(some)} | {name: round(rate, 4) for name, rate in rates.items()}))


if __name__ == "__main__":
    main()
