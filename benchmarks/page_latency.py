"""How long a visitor waits for a label: from pen-up, at the server's side.

    python -m benchmarks.page_latency [--calls 20]

Starts the page on a free port and times `/recognize_sketch` through gradio_client on the same machine:
upload of the drawing, queue, recognition, calligraphy, reply. Then times the recognition alone. Prints one
JSON object, in milliseconds. The aim is a median under 300.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file
from PIL import Image

from benchmarks.hands import strokes
from benchmarks.server import serve
from emnist_hf import Recognizer
from emnist_hf.data.pad import Pad

WARM_UP = 3


def timed(call: Callable[[Any], Any], arguments: list[Any]) -> dict[str, float]:
    """Median and 95th percentile of the calls, in milliseconds, after a warm-up."""
    for argument in arguments[:WARM_UP]:
        call(argument)
    times = []
    for argument in arguments:
        start = time.perf_counter()
        call(argument)
        times.append((time.perf_counter() - start) * 1000)
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=20, method="inclusive")[-1], 1),
    }


def drawings(folder: Path, count: int) -> list[Path]:
    """`count` drawings that differ, as files, so that nothing is answered from a cache."""
    paths = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.fromarray(Pad(280, 14).draw(strokes(number))).save(path)
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--calls", type=int, default=20, help="drawings, each asked for once a way (default: %(default)s)"
    )
    calls = max(2, parser.parse_args().calls)
    with tempfile.TemporaryDirectory() as folder:
        files = drawings(Path(folder), calls)
        with serve() as url:
            client = Client(url, verbose=False, download_files=False)
            sketches = [{"background": None, "layers": [], "composite": handle_file(path)} for path in files]
            page = timed(lambda sketch: client.predict(sketch, api_name="/recognize_sketch"), sketches)
        examine = timed(Recognizer.from_pretrained().examine, files)
    print(json.dumps({"calls": calls, "recognize_sketch": page, "examine": examine}))


if __name__ == "__main__":
    main()
