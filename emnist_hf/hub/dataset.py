"""The official raw files as a clean Parquet data set on the Hub: a configuration a split, upright, with named labels.

Rows are streamed from the archive into Parquet a block at a time, and go to the Hub in one commit: memory stays the
same however many there are, and an upload that breaks off leaves the data set as it was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from emnist_hf.data.idx import BLOCK, RawPart, open_raw
from emnist_hf.data.orientation import check_reference_shapes
from emnist_hf.data.rows import DataError
from emnist_hf.hub_session import check_repo_id, hub_session, retry
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import SPLITS, Split

if TYPE_CHECKING:
    from PIL import Image


Labels = NDArray[np.int64]

TEMPLATE = Path(__file__).with_name("templates") / "dataset.md"
SHARD_ROWS = 100 * BLOCK  # of a Parquet file: some 70 MB
CHECKED = 10_000  # rows of a part, evenly from all, that are compared with what EMNIST looks like
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
    raw = open_raw(source)
    with hub_session(repo, token) as api, tempfile.TemporaryDirectory() as folder:
        written = write_dataset(raw, Path(folder), repo)
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


def write_dataset(raw: dict[str, dict[str, RawPart]], folder: Path, repo: str) -> list[Counted]:
    """Write what `open_raw` found as Parquet, with sheets of samples and the card of `repo`. Raises `DataError`."""
    written = []
    for name, parts in raw.items():
        counted = Counted(SPLITS[name])
        for part in parts.values():
            _write_part(part, folder, counted)
        (folder / "samples").mkdir(exist_ok=True)
        sheet(counted).save(folder / "samples" / f"{name}.png")
        written.append(counted)
    (folder / "README.md").write_text(card(written, repo), encoding="utf-8")
    return written


def _write_part(raw: RawPart, folder: Path, counted: Counted) -> None:
    """Write the Parquet files of a part and count its rows; on the way, see that it is EMNIST and upright."""
    about, every = f"{raw.split.title} {raw.part}", max(1, raw.rows // CHECKED)
    shards = max(1, -(-raw.rows // SHARD_ROWS))
    counts, kept = np.zeros(len(raw.split.labels), np.int64), []
    with tqdm(total=raw.rows, desc=about, unit=" rows", unit_scale=True, mininterval=0.5, delay=1) as bar:
        blocks = raw.blocks(BLOCK)
        for shard in range(shards):
            path = folder / raw.split.name / f"{raw.part}-{shard:05}-of-{shards:05}.parquet"
            with _writing(path, raw.split) as write:
                for images, labels in islice(blocks, None if shard == shards - 1 else SHARD_ROWS // BLOCK):
                    write(images, labels)
                    kept.append((images[::every].copy(), labels[::every]))
                    counts += np.bincount(labels, minlength=len(counts))
                    _keep_samples(counted.samples, images, labels)
                    bar.update(len(labels))
    if kept:
        sample, numbers = (np.concatenate(arrays) for arrays in zip(*kept))
        check_reference_shapes(sample, numbers, raw.split.label_set, about, raised=DataError)
    counted.classes[raw.part] = counts


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
