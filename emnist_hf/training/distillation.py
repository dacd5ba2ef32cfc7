"""Teachers: trained checkpoints whose probabilities a student learns from, beside the labels (Hinton et al. 2015).

Teacher and student see the same changed copy of each image, which works best for small students (Beyer et al. 2022).
Several teachers count as an ensemble: their probabilities are averaged. Where a row's label says only that it is one of
several classes, or is believed only so far, teachers say which of those: what they say of others does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from emnist_hf.models.fuse import fuse
from emnist_hf.models.network import Checkpoint, load_checkpoint
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.splits import LabelError, LabelSet, fold_table
from emnist_hf.training.augment import network_input
from emnist_hf.training.config import TrainingError


class TeacherEnsemble:
    """An ensemble of checkpoints that answers for batches of augmented pixels, on one device, without gradients."""

    def __init__(self, names: Sequence[str], label_set: LabelSet, device: torch.device) -> None:
        """Load the checkpoints that `names` name: splits that the package has, folders or Hub ids.

        Raises `CheckpointError` if one cannot be loaded, `TrainingError` if its labels are too coarse for `label_set`.
        """
        self.classes = len(label_set)
        self.members = [_load(name, label_set, device) for name in names]

    @torch.no_grad()
    def probabilities(self, pixels: Tensor, temperature: float, allowed: Tensor | None = None) -> Tensor:
        """Return the mean of the teachers' probabilities: float32 [N, classes], rows sum to 1.

        pixels: float32 [N, 1, side, side], 0 to 1; a teacher of another input size sees them resized. temperature:
        divides the logits. allowed: bool [N, classes], the answers that count, where more is known of a row than a
        teacher can know.
        """
        answers = [_answer(teacher, self.classes, pixels, temperature) for teacher in self.members]
        mean = torch.stack(answers).mean(dim=0)
        if allowed is None:
            return mean
        left = mean.clamp_min(1e-6) * allowed  # a teacher that rules the truth out is told it all the same
        return left / left.sum(dim=1, keepdim=True)


@dataclass(frozen=True)
class _Teacher:
    """A checkpoint, and how it folds: the probability of its label `known[i]` counts for our class `places[i]`."""

    checkpoint: Checkpoint
    known: Tensor
    places: Tensor


def _load(name: str, label_set: LabelSet, device: torch.device) -> _Teacher:
    checkpoint = load_checkpoint(*find_checkpoint(name))
    try:
        places = torch.tensor(fold_table(checkpoint.label_set, label_set))
    except LabelError as error:
        raise TrainingError(f"{name} cannot teach {label_set.name}: {error}") from None
    known = torch.nonzero(places >= 0)[:, 0]
    model = fuse(checkpoint.model).to(device, memory_format=torch.channels_last)
    return _Teacher(replace(checkpoint, model=model), known.to(device), places[known].to(device))


def _answer(teacher: _Teacher, classes: int, pixels: Tensor, temperature: float) -> Tensor:
    checkpoint = teacher.checkpoint
    side = checkpoint.image_size
    if pixels.shape[-1] != side:
        pixels = F.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False)
    logits = checkpoint.model(network_input(pixels, checkpoint.mean, checkpoint.std)).float()
    probabilities = (logits / temperature).softmax(dim=1)
    # Not a product of matrices, which autocast would round to bfloat16.
    folded = probabilities.new_zeros(len(pixels), classes)
    folded.index_add_(1, teacher.places, probabilities[:, teacher.known])
    return folded / folded.sum(dim=1, keepdim=True).clamp_min(1e-12)


def distillation_loss(logits: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """Return the cross-entropy of the student to the teachers, at the same temperature: a scalar in nats.

    logits: float [N, C]; taught: float32 [N, C]. Scaled by the square of the temperature, so that its gradient weighs
    the same at any (Hinton et al. 2015, section 2).
    """
    log_probabilities = F.log_softmax(logits.float() / temperature, dim=1)
    return -(taught * log_probabilities).sum(dim=1).mean() * temperature**2
