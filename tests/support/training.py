"""Runs of seconds: a network of three thousand parameters on small images of drawn digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emnist_hf.training.config import TrainConfig

QUICK: dict[str, Any] = {
    "split": "digits",
    "model_args": '{"channels": [8, 8, 8, 8], "stem_width": 8}',
    "image_size": 28,
    "per_device_train_batch_size": 32,
    "validation_fraction": 0.2,
    "num_train_epochs": 1,
    "cpu": True,
}


def quick_config(dataset: Path, output: Path, **changes: Any) -> TrainConfig:
    """The settings of a run of one epoch."""
    return TrainConfig(**QUICK | {"dataset": str(dataset), "output_dir": str(output)} | changes)


def quick_flags(dataset: Path, output: Path, **changes: Any) -> list[str]:
    """The same as flags of train.py."""
    settings = QUICK | {"dataset": dataset, "output_dir": output} | changes
    return [text for name, value in settings.items() for text in (f"--{name}", str(value))]
