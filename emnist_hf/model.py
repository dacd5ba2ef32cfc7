"""Create, save and load a timm classifier in the one format that timm and transformers both read.

A checkpoint is a folder: `config.json` (architecture, arguments, labels, preprocessing), `model.safetensors`, and
beside them what training found out (`results.json`, `README.md`, pictures). Nothing but safetensors is ever read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emnist_hf.errors import EmnistError
from emnist_hf.splits import LabelError, LabelSet, label_set_of

if TYPE_CHECKING:
    from torch import Tensor, nn

CONFIG, WEIGHTS = "config.json", "model.safetensors"
MEAN, STD = 0.1736, 0.3317
"""Mean and standard deviation of ByClass pixels, 0 to 1, as commonly given for EMNIST."""

ARCHITECTURE = "resnet10t"
MODEL_ARGS: dict[str, Any] = {"channels": (32, 64, 128, 256), "stem_width": 16}
IMAGE_SIZE = 56
"""timm's stems have stride 4; a glyph drawn at twice its size meets a stride of 2 and keeps its thin strokes."""

FOREIGN_ARGS = {
    "cache_dir",
    "checkpoint_path",
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "pretrained_strict",
    "scriptable",
}
"""Arguments of `timm.create_model` that a config.json has no business with."""

MAX_WEIGHTS_BYTES = 400_000_000  # no classifier of glyphs needs more; a larger file is a mistake or an attack


class CheckpointError(EmnistError):
    """A checkpoint that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded classifier and what its folder says of it."""

    model: nn.Module
    label_set: LabelSet
    image_size: int
    mean: float
    std: float
    folder: Path
    name: str

    def pixels(self, glyphs: Tensor) -> Tensor:
        """Upright glyphs, uint8 [N, 28, 28], to what the model takes: float32 [N, 1, side, side], normalised."""
        from emnist_hf.augment import to_input

        return (to_input(glyphs, self.image_size) - self.mean) / self.std

    def logits(self, glyphs: Tensor) -> Tensor:
        """Upright glyphs, uint8 [N, 28, 28], to logits, float32 [N, classes]."""
        return self.model(self.pixels(glyphs)).float()

    def features(self, glyphs: Tensor) -> Tensor:
        """What the last layer sees of upright glyphs: uint8 [N, 28, 28] to float32 [N, features]."""
        model: Any = self.model
        return model.forward_head(model.forward_features(self.pixels(glyphs)), pre_logits=True).float()

    def classify(self, features: Tensor) -> Tensor:
        """Features to logits, float32 [N, classes]: `logits` is `classify` of `features`."""
        model: Any = self.model
        return model.get_classifier()(features).float()


def create_model(label_set: LabelSet, architecture: str = ARCHITECTURE, **model_args: Any) -> nn.Module:
    """A fresh timm classifier with one input channel. Without `model_args`, the default architecture has its own.

    Beside timm's architectures there is `emnist_replaced_cnn`, the network that this project replaces.

    Raises `CheckpointError` if timm has no such architecture or it does not take the arguments.
    """
    import timm

    import emnist_hf.replaced_cnn  # noqa: F401  registers an architecture of ours with timm

    if architecture == ARCHITECTURE and not model_args:
        model_args = dict(MODEL_ARGS)
    model_args = {key: tuple(value) if isinstance(value, list) else value for key, value in model_args.items()}
    try:
        return timm.create_model(architecture, pretrained=False, in_chans=1, num_classes=len(label_set), **model_args)
    except Exception as error:  # timm raises what its hundred model files raise
        raise CheckpointError(
            f"timm cannot make {architecture!r} with {model_args}: {_first_line(error)} "
            f"(timm.list_models() lists the architectures)."
        ) from None


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def calibrate(model: nn.Module, temperature: float) -> None:
    """Divide the model's logits by a temperature, for good, in the weights of the last layer.

    So every way of loading the checkpoint gets the calibration, with no code of its own.
    """
    import torch

    with torch.no_grad():
        for parameter in model.get_classifier().parameters():  # type: ignore[operator]
            parameter.div_(temperature)


