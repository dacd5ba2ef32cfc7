"""The ink of one line, cut out and level, to its characters: what a box of a form holds."""

from __future__ import annotations

import numpy as np

from emnist_hf.ink import Ink
from emnist_hf.ink.types import Floats
from emnist_hf.reading.components import find_components
from emnist_hf.reading.layout import LevelPage
from emnist_hf.reading.line_reading import LineNetwork
from emnist_hf.reading.pipeline import PageReader
from emnist_hf.reading.results import Character
from emnist_hf.reading.scoring import Classifier
from emnist_hf.splits import LabelSet

MARGIN = 8
"""Pixels of paper around the ink: what lies at the edge of a page was cut off, and is no writing."""


def read_crop(
    coverage: Floats,
    classifier: Classifier,
    target: LabelSet,
    network: LineNetwork | None = None,
    language: str = "auto",
) -> list[Character]:
    """Read ink that lies level and upright, coverage float32 [H, W]: its characters, boxes in the pixels of that.

    network, language: as `pipeline.read_page`.
    """
    framed = np.pad(coverage, MARGIN)
    page = LevelPage(*find_components(framed), np.array([[1.0, 0, -MARGIN], [0, 1, -MARGIN]]))
    if not page.writing.any():
        return []
    reader = PageReader(Ink(framed, (0, 0, 0), False, 1.0), target, classifier, network, language)
    found = reader.read(page, 0)
    return found.characters if found.is_writing else []
