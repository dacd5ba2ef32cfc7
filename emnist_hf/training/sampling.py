"""Several sources of training rows as one data set: their labels as sets of candidates, their weights as a mixture.

A row may be labelled by a coarser split than the one being learnt: a C of ByMerge is C or c of ByClass. Its target is
then the set of classes that it may be, and its loss their likelihood together (learning from partial labels, Cour,
Sapp, Taskar 2011). An exact label is a set of one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset, Sampler

from emnist_hf.data.images import concatenate
from emnist_hf.data.rows import DataError, Rows, among, distinct, hash_images
from emnist_hf.data.sources import load_rows
from emnist_hf.splits import CHARSETS, SHAPE_SET, LabelSet, compatible
from emnist_hf.training.augment import Mixture


@dataclass(frozen=True)
class Source:
    """Training rows and the share of them that an epoch sees; over 1, an epoch sees rows several times."""

    name: str
    rows: Rows
    weight: float = 1.0
    folded: bool = False  # whether its labels are believed only up to a coarser label set


FOLDS = CHARSETS | {SHAPE_SET.name: SHAPE_SET}
"""Label sets up to which the labels of a source may be believed."""


def parse_source(text: str) -> tuple[Path, float, LabelSet | None]:
    """Parse `FILE`, `FILE:WEIGHT` or `FILE:WEIGHT:LABELS`: path, weight, and the label set to believe labels up to.

    Raises `DataError` for a weight that is no positive number or a label set that does not exist.
    """
    match = re.fullmatch(r"(.+?):([^:/\\]+)(?::([^:/\\]+))?", text)
    if match is None or os.path.exists(text):
        return Path(text), 1.0, None
    path, weight, fold = match.groups()
    try:
        value = float(weight)
    except ValueError:
        value = -1.0
    if not 0 < value <= 100:
        raise DataError(f"{text!r} gives the weight {weight!r}: write FILE:WEIGHT with a weight above 0, such as 0.5.")
    if fold is not None and fold not in FOLDS:
        raise DataError(f"{text!r} asks for the labels {fold!r}: there are {', '.join(FOLDS)}.")
    return Path(path), value, FOLDS[fold] if fold else None


def find_file(path: Path, folder: str | Path) -> Path:
    """Return the path of a file that lies here or else in `folder`; as it was given where it is in neither."""
    inside = Path(folder) / path
    return path if path.exists() or not inside.exists() else inside


def load_sources(texts: Sequence[str], folder: str | Path = ".") -> list[Source]:
    """Load extra sources as `parse_source` takes them, found from here or else in `folder`. Raises `DataError`."""
    sources = []
    for path, weight, fold in map(parse_source, texts):
        rows = load_rows(find_file(path, folder))
        sources.append(Source(path.name, rows.fold(fold) if fold else rows, weight, fold is not None))
    return sources


def carve_validation(rows: Rows, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Split rows into training and validation rows, the same share of every class, by seed."""
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(rows), bool)
    for label in np.unique(rows.labels):
        members = generator.permutation(np.flatnonzero(rows.labels == label))
        chosen[members[: round(fraction * len(members))]] = True
    return rows.take(~chosen), rows.take(chosen)


def drop_rows(rows: Rows, forbidden: NDArray[np.uint64]) -> Rows:
    """Return the rows whose image hash is not among `forbidden`: what is scored must not be learnt from."""
    if not len(forbidden):
        return rows
    return rows.take(~among(hash_images(rows.images), distinct(forbidden)))


class PartialLabelDataset(Dataset):
    """All sources as one map-style data set that is read a batch at a time.

    An item is an image, uint8 [28, 28], and the number of its target. Tables with a row for each of the T targets say
    what it means:

    - `candidates`, bool [T, classes]: which classes it may be;
    - `teachable`, bool [T, classes]: which of them a teacher may name (see `distillation`): any where the label is
      exact, else the candidates;
    - `offsets`, float32 [T, classes]: what is added to the logits in the loss, `logit_adjustment` for `frequencies`,
      how frequent each class is where the network will be used. They are zero without `frequencies`, and for folded
      sources: their hands are others, and how frequent their characters are says nothing.
    """

    def __init__(
        self, sources: Sequence[Source], label_set: LabelSet, frequencies: Sequence[float] | None = None
    ) -> None:
        known: dict[tuple[tuple[int, ...], bool], int] = {((i,), False): i for i in range(len(label_set))}
        targets = []
        for source in sources:
            sets = candidate_labels(source, label_set)
            numbers = [known.setdefault((classes, source.folded), len(known)) if classes else -1 for classes in sets]
            targets.append(np.array(numbers)[source.rows.labels])
        self.images = concatenate([source.rows.images for source in sources])
        self.targets = torch.from_numpy(np.concatenate(targets).astype(np.int64))
        self.candidates = torch.zeros(len(known), len(label_set), dtype=torch.bool)
        for (classes, _), number in known.items():
            self.candidates[number, list(classes)] = True
        folded = torch.tensor([folded for _, folded in known])
        self.teachable = self.candidates | ((self.candidates.sum(dim=1) == 1) & ~folded).unsqueeze(1)
        self.offsets = torch.zeros(len(known), len(label_set))
        if frequencies is not None:
            self.offsets[~folded] = torch.from_numpy(logit_adjustment(sources, label_set, frequencies))

    def to(self, device: torch.device) -> Self:
        """Move the tables, not the rows, to a device."""
        self.candidates, self.teachable = self.candidates.to(device), self.teachable.to(device)
        self.offsets = self.offsets.to(device)
        return self

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        images, targets = self.__getitems__([index])
        return images[0], targets[0]

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """Return a batch in one look-up: what the loader of torch calls when it is there."""
        chosen = np.asarray(indices)
        return torch.from_numpy(self.images[chosen]), self.targets[torch.from_numpy(chosen)]