def save_checkpoint(
    model: nn.Module,
    folder: str | Path,
    label_set: LabelSet,
    *,
    image_size: int = IMAGE_SIZE,
    split: str | None = None,
) -> Path:
    """Write config.json and model.safetensors so that timm, transformers and `load_checkpoint` read the folder."""
    import torch
    from timm.models import save_for_hf

    folder = Path(folder)
    model = model.to("cpu", memory_format=torch.contiguous_format)  # safetensors takes no other layout
    data_config = {
        "input_size": (1, image_size, image_size),
        "mean": (MEAN,),
        "std": (STD,),
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "crop_mode": "center",
    }
    extra = {"label_names": list(label_set.labels), "model_type": "timm_wrapper", "emnist_split": split}
    save_for_hf(model, str(folder), model_config=extra, safe_serialization=True, data_config=data_config)
    path = folder / CONFIG
    config = json.loads(path.read_text())
    # transformers passes num_classes itself and stops at a second one among the arguments.
    config["model_args"] = {k: v for k, v in config.get("model_args", {}).items() if k != "num_classes"}
    config["model_args"]["in_chans"] = 1
    path.write_text(json.dumps(config, indent=2) + "\n")
    return folder


def load_checkpoint(folder: str | Path, name: str | None = None) -> Checkpoint:
    """Load a checkpoint folder for inference on the CPU. `name` is what to call it, by default as the folder.

    Raises `CheckpointError` if a file is missing, damaged, not safetensors, or does not fit the others.
    """
    import safetensors.torch

    folder = Path(folder)
    config = _read_config(folder)
    label_set = _label_set(config, folder)
    size, mean, std = _preprocessing(config, folder)
    model_args = {k: v for k, v in config.get("model_args", {}).items() if k not in ("in_chans", "num_classes")}
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise CheckpointError(f"{folder} has no {WEIGHTS}: only safetensors weights are loaded, save them as such.")
    if weights.stat().st_size > MAX_WEIGHTS_BYTES:
        raise CheckpointError(f"{weights} is larger than 400 MB: that is no classifier of glyphs.")
    try:
        tensors = safetensors.torch.load_file(weights)
    except Exception as error:  # safetensors raises its own error type from Rust
        raise CheckpointError(
            f"{weights} is not a whole safetensors file ({_first_line(error)}): download or save it again."
        ) from None
    architecture = str(config.get("architecture"))
    if not re.fullmatch(r"\w+", architecture) or FOREIGN_ARGS & set(model_args):
        raise CheckpointError(
            f"{folder / CONFIG} asks timm for weights from elsewhere: only {WEIGHTS} beside it is loaded, remove that."
        )
    model = create_model(label_set, architecture, **model_args)
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights in {folder} do not fit its config.json: they are of different models. {_second_line(error)}"
        ) from None
    if not all(bool(value.isfinite().all()) for value in model.state_dict().values()):
        raise CheckpointError(f"Some weights in {folder} are not numbers: download or train them again.")
    return Checkpoint(model.eval(), label_set, size, mean, std, folder, name or folder.resolve().name)


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise CheckpointError(f"{folder} has no {CONFIG}: a checkpoint is a folder that train.py wrote.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not JSON ({_first_line(error)}): download or save it again.") from None
    if not isinstance(config, dict) or not isinstance(config.get("model_args", {}), dict):
        raise CheckpointError(f"{path} is not the config of a timm model: save the checkpoint with train.py.")
    return config


def _label_set(config: dict[str, Any], folder: Path) -> LabelSet:
    names = config.get("label_names")
    if not isinstance(names, list):
        raise CheckpointError(f"{folder / CONFIG} has no label_names: save the checkpoint with train.py.")
    if config.get("num_classes") != len(names):
        raise CheckpointError(
            f"{folder / CONFIG} has {len(names)} label_names but num_classes is {config.get('num_classes')}: mend it."
        )
    try:
        return label_set_of(names)
    except LabelError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from None


def _preprocessing(config: dict[str, Any], folder: Path) -> tuple[int, float, float]:
    try:
        settings = config["pretrained_cfg"]
        channels, height, width = settings["input_size"]
        mean, std = float(_only(settings["mean"])), float(_only(settings["std"]))
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{folder / CONFIG} does not say input_size, mean and std of one channel.") from None
    if channels != 1 or height != width or not 8 <= height <= 512 or not std > 0:
        raise CheckpointError(
            f"{folder / CONFIG} asks for input of {channels}x{height}x{width}: a glyph has one channel and is square."
        )
    return int(height), mean, std


def _only(values: Sequence[float]) -> float:
    (value,) = values
    return value


def _second_line(error: BaseException) -> str:
    """What does not fit: torch says in its first line only that something does not."""
    return (str(error).strip().splitlines()[1:] or [""])[0].strip()[:200]


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
