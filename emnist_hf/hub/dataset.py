"""The official raw files as a clean Parquet data set on the Hub: a configuration a split, upright, with named labels.

Rows are loaded as those of every other source, written as Parquet a block at a time, and go to the Hub in one commit:
memory stays the same however many there are, and an upload that breaks off leaves the data set as it was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from emnist_hf.data.idx import open_raw
from emnist_hf.data.rows import Rows
from emnist_hf.data.sources import load_parts
from emnist_hf.hub_session import check_repo_id, hub_session, retry
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import SPLITS, Split

if TYPE_CHECKING:
    from PIL import Image


Labels = NDArray[np.int64]

TEMPLATE = Path(__file__).with_name("templates") / "dataset.md"
BLOCK = 2048  # rows of a row group
SHARD_ROWS = 100 * BLOCK  # of a Parquet file: some 70 MB
SAMPLES = 8  # of each class, on the sheet
ACROSS = 31  # classes in a row of the sheet
PNG = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT, cv2.IMWRITE_PNG_COMPRESSION, 6]
"""Smaller and, at this size, five times as quick as OpenCV's own choice."""


@dataclass
class Counted:
    """What was written of one split: rows of each class by part, and a few images of each class."""

    split: Split
    classes: dict[str, Labels] = field(default_factory=dict)
    samples: dict[int, list[NDArray[np.uint8]]] = field(default_factory=dict)

    def rows(self, part: str) -> int:
        """Return how many rows a part has; none where there is no such part."""
        return int(self.classes[part].sum()) if part in self.classes else 0

    @property
    def is_official(self) -> bool:
        """Tell whether it has as many rows as the official split."""
        return (self.rows("train"), self.rows("test")) == (self.split.train_rows, self.split.test_rows)

    @property
    def range_of_classes(self) -> tuple[int, int]:
        """Rows of the rarest and of the most frequent class, in train if there is such a part."""
        each = self.classes.get("train", next(iter(self.classes.values())))
        return int(each.min()), int(each.max())


def publish_dataset(
    source: str | Path, repo: str, *, private: bool = False, token: str | None = None
) -> dict[str, Any]:
    """Publish the official raw files, a `gzip.zip` or a folder, as the Hub data set `repo` (user/name).

    It is made if there is none, and replaced as a whole if there is one. `token`: by default that of `hf auth login`.

    Returns the data set's id and address, the commit's id, and rows by split and part.

    Raises `DataError` for a source that is not EMNIST, `HubError` where the Hub does not take it; both leave what is
    there as it was.
    """
    check_repo_id(repo)
    splits = list(open_raw(source))  # refused before the Hub is asked
    with hub_session(repo, token) as api, tempfile.TemporaryDirectory() as folder:
        written = write_dataset(source, Path(folder), repo, splits)
        retry(api.create_repo, repo, repo_type="dataset", private=private, exist_ok=True)
        commit = retry(
            api.upload_folder,
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            commit_message="Publish EMNIST from the official raw files",
            delete_patterns=["*.parquet", "samples/*"],
        )
    counts = {
        found.split.name: {part: found.rows(part) for part in found.classes} | {"official": found.is_official}
        for found in written
    }
    return {"dataset": repo, "url": f"{api.endpoint}/datasets/{repo}", "commit": commit.oid, "splits": counts}


def write_dataset(source: str | Path, folder: Path, repo: str, splits: Sequence[str] | None = None) -> list[Counted]:
    """Write raw files as Parquet, with sheets of samples and the card of `repo`; of all `splits` that are there.

    Raises `DataError` as `data.idx.open_raw` and `data.sources.load_parts` do.
    """
    written = []
    for name in splits or open_raw(source):
        counted = Counted(SPLITS[name])
        for part, rows in load_parts(name, source).items():
            _write_part(part, rows, folder, counted)
        (folder / "samples").mkdir(exist_ok=True)
        sheet(counted).save(folder / "samples" / f"{name}.png")
        written.append(counted)
    (folder / "README.md").write_text(card(written, repo), encoding="utf-8")
    return written


