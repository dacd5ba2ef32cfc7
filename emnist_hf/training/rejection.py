"""Learn whether a glyph is a character at all.

A classifier of 62 characters gives a scribble one of 62 labels, often with confidence: on our drawings that are no
character its top score tells them from characters hardly better than chance. What does tell them is the network's last
layer of features. A perceptron of one small hidden layer on those, with made-up drawings as the other class (outlier
exposure after Hendrycks et al. 2019, with the network left as it is), gives every glyph a score from 0 to 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emnist_hf.data.images import Images, concatenate
from emnist_hf.models.network import load_checkpoint
from emnist_hf.models.rejection import Features, Rejection
from emnist_hf.training.outliers import doodles, drawings, pairs
from emnist_hf.training.run_data import NONE, RunData

FALSE_ALARMS = 0.02
"""Share of real characters, of validation rows, that the threshold takes for none."""
MOST = 30_000
"""Characters that a fit takes: it has no use for more."""
DRAWINGS, PAIRS, DOODLES, UNSEEN = 9000, 6000, 2500, 2700
"""Drawings of all kinds that a fit takes; of two characters in one box beside them, which matter most on a page, and of
doodles, with which visitors try a page out. The last are those that it is scored on."""
NEGATIVES = 12_000
"""Glyphs of `reject_data` that a fit takes."""
HIDDEN, PASSES = 32, 30
"""Size of the hidden layer, and passes over the rows: chosen by how composed pages are read."""


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
    characters: Images,
    validation: Sequence[Images],
    seed: int = 0,
    negatives: tuple[NDArray[np.uint8], NDArray[np.uint8]] = (NONE, NONE),
) -> tuple[Rejection, dict[str, Any]]:
    """Fit a network's `Rejection` and score it, by `score_rejection`, on validation rows and on drawings of its own.

    features_of: glyphs uint8 [N, 28, 28] to features float32 [N, F]. characters: glyphs, N of them; the drawings, at
    most as many as characters of either kind, are partly made of them. validation: sets of such glyphs, from other
    hands or pens, of which the threshold is to let nearly all pass. negatives: glyphs that are no character, such as
    signs, to learn from and to score apart.
    """
    rng = np.random.default_rng(seed)
    known = characters[rng.permutation(len(characters))[:MOST]]
    chosen = [images[rng.permutation(len(images))[:MOST]] for images in validation]
    others = [drawings(min(len(known), DRAWINGS), rng, known), pairs(min(len(known), PAIRS), rng, known)]
    others.append(doodles(min(len(known), DOODLES), rng))
    others.append(negatives[0][rng.permutation(len(negatives[0]))[:NEGATIVES]])
    kept = [features_of(images) for images in chosen]
    rejection = fit_rejection(features_of(known), features_of(np.concatenate(others)), kept, seed)
    genuine = np.concatenate(chosen)
    unseen = features_of(drawings(min(len(genuine), UNSEEN), rng, genuine))
    scores, other_scores = rejection.score(np.concatenate(kept)), rejection.score(unseen)
    found = score_rejection(scores, other_scores, rejection.threshold)
    if len(negatives[1]):
        refused = rejection.score(features_of(negatives[1])) > rejection.threshold
        found |= {"signs": len(refused), "signs_refused": float(refused.mean())}
    return rejection, found


def score_rejection(scores: NDArray[np.float32], other_scores: NDArray[np.float32], threshold: float) -> dict[str, Any]:
    """Say how well scores of characters, float32 [N], and of other drawings, float32 [M], are told apart.

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


def add_rejection(folder: Path, data: RunData, seed: int) -> dict[str, Any]:
    """Learn what is no character for the checkpoint in a folder, and write it there; return how well it does."""
    checkpoint = load_checkpoint(folder)

    def features(images: NDArray[np.uint8]) -> Features:
        with torch.inference_mode():
            return torch.cat([checkpoint.features(part) for part in torch.from_numpy(images).split(512)]).numpy()

    every = [slice(None, None, max(1, round(1 / source.weight))) for source in data.sources]
    shares = [source.rows.take(some).images for source, some in zip(data.sources, every)]
    validation = [rows.images for rows in (data.validation, *data.extra_validation)]
    rejection, scores = learn_rejection(features, concatenate(shares), validation, seed, data.negatives)
    rejection.save(folder)
    return scores
