"""Probabilities over one label set as probabilities over another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emnist_hf.splits import LabelSet, fold_table


def fold_probabilities(probabilities: NDArray[np.float32], source: LabelSet, target: LabelSet) -> NDArray[np.float32]:
    """Probabilities over `source` [N, S] as probabilities over `target` [N, T], renormalised to sum to 1.

    Labels that `target` cannot give are left out. Where nothing is left (a sure letter asked for as a digit), the
    answer is uniform, which says as much. Raises `LabelError` if `source` is too coarse for `target`.
    """
    if source is target:
        return probabilities
    folded = np.zeros((len(probabilities), len(target)), np.float32)
    for column, place in enumerate(fold_table(source, target)):
        if place >= 0:
            folded[:, place] += probabilities[:, column]
    total = folded.sum(axis=1, keepdims=True)
    return np.where(total > 1e-30, folded / np.maximum(total, 1e-30), np.float32(1 / len(target)))
