"""Lines of a page read as lines, by a network that is passed in: text, and each character with its place and score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.types import Bytes
from emnist_hf.progress import READING_LINE, counted
from emnist_hf.reading.components import Components
from emnist_hf.reading.ctc import Columns
from emnist_hf.reading.layout import Fragment
from emnist_hf.reading.line_boxes import place
from emnist_hf.reading.line_decoding import Sign, decode_line, is_in_capitals, masked, words_in
from emnist_hf.reading.line_ink import LineInk, Strip, line_ink, strips_of
from emnist_hf.reading.segmentation import Segment
from emnist_hf.reading.types import Boxes
from emnist_hf.reading.vocabulary import choose_vocabulary
from emnist_hf.splits import LabelSet


@dataclass(frozen=True)
class LineNetwork:
    """What reads lines.

    columns: strips, uint8 [48, W] each, to log probabilities, float32 [T, classes] each. score: from the probability
    that a column gives its label, and that of its word, to the probability that the label is right, all float64 [n].
    """

    columns: Callable[[Sequence[Bytes]], list[Columns]]
    score: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class ReadSign:
    """One character that was read in a line, with its box on the level page, int32 [4], and its components."""

    sign: Sign
    score: float
    box: Boxes
    members: list[int]


@dataclass(frozen=True)
class ReadLines:
    """The lines of a page as the network reads them; language: whose words it was read with, "" for none."""

    lines: list[list[ReadSign]]
    language: str


def read_lines(
    components: Components,
    lines: Sequence[Sequence[Fragment]],
    segments: Sequence[Sequence[Segment]],
    network: LineNetwork,
    target: LabelSet,
    language: str,
) -> ReadLines:
    """Read lines of fragments, one after the other, with the words of one language for all of them.

    segments: how each was cut into characters, for where they stand.
    """
    if not lines:
        return ReadLines([], "")
    inks = [line_ink(components, line) for line in lines]
    strips = strips_of(inks)
    columns = [masked(found, target) for found in network.columns([strip.pixels for strip in strips])]
    words = choose_vocabulary(language, [word for found in columns for word in words_in(found)])
    capitals = is_in_capitals(columns)
    read = [
        _placed(components, ink, strip, cut, decode_line(found, words, upper), network)
        for ink, strip, cut, found, upper in counted(READING_LINE, list(zip(inks, strips, segments, columns, capitals)))
    ]
    return ReadLines(read, words.language if words else "")


def _placed(
    components: Components,
    ink: LineInk,
    strip: Strip,
    segments: Sequence[Segment],
    signs: list[Sign],
    network: LineNetwork,
) -> list[ReadSign]:
    """Give each character of a line its score and its ink."""
    if not signs:
        return []
    spans = [(strip.column(sign.start), strip.column(sign.end)) for sign in signs]
    scores = network.score(np.array([s.frame for s in signs]), np.array([s.posterior for s in signs]))
    placed = place(components, ink.members, segments, "".join(sign.label for sign in signs), spans)
    return [ReadSign(s, float(p), box, members) for s, p, (box, members) in zip(signs, scores, placed)]
