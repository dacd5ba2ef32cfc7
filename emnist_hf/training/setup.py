"""Fine-tune a small timm classifier on a split of EMNIST: the Accelerate loop.

Read `train` from top to bottom; everything else is what it calls. All that is random follows from the seed and the
step, so that a run that was killed and resumed ends like one that was not.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast_object_list
from torch import nn

from emnist_hf.errors import first_line
from emnist_hf.models.network import create_model, load_checkpoint
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.splits import find_split
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.run_state import find_state, settings_of


def _first_model(config: TrainConfig) -> nn.Module:
    """A fresh network, or a trained one to go on from, with a fresh last layer if it knows other labels."""
    label_set = find_split(config.split).label_set
    if config.model_name_or_path is None:
        model = create_model(label_set, config.architecture, **json.loads(config.model_args))
        _try(model, config, f"{config.architecture} with --model_args '{config.model_args}'")
        return model
    checkpoint = load_checkpoint(*find_checkpoint(config.model_name_or_path))
    if checkpoint.label_set is not label_set:
        if config.parent_weight:
            raise TrainingError(
                f"{config.model_name_or_path} knows other labels than {config.split}: leave --parent_weight out."
            )
        checkpoint.model.reset_classifier(len(label_set))  # type: ignore[operator]
    _try(checkpoint.model, config, str(config.model_name_or_path))
    return checkpoint.model


def _try(model: nn.Module, config: TrainConfig, name: str) -> None:
    """Raise `TrainingError` for a network that cannot take its input: timm makes some that end in an error then."""
    for side in sorted({config.side(0), config.image_size}):
        try:
            with torch.inference_mode():
                model.eval()(torch.zeros(1, 1, side, side))
        except Exception as error:  # whatever the layers of hundreds of architectures raise
            raise TrainingError(f"{name} cannot read input of {side} pixels: {first_line(error)}") from None


def _start(config: TrainConfig) -> tuple[Path | None, Accelerator]:
    """The checkpoint to resume from, and the processes, which agree on it and on the precision."""
    PartialState(cpu=_on_cpu(config))  # the processes must know of each other before they can agree
    if config.with_tracking:
        _check_tracker(config.report_to)
    state = find_state(config)
    if state is None and config.resume_from_checkpoint is not None and PartialState().is_main_process:
        print(f"No checkpoint in {config.output_dir} yet: starting from the beginning.")
    accelerator = Accelerator(
        cpu=_on_cpu(config),
        mixed_precision=_precision(config, state),
        log_with=config.report_to if config.with_tracking else None,
        project_dir=config.output_dir,
    )
    if config.with_tracking:
        plain = {k: v if isinstance(v, (int, float, str)) else str(v) for k, v in asdict(config).items()}
        accelerator.init_trackers("emnist-hf", plain)
    return state, accelerator


def _check_tracker(name: str) -> None:
    """Raise `TrainingError` for a tracker that is not installed: Accelerate would go on without a word."""
    from accelerate.tracking import get_available_trackers

    available = [str(tracker) for tracker in get_available_trackers()]
    if (name != "all" and name not in available) or not available:
        raise TrainingError(
            f"The tracker {name!r} is not installed (there is {', '.join(available) or 'none'}): pip install {name}, "
            f"or leave --with_tracking out."
        )


def _on_cpu(config: TrainConfig) -> bool:
    """Accelerate must be told: without a GPU and without being told, each process of torchrun trains alone."""
    return config.cpu or not torch.accelerator.is_available()


def _precision(config: TrainConfig, state: Path | None) -> str:
    """`mixed_precision` with auto resolved: as the resumed checkpoint had it, else bf16 where it is faster."""
    if config.mixed_precision != "auto":
        return config.mixed_precision
    if state is not None:
        return str(settings_of(state)["resolved_precision"])
    if torch.cuda.is_available() and not _on_cpu(config):
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    return broadcast_object_list(["bf16" if bf16_pays_on_cpu() else "no"])[0]


def bf16_pays_on_cpu(side: int = 768, tries: int = 5) -> bool:
    """Whether this processor multiplies matrices faster in bfloat16 than in float32.

    Its flags do not tell: of two machines that both report AVX-512 BF16 one trained 2.5 times as fast in bfloat16,
    the other a fifth slower. So it is tried, in a tenth of a second. Several processes agree on the first one's answer.
    """
    fastest = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(side, side, dtype=dtype)
        times = []
        for _ in range(tries):
            started = time.perf_counter()
            matrix @ matrix
            times.append(time.perf_counter() - started)
        fastest[dtype] = min(times)
    return fastest[torch.bfloat16] < 0.8 * fastest[torch.float32]


def _scheduler(config: TrainConfig, optimizer: torch.optim.Optimizer, total_steps: int) -> Any:
    if config.lr_scheduler_type == "onecycle":
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            config.learning_rate,
            total_steps=total_steps + 1,
            pct_start=config.warmup_ratio or 1e-3,
        )
    from transformers import get_scheduler

    warmup = int(config.warmup_ratio * total_steps)
    return get_scheduler(config.lr_scheduler_type, optimizer, num_warmup_steps=warmup, num_training_steps=total_steps)
