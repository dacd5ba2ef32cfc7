"""Segments to characters: the evidence of shape, size and neighbours put together, and boxes in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from emnist_hf.ink import Ink
from emnist_hf.reading.components import belongs_to
from emnist_hf.reading.language_model import characters_in_words, normalized, page_frequencies, shape_likelihoods
from emnist_hf.reading.layout import Layout
from emnist_hf.reading.line_metrics import (
    baselines,
    choose_scales,
    dot_likelihoods,
    line_scale_scores,
    size_likelihoods,
    word_starts,
)
from emnist_hf.reading.line_reading import ReadSign
from emnist_hf.reading.results import Box, Character, Choice
from emnist_hf.reading.segmentation import Segment, probabilities_of
from emnist_hf.reading.types import Flags, Scores
from emnist_hf.splits import CHARACTERS, LabelSet

ALTERNATIVES = 5
"""Labels that a character keeps, at the most."""


@dataclass(frozen=True)
class _Line:
    """A line's segments, where words begin among them, bool [n], and what is known of those that are characters.

    shapes: likelihoods float64 [m, 62]. tops, bottoms: float64 [m], pixels over the baseline.
    """

    segments: list[Segment]
    starts: Flags
    shapes: Scores
    tops: Scores
    bottoms: Scores

    @property
    def letter_starts(self) -> Flags:
        """Where words begin, counted over the characters that are no punctuation, bool [m]."""
        words = np.cumsum(self.starts)[[s.is_character for s in self.segments]]
        return np.diff(words, prepend=0) > 0


def decode(lines: list[list[Segment]], layout: Layout, ink: Ink, target: LabelSet) -> list[Character]:
    """Decide what each segment is, in labels of the charset.

    lines: each with a segment at least that is no punctuation. layout, ink: what the segments were found in.
    """
    unit = layout.components.unit
    allowed = _membership(target).max(axis=1) > 0
    starts = word_starts([(_gaps(line), _height(line)) for line in lines])
    measured = [_measure(line, start, unit, allowed) for line, start in zip(lines, starts)]
    scales = choose_scales([line_scale_scores(normalized(m.shapes), m.tops, m.bottoms, unit) for m in measured])
    likelihoods = [m.shapes * size_likelihoods(m.tops, m.bottoms, scale * unit) for m, scale in zip(measured, scales)]
    frequencies = page_frequencies(np.concatenate(likelihoods), allowed) if likelihoods else allowed / allowed.sum()
    joints = [likelihood * frequencies for likelihood in likelihoods]
    found = characters_in_words(joints, [line.letter_starts for line in measured], frequencies)
    characters: list[Character] = []
    for number, (line, probabilities) in enumerate(zip(measured, found)):
        characters += _characters(line, probabilities, number, target, layout, ink)
    return characters


def picture_size(ink: Ink) -> tuple[int, int]:
    """Return width and height of the picture that ink came from, in its pixels."""
    height, width = ink.coverage.shape
    return round(width / ink.scale), round(height / ink.scale)


def _gaps(line: list[Segment]) -> Scores:
    """Gaps between neighbours in pixels; punctuation keeps to the word before it."""
    boxes = np.array([s.box for s in line], np.float64)
    return boxes[1:, 0] - np.maximum.accumulate(boxes[:, 2])[:-1]


def _height(line: list[Segment]) -> float:
    return float(np.median([s.box[3] - s.box[1] for s in line if s.is_character]))


def _measure(line: list[Segment], starts: Flags, unit: float, allowed: Flags) -> _Line:
    characters = [s for s in line if s.is_character]
    boxes = np.array([s.box for s in characters], np.float64)
    base = baselines(boxes[:, 0], boxes[:, 3], boxes[:, 2], unit)
    shapes = shape_likelihoods(probabilities_of(characters).astype(np.float64) + 1e-6) * allowed
    shapes = shapes * dot_likelihoods(np.array([s.dotted for s in characters]))
    return _Line(line, starts, shapes, base - boxes[:, 1], base - boxes[:, 3])


def _characters(line: _Line, found: Scores, number: int, target: LabelSet, layout: Layout, ink: Ink) -> list[Character]:
    """The characters of a line with their labels over the charset and their boxes in the picture."""
    rows = iter(normalized(found @ _membership(target)))
    kept = np.array([s.is_character or bool(s.punctuation) for s in line.segments])
    begun = np.cumsum(line.starts)
    words = np.searchsorted(np.unique(begun[kept]), begun)  # a word of which nothing is kept is not counted
    characters = []
    for segment, word in zip(line.segments, words):
        if segment.is_character:
            scores = next(rows)
            best = np.argsort(-scores, kind="stable")[:ALTERNATIVES]
            choices = tuple(Choice(target.labels[i], float(scores[i])) for i in best)
        elif segment.punctuation:
            choices = (Choice(segment.punctuation, segment.score),)
        else:
            continue
        members = [member for fragment in segment.fragments for member in fragment.members]
        box = _box_in_picture(segment.box, members, layout, ink)
        characters.append(Character(choices[0].label, choices[0].score, box, number, int(word), choices))
    return characters


@cache
def _membership(target: LabelSet) -> Scores:
    """Which of the 62 characters each label stands for, float64 [62, labels] of 0 and 1."""
    return np.array([[float(c in members) for members in target.members] for c in CHARACTERS])


def characters_of(
    signs: Sequence[ReadSign], number: int, target: LabelSet, layout: Layout, ink: Ink
) -> list[Character]:
    """Return what the line network read in a line, with labels over the charset and boxes in the picture."""
    names = _names(target)
    characters = []
    for read in signs:
        choices: dict[str, float] = {}
        for label, share in read.sign.alternatives:
            name = names.get(label, label)
            choices[name] = choices.get(name, 0.0) + share
        first = names.get(read.sign.label, read.sign.label)
        others = [(name, share) for name, share in choices.items() if name != first and share > 1e-4]
        left = (1 - read.score) / max(sum(share for _, share in others), 1 - read.score, 1e-9)
        ranked = sorted(others, key=lambda item: -item[1])[: ALTERNATIVES - 1]
        best = (Choice(first, read.score), *(Choice(n, min(p * left, read.score)) for n, p in ranked))
        left_, top, right, bottom = (int(v) for v in read.box)
        box = _box_in_picture((left_, top, right, bottom), read.members, layout, ink)
        characters.append(Character(first, read.score, box, number, read.sign.word, best))
    return characters


@cache
def _names(target: LabelSet) -> dict[str, str]:
    """Return the label of a charset that each of its characters goes by."""
    return {c: label for label, members in zip(target.labels, target.members) for c in members}


def _box_in_picture(box: Box, members: Sequence[int], layout: Layout, ink: Ink) -> Box:
    """A box of the level page in the picture's own pixels: around the ink where the page was put level or straight.

    members: the components that the ink is of; none where a character was read without ink of its own.
    """
    left, top, right, bottom = box
    rows = columns = np.zeros(0, np.int64)
    if members and not layout.is_square:
        rows, columns = np.nonzero(belongs_to(layout.components.labels[top:bottom, left:right], members))
    if not len(rows):
        places = np.array([[left, top], [right, bottom]], np.float64)
        soft = 0.0
    else:
        places, soft = np.stack([columns + left + 0.5, rows + top + 0.5], axis=1), 0.5
    before = (places - layout.matrix[:, 2]) @ layout.back
    size = np.array(picture_size(ink))  # rounding, and turning, may have led past the edge
    low = np.clip(np.floor((before.min(axis=0) - soft) / ink.scale), 0, size - 1)
    high = np.clip(np.ceil((before.max(axis=0) + soft) / ink.scale), low + 1, size)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
