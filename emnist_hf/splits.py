"""The six EMNIST splits, their labels, and how labels of one, and probabilities over them, fold into another.

Everything here follows from one fact: a label stands for one or more of the 62 characters. "C" of ByClass stands for
the capital alone, "C" of ByMerge for C and c, "A" of Letters for A and a. Two labels of different sets are compatible
when they share a character. Folding probabilities, training with labels known only up to a group, and scoring one split
with the checkpoint of another are all read off that.

Class order, names and sizes: Cohen, Afshar, Tapson, van Schaik, "EMNIST: an extension of MNIST to handwritten letters"
(2017), table II, and the `mapping.txt` files that come with the data.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.errors import EmnistError

DIGITS, UPPERCASE, LOWERCASE = string.digits, string.ascii_uppercase, string.ascii_lowercase

CHARACTERS = DIGITS + UPPERCASE + LOWERCASE
"""The 62 characters in the order of ByClass."""

MERGED_LOWERCASE = "cijklmopsuvwxyz"
"""The 15 letters whose two cases look alike, which ByMerge and Balanced keep as one class named by the capital."""


class LabelError(EmnistError):
    """Labels that cannot be used together; the message says why and what to do."""


@dataclass(frozen=True)
class LabelSet:
    """An ordered set of labels and, for each, the characters (of the 62) that it stands for."""

    name: str
    labels: tuple[str, ...]
    members: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


def _label_set(name: str, labels: str, fold: dict[str, str]) -> LabelSet:
    """Make the set of labels in which each of the 62 characters belongs to the label that it folds to."""
    members = tuple("".join(c for c in CHARACTERS if fold.get(c, c) == label) for label in labels)
    return LabelSet(name, tuple(labels), members)


_MERGE = {c: c.upper() for c in MERGED_LOWERCASE}
_FOLD_CASE = {c: c.upper() for c in LOWERCASE}

CHARSETS: dict[str, LabelSet] = {
    "byclass": _label_set("byclass", CHARACTERS, {}),
    "bymerge": _label_set("bymerge", "".join(c for c in CHARACTERS if c not in _MERGE), _MERGE),
    "letters": _label_set("letters", UPPERCASE, _FOLD_CASE),
    "digits": _label_set("digits", DIGITS, {}),
    "uppercase": _label_set("uppercase", UPPERCASE, {}),
    "lowercase": _label_set("lowercase", LOWERCASE, {}),
}
"""What an answer can be drawn from. `letters` folds case away; `uppercase` and `lowercase` take it as known."""

# fmt: off
BYCLASS_TRAIN_COUNTS = (
    34585, 38374, 34203, 35143, 33535, 31416, 34232, 35754, 33946, 33847, 6407, 3878,
    10094, 4562, 4934, 9182, 2517, 3152, 11946, 3762, 2468, 5076, 9002, 8237,
    24983, 8347, 2605, 5073, 20764, 9820, 12602, 4637, 4695, 2771, 4743, 2701,
    10033, 5159, 2854, 10177, 24631, 2561, 3687, 8738, 2725, 1896, 2491, 15318,
    2645, 11418, 2749, 2448, 2994, 14105, 2699, 18262, 2830, 2910, 2697, 2822,
    2365, 2725,
)
# fmt: on
"""Rows of each class in the full official ByClass training set, in label order."""


@dataclass(frozen=True)
class Split:
    """One of the six official splits.

    `train_rows` and `test_rows` are the official sizes; a source with other sizes is not the official split.
    `first_label` is the number that the raw IDX files give to the first class (Letters counts from 1).
    """

    name: str
    title: str
    label_set: LabelSet
    train_rows: int
    test_rows: int
    first_label: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        return self.label_set.labels

    @property
    def train_counts(self) -> tuple[int, ...]:
        """Rows of each class in the full official training set: ByClass as it was written, the others evenly."""
        if self.name not in ("byclass", "bymerge"):
            return (self.train_rows // len(self.labels),) * len(self.labels)
        count = dict(zip(CHARACTERS, BYCLASS_TRAIN_COUNTS, strict=True))
        return tuple(sum(count[character] for character in members) for members in self.label_set.members)


SPLITS: dict[str, Split] = {
    split.name: split
    for split in (
        Split("byclass", "ByClass", CHARSETS["byclass"], 697_932, 116_323),
        Split("bymerge", "ByMerge", CHARSETS["bymerge"], 697_932, 116_323),
        Split("balanced", "Balanced", CHARSETS["bymerge"], 112_800, 18_800),
        Split("letters", "Letters", CHARSETS["letters"], 124_800, 20_800, first_label=1),
        Split("digits", "Digits", CHARSETS["digits"], 240_000, 40_000),
        Split("mnist", "MNIST", CHARSETS["digits"], 60_000, 10_000),
    )
}

SHAPES = {"O": "0", "I": "1", "L": "1", "S": "5", "Z": "2"}
"""Capitals that one character alone does not tell from a digit (I and L also not from each other)."""


def fold_shape(label: str) -> str:
    """Return the label with all folded away that one character alone cannot show: case, and 0=O, 1=I=L, 5=S, 2=Z."""
    upper = label.upper()
    return SHAPES.get(upper, upper)


SHAPE_SET = _label_set(
    "shapes", "".join(dict.fromkeys(map(fold_shape, CHARACTERS))), {c: fold_shape(c) for c in CHARACTERS}
)
"""Labels that say only what one character's shape can show: nothing answers in them, but rows may be learnt by them."""


