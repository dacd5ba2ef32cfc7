"""What a run of the line network is told: the flags of `train.py --task lines`, the same in a YAML recipe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from emnist_hf.training.config import LaunchConfig, TrainingError, option


@dataclass
class LineConfig(LaunchConfig):
    """The settings of a run that learns to read lines, each a flag of train.py."""

    dataset: str = option(
        "", "folder with UNIPEN's words_train.npz, in_context.npz, signs.npz and strokes.npz, or above them"
    )
    fonts: str | None = option(None, "folder of handwriting fonts (default: fonts in the data set's folder)")
    output_dir: str = option("runs/lines", "where checkpoint, results and pictures go")
    overwrite_output_dir: bool = option(False, "throw away the checkpoints of an earlier run in output_dir")
    width: int = option(176, "channels along the line")
    blocks: int = option(7, "residual blocks along the line")
    max_train_steps: int = option(24_000, "batches to learn from; a run that is resumed may be given more")
    columns: int = option(7_000, "pixels of all lines of a batch, side by side, a process")
    words_share: float = option(0.55, "share of UNIPEN's own words and lines; the rest is composed")
    fonts_share: float = option(0.4, "share of fonts among the composed lines")
    learning_rate: float = option(2e-3, "highest learning rate of AdamW")
    weight_decay: float = option(0.02, "of AdamW")
    warmup_steps: int = option(500, "in which the learning rate rises")
    decay_share: float = option(0.25, "share of all steps, at the end, in which the learning rate falls to nothing")
    ema_decay: float = option(0.999, "of the averaged weights that are evaluated and saved")
    eval_steps: int = option(1_000, "score the validation words every so many steps")
    max_train_samples: int | None = option(None, "use so many of UNIPEN's words, for a quick look")
    max_eval_samples: int | None = option(None, "score so many words, for a quick look")
    dataloader_num_workers: int = option(1, "processes that compose lines while the network learns")
    seed: int = option(0, "of weights and of all that is composed")
    checkpointing_steps: str = option("500", "save the state every so many steps")

    def __post_init__(self) -> None:
        if not self.dataset or not Path(self.dataset).is_dir():
            raise TrainingError(
                "Say where the data is: --dataset takes the folder of UNIPEN's words_train.npz, or one above it."
            )
        if not re.fullmatch(r"[1-9]\d{0,8}", self.checkpointing_steps):
            raise TrainingError(f"--checkpointing_steps is {self.checkpointing_steps!r}: give a number of steps.")
        for name, low, high in (
            ("max_train_steps", 1, 10**8),
            ("columns", 500, 10**6),
            ("width", 16, 1024),
            ("blocks", 0, 64),
            ("eval_steps", 1, 10**8),
        ):
            if not low <= getattr(self, name) <= high:
                raise TrainingError(f"--{name} is {getattr(self, name)}: give a whole number from {low} to {high}.")
        for name in ("words_share", "fonts_share", "decay_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise TrainingError(f"--{name} is {getattr(self, name)}: give a share from 0 to 1.")
