"""A picture of a page to its text: how it is looked at, which candidate reads best, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from emnist_hf.ink import BLANK, Ink, NoInkError, open_picture, to_ink
from emnist_hf.reading.decoding import characters_of, decode, picture_size
from emnist_hf.reading.judge import judge
from emnist_hf.reading.layout import Layout, LevelPage, find_layout, find_level_page, letters_of, upright_page
from emnist_hf.reading.line_reading import LineNetwork, read_lines
from emnist_hf.reading.preprocess import find_lean
from emnist_hf.reading.results import Character, Reading, text_of
from emnist_hf.reading.scoring import Classifier, sample_p_reject, sample_scores
from emnist_hf.reading.segmentation import Segment, probabilities_of, segment
from emnist_hf.splits import CHARACTERS, LabelSet, fold_shape

NOTHING = "No writing was found in this picture: photograph a page of hand-printed text, straight on and in good light."
JOINED = "This looks like joined handwriting, which is read with more mistakes than print: check the marked letters."
UNCLEAR = "Much of this is hard to read: a straight photo in good light, larger letters or a darker pen will help."
OTHERS = "Most of these characters look like none of those that were to be read: choose others, or all of them."
TURNED = (
    "",
    "This page lies on its side, turned to the right: it was read as if it stood upright.",
    "This page lies upside down: it was read as if it stood upright.",
    "This page lies on its side, turned to the left: it was read as if it stood upright.",
)
"""What to say of a page that was read after so many quarter turns counterclockwise."""

LEGIBLE_HEIGHT = 36.0
"""Height of an ordinary character, in pixels, below which a page is looked at once more, larger."""

MAX_PIXELS = 7_000_000
"""Pixels at which a page is looked at from near, at the most."""

DISCERNIBLE_HEIGHT = 10.0
"""Height of an ordinary character, in pixels, from which p_reject tells if there is writing to look at from near."""

FOREIGN_P_REJECT = 0.6
"""Mean p_reject above which there is none: of writing it is 0.55 at the most, of cheetahs and specks 0.6 to 0.9."""

WRITING_SCORE = 0.3
"""Score of the shapes, less p_reject, from which a picture shows writing.

Photographs of cats, flowers and people come to 0.15 at the most, hand-printed pages to more than 0.7.
"""

UNPRINTED_P_REJECT = 0.15
"""Mean p_reject from which writing is not hand-printed, or hardly to be read."""

STRONG_LEAN = 18.0
"""Degrees of lean from which it is tried if a page reads better without it: letters stand under their neighbours."""

LEAN_GAIN = 0.01
"""How much better it must read: a page of A or 3 may seem to lean and does not."""

CLEAR_SCORE, BLOT = 0.8, 0.35
"""Mean score of the shapes of a page's middling line from which it is clear, and how far below it a line is a blot."""

JOINED_SCORES = {2: 0.75, 3: 0.55}
"""Mean score from which so many characters that the line network reads, or more, are writing, whatever their pieces."""

JOINED_WORDS = 40
"""Components up to which what looks like no characters may be joined words."""

UPRIGHT_SCORE = 0.97
"""Score below which it is tried whether a page reads better turned: upside down, words such as "moon" come to 0.9 and
more, as they consist of letters that are others then."""

TURN_SCORE = 0.4
"""Score less p_reject that a sample comes to after a turn, from which the page is read after it."""

TURN_MARGIN = 0.2
"""How far that may be below what the sample comes to after the best turn."""


def read_page(
    image: Any,
    classifier: Classifier,
    target: LabelSet,
    ink: Ink | None = None,
    network: LineNetwork | None = None,
    language: str = "auto",
) -> Reading:
    """Read a page: anything `open_picture` takes, raising `PictureError` as it does; without writing it is no error.

    target: the charset to answer in. ink: the picture's, from `to_ink`, where it has been found already. network: reads
    whole lines; without it all is read character by character. language: as `vocabulary.CHOICES`.
    """
    try:
        ink, page = _find_writing(image, classifier, ink)
    except NoInkError as error:
        return Reading("", (), NOTHING if str(error) == BLANK else str(error))
    reader = PageReader(ink, target, classifier, network, language)
    candidates = reader.candidates(page, 0)
    if max(candidate.score for candidate in candidates) < UPRIGHT_SCORE:
        for turns in _likely_turns(page, ink, classifier):
            turned = reader.candidates(find_level_page(ink.coverage, turns), turns)
            candidates += [candidate for candidate in turned if candidate.is_page]
    best = max(candidates, key=lambda candidate: candidate.score)
    if not best.is_writing:
        return Reading("", (), NOTHING, picture_size(ink))
    note = _note(best, target)
    doubtful = note in (JOINED, UNCLEAR)
    text = text_of(best.characters)
    return Reading(
        text,
        tuple(best.characters),
        note,
        picture_size(ink),
        best.turns,
        doubtful=doubtful,
        language=best.language,
    )


