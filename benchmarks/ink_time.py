"""How long each stage from a file to its answer takes, by picture: processor time, the least of several.

    python -m benchmarks.ink_time [--before CHECKOUT]

The pictures: a drawing of 500 pixels, a photo of one character, a page of 500 characters and one with nothing on it,
all three of 12 megapixels. CHECKOUT is another working tree with a `.venv` of its own: what it takes for the same whole
answers in the same minute stands beside ours, as `before`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.page_cost import blank, picture
from emnist_hf import Recognizer
from emnist_hf.data.pad import Pad, lay, plane
from emnist_hf.ink import glyph_of, to_ink
from emnist_hf.ink.picture import open_reduced
from emnist_hf.ink.thresholds import CHARACTER_SIDE, PAGE_SIDE
from emnist_hf.reading.layout import find_layout, find_level_page
from tests.support.strokes import STROKES

ROUNDS = 5
PHOTO = 3000  # pixels of the photo's height
WHOLE = """
import json, sys, time
from emnist_hf import Recognizer
recognizer = Recognizer.from_pretrained()
def seconds(path, ask):
    least = 1e9
    for _ in range(int(sys.argv[1])):
        began = time.process_time()
        ask(path)
        least = min(least, time.process_time() - began)
    return least
asked = [(path, recognizer.read if "page" in path else recognizer.classify) for path in sys.argv[2:]]
print(json.dumps([seconds(path, ask) for path, ask in asked]))
"""


def photo(rng: np.random.Generator) -> bytes:
    """A JPEG of 12 megapixels: a character in light that falls off, a little blurred, with noise."""
    strokes = [np.array(stroke, np.float32) for stroke in STROKES["R"]]
    side = PHOTO // 6
    ink = cv2.copyMakeBorder(Pad(PHOTO, PHOTO // 25).coverage(strokes), 0, 0, side, side, cv2.BORDER_CONSTANT, value=0)
    light = 1 - np.float32(0.4) * cv2.resize(plane(500, rng), ink.shape[::-1])
    scene = cv2.GaussianBlur(lay((236, 230, 216), (52, 48, 60), ink) * light[:, :, None], (0, 0), 2)
    scene += rng.normal(0, 5, (*ink.shape, 1)).astype(np.float32)
    file = io.BytesIO()
    Image.fromarray(scene.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def write_pictures(folder: Path) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    drawing = Pad(500, 33).draw([np.array(stroke, np.float32) for stroke in STROKES["R"]])
    Image.fromarray(drawing).save(folder / "drawing.png")
    (folder / "photo.jpg").write_bytes(photo(rng))
    (folder / "page.jpg").write_bytes(picture(500, 12))
    Image.fromarray(blank(rng, 3000, 4000)).save(folder / "blank-page.png")
    return {path.stem: path for path in sorted(folder.iterdir())}


def milliseconds(stage: Callable[[], Any]) -> float:
    """The least processor time of a stage."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        stage()
        found.append(time.process_time() - began)
    return round(1000 * min(found), 1)


def stages(name: str, path: Path, recognizer: Recognizer) -> dict[str, float]:
    """Milliseconds of each stage, each from what the one before gave."""
    if "page" not in name:
        glyph, _ = glyph_of(path)
        return {
            "open": milliseconds(lambda: open_reduced(path, CHARACTER_SIDE)),
            "open, ink and glyph": milliseconds(lambda: glyph_of(path)),
            "network": milliseconds(lambda: recognizer.classify_glyph(glyph)),
        }
    found = {"open": milliseconds(lambda: open_reduced(path, PAGE_SIDE))}
    if name == "page":
        ink = to_ink(path)
        level = find_level_page(ink.coverage)
        found |= {
            "open and ink": milliseconds(lambda: to_ink(path)),
            "level, rules, components": milliseconds(lambda: find_level_page(ink.coverage)),
            "lines": milliseconds(lambda: find_layout(level)),
        }
    return found


def whole(checkout: Path, paths: list[Path]) -> list[float]:
    """Seconds of processor time from each file to its answer, in a process of a checkout."""
    own = checkout / ".venv" / "bin" / "python"
    command = [str(own) if own.exists() else sys.executable, "-c", WHOLE, str(ROUNDS), *map(str, paths)]
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="another working tree, to be asked the same")
    options = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        pictures = write_pictures(Path(folder))
        paths = list(pictures.values())
        ours = whole(here, paths)
        before = whole(options.before.resolve(), paths) if options.before else None
        recognizer = Recognizer.from_pretrained()
        for i, (name, path) in enumerate(pictures.items()):
            row: dict[str, Any] = {"picture": name, "ms": round(1000 * ours[i], 1)}
            if before is not None:
                row |= {"before_ms": round(1000 * before[i], 1), "faster_by": round(before[i] / ours[i], 2)}
            print(json.dumps(row | {"stages_ms": stages(name, path, recognizer)}), flush=True)


if __name__ == "__main__":
    main()
