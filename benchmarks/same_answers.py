"""Whether this checkout answers as another does: labels, scores, texts, JSON and drawings, side by side.

    python -m benchmarks.same_answers --before CHECKOUT [--dataset SOURCE] [--strokes STROKES.npz] [--glyphs 10000]

CHECKOUT is another working tree of this repository with a `.venv` of its own (`git worktree add CHECKOUT COMMIT`, then
`make .venv/tested` in it). Both are asked the same through what the outside relies on: `Recognizer.predict_proba`, and
`classify`, `read` and `render` of the command line, each in processes of its own. Without --dataset the glyphs are of
characters drawn by the fonts of the tests. Prints one JSON line a comparison; the exit status is 1 where any differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.hands import HANDS, font_hand
from benchmarks.page_reading import pages
from emnist_hf.data.compose import stroke_hand, writers
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.splits import CHARACTERS, CHARSETS

HERE = Path(__file__).resolve().parents[1]
MOST_OFF = 1e-6
PROBABILITIES = (
    "import sys, numpy as np; from emnist_hf import Recognizer\n"
    "asked = np.load(sys.argv[1]); recognizer = Recognizer.from_pretrained(sys.argv[3])\n"
    "charsets = [name for name in sys.argv[4:] if name in recognizer.charsets()]\n"
    "np.savez(sys.argv[2], **{name: recognizer.predict_proba(asked, name) for name in charsets})\n"
)


def run(checkout: Path, arguments: list[str], output: Path | None = None) -> bytes:
    """Standard output of Python in a checkout, by the checkout's own environment; errors of a file are part of it."""
    own = checkout / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, *arguments], cwd=checkout, env=environment, capture_output=True)
    if done.returncode not in (0, 1) or b"Traceback" in done.stderr:
        raise SystemExit(f"{checkout}: {done.stderr.decode()[-2000:]}")
    return output.read_bytes() if output else done.stdout


def drawn_glyphs(count: int) -> NDArray[np.uint8]:
    """Glyphs uint8 [count, 28, 28] of characters by the fonts of the tests, each drawn anew."""
    rng = np.random.default_rng(0)
    hands = [font_hand(name) for name in HANDS]
    return np.stack(
        [to_glyph(hands[i % len(hands)](CHARACTERS[i % len(CHARACTERS)], 64, rng)[0]) for i in range(count)]
    )


def glyphs(source: str | None, count: int) -> NDArray[np.uint8]:
    if source is None:
        return drawn_glyphs(count)
    from emnist_hf.data.sources import load_parts

    rows = load_parts("byclass", source, parts=["test"])["test"]
    return np.asarray(rows.sample(count, seed=0).images[:])


def write_pictures(folder: Path, strokes: Path | None, each: int) -> Iterator[Path]:
    """Composed pages of every condition, as PNG files, the same for both checkouts."""
    kinds = {"font": {name: font_hand(name) for name in HANDS}}
    if strokes is not None:
        made = StrokeSet.load(strokes)
        kinds["strokes"] = {writer: stroke_hand(made, writer) for writer in writers(made)}
    for kind, hands in kinds.items():
        for number, (condition, _, page) in enumerate(pages(hands, each)):
            path = folder / f"{kind}-{condition}-{number}.png"
            Image.fromarray(page.picture).save(path)
            yield path


def write_characters(folder: Path, count: int) -> Iterator[Path]:
    """Single characters, dark on light and light on dark, as PNG files."""
    rng = np.random.default_rng(1)
    names = list(HANDS)
    for i in range(count):
        ink = font_hand(names[i % len(names)])(CHARACTERS[i % len(CHARACTERS)], int(rng.integers(60, 300)), rng)[0]
        shade = np.pad(255 - 215 * ink, int(rng.integers(10, 60)), constant_values=255)
        path = folder / f"character-{i}.png"
        Image.fromarray((255 - shade if i % 3 == 0 else shade).astype(np.uint8)).save(path)
        yield path


def compare_probabilities(before: Path, asked: Path, checkpoint: str) -> dict[str, Any]:
    answers = []
    for checkout in (before, HERE):
        output = asked.with_name(f"{checkpoint}-{len(answers)}.npz")
        run(checkout, ["-c", PROBABILITIES, str(asked), str(output), checkpoint, *CHARSETS], output)
        answers.append(dict(np.load(output)))
    old, new = answers
    same = old.keys() == new.keys() and all((old[name].argmax(1) == new[name].argmax(1)).all() for name in old)
    off = max(float(np.abs(old[name] - new[name]).max()) for name in old) if old.keys() == new.keys() else 1.0
    found = {"compared": f"predict_proba, {checkpoint}", "rows": len(np.load(asked)), "labels_equal": bool(same)}
    return found | {"largest_difference": off, "same": bool(same and off <= MOST_OFF)}


def compare_output(before: Path, name: str, arguments: list[str], output: Path | None = None) -> dict[str, Any]:
    old = run(before, arguments, output)
    new = run(HERE, arguments, output)
    found = {"compared": name, "bytes": len(old), "same": old == new}
    if old != new and output is None:
        pairs = zip(old.decode().splitlines(), new.decode().splitlines())
        found["lines_that_differ"] = sum(a != b for a, b in pairs)
        texts = [[json.loads(line).get("text") for line in said.decode().splitlines()] for said in (old, new)]
        found["texts_that_differ"] = sum(a != b for a, b in zip(*texts))
    return found


def comparisons(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    asked = folder / "glyphs.npy"
    np.save(asked, glyphs(options.dataset, options.glyphs))
    for checkpoint in options.checkpoints:
        yield compare_probabilities(options.before, asked, checkpoint)
    command = ["-m", "emnist_hf"]
    characters = [str(path) for path in write_characters(folder, options.characters)]
    yield compare_output(options.before, "classify", [*command, "classify", *characters])
    written = [str(path) for path in write_pictures(folder, options.strokes, options.pages)]
    yield compare_output(options.before, "read", [*command, "read", *written])
    text = "Dear Ann,\nit is done. 0123 (quickly) AVAST fjord"
    for ending in ("svg", "png"):
        for extra in ([], ["--like", characters[0], "--strength", "0.7", "--paper", "ruled"]):
            output = folder / f"set.{ending}"
            asked_for = [*command, "render", text, "--font", "italianno", "--output", str(output), *extra]
            yield compare_output(options.before, f"render {ending} {' '.join(extra[:1])}".strip(), asked_for, output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout, with its own .venv")
    parser.add_argument("--dataset", help="a source of ByClass: ask about its test rows (default: drawn characters)")
    parser.add_argument("--strokes", type=Path, help="UNIPEN's strokes.npz: compose pages with real writers too")
    parser.add_argument("--glyphs", type=int, default=10_000, help="how many glyphs (default: %(default)s)")
    parser.add_argument("--characters", type=int, default=124, help="pictures to classify (default: %(default)s)")
    parser.add_argument("--pages", type=int, default=2, help="pages of each condition (default: %(default)s)")
    parser.add_argument("--checkpoints", nargs="+", default=["byclass", "bymerge"], help="default: %(default)s")
    options = parser.parse_args()
    options.before = options.before.resolve()
    same = True
    with tempfile.TemporaryDirectory() as folder:
        for found in comparisons(options, Path(folder)):
            print(json.dumps(found), flush=True)
            same &= found["same"]
    sys.exit(not same)


if __name__ == "__main__":
    main()
