"""What a run is told: the flags of train.py, the same in a YAML recipe, checked before anything is loaded."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from emnist_hf.errors import EmnistError
from emnist_hf.models.checkpoint import IMAGE_SIZES
from emnist_hf.models.network import ARCHITECTURE, IMAGE_SIZE
from emnist_hf.splits import Split, find_split
from emnist_hf.training.augment import Augmentation


class TrainingError(EmnistError):
    """A training that cannot start or go on; the message says why and what to do."""


class Range(NamedTuple):
    """What a number must lie in, both ends included, and how a message asks for it."""

    low: float
    high: float
    wanted: str


ANY, ABOVE_0, BELOW_1 = sys.float_info.max, sys.float_info.min, math.nextafter(1, 0)
COUNTS = ("num_train_epochs", "per_device_train_batch_size", "max_train_samples", "max_eval_samples")
SHARES = (
    "parent_weight",
    "teacher_weight",
    "warmup_ratio",
    "label_smoothing_factor",
    "ema_decay",
    "validation_fraction",
)
SIDES = ("image_size", "start_image_size")
RANGES = {
    **dict.fromkeys(COUNTS, Range(1, ANY, "at least 1")),
    **dict.fromkeys(SHARES, Range(0, BELOW_1, "a share from 0 to below 1")),
    **dict.fromkeys(SIDES, Range(*IMAGE_SIZES, f"{IMAGE_SIZES[0]} to {IMAGE_SIZES[1]} pixels, such as 56")),
    "learning_rate": Range(ABOVE_0, ANY, "a number above 0, such as 0.003"),
    "weight_decay": Range(0, ANY, "a number of at least 0, such as 0.02"),
    "mixup": Range(0, ANY, "a number of at least 0, such as 0.2"),
    "teacher_temperature": Range(ABOVE_0, ANY, "a number above 0, such as 2"),
    "seed": Range(0, 2**32 - 1, "0 to 4294967295"),
}
"""What settings may be given, beside their defaults."""


def check_range(name: str, value: float, what: str) -> None:
    """Raise `TrainingError` for a setting out of its range. what: how the message begins, such as "--seed is"."""
    low, high, wanted = RANGES[name]
    if not low <= value <= high:
        raise TrainingError(f"{what} {value}: give {wanted}.")


def option(default: Any, text: str) -> Any:
    """Declare a setting by its default and its line in --help, which names the default where the text does not."""
    plain = default is None or default is False or default == "" or "default" in text
    return field(default=default, metadata={"help": text if plain else f"{text} (default: %(default)s)"})


@dataclass
class LaunchConfig:
    """How a run of either network is launched, resumed and watched."""

    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = option(
        "auto", "auto: bf16 on a GPU that has it, else float32 (no)"
    )
    cpu: bool = option(False, "train on the CPU even where there is a GPU")
    resume_from_checkpoint: str | None = option(None, "'latest', or a folder under output_dir/checkpoints")
    with_tracking: bool = option(False, "log to the trackers of report_to")
    report_to: str = option("tensorboard", "tracker that Accelerate knows: tensorboard, wandb, trackio, all")


@dataclass
class TrainConfig(LaunchConfig):
    """The settings of a run, each a flag of train.py. Where transformers' examples have one, it bears their name."""

    split: str = option("byclass", "byclass, bymerge, balanced, letters, digits or mnist")
    dataset: str = option("", "Hub id, folder, gzip.zip or Parquet file with the split")
    output_dir: str = option("", "where checkpoint, results and pictures go (default: runs/SPLIT)")
    overwrite_output_dir: bool = option(False, "throw away the checkpoints of an earlier run in output_dir")
    dataset_revision: str | None = option(None, "branch, tag or commit of a Hub data set")
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
    reject_data: list[str] = field(
        default_factory=list,
        metadata={
            "help": "more glyphs that are no character, found as extra_data is: arrays .npy, uint8 [N, 28, 28], from "
            "which the rejection learns beside the drawings that it makes up"
        },
    )
    reject_validation_data: list[str] = field(
        default_factory=list,
        metadata={"help": "the same, never learnt from: how many are told as no character is noted"},
    )
    transposed: bool = option(False, "the Parquet images lie on their side, as the raw files' do: turn them")
    model_name_or_path: str | None = option(
        None, "checkpoint to start from: a split that the package has, a folder, or a Hub id (default: start afresh)"
    )
    parent_weight: float = option(
        0.0,
        "share that the checkpoint to start from keeps in the weights at the end: between the two lie weights that "
        "have learnt the new and not forgotten the old (0: none)",
    )
    teacher_name_or_path: list[str] = field(
        default_factory=list,
        metadata={"help": "checkpoints to learn from beside the labels, named as above; several count as an ensemble"},
    )
    teacher_weight: float = option(0.5, "share of the loss that the teachers have")
    teacher_temperature: float = option(2.0, "softens what teachers and student say to each other")
    architecture: str = option(ARCHITECTURE, "any timm classifier that takes one channel")
    model_args: str = option("{}", "JSON of arguments for timm.create_model (default: those of the slim resnet10t)")
    image_size: int = option(IMAGE_SIZE, "side of the network's input in pixels, 8 to 512")
    start_image_size: int = option(0, "side in the first epochs, smaller to save time (0: image_size throughout)")
    start_image_epochs: int = option(0, "how many epochs use start_image_size")
    num_train_epochs: int = option(14, "passes over the data")
    per_device_train_batch_size: int = option(256, "rows a step and process")
    learning_rate: float = option(3e-3, "highest learning rate of AdamW")
    weight_decay: float = option(0.02, "of AdamW, not on biases and norms")
    lr_scheduler_type: Literal["onecycle", "cosine", "linear"] = option("onecycle", "shape of the learning rate")
    warmup_ratio: float = option(0.15, "share of the steps in which the learning rate rises")
    label_smoothing_factor: float = option(0.05, "0 for none")
    mixup: float = option(0.0, "lay images over each other by shares of Beta(mixup, mixup); 0.2 is usual, 0 for none")
    ema_decay: float = option(0.9995, "of the averaged weights that are evaluated and saved")
    validation_fraction: float = option(0.05, "share of every class of train that is kept for validation")
    class_frequencies: Literal["train", "official"] = option(
        "train",
        "official: learn for classes that are as frequent as in the full official training set, whatever the mix of "
        "the rows here (logit adjustment), and fit temperature and class biases on validation rows weighted to it",
    )
    max_train_samples: int | None = option(None, "use so many rows of each training source, for a quick look")
    max_eval_samples: int | None = option(None, "use so many validation and test rows, for a quick look")
    seed: int = option(0, "of weights, order, augmentation and validation rows")
    checkpointing_steps: str = option("epoch", "save the state every so many steps, or every 'epoch'")

    def __post_init__(self) -> None:
        self.split = self.emnist_split.name
        self.output_dir = self.output_dir or f"runs/{self.split}"
        if not self.dataset:
            raise TrainingError(
                "Say where the data is: --dataset takes a Hub id, a folder, gzip.zip or a Parquet file."
            )
        defaults = {setting.name: setting.default for setting in fields(self)}
        for name in RANGES:
            if getattr(self, name) != defaults[name]:
                check_range(name, getattr(self, name), f"--{name} is")
        if self.parent_weight and self.model_name_or_path is None:
            raise TrainingError("--parent_weight needs a checkpoint to start from: give --model_name_or_path.")
        if self.checkpointing_steps != "epoch" and not re.fullmatch(r"[1-9]\d{0,8}", self.checkpointing_steps):
            raise TrainingError(f"--checkpointing_steps is {self.checkpointing_steps!r}: give a number or 'epoch'.")
        try:
            if not isinstance(json.loads(self.model_args), dict):
                raise ValueError
        except ValueError:
            raise TrainingError(f"--model_args is not a JSON object: {self.model_args[:80]}") from None

    @cached_property
    def emnist_split(self) -> Split:
        """The split that `split` names. Raises `LabelError` if there is none."""
        return find_split(self.split)

    @property
    def class_counts(self) -> tuple[int, ...] | None:
        """How frequent each class is where the network will be used; None: as in the rows that it learns from."""
        return self.emnist_split.train_counts if self.class_frequencies == "official" else None

    def side(self, epoch: int) -> int:
        """Return the side of the network's input in an epoch, in pixels; epochs count from 0."""
        return (self.start_image_size or self.image_size) if epoch < self.start_image_epochs else self.image_size


