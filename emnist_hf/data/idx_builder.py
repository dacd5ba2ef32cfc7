"""Raw IDX files as a data set in the cache of `datasets`, memory-mapped like those of every other source."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from datasets import ArrowBasedBuilder, DatasetInfo, SplitGenerator
from datasets.builder import Key
from datasets.fingerprint import Hasher

from emnist_hf.data.idx import RawPart
from emnist_hf.data.images import CHUNK
from emnist_hf.data.rows import features_of, to_table


class IdxBuilder(ArrowBasedBuilder):
    """One part of a split, upright, with labels in the official order; its place in the cache goes by its files."""

    def __init__(self, raw: RawPart, transposed: bool, version: str) -> None:
        self.raw, self.transposed = raw, transposed
        name = f"{raw.split.name}-{raw.part}"
        state = Hasher.hash([version, transposed, raw.images.state, raw.labels.state])
        super().__init__(dataset_name="emnist", config_name=name, config_id=f"{name}-{state}", writer_batch_size=CHUNK)

    def _info(self) -> DatasetInfo:
        return DatasetInfo(features=features_of(self.raw.split.label_set))

    def _split_generators(self, dl_manager: object) -> list[SplitGenerator]:
        return [SplitGenerator(name=self.raw.part)]

    def _generate_tables(self) -> Iterator[tuple[Key, pa.Table]]:
        for number, (images, labels) in enumerate(self.raw.blocks(CHUNK, self.transposed)):
            yield Key(0, number), to_table(images, labels, self.raw.split.label_set)
