"""How fast the networks learn, beside what the machine could do.

    python -m benchmarks.training_throughput [--batch 256] [--steps 12] [--precision both] [--cpu]

For the default network and for the one that this project replaces: images a second of whole training steps, as
train.py makes them (augmentation, both passes, AdamW, averaged weights), and the share of the machine's peak that the
two passes of the network reach. The peak is the fastest large matrix multiplication of the same run, in the same
precision; FLOPs are counted by torch.utils.flop_counter, convolutions and matrix multiplications alone. Networks and
precisions take turns, so that what else the machine does slows all of them alike; `speed_of_bfloat16` is how many times
as fast a network learns in it as in float32: where it pays, give train.py `--mixed_precision bf16`. Prints one JSON
object, and a table on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from emnist_hf.models.network import ARCHITECTURE, IMAGE_SIZE, count_parameters, create_model
from emnist_hf.splits import CHARSETS
from emnist_hf.training.augment import Augmentation, augment, network_input
from emnist_hf.training.sampling import partial_label_loss

NETWORKS = {"default": (ARCHITECTURE, IMAGE_SIZE), "replaced": ("emnist_replaced_cnn", 28)}
WARM_UP = 2
PEAK_SIDES, PEAK_TRIES = (1024, 2048, 4096), 8


class Learner:
    """One network with all that a training step needs, on rows of noise: what is learnt costs no time."""

    def __init__(self, architecture: str, side: int, batch: int, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(0)
        labels = CHARSETS["byclass"]
        self.side, self.device, self.dtype = side, device, dtype
        self.images = torch.randint(0, 256, (batch, 28, 28), dtype=torch.uint8, device=device)
        self.candidates = nn.functional.one_hot(torch.arange(batch, device=device) % len(labels), len(labels)).bool()
        self.model = create_model(labels, architecture).to(device, memory_format=torch.channels_last)
        self.optimizer = create_optimizer_v2(self.model, "adamw", lr=1e-3, weight_decay=0.02)
        self.averaged = ModelEmaV3(self.model, decay=0.9995)
        self.generator = torch.Generator().manual_seed(0)

    def pixels(self) -> torch.Tensor:
        """The network's input, augmented: float32 [batch, 1, side, side]."""
        return network_input(augment(self.images, self.side, Augmentation(), self.generator))

    def passes(self, pixels: torch.Tensor) -> None:
        """Forward and backward: leaves gradients."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.model(pixels)
        partial_label_loss(logits, self.candidates, 0.05).backward()

    def step(self) -> dict[str, float]:
        """One training step; seconds of its three parts."""
        seconds: dict[str, float] = {}
        pixels = timed(seconds, "augment", self.device, self.pixels)
        timed(seconds, "passes", self.device, lambda: self.passes(pixels))
        timed(seconds, "update", self.device, self.update)
        return seconds

    def update(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.averaged.update(self.model)

    def flops(self) -> int:
        """Floating-point operations of both passes over one batch."""
        with FlopCounterMode(display=False) as counter:
            self.passes(self.pixels())
        self.optimizer.zero_grad()
        return counter.get_total_flops()


def timed(seconds: dict[str, float], name: str, device: torch.device, call: Callable[[], Any]) -> Any:
    """What `call` returns; how long it and what it left to the device took goes into `seconds`."""
    started = time.perf_counter()
    result = call()
    if device.type != "cpu":
        torch.accelerator.synchronize()
    seconds[name] = time.perf_counter() - started
    return result


def matrix_peak(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP a second of the fastest of several square matrix multiplications, in `dtype` or in float32.

    A processor without bfloat16 convolves it as float32, but multiplies matrices of it a hundredfold slower.
    """
    best = 0.0 if dtype == torch.float32 else matrix_peak(device, torch.float32)
    for side in PEAK_SIDES:
        matrix = torch.ones(side, side, dtype=dtype, device=device)
        for _ in range(PEAK_TRIES):
            seconds: dict[str, float] = {}
            timed(seconds, "multiply", device, lambda m=matrix: m @ m)  # type: ignore[misc]
            best = max(best, 2 * side**3 / seconds["multiply"])
            if seconds["multiply"] > 1:  # a processor without this type: larger ones would take minutes
                return best
    return best


