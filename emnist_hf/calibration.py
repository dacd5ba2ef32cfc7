"""What scores are worth: how far they are from the share that is right, and how to bring them there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of the expected calibration error, as Guo et al. (2017) use


def calibration_bins(scores: NDArray[np.float32], right: NDArray[np.bool_], bins: int = BINS) -> list[dict[str, float]]:
    """What scores are worth: mean score, share right and rows of each equal-width bin of the score that has rows.

    scores: float [N], of the first answer, 0 to 1. right: bool [N]. Each entry has the bin's ends `from` and `to`,
    `score`, `accuracy` and `rows`; the rows add up to N.
    """
    place = np.clip((scores * bins).astype(int), 0, bins - 1)
    rows, sums, hits = (np.bincount(place, weights, bins) for weights in (None, scores, right))
    return [
        {
            "from": bin / bins,
            "to": (bin + 1) / bins,
            "score": float(sums[bin] / rows[bin]),
            "accuracy": float(hits[bin] / rows[bin]),
            "rows": int(rows[bin]),
        }
        for bin in np.flatnonzero(rows).tolist()
    ]


def calibration_error(scores: NDArray[np.float32], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error: mean distance between score and share right, over equal-width bins of the score."""
    return calibration_error_of(calibration_bins(scores, right, bins))


def calibration_error_of(bins: Sequence[dict[str, float]]) -> float:
    """Expected calibration error of `calibration_bins`: the mean over rows of how far score and accuracy lie apart."""
    return sum(b["rows"] * abs(b["score"] - b["accuracy"]) for b in bins) / max(sum(b["rows"] for b in bins), 1)


SHRINKAGE = 1e-3
"""Keeps the bias of a class with few validation rows small."""


def fit_calibration(
    logits: NDArray[np.float32], labels: NDArray[np.int64], wanted: Sequence[float] | None = None
) -> tuple[float, NDArray[np.float64]]:
    """Temperature and bias by which calibrated logits are logits / temperature + bias: float and float64 [classes].

    They make the likelihood of the validation rows greatest (Guo et al. 2017). With `wanted`, how frequent each class
    will be, rows are weighted to those frequencies and the bias is fitted too (bias-corrected temperature scaling,
    Alexandari et al. 2020); without, it is zero.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    rows, classes = np.arange(len(labels)), logits.shape[1]
    weights = np.full(len(labels), 1 / len(labels)) if wanted is None else frequency_weights(labels, wanted)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = logits * math.exp(-parameters[0])
        bias = parameters[1:] if wanted is not None else np.zeros(classes)
        log_probabilities = log_softmax(scaled + bias, axis=1)
        residual = np.exp(log_probabilities)
        residual[rows, labels] -= 1
        residual *= weights[:, None]
        value = -float(weights @ log_probabilities[rows, labels]) + SHRINKAGE * float(bias @ bias)
        slope = [-float((residual * scaled).sum())]
        return value, np.append(slope, residual.sum(axis=0) + 2 * SHRINKAGE * bias if wanted is not None else [])

    start = np.zeros(1 if wanted is None else 1 + classes)
    bounds = [(math.log(0.2), math.log(5))] + [(-5.0, 5.0)] * (len(start) - 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return math.exp(found[0]), found[1:] if wanted is not None else np.zeros(classes)


def frequency_weights(labels: NDArray[np.int64], wanted: Sequence[float]) -> NDArray[np.float64]:
    """Weight of each row, summing to 1, such that classes weigh as `wanted` says; absent classes are left out."""
    present = np.bincount(labels, minlength=len(wanted))
    weights = (np.asarray(wanted, np.float64) / np.maximum(present, 1))[labels]
    return weights / weights.sum()