def _write_part(part: str, rows: Rows, folder: Path, counted: Counted) -> None:
    """Write the Parquet files of a part, count its rows and keep samples."""
    split, shards = counted.split, max(1, -(-len(rows) // SHARD_ROWS))
    counted.classes[part] = np.bincount(rows.labels, minlength=len(split.labels))
    with tqdm(total=len(rows), desc=f"{split.title} {part}", unit=" rows", unit_scale=True, delay=1) as bar:
        for shard in range(shards):
            of_shard = rows.take(slice(shard * SHARD_ROWS, (shard + 1) * SHARD_ROWS))
            with _writing(folder / split.name / f"{part}-{shard:05}-of-{shards:05}.parquet", split) as write:
                for start in range(0, len(of_shard), BLOCK):
                    block = slice(start, start + BLOCK)
                    images, labels = of_shard.images[block], of_shard.labels[block]
                    write(images, labels)
                    _keep_samples(counted.samples, images, labels)
                    bar.update(len(labels))


@contextmanager
def _writing(path: Path, split: Split) -> Iterator[Callable[[NDArray[np.uint8], Labels], None]]:
    """Open a Parquet file; each call appends a row group of images uint8 [n, 28, 28] and labels int64 [n]."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import ClassLabel, Features
    from datasets import Image as ImageFeature

    schema = Features({"image": ImageFeature(), "label": ClassLabel(names=list(split.labels))}).arrow_schema
    path.parent.mkdir(exist_ok=True)
    with pq.ParquetWriter(path, schema) as writer:

        def write(images: NDArray[np.uint8], labels: Labels) -> None:
            pictures = [{"bytes": cv2.imencode(".png", image, PNG)[1].tobytes(), "path": None} for image in images]
            writer.write_table(pa.table({"image": pictures, "label": labels}, schema=schema))

        yield write


def _keep_samples(samples: dict[int, list[NDArray[np.uint8]]], images: NDArray[np.uint8], labels: Labels) -> None:
    """Keep the first `SAMPLES` of each class."""
    for label in np.unique(labels).tolist():
        kept = samples.setdefault(label, [])
        if len(kept) < SAMPLES:
            kept += list(images[labels == label][: SAMPLES - len(kept)].copy())


def sheet(counted: Counted) -> Image.Image:
    """Draw the first few images of each class below one another, classes side by side in their order, in rows of 31."""
    from PIL import Image

    classes = len(counted.split.labels)
    bands = -(-classes // ACROSS)
    pixels = np.zeros((bands, SAMPLES, SIDE, min(classes, ACROSS), SIDE), np.uint8)
    for label, images in counted.samples.items():
        band, column = divmod(label, ACROSS)
        for row, image in enumerate(images):
            pixels[band, row, :, column] = image
    return Image.fromarray(pixels.reshape(bands * SAMPLES * SIDE, -1))


def card(written: list[Counted], repo: str) -> str:
    """Return the card of a data set: metadata with the configurations, counts, and a sheet of samples of each split."""
    from huggingface_hub import DatasetCard, DatasetCardData

    data = DatasetCardData(
        pretty_name="EMNIST",
        license="other",
        license_name="us-government-work",
        license_link="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        task_categories=["image-classification"],
        annotations_creators=["expert-generated"],
        source_datasets=["original"],
        size_categories=[size_category(sum(found.rows(part) for found in written for part in found.classes))],
        tags=["emnist", "handwriting", "ocr", "mnist"],
        configs=[_configuration(found, is_first=found is written[0]) for found in written],
    )
    others = [found.split.title for found in written if not found.is_official]
    values = {"repo": repo, "written": written, "others": others, "samples": SAMPLES}
    return f"{DatasetCard.from_template(data, str(TEMPLATE), **values)}\n"


def _configuration(counted: Counted, is_first: bool) -> dict[str, Any]:
    name = counted.split.name
    files = [{"split": part, "path": f"{name}/{part}-*.parquet"} for part in counted.classes]
    return {"config_name": name, "data_files": files} | ({"default": True} if is_first else {})


def size_category(rows: int) -> str:
    """Return the Hub's own words for how many rows a data set has."""
    limits = {"n<1K": 1e3, "1K<n<10K": 1e4, "10K<n<100K": 1e5, "100K<n<1M": 1e6, "1M<n<10M": 1e7}
    return next((words for words, limit in limits.items() if rows < limit), "10M<n<100M")
