"""What runs a network to serve it: ONNX Runtime where the architecture's graph is in the package, torch elsewhere.

The graphs in `graphs/` hold no weights: those of the checkpoint, always from model.safetensors, are handed to ONNX
Runtime beside them, so any checkpoint of a known architecture is served without torch, wherever it is from. They are
drawn from timm's networks by `serving_graph`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emnist_hf.models.checkpoint import CheckpointError, CheckpointFiles, misfit, normalise
from emnist_hf.models.fuse import Norm, fold

Glyphs = NDArray[np.uint8]
Floats = NDArray[np.float32]

BATCH = 128  # glyphs at a time: what one layer hands to the next still fits into the processor's caches
GRAPHS = Path(__file__).with_name("graphs")
INPUT, OUTPUT = "glyphs", "features"


class Engine(Protocol):
    """A network ready to be asked. Safe to share between threads.

    feature_count: how many numbers the last layer sees of a glyph.
    """

    feature_count: int

    def run(self, glyphs: Glyphs) -> tuple[Floats, Floats]:
        """Return logits, float32 [N, classes], and features, float32 [N, features], of glyphs, uint8 [N, 28, 28]."""


def choose_engine(files: CheckpointFiles) -> Engine:
    """Return the engine for a checkpoint. Raises `CheckpointError` if its weights do not fit its config.json."""
    graph = find_graph(files)
    if graph is not None:
        try:
            return OnnxEngine(files, graph)
        except ImportError:  # there is no onnxruntime for every machine
            pass
    return TorchEngine(files)


# --- ONNX Runtime ---


@dataclass(frozen=True)
class Graph:
    """An architecture as ONNX without its weights.

    path: takes `glyphs`, float32 [N, 1, 28, 28], normalised, and gives `features`, float32 [N, F]. architecture,
    model_args, image_size: as `CheckpointFiles`. shapes: of every weight but the last layer's. norms: the batch norms,
    which the graph has folded into the convolutions before them. classifier: name of the last layer.
    """

    path: Path
    architecture: str
    model_args: dict[str, Any]
    image_size: int
    shapes: dict[str, list[int]]
    norms: list[Norm]
    classifier: str


def graphs() -> Iterator[Graph]:
    """Yield the graphs in the package."""
    for path in sorted(GRAPHS.glob("*.json")):
        yield Graph(path.with_suffix(".onnx"), **json.loads(path.read_text(encoding="utf-8")))


def find_graph(files: CheckpointFiles) -> Graph | None:
    """Return the graph of a checkpoint's architecture, if the package has it."""
    model_args = json.loads(json.dumps(files.model_args))  # tuples as lists
    wanted = files.architecture, model_args, files.image_size
    return next((g for g in graphs() if (g.architecture, g.model_args, g.image_size) == wanted), None)


class OnnxEngine:
    """A graph of the package with a checkpoint's weights, run by ONNX Runtime on the CPU, a batch a thread."""

    def __init__(self, files: CheckpointFiles, graph: Graph) -> None:
        """Raises ImportError without onnxruntime, `CheckpointError` if the weights are not of this graph."""
        import onnxruntime

        _check_shapes(files, graph)
        self._mean, self._std = files.mean, files.std
        self._weight: Floats = files.weights[f"{graph.classifier}.weight"].astype(np.float32)
        self._bias: Floats = files.weights[f"{graph.classifier}.bias"].astype(np.float32)
        self.feature_count = self._weight.shape[1]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # its callers bring the threads
        options.log_severity_level = 3
        weights = fold(files.weights, graph.norms)
        options.add_external_initializers(
            list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
        )
        self._session = onnxruntime.InferenceSession(
            graph.path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, glyphs: Glyphs) -> tuple[Floats, Floats]:
        """As `Engine.run`."""
        batches = [glyphs[start : start + BATCH] for start in range(0, max(len(glyphs), 1), BATCH)]
        if len(batches) == 1:
            features = self._features(batches[0])
        else:
            with ThreadPoolExecutor(_threads()) as pool:
                features = np.concatenate(list(pool.map(self._features, batches)))
        return features @ self._weight.T + self._bias, features

    def _features(self, glyphs: Glyphs) -> Floats:
        pixels = normalise(glyphs[:, None].astype(np.float32) / np.float32(255), self._mean, self._std)
        found: Floats = self._session.run([OUTPUT], {INPUT: pixels})[0]
        return found


def _threads() -> int:
    """Return how many threads many glyphs get: a processor each, but no more than OMP_NUM_THREADS."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, int(allowed)) if allowed.isdigit() and int(allowed) else processors


def _check_shapes(files: CheckpointFiles, graph: Graph) -> None:
    """Raise `CheckpointError` unless the weights have the names and shapes of the graph's architecture."""
    found = {name: list(value.shape) for name, value in files.weights.items()}
    features = found.get(f"{graph.classifier}.weight", [0, 0])[-1:]
    classes = len(files.label_set)
    last = {f"{graph.classifier}.weight": [classes, *features], f"{graph.classifier}.bias": [classes]}
    wanted = graph.shapes | last
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            what = f"{name} is {found.get(name, 'missing')} and should be {wanted.get(name, 'absent')}."
            raise CheckpointError(misfit(files.folder, what))


# --- torch ---


class TorchEngine:
    """Any network that timm can make, run by torch on the CPU."""

    def __init__(self, files: CheckpointFiles) -> None:
        """Raises `CheckpointError` if the weights are not of the network that config.json describes."""
        from emnist_hf.models.fuse import fuse
        from emnist_hf.models.network import to_checkpoint

        checkpoint = to_checkpoint(files)
        self.feature_count = int(getattr(checkpoint.model.get_classifier(), "in_features", 0))  # type: ignore[operator]
        self._checkpoint = replace(checkpoint, model=fuse(checkpoint.model))

    def run(self, glyphs: Glyphs) -> tuple[Floats, Floats]:
        """As `Engine.run`."""
        import torch

        logits, features = [], []
        with torch.inference_mode():
            for start in range(0, max(len(glyphs), 1), BATCH):
                batch = torch.from_numpy(np.array(glyphs[start : start + BATCH]))  # a copy: torch wants to own it
                seen = self._checkpoint.features(batch)
                features.append(seen.numpy())
                logits.append(self._checkpoint.classify(seen).numpy())
        return np.concatenate(logits), np.concatenate(features)


def softmax(logits: Floats) -> Floats:
    """Return the softmax of each row. scipy's takes longer to import than the network takes to answer."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