def find_split(name: str) -> Split:
    """Return the split called `name`, in any case. Raises `LabelError` for an unknown name."""
    try:
        return SPLITS[str(name).lower()]
    except KeyError:
        raise _unknown("split", name, SPLITS) from None


def find_charset(name: str) -> LabelSet:
    """Return the charset called `name`, in any case. Raises `LabelError` for an unknown name."""
    try:
        return CHARSETS[str(name).lower()]
    except KeyError:
        raise _unknown("charset", name, CHARSETS) from None


def _unknown(kind: str, name: Any, choices: Iterable[str]) -> LabelError:
    template = "There is no {kind} {name}: choose one of {choices}."
    return LabelError(template, kind=kind, name=repr(str(name)[:40]), choices=", ".join(choices))


def label_set_of(labels: Sequence[str]) -> LabelSet:
    """Return the label set whose labels are exactly `labels`, in order. Raises `LabelError` if there is none.

    Names alone decide, so 26 capitals are `letters`: no split has capitals only.
    """
    wanted = tuple(str(label) for label in labels)
    for label_set in CHARSETS.values():
        if label_set.labels == wanted:
            return label_set
    raise LabelError(
        "These {count} labels are not those of an EMNIST split in the official order (it starts {first}): "
        "name the classes 0-9, A-Z, a-z as splits.py lists them.",
        count=len(wanted),
        first=", ".join(wanted[:5]),
    )


def compatible(source: LabelSet, target: LabelSet) -> list[list[int]]:
    """Return, for each label of `source`, the indices of the labels of `target` that share a character with it."""
    return [[j for j, wanted in enumerate(target.members) if set(members) & set(wanted)] for members in source.members]


def can_fold(source: LabelSet, target: LabelSet) -> bool:
    """Tell whether answers in `source` say which label of `target` it is, for every label of `target`."""
    table = compatible(source, target)
    return all(len(places) <= 1 for places in table) and len({j for places in table for j in places}) == len(target)


@cache
def fold_table(source: LabelSet, target: LabelSet) -> tuple[int, ...]:
    """Return, for each label of `source`, the one label of `target` that its probability goes to, -1 for none.

    Raises `LabelError` where `source` is too coarse to say (Letters knows no case, so it cannot answer in ByClass) or
    lacks a character that `target` asks for (Digits has no letters).
    """
    table = compatible(source, target)
    if can_fold(source, target):
        return tuple(places[0] if places else -1 for places in table)
    if any(len(places) > 1 for places in table):
        raise LabelError(
            "Labels of {source} do not tell apart what {target} asks for: "
            "use a checkpoint trained on a finer split, such as byclass.",
            source=repr(source.name),
            target=repr(target.name),
        )
    raise LabelError(
        "A checkpoint with the labels of {source} cannot answer in {target}: "
        "it was never shown some of those characters.",
        source=repr(source.name),
        target=repr(target.name),
    )


def charsets_of(labels: LabelSet) -> list[str]:
    """Return the names of the charsets that labels can answer in, their own first."""
    return [labels.name, *(name for name in CHARSETS if name != labels.name and can_fold(labels, CHARSETS[name]))]


def choose_charset(labels: LabelSet, name: str | None) -> LabelSet:
    """Return the charset called `name`, for answers in `labels`, or these for None.

    Raises `LabelError` for an unknown name and as `fold_table`.
    """
    charset = labels if name is None else find_charset(name)
    fold_table(labels, charset)
    return charset


def fold_probabilities(probabilities: NDArray[np.float32], source: LabelSet, target: LabelSet) -> NDArray[np.float32]:
    """Return probabilities over `source` [N, S] as probabilities over `target` [N, T], renormalised to sum to 1.

    Labels that `target` cannot give are left out. Where nothing is left (a sure letter asked for as a digit), the
    answer is uniform, which says as much. Raises `LabelError` if `source` is too coarse for `target`.
    """
    if source is target:
        return probabilities
    folded = np.zeros((len(probabilities), len(target)), np.float32)
    for column, place in enumerate(fold_table(source, target)):
        if place >= 0:
            folded[:, place] += probabilities[:, column]
    total = folded.sum(axis=1, keepdims=True)
    return np.where(total > 1e-30, folded / np.maximum(total, 1e-30), np.float32(1 / len(target)))


@cache
def character_shares(labels: LabelSet) -> NDArray[np.float32]:
    """Return what each of the 62 characters has of a label's probability, evenly shared, float32 [labels, 62]."""
    shares = np.zeros((len(labels), len(CHARACTERS)), np.float32)
    for row, members in enumerate(labels.members):
        shares[row, [CHARACTERS.index(c) for c in members]] = 1 / len(members)
    return shares


def check_top_k(top_k: Any) -> None:
    """Raise `LabelError` unless `top_k` is a whole number from 1: 5, 5.0 or NumPy's, but not True, "5" or 2.5."""
    # The remainder of infinity is no number, and that of 10**400 is 0.
    if not isinstance(top_k, Real) or isinstance(top_k, bool) or top_k % 1 != 0 or top_k < 1:
        raise LabelError(
            "top_k cannot be {top_k}: give a whole number, at least 1; more than there are labels gives all.",
            top_k=repr(str(top_k)[:20]),
        )
