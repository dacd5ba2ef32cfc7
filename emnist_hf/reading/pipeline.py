"""A picture of a page to its text: layout, segmentation, and the evidence of shape, size and company put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.ink import Ink, NoInkError, open_picture, to_ink
from emnist_hf.ink.geometry import Box
from emnist_hf.reading.language_model import characters_in_words, page_frequencies, shape_likelihoods
from emnist_hf.reading.layout import Layout, LevelPage, find_layout, find_level_page, letters_of, upright_page
from emnist_hf.reading.line_metrics import (
    baselines,
    choose_scales,
    dot_likelihoods,
    line_scale_scores,
    size_likelihoods,
    word_starts,
)
from emnist_hf.reading.marks import belongs_to
from emnist_hf.reading.preprocess import find_lean
from emnist_hf.reading.results import Character, Choice, Reading, text_of
from emnist_hf.reading.segmentation import Judge, Segment, clarity_after_turns, doubt_from_afar, segment
from emnist_hf.splits import CHARACTERS, LabelSet, fold_shape

NOTHING = "No writing was found in this picture: photograph a page of hand-printed text, straight on and in good light."


JOINED = (
    "This looks like joined handwriting, which is beyond what this reads: it knows printed letters, each on its own. "
    "What it made of it stands here all the same."
)


UNCLEAR = "Much of this is hard to read: a straight photo in good light, larger letters or a darker pen will help."


OTHERS = "Most of these characters look like none of those that were to be read: choose others, or all of them."


LEGIBLE = 36.0
"""Height of an ordinary character, in pixels, below which a page is looked at once more, larger."""


DISCERNIBLE, FOREIGN = 10.0, 0.6
"""Height of a character, in pixels, from which a mean doubt above the second says that there is no writing to look at
from near: of writing of that height it is 0.55 at the most, of cheetahs and specks 0.6 to 0.9."""


MOST_PIXELS = 7_000_000
"""Pixels at which a page is looked at from near, at the most."""


ALTERNATIVES = 5


WRITING = 0.3
"""Mean confidence less mean doubt, over all that might be a character, from which a picture shows writing.

Photographs of cats, flowers and people come to 0.15 at the most, hand-printed pages to more than 0.7.
"""


NOT_PRINTED = 0.15
"""Mean doubt from which writing is not hand-printed, or hardly to be read."""


TURNED = (
    "",
    "This page lies on its side, turned to the right: it was read as if it stood upright.",
    "This page lies upside down: it was read as if it stood upright.",
    "This page lies on its side, turned to the left: it was read as if it stood upright.",
)
"""What to say of a page that was read after so many quarter turns counterclockwise."""


CLEAR = 0.88
"""Mean score less mean doubt below which it is tried whether a page reads better turned: of pages composed with 19
writers and the tests' fonts six in seven come to more upright, and one in fifty upside down."""


STRONG, GAIN = 18.0, 0.01
"""Degrees of lean from which it is tried whether a page reads better without it, and by how much mean score less mean
doubt must gain: beyond it, letters stand under their neighbours. A page of A or 3 may seem to lean and does not."""


LIKELY, NEARLY = 0.4, 0.2
"""Clarity of a sample after a turn from which the turn is tried, and how far it may be below that after the best."""


def read_page(image: Any, judge: Judge, target: LabelSet, ink: Ink | None = None) -> Reading:
    """Read a page: anything `open_picture` takes, raising `PictureError` as it does; without writing it is no error.

    target: the charset to answer in. ink: the picture's, from `to_ink`, where it has been found already.
    """
    try:
        ink, page = _find_writing(open_picture(image), judge, ink)
    except NoInkError:
        return Reading("", (), NOTHING)
    found = _recognized(page, ink, target, judge)
    if found.trust < CLEAR:
        found = max([found, *_turned(page, ink, target, judge)], key=lambda found: found.trust)
    # One scrawl of a few may be a hard hand; among many, doubt evens out.
    if not found.lettered or found.clarity < WRITING - 1 / len(found.lettered):
        return Reading("", (), NOTHING, _size(ink))
    return Reading(text_of(found.characters), tuple(found.characters), _note(found), _size(ink), found.turns)


@dataclass(frozen=True)
class _Found:
    """What was found on a page after so many quarter turns: segments that are no punctuation, and all characters."""

    lettered: list[Segment]
    characters: list[Character]
    turns: int
    target: LabelSet

    @cached_property
    def doubt(self) -> float:
        """Mean doubt."""
        return float(np.mean([s.doubt for s in self.lettered])) if self.lettered else 1.0

    @cached_property
    def clarity(self) -> float:
        """Mean confidence less mean doubt, -1 to 1."""
        return float(np.mean([s.confidence for s in self.lettered])) - self.doubt if self.lettered else -1.0

    @cached_property
    def trust(self) -> float:
        """Mean score less mean doubt, -1 to 1."""
        return float(np.mean([c.score for c in self.characters])) - self.doubt if self.characters else -1.0

    @property
    def are_others(self) -> bool:
        """Whether more than half of the characters have rather the shape of something that is not in the charset."""
        shapes = {fold_shape(c) for members in self.target.members for c in members}
        fit = np.array([fold_shape(c) in shapes for c in CHARACTERS])
        found = np.array([s.probabilities for s in self.lettered if s.probabilities is not None])
        return float(np.median(found @ fit)) < 0.5

    @property
    def in_doubt(self) -> bool:
        """Whether more than half of the characters are."""
        return 2 * sum(c.in_doubt for c in self.characters) > len(self.characters)


