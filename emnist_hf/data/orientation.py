"""Is this source upright, white on black and under its right labels? Its class means tell.

The mean of a few hundred images of one class is a blurred but unmistakable picture of that character. Here it is
compared (by Pearson's correlation) with the means of the genuine, upright ByClass training images, kept at 14x14 in
`reference_shapes.png`: one tile a class, 62 across. They are averages over thousands of writers, so no single
image can be had back from them.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.images import Images
from emnist_hf.splits import CHARACTERS, LabelSet

REFERENCE = Path(__file__).with_name("reference_shapes.png")
TILE = 14  # side of one of its pictures
FEWEST_ROWS = 20  # fewer rows of a class give a mean too rough to judge by
FEWEST_CLASSES = 5  # the verdict is over classes, so a handful must be there

# What images [N, H, W] can have become on the way, and what puts them right again.
VIEWS = {
    "upright": lambda x: x,
    "transposed": lambda x: x.transpose(0, 2, 1),
    "turned a quarter left": lambda x: np.rot90(x, -1, (1, 2)),
    "turned a quarter right": lambda x: np.rot90(x, 1, (1, 2)),
    "upside down": lambda x: np.rot90(x, 2, (1, 2)),
    "mirrored": lambda x: x[:, :, ::-1],
}
CURES = {
    "transposed": "give --transposed (in Python transposed=True)",
    "turned a quarter left": "turn each image a quarter right",
    "turned a quarter right": "turn each image a quarter left",
    "upside down": "turn each image by half a turn",
    "mirrored": "mirror each image",
}


def class_means(images: Images, labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return the mean image of each class at half size: float32 [classes, 14, 14], 0 to 1.

    images: uint8 [N, 28, 28]. labels: int64 [N].

    A class with fewer than `FEWEST_ROWS` rows is NaN.
    """
    means = np.full((classes, TILE, TILE), np.nan, np.float32)
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(classes + 1))
    for label, (start, end) in enumerate(pairwise(bounds)):
        if end - start >= FEWEST_ROWS:
            rows = order[start:end][:2000]  # more change nothing
            mean = images[rows].mean(axis=0, dtype=np.float32) / 255
            means[label] = mean.reshape(TILE, 2, TILE, 2).mean(axis=(1, 3))
    return means


@cache
def reference_shapes() -> NDArray[np.float32]:
    """Return the mean upright image of each of the 62 characters, float32 [62, 14, 14], 0 to 1."""
    from PIL import Image

    with Image.open(REFERENCE) as picture:
        strip = np.asarray(picture.convert("L"), np.float32) / 255
    return strip.reshape(TILE, len(CHARACTERS), TILE).transpose(1, 0, 2).astype(np.float32)


def write_reference_shapes(images: NDArray[np.uint8], labels: NDArray[np.int64], path: Path = REFERENCE) -> None:
    """Make the reference picture from upright ByClass rows (`python -m emnist_hf.data.orientation FOLDER`)."""
    from PIL import Image

    means = class_means(images, labels, len(CHARACTERS))
    strip = means.transpose(1, 0, 2).reshape(TILE, -1)
    Image.fromarray(np.round(strip * 255).astype(np.uint8)).save(path, optimize=True)


def check_reference_shapes(
    images: Images,
    labels: NDArray[np.int64],
    label_set: LabelSet,
    source: str,
    *,
    turned: bool = False,
    raised: type[Exception] = ValueError,
) -> None:
    """Refuse images that lie on their side, are inverted, or stand under the wrong labels.

    Too few rows to judge by pass: a class counts from 20 rows on, and a verdict needs five classes. turned: whether
    they were transposed after they were read, as the raw files' must be.

    Raises `raised` with a sentence that names the fault and the cure.
    """
    edges = images[:: max(1, len(images) // 2_000)][:, [0, -1]]  # of enough images, evenly from all
    if len(images) and edges.mean() > 127:
        raise raised(f"The images of {source} are black on white: invert them (255 - image), EMNIST is white on black.")
    means = class_means(images, labels, len(label_set))
    seen = np.flatnonzero(~np.isnan(means[:, 0, 0]))
    if len(seen) < FEWEST_CLASSES:
        return
    reference = _reference_of(label_set)
    fits = {view: _correlation(turn(means[seen]), reference) for view, turn in VIEWS.items()}
    own = {view: fit[np.arange(len(seen)), seen].mean() for view, fit in fits.items()}
    best = max(own, key=own.__getitem__)
    if best != "upright" and own[best] > own["upright"] + 0.05:
        if turned and best == "transposed":
            raise raised(
                f"The images of {source} lie upright as stored: leave --transposed out, give raw files as Parquet, or "
                f"say transposed=False in Python."
            )
        raise raised(f"The images of {source} are {best}: {CURES[best]}.")
    # Under right labels a class is among the most like its own reference, though seldom first: 0 and O, 1 and I and l
    # are the same shape, and a source may hold one writer's hand or a font. Under wrong labels it may be anywhere.
    rank = (fits["upright"] > fits["upright"][np.arange(len(seen)), seen][:, None]).sum(axis=1)
    right = float((rank < max(3, len(label_set) // 4)).mean())
    if right < 0.7:
        worst = label_set.labels[seen[int(rank.argmax())]]
        raise raised(
            f"The labels of {source} do not fit its images (only {right:.0%} of classes look like themselves; "
            f"{worst!r} does not): check the split and whether its labels start at 0 or 1."
        )


def _reference_of(label_set: LabelSet) -> NDArray[np.float32]:
    """Return the reference shape of each label: the mean over the characters that it stands for."""
    shapes = reference_shapes()
    return np.stack([shapes[[CHARACTERS.index(c) for c in members]].mean(axis=0) for members in label_set.members])


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return Pearson's correlation of each picture of `a` with each of `b`: [A, 14, 14], [B, 14, 14] to [A, B]."""

    def standard(x: NDArray[np.float32]) -> NDArray[np.float32]:
        flat = x.reshape(len(x), -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)

    return standard(a) @ standard(b).T


if __name__ == "__main__":
    import sys

    from datasets import load_dataset

    table = load_dataset(sys.argv[1], "byclass", split="train")
    write_reference_shapes(np.stack([np.asarray(i) for i in table["image"]]), np.asarray(table["label"]))
