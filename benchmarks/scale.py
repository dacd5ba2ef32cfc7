"""Whether speed and memory depend on how many rows there are.

    python -m benchmarks.scale [--rows 20000 80000 320000] [--batch 256] [--steps 20]

For each size, in a process of its own: a Parquet file of drawn digits is decoded into the cache and checked, then an
epoch is read in the order of a training run, once with the file in the operating system's cache and once without
(`cold`), and the default network learns for some steps. `peak_mb` is the most memory that the process had to itself,
decoding included: pages of the mapped cache, which the system takes back when it needs them, do not count. Ratios are
to the first size. Prints one JSON object, and a table on standard error.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from datasets import ClassLabel, Features
from datasets import Image as ImageFeature
from torch.utils.data import DataLoader, default_convert
from tqdm import tqdm

from benchmarks.hands import HANDS, font_hand
from benchmarks.training_throughput import NETWORKS, Learner
from emnist_hf.data.images import ChunkedImages
from emnist_hf.errors import EmnistError
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.splits import CHARSETS
from emnist_hf.training.config import TrainConfig
from emnist_hf.training.run_data import prepare_data
from emnist_hf.training.sampling import MixtureSampler, PartialLabelDataset

NAME = "scale"
VALIDATION = 0.01  # the share of the rows that training would keep for it
FEWEST = 500  # rows of which as much is at least one
ROWS_HELP = (
    f"sizes, the first to compare with; at least {FEWEST} and more than --batch times --steps "
    "(default: 20000 80000 320000)"
)
RATIOS = ("read_per_second", "cold_read_per_second", "images_per_second", "peak_mb")


class ScaleError(EmnistError):
    """A size that cannot be measured; the message says why and what to do."""


def write_rows(path: Path, rows: int) -> Path:
    """Write a Parquet file of so many drawn digits that all differ, in row groups of 2,048."""
    rng = np.random.default_rng(0)
    digits = [font_hand(name)(digit, 64, rng)[0] for digit in "0123456789" for name in HANDS]
    drawn, labels = np.stack([to_glyph(ink) for ink in digits]), np.repeat(np.arange(10), len(HANDS))
    features = Features({"image": ImageFeature(), "label": ClassLabel(names=list("0123456789"))})
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, features.arrow_schema) as writer:
        for start in range(0, rows, 2048):
            chosen = rng.integers(0, len(drawn), min(2048, rows - start))
            images = drawn[chosen]
            images[:, 0, :16] = rng.integers(0, 256, (len(chosen), 16))
            pictures = [{"bytes": cv2.imencode(".png", image)[1].tobytes(), "path": None} for image in images]
            writer.write_table(pa.table({"image": pictures, "label": labels[chosen]}, schema=features.arrow_schema))
    return path


def measure(source: str, batch: int, steps: int) -> dict[str, float]:
    """One size, in this process."""
    memory = Memory()
    started = time.perf_counter()
    data = prepare_data(TrainConfig(split="digits", dataset=source, validation_fraction=VALIDATION))
    data.digest()
    prepared = time.perf_counter() - started
    dataset, sampler = PartialLabelDataset(data.sources, CHARSETS["digits"]), MixtureSampler(data.sources, 0)
    loader = DataLoader(dataset, batch_size=batch, sampler=sampler, collate_fn=default_convert, drop_last=True)
    speeds = []
    for cold in (False, True):
        if cold:
            forget(dataset.images)
        started = time.perf_counter()
        rows = sum(len(images) for images, _ in loader)
        speeds.append(rows / (time.perf_counter() - started))
    learner = Learner(*NETWORKS["default"], batch, torch.device("cpu"), torch.float32)
    started = time.perf_counter()
    for _, (images, _) in zip(range(steps), loader):
        learner.images = images
        learner.step()
    return {
        "rows": len(dataset),
        "prepare_seconds": round(prepared, 2),
        "read_per_second": round(speeds[0]),
        "cold_read_per_second": round(speeds[1]),
        "images_per_second": round(steps * batch / (time.perf_counter() - started)),
        "peak_mb": round(memory.peak / 1024),
    }


class Memory:
    """The most kB that this process had to itself since this was made, looked at every 10 ms."""

    def __init__(self) -> None:
        self.peak = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            with open("/proc/self/status", encoding="ascii") as file:
                self.peak = max(self.peak, next(int(line.split()[1]) for line in file if line.startswith("RssAnon")))
            time.sleep(0.01)


def forget(images: ChunkedImages) -> None:
    """Have the operating system drop what it has of mapped images in memory: first their pages, then their files."""
    libc = ctypes.CDLL(None, use_errno=True)
    for chunk in images.chunks:
        start = chunk.ctypes.data // mmap.PAGESIZE * mmap.PAGESIZE
        length = chunk.ctypes.data + chunk.nbytes - start
        if libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.MADV_DONTNEED):
            raise OSError(ctypes.get_errno(), "madvise")
    for path in Path(os.environ["HF_DATASETS_CACHE"]).glob("**/*.arrow"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def in_a_process(rows: int, batch: int, steps: int) -> dict[str, Any]:
    """`measure` of a new data set in a new process with an empty cache. Raises `ScaleError` with what that says."""
    with tempfile.TemporaryDirectory() as folder:
        source = write_rows(Path(folder) / "train.parquet", rows)
        command = [sys.executable, "-m", "benchmarks.scale", "--source", str(source)]
        environment = os.environ | {"HF_DATASETS_CACHE": f"{folder}/cache"}
        more = ["--batch", str(batch), "--steps", str(steps)]
        done = subprocess.run([*command, *more], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        status = f"The measurement ended with status {done.returncode}."
        told = done.stderr.strip().splitlines() if done.returncode > 0 else []  # below 0 a signal ended it, unasked
        said = told or [status]
        raise ScaleError(said[-1].removeprefix(f"{NAME}: "))
    return json.loads(done.stdout)


def show(sizes: list[dict[str, Any]]) -> None:
    """The table on standard error."""
    print(f"{'rows':>10}{'prepare':>10}{'read/s':>12}{'cold':>12}{'learn/s':>10}{'peak':>10}", file=sys.stderr)
    for size in sizes:
        print(
            f"{size['rows']:>10,}{size['prepare_seconds']:>8.1f} s{size['read_per_second']:>12,}"
            f"{size['cold_read_per_second']:>12,}{size['images_per_second']:>10,}{size['peak_mb']:>7,} MB",
            file=sys.stderr,
        )


def main() -> int:
    """Parse the arguments, and print what was measured or why nothing was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 80_000, 320_000], help=ROWS_HELP)
    parser.add_argument("--batch", type=int, default=256, help="images a step (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="steps that the network learns (default: %(default)s)")
    parser.add_argument("--source", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        report = run(arguments.source, arguments.rows, max(2, arguments.batch), max(1, arguments.steps))
    except (EmnistError, OSError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(report))
    return 0


def run(source: str | None, rows: list[int], batch: int, steps: int) -> dict[str, Any]:
    """Everything that `main` prints: of one source in this process, or of several sizes in others."""
    if source:
        return measure(source, batch, steps)
    if min(rows) < FEWEST:
        raise ScaleError(
            f"--rows is {min(rows):,}: give at least {FEWEST}, so that one in a hundred can be kept for validation."
        )
    if (learnt := min(rows) - round(VALIDATION * min(rows))) < steps * batch:
        raise ScaleError(
            f"{learnt:,} rows to learn from are fewer than {steps} steps of {batch}: give more --rows or fewer --steps."
        )
    with tqdm(rows, desc="sizes", unit="size") as bar:  # which ends its line where a size cannot be measured
        sizes = [in_a_process(count, batch, steps) for count in bar]
    for size in sizes:
        size |= {f"{name}_ratio": round(size[name] / sizes[0][name], 3) for name in RATIOS}
    show(sizes)
    return {"batch": batch, "steps": steps, "load": round(os.getloadavg()[0], 2), "sizes": sizes}


if __name__ == "__main__":
    sys.exit(main())
