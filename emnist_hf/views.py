"""Test-time augmentation: the mean of what a network answers to a glyph and to slightly moved copies of it."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from emnist_hf.folding import fold_probabilities
from emnist_hf.images import Images
from emnist_hf.model import Checkpoint
from emnist_hf.splits import LabelSet

TURN = math.radians(5)  # how far copies go: well within what training does to a glyph
SLANT, ZOOM, SHIFT = 0.1, 0.05, 0.025  # per unit of height, of the size, of the side
GOLDEN = np.array([0.8566748838545029, 0.733891856627126, 0.6287067210378087, 0.5385972572236101])
BATCH = 128


def views(count: int) -> Tensor:
    """Affine matrices float32 [count, 2, 3] for `F.affine_grid`: the first changes nothing, the others a little.

    Rotation, slant, size and place follow the R4 sequence of low discrepancy (Roberts 2018): spread evenly, and the
    same every time.
    """
    spread = (np.arange(count)[:, None] * GOLDEN) % 1
    turn, slant, zoom, around = ((spread + 0.5) % 1 * 2 - 1).T  # the first row is zero
    angle, size = turn * TURN, 1 + zoom * ZOOM
    across, down = SHIFT * 2 * np.abs(zoom) * np.cos(np.pi * around), SHIFT * 2 * np.abs(zoom) * np.sin(np.pi * around)
    rows = [
        [size * np.cos(angle), size * (slant * SLANT * np.cos(angle) - np.sin(angle)), across],
        [size * np.sin(angle), size * (slant * SLANT * np.sin(angle) + np.cos(angle)), down],
    ]
    return torch.from_numpy(np.array(rows).transpose(2, 0, 1)).float()


def average_views(checkpoint: Checkpoint, images: Images, count: int, target: LabelSet) -> NDArray[np.float32]:
    """Mean probabilities over `count` views of each glyph, uint8 [N, 28, 28]: float32 [N, classes of `target`].

    Raises `LabelError` if the checkpoint's labels are too coarse for `target`.
    """
    matrices = views(count)
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