def _recognized(page: LevelPage, ink: Ink, target: LabelSet, judge: Judge, turns: int = 0) -> _Found:
    """What is found on a page; where its writing leans strongly, also without the lean, and the better of the two."""
    found = _recognized_as_it_is(page, ink, target, judge, turns)
    if found.clarity < 0:  # print that leans by 50 degrees still comes to 0.7
        return found
    lean = find_lean(letters_of(page))
    if abs(lean) < STRONG:
        return found
    straight = _recognized_as_it_is(upright_page(page, lean), ink, target, judge, turns)
    return straight if straight.trust > found.trust + GAIN else found


def _recognized_as_it_is(page: LevelPage, ink: Ink, target: LabelSet, judge: Judge, turns: int) -> _Found:
    layout = find_layout(page)
    lines = segment(layout.marks, layout.lines, judge)
    lines = [line for line in lines if any(s.probabilities is not None for s in line)]
    lettered = [s for line in lines for s in line if s.probabilities is not None]
    return _Found(lettered, _read_lines(lines, layout, ink, target), turns, target)


def _turned(page: LevelPage, ink: Ink, target: LabelSet, judge: Judge) -> list[_Found]:
    """What is found after those quarter turns that a sample of the marks is clear after, and clearer than before."""
    if page.writing.any():
        clarity = clarity_after_turns(page, judge)
    else:  # rulings are found when they lie level, and until then hide the marks
        clarity = np.roll(clarity_after_turns(find_level_page(ink.coverage, 1), judge), 1)
    turns = [turn for turn in (1, 2, 3) if clarity[turn] > max(LIKELY, clarity[0], clarity.max() - NEARLY)]
    return [_recognized(find_level_page(ink.coverage, turn), ink, target, judge, turn) for turn in turns]


def _find_writing(picture: Image.Image, judge: Judge, ink: Ink | None) -> tuple[Ink, LevelPage]:
    """Ink and marks; small writing is looked at once more, from nearer. Raises `NoInkError`, also for no writing.

    The ink's scale is of the picture as it was given, and above 1 where that was enlarged.
    """
    ink = ink or to_ink(picture)
    page = find_level_page(ink.coverage)
    nearer = min(LEGIBLE / page.marks.unit, 3.0, (MOST_PIXELS / ink.coverage.size) ** 0.5)
    if nearer < 1.2 or not page.writing.any():
        return ink, page
    foreign = page.marks.unit >= DISCERNIBLE and doubt_from_afar(page, judge) > FOREIGN
    if foreign and clarity_after_turns(page, judge).max() < LIKELY:
        raise NoInkError
    longest = round(max(ink.coverage.shape) * nearer)
    del ink, page  # a look from near takes the more memory of the two
    enlarge = max(1.0, longest / max(picture.size))
    if enlarge > 1:
        size = (round(picture.width * enlarge), round(picture.height * enlarge))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    closer = to_ink(picture, max_side=longest)
    closer = replace(closer, scale=closer.scale * enlarge)
    return closer, find_level_page(closer.coverage)


def _size(ink: Ink) -> tuple[int, int]:
    height, width = ink.coverage.shape
    return round(width / ink.scale), round(height / ink.scale)


def _note(found: _Found) -> str:
    """What to say of a page that was read as what it is not, that is mostly in doubt, no print, or had to be turned."""
    if found.doubt < NOT_PRINTED and found.are_others:
        return OTHERS  # and no wonder that it is in doubt
    if found.doubt < NOT_PRINTED and not found.in_doubt:
        return TURNED[found.turns]
    cut = np.mean([any(piece.span is not None for piece in s.pieces) for s in found.lettered])
    return JOINED if cut > 0.4 else TURNED[found.turns] or UNCLEAR


@dataclass(frozen=True)
class _Line:
    """A line's segments and what is known of them: float64 [n, 62] for those that are no punctuation."""

    segments: list[Segment]
    starts: NDArray[np.bool_]
    shapes: NDArray[np.float64]
    tops: NDArray[np.float64]
    bottoms: NDArray[np.float64]

    @property
    def lettered(self) -> NDArray[np.int64]:
        return np.flatnonzero([segment.probabilities is not None for segment in self.segments])


