"""Drawing strokes, and which writers are kept apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emnist_hf import ink
from emnist_hf.data import strokes
from emnist_hf.data.other_hands import glyphs_by_other_hands, other_hand
from emnist_hf.data.strokes import HELD_OUT_SOURCES, StrokeSet, draw, draw_coverage, glyphs, part_of, smooth

SEVEN = [np.array([[0, 0], [1, 0], [0.4, 2]])]
PLUS = [np.array([[0, 1], [2, 1]]), np.array([[1, 0], [1, 2]])]
CIRCLE = [np.stack([np.cos(np.linspace(0, 6.3, 60)), 1.4 * np.sin(np.linspace(0, 6.3, 60))], axis=1)]


def make_set() -> StrokeSet:
    characters = [SEVEN, PLUS, CIRCLE]
    every = [stroke for character in characters for stroke in character]
    return StrokeSet(
        points=np.concatenate(every).astype(np.float16),
        stroke_offsets=np.cumsum([0, *map(len, every)]),
        char_offsets=np.cumsum([0, *map(len, characters)]),
        label62=np.array([7, 55, 0], np.int8),
        source=np.array(["aga", "aga", "app"]),
        writer=np.array(["aga:ann", "aga:ann", "app:bob"]),
    )


def test_draws_what_a_pad_delivers() -> None:
    picture = draw(SEVEN, size=200, pen=10)
    assert picture.shape == (200, 200, 3) and picture.dtype == np.uint8
    assert picture[0, 0].tolist() == [255, 255, 255] and picture.min() == 0
    rows = np.flatnonzero((picture < 128).any(axis=(1, 2)))
    assert rows[-1] - rows[0] + 1 == pytest.approx(0.65 * 200 + 10, abs=1.5)
    assert rows[-1] + rows[0] == pytest.approx(199, abs=1)
    assert len(np.unique(picture)) > 5, "edges are antialiased"


def test_y_runs_down() -> None:
    picture = draw(SEVEN, size=100, pen=6)
    assert (picture[:30] < 128).sum() > (picture[-30:] < 128).sum(), "the bar of the seven is on top"


@pytest.mark.parametrize("pen", [3.0, 12.5, 40.0])
def test_the_pen_has_the_diameter_asked_for(pen: float) -> None:
    coverage = draw_coverage([np.array([[0.0, 0], [1, 0]])], size=300, pen=pen)
    assert coverage[:, 150].sum() == pytest.approx(pen, abs=0.7)


def test_colours_and_a_single_point() -> None:
    picture = draw([np.array([[3.0, 3.0]])], size=60, pen=20, ink=(200, 0, 0), paper=(0, 0, 90))
    assert picture[30, 30].tolist() == [200, 0, 0] and picture[0, 0].tolist() == [0, 0, 90]
    assert (picture[:, :, 0] > 100).sum() == pytest.approx(np.pi * 100, rel=0.1)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="no points"):
        draw([])


def test_slant_leans_to_the_right() -> None:
    bar = [np.array([[0.0, 0], [0, 1]])]
    leaning = draw_coverage(bar, size=100, pen=4, slant=0.5)
    assert np.argmax(leaning[25]) > np.argmax(leaning[75])


def test_shake_is_repeatable() -> None:
    still, shaken, again = (
        draw_coverage(CIRCLE, size=100, pen=4, shake=shake, rng=np.random.default_rng(1)) for shake in (0, 1.5, 1.5)
    )
    assert not np.array_equal(still, shaken) and np.array_equal(shaken, again)


def test_a_stroke_set_gives_its_characters_back(tmp_path: Path) -> None:
    made = make_set()
    np.savez(
        tmp_path / "s.npz",
        allow_pickle=True,
        **{name: getattr(made, name) for name in StrokeSet.__dataclass_fields__},
    )
    loaded = StrokeSet.load(tmp_path / "s.npz")
    assert len(loaded) == 3 and [loaded.label(i) for i in range(3)] == ["7", "t", "0"]
    assert [len(part) for part in loaded.strokes(1)] == [2, 2]
    np.testing.assert_allclose(loaded.strokes(0)[0], SEVEN[0], atol=1e-3)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "s.npz",
        allow_pickle=True,
        **{name: np.array([{}]) for name in StrokeSet.__dataclass_fields__},
    )
    with pytest.raises(ValueError, match="pickle"):
        StrokeSet.load(tmp_path / "s.npz")


def test_parts_are_of_writers_and_in_proportion() -> None:
    names = [f"w{i}" for i in range(2000)]
    clean = [part_of("aga", f"aga:{name}") for name in names]
    assert clean.count("test") / 2000 == pytest.approx(0.3, abs=0.04)
    assert clean.count("validation") / 2000 == pytest.approx(0.1, abs=0.03)
    others = [part_of("ibm", f"ibm:{name}") for name in names]
    assert "test" not in others and others.count("validation") / 2000 == pytest.approx(0.05, abs=0.02)
    assert part_of("cea", "cea:gb2911") == part_of("ceb", "ceb:gb2911")


def test_glyphs_are_those_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_set()
    quick = glyphs(made, [0, 1, 2], size=200, pen=14)
    for row, glyph in zip(range(3), quick, strict=True):
        slow, _ = ink.glyph_of(draw(made.strokes(row), size=200, pen=14))
        assert np.abs(glyph.astype(int) - slow).mean() < 2.5
    monkeypatch.setattr(strokes, "WORTH_PROCESSES", 3)
    np.testing.assert_array_equal(quick, glyphs(made, [0, 1, 2], size=200, pen=14))


def test_pens_may_be_one_many_or_a_range() -> None:
    made = make_set()
    assert glyphs(made, [], pen=5).shape == (0, 28, 28)
    many = glyphs(made, [0, 0], pen=np.array([4.0, 25.0]))
    assert not np.array_equal(many[0], many[1])
    ranged = [glyphs(made, [0, 2], pen=(4, 20), rng=np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(ranged[0], ranged[1])


def test_unipen_writers_are_in_one_part_each(shared: Path) -> None:
    real = StrokeSet.load(shared / "unipen" / "strokes.npz")
    rows = {part: real.rows(part) for part in ("train", "validation", "test")}
    assert sum(map(len, rows.values())) == len(real)
    people = [{w.split(":")[1] for w in real.writer[r]} for r in rows.values()]
    assert not (people[0] & people[1] | people[0] & people[2] | people[1] & people[2])
    assert set(real.source[rows["test"]]) <= set(HELD_OUT_SOURCES)
    assert len(np.unique(real.label62[rows["test"]])) == 62
    assert strokes.glyphs(real, rows["test"][:20]).max(axis=(1, 2)).tolist() == [255] * 20


def test_smoothing_takes_steps_away_and_keeps_ends() -> None:
    """A staircase becomes the diagonal that the hand drew; what is smooth already hardly changes."""
    steps = np.repeat(np.arange(21, dtype=np.float32) / 20, 2)
    staircase = np.stack([steps[1:], steps[:-1]], axis=1)
    (smoothed,) = smooth([staircase], 0.04)
    assert np.allclose(smoothed[[0, -1]], staircase[[0, -1]], atol=1e-4)
    middle = slice(len(smoothed) // 5, -len(smoothed) // 5)
    assert np.ptp(np.diff(staircase)) > 0.049 and np.ptp(np.diff(smoothed[middle])) < 0.005
    turn = np.linspace(0, np.pi, 50)
    arc = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    (same,) = smooth([arc], 0.02)
    assert np.abs(np.hypot(*same.T) - 1).max() < 0.01
    dot = np.zeros((1, 2), np.float32)
    assert smooth([arc, dot], 0.02)[1] is dot and smooth([arc], 0.0)[0] is arc


def test_variants_differ_and_repeat() -> None:
    everything = make_set()
    rows = np.zeros(4, np.int64)
    change = {"slant": 0.2, "stretch": 0.2, "smoothing": np.full(4, 0.01)}
    first, again = (glyphs(everything, rows, rng=np.random.default_rng(5), **change) for _ in range(2))
    assert np.array_equal(first, again)
    assert len(np.unique(first.reshape(4, -1), axis=0)) == 4


def test_another_hand_moves_each_stroke_by_itself() -> None:
    cross = [np.array([[0, 50], [100, 50.0]]), np.array([[50, 0], [50, 100.0]])]
    hands = [other_hand(cross, np.random.default_rng(seed)) for seed in range(200)]
    assert all(len(strokes) == 2 and np.ptp(np.concatenate(strokes), axis=0).max() < 1.6 for strokes in hands)
    ways = np.array([[stroke[1] - stroke[0] for stroke in strokes] for strokes in hands])
    angles = np.degrees(np.arctan2(ways[:, :, 1], ways[:, :, 0]))
    assert angles.mean(axis=0) == pytest.approx([0, 90], abs=2)
    assert (angles[:, 1] - angles[:, 0]).std() > 2 and angles.std(axis=0).max() < 15
    middles = np.array([[stroke.mean(axis=0) for stroke in strokes] for strokes in hands])
    assert (middles[:, 0] - middles[:, 1]).std(axis=0).min() > 0.02
    dot = [np.zeros((1, 2))]
    assert other_hand(dot, np.random.default_rng(0))[0].shape == (1, 2)


def test_other_hands_differ_and_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = make_set()
    first, again = (glyphs_by_other_hands(everything, [0, 0, 0, 1], seed=7) for _ in range(2))
    assert np.array_equal(first, again)
    monkeypatch.setattr(strokes, "WORTH_PROCESSES", 4)
    assert np.array_equal(first, glyphs_by_other_hands(everything, [0, 0, 0, 1], seed=7))
    assert len(np.unique(first.reshape(4, -1), axis=0)) == 4
