"""Fragments to characters: which fragments make one character together, and where a touching pair is cut.

A lattice of hypotheses, each a run of neighbouring fragments read as one character, is scored by the classifier, and
the best path through it is found by dynamic programming: over-segmentation and recognition, section 3 of Casey and
Lecolinet 1996.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.reading.components import INK, Components
from emnist_hf.reading.language_model import WRITTEN, page_frequencies, shape_likelihoods
from emnist_hf.reading.layout import Fragment, ink_gap, picture_of_fragments
from emnist_hf.reading.lines import LETTER
from emnist_hf.reading.punctuation import is_bar, is_stroke, may_be_punctuation, punctuation_of
from emnist_hf.reading.results import Box
from emnist_hf.reading.scoring import SAMPLE, Classifier, Run, RunScores, mean_p_reject, score_runs, shape_scores
from emnist_hf.splits import CHARACTERS

LONGEST_RUN = 4
"""Fragments of one character at the most."""

CUT_PRIOR = 0.01
"""How often two neighbours within one component are two characters that touch and not one."""

INNER = 0.5
"""Gap, as a share of the line's usual one, at which `JOINED` is halved."""

JOINED = 0.65
"""How often neighbours that all but touch are parts of one character."""

PAGE_WEIGHT = 400.0
"""As `language_model.PAGE`, for what the page's frequencies say about where characters end."""

MIN_PRIOR_RATIO = 0.3
"""How much rarer than beforehand a character counts on a page, at the most."""

MAX_PRIOR_RATIO = 40.0
"""How much more frequent than beforehand a character counts on a page, at the most."""

MAX_P_REJECT = 0.9
"""p_reject that counts at the most in the choice of a path: of an A whose leg stands apart the network is sure that it
is two characters, and a page of A knows better."""

CLEAR_OF_BAR = 0.06
"""Gap, in heights of a character, from which a level bar is a hyphen and no part of its neighbour."""

NOT_WRITING = 0.5
"""Mean p_reject from which what was found on a page is not writing: a cat, leaves, noise."""

HIGH_SCORE = 0.9
"""Score from which a fragment that stands clear is taken for a character without looking further."""


@dataclass(frozen=True)
class Segment:
    """A run of fragments read as one character, or as punctuation.

    probabilities: float32 [62], or None for punctuation. score, p_reject: as `results` has them. dotted: whether a dot
    stands above the rest of it.
    """

    fragments: Run
    probabilities: NDArray[np.float32] | None
    score: float
    p_reject: float = 0.0
    punctuation: str = ""
    dotted: bool = False

    @property
    def is_character(self) -> bool:
        """Whether it is no punctuation."""
        return self.probabilities is not None

    @property
    def box(self) -> Box:
        lefts, tops, rights, bottoms = zip(*(fragment.box for fragment in self.fragments))
        return min(lefts), min(tops), max(rights), max(bottoms)


def probabilities_of(segments: Sequence[Segment]) -> NDArray[np.float32]:
    """Return the probabilities of the segments that are no punctuation, float32 [n, 62]."""
    found = [s.probabilities for s in segments if s.probabilities is not None]
    return np.stack(found) if found else np.zeros((0, len(CHARACTERS)), np.float32)


