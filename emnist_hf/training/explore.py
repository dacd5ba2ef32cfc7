"""A look at a data set before anything is learnt from it: class counts, samples, class means, augmentation.

`write_exploration` reads the rows, `survey` chooses and computes what is shown, `explore_report` sets it in a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emnist_hf.data.images import Images
from emnist_hf.data.rows import Rows
from emnist_hf.data.sources import load_parts
from emnist_hf.errors import EmnistError
from emnist_hf.ink.glyph import SIDE
from emnist_hf.models.network import IMAGE_SIZE, to_input
from emnist_hf.splits import Split, find_split
from emnist_hf.training.augment import Augmentation, augment
from emnist_hf.training.config import check_range, read_recipe
from emnist_hf.training.explore_report import Counts, Report, Section, Tile, strip, write_report

SUFFIXES = (".html", ".png")
MOST_SAMPLES = 50  # of a class: as many as fit into the width of a picture
CHANGED = 9  # characters that augmentation is shown on
COPIES = 7  # of each of them


class ExploreError(EmnistError):
    """A report that cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Survey:
    """What a report shows of the rows of one part.

    Attributes:
        samples: for each class uint8 [n, 28, 28], n being 0 for a class without rows.
        means: float32 [classes, 28, 28], 0 to 1; NaN for a class without rows.
        changed: the classes that augmentation is shown on.
        originals: uint8 [changed, side, side], as the network gets them without augmentation.
        copies: uint8 [changed, COPIES, side, side], as it gets them with.
    """

    samples: list[NDArray[np.uint8]]
    means: NDArray[np.float32]
    changed: list[int]
    originals: NDArray[np.uint8]
    copies: NDArray[np.uint8]


def write_exploration(
    split: str,
    dataset: str,
    output: Path,
    *,
    samples_per_class: int = 8,
    seed: int = 0,
    augmentation: Augmentation | None = None,
    image_size: int = IMAGE_SIZE,
    transposed: bool = False,
) -> dict[str, Any]:
    """Write a report on a split of a data set, .html or .png by the suffix of `output`; return what it is about.

    The same seed (0 to 2**32 - 1) gives the same report. image_size: side of the network's input in pixels, at which
    augmentation is shown.

    Raises `ExploreError` for an `output` that cannot be, too many samples or a source without rows, `DataError` for
    data that is no EMNIST, `LabelError` for a split that does not exist, `OSError` where the file cannot be written.
    """
    chosen = find_split(split)
    check_options(output, samples_per_class)
    parts = load_parts(split, dataset, transposed=transposed or None)
    shown = next((part for part, rows in parts.items() if len(rows)), None)
    if shown is None:
        raise ExploreError(f"{dataset} has no rows of {chosen.title}: give a source that has some.")
    augmentation = augmentation or Augmentation()
    found = survey(parts[shown], samples_per_class, seed, augmentation, image_size)
    name = Path(dataset).resolve().name if os.path.exists(dataset) else dataset  # where files lie is nobody's business
    write_report(_report(chosen, name, parts, shown, found, augmentation), output)
    return {
        "file": str(output),
        "split": chosen.name,
        "rows": {part: len(rows) for part, rows in parts.items()},
        "classes": len(chosen.labels),
    }


def check_options(output: Path, samples_per_class: int) -> None:
    """Raise `ExploreError`, before anything is loaded, for a file that could not be written or a wrong number."""
    if not 1 <= samples_per_class <= MOST_SAMPLES:
        raise ExploreError(f"--samples_per_class is {samples_per_class}: give 1 to {MOST_SAMPLES}.")
    if output.suffix.lower() not in SUFFIXES:
        raise ExploreError(f"{output} is no name for a report: let it end in {' or '.join(SUFFIXES)}.")
    if not output.parent.is_dir():
        raise ExploreError(f"There is no folder {output.parent} to write {output.name} into: make it first.")


def image_size_of(recipe: Path | None) -> int:
    """Return the side of the network's input in pixels that a recipe trains for, or the default one.

    Raises `TrainingError` for a recipe that cannot be read and a size out of range.
    """
    side: int = (read_recipe(recipe) if recipe is not None else {}).get("image_size", IMAGE_SIZE)
    check_range("image_size", side, f"{recipe} sets image_size to")
    return side


