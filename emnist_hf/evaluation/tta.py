"""Test-time augmentation: the mean of what a network answers to a glyph and to slightly moved copies of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.images import Images
from emnist_hf.splits import LabelSet, fold_probabilities

if TYPE_CHECKING:
    from emnist_hf.models.network import Checkpoint

# How far copies go, well within what training does to a glyph: radians, per unit of height, of the size, of the side.
TURN, SLANT, ZOOM, SHIFT = math.radians(5), 0.1, 0.05, 0.025
R4 = np.array([0.8566748838545029, 0.733891856627126, 0.6287067210378087, 0.5385972572236101])
BATCH = 128


def view_matrices(count: int) -> NDArray[np.float32]:
    """Return affine matrices float32 [count, 2, 3] for `F.affine_grid`: the first changes nothing, the others a little.

    Rotation, slant, size and place follow the R4 sequence of low discrepancy (Roberts 2018): spread evenly, and the
    same every time.
    """
    spread = (np.arange(count)[:, None] * R4) % 1
    turn, slant, zoom, around = ((spread + 0.5) % 1 * 2 - 1).T  # the first row is zero
    angle, size = turn * TURN, 1 + zoom * ZOOM
    across, down = SHIFT * 2 * np.abs(zoom) * np.cos(np.pi * around), SHIFT * 2 * np.abs(zoom) * np.sin(np.pi * around)
    rows = [
        [size * np.cos(angle), size * (slant * SLANT * np.cos(angle) - np.sin(angle)), across],
        [size * np.sin(angle), size * (slant * SLANT * np.sin(angle) + np.cos(angle)), down],
    ]
    return np.array(rows, np.float64).transpose(2, 0, 1).astype(np.float32)


def predict_views(checkpoint: Checkpoint, images: Images, count: int, target: LabelSet) -> NDArray[np.float32]:
    """Return mean probabilities over `count` views of each glyph, uint8 [N, 28, 28]: float32 [N, classes of `target`].

    Raises `LabelError` if the checkpoint's labels are too coarse for `target`.
    """
    import torch
    from torch.nn import functional as F

    matrices = torch.from_numpy(view_matrices(count))
    parts = [np.zeros((0, len(checkpoint.label_set)), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            pixels = checkpoint.pixels(torch.from_numpy(images[start : start + BATCH]))
            # Outside of the glyph is paper, which is not zero once pixels are normalised.
            paper = -checkpoint.mean / checkpoint.std
            answers = torch.zeros(len(pixels), len(checkpoint.label_set))
            for matrix in matrices:
                grid = F.affine_grid(matrix.expand(len(pixels), 2, 3), list(pixels.shape), align_corners=False)
                moved = F.grid_sample(pixels - paper, grid, align_corners=False) + paper
                answers += checkpoint.model(moved).float().softmax(dim=1)
            parts.append((answers / count).numpy())
    return fold_probabilities(np.concatenate(parts), checkpoint.label_set, target)