def candidate_labels(source: Source, label_set: LabelSet) -> list[tuple[int, ...]]:
    """Return the classes of `label_set` that each label of a source may be. Raises `DataError` if a row has none."""
    candidates = [tuple(classes) for classes in compatible(source.rows.label_set, label_set)]
    empty = [i for i, classes in enumerate(candidates) if not classes]
    if np.isin(source.rows.labels, empty).any():
        raise DataError(
            f"{source.name} has rows labelled {source.rows.label_set.labels[empty[0]]!r}, which no class of "
            f"{label_set.name} stands for: leave it out."
        )
    return candidates


def logit_adjustment(
    sources: Sequence[Source], label_set: LabelSet, frequencies: Sequence[float]
) -> NDArray[np.float32]:
    """Return the offsets by which logits come to answer for other class frequencies: float32 [classes], in nats.

    They are the logarithm of each class' share of the rows an epoch sees over its share of `frequencies` (Menon et al.
    2021), to be added in the loss alone. A row that may be several classes counts for each by its frequency. Rows of
    folded sources do not count, and a class of which there is less than one row counts as one.
    """
    wanted = np.asarray(frequencies, np.float64)
    counts = np.zeros(len(label_set))
    for source in sources:
        if source.folded:
            continue
        present = source.weight * np.bincount(source.rows.labels, minlength=len(source.rows.label_set))
        for rows, classes in zip(present, map(list, candidate_labels(source, label_set)), strict=True):
            counts[classes] += rows * wanted[classes] / wanted[classes].sum()
    counts = np.maximum(counts, 1)
    return (np.log(counts / counts.sum()) - np.log(wanted / wanted.sum())).astype(np.float32)


class MixtureSampler(Sampler[int]):
    """A fresh shuffle of the mixture each epoch, a function of seed and epoch alone.

    A source of weight 2.5 gives every row twice and half of them a third time. Every process of a distributed run
    draws the same order. The loop sets `epoch`.
    """

    def __init__(self, sources: Sequence[Source], seed: int) -> None:
        self.sizes = [(len(source.rows), source.weight) for source in sources]
        self.seed, self.epoch = seed, 0

    def __len__(self) -> int:
        return sum(int(size * weight) for size, weight in self.sizes)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng((self.seed, self.epoch))
        order = np.empty(len(self), np.uint32 if sum(size for size, _ in self.sizes) < 2**32 else np.int64)
        start = filled = 0
        for size, weight in self.sizes:
            whole, part = divmod(int(size * weight), max(size, 1))
            for chosen in [np.arange(size)] * whole + [generator.permutation(size)[:part]]:
                order[filled : filled + len(chosen)] = start + chosen
                filled += len(chosen)
            start += size
        generator.shuffle(order)
        for block in range(0, len(order), 65_536):  # as Python's numbers, a whole epoch would take ten times the memory
            yield from order[block : block + 65_536].tolist()


def partial_label_loss(logits: Tensor, candidates: Tensor, smoothing: float) -> Tensor:
    """Return the mean negative log likelihood of each row's candidates, a scalar in nats.

    logits: float [N, C]. candidates: bool [N, C]. With label smoothing (Szegedy et al. 2016); for sets of one it is the
    usual smoothed cross-entropy.
    """
    log_probabilities = F.log_softmax(logits.float(), dim=1)
    likelihood = torch.logsumexp(log_probabilities.masked_fill(~candidates, -torch.inf), dim=1)
    return -((1 - smoothing) * likelihood + smoothing * log_probabilities.mean(dim=1)).mean()


def label_loss(
    logits: Tensor, targets: Tensor, candidates: Tensor, offsets: Tensor, mixture: Mixture | None, smoothing: float
) -> Tensor:
    """Return the loss by the labels, a scalar in nats: of each row's own target, and of the one mixed into it.

    logits: float [N, C]. targets: int64 [N], rows of the tables `candidates` and `offsets` of a `PartialLabelDataset`.
    """
    own = partial_label_loss(logits + offsets[targets], candidates[targets], smoothing)
    if mixture is None:
        return own
    other = targets[mixture.order]
    mixed = partial_label_loss(logits + offsets[other], candidates[other], smoothing)
    return torch.lerp(mixed, own, mixture.share)
