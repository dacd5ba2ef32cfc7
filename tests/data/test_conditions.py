"""Kinds of pictures: each shows what was written, and its paper when nothing was."""

from __future__ import annotations

import numpy as np
import pytest

from emnist_hf.data.conditions import CONDITIONS, KINDS, pad_for
from emnist_hf.data.pad import LEAST_CONTRAST, Pad
from emnist_hf.ink import open_picture
from tests.support.strokes import STROKES

WRITTEN = [np.array(stroke, np.float32) for stroke in STROKES["R"]]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_shows_the_strokes_on_its_paper_and_the_paper_alone_without_them(name: str) -> None:
    pad = pad_for(name, np.random.default_rng(7))
    shown, again = (open_picture(KINDS[name](WRITTEN, pad, np.random.default_rng(3))) for _ in range(2))
    assert shown.tobytes() == again.tobytes()
    with_pen, without = (
        np.asarray(open_picture(KINDS[name](strokes, pad, np.random.default_rng(3)))).astype(int)
        for strokes in (WRITTEN, ())
    )
    assert with_pen.shape == without.shape and min(with_pen.shape[:2]) >= pad.side
    changed = np.abs(with_pen - without).max(axis=2) >= LEAST_CONTRAST / 2
    assert 0.001 < changed.mean() < 0.5


@pytest.mark.parametrize("name", CONDITIONS)
def test_without_strokes_a_pad_is_empty(name: str) -> None:
    picture = CONDITIONS[name]((), Pad(80, 6), np.random.default_rng(0))
    assert picture.std() < 50 and picture.shape[0] <= 80
