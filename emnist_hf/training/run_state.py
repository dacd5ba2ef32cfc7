"""What a run must not lose: how far it has come, saved so that a kill at any moment costs one interval at most."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator, PartialState
from accelerate.logging import get_logger
from accelerate.utils import broadcast_object_list, gather_object
from torch import Tensor

from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.line_config import LineConfig

log = get_logger(__name__)

FOLDER, SETTINGS = "checkpoints", "settings.json"
PARENT = "weights of model_name_or_path"  # as it is named where they have changed
KEPT = 2  # the newest, and the one before in case the disk fails

# What may change between a run and its resumption: where things are and what is told, not what is learnt.
MAY_CHANGE = {
    "output_dir",
    "overwrite_output_dir",
    "dataset",
    "resume_from_checkpoint",
    "with_tracking",
    "report_to",
    "checkpointing_steps",
    "cpu",
    "fonts",
    "max_train_steps",
    "dataloader_num_workers",
    "eval_steps",
    "max_eval_samples",
}

RunConfig = TrainConfig | LineConfig


@dataclass
class Progress:
    """How far a run has come; saved and restored with the weights."""

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def note(self, loss: float, accuracy: float) -> None:
        """Remember one look at the running epoch."""
        self.losses.append(loss)
        self.accuracies.append(accuracy)

    def end_epoch(self, **scores: float) -> dict[str, Any]:
        """Go on to the next epoch; return what the history says of this one, its scores on validation rows among it."""
        self.epoch += 1
        entry = {
            "epoch": self.epoch,
            "step": self.step,
            "train_loss": float(np.mean(self.losses)),
            "train_accuracy": float(np.mean(self.accuracies)),
        }
        self.history.append(entry | scores)
        self.step_in_epoch = 0
        self.losses, self.accuracies = [], []
        return self.history[-1]

    def state_dict(self) -> dict[str, Any]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def identity(
    config: TrainConfig, augmentation: Augmentation, processes: int, data: str, parent: dict[str, Tensor]
) -> dict[str, Any]:
    """Return what a resumed run must share with the one that was saved, as JSON has it.

    data: a digest of the rows. parent: the weights that the run ends by averaging with, none for most runs.
    """
    more: dict[str, Any] = asdict(augmentation) | {"data": data}
    if parent:
        whole = hashlib.sha256(b"".join(value.cpu().numpy().tobytes() for value in parent.values()))
        more[PARENT] = whole.hexdigest()
    return identity_of(config, processes, more)


def identity_of(config: RunConfig, processes: int, more: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a resumed run must share, with what else it must, as JSON has them."""
    kept = {key: value for key, value in asdict(config).items() if key not in MAY_CHANGE}
    return json.loads(json.dumps(kept | more | {"processes": processes}))


def save_state(accelerator: Accelerator, output_dir: str, step: int, settings: dict[str, Any]) -> None:
    """Save everything that the next step depends on. Written aside and renamed, so that no half checkpoint is found."""
    folder = Path(output_dir) / FOLDER
    final, aside = folder / f"step-{step:08d}", folder / f"step-{step:08d}.part"
    if accelerator.is_main_process:
        shutil.rmtree(aside, ignore_errors=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(aside))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        precision = {"resolved_precision": accelerator.mixed_precision}
        (aside / SETTINGS).write_text(json.dumps(settings | precision, indent=2), encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        os.replace(aside, final)
        for old in saved_states(folder)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()


def find_states(output_dir: str) -> list[Path]:
    """Return the whole checkpoints of a run, oldest first."""
    return saved_states(Path(output_dir) / FOLDER)


def saved_states(folder: Path) -> list[Path]:
    """Return the whole checkpoints in a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*") if re.fullmatch(r"step-\d{8}", path.name))


def settings_of(state: Path) -> dict[str, Any]:
    """Read the settings with which a checkpoint was saved."""
    return json.loads((state / SETTINGS).read_text(encoding="utf-8"))


def find_state(config: RunConfig) -> Path | None:
    """Find the checkpoint that `resume_from_checkpoint` names; None to start from the beginning.

    The first process looks and tells the others, so that all start from the same one. Raises `TrainingError`, in all of
    them, if the folder that is named is no checkpoint, if one of them does not see it, or if a fresh run would mix its
    checkpoints with those of an earlier one.
    """
    found: list[Any] = [None, None]
    if PartialState().is_main_process:
        try:
            found = [_find_state(config), None]
        except TrainingError as error:
            found = [None, str(error)]
    state, problem = broadcast_object_list(found)
    if problem:
        raise TrainingError(problem)
    if state is not None and not all(gather_object([state.is_dir()])):
        raise TrainingError(f"Not every machine sees {state}: put --output_dir on a disk that all of them share.")
    return state


def _find_state(config: RunConfig) -> Path | None:
    folder = Path(config.output_dir) / FOLDER
    states = saved_states(folder)
    if config.resume_from_checkpoint is None:
        if states and not config.overwrite_output_dir:
            raise TrainingError(
                f"{folder} holds checkpoints of an earlier run: go on with --resume_from_checkpoint latest, start anew "
                f"with --overwrite_output_dir, or name another --output_dir."
            )
        return None
    if config.resume_from_checkpoint == "latest":
        return states[-1] if states else None
    named = Path(config.resume_from_checkpoint)
    if not (named / SETTINGS).is_file():
        raise TrainingError(f"{named} is no checkpoint of train.py: name a folder checkpoints/step-..., or latest.")
    return named


def clear_states(config: RunConfig) -> None:
    """Throw away what an earlier run left in the output folder, once a fresh one is sure to begin."""
    if config.overwrite_output_dir and config.resume_from_checkpoint is None:
        shutil.rmtree(Path(config.output_dir) / FOLDER, ignore_errors=True)


def resume(
    accelerator: Accelerator, state: Path | None, settings: dict[str, Any], progress: Progress, config: RunConfig
) -> None:
    """Load a checkpoint, if there is one. Raises `TrainingError` if it was saved with other settings or other data."""
    if state is None:
        return
    saved = settings_of(state)
    newer = {item.name: item.default for item in fields(config)}  # a setting that an earlier version had not
    before = newer | {PARENT: settings.get(PARENT)} | saved
    changed = [key for key, value in settings.items() if before.get(key) != value]
    if changed:
        raise TrainingError(
            f"{state} was saved with other settings of {', '.join(changed)}: resume with the same, or start anew in "
            f"another --output_dir."
        )
    accelerator.load_state(str(state))
    log.info(f"Resumed from {state}: epoch {progress.epoch + 1}, step {progress.step}.")
