"""Draw an architecture, from timm's network of it, as an ONNX graph without weights, for `engine.OnnxEngine`.

    python -m emnist_hf.models.serving_graph    # draws graphs/ anew, from the checkpoints in the package

Needs the packages onnx and onnxscript.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emnist_hf.models.checkpoint import CheckpointFiles, read_checkpoint
from emnist_hf.models.engine import GRAPHS, INPUT, OUTPUT, Graph, find_graph
from emnist_hf.models.fuse import find_norms, fuse
from emnist_hf.models.line_checkpoint import is_line_checkpoint, read_line_checkpoint
from emnist_hf.models.line_network import write_line_graph
from emnist_hf.models.network import to_checkpoint
from emnist_hf.models.onnx_export import export_graph, without_weights
from emnist_hf.models.pretrained import PACKAGED

SIDE = 28
WEIGHT_PARTS = ("weight", "bias")


class _Features(nn.Module):
    """From glyphs, normalised, to what the last layer sees, under the names that weights have in the network."""

    def __init__(self, network: Any, side: int) -> None:
        super().__init__()
        self.network, self.side = network, side

    def forward(self, glyphs: Tensor) -> Tensor:
        if self.side != SIDE:
            glyphs = F.interpolate(glyphs, size=(self.side, self.side), mode="bilinear", align_corners=False)
        found: Tensor = self.network.forward_head(self.network.forward_features(glyphs), pre_logits=True)
        return found


def describe_graph(files: CheckpointFiles, model: nn.Module, folder: Path) -> Graph:
    """Return what there is to know of the graph of a checkpoint's network, which is to lie in a folder.

    Every weight but the last layer's has to be of a convolution that a batch norm follows: ValueError for others.
    """
    norms = find_norms(model)
    classifier = next(name for name, module in model.named_modules() if module is model.get_classifier())  # type: ignore[operator]
    covered = {f"{name}." for convolution, norm, _ in norms for name in (convolution, norm)} | {f"{classifier}."}
    others = [name for name in files.weights if not any(name.startswith(prefix) for prefix in covered)]
    if others:
        raise ValueError(f"{files.name} has weights outside of convolutions with batch norms: {', '.join(others)}")
    return Graph(
        folder / f"{_name(files)}.onnx",
        files.architecture,
        json.loads(json.dumps(files.model_args)),
        files.image_size,
        {name: list(v.shape) for name, v in files.weights.items() if not name.startswith(f"{classifier}.")},
        norms,
        classifier,
    )


def write_graph(files: CheckpointFiles, folder: Path) -> Graph:
    """Write the graph of a checkpoint's network, NAME.onnx and NAME.json, into a folder.

    Raises `OnnxError` if a package is missing or the network cannot be exported, ValueError as `describe_graph`.
    """
    model = to_checkpoint(files).model
    graph = describe_graph(files, model, folder)
    folder.mkdir(parents=True, exist_ok=True)
    network = _Features(fuse(model).to(memory_format=torch.contiguous_format), files.image_size)  # type: ignore[call-overload]
    export_graph(network, torch.zeros(2, 1, SIDE, SIDE), graph.path, (INPUT, OUTPUT), files.name)
    without_weights(
        graph.path, {f"network.{c}.{part}": f"{c}.{part}" for c, _, _ in graph.norms for part in WEIGHT_PARTS}
    )
    about = {key: value for key, value in asdict(graph).items() if key != "path"}
    graph.path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return graph


def _name(files: CheckpointFiles) -> str:
    widths = "-".join(str(width) for width in files.model_args.get("channels", ()))
    activation = files.model_args.get("act_layer", "")
    return "_".join(part for part in (files.architecture, widths, activation, f"{files.image_size}px") if part)


def main() -> None:
    """Write a graph for each architecture among the checkpoints in the package."""
    for old in GRAPHS.rglob("*.*"):
        old.unlink()
    for folder in sorted(path for path in PACKAGED.iterdir() if path.is_dir()):
        if is_line_checkpoint(folder):
            print(write_line_graph(read_line_checkpoint(folder)).name)
            continue
        files = read_checkpoint(folder)
        if find_graph(files) is None:
            print(write_graph(files, GRAPHS).path.name)


if __name__ == "__main__":
    main()
