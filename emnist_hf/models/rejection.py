"""Whether a glyph is a character at all.

A classifier of 62 characters gives a scribble one of 62 labels, often with confidence: on our drawings that are no
character its top score tells them from characters hardly better than chance would have it. What does tell them is the
network's last layer of features. A perceptron of one small hidden layer on those, with made-up drawings as the other
class (outlier exposure after Hendrycks et al. 2019, with the network left as it is), gives every glyph a score from 0
to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError
from emnist_hf.models.checkpoint import REJECTION

Features = NDArray[np.float32]


class RejectionError(EmnistError):
    """The file of a checkpoint that says what is no character cannot be used."""


@dataclass(frozen=True)
class Rejection:
    """A score over features, and the score above which a glyph is no character.

    weight: float32 [hidden], of the score's logit, and its bias. hidden_weight, hidden_bias: float32 [hidden, features]
    and [hidden], of a layer with rectified outputs before it; None in older checkpoints, whose weight is [features].
    """

    weight: Features
    bias: float
    threshold: float
    hidden_weight: Features | None = None
    hidden_bias: Features | None = None

    def score(self, features: Features) -> NDArray[np.float32]:
        """Return p_reject, float32 [N], of each row of features, float32 [N, features]: that it is no character."""
        if self.hidden_weight is not None and self.hidden_bias is not None:
            features = np.maximum(features @ self.hidden_weight.T + self.hidden_bias, 0)
        # The logistic function in a form that no score overflows; scipy takes longer to import.
        return ((1 + np.tanh((features @ self.weight + np.float32(self.bias)) / 2)) / 2).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write it into a checkpoint's folder."""
        from safetensors.numpy import save

        tensors = {
            "weight": np.ascontiguousarray(self.weight, np.float32),
            "bias": np.array([self.bias], np.float32),
            "threshold": np.array([self.threshold], np.float32),
        }
        if self.hidden_weight is not None and self.hidden_bias is not None:
            tensors |= {
                "hidden_weight": np.ascontiguousarray(self.hidden_weight, np.float32),
                "hidden_bias": np.ascontiguousarray(self.hidden_bias, np.float32),
            }
        (folder / REJECTION).write_bytes(save(tensors))  # its save_file lets nobody else read the file


def load_rejection(folder: Path, features: int) -> Rejection | None:
    """Return what the checkpoint in `folder` takes for no character; None if it does not say.

    Raises `RejectionError` if the file is damaged or made for another number of features.
    """
    path = folder / REJECTION
    if not path.is_file():
        return None
    from safetensors.numpy import load_file

    try:
        found = load_file(path)
        weight, bias, threshold = found["weight"], float(found["bias"].item()), float(found["threshold"].item())
        hidden = (found["hidden_weight"], found["hidden_bias"]) if "hidden_weight" in found else None
    except Exception as error:  # safetensors raises its own error type from Rust
        raise RejectionError(
            "{path} is not whole ({kind}): download it again or delete it.", path=str(path), kind=type(error).__name__
        ) from None
    wide = len(weight) if weight.ndim == 1 else -1
    shapes = (weight.shape,) if hidden is None else (hidden[0].shape, hidden[1].shape)
    wanted = ((features,),) if hidden is None else ((wide, features), (wide,))
    numbers = [weight.ravel(), np.array([bias, threshold]), *(part.ravel() for part in hidden or ())]
    if weight.ndim != 1 or shapes != wanted or not np.isfinite(np.concatenate(numbers)).all():
        raise RejectionError(
            "{path} does not fit the network beside it: make it anew with fit-rejection.", path=str(path)
        )
    if hidden is None:
        return Rejection(weight.astype(np.float32), bias, threshold)
    return Rejection(
        weight.astype(np.float32), bias, threshold, hidden[0].astype(np.float32), hidden[1].astype(np.float32)
    )