@dataclass
class PushConfig:
    """Where a run's checkpoint is published, with the names that transformers' examples use.

    Apart from `TrainConfig`, all of which is written into the results: the token must not be.
    """

    push_to_hub: bool = option(False, "publish the checkpoint when it is ready")
    hub_model_id: str | None = option(None, "where to: USER/NAME")
    hub_private_repo: bool = option(False, "make that repository private, if it is not there yet")
    hub_token: str | None = field(
        default=None,
        repr=False,
        metadata={"help": "a token that may write (default, and better: that of `hf auth login` or HF_TOKEN)"},
    )


def load_recipe(path: str | Path) -> dict[str, Any]:
    """Return what a YAML file says, its values as texts, as flags come. Raises `TrainingError` if it is none."""
    import yaml

    if not Path(path).is_file():
        raise TrainingError(f"There is no recipe {path}: the ones that come with the project are in recipes/.")
    try:
        text = Path(path).read_text(encoding="utf-8")
        settings = yaml.load(text, yaml.BaseLoader) or {}
        typed = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError):
        settings = None
    if not isinstance(settings, dict):
        raise TrainingError(f"{path} is no YAML file of settings: write one `name: value` a line.")
    if isinstance(settings.get("model_args"), dict):
        settings["model_args"] = json.dumps(typed["model_args"], default=str)
    return settings


