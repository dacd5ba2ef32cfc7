"""The line network: a strip of ink to the probabilities of each character in each column, learnt with CTC.

Convolutions over the strip, pooled to one row at a quarter of its width, then residual blocks of separable convolutions
along the line. CTC: Graves et al. 2006 (doi 10.1145/1143844.1143891); a convolutional and recurrent network for text:
Shi et al. 2015 (arXiv 1507.05717); convolutions in place of the recurrence: Ingle et al. 2019 (arXiv 1904.09150).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

from emnist_hf.ink.strip import HEIGHT
from emnist_hf.letterforms import LINE_ALPHABET
from emnist_hf.models.checkpoint import CONFIG, WEIGHTS, CheckpointError, misfit
from emnist_hf.models.fuse import find_norms, fuse
from emnist_hf.models.line_checkpoint import INPUT, OUTPUT, STRIDE, LineFiles, fold_lines
from emnist_hf.models.onnx_export import export_graph, without_weights


class LineNetwork(nn.Module):
    """Strips, float [N, 1, 48, W], 0 to 1, to logits, float [N, ceil(W / 4), classes]; the last is the blank."""

    def __init__(
        self,
        classes: int = len(LINE_ALPHABET) + 1,
        stem: tuple[int, ...] = (16, 32, 64, 96),
        width: int = 176,
        blocks: int = 7,
        kernel: int = 9,
    ) -> None:
        super().__init__()
        a, b, c, d = stem
        self.stem = nn.Sequential(
            _convolution(1, a, 3, (2, 1)),  # 24 rows
            _convolution(a, b, 3, (2, 2)),  # 12 rows, half the width
            _convolution(b, c, 3, (1, 1)),
            _convolution(c, d, 3, (2, 2)),  # 6 rows, a quarter of the width
            _convolution(d, d, 3, (1, 1)),
            _convolution(d, width, (6, 3), (6, 1), (0, 1)),  # one row
        )
        self.line = nn.Sequential(*(Block(width, kernel, dilation) for dilation in _dilations(blocks)))
        self.norm = nn.BatchNorm1d(width)
        self.classifier = nn.Conv1d(width, classes, 1)

    def forward(self, strips: Tensor) -> Tensor:
        features = self.line(self.stem(strips).squeeze(2))
        return self.classifier(self.norm(features)).transpose(1, 2)


def _dilations(blocks: int) -> list[int]:
    """Every third block looks twice as far."""
    return [2 if i % 3 == 2 else 1 for i in range(blocks)]


def _convolution(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: tuple[int, int],
    padding: int | tuple[int, int] = 1,
) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Block(nn.Module):
    """A residual block along the line: a depthwise and two pointwise convolutions (as ConvNeXt, Liu et al. 2022)."""

    def __init__(self, width: int, kernel: int, dilation: int, factor: int = 2) -> None:
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.mix = nn.Conv1d(width, width, kernel, padding=padding, dilation=dilation, groups=width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.expand = nn.Conv1d(width, factor * width, 1)
        self.act = nn.ReLU(inplace=True)
        self.contract = nn.Conv1d(factor * width, width, 1)
        nn.init.zeros_(self.contract.weight)
        nn.init.zeros_(self.contract.bias)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.contract(self.act(self.expand(self.norm(self.mix(features)))))


def to_input(strips: Tensor) -> Tensor:
    """Return strips, uint8 [N, 1, H, W], as the network takes them: float, 0 to 1."""
    return (strips.float() / 255).contiguous(memory_format=torch.channels_last)


def save_line_network(model: nn.Module, folder: Path, width: int, blocks: int, **about: Any) -> None:
    """Write config.json and model.safetensors, in half precision, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"task": "lines", "architecture": "emnist_hf_lines", "width": width, "blocks": blocks, "height": HEIGHT}
    config |= {"stride": STRIDE, "alphabet": LINE_ALPHABET} | about
    (folder / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    kept = {name: value.cpu().numpy() for name, value in model.state_dict().items() if "num_batches" not in name}
    # Variances may lie below what half precision holds.
    halved = {n: v if "running" in n else v.astype(np.float16) for n, v in kept.items()}
    # safetensors writes memory as it lies: a network laid out channels last would come back mixed up.
    save_file({name: np.ascontiguousarray(value) for name, value in halved.items()}, folder / WEIGHTS)


def load_line_network(files: LineFiles) -> nn.Module:
    """Return a checkpoint's network in eval mode. Raises `CheckpointError` if its weights are not of its config."""
    model = LineNetwork(width=files.width, blocks=files.blocks)
    weights = {name: torch.from_numpy(value.astype(np.float32)) for name, value in files.weights.items()}
    missing, foreign = model.load_state_dict(weights, strict=False)
    if foreign or any("num_batches" not in name for name in missing):
        raise CheckpointError(misfit(files.folder, f"Missing {missing[:3]}, unknown {foreign[:3]}."))
    return model.eval()


def export_line_network(files: LineFiles, path: Path) -> None:
    """Write a checkpoint's network as ONNX: `strips`, float32 [N, 1, 48, W], 0 to 1, to `logits`, [N, W / 4, classes].

    Raises `OnnxError` if a package is missing or the network cannot be exported.
    """
    model = load_line_network(files)
    strips = torch.zeros(2, 1, HEIGHT, 64)
    export_graph(fuse(model), strips, path, (INPUT, OUTPUT), "lines", ("batch", None, None, "width"))


def write_line_graph(files: LineFiles) -> Path:
    """Write the graph of a checkpoint's shape, without its weights, beside those of the package; return its path.

    Raises as `export_line_network`.
    """
    model = load_line_network(files)
    norms = find_norms(model)
    fused = fuse(model).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    fused.set_submodule("norm", nn.Identity())
    names = fold_lines(files.weights, norms)
    files.graph.parent.mkdir(parents=True, exist_ok=True)
    strips = torch.zeros(2, 1, HEIGHT, 64)
    export_graph(fused, strips, files.graph, (INPUT, OUTPUT), "lines", ("batch", None, None, "width"))
    without_weights(files.graph, {name: name for name in names})
    shapes = {name: list(value.shape) for name, value in files.weights.items()}
    about = {"norms": norms, "shapes": shapes}
    files.graph.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return files.graph
