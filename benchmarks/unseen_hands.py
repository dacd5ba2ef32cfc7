"""How characters by hands that nobody learnt from are read: persons' in context, fonts', and signs that are none.

    python -m benchmarks.unseen_hands SOURCE [--checkpoint C] [--hands 4]

SOURCE holds UNIPEN's in_context.npz and signs.npz, and the handwriting fonts in `fonts/` (`python -m
emnist_hf.data.handwriting_fonts SOURCE/fonts`); what is missing is left out, and said. Persons and fonts are those that
recipes/byclass-hands.yaml keeps out: a tenth of the persons, eight families. Prints one JSON object: of characters
the share that is read right, shape-folded (see docs/results.md), and the share that is told as no character; of signs,
accented letters among them, the share that is told so. Signs are scored at the checkpoint's own threshold. Not an
official test: persons are few, and fonts are no persons.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf import Recognizer
from emnist_hf.data.context_rows import context_rows, sign_glyphs
from emnist_hf.data.font_rows import accented_glyphs, font_rows, is_held_out
from emnist_hf.data.line_fonts import find_fonts
from emnist_hf.data.rows import Rows
from emnist_hf.errors import EmnistError
from emnist_hf.evaluation.metrics import score


def characters(source: Path, hands: int) -> Iterator[tuple[str, Rows]]:
    """The sets of characters that a source has, by name."""
    for part in ("validation", "test"):
        if (source / "in_context.npz").exists():
            yield f"in context, {part} persons", context_rows(source / "in_context.npz", part, progress=True)
    fonts = [path for path in find_fonts(source / "fonts") if is_held_out(path)]
    if fonts:
        yield f"{len(fonts)} fonts, {hands} hands each", font_rows(fonts, hands, progress=True)


def signs(source: Path, hands: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The sets of glyphs that are no character, by name."""
    for part in ("validation", "test"):
        if (source / "signs.npz").exists():
            yield f"signs, {part} persons", sign_glyphs(source / "signs.npz", part)
    accented = accented_glyphs([path for path in find_fonts(source / "fonts") if is_held_out(path)], hands)
    if len(accented):
        yield "accented letters of fonts", accented


def told(recognizer: Recognizer, glyphs: NDArray[np.uint8]) -> float | None:
    """The share of glyphs that is told as no character; None from a checkpoint that cannot say."""
    p_reject, rejection = recognizer.not_a_character(glyphs), recognizer.rejection
    return None if p_reject is None or rejection is None else float((p_reject > rejection.threshold).mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with in_context.npz, signs.npz and fonts/")
    parser.add_argument("--checkpoint", help="as Recognizer.from_pretrained takes it (default: the one in the package)")
    parser.add_argument("--hands", type=int, default=4, help="by how many hands each font is drawn (default: 4)")
    options = parser.parse_args()
    try:
        recognizer = Recognizer.from_pretrained(options.checkpoint)
        report: dict[str, Any] = {"checkpoint": options.checkpoint or "byclass", "characters": {}, "signs": {}}
        for name, rows in characters(options.source, options.hands):
            glyphs = np.asarray(rows.images)
            scored = score(recognizer.predict_proba(glyphs, "byclass"), rows.labels, rows.label_set)
            report["characters"][name] = {
                "rows": len(rows),
                "accuracy_shape_folded": scored["accuracy_shape_folded"],
                "told_as_none": told(recognizer, glyphs),
            }
        for name, glyphs in signs(options.source, options.hands):
            report["signs"][name] = {"rows": len(glyphs), "told_as_none": told(recognizer, glyphs)}
    except EmnistError as error:
        print(error, file=sys.stderr)
        return 1
    if not report["characters"] and not report["signs"]:
        print(f"{options.source} has none of in_context.npz, signs.npz and fonts.", file=sys.stderr)
        return 1
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
