"""Teachers: trained checkpoints whose probabilities a student learns from, beside the labels (Hinton et al. 2015).

Teacher and student see the same changed copy of each image, which works best for small students (Beyer et al. 2022).
Several teachers count as an ensemble: their probabilities are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from emnist_hf.model import Checkpoint, load_checkpoint
from emnist_hf.pretrained import find_checkpoint
from emnist_hf.settings import TrainingError
from emnist_hf.splits import LabelError, LabelSet, fold_table


class Teachers:
    """An ensemble of checkpoints that answers for batches of augmented pixels, on one device, without gradients."""

    def __init__(self, names: Sequence[str], label_set: LabelSet, device: torch.device) -> None:
        """Load the checkpoints that `names` name: splits that the package has, folders or Hub ids.

        Raises `CheckpointError` if one cannot be loaded, `TrainingError` if its labels are too coarse for `label_set`.
        """
        self.members = [_load(name, label_set, device) for name in names]

    @torch.no_grad()
    def probabilities(self, pixels: Tensor, temperature: float) -> Tensor:
        """What the teachers say: pixels float32 [N, 1, side, side], 0 to 1, to float32 [N, classes], rows sum to 1.

        Logits are divided by `temperature`. A teacher of another input size sees the pixels resized.
        """
        answers = [_answer(checkpoint, fold, pixels, temperature) for checkpoint, fold in self.members]
        return torch.stack(answers).mean(dim=0)


def _load(name: str, label_set: LabelSet, device: torch.device) -> tuple[Checkpoint, Tensor]:
    """A checkpoint and the table, float32 [its classes, classes], by which its probabilities fold into `label_set`."""
    checkpoint = load_checkpoint(*find_checkpoint(name))
    try:
        places = np.array(fold_table(checkpoint.label_set, label_set))
    except LabelError as error:
        raise TrainingError(f"{name} cannot teach {label_set.name}: {error}") from None
    fold = torch.zeros(len(checkpoint.label_set), len(label_set))
    known = np.flatnonzero(places >= 0)
    fold[known, places[known]] = 1
    checkpoint.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return checkpoint, fold.to(device)


def _answer(checkpoint: Checkpoint, fold: Tensor, pixels: Tensor, temperature: float) -> Tensor:
    side = checkpoint.image_size
    if pixels.shape[-1] != side:
        pixels = F.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False)
    normal = ((pixels - checkpoint.mean) / checkpoint.std).contiguous(memory_format=torch.channels_last)
    folded = (checkpoint.model(normal).float() / temperature).softmax(dim=1) @ fold
    return folded / folded.sum(dim=1, keepdim=True).clamp_min(1e-12)


def distillation_loss(logits: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """Cross-entropy between the teachers' probabilities and the student's at the same temperature, a scalar in nats.

    logits: float [N, C]; taught: float32 [N, C]. Scaled by the square of the temperature, so that its gradient weighs
    the same at any (Hinton et al. 2015, section 2).
    """
    log_probabilities = F.log_softmax(logits.float() / temperature, dim=1)
    return -(taught * log_probabilities).sum(dim=1).mean() * temperature**2
