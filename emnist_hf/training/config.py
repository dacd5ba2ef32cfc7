"""The settings of a training run, checked before anything is loaded.

A recipe: the settings of a training run and of its augmentation in one YAML file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from emnist_hf.errors import EmnistError
from emnist_hf.models.checkpoint import IMAGE_SIZES
from emnist_hf.models.network import ARCHITECTURE, IMAGE_SIZE
from emnist_hf.splits import find_split
from emnist_hf.training.augment import Augmentation


class TrainingError(EmnistError):
    """A training that cannot start or go on; the message says why and what to do."""


SHARES = (
    "validation_fraction",
    "label_smoothing_factor",
    "ema_decay",
    "warmup_ratio",
    "parent_weight",
    "teacher_weight",
)
"""Settings from 0 to below 1."""


def _option(default: Any, text: str) -> Any:
    """A field whose help is `text`, with what it is where nothing is said, unless that is off, empty or in the text."""
    shown = (
        "" if default is None or default is False or default == "" or "default" in text else " (default: %(default)s)"
    )
    return field(default=default, metadata={"help": text + shown})


@dataclass
class TrainConfig:
    """The settings of a run, each a flag of train.py. Where transformers' examples have one, it bears their name."""

    split: str = _option("byclass", "byclass, bymerge, balanced, letters, digits or mnist")
    dataset: str = _option("", "Hub id, folder, gzip.zip or Parquet file with the split")
    output_dir: str = _option("", "where checkpoint, results and pictures go (default: runs/SPLIT)")
    overwrite_output_dir: bool = _option(False, "throw away the checkpoints of an earlier run in output_dir")
    dataset_revision: str | None = _option(None, "branch, tag or commit of a Hub data set")
    extra_data: list[str] = field(
        default_factory=list,
        metadata={
            "help": "more Parquet files (or a folder or Hub data set of them, such as the page's corrections) to learn "
            "from, found from here or in the data set's folder: FILE, FILE:WEIGHT "
            "(share of its rows in each epoch) or FILE:WEIGHT:LABELS (believe its labels only up to bymerge, letters, "
            "... or shapes); labels may be coarser than the split's"
        },
    )
    extra_validation_data: list[str] = field(
        default_factory=list,
        metadata={
            "help": "more Parquet files of characters, found as extra_data is, that are never learnt from: the "
            "threshold of what is no character lets nearly all of each pass"
        },
    )
    transposed: bool = _option(False, "the Parquet images lie on their side, as the raw files' do: turn them")
    model_name_or_path: str | None = _option(
        None, "checkpoint to start from: a split that the package has, a folder, or a Hub id (default: start afresh)"
    )
    parent_weight: float = _option(
        0.0,
        "share that the checkpoint to start from keeps in the weights at the end: between the two lie weights that "
        "have learnt the new and not forgotten the old (0: none)",
    )
    teacher_name_or_path: list[str] = field(
        default_factory=list,
        metadata={"help": "checkpoints to learn from beside the labels, named as above; several count as an ensemble"},
    )
    teacher_weight: float = _option(0.5, "share of the loss that the teachers have")
    teacher_temperature: float = _option(2.0, "softens what teachers and student say to each other")
    architecture: str = _option(ARCHITECTURE, "any timm classifier that takes one channel")
    model_args: str = _option("{}", "JSON of arguments for timm.create_model (default: those of the slim resnet10t)")
    image_size: int = _option(IMAGE_SIZE, "side of the network's input in pixels, 8 to 512")
    start_image_size: int = _option(0, "side in the first epochs, smaller to save time (0: image_size throughout)")
    start_image_epochs: int = _option(0, "how many epochs use start_image_size")
    num_train_epochs: int = _option(14, "passes over the data")
    per_device_train_batch_size: int = _option(256, "rows a step and process")
    learning_rate: float = _option(3e-3, "highest learning rate of AdamW")
    weight_decay: float = _option(0.02, "of AdamW, not on biases and norms")
    lr_scheduler_type: Literal["onecycle", "cosine", "linear"] = _option("onecycle", "shape of the learning rate")
    warmup_ratio: float = _option(0.15, "share of the steps in which the learning rate rises")
    label_smoothing_factor: float = _option(0.05, "0 for none")
    mixup: float = _option(0.0, "lay images over each other by shares of Beta(mixup, mixup); 0.2 is usual, 0 for none")
    ema_decay: float = _option(0.9995, "of the averaged weights that are evaluated and saved")
    validation_fraction: float = _option(0.05, "share of every class of train that is kept for validation")
    class_frequencies: Literal["train", "official"] = _option(
        "train",
        "official: learn for classes that are as frequent as in the full official training set, whatever the mix of "
        "the rows here (logit adjustment), and fit temperature and class biases on validation rows weighted to it",
    )
    max_train_samples: int | None = _option(None, "use so many rows of each training source, for a quick look")
    max_eval_samples: int | None = _option(None, "use so many validation and test rows, for a quick look")
    seed: int = _option(0, "of weights, order, augmentation and validation rows")
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = _option("auto", "auto: bf16 where it is faster here")
    cpu: bool = _option(False, "train on the CPU even where there is a GPU")
    checkpointing_steps: str = _option("epoch", "save the state every so many steps, or every 'epoch'")
    resume_from_checkpoint: str | None = _option(None, "'latest', or a folder under output_dir/checkpoints")
    with_tracking: bool = _option(False, "log to the trackers of report_to")
    report_to: str = _option("tensorboard", "tracker that Accelerate knows: tensorboard, wandb, trackio, all")

    def __post_init__(self) -> None:
        self.split = find_split(self.split).name
        self.output_dir = self.output_dir or f"runs/{self.split}"
        if not self.dataset:
            raise TrainingError(
                "Say where the data is: --dataset takes a Hub id, a folder, gzip.zip or a Parquet file."
            )
        for name in (
            "num_train_epochs",
            "per_device_train_batch_size",
            "max_train_samples",
            "max_eval_samples",
        ):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TrainingError(f"--{name} is {value}: give at least 1.")
        for name, free in (("image_size", ()), ("start_image_size", (0,))):
            side = getattr(self, name)
            if side not in free and not IMAGE_SIZES[0] <= side <= IMAGE_SIZES[1]:
                raise TrainingError(
                    f"--{name} is {side}: give {IMAGE_SIZES[0]} to {IMAGE_SIZES[1]} pixels, such as 56."
                )
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise TrainingError(f"--learning_rate is {self.learning_rate}: give a number above 0, such as 0.003.")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise TrainingError(f"--weight_decay is {self.weight_decay}: give a number of at least 0, such as 0.02.")
        if not (math.isfinite(self.mixup) and self.mixup >= 0):
            raise TrainingError(f"--mixup is {self.mixup}: give a number of at least 0, such as 0.2.")
        if not (math.isfinite(self.teacher_temperature) and self.teacher_temperature > 0):
            raise TrainingError(
                f"--teacher_temperature is {self.teacher_temperature}: give a number above 0, such as 2."
            )
        for name in SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise TrainingError(f"--{name} is {getattr(self, name)}: give a share from 0 to below 1.")
        if self.parent_weight and self.model_name_or_path is None:
            raise TrainingError("--parent_weight needs a checkpoint to start from: give --model_name_or_path.")
        if self.checkpointing_steps != "epoch" and not re.fullmatch(r"[1-9]\d{0,8}", self.checkpointing_steps):
            raise TrainingError(f"--checkpointing_steps is {self.checkpointing_steps!r}: give a number or 'epoch'.")
        try:
            if not isinstance(json.loads(self.model_args), dict):
                raise ValueError
        except ValueError:
            raise TrainingError(f"--model_args is not a JSON object: {self.model_args[:80]}") from None

    def side(self, epoch: int) -> int:
        """Side of the network's input in an epoch, in pixels; epochs count from 0."""
        return (self.start_image_size or self.image_size) if epoch < self.start_image_epochs else self.image_size


