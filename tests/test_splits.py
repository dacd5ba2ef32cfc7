"""Labels, their order and how they fold: one table, checked against what the EMNIST paper says."""

from __future__ import annotations

import numpy as np
import pytest

from emnist_hf.splits import (
    CHARACTERS,
    CHARSETS,
    SPLITS,
    LabelError,
    can_fold,
    character_shares,
    charsets_of,
    choose_charset,
    compatible,
    find_charset,
    find_split,
    fold_probabilities,
    fold_shape,
    fold_table,
    label_set_of,
)


@pytest.mark.parametrize(
    ("name", "classes", "train", "test"),
    [
        ("byclass", 62, 697_932, 116_323),
        ("bymerge", 47, 697_932, 116_323),
        ("balanced", 47, 112_800, 18_800),
        ("letters", 26, 124_800, 20_800),
        ("digits", 10, 240_000, 40_000),
        ("mnist", 10, 60_000, 10_000),
    ],
)
def test_official_sizes(name: str, classes: int, train: int, test: int) -> None:
    split = SPLITS[name]
    assert (len(split.labels), split.train_rows, split.test_rows) == (classes, train, test)
    assert len(set(split.labels)) == classes


def test_official_class_counts() -> None:
    assert sum(SPLITS["byclass"].train_counts) == sum(SPLITS["bymerge"].train_counts) == 697_932
    merged = SPLITS["bymerge"]
    assert merged.train_counts[merged.labels.index("C")] == 10_094 + 2_854
    assert set(SPLITS["letters"].train_counts) == {4800} and set(SPLITS["balanced"].train_counts) == {2400}


def test_official_order() -> None:
    assert "".join(SPLITS["byclass"].labels) == CHARACTERS
    assert "".join(SPLITS["bymerge"].labels) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    assert SPLITS["balanced"].labels == SPLITS["bymerge"].labels
    assert "".join(SPLITS["letters"].labels) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert SPLITS["letters"].first_label == 1
    assert "".join(SPLITS["mnist"].labels) == "".join(SPLITS["digits"].labels) == "0123456789"


@pytest.mark.parametrize("name", ["byclass", "bymerge"])
def test_every_character_belongs_to_one_label(name: str) -> None:
    assert sorted("".join(CHARSETS[name].members)) == sorted(CHARACTERS)


def test_folding_sums_what_belongs_together() -> None:
    byclass, letters = CHARSETS["byclass"], CHARSETS["letters"]
    probabilities = np.zeros((1, 62), np.float32)
    for label, value in {"a": 0.3, "A": 0.2, "7": 0.4, "b": 0.1}.items():
        probabilities[0, byclass.labels.index(label)] = value
    folded = fold_probabilities(probabilities, byclass, letters)[0]
    assert folded[0] == pytest.approx(0.5 / 0.6)
    assert folded[1] == pytest.approx(0.1 / 0.6)
    assert folded.sum() == pytest.approx(1)
    lowercase = fold_probabilities(probabilities, byclass, CHARSETS["lowercase"])[0]
    assert lowercase[0] == pytest.approx(0.75)


def test_nothing_left_after_folding_is_uniform() -> None:
    sure = np.eye(62, dtype=np.float32)[[CHARACTERS.index("A")]]
    assert np.allclose(fold_probabilities(sure, CHARSETS["byclass"], CHARSETS["digits"]), 0.1)


def test_merged_capital_answers_for_the_small_letter() -> None:
    table = fold_table(CHARSETS["bymerge"], CHARSETS["lowercase"])
    assert table[CHARSETS["bymerge"].labels.index("C")] == 2  # the class C of ByMerge is C and c
    assert table[CHARSETS["bymerge"].labels.index("A")] == -1  # A and a are two classes
    assert table[CHARSETS["bymerge"].labels.index("a")] == 0


@pytest.mark.parametrize(("source", "target"), [("letters", "byclass"), ("bymerge", "byclass"), ("digits", "letters")])
def test_too_coarse_or_too_small_is_refused(source: str, target: str) -> None:
    with pytest.raises(LabelError, match="checkpoint"):
        fold_table(CHARSETS[source], CHARSETS[target])


def test_charsets_that_labels_can_answer_in() -> None:
    assert charsets_of(CHARSETS["byclass"]) == list(CHARSETS)
    assert charsets_of(CHARSETS["bymerge"]) == ["bymerge", "letters", "digits", "uppercase", "lowercase"]
    assert charsets_of(CHARSETS["letters"]) == ["letters", "uppercase", "lowercase"]
    assert charsets_of(CHARSETS["digits"]) == ["digits"]
    for source in CHARSETS.values():
        for target in CHARSETS.values():
            if can_fold(source, target):
                assert choose_charset(source, target.name) is target
            else:
                with pytest.raises(LabelError):
                    choose_charset(source, target.name)
        assert choose_charset(source, None) is source


def test_a_label_is_shared_evenly_by_its_characters() -> None:
    shares = character_shares(CHARSETS["bymerge"])
    assert shares.shape == (47, 62) and np.allclose(shares.sum(axis=1), 1)
    assert shares[CHARSETS["bymerge"].labels.index("C"), [CHARACTERS.index(c) for c in "Cc"]].tolist() == [0.5, 0.5]


def test_groups_of_a_coarser_split() -> None:
    groups = compatible(CHARSETS["bymerge"], CHARSETS["byclass"])
    byclass = CHARSETS["byclass"].labels
    assert [byclass[i] for i in groups[CHARSETS["bymerge"].labels.index("C")]] == ["C", "c"]
    assert [byclass[i] for i in groups[CHARSETS["bymerge"].labels.index("a")]] == ["a"]


def test_label_set_is_found_by_its_labels() -> None:
    for split in SPLITS.values():
        assert label_set_of(split.labels) is split.label_set
    with pytest.raises(LabelError, match="official order"):
        label_set_of(list("abc"))


@pytest.mark.parametrize("name", ["../../etc", "", "BYCLAS", "x" * 500])
def test_unknown_names_give_the_choices(name: str) -> None:
    with pytest.raises(LabelError, match="byclass"):
        find_split(name)
    with pytest.raises(LabelError, match="uppercase"):
        find_charset(name)
    assert find_split("ByClass").name == "byclass"


def test_shapes_that_look_alike_fold_together() -> None:
    for group in ("0Oo", "1IilL", "5Ss", "2Zz", "cC", "Bb"):
        assert len({fold_shape(character) for character in group}) == 1
    assert fold_shape("8") != fold_shape("B")
