"""CTC against torch's loss and against every text there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from emnist_hf.reading.ctc import align, beam_search, greedy, text_scores


def columns(count: int, classes: int, seed: int = 0) -> np.ndarray:
    logits = torch.from_numpy(np.random.default_rng(seed).normal(0, 1.5, (count, classes)))
    return logits.log_softmax(-1).numpy().astype(np.float32)


TEXTS = [text for length in range(5) for text in itertools.product(range(3), repeat=length)]


def reference(found: np.ndarray, text: tuple[int, ...]) -> float:
    if not text:
        return float(found[:, -1].sum())
    lengths = torch.tensor([len(found)]), torch.tensor([len(text)])
    targets, blank = torch.tensor([text]), found.shape[1] - 1
    return -float(
        torch.nn.functional.ctc_loss(torch.from_numpy(found)[:, None], targets, *lengths, blank=blank, reduction="none")
    )


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_torch(seed: int) -> None:
    found = columns(6, 4, seed)
    expected = np.array([reference(found, text) for text in TEXTS])
    scores = text_scores(found, TEXTS)
    possible = np.isfinite(expected)
    assert np.allclose(scores[possible], expected[possible], atol=1e-5)
    assert np.isneginf(scores[~possible]).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_finds_the_most_probable_text(seed: int) -> None:
    found = columns(6, 4, seed)
    best, score = beam_search(found, beam=400)[0]
    everything = [t for length in range(7) for t in itertools.product(range(3), repeat=length)]
    scores = text_scores(found, everything)
    assert best == everything[int(scores.argmax())] and score == pytest.approx(float(scores.max()), abs=1e-4)


def test_greedy_leaves_out_repeats_and_blanks() -> None:
    path = [0, 0, 3, 0, 1, 1, 3, 2]
    found = np.log(np.full((len(path), 4), 0.02))
    found[np.arange(len(path)), path] = np.log(0.94)
    assert greedy(found.astype(np.float32)) == [(0, 0, 2), (0, 3, 4), (1, 4, 6), (2, 7, 8)]


def test_an_alignment_lies_where_the_labels_do() -> None:
    path = [3, 0, 0, 3, 0, 1, 3]
    found = np.log(np.full((len(path), 4), 0.02))
    found[np.arange(len(path)), path] = np.log(0.94)
    assert align(found.astype(np.float32), (0, 0, 1)) == [(1, 3), (4, 5), (5, 6)]
    with pytest.raises(ValueError, match="too few"):
        align(found[:2].astype(np.float32), (0, 0, 1))