def _read_lines(lines: list[list[Segment]], layout: Layout, ink: Ink, target: LabelSet) -> list[Character]:
    unit = layout.marks.unit
    allowed: NDArray[np.bool_] = _membership(target).max(axis=1) > 0
    starts = word_starts([(_gaps(line), _height(line)) for line in lines])
    measured = [_measure(line, start, unit, allowed) for line, start in zip(lines, starts)]
    scales = choose_scales([line_scale_scores(_normal(m.shapes), m.tops, m.bottoms, unit) for m in measured])
    likelihoods = [m.shapes * size_likelihoods(m.tops, m.bottoms, scale * unit) for m, scale in zip(measured, scales)]
    frequencies = page_frequencies(np.concatenate(likelihoods), allowed) if likelihoods else allowed / allowed.sum()
    characters: list[Character] = []
    joints = [likelihood * frequencies for likelihood in likelihoods]
    found = characters_in_words(joints, [_letter_starts(line) for line in measured], frequencies)
    for number, (line, probabilities) in enumerate(zip(measured, found)):
        characters += _characters(line, probabilities, number, target, layout, ink)
    return characters


def _normal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values / np.maximum(values.sum(axis=1, keepdims=True), 1e-30)


def _gaps(line: list[Segment]) -> NDArray[np.float64]:
    """Gaps between neighbours in pixels; punctuation keeps to the word before it."""
    boxes = np.array([s.box for s in line], np.float64)
    return boxes[1:, 0] - np.maximum.accumulate(boxes[:, 2])[:-1]


def _height(line: list[Segment]) -> float:
    heights = [s.box[3] - s.box[1] for s in line if s.probabilities is not None]
    return float(np.median(heights))


def _measure(line: list[Segment], starts: NDArray[np.bool_], unit: float, allowed: NDArray[np.bool_]) -> _Line:
    lettered = [s for s in line if s.probabilities is not None]
    boxes = np.array([s.box for s in lettered], np.float64)
    base = baselines(boxes[:, 0], boxes[:, 3], boxes[:, 2], unit)
    probabilities = np.stack([s.probabilities for s in lettered if s.probabilities is not None]).astype(np.float64)
    shapes = shape_likelihoods(probabilities + 1e-6) * allowed
    shapes = shapes * dot_likelihoods(np.array([s.dotted for s in lettered]))
    return _Line(line, starts, shapes, base - boxes[:, 1], base - boxes[:, 3])


def _letter_starts(line: _Line) -> NDArray[np.bool_]:
    """Where words begin, counted over the characters that are no punctuation, bool [n]."""
    words = np.cumsum(line.starts)[line.lettered]
    return np.diff(words, prepend=0) > 0


def _characters(
    line: _Line, found: NDArray[np.float64], number: int, target: LabelSet, layout: Layout, ink: Ink
) -> list[Character]:
    """The characters of a line with their labels over the charset and their boxes in the picture."""
    folded = found @ _membership(target)
    folded /= np.maximum(folded.sum(axis=1, keepdims=True), 1e-30)
    rows = iter(folded)
    kept = np.array([s.probabilities is not None or bool(s.punctuation) for s in line.segments])
    begun = np.cumsum(line.starts)
    words = np.searchsorted(np.unique(begun[kept]), begun)  # a word of which nothing is kept is not counted
    characters = []
    for segment_, word in zip(line.segments, words):
        box = _box_in_picture(segment_, layout, ink)
        if segment_.probabilities is None:
            if segment_.punctuation:
                sign, score = segment_.punctuation, segment_.confidence
                characters.append(Character(sign, score, box, number, int(word), (Choice(sign, score),)))
            continue
        scores = next(rows)
        best = np.argsort(-scores, kind="stable")[:ALTERNATIVES]
        choices = tuple(Choice(target.labels[i], float(scores[i])) for i in best)
        characters.append(Character(choices[0].label, choices[0].score, box, number, int(word), choices))
    return characters


@cache
def _membership(target: LabelSet) -> NDArray[np.float64]:
    """Which of the 62 characters each label stands for, float64 [62, labels] of 0 and 1."""
    return np.array([[float(c in members) for members in target.members] for c in CHARACTERS])


def _box_in_picture(segment_: Segment, layout: Layout, ink: Ink) -> Box:
    """A box of the level page in the picture's own pixels: around the ink where the page was put level or straight."""
    left, top, right, bottom = segment_.box
    if layout.is_square:
        places = np.array([[left, top], [right, bottom]], np.float64)
        soft = 0.0
    else:
        members = [m for piece in segment_.pieces for m in piece.members]
        rows, columns = np.nonzero(belongs_to(layout.marks.labels[top:bottom, left:right], members))
        places, soft = np.stack([columns + left + 0.5, rows + top + 0.5], axis=1), 0.5
    before = (places - layout.matrix[:, 2]) @ layout.back
    corners = before.min(axis=0) - soft, before.max(axis=0) + soft
    low, high = np.floor(corners[0] / ink.scale), np.ceil(corners[1] / ink.scale)
    size = np.array(_size(ink))  # rounding, and turning, may have led past the edge
    low = np.clip(low, 0, size - 1)
    high = np.clip(high, low + 1, size)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
