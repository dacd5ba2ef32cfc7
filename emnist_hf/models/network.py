"""Create, save and load a timm classifier in the one format that timm and transformers both read.

`checkpoint` reads the folder; here it becomes a network of torch's.
"""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.nn import functional as F

from emnist_hf.errors import first_line
from emnist_hf.models.checkpoint import (
    CONFIG,
    MEAN,
    STD,
    WEIGHTS,
    CheckpointError,
    CheckpointFiles,
    misfit,
    normalise,
    read_checkpoint,
)
from emnist_hf.splits import LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

ARCHITECTURE = "resnet10t"
MODEL_ARGS: dict[str, Any] = {"channels": (32, 64, 128, 256), "stem_width": 16}
IMAGE_SIZE = 56
"""timm's stems have stride 4; a glyph drawn at twice its size meets a stride of 2 and keeps its thin strokes."""


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
        """Return upright glyphs, uint8 [N, 28, 28], as the model takes them: float32 [N, 1, side, side], normalised."""
        return normalise(to_input(glyphs, self.image_size), self.mean, self.std)

    def logits(self, glyphs: Tensor) -> Tensor:
        """Return logits, float32 [N, classes], of upright glyphs, uint8 [N, 28, 28]."""
        return self.model(self.pixels(glyphs)).float()

    def features(self, glyphs: Tensor) -> Tensor:
        """Return what the last layer sees of upright glyphs, uint8 [N, 28, 28]: float32 [N, features]."""
        model: Any = self.model
        return model.forward_head(model.forward_features(self.pixels(glyphs)), pre_logits=True).float()

    def classify(self, features: Tensor) -> Tensor:
        """Return logits, float32 [N, classes], of features: `logits` is `classify` of `features`."""
        model: Any = self.model
        return model.get_classifier()(features).float()


def create_model(label_set: LabelSet, architecture: str = ARCHITECTURE, **model_args: Any) -> nn.Module:
    """Return a fresh timm classifier of one input channel. Without `model_args`, the default architecture has its own.

    Beside timm's architectures there is `emnist_replaced_cnn`, the network that this project replaces.

    Raises `CheckpointError` if timm has no such architecture or it does not take the arguments.
    """
    import timm

    import emnist_hf.models.replaced_cnn  # noqa: F401  registers an architecture of ours with timm

    if architecture == ARCHITECTURE and not model_args:
        model_args = dict(MODEL_ARGS)
    model_args = {key: tuple(value) if isinstance(value, list) else value for key, value in model_args.items()}
    try:
        return timm.create_model(architecture, pretrained=False, in_chans=1, num_classes=len(label_set), **model_args)
    except Exception as error:  # timm raises what its hundred model files raise
        raise CheckpointError(
            "timm cannot make {architecture!r} with {arguments}: {reason} (timm.list_models() lists the "
            "architectures).",
            architecture=architecture,
            arguments=model_args,
            reason=first_line(error),
        ) from None


def count_parameters(model: nn.Module) -> int:
    """Return how many numbers a model has learnt."""
    return sum(parameter.numel() for parameter in model.parameters())


def calibrate(model: nn.Module, temperature: float, bias: NDArray[np.float32] | None = None) -> None:
    """Divide the model's logits by a temperature and add a bias for each class, in the weights of the last layer.

    So every way of loading the checkpoint gets the calibration, with no code of its own.
    """
    import torch

    with torch.no_grad():
        last: Any = model.get_classifier()  # type: ignore[operator]
        for parameter in last.parameters():
            parameter.div_(temperature)
        if bias is not None:
            last.bias.add_(torch.from_numpy(bias).to(last.bias.device))


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
    (folder / WEIGHTS).chmod(stat.S_IMODE(path.stat().st_mode))  # safetensors lets nobody else read them
    for origin in ("tag", "origin_url"):  # of the weights that timm has for this architecture: these are others
        config["pretrained_cfg"].pop(origin, None)
    path.write_text(json.dumps(config, indent=2) + "\n")
    return folder


def load_checkpoint(folder: str | Path, name: str | None = None) -> Checkpoint:
    """Load a checkpoint folder for inference on the CPU. `name` is what to call it, by default as the folder.

    Raises `CheckpointError` if a file is missing, damaged, not safetensors, or does not fit the others.
    """
    return to_checkpoint(read_checkpoint(folder, name))


def to_checkpoint(files: CheckpointFiles) -> Checkpoint:
    """Return a checkpoint that was read as a classifier of timm's. Raises `CheckpointError` if its parts do not fit."""
    import torch

    model = create_model(files.label_set, files.architecture, **files.model_args)
    try:
        model.load_state_dict({name: torch.from_numpy(value) for name, value in files.weights.items()}, strict=True)
    except RuntimeError as error:
        raise CheckpointError(misfit(files.folder, _second_line(error))) from None
    return Checkpoint(model.eval(), files.label_set, files.image_size, files.mean, files.std, files.folder, files.name)


def _second_line(error: BaseException) -> str:
    """Return what does not fit: torch says in its first line only that something does not."""
    return (str(error).strip().splitlines()[1:] or [""])[0].strip()[:200]


def to_input(images: Tensor, side: int) -> Tensor:
    """Return glyphs, uint8 [N, 28, 28], at the network's size, not normalised: float32 [N, 1, side, side], 0 to 1."""
    pixels = images.unsqueeze(1).float() / 255
    if pixels.shape[-1] == side:
        return pixels
    return F.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False)
