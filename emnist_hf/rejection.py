"""Whether a glyph is a character at all.

A classifier of 62 characters gives a scribble one of 62 labels, often with confidence: on our drawings that are no
character its top score tells them from characters hardly better than chance would have it. What does tell them is the
network's last layer of features. A logistic regression on those, with made-up drawings as the other class (outlier
exposure after Hendrycks et al. 2019, with the network left as it is), gives every glyph a score from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError
from emnist_hf.images import Images, JoinedImages
from emnist_hf.not_characters import drawings

FILE = "not_a_character.safetensors"
FALSE_ALARMS = 0.02
"""Share of real characters, of validation rows, that the threshold takes for none."""

MOST = 15_000
"""Characters that a fit takes: its 257 numbers need no more."""

Features = NDArray[np.float32]


class RejectionError(EmnistError):
    """The file of a checkpoint that says what is no character cannot be used."""


@dataclass(frozen=True)
class Rejection:
    """A linear score over features: float32 [features], a bias, and the score above which a glyph is no character."""

    weight: Features
    bias: float
    threshold: float

    def score(self, features: Features) -> NDArray[np.float32]:
        """How likely each row of features, float32 [N, features], is no character: float32 [N], 0 to 1."""
        from scipy.special import expit

        return expit(features @ self.weight + np.float32(self.bias)).astype(np.float32)

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        tensors = {
            "weight": np.ascontiguousarray(self.weight, np.float32),
            "bias": np.array([self.bias], np.float32),
            "threshold": np.array([self.threshold], np.float32),
        }
        save_file(tensors, folder / FILE)


def load_rejection(folder: Path, features: int) -> Rejection | None:
    """What the checkpoint in `folder` takes for no character; None if it does not say.

    Raises `RejectionError` if the file is damaged or made for another number of features.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    from safetensors.numpy import load_file

    try:
        found = load_file(path)
        weight, bias, threshold = found["weight"], float(found["bias"].item()), float(found["threshold"].item())
    except Exception as error:  # safetensors raises its own error type from Rust
        raise RejectionError(f"{path} is not whole ({type(error).__name__}): download it again or delete it.") from None
    if weight.shape != (features,) or not np.isfinite([*weight, bias, threshold]).all():
        raise RejectionError(f"{path} does not fit the network beside it: make it anew with fit-rejection.")
    return Rejection(weight.astype(np.float32), bias, threshold)


def fit_rejection(characters: Features, others: Features, validation: Sequence[Features]) -> Rejection:
    """Learn to tell features of characters from those of other drawings, each float32 [N, features].

    The threshold lets all but `FALSE_ALARMS` of each of the validation sets, which are characters, pass.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([characters, others])
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit(scaler.transform(rows), np.repeat([0, 1], [len(characters), len(others)]))
    weight = (model.coef_[0] / scaler.scale_).astype(np.float32)
    bias = float(model.intercept_[0] - weight @ scaler.mean_)
    untried = Rejection(weight, bias, 1.0)
    return replace(untried, threshold=max(float(np.quantile(untried.score(v), 1 - FALSE_ALARMS)) for v in validation))


def learn_rejection(
    features_of: Callable[[NDArray[np.uint8]], Features],
    characters: JoinedImages,
    validation: Sequence[Images],
    seed: int = 0,
) -> tuple[Rejection, dict[str, Any]]:
    """Fit a network's `Rejection` and score it, by `score_rejection`, on validation rows and on drawings of its own.

    features_of: glyphs uint8 [N, 28, 28] to features float32 [N, F]. characters: glyphs, N of them; the
    drawings, of which there are as many as characters but at most 9,000, are partly made of them. validation: sets of
    such glyphs, from other hands or pens, of which the threshold is to let nearly all pass.
    """
    rng = np.random.default_rng(seed)
    known = characters[rng.permutation(len(characters))[:MOST]]
    chosen = [images[rng.permutation(len(images))[:MOST]] for images in validation]
    others = drawings(min(len(known), 9000), rng, known)
    seen = [features_of(images) for images in chosen]
    rejection = fit_rejection(features_of(known), features_of(others), seen)
    genuine = np.concatenate(chosen)
    unseen = features_of(drawings(min(len(genuine), 2700), rng, genuine))
    return rejection, score_rejection(
        rejection.score(np.concatenate(seen)), rejection.score(unseen), rejection.threshold
    )


def score_rejection(scores: NDArray[np.float32], other_scores: NDArray[np.float32], threshold: float) -> dict[str, Any]:
    """How well scores of characters, float32 [N], and of other drawings, float32 [M], are told apart.

    `auroc` is the area under the receiver operating characteristic: the chance that a drawing scores above a character.
    """
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(scores), len(other_scores)])
    return {
        "auroc": float(roc_auc_score(truth, np.concatenate([scores, other_scores]))),
        "characters": len(scores),
        "drawings": len(other_scores),
        "characters_refused": float((scores > threshold).mean()),
        "drawings_refused": float((other_scores > threshold).mean()),
    }