def read_recipe(path: str | Path, settings_of: Sequence[type] = (TrainConfig, Augmentation)) -> dict[str, Any]:
    """Read the settings in a YAML file, each of the type that its flag gives.

    settings_of: the dataclasses that have them.

    Raises `TrainingError` for a missing file, a setting that does not exist or a value that its flag would not take.
    """
    return parse_settings(load_recipe(path), settings_of, str(path))


def parse_settings(settings: Mapping[str, Any], settings_of: Sequence[type], where: str) -> dict[str, Any]:
    """Return settings, texts or lists of texts, each of the type that its flag gives.

    where: the file that they are of. Raises `TrainingError` as `read_recipe`.
    """
    kinds = {name: kind for cls in settings_of for name, kind in get_type_hints(cls).items()}
    unknown = sorted(str(name) for name in settings if name not in kinds)
    if unknown:
        raise TrainingError(f"{where} sets {', '.join(unknown)}, which train.py does not have: see train.py --help.")
    return {name: _parse(value, kinds[name], f"{where} sets {name}") for name, value in settings.items()}


WANTED: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _parse(value: Any, kind: Any, what: str) -> Any:
    """Return a value of a recipe, a text or a list of texts, as a setting of type `kind` has it."""
    import yaml

    if get_origin(kind) is UnionType:  # such as int | None
        if value in ("", "~", "null"):
            return None
        kind = get_args(kind)[0]
    if get_origin(kind) is list:
        return [_parse(text, get_args(kind)[0], what) for text in (value if isinstance(value, list) else [value])]
    choices = get_args(kind)
    if not choices and isinstance(value, str):
        try:
            if kind is not int:
                return yaml.SafeLoader.bool_values[value.lower()] if kind is bool else kind(value)
            if float(value).is_integer():
                return int(float(value))
        except (KeyError, ValueError, OverflowError):
            pass
    if choices and value in choices:
        return value
    raise TrainingError(f"{what} to {value!r}: give {', '.join(choices) or WANTED[kind]}.")


def choose_augmentation(recipe: str | Path | None, changes: Mapping[str, Any]) -> Augmentation:
    """Return the default augmentation, with what a recipe sets, with those of `changes` that are its and not None.

    Raises `TrainingError` for a recipe that cannot be read or sets what is no number, `EmnistError` for a number that
    is out of range.
    """
    known = {setting.name for setting in fields(Augmentation)}
    settings = read_recipe(recipe) if recipe is not None else {}
    given = {name: value for name, value in changes.items() if value is not None}
    return Augmentation(**{name: value for name, value in (settings | given).items() if name in known})
