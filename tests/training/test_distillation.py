"""Teachers: what they say, how it folds and averages, and that a run learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from emnist_hf import Recognizer
from emnist_hf.models.network import create_model, save_checkpoint, to_input
from emnist_hf.splits import CHARSETS
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.distillation import TeacherEnsemble, distillation_loss
from emnist_hf.training.loop import train
from tests.support.drawn import draw_rows
from tests.support.training import quick_config

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def drawn_digits() -> np.ndarray:
    return draw_rows(CHARSETS["digits"], 3, seed=4).images


def as_pixels(images: np.ndarray, side: int) -> torch.Tensor:
    return to_input(torch.from_numpy(images), side)


def test_a_teacher_says_what_its_recognizer_says(drawn_digits: np.ndarray) -> None:
    """Folded from ByClass to digits as the recognizer folds, at the temperature at which both speak."""
    side = Recognizer.from_pretrained().checkpoint.image_size
    teachers = TeacherEnsemble(["byclass"], CHARSETS["digits"], CPU)
    said = teachers.probabilities(as_pixels(drawn_digits, side), 1.0).numpy()
    expected = Recognizer.from_pretrained().predict_proba(drawn_digits, charset="digits")
    np.testing.assert_allclose(said, expected, atol=1e-4)


def test_several_teachers_are_averaged_whatever_their_size(drawn_digits: np.ndarray, tmp_path: Path) -> None:
    torch.manual_seed(0)
    other = save_checkpoint(create_model(CHARSETS["byclass"]), tmp_path, CHARSETS["byclass"], image_size=28)
    pixels = as_pixels(drawn_digits, 40)
    alone, also, both = (
        TeacherEnsemble(names, CHARSETS["digits"], CPU).probabilities(pixels, 2.0)
        for names in (["byclass"], [str(other)], ["byclass", str(other)])
    )
    torch.testing.assert_close(both, (alone + also) / 2)
    torch.testing.assert_close(both.sum(dim=1), torch.ones(len(both)))


def test_the_loss_of_a_sure_teacher_is_cross_entropy() -> None:
    logits, labels = torch.randn(8, 10, generator=torch.Generator().manual_seed(0)), torch.arange(8)
    sure = F.one_hot(labels, 10).float()
    torch.testing.assert_close(distillation_loss(logits, sure, 1.0), F.cross_entropy(logits, labels))
    # Least where the student says the same as the teacher, at any temperature.
    soft = (logits / 3).softmax(dim=1)
    best = distillation_loss(logits, soft, 3.0)
    assert all(distillation_loss(logits + torch.randn(8, 10), soft, 3.0) > best for _ in range(5))


def test_a_teacher_says_which_of_a_group(drawn_digits: np.ndarray) -> None:
    """What is known of a row is kept: the teacher's word counts only among the classes that are left."""
    teachers = TeacherEnsemble(["byclass"], CHARSETS["digits"], CPU)
    pixels = as_pixels(drawn_digits, 40)
    allowed = torch.zeros(len(pixels), 10, dtype=torch.bool)
    allowed[:, [2, 7]] = True
    free, said = teachers.probabilities(pixels, 1.0), teachers.probabilities(pixels, 1.0, allowed)
    torch.testing.assert_close(said.sum(dim=1), torch.ones(len(pixels)))
    assert not said[:, [0, 1, 3, 4, 5, 6, 8, 9]].any()
    # In the proportion of what it says without being told, but that it rules neither out.
    left = free[:, [2, 7]].clamp_min(1e-6)
    torch.testing.assert_close(said[:, [2, 7]], left / left.sum(dim=1, keepdim=True))


def test_a_teacher_with_coarser_labels_is_refused(tmp_path: Path) -> None:
    save_checkpoint(create_model(CHARSETS["digits"]), tmp_path, CHARSETS["digits"], image_size=28)
    with pytest.raises(TrainingError, match="cannot teach byclass"):
        TeacherEnsemble([str(tmp_path)], CHARSETS["byclass"], CPU)


def taught(dataset: Path, folder: Path, **changes: Any) -> TrainConfig:
    """A run of seconds that learns digits from the ByClass checkpoint."""
    settings = {"teacher_name_or_path": ["byclass"], "num_train_epochs": 4, "per_device_train_batch_size": 16}
    settings |= {"model_args": '{"channels": [16, 32, 64, 128], "stem_width": 16}', "ema_decay": 0.5}
    return quick_config(dataset, folder, **settings | changes)


def test_a_student_learns_from_its_teacher_alone(small_emnist: Path, tmp_path: Path) -> None:
    """With nearly all the loss the teacher's, digits are learnt in a few steps although the labels hardly count."""
    results = train(taught(small_emnist, tmp_path / "taught", teacher_weight=0.99))
    assert results["model"]["teachers"] == ["byclass"]
    assert results["test"]["accuracy"] > 0.5
    card = (tmp_path / "taught/README.md").read_text()
    assert (
        "Learnt from the labels and from " in card
        and "byclass" in card.split("Learnt from the labels and from ")[1][:60]
    )
    with pytest.raises(TrainingError, match="--teacher_weight"):
        taught(small_emnist, tmp_path / "taught", teacher_weight=1.5)


def test_a_teacher_sees_the_mixed_images(small_emnist: Path, tmp_path: Path) -> None:
    assert train(taught(small_emnist, tmp_path, mixup=0.2))["test"]["accuracy"] > 0.5
