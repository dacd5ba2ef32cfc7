"""A checkpoint folder as it lies on disk, read without torch.

A checkpoint is a folder: `config.json` (architecture, arguments, labels, preprocessing), `model.safetensors`, and
beside them what training found out (`results.json`, `README.md`, pictures). Nothing but safetensors is ever read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError, Sentence, first_line
from emnist_hf.splits import LabelError, LabelSet, label_set_of

CONFIG, WEIGHTS, CARD, RESULTS = "config.json", "model.safetensors", "README.md", "results.json"
REJECTION = "not_a_character.safetensors"
SEEN_FILE = "trained_on.npz"
PICTURES = {
    "confusion.png": "Confusion matrix",
    "calibration.png": "Calibration: share right by score",
    "curve.png": "Training curve",
}
ONNX, ONNX_INT8 = "onnx/model.onnx", "onnx/model_quantized.onnx"  # where transformers.js looks for them
RGB, PROCESSOR = "rgb.safetensors", "preprocessor_config.json"
PUBLISHED_FILES = (CARD, CONFIG, WEIGHTS, RGB, PROCESSOR, REJECTION, SEEN_FILE, RESULTS, *PICTURES, ONNX, ONNX_INT8)
"""All that stands of a checkpoint on the Hub, with what other tools look for."""

OWN_FILES = tuple(name for name in PUBLISHED_FILES if name not in (RGB, PROCESSOR, ONNX, ONNX_INT8))
"""All that a checkpoint's folder may hold, of which config and weights must be there. Nothing else is fetched."""

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

IMAGE_SIZES = (8, 512)
"""Least and greatest side of a network's input, in pixels."""

MEAN, STD = 0.1736, 0.3317
"""Mean and standard deviation of ByClass pixels, 0 to 1, as commonly given for EMNIST; those of new checkpoints."""

STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked")  # of batch norms: counted, not learnt

MAX_WEIGHTS_BYTES = 400_000_000  # no classifier of glyphs needs more; a larger file is a mistake or an attack


class CheckpointError(EmnistError):
    """A checkpoint that cannot be used; the message says why and what to do."""


def normalise(pixels: Any, mean: float = MEAN, std: float = STD) -> Any:
    """Return pixels, an array or a tensor of values 0 to 1, as a network takes them: less `mean`, by `std`."""
    return (pixels - mean) / std


@dataclass(frozen=True)
class CheckpointFiles:
    """What config.json says, checked, and the weights by name.

    model_args: of `timm.create_model`, but for the numbers of channels and classes. image_size: side of the network's
    input in pixels, whose values, 0 to 1, are taken less `mean` and divided by `std`.
    """

    architecture: str
    model_args: dict[str, Any]
    label_set: LabelSet
    image_size: int
    mean: float
    std: float
    weights: dict[str, NDArray[Any]]
    folder: Path
    name: str

    @property
    def parameters(self) -> int:
        """How many numbers the network has learnt."""
        return sum(value.size for name, value in self.weights.items() if not name.endswith(STATISTICS))


def read_checkpoint(folder: str | Path, name: str | None = None) -> CheckpointFiles:
    """Read a checkpoint folder. `name` is what to call it, by default as the folder.

    Raises `CheckpointError` if a file is missing, damaged, not safetensors, or asks for weights from elsewhere.
    """
    folder = Path(folder)
    config = read_config(folder)
    label_set = _label_set(config, folder)
    size, mean, std = _preprocessing(config, folder)
    model_args = {k: v for k, v in config.get("model_args", {}).items() if k not in ("in_chans", "num_classes")}
    weights = read_weights(folder)
    architecture = str(config.get("architecture"))
    if not re.fullmatch(r"\w+", architecture) or FOREIGN_ARGS & set(model_args):
        raise CheckpointError(
            "{config} asks timm for weights from elsewhere: only {weights} beside it is loaded, remove that.",
            config=str(folder / CONFIG),
            weights=WEIGHTS,
        )
    return CheckpointFiles(
        architecture, model_args, label_set, size, mean, std, weights, folder, name or folder.resolve().name
    )


def misfit(folder: Path, what: str) -> Sentence:
    """Return the sentence for weights that are not of the network that config.json describes."""
    said = "The weights in {folder} do not fit its config.json: they are of different models. {what}"
    return Sentence(said, folder=str(folder), what=what)


def read_weights(folder: Path) -> dict[str, NDArray[Any]]:
    """Read model.safetensors. Raises `CheckpointError` if it is missing, damaged, or holds what is no number."""
    from safetensors.numpy import load_file

    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(
            "{folder} has no {weights}: only safetensors weights are loaded, save them as such.",
            folder=str(folder),
            weights=WEIGHTS,
        )
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise CheckpointError("{path} is larger than 400 MB: that is no classifier of glyphs.", path=str(path))
    try:
        weights = load_file(path)
    except Exception as error:  # safetensors raises its own error type from Rust
        raise CheckpointError(
            "{path} is not a whole safetensors file ({reason}): download or save it again.",
            path=str(path),
            reason=first_line(error),
        ) from None
    if not all(bool(np.isfinite(value).all()) for value in weights.values()):
        raise CheckpointError(
            "Some weights in {folder} are not numbers: download or train them again.", folder=str(folder)
        )
    return weights


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.json. Raises `CheckpointError` if it is missing or none."""
    path = folder / CONFIG
    if not path.is_file():
        raise CheckpointError(
            "{folder} has no {config}: a checkpoint is a folder that train.py wrote.", folder=str(folder), config=CONFIG
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            "{path} is not JSON ({reason}): download or save it again.", path=str(path), reason=first_line(error)
        ) from None
    if not isinstance(config, dict) or not isinstance(config.get("model_args", {}), dict):
        raise CheckpointError(
            "{path} is not the config of a timm model: save the checkpoint with train.py.", path=str(path)
        )
    return config


def _label_set(config: dict[str, Any], folder: Path) -> LabelSet:
    if config.get("task") == "lines":
        raise CheckpointError(
            "{folder} reads whole lines and no single characters: give it as lines, beside a checkpoint of characters.",
            folder=str(folder),
        )
    names = config.get("label_names")
    if not isinstance(names, list):
        raise CheckpointError(
            "{config} has no label_names: save the checkpoint with train.py.", config=str(folder / CONFIG)
        )
    if config.get("num_classes") != len(names):
        raise CheckpointError(
            "{config} has {count} label_names but num_classes is {classes}: mend it.",
            config=str(folder / CONFIG),
            count=len(names),
            classes=str(config.get("num_classes")),
        )
    try:
        return label_set_of(names)
    except LabelError as error:
        raise CheckpointError("{config}: {sentence}", config=str(folder / CONFIG), sentence=error.args[0]) from None


def _preprocessing(config: dict[str, Any], folder: Path) -> tuple[int, float, float]:
    try:
        settings = config["pretrained_cfg"]
        channels, height, width = settings["input_size"]
        (mean,), (std,) = settings["mean"], settings["std"]
        mean, std = float(mean), float(std)
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            "{config} does not say input_size, mean and std of one channel.", config=str(folder / CONFIG)
        ) from None
    smallest, greatest = IMAGE_SIZES
    if channels != 1 or height != width or not smallest <= height <= greatest or not std > 0:
        raise CheckpointError(
            "{config} asks for input of {shape}: a glyph has one channel and is square, of {smallest} to {greatest} "
            "pixels.",
            config=str(folder / CONFIG),
            shape=f"{channels}x{height}x{width}",
            smallest=smallest,
            greatest=greatest,
        )
    return int(height), mean, std
