"""Calibration: how far scores are from the share that is right, and how to bring them there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BIAS_PENALTY = 1e-3
"""Chosen on validation rows of ByClass by five folds, of which it hardly changes the likelihood from 3e-4 to 3e-3."""

BINS = 15  # of the expected calibration error, as Guo et al. (2017) use


def calibration_bins(scores: NDArray[np.float32], right: NDArray[np.bool_], bins: int = BINS) -> list[dict[str, float]]:
    """Return mean score, share right and rows of each equal-width bin of the score that has rows.

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
    """Return the expected calibration error, `calibration_error_of` the bins of scores float [N], right bool [N]."""
    return calibration_error_of(calibration_bins(scores, right, bins))


def calibration_error_of(bins: Sequence[dict[str, float]]) -> float:
    """Return the expected calibration error of `calibration_bins`: the mean over rows of |score - accuracy|."""
    return sum(b["rows"] * abs(b["score"] - b["accuracy"]) for b in bins) / max(sum(b["rows"] for b in bins), 1)


def fit_calibration(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    frequencies: Sequence[float] | None = None,
) -> tuple[float, NDArray[np.float32]]:
    """Fit a temperature, 0.02 to 50, and a bias for each class, float32 [classes].

    Calibrated logits are `logits / temperature + bias`. Both make the likelihood of validation rows greatest: the
    temperature alone first (Guo et al. 2017), then the biases, whose squares cost `BIAS_PENALTY` each (in nats a row),
    so that a class of a few rows stays where it was. So does the temperature where there are few rows in all: the
    square of its logarithm costs one nat, shared by the rows. Where their likelihood is greatest, a class is as often
    expected as it occurs: what adjusting the loss to other frequencies left over between classes of one shape, such as
    0 and O, is put right.

    logits: float32 [N, classes]; labels: int64 [N]. frequencies: how frequent each class will be, to which the rows
    are weighted; None for as frequent as they are.
    """
    from scipy.optimize import minimize, minimize_scalar
    from scipy.special import log_softmax

    rows = np.arange(len(labels))
    weights = np.full(len(labels), 1 / len(labels)) if frequencies is None else frequency_weights(labels, frequencies)
    occurs = np.bincount(labels, weights, minlength=logits.shape[1])

    def loss(log_temperature: float) -> float:
        likelihood = float(weights @ log_softmax(logits * math.exp(-log_temperature), axis=1)[rows, labels])
        return log_temperature**2 / len(labels) - likelihood

    temperature = math.exp(minimize_scalar(loss, bounds=(math.log(0.02), math.log(50)), method="bounded").x)
    tempered = logits.astype(np.float64) / temperature

    def loss_and_slope(bias: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = log_softmax(tempered + bias, axis=1)
        value = -float(weights @ scores[rows, labels]) + BIAS_PENALTY * float(bias @ bias)
        return value, weights @ np.exp(scores) - occurs + 2 * BIAS_PENALTY * bias

    found = minimize(loss_and_slope, np.zeros(logits.shape[1]), jac=True, method="L-BFGS-B").x
    return temperature, found.astype(np.float32)


def frequency_weights(labels: NDArray[np.int64], frequencies: Sequence[float]) -> NDArray[np.float64]:
    """Return the weight of each row, summing to 1, such that classes weigh as `frequencies` say; some may be absent."""
    present = np.bincount(labels, minlength=len(frequencies))
    weights = (np.asarray(frequencies, np.float64) / np.maximum(present, 1))[labels]
    return weights / weights.sum()
