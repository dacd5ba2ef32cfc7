"""How fast glyphs become probabilities, by each way of running the network.

    python -m benchmarks.inference [--checkpoint C] [--glyphs 10000] [--calls 300] [--rounds 3]

Prints one JSON object, and a table on standard error. Latency is of one glyph on one thread, the median of the calls;
throughput is of many glyphs on two threads, the median of the rounds. Ratios above 1 are faster than the first row:
the checkpoint as timm loads it, in batches of 512. The ways take turns, so that what else the machine does slows all of
them alike; `load` says how busy it was. The aims: a median of at most 2 ms, and at least 5,000 glyphs a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from emnist_hf import Recognizer
from emnist_hf.models.checkpoint import ONNX, ONNX_INT8
from emnist_hf.models.engine import BATCH
from emnist_hf.models.fuse import fuse
from emnist_hf.models.network import Checkpoint
from emnist_hf.models.onnx_export import OnnxNetwork, export_onnx, printed_glyphs

Glyphs = NDArray[np.uint8]
Way = Callable[[Glyphs], NDArray[np.float32]]

BASELINE = "torch float32, as loaded"
BFLOAT16 = "torch bfloat16, folded, channels last"
OLD_BATCH = 512
WARM_UP = 10


def ways(recognizer: Recognizer, exported: Path, threads: int) -> dict[str, Way]:
    """All ways by name, the baseline first: glyphs uint8 [N, 28, 28] to probabilities float32 [N, classes]."""
    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # what `Recognizer` goes by
    plain = recognizer.checkpoint
    fused = replace(plain, model=fuse(plain.model))
    return {
        BASELINE: by_torch(plain, OLD_BATCH),
        "torch float32, folded, channels last": by_torch(fused, BATCH),
        "Recognizer.predict_proba": recognizer.predict_proba,
        BFLOAT16: by_bfloat16(fused),
        "ONNX Runtime float32": by_onnx(plain, exported / ONNX, threads),
        "ONNX Runtime int8": by_onnx(plain, exported / ONNX_INT8, threads),
    }


def in_batches(answer: Callable[[torch.Tensor], torch.Tensor], batch: int) -> Way:
    """`answer`, from uint8 [N, 28, 28] to logits, called for `batch` glyphs at a time, and softmax."""

    def way(glyphs: Glyphs) -> NDArray[np.float32]:
        with torch.inference_mode():
            starts = range(0, len(glyphs), batch)
            parts = [answer(torch.from_numpy(glyphs[start : start + batch])).softmax(dim=1) for start in starts]
            return torch.cat(parts).numpy()

    return way


def by_torch(checkpoint: Checkpoint, batch: int) -> Way:
    return in_batches(checkpoint.logits, batch)


def by_bfloat16(checkpoint: Checkpoint) -> Way:
    model = fuse(checkpoint.model).to(torch.bfloat16)
    return in_batches(lambda glyphs: model(checkpoint.pixels(glyphs).bfloat16()).float(), BATCH)


def by_onnx(checkpoint: Checkpoint, path: Path, threads: int) -> Way:
    network = OnnxNetwork(path, threads)
    return in_batches(lambda glyphs: torch.from_numpy(network.logits(checkpoint.pixels(glyphs).numpy())), BATCH)


def latencies(found: dict[str, Way], glyphs: Glyphs, calls: int) -> dict[str, list[float]]:
    """Milliseconds of each call with one glyph. The ways take turns in blocks, each warm again before it counts."""
    times: dict[str, list[float]] = {name: [] for name in found}
    block = max(1, calls // 5)
    with tqdm(total=calls * len(found), desc="one glyph, one thread", unit="call", mininterval=1) as bar:
        while len(times[BASELINE]) < calls:
            for name, way in found.items():
                for number in range(WARM_UP + block):
                    row = number % len(glyphs)
                    started = time.perf_counter()
                    way(glyphs[row : row + 1])
                    if number >= WARM_UP:
                        times[name].append((time.perf_counter() - started) * 1000)
                bar.update(block)
    return times


def throughputs(found: dict[str, Way], glyphs: Glyphs, rounds: int) -> dict[str, list[float]]:
    """Glyphs a second of each round over all glyphs, the ways taking turns.

    bfloat16 gets a tenth of them: a processor that has to emulate it takes minutes for all.
    """
    speeds: dict[str, list[float]] = {name: [] for name in found}
    for way in found.values():
        way(glyphs[:BATCH])
    with tqdm(total=rounds * len(found), desc=f"{len(glyphs):,} glyphs, two threads", unit="run", mininterval=1) as bar:
        for _ in range(rounds):
            for name, way in found.items():
                some = glyphs[: max(1, len(glyphs) // 10)] if name == BFLOAT16 else glyphs
                started = time.perf_counter()
                way(some)
                speeds[name].append(len(some) / (time.perf_counter() - started))
                bar.update()
    return speeds


def measure(recognizer: Recognizer, count: int, calls: int, rounds: int) -> dict[str, Any]:
    """Everything that `main` prints."""
    printed = printed_glyphs(recognizer.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(recognizer.checkpoint, folder)
        times = latencies(ways(recognizer, Path(folder), threads=1), printed, calls)
        two = ways(recognizer, Path(folder), threads=2)
        speeds = throughputs(two, np.resize(printed, (count, 28, 28)), rounds)
        answers = {name: way(printed) for name, way in two.items()}
    first = statistics.median(times[BASELINE]), statistics.median(speeds[BASELINE])
    report = {}
    for name in two:
        latency, speed = statistics.median(times[name]), statistics.median(speeds[name])
        same = answers[name].argmax(axis=1) == answers[BASELINE].argmax(axis=1)
        report[name] = {
            "median_ms": round(latency, 3),
            "fastest_ms": round(min(times[name]), 3),
            "latency_ratio": round(first[0] / latency, 2),
            "glyphs_per_second": round(speed),
            "throughput_ratio": round(speed / first[1], 2),
            "largest_difference": float(np.abs(answers[name] - answers[BASELINE]).max()),
            "same_labels": float(same.mean()),
        }
    return {"calls": calls, "glyphs": count, "rounds": rounds, "machine": machine(), "ways": report}


def machine() -> dict[str, Any]:
    return {
        "platform": platform.platform(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def show(report: dict[str, Any]) -> None:
    """The table on standard error."""
    print(f"{'':38}{'one glyph':>12}{'ratio':>8}{'a second':>10}{'ratio':>8}{'labels':>8}", file=sys.stderr)
    for name, row in report["ways"].items():
        print(
            f"{name:38}{row['median_ms']:>9.2f} ms{row['latency_ratio']:>8.2f}{row['glyphs_per_second']:>10,}"
            f"{row['throughput_ratio']:>8.2f}{row['same_labels']:>8.1%}",
            file=sys.stderr,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="folder, split that the package has, or Hub id (default: byclass)")
    parser.add_argument(
        "--glyphs", type=int, default=10_000, help="glyphs of a round of throughput (default: %(default)s)"
    )
    parser.add_argument(
        "--calls", type=int, default=300, help="timed calls of each way, one glyph each (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of throughput (default: %(default)s)")
    arguments = parser.parse_args()
    recognizer = Recognizer.from_pretrained(arguments.checkpoint)
    report = measure(recognizer, max(1, arguments.glyphs), max(5, arguments.calls), max(1, arguments.rounds))
    show(report)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
