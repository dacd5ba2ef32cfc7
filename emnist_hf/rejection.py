"""Whether a glyph is a character at all.

A classifier of 62 characters gives a scribble one of 62 labels, often with confidence: on our drawings that are no
character its top score tells them from characters hardly better than chance would have it. What does tell them is the
network's last layer of features. A perceptron of one small hidden layer on those, with made-up drawings as the other
class (outlier exposure after Hendrycks et al. 2019, with the network left as it is), gives every glyph a score from 0
to 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError
from emnist_hf.images import Images, JoinedImages

FILE = "not_a_character.safetensors"
FALSE_ALARMS = 0.02
"""Share of real characters, of validation rows, that the threshold takes for none."""

MOST = 30_000
"""Characters that a fit takes: it has no use for more."""
DRAWINGS, PAIRS = 9000, 6000
"""Drawings of all kinds that a fit takes, and of two characters in one box beside them: on a page these matter most."""
HIDDEN, PASSES = 32, 30
"""Size of the hidden layer, and passes over the rows: chosen by how composed pages are read."""

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
        """How likely each row of features, float32 [N, features], is no character: float32 [N], 0 to 1."""
        if self.hidden_weight is not None and self.hidden_bias is not None:
            features = np.maximum(features @ self.hidden_weight.T + self.hidden_bias, 0)
        # The logistic function in a form that no score overflows; scipy takes longer to import.
        return ((1 + np.tanh((features @ self.weight + np.float32(self.bias)) / 2)) / 2).astype(np.float32)

    def save(self, folder: Path) -> None:
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
        (folder / FILE).write_bytes(save(tensors))  # its save_file lets nobody else read the file


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
        hidden = (found["hidden_weight"], found["hidden_bias"]) if "hidden_weight" in found else None
    except Exception as error:  # safetensors raises its own error type from Rust
        raise RejectionError(f"{path} is not whole ({type(error).__name__}): download it again or delete it.") from None
    wide = len(weight) if weight.ndim == 1 else -1
    shapes = (weight.shape,) if hidden is None else (hidden[0].shape, hidden[1].shape)
    wanted = ((features,),) if hidden is None else ((wide, features), (wide,))
    numbers = [weight.ravel(), np.array([bias, threshold]), *(part.ravel() for part in hidden or ())]
    if weight.ndim != 1 or shapes != wanted or not np.isfinite(np.concatenate(numbers)).all():
        raise RejectionError(f"{path} does not fit the network beside it: make it anew with fit-rejection.")
    if hidden is None:
        return Rejection(weight.astype(np.float32), bias, threshold)
    return Rejection(
        weight.astype(np.float32), bias, threshold, hidden[0].astype(np.float32), hidden[1].astype(np.float32)
    )


def fit_rejection(characters: Features, others: Features, validation: Sequence[Features], seed: int = 0) -> Rejection:
    """Learn to tell features of characters from those of other drawings, each float32 [N, features].

    The threshold lets all but `FALSE_ALARMS` of each of the validation sets, which are characters, pass.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([characters, others])
    scaler = StandardScaler().fit(rows)
    # A fixed number of passes, so that little data and much end alike and nothing warns.
    model = MLPClassifier((HIDDEN,), alpha=0.01, max_iter=PASSES, tol=0, n_iter_no_change=PASSES, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaler.transform(rows), np.repeat([0, 1], [len(characters), len(others)]))
    hidden = (model.coefs_[0].T / scaler.scale_).astype(np.float32)
    hidden_bias = (model.intercepts_[0] - hidden @ scaler.mean_).astype(np.float32)
    untried = Rejection(
        model.coefs_[1][:, 0].astype(np.float32), float(model.intercepts_[1][0]), 1.0, hidden, hidden_bias
    )
    return replace(untried, threshold=max(float(np.quantile(untried.score(v), 1 - FALSE_ALARMS)) for v in validation))


def learn_rejection(
    features_of: Callable[[NDArray[np.uint8]], Features],
    characters: JoinedImages,
    validation: Sequence[Images],
    seed: int = 0,
) -> tuple[Rejection, dict[str, Any]]:
    """Fit a network's `Rejection` and score it, by `score_rejection`, on validation rows and on drawings of its own.

    features_of: glyphs uint8 [N, 28, 28] to features float32 [N, F]. characters: glyphs, N of them; the
    drawings, at most as many as characters of either kind, are partly made of them. validation: sets of such glyphs,
    from other hands or pens, of which the threshold is to let nearly all pass.
    """
    from emnist_hf.not_characters import drawings, pairs  # needs scipy

    rng = np.random.default_rng(seed)
    known = characters[rng.permutation(len(characters))[:MOST]]
    chosen = [images[rng.permutation(len(images))[:MOST]] for images in validation]
    others = np.concatenate(
        [drawings(min(len(known), DRAWINGS), rng, known), pairs(min(len(known), PAIRS), rng, known)]
    )
    seen = [features_of(images) for images in chosen]
    rejection = fit_rejection(features_of(known), features_of(others), seen, seed)
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
