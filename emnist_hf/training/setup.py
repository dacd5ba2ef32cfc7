"""How a run starts: the processes and their precision, the network, the learning rate's schedule."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.logging import get_logger
from accelerate.tracking import get_available_trackers
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from emnist_hf.errors import first_line
from emnist_hf.models.network import create_model, load_checkpoint
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.run_state import RunConfig, find_state, settings_of

log = get_logger(__name__)


def start_accelerator(config: RunConfig) -> tuple[Path | None, Accelerator]:
    """Return the checkpoint to resume from, and the processes, which agree on it and on the precision."""
    cpu = on_cpu(config)
    PartialState(cpu=cpu)  # the processes must know of each other before they can agree
    if config.with_tracking:
        _check_tracker(config.report_to)
    state = find_state(config)
    if state is None and config.resume_from_checkpoint is not None:
        log.info(f"No checkpoint in {config.output_dir} yet: starting from the beginning.")
    accelerator = Accelerator(
        cpu=cpu,
        mixed_precision=_precision(config, state, cpu),
        log_with=config.report_to if config.with_tracking else None,
        project_dir=config.output_dir,
    )
    if config.with_tracking:
        plain = {k: v if isinstance(v, (int, float, str)) else str(v) for k, v in asdict(config).items()}
        accelerator.init_trackers("emnist-hf", plain)
    return state, accelerator


def on_cpu(config: RunConfig) -> bool:
    """Whether a run is one on the CPU: Accelerate must be told, or else each process of torchrun trains alone there."""
    return config.cpu or not torch.accelerator.is_available()


def _check_tracker(name: str) -> None:
    """Raise `TrainingError` for a tracker that is not installed: Accelerate would go on without a word."""
    available = [str(tracker) for tracker in get_available_trackers()]
    if (name != "all" and name not in available) or not available:
        raise TrainingError(
            f"The tracker {name!r} is not installed (there is {', '.join(available) or 'none'}): pip install {name}, "
            f"or leave --with_tracking out."
        )


def _precision(config: RunConfig, state: Path | None, cpu: bool) -> str:
    """Resolve "auto": as the checkpoint to resume from had it, else bf16 on a GPU that has it, else no (float32)."""
    if config.mixed_precision != "auto":
        return config.mixed_precision
    if state is not None:
        return str(settings_of(state)["resolved_precision"])
    gpu = torch.cuda.is_available() and not cpu
    return "bf16" if gpu and torch.cuda.is_bf16_supported(including_emulation=False) else "no"


def load_or_create_model(config: TrainConfig) -> nn.Module:
    """Return a fresh network, or a trained one to go on from, with a fresh last layer if it knows other labels.

    Raises `CheckpointError` if there is no such checkpoint or architecture, `TrainingError` if it cannot take its input
    or be averaged with.
    """
    label_set = config.emnist_split.label_set
    if config.model_name_or_path is None:
        model = create_model(label_set, config.architecture, **json.loads(config.model_args))
        _check_input(model, config, f"{config.architecture} with --model_args '{config.model_args}'")
        return model
    checkpoint = load_checkpoint(*find_checkpoint(config.model_name_or_path))
    if checkpoint.label_set is not label_set:
        if config.parent_weight:
            raise TrainingError(
                f"{config.model_name_or_path} knows other labels than {config.split}: leave --parent_weight out."
            )
        checkpoint.model.reset_classifier(len(label_set))  # type: ignore[operator]
    _check_input(checkpoint.model, config, config.model_name_or_path)
    return checkpoint.model


def _check_input(model: nn.Module, config: TrainConfig, name: str) -> None:
    """Raise `TrainingError` for a network that cannot take its input: timm makes some that end in an error then."""
    for side in sorted({config.side(0), config.image_size}):
        try:
            with torch.inference_mode():
                model.eval()(torch.zeros(1, 1, side, side))
        except Exception as error:  # whatever the layers of hundreds of architectures raise
            raise TrainingError(f"{name} cannot read input of {side} pixels: {first_line(error)}") from None


def create_scheduler(config: TrainConfig, optimizer: torch.optim.Optimizer, total_steps: int) -> LRScheduler:
    """Return the schedule of the learning rate, which is to be stepped once a step of the run."""
    if config.lr_scheduler_type == "onecycle":
        # One step more: the last step of the run asks for the rate after it.
        return OneCycleLR(
            optimizer, config.learning_rate, total_steps=total_steps + 1, pct_start=config.warmup_ratio or 1e-3
        )
    from transformers import get_scheduler

    warmup = int(config.warmup_ratio * total_steps)
    return get_scheduler(config.lr_scheduler_type, optimizer, num_warmup_steps=warmup, num_training_steps=total_steps)