def segment(components: Components, lines: list[list[Fragment]], classifier: Classifier) -> list[list[Segment]]:
    """Find the best characters of each line, in order; [] for a page of what is no writing.

    All fragments of a page are classified in one batch, and in one more the hypotheses that what has a low score gives
    rise to.
    """
    first: list[Run] = [(fragment,) for line in lines for fragment in line]
    if len(first) > 3 * SAMPLE:
        sample = score_runs(components, first[:: len(first) // SAMPLE], classifier)
        if mean_p_reject(sample) > NOT_WRITING:
            return []
    known = dict(zip(first, score_runs(components, first, classifier)))
    cut = [_cut_line(components, line, known) for line in lines]
    gaps = [_gaps(components, line) for line in cut]
    spans = [_spans(line, gap, known, components) for line, gap in zip(cut, gaps)]
    wanted = [run for line, some in zip(cut, spans) for a, b in some if (run := tuple(line[a:b])) not in known]
    known |= dict(zip(wanted, score_runs(components, wanted, classifier)))
    bands = [_band(_tall(line, components) or line) for line in lines]
    lattices = [_lattice(*line, known, components) for line in zip(cut, gaps, spans, bands)]
    prior_ratio = _prior_ratio([_best_path(lattice, np.ones(len(CHARACTERS))) for lattice in lattices])
    return [_best_path(lattice, prior_ratio) for lattice in lattices]


def _prior_ratio(paths: list[list[Segment]]) -> NDArray[np.float64]:
    """How much more often than beforehand each character is written on the page, float64 [62], as read so far."""
    found = probabilities_of([s for path in paths for s in path])
    if not len(found):
        return np.ones(len(CHARACTERS))
    everything = np.ones(len(CHARACTERS), np.bool_)
    frequencies = page_frequencies(shape_likelihoods(found), everything, PAGE_WEIGHT)
    return np.clip(frequencies / WRITTEN, MIN_PRIOR_RATIO, MAX_PRIOR_RATIO)


# --- hypotheses ---


def _cut_line(components: Components, line: list[Fragment], known: dict[Run, RunScores]) -> list[Fragment]:
    """Cut the fragments of a line that may be several characters at their thinnest places."""
    unit, pen = components.unit, components.pen
    cut: list[Fragment] = []
    for fragment in line:
        wide = fragment.width > 0.75 * max(unit * 0.8, fragment.height) and fragment.width > 6 * pen
        several = wide and fragment.height > 0.4 * unit and known[(fragment,)].score < 0.97
        cut += _cut(components, fragment) if several and not is_stroke(fragment, components) else [fragment]
    return cut


def _cut(components: Components, fragment: Fragment) -> list[Fragment]:
    """Cut a fragment where little ink joins its halves, into at most eight; it stays whole where it is solid."""
    picture = picture_of_fragments(components, [fragment])
    left, top = max(fragment.box[0] - 1, 0), max(fragment.box[1] - 1, 0)
    profile = cv2.blur((picture > INK).sum(axis=0).astype(np.float32)[None], (3, 1))[0]
    margin, apart = max(3, round(0.2 * components.unit)), max(3, round(0.25 * components.unit))
    places: list[int] = []
    for x in np.argsort(profile[margin : len(profile) - margin], kind="stable") + margin:
        if profile[x] > 1.9 * components.pen or len(places) == 7:
            break
        if all(abs(x - place) >= apart for place in places):
            places.append(int(x))
    if not places:
        return [fragment]
    parts = []
    for a, b in pairwise([fragment.box[0], *(left + x for x in sorted(places)), fragment.box[2]]):
        rows = np.flatnonzero((picture[:, a - left : b - left] > INK).any(axis=1))
        if len(rows):
            parts.append(Fragment(fragment.members, (a, top + int(rows[0]), b, top + int(rows[-1]) + 1), (a, b)))
    return parts


def _gaps(components: Components, line: list[Fragment]) -> NDArray[np.float64]:
    """How far apart the ink of neighbours is, in heights of a character, float64 [n - 1]; -inf within one component."""
    within = [a.span is not None and b.span is not None and a.members == b.members for a, b in pairwise(line)]
    apart = [ink_gap(components, a, b) / components.unit for a, b in pairwise(line)]
    return np.where(within, -np.inf, apart)


def _spans(
    line: list[Fragment], gaps: NDArray[np.float64], known: dict[Run, RunScores], components: Components
) -> list[tuple[int, int]]:
    """The hypotheses of a line: each fragment alone, and neighbours together where they may be one character.

    Each is the place of its first fragment, and that after its last.
    """
    spans: list[tuple[int, int]] = []
    for first in range(len(line)):
        for end in range(first + 1, min(first + LONGEST_RUN, len(line)) + 1):
            if end > first + 1 and not _may_be_one(tuple(line[first:end]), float(gaps[end - 2]), known, components):
                break
            spans.append((first, end))
    return spans


def _may_be_one(run: Run, gap: float, known: dict[Run, RunScores], components: Components) -> bool:
    """Whether it is worth asking if these fragments are one character; `gap` is the one before the last of them."""
    left, right = min(f.box[0] for f in run), max(f.box[2] for f in run)
    if right - left > 1.5 * max(components.unit, *(f.height for f in run)):
        return False
    if gap > 0.4 or (gap > CLEAR_OF_BAR and any(f.span is None and is_bar(f, components) for f in run[-2:])):
        return False
    return gap < 0.08 or not all((f,) in known and known[(f,)].score > HIGH_SCORE for f in run[-2:])


# --- the best path ---

Band = tuple[float, float]
"""Where characters begin and end, top and bottom, in pixels."""

Lattice = list[list[tuple[Segment, float]]]
"""A line's hypotheses: for each end, the segments that end there, and the score of what lies between fragments."""


def _tall(fragments: Sequence[Fragment], components: Components) -> list[Fragment]:
    return [fragment for fragment in fragments if fragment.height >= LETTER * components.unit]


def _band(fragments: Sequence[Fragment]) -> Band:
    return float(np.median([f.box[1] for f in fragments])), float(np.median([f.box[3] for f in fragments]))


def _lattice(
    line: list[Fragment],
    gaps: NDArray[np.float64],
    spans: list[tuple[int, int]],
    band: Band,
    known: dict[Run, RunScores],
    components: Components,
) -> Lattice:
    within = _within(gaps)
    lattice: Lattice = [[] for _ in range(len(line) + 1)]
    for first, end in spans:
        run = tuple(line[first:end])
        joints = float(np.log(within[first : end - 1]).sum()) + (np.log1p(-within[first - 1]) if first else 0.0)
        sign = _punctuation(line, first, components, band) if len(run) == 1 else None
        lattice[end].append((sign or _character(run, known[run], components), joints))
    return lattice


def _best_path(lattice: Lattice, prior_ratio: NDArray[np.float64]) -> list[Segment]:
    """Viterbi over the hypotheses of a line; the score of a run counts once for each of its fragments.

    prior_ratio: float64 [62], how much more likely each character is than the network knows.
    """
    best = [0.0] + [-np.inf] * (len(lattice) - 1)
    back: list[list[Segment]] = [[] for _ in lattice]
    evidence = iter(_evidence([found for ending in lattice for found, _ in ending], prior_ratio))
    for end, ending in enumerate(lattice):
        for found, joints in ending:
            count = len(found.fragments)
            score = best[end - count] + count * next(evidence) + joints
            if score > best[end]:
                best[end], back[end] = score, [found]
    path: list[Segment] = []
    end = len(lattice) - 1
    while end > 0:
        path += back[end]
        end -= len(path[-1].fragments)
    return path[::-1]


def _evidence(segments: list[Segment], prior_ratio: NDArray[np.float64]) -> list[float]:
    """The logarithm of each segment's score, given how often the page has each character."""
    evidence = np.array([s.score for s in segments], np.float64)
    characters = [i for i, s in enumerate(segments) if s.is_character]
    p_reject = np.minimum([segments[i].p_reject for i in characters], MAX_P_REJECT)
    evidence[characters] = shape_scores(probabilities_of(segments) * prior_ratio, p_reject)
    found: list[float] = np.log(evidence).tolist()
    return found


def _punctuation(line: list[Fragment], i: int, components: Components, band: Band) -> Segment | None:
    """The sign that a fragment of a line is; None for what may be a character. band: of the line."""
    if not may_be_punctuation(line[i], components.unit):
        return None
    near = _tall([*line[max(0, i - 3) : i], *line[i + 1 : i + 4]], components)  # a line may climb
    sign, score = punctuation_of(line[i], components, _band(near) if near else band)
    return None if sign is None else Segment((line[i],), None, score, punctuation=sign)


def _character(run: Run, scores: RunScores, components: Components) -> Segment:
    dotted = _is_dotted(run, components)
    return Segment(run, scores.probabilities, scores.score, scores.p_reject, dotted=dotted)


def _is_dotted(run: Run, components: Components) -> bool:
    """Whether the topmost component of a run is small and stands clear above the others."""
    members = list(dict.fromkeys(member for fragment in run for member in fragment.members))
    if len(members) < 2:
        return False
    boxes = components.boxes[members]
    top = int(boxes[:, 1].argmin())
    rest = np.delete(boxes, top, axis=0)
    whole = boxes[:, 3].max() - boxes[:, 1].min()
    width, height = boxes[top, 2:] - boxes[top, :2]
    return bool(height < 0.35 * whole and width < 0.5 * whole and boxes[top, 3] <= rest[:, 1].min() + 0.05 * whole)


def _within(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely neighbouring fragments are of one character, by `_gaps` between them, float64 [n - 1].

    A gap within a character is narrow beside those that the hand leaves between characters on this line.
    """
    cut = np.isneginf(gaps)
    usual = float(np.median([*gaps[~cut], *[0.15] * 5]))
    middle = np.clip(INNER * usual, 0.04, 0.16)
    away = np.clip((gaps - middle) / (0.4 * middle), -30, 30)
    return np.where(cut, 1 - CUT_PRIOR, np.clip(JOINED / (1 + np.exp(away)), 0.002, 0.998))
