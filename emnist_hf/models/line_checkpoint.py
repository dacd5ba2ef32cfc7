"""A checkpoint folder of the line network, read without torch.

It holds `config.json` (task, alphabet, width, blocks, height, stride, calibration) and `model.safetensors`, in half
precision, as `checkpoint` has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.strip import HEIGHT
from emnist_hf.letterforms import LINE_ALPHABET
from emnist_hf.models.checkpoint import CheckpointError, read_config, read_weights
from emnist_hf.models.engine import GRAPHS
from emnist_hf.models.fuse import Norm, fold

STRIDE = 4
"""Pixels of a strip for each column of the output."""

INPUT, OUTPUT = "strips", "logits"


@dataclass(frozen=True)
class LineFiles:
    """A checkpoint folder of the line network: what config.json says, and the weights by name.

    calibration: bias and two weights, as `LineEngine.score` has them.
    """

    width: int
    blocks: int
    weights: dict[str, NDArray[Any]]
    folder: Path
    calibration: tuple[float, float, float] = (0.0, 1.0, 0.0)

    @property
    def graph(self) -> Path:
        """Where the graph of its shape lies."""
        return GRAPHS / "lines" / f"{self.width}_{self.blocks}.onnx"


def is_line_checkpoint(folder: Path) -> bool:
    """Whether a folder is a checkpoint of the line network. Raises `CheckpointError` where it is none at all."""
    return read_config(folder).get("task") == "lines"


def read_line_checkpoint(folder: Path) -> LineFiles:
    """Read a checkpoint folder of the line network. Raises `CheckpointError` if it is none or damaged."""
    config = read_config(folder)
    if config.get("task") != "lines":
        raise CheckpointError("{folder} is no checkpoint of lines: train one with --task lines.", folder=str(folder))
    if config.get("alphabet") != LINE_ALPHABET or config.get("height") != HEIGHT or config.get("stride") != STRIDE:
        raise CheckpointError(
            "{folder} reads other characters or strips than this version: train it anew, or take the package's.",
            folder=str(folder),
        )
    bias, frame, word = (float(v) for v in config.get("calibration", (0, 1, 0)))
    return LineFiles(int(config["width"]), int(config["blocks"]), read_weights(folder), folder, (bias, frame, word))


def fold_lines(weights: dict[str, NDArray[Any]], norms: list[Norm]) -> dict[str, NDArray[np.float32]]:
    """Return all weights with the batch norms folded in: of convolutions, and the last into the classifier after it."""
    whole = {name: value.astype(np.float32) for name, value in weights.items()}
    folded = fold(whole, norms)
    scale = whole["norm.weight"] / np.sqrt(whole["norm.running_var"] + np.float32(1e-5))
    shift = whole["norm.bias"] - whole["norm.running_mean"] * scale
    weight = whole["classifier.weight"]
    folded["classifier.weight"] = np.ascontiguousarray(weight * scale[:, None])
    folded["classifier.bias"] = whole["classifier.bias"] + weight[:, :, 0] @ shift
    norm_names = ("norm.", *(f"{norm}." for _, norm, _ in norms))
    for name, value in whole.items():
        if name not in folded and not name.startswith(norm_names):
            folded[name] = value
    return folded
