"""What runs the line network to serve it: strips to the probabilities of each column, by ONNX Runtime, else by torch.

The graph that ONNX Runtime runs lies in `graphs/lines/` without weights, as those of `engine` do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.strip import HEIGHT
from emnist_hf.models.checkpoint import CONFIG, CheckpointError, misfit
from emnist_hf.models.line_checkpoint import INPUT, OUTPUT, STRIDE, LineFiles, fold_lines

Strip = NDArray[np.uint8]
Floats = NDArray[np.float32]

CHUNK = 1600
"""Width in pixels up to which a strip is read at once; a longer one in parts that overlap."""

OVERLAP = 160
"""Pixels that two parts share, of which each gives the half that lies next to it."""

BATCH_PIXELS = 4000
"""Pixels of strips side by side that are read at once, padded to the widest."""


class LineEngine:
    """The line network, ready to be asked. Safe to share between threads."""

    def __init__(self, files: LineFiles) -> None:
        """Raises `CheckpointError` if the weights do not fit config.json."""
        self._run = _onnx(files) or _torch(files)
        self._calibration = files.calibration

    def run(self, strips: Sequence[Strip]) -> list[Floats]:
        """Return log probabilities of columns, float32 [ceil(W / STRIDE), classes] each, of strips, uint8 [48, W].

        The last class is CTC's blank; the others are in the order of `LINE_ALPHABET`.
        """
        parts = [(i, strip[:, start : start + CHUNK]) for i, strip in enumerate(strips) for start in _starts(strip)]
        order = sorted(range(len(parts)), key=lambda k: parts[k][1].shape[1])
        read: dict[int, Floats] = {}
        while order:
            batch = [order.pop()]
            widest = parts[batch[0]][1].shape[1]
            while order and (len(batch) + 1) * widest <= BATCH_PIXELS and parts[order[-1]][1].shape[1] > 0.6 * widest:
                batch.append(order.pop())
            for k, found in zip(batch, self._logits([parts[k][1] for k in batch])):
                read[k] = found
        joined = [[read[k] for k, part in enumerate(parts) if part[0] == i] for i in range(len(strips))]
        return [_log_softmax(_joined(some)) for some in joined]

    def score(self, frames: NDArray[np.float64], words: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that labels are right, from what their columns and their words' candidates say.

        Both float64 [n], 0 to 1, as is what is returned: Platt's scaling (1999) of both, fitted on words of persons
        who were not trained on.
        """
        bias, frame, word = self._calibration
        odds = bias + frame * logit(frames) + word * logit(words)
        return 1 / (1 + np.exp(-odds))

    def _logits(self, strips: list[Strip]) -> list[Floats]:
        widths = [strip.shape[1] for strip in strips]
        pixels = np.zeros((len(strips), 1, HEIGHT, -(-max(widths) // 8) * 8), np.float32)
        for row, strip in zip(pixels, strips):
            row[0, :, : strip.shape[1]] = strip
        logits = self._run(pixels / np.float32(255))
        return [row[: -(-width // STRIDE)] for row, width in zip(logits, widths)]


def logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the odds of probabilities, float64 [n], kept off 0 and 1."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    found: NDArray[np.float64] = np.log(p / (1 - p))
    return found


def _starts(strip: Strip) -> range:
    """Return where the parts of a strip begin, in pixels."""
    return range(0, max(strip.shape[1] - OVERLAP, 1), CHUNK - OVERLAP)


def _joined(parts: list[Floats]) -> Floats:
    """Put the parts of a strip together, each up to the middle of what it shares with the next."""
    half = OVERLAP // STRIDE // 2
    last = len(parts) - 1
    return np.concatenate([p[half if i else 0 : len(p) - half if i < last else None] for i, p in enumerate(parts)])


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    found: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found


def _onnx(files: LineFiles) -> Any:
    """Return what runs float32 [N, 1, 48, W] through ONNX Runtime; None without it or without a graph of this shape."""
    if not files.graph.is_file():
        return None
    try:
        import onnxruntime
    except ImportError:  # there is no onnxruntime for every machine
        return None
    about = json.loads(files.graph.with_suffix(".json").read_text(encoding="utf-8"))
    found = {name: list(value.shape) for name, value in files.weights.items()}
    if found != about["shapes"]:
        raise CheckpointError(misfit(files.folder, f"Names or shapes of weights differ from {CONFIG}'s."))
    weights = fold_lines(files.weights, [tuple(norm) for norm in about["norms"]])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # its callers bring the threads
    options.log_severity_level = 3
    options.add_external_initializers(
        list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
    )
    session = onnxruntime.InferenceSession(files.graph.read_bytes(), options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run([OUTPUT], {INPUT: pixels})[0]


def _torch(files: LineFiles) -> Any:
    """Return what runs float32 [N, 1, 48, W] through torch."""
    import torch

    from emnist_hf.models.line_network import load_line_network

    model = load_line_network(files)

    def run(pixels: Floats) -> Floats:
        with torch.inference_mode():
            found: Floats = model(torch.from_numpy(pixels)).numpy()
        return found

    return run
