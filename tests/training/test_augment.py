"""What is done to a batch: augmentation, mixup, and the batch norms that are measured by such batches."""

from __future__ import annotations

import torch

from emnist_hf.models.network import create_model, to_input
from emnist_hf.splits import CHARSETS
from emnist_hf.training.augment import Augmentation, augment, mix, network_input
from emnist_hf.training.loop import update_batch_norm
from emnist_hf.training.sampling import MixtureSampler, PartialLabelDataset, Source, label_loss
from tests.support.drawn import draw_rows

UNCHANGED = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)


def test_augmentation_repeats_with_its_seed_and_keeps_what_it_should() -> None:
    images = torch.from_numpy(draw_rows(CHARSETS["letters"], 2).images)
    first, second = (augment(images, 56, Augmentation(), torch.Generator().manual_seed(4)) for _ in range(2))
    assert first.shape == (52, 1, 56, 56) and torch.equal(first, second)
    assert first.min() >= 0 and first.max() <= 1.0001
    assert torch.allclose(augment(images, 56, UNCHANGED, torch.Generator()), to_input(images, 56), atol=1e-5)
    # Nothing is mirrored: a changed letter is still closer to itself than to its mirror image.
    plain = to_input(images, 56)
    assert (first - plain).abs().mean() < (first - plain.flip(3)).abs().mean()


def test_mixed_images_count_for_both_labels() -> None:
    """The loss of a mixed batch is that of its own labels and of the mixed-in ones, by their shares."""
    images = to_input(torch.from_numpy(draw_rows(CHARSETS["digits"], 2).images), 28)
    same, mixture = mix(images, 0, torch.Generator())
    assert same is images and mixture is None
    (mixed, mixture), (again, _) = (mix(images, 0.4, torch.Generator().manual_seed(2)) for _ in range(2))
    assert mixture is not None and 0 < mixture.share < 1 and torch.equal(mixed, again)
    torch.testing.assert_close(mixed, mixture.share * images + (1 - mixture.share) * images[mixture.order])

    targets, candidates, offsets = torch.arange(20) // 2, torch.eye(10, dtype=torch.bool), torch.zeros(10, 10)
    logits = torch.randn(20, 10, generator=torch.Generator().manual_seed(3))
    own, other = (torch.nn.functional.cross_entropy(logits, labels) for labels in (targets, targets[mixture.order]))
    loss = label_loss(logits, targets, candidates, offsets, mixture, smoothing=0)
    torch.testing.assert_close(loss, mixture.share * own + (1 - mixture.share) * other)


def test_statistics_are_measured_anew_for_the_averaged_weights() -> None:
    """Whatever the first batch norm had gathered, afterwards it is what its convolution gives on training rows."""
    rows = Source("a", draw_rows(CHARSETS["digits"], 30))
    dataset, sampler = PartialLabelDataset([rows], CHARSETS["digits"]), MixtureSampler([rows], seed=1)
    torch.manual_seed(0)
    model = create_model(CHARSETS["digits"]).eval()
    norm = model.get_submodule("bn1")
    norm.running_mean.fill_(100)
    update_batch_norm(model, dataset, sampler, 28, UNCHANGED, torch.Generator())
    assert not model.training and norm.momentum == 0.1
    with torch.inference_mode():
        pixels = network_input(to_input(torch.from_numpy(rows.rows.images), 28))
        before = model.get_submodule("conv1")(pixels)
    # Batches of 100 rows and equal weight: means are exact, variances nearly.
    torch.testing.assert_close(norm.running_mean, before.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, before.var(dim=(0, 2, 3)), atol=1e-4, rtol=0.05)