def measure(batch: int, steps: int, device: torch.device, dtypes: list[torch.dtype]) -> dict[str, Any]:
    """Everything that `main` prints. The peaks are taken before and after: the faster one counts."""
    runs = [(dtype, name) for dtype in dtypes for name in NETWORKS]
    learners = {(dtype, name): Learner(*NETWORKS[name], batch, device, dtype) for dtype, name in runs}
    flops = {run: learner.flops() for run, learner in learners.items()}
    times: dict[tuple[torch.dtype, str], list[dict[str, float]]] = {run: [] for run in runs}
    peaks = {dtype: matrix_peak(device, dtype) for dtype in dtypes}
    with tqdm(total=(WARM_UP + steps) * len(runs), desc="steps", unit="step", mininterval=1) as bar:
        for number in range(WARM_UP + steps):
            for run, learner in learners.items():
                seconds = learner.step()
                times[run] += [seconds] if number >= WARM_UP else []
                bar.update()
    peaks = {dtype: max(peak, matrix_peak(device, dtype)) for dtype, peak in peaks.items()}
    found = {run: summary(learners[run], times[run], flops[run], peaks[run[0]], batch) for run in runs}
    for dtype, name in runs:
        speed, other = (found[dtype, which]["images_per_second"] for which in (name, "replaced"))
        found[dtype, name]["speed_beside_replaced"] = round(speed / other, 3)
    report: dict[str, Any] = {
        "batch": batch,
        "steps": steps,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "runs": [
            {
                "precision": str(dtype).removeprefix("torch."),
                "peak_gflops": round(peaks[dtype] / 1e9, 1),
                "networks": {name: found[dtype, name] for name in NETWORKS},
            }
            for dtype in dtypes
        ],
    }
    if len(dtypes) == 2:
        first, second = (run["networks"] for run in report["runs"])
        report["speed_of_bfloat16"] = {
            name: round(second[name]["images_per_second"] / first[name]["images_per_second"], 3) for name in NETWORKS
        }
    return report


def summary(
    learner: Learner, times: list[dict[str, float]], flops: int, peak: float, batch: int
) -> dict[str, int | float]:
    """Medians over the steps, of one network."""
    passes = statistics.median(seconds["passes"] for seconds in times)
    whole = statistics.median(sum(seconds.values()) for seconds in times)
    return {
        "parameters": count_parameters(learner.model),
        "side": learner.side,
        "mflop_per_image": round(flops / batch / 1e6, 2),
        "images_per_second": round(batch / whole),
        "share_of_peak": round(flops / passes / peak, 3),
        "share_of_peak_whole_step": round(flops / whole / peak, 3),
        "augment_share": round(statistics.median(s["augment"] / sum(s.values()) for s in times), 3),
        "update_share": round(statistics.median(s["update"] / sum(s.values()) for s in times), 3),
    }


def show(report: dict[str, Any]) -> None:
    """The table on standard error."""
    for run in report["runs"]:
        print(f"{run['precision']}: peak {run['peak_gflops']:,} GFLOP/s on {report['device']}", file=sys.stderr)
        print(f"{'':10}{'images/s':>10}{'MFLOP':>8}{'of peak':>9}{'augment':>9}{'update':>8}", file=sys.stderr)
        for name, row in run["networks"].items():
            print(
                f"{name:10}{row['images_per_second']:>10,}{row['mflop_per_image']:>8}{row['share_of_peak']:>9.1%}"
                f"{row['augment_share']:>9.1%}{row['update_share']:>8.1%}",
                file=sys.stderr,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256, help="images a step (default: %(default)s)")
    parser.add_argument(
        "--steps", type=int, default=12, help="timed steps of each network and precision (default: %(default)s)"
    )
    choices = ("both", "float32", "bfloat16")
    parser.add_argument("--precision", choices=choices, default="both", help="of the passes (default: %(default)s)")
    parser.add_argument("--cpu", action="store_true", help="measure the CPU even where there is an accelerator")
    arguments = parser.parse_args()
    on_cpu = arguments.cpu or not torch.accelerator.is_available()
    device = torch.device("cpu") if on_cpu else torch.accelerator.current_accelerator()
    names = ("float32", "bfloat16") if arguments.precision == "both" else (arguments.precision,)
    dtypes = [getattr(torch, name) for name in names]
    report = measure(max(2, arguments.batch), max(1, arguments.steps), device, dtypes)
    show(report)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