def survey(rows: Rows, samples_per_class: int, seed: int, augmentation: Augmentation, side: int = IMAGE_SIZE) -> Survey:
    """Choose samples by seed, take the mean of every class over all its rows, and augment a first few samples."""
    generator = np.random.default_rng(seed)
    samples = []
    means = np.full((len(rows.label_set), SIDE, SIDE), np.nan, np.float32)
    for label in range(len(rows.label_set)):
        members = np.flatnonzero(rows.labels == label)
        samples.append(rows.images[generator.permutation(members)[:samples_per_class]])
        if len(members):
            means[label] = _mean(rows.images, members)
    present = np.flatnonzero([len(pictures) > 0 for pictures in samples])
    evenly = np.linspace(0, len(present) - 1, min(CHANGED, len(present))).round().astype(int)
    changed = present[evenly].tolist()
    originals = torch.from_numpy(np.stack([samples[label][0] for label in changed]))
    copies = augment(
        originals.repeat_interleave(COPIES, dim=0), side, augmentation, torch.Generator().manual_seed(seed)
    )
    return Survey(
        samples,
        means,
        changed,
        _gray(to_input(originals, side).numpy()).reshape(-1, side, side),
        _gray(copies.numpy()).reshape(-1, COPIES, side, side),
    )


def _mean(images: Images, members: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean of some images, 0 to 1, float32 [28, 28], read some thousands at a time: they may lie on disk."""
    parts = (images[members[start : start + 8192]] for start in range(0, len(members), 8192))
    total = sum(part.sum(axis=0, dtype=np.float64) for part in parts)
    return (total / len(members) / 255).astype(np.float32)


def _gray(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (values * 255).round().clip(0, 255).astype(np.uint8)


# --- in words and tiles -----------------------------------------------------------------------------------------


def _report(
    split: Split, source: str, parts: dict[str, Rows], shown: str, found: Survey, augmentation: Augmentation
) -> Report:
    """Put what was found into words; `shown` is the part that it was found in."""
    rows = sum(map(len, parts.values()))
    sizes = ", ".join(f"{len(part_rows):,} in {part}" for part, part_rows in parts.items())
    counts = {part: np.bincount(part_rows.labels, minlength=len(split.labels)) for part, part_rows in parts.items()}
    most, least = int(counts[shown].argmax()), int(counts[shown].argmin())
    counted = (
        f"In {shown} the most frequent class is {_spoken(split, most)} with {counts[shown][most]:,} rows, the rarest "
        f"{_spoken(split, least)} with {counts[shown][least]:,}. A mark shows how many rows a class would have if "
        f"classes were as frequent as in the full official training set of {split.train_rows:,}."
    )
    return Report(
        title=f"EMNIST {split.title}: a look at the data",
        text=f"Read from “{source}”: {rows:,} rows in {len(split.labels)} classes, {sizes}. What is drawn below comes "
        f"from {shown}.",
        counts=Counts(counted, split.labels, counts, split.train_counts),
        sections=[*_class_sections(split, found), _augmentation_section(split, found, augmentation)],
    )


def _class_sections(split: Split, found: Survey) -> tuple[Section, Section]:
    """Return samples and mean of every class."""
    samples, means = [], []
    for index, (label, pictures, mean) in enumerate(zip(split.labels, found.samples, found.means)):
        name, there = _spoken(split, index), len(pictures) > 0
        samples.append(Tile(label, f"{len(pictures)} samples of {name}", strip(pictures) if there else None))
        means.append(Tile(label, f"Mean of {name}", strip(_gray(mean)[None]) if there else None))
    text = "Rows chosen at random, upright and white on black, as every part of this project takes them."
    about_means = (
        "The mean of all rows of each class. A sharp one says that writers agree; a blurred one mixes several ways of "
        "writing the character. One that looks like another class may be labelled wrong, but 0 and O are alike anyhow."
    )
    return Section("Samples", text, samples, zoom=2), Section("Class means", about_means, means, zoom=3)


def _augmentation_section(split: Split, found: Survey, augmentation: Augmentation) -> Section:
    """Return a few characters with augmented copies."""
    settings = ", ".join(f"{name} {value:g}" for name, value in vars(augmentation).items())
    side = found.originals.shape[-1]
    text = (
        f"At the left a character as it is, then {COPIES} copies as the network meets them in training, at "
        f"{side} x {side} pixels. Each should still be read as the same character. Settings: {settings}."
    )
    tiles = [
        Tile(
            split.labels[label],
            f"A {_spoken(split, label)} and {COPIES} augmented copies of it",
            strip(np.concatenate([original[None], copies]), after_first=10),
        )
        for label, original, copies in zip(found.changed, found.originals, found.copies)
    ]
    return Section("Augmentation", text, tiles, zoom=max(1, IMAGE_SIZE // side))


def _spoken(split: Split, index: int) -> str:
    """Return a class in words that tell a from A: "capital A", "small a", "digit 0", or "C or c" for a merged class."""
    members = split.label_set.members[index]
    if len(members) > 1:
        return " or ".join(members)
    kind = "digit" if members.isdigit() else "capital" if members.isupper() else "small"
    return f"{kind} {members}"
