"""Training rows: their sources, their labels as sets of candidates, and the order in which they are learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader, default_convert

from emnist_hf.data.rows import DataError, hash_images
from emnist_hf.splits import CHARSETS, SHAPE_SET, fold_shape
from emnist_hf.training.config import TrainConfig
from emnist_hf.training.run_data import prepare_data
from emnist_hf.training.sampling import (
    MixtureSampler,
    PartialLabelDataset,
    Source,
    carve_validation,
    logit_adjustment,
    parse_source,
    partial_label_loss,
)
from tests.support.drawn import draw_rows, write_parquet


def test_validation_is_a_share_of_every_class() -> None:
    rows = draw_rows(CHARSETS["digits"], 10)
    learnt, kept = carve_validation(rows, 0.3, seed=1)
    assert np.bincount(kept.labels).tolist() == [3] * 10 and len(learnt) == 70
    assert not np.isin(hash_images(kept.images), hash_images(learnt.images)).any()
    again = carve_validation(rows, 0.3, seed=1)[1]
    assert np.array_equal(again.images, kept.images)


@pytest.mark.security(30)
def test_what_is_scored_is_never_learnt(small_emnist: Path, tmp_path: Path) -> None:
    """Extra rows that stand in the test part, or in the validation rows, are left out."""
    extra = draw_rows(CHARSETS["digits"], 4, seed=1)  # exactly the test rows
    path = write_parquet(extra, tmp_path / "extra.parquet")
    config = TrainConfig(split="digits", dataset=str(small_emnist), extra_data=[str(path)], output_dir=str(tmp_path))
    data = prepare_data(config)
    assert data.test is not None and len(data.sources[1].rows) == 0
    learnt = hash_images(np.concatenate([source.rows.images for source in data.sources]))
    for scored in (data.validation, data.test):
        assert not np.isin(hash_images(scored.images), learnt).any()


@pytest.mark.security(33)
def test_candidates_come_from_the_labels_of_the_source() -> None:
    exact, coarse = draw_rows(CHARSETS["byclass"], 1), draw_rows(CHARSETS["bymerge"], 1)
    dataset = PartialLabelDataset([Source("exact", exact), Source("coarse", coarse)], CHARSETS["byclass"])
    assert dataset.candidates.shape == (62 + 15, 62)
    images, targets = dataset.__getitems__([62 + int(np.flatnonzero(coarse.labels == 12)[0])])
    assert images.shape == (1, 28, 28)
    assert [CHARSETS["byclass"].labels[i] for i in dataset.candidates[targets[0]].nonzero()[:, 0]] == ["C", "c"]
    with pytest.raises(DataError, match="leave it out"):
        PartialLabelDataset([Source("letters", coarse)], CHARSETS["digits"])


def test_the_loss_of_one_candidate_is_cross_entropy() -> None:
    logits = torch.randn(16, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(16) % 10
    usual = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    assert partial_label_loss(logits, torch.eye(10, dtype=torch.bool)[labels], 0.1).item() == pytest.approx(
        usual.item(), abs=1e-6
    )
    everything = torch.ones(16, 10, dtype=torch.bool)
    assert partial_label_loss(logits, everything, 0.0).item() == pytest.approx(0, abs=1e-6)


def test_the_mixture_follows_its_weights() -> None:
    rows = draw_rows(CHARSETS["digits"], 2)
    sampler = MixtureSampler([Source("a", rows), Source("b", rows, 2.5), Source("c", rows, 0.25)], seed=3)
    order = np.array(list(sampler))
    assert len(order) == len(sampler) == 20 + 50 + 5
    counts = np.bincount(order, minlength=60)
    assert (counts[:20] == 1).all() and set(counts[20:40]) == {2, 3} and counts[40:].sum() == 5
    sampler.epoch = 1
    assert not np.array_equal(order, list(sampler))
    sampler.epoch = 0
    assert np.array_equal(order, list(sampler))


def test_processes_share_out_the_rows() -> None:
    """Of two processes each takes every other batch of the same order."""
    rows = draw_rows(CHARSETS["digits"], 4)
    dataset, sampler = (
        PartialLabelDataset([Source("a", rows)], CHARSETS["digits"]),
        MixtureSampler([Source("a", rows)], seed=1),
    )
    loader = DataLoader(dataset, batch_size=10, sampler=sampler, collate_fn=default_convert, drop_last=True)
    shares = [
        torch.cat([batch[0] for batch in prepare_data_loader(loader, num_processes=2, process_index=index)])
        for index in range(2)
    ]
    assert [len(share) for share in shares] == [20, 20]
    seen = hash_images(torch.cat(shares).numpy())
    assert len(np.unique(seen)) == len(np.unique(hash_images(rows.images))) == 40


def test_sources_as_text(tmp_path: Path) -> None:
    assert parse_source("a/b.parquet:0.5") == (Path("a/b.parquet"), 0.5, None)
    assert parse_source("a/b.parquet") == (Path("a/b.parquet"), 1.0, None)
    assert parse_source("a/b.parquet:2:shapes") == (Path("a/b.parquet"), 2.0, SHAPE_SET)
    for wrong in ("a.parquet:0", "a.parquet:-1", "a.parquet:x", "a.parquet:nan"):
        with pytest.raises(DataError, match="weight"):
            parse_source(wrong)
    with pytest.raises(DataError, match="asks for the labels 'runes'"):
        parse_source("a.parquet:1:runes")


def test_labels_can_be_believed_up_to_their_shape() -> None:
    rows = draw_rows(CHARSETS["byclass"], 1)
    dataset = PartialLabelDataset([Source("a", rows.fold(SHAPE_SET))], CHARSETS["byclass"])
    target = dataset.__getitems__([int(np.flatnonzero(rows.labels == CHARSETS["byclass"].labels.index("o"))[0])])[1]
    assert "".join(CHARSETS["byclass"].labels[i] for i in dataset.candidates[target[0]].nonzero()[:, 0]) == "0Oo"


def test_logits_answer_for_the_frequencies_asked_for() -> None:
    """Over-represented classes are offset in the loss; folded sources neither count nor are adjusted."""
    exact = draw_rows(CHARSETS["byclass"], 3)
    labels, names = exact.labels, CHARSETS["byclass"].labels
    first = np.isin(np.arange(len(labels)), np.unique(labels, return_index=True)[1])
    few = exact.take(~np.isin(labels, [names.index("C"), names.index("c")]) | first)
    coarse = draw_rows(CHARSETS["bymerge"], 1)
    wanted = [3.0 if name == "C" else 1.0 for name in names]
    sources = [Source("few", few), Source("coarse", coarse.take(coarse.labels == 12))]
    shapes = Source("shapes", exact.fold(SHAPE_SET), folded=True)
    offsets = logit_adjustment([*sources, shapes], CHARSETS["byclass"], wanted)
    assert np.array_equal(offsets, logit_adjustment(sources, CHARSETS["byclass"], wanted))
    share = np.exp(offsets) * np.array(wanted) / sum(wanted)
    assert share.sum() == pytest.approx(1, abs=1e-5)
    # One C and one c, and a row that is C with three chances of four.
    assert share[names.index("C")] / share[names.index("A")] == pytest.approx(1.75 / 3, rel=1e-4)
    assert share[names.index("c")] / share[names.index("A")] == pytest.approx(1.25 / 3, rel=1e-4)

    dataset = PartialLabelDataset([*sources, shapes], CHARSETS["byclass"], wanted)
    targets = dataset.__getitems__([0, len(few), len(dataset) - 1])[1]
    assert np.array_equal(dataset.offsets[targets[:2]], [offsets, offsets]) and not dataset.offsets[targets[2]].any()
    # A teacher may contradict an exact label, not what is known of a group.
    alike = sum(fold_shape(name) == fold_shape(names[labels[-1]]) for name in names)
    assert dataset.teachable[targets].sum(dim=1).tolist() == [62, 2, alike]
