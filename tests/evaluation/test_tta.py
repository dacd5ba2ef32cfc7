"""Test-time augmentation is deterministic, gentle, and reported apart from the plain numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emnist_hf.evaluation.tta import predict_views, view_matrices
from emnist_hf.models.network import load_checkpoint
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARSETS
from tests.support.command import invoke
from tests.support.drawn import draw_rows


def test_the_first_view_is_the_glyph_itself() -> None:
    checkpoint = load_checkpoint(*find_checkpoint())
    images = draw_rows(CHARSETS["byclass"], 3).images
    one = predict_views(checkpoint, images, 1, checkpoint.label_set)
    assert np.abs(one - Recognizer.from_pretrained().predict_proba(images)).max() < 1e-4


def test_views_are_the_same_every_time_and_near_the_glyph() -> None:
    many = view_matrices(32)
    assert np.array_equal(many[:8], view_matrices(8))
    assert np.array_equal(many[0], [[1, 0, 0], [0, 1, 0]])
    assert len(np.unique(many, axis=0)) == 32
    assert np.abs(many - many[0]).max() < 0.25
    assert (np.linalg.det(many[:, :, :2]) > 0.8).all(), "a mirrored letter is another letter"
    assert np.abs(many.mean(axis=0) - many[0]).max() < 0.03, "views lean to one side"


def test_averages_are_probabilities_over_the_charset() -> None:
    checkpoint = load_checkpoint(*find_checkpoint())
    rows = draw_rows(CHARSETS["digits"], 15)
    found = predict_views(checkpoint, rows.images, 4, CHARSETS["digits"])
    assert found.shape == (150, 10) and np.allclose(found.sum(axis=1), 1, atol=1e-4)
    assert (found.argmax(axis=1) == rows.labels).mean() > 0.8
    assert predict_views(checkpoint, rows.images[:0], 4, CHARSETS["digits"]).shape == (0, 10)


@pytest.fixture(scope="module")
def plain_and_averaged(small_emnist: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict, Path]:
    """`evaluate` without and with --tta, and the folder of the second one's report."""
    folder = tmp_path_factory.mktemp("report")
    command = ("evaluate", "--split", "digits", "--dataset", small_emnist)
    outputs = [invoke(*command, *more, status=0).stdout for more in ((), ("--tta", 4, "--output_dir", folder))]
    plain, averaged = map(json.loads, outputs)
    return plain, averaged, folder


def test_it_is_reported_beside_the_plain_numbers(plain_and_averaged: tuple[dict, dict, Path]) -> None:
    plain, averaged, folder = plain_and_averaged
    apart = averaged.pop("test_time_augmentation")
    assert averaged == plain | {"command": f"{plain['command']} --tta 4"}
    assert apart["views"] == 4 and apart["rows"] == plain["rows"] == 40 and apart["nll"] != plain["nll"]
    report = (folder / "evaluation.md").read_text()
    assert "the mean over 4 slightly moved copies" in report and f"{apart['accuracy']:.4f}" in report
