"""Metrics against small cases worked out by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emnist_hf.evaluation import (
    calibration_error,
    confusion,
    count_seen,
    digest,
    fit_calibration,
    frequency_weights,
    is_official,
    load_seen,
    per_class,
    save_seen,
    score,
    short_hashes,
    wilson_interval,
)
from emnist_hf.splits import CHARSETS, SPLITS
from tests.drawn import draw_rows

BYCLASS = CHARSETS["byclass"]


def answer(*labels: str) -> np.ndarray:
    """Probabilities that put 0.9 on each label and share the rest."""
    probabilities = np.full((len(labels), 62), 0.1 / 61, np.float32)
    for row, label in enumerate(labels):
        probabilities[row, BYCLASS.labels.index(label)] = 0.9
    return probabilities


def numbers(*labels: str) -> np.ndarray:
    return np.array([BYCLASS.labels.index(label) for label in labels])


def test_metrics_of_five_answers() -> None:
    metrics = score(answer("A", "a", "0", "1", "B"), numbers("A", "A", "O", "l", "8"), BYCLASS)
    assert metrics["rows"] == 5
    assert metrics["accuracy"] == pytest.approx(1 / 5)
    assert metrics["accuracy_case_insensitive"] == pytest.approx(2 / 5)
    assert metrics["accuracy_shape_folded"] == pytest.approx(4 / 5)
    assert metrics["ece"] == pytest.approx(0.7, abs=1e-6)
    assert metrics["nll"] == pytest.approx(-(np.log(0.9) + 4 * np.log(0.1 / 61)) / 5, rel=1e-4)


def test_top_k_counts_the_first_k() -> None:
    probabilities = np.zeros((1, 62), np.float32)
    probabilities[0, :6] = [0.3, 0.25, 0.2, 0.1, 0.08, 0.07]
    for label, top3, top5 in ((2, 1, 1), (3, 0, 1), (5, 0, 0)):
        metrics = score(probabilities, np.array([label]), BYCLASS)
        assert (metrics["top3"], metrics["top5"]) == (top3, top5)


def test_per_class_and_confusion() -> None:
    probabilities, labels = answer("A", "B", "B", "B"), numbers("A", "A", "A", "B")
    table = confusion(probabilities, labels, 62)
    assert table.sum() == 4 and table[10, 11] == 2
    first = per_class(probabilities, labels, BYCLASS)[0]
    assert first["label"] == "A" and first["recall"] == pytest.approx(1 / 3) and first["most_taken_for"] == "B"


def test_wilson_interval() -> None:
    low, high = wilson_interval(90, 100)
    assert (low, high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))
    assert wilson_interval(0, 0) == [0.0, 1.0]


def test_calibration_error_of_honest_scores_is_small() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.2, 1, 200_000).astype(np.float32)
    assert calibration_error(scores, rng.random(200_000) < scores) < 0.005
    assert calibration_error(scores, rng.random(200_000) < scores / 2) > 0.2


def drawn_labels(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels drawn with the probabilities that the logits stand for."""
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return (chances.cumsum(1) > rng.random((len(logits), 1))).argmax(1)


def test_temperature_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 10)).astype(np.float32)
    temperature, bias = fit_calibration(logits * 1.7, drawn_labels(logits, rng))
    assert temperature == pytest.approx(1.7, rel=0.05) and not bias.any()


def test_a_bias_makes_up_for_another_mix_of_classes() -> None:
    """Learnt where class 0 is rare, used where it is as frequent as the others: its logit must rise."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (40_000, 4)).astype(np.float32)
    labels = drawn_labels(logits, rng)
    rare = (labels != 0) | (rng.random(len(labels)) < 0.1)
    skewed = logits + np.log([0.1, 1, 1, 1])  # what a network that saw the skewed mix would answer
    temperature, bias = fit_calibration(skewed[rare].astype(np.float32), labels[rare], [1, 1, 1, 1])
    assert bias[0] - bias[1:].mean() == pytest.approx(np.log(10), abs=0.3)
    assert temperature == pytest.approx(1, abs=0.1)
    assert np.bincount(labels[rare], frequency_weights(labels[rare], [1, 1, 1, 1])) == pytest.approx([0.25] * 4)


def test_which_rows_is_said() -> None:
    rows = draw_rows(CHARSETS["digits"], 3)
    shuffled = rows.take(np.random.default_rng(0).permutation(30))
    assert digest(rows) == digest(shuffled) != digest(rows.take(np.arange(29)))
    assert is_official(SPLITS["mnist"], rows) is False
    assert is_official(SPLITS["letters"], rows) is False


def test_seen_images_are_counted(tmp_path: Path) -> None:
    rows = draw_rows(CHARSETS["letters"], 4)
    save_seen(short_hashes(rows.images[:60]), tmp_path)
    seen = load_seen(tmp_path)
    assert seen is not None and count_seen(rows.images, seen) == 60
    assert count_seen(rows.images[60:], seen) == 0
    assert load_seen(tmp_path / "elsewhere") is None


@pytest.mark.timeout(900)  # two minutes, but for a machine that does something else as well
def test_the_packaged_checkpoint_on_the_official_test(real_byclass: Path) -> None:
    """The headline number, made anew: the packaged checkpoint on all official ByClass test rows."""
    command = [sys.executable, "-m", "emnist_hf", "evaluate", "--split", "byclass", "--dataset", str(real_byclass)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    report = json.loads(done.stdout)
    assert report["rows"] == 116_323 and report["official"] is True
    assert report["accuracy"] >= 0.871
    packaged = json.loads((Path(__file__).parents[1] / "emnist_hf/checkpoints/byclass/results.json").read_text())
    assert report["accuracy"] == pytest.approx(packaged["test"]["accuracy"], abs=2e-4)
