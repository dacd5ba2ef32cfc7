"""Builders of `datasets`: what prepares one part of a source in its cache, and our own builder for raw IDX files."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from datasets import ArrowBasedBuilder, Dataset, DatasetBuilder, DatasetInfo, DownloadMode, SplitGenerator
from datasets.builder import Key

from emnist_hf.data.idx import RawPart, fingerprint
from emnist_hf.data.images import CHUNK
from emnist_hf.data.rows import features_of, to_table


def prepare(builder: DatasetBuilder, part: str, again: bool) -> Dataset:
    """Return a part, memory-mapped, from the cache, which is filled where it lacks it, or where `again` is true."""
    builder.download_and_prepare(download_mode=DownloadMode.FORCE_REDOWNLOAD if again else None)
    if not builder.info.splits[part].num_examples:  # which as_dataset refuses
        return Dataset.from_dict({column: [] for column in builder.info.features}, builder.info.features)
    return builder.as_dataset(split=part)


class IdxBuilder(ArrowBasedBuilder):
    """One part of a split, upright, with labels in the official order; its place in the cache goes by its files."""

    def __init__(self, raw: RawPart, transposed: bool, version: str) -> None:
        self.raw, self.transposed = raw, transposed
        name = f"{raw.split.name}-{raw.part}"
        state = fingerprint(version, transposed, raw.images.state, raw.labels.state)
        super().__init__(dataset_name="emnist", config_name=name, config_id=f"{name}-{state}", writer_batch_size=CHUNK)

    def _info(self) -> DatasetInfo:
        return DatasetInfo(features=features_of(self.raw.split.label_set))

    def _split_generators(self, dl_manager: object) -> list[SplitGenerator]:
        return [SplitGenerator(name=self.raw.part)]

    def _generate_tables(self) -> Iterator[tuple[Key, pa.Table]]:
        for number, (images, labels) in enumerate(self.raw.blocks(CHUNK, self.transposed)):
            yield Key(0, number), to_table(images, labels, self.raw.split.label_set)
