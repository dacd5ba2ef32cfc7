"""What reading a page costs: seconds by the number of characters and by the picture's size, and memory over idle.

What others (`benchmarks.peers`) take for the page of 500 characters stands beside it.

    python -m benchmarks.page_cost

Pages are composed with a hand-printed font, or have nothing written on them; the time is the least of three, end to end
from the file with a thread a processor, and the memory is the greatest resident size of a process of its own while it
reads, less that before.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.hands import font_hand
from benchmarks.peers import Peer, peers
from emnist_hf import Recognizer
from emnist_hf.data.compose import compose

LETTERS = "the quick brown fox jumps over the lazy dog and runs home "


def lines_of(characters: int) -> list[str]:
    """So many characters, spaces not counted, on lines that make a page somewhat wider than high."""
    wide = max(8, round((2.2 * characters) ** 0.5))
    text = (LETTERS * (2 + characters // 40)).strip()
    kept = [i for i, c in enumerate(text) if c != " "][:characters]
    text = text[: kept[-1] + 1]
    return [text[i : i + wide].strip() for i in range(0, len(text), wide)]


def picture(characters: int, megapixels: float) -> bytes:
    """A JPEG of a page of that many characters, brought to that many megapixels."""
    image = Image.fromarray(compose(lines_of(characters), font_hand("patrick-hand"), size=64).picture)
    factor = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
    image = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def blank(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paper with grain, in light that falls off."""
    light = 235 - np.linspace(0, 60, width)[None, :, None] + rng.normal(0, 3, (height, width, 1))
    return np.broadcast_to(np.clip(light, 0, 255), (height, width, 3)).astype(np.uint8)


def specks(side: int) -> Callable[[np.random.Generator, int, int], np.ndarray]:
    """Salt and pepper: 100,000 specks of so many pixels a side."""

    def make(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        picture = np.full((height, width, 3), 245, np.uint8)
        for y, x in rng.integers(0, (height - side, width - side), (100_000, 2)):
            picture[y : y + side, x : x + side] = 20
        return picture

    return make


EMPTY = {"blank paper": blank} | {f"specks of {side} px": specks(side) for side in (1, 2, 3, 5, 8)}


def measure(path: str) -> dict[str, float]:
    """Seconds, of clock and of processor, characters and MB over idle, in this process."""
    recognizer = Recognizer.from_pretrained()
    recognizer.predict_proba(np.zeros((256, 28, 28), np.uint8))
    idle = peak_kilobytes(reset=True)
    runs = []
    for _ in range(3):
        clock, processor = time.perf_counter(), time.process_time()
        reading = recognizer.read(path)
        runs.append((time.perf_counter() - clock, time.process_time() - processor))
    peak = peak_kilobytes()
    seconds, processor_seconds = min(runs)
    return {
        "read": len(reading.characters),
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor_seconds, 2),
        "mb_over_idle": round((peak - idle) / 1024),
    }


def peak_kilobytes(reset: bool = False) -> int:
    """The greatest resident size of this process, since it was last reset where the system can do that."""
    status, forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    if reset:  # getrusage's goes on from the process that started this one
        forget.write_text("5")
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def read_apart(path: Path) -> dict[str, float]:
    """`measure` in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (str(path),))


def peer_costs(others: dict[str, Peer], path: Path) -> dict[str, dict[str, float]]:
    """Seconds that others take for a picture, the least of three, by name."""
    found = {}
    for name, read in others.items():
        least = min((read(path) for _ in range(3)), key=lambda one: one.seconds)
        found[name] = {
            "read": len("".join(least.text.split())),
            "seconds": round(least.seconds, 2),
            "processor_seconds": round(least.processor_seconds, 2),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the pages that there is a promise for")
    quick = parser.parse_args().quick
    pages = [(500, 12), (5000, 12)]
    if not quick:
        pages += [(10, 12), (100, 12), (1000, 12), (500, 1), (500, 3), (500, 24), (500, 40)]
    with TemporaryDirectory() as folder, peers() as others:
        for characters, megapixels in pages:
            path = Path(folder) / "page.jpg"
            path.write_bytes(picture(characters, megapixels))
            row = {"characters": characters, "megapixels": megapixels} | read_apart(path)
            if (characters, megapixels) == (500, 12):
                row |= peer_costs(others, path)
            print(json.dumps(row), flush=True)
        for name, make in EMPTY.items():
            path = Path(folder) / "empty.png"
            Image.fromarray(make(np.random.default_rng(0), 3000, 4000)).save(path)
            print(json.dumps({"empty": name, "megapixels": 12} | read_apart(path)), flush=True)


if __name__ == "__main__":
    main()