@dataclass
class PushConfig:
    """Where a run's checkpoint is published, with the names that transformers' examples use.

    Apart from `TrainConfig`, all of which is written into the results: the token must not be.
    """

    push_to_hub: bool = _option(False, "publish the checkpoint when it is ready (needs the packages of the extra onnx)")
    hub_model_id: str | None = _option(None, "where to: USER/NAME")
    hub_private_repo: bool = _option(False, "make that repository private, if it is not there yet")
    hub_token: str | None = field(
        default=None,
        repr=False,
        metadata={"help": "a token that may write (default, and better: that of `hf auth login` or HF_TOKEN)"},
    )


def read_recipe(path: str | Path) -> dict[str, Any]:
    """The settings in a YAML file, each of the type that its flag gives.

    Raises `TrainingError` for a missing file, a setting that does not exist or a value that its flag would not take.
    """
    import yaml

    if not Path(path).is_file():
        raise TrainingError(f"There is no recipe {path}: the ones that come with the project are in recipes/.")
    try:
        settings = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        settings = None
    if not isinstance(settings, dict):
        raise TrainingError(f"{path} is no YAML file of settings: write one `name: value` a line.")
    known = {field.name for kind in (TrainConfig, Augmentation) for field in fields(kind)}
    unknown = sorted(str(name) for name in settings if name not in known)
    if unknown:
        raise TrainingError(f"{path} sets {', '.join(unknown)}, which train.py does not have: see train.py --help.")
    hints = get_type_hints(TrainConfig) | get_type_hints(Augmentation)
    if isinstance(settings.get("model_args"), dict):
        settings["model_args"] = json.dumps(settings["model_args"], default=str)
    return {name: _checked(value, hints[name], name, path) for name, value in settings.items()}


WANTED: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _checked(value: Any, hint: Any, name: str, path: str | Path) -> Any:
    """`value` as a flag of type `hint` has it: argparse looks at texts alone, and YAML gives numbers and lists too."""
    kinds = get_args(hint) if get_origin(hint) not in (None, list, Literal) else (hint,)  # int | None and the like
    if value is None and type(None) in kinds:
        return None
    kind = kinds[0]
    if get_origin(kind) is Literal:
        value = "no" if value is False and "no" in get_args(kind) else value  # YAML's reading of a bare no
        if value not in get_args(kind):
            raise TrainingError(f"{path} sets {name} to {value!r}: give {', '.join(map(str, get_args(kind)))}.")
        return value
    if get_origin(kind) is list:
        texts = value if isinstance(value, list) else [value]
        return [_checked(text, get_args(kind)[0], name, path) for text in texts]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        if (kind is bool and isinstance(value, bool)) or (kind is str and isinstance(value, str)):
            return value
        if (kind is str and number) or (kind is float and (number or isinstance(value, str))):
            return kind(value)
        if kind is int and (isinstance(value, str) or (number and value == int(value))):
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise TrainingError(f"{path} sets {name} to {value!r}: give {WANTED[kind]}.")


def choose_augmentation(recipe: str | Path | None, changes: Mapping[str, float | None]) -> Augmentation:
    """The default augmentation, with what a recipe sets, with those of `changes` that are not None.

    Raises `TrainingError` for a recipe that cannot be read or sets what is no number, `EmnistError` for a number that
    is out of range.
    """
    known = {field.name for field in fields(Augmentation)}
    settings = read_recipe(recipe) if recipe is not None else {}
    given = {name: value for name, value in changes.items() if value is not None}
    return Augmentation(**{name: value for name, value in (settings | given).items() if name in known})