def _find_writing(image: Any, classifier: Classifier, ink: Ink | None) -> tuple[Ink, LevelPage]:
    """Find ink and components; small writing is looked at once more, from nearer.

    The ink's scale is of the picture as it was given, and above 1 where that was enlarged. Raises `NoInkError`, also
    where there is ink but no writing.
    """
    ink = ink or to_ink(image)
    page = find_level_page(ink.coverage)
    height = page.components.unit
    nearer = min(LEGIBLE_HEIGHT / height, 3.0, (MAX_PIXELS / ink.coverage.size) ** 0.5)
    if nearer < 1.2 or not page.writing.any():
        return ink, page
    foreign = height >= DISCERNIBLE_HEIGHT and sample_p_reject(page, classifier) > FOREIGN_P_REJECT
    if foreign and sample_scores(page, classifier).max() < TURN_SCORE:
        if page.writing.sum() > JOINED_WORDS:
            raise NoInkError
        return ink, page
    longest = round(max(ink.coverage.shape) * nearer)
    del ink, page  # a look from near takes the more memory of the two
    picture = open_picture(image)
    enlarge = max(1.0, longest / max(picture.size))
    if enlarge > 1:
        size = (round(picture.width * enlarge), round(picture.height * enlarge))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    closer = to_ink(picture, max_side=longest)
    closer = replace(closer, scale=closer.scale * enlarge)
    return closer, find_level_page(closer.coverage)


# --- candidates ---


@dataclass(frozen=True)
class _Candidate:
    """A page as it reads after so many quarter turns: the segments of each line of its layout, and all characters.

    language: whose words some of its lines were read with. as_lines: share of the characters that the line network
    read.
    """

    layout: Layout
    lines: list[list[Segment]]
    characters: list[Character]
    turns: int
    language: str = ""
    as_lines: float = 0.0

    @cached_property
    def segments(self) -> list[Segment]:
        """All segments that are no punctuation, of lines that have one."""
        return [s for line in self.lines for s in line if s.is_character]

    @cached_property
    def p_reject(self) -> float:
        """The mean of the segments; 1 without any."""
        return float(np.mean([s.p_reject for s in self.segments])) if self.segments else 1.0

    @cached_property
    def shape_score(self) -> float:
        """Mean score of the segments less p_reject, -1 to 1."""
        return float(np.mean([s.score for s in self.segments])) - self.p_reject if self.segments else -1.0

    @cached_property
    def score(self) -> float:
        """Mean score of the characters less p_reject, as far as they were read one by one, -1 to 1."""
        if not self.characters:
            return -1.0
        return float(np.mean([c.score for c in self.characters])) - (1 - self.as_lines) * self.p_reject

    @property
    def is_page(self) -> bool:
        """Whether there is enough to tell how a page lies by: a mark alone, or a word, is never turned."""
        words = [(c.line, c.word) for c in self.characters]
        return len(words) >= 10 or sum(words.count(word) > 2 for word in set(words)) > 1

    @property
    def is_writing(self) -> bool:
        """Whether there is any writing. One scrawl of a few may be a hard hand; among many, scores even out."""
        needed = JOINED_SCORES.get(min(len(self.characters), 3), 1.0)
        if self.as_lines > 0.5 and self.score > needed:
            return True
        return bool(self.segments) and self.shape_score >= WRITING_SCORE - 1 / len(self.segments)


@dataclass(frozen=True)
class PageReader:
    """What a page is read with."""

    ink: Ink
    target: LabelSet
    classifier: Classifier
    network: LineNetwork | None
    language: str

    def candidates(self, page: LevelPage, turns: int) -> list[_Candidate]:
        """Read a page as it lies; where its writing leans strongly and reads better without the lean, also so."""
        leaning = self.read(page, turns)
        if leaning.shape_score < 0:  # print that leans by 50 degrees still comes to 0.7
            return [leaning]
        lean = find_lean(letters_of(page))
        if abs(lean) < STRONG_LEAN:
            return [leaning]
        straight = self.read(upright_page(page, lean), turns)
        return [leaning, straight] if straight.score > leaning.score + LEAN_GAIN else [leaning]

    def read(self, page: LevelPage, turns: int) -> _Candidate:
        """Read a page that lies level, character by character, and where there is a network for it by lines."""
        layout = find_layout(page)
        lines = segment(layout.components, layout.lines, self.classifier) or [[] for _ in layout.lines]
        written = [line for line in lines if any(s.is_character for s in line)]
        found = _Candidate(layout, lines, decode(written, layout, self.ink, self.target), turns)
        return found if self.network is None else self.by_lines(found, self.network)

    def by_lines(self, found: _Candidate, network: LineNetwork) -> _Candidate:
        """Read the lines of a page as lines too, and keep of each what `judge` takes for the better."""
        layout = found.layout
        read = read_lines(layout.components, layout.lines, found.lines, network, self.target, self.language)
        numbers = iter(range(len(found.lines)))
        by_line = {number: [c for c in found.characters if c.line == number] for number in range(len(found.lines))}
        lines: list[list[Character]] = []
        whole: list[bool] = []  # whether a line is as the network reads it
        language = ""
        for segments, signs in zip(found.lines, read.lines):
            printed = by_line[next(numbers)] if any(s.is_character for s in segments) else []
            lined = characters_of(signs, 0, self.target, layout, self.ink)
            chosen = judge(segments, printed, lined)
            language = read.language if lined else language
            if chosen:
                lines.append(chosen)
                whole.append([c.label for c in chosen] == [c.label for c in lined])
        kept = _no_blots(lines)
        characters = [replace(c, line=number) for number, i in enumerate(kept) for c in lines[i]]
        share = sum(len(lines[i]) for i in kept if whole[i]) / max(len(characters), 1)
        return replace(found, characters=characters, language=language, as_lines=share)


def _no_blots(lines: list[list[Character]]) -> list[int]:
    """Find the lines that do not read badly where the others read well, as grain and what shines through do."""
    scores = [float(np.mean([_shape_score(c) for c in line])) for line in lines]
    middling = float(np.median(scores)) if len(lines) > 2 else 0.0
    return [i for i, score in enumerate(scores) if middling < CLEAR_SCORE or score >= middling - BLOT]


def _shape_score(character: Character) -> float:
    """Return the probability that a character has the shape it was read as, whichever of l, I and 1 it is."""
    shape = fold_shape(character.label) if character.label in CHARACTERS else character.label
    alike = [a.score for a in character.alternatives if a.label in CHARACTERS and fold_shape(a.label) == shape]
    return max(character.score, sum(alike))


def _likely_turns(page: LevelPage, ink: Ink, classifier: Classifier) -> list[int]:
    """Find the quarter turns after which a sample of the components reads well, and better than before."""
    if page.writing.any():
        scores = sample_scores(page, classifier)
    else:  # rulings are found when they lie level, and until then hide the components
        scores = np.roll(sample_scores(find_level_page(ink.coverage, 1), classifier), 1)
    return [turns for turns in (1, 2, 3) if scores[turns] > max(TURN_SCORE, scores[0], scores.max() - TURN_MARGIN)]


# --- what is said of a page ---


def _note(found: _Candidate, target: LabelSet) -> str:
    """What to say of a page that was read as what it is not, that reads badly, is no print, or had to be turned."""
    printed = found.p_reject < UNPRINTED_P_REJECT
    if printed and _are_others(found.segments, target):
        return OTHERS  # and no wonder that its scores are low
    low = sum(c.has_low_score for c in found.characters)
    if (printed or found.as_lines > 0.5) and 2 * low <= len(found.characters):
        return TURNED[found.turns]
    cut = np.mean([any(fragment.span is not None for fragment in s.fragments) for s in found.segments])
    return JOINED if cut > 0.4 else TURNED[found.turns] or UNCLEAR


def _are_others(segments: list[Segment], target: LabelSet) -> bool:
    """Whether more than half of the characters have rather the shape of something that is not in the charset."""
    shapes = {fold_shape(c) for members in target.members for c in members}
    fit = np.array([fold_shape(c) in shapes for c in CHARACTERS])
    return float(np.median(probabilities_of(segments) @ fit)) < 0.5
