"""Pieces to characters: which pieces make one character together, and where a touching pair is cut.

A lattice of hypotheses, each a run of neighbouring pieces read as one character, is scored by the recognizer, and the
best path through it is found by dynamic programming: over-segmentation and recognition, section 3 of Casey and
Lecolinet 1996.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.glyph import to_glyphs
from emnist_hf.ink.types import Floats
from emnist_hf.reading.language_model import WRITTEN, page_frequencies, shape_likelihoods
from emnist_hf.reading.layout import LevelPage, Piece, ink_gap, picture_of_pieces, piece_of
from emnist_hf.reading.lines import LETTER
from emnist_hf.reading.marks import INK, Marks
from emnist_hf.reading.punctuation import is_bar, is_stroke, may_be_punctuation, punctuation_of
from emnist_hf.splits import CHARACTERS, fold_shape

Glyphs = NDArray[np.uint8]


Judge = Callable[[Glyphs], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Glyphs, uint8 [N, 28, 28], to probabilities of the 62 characters, [N, 62], and of being none, [N]."""


LONGEST_RUN = 4
"""Pieces of one character at the most."""


CUT_PRIOR = 0.01
"""How often two neighbours within one mark are two characters that touch and not one."""


INNER = 0.5
"""Gap, as a share of the line's usual one, at which `JOINED` is halved."""


JOINED = 0.65
"""How often neighbours that all but touch are parts of one character."""


FAVOUR = 400.0
"""As `context.PAGE`, for what the page's frequencies say about where characters end."""


LEAST_FAVOUR, MOST_FAVOUR = 0.3, 40.0


MOST_DOUBT = 0.9
"""Doubt that counts at the most in the choice of a path: of an A whose leg stands apart the network is sure that it
is two characters, and a page of A knows better."""


CLEAR_OF_BAR = 0.06
"""Gap, in heights of a character, from which a level bar is a hyphen and no part of its neighbour."""


HARDLY_ANY = 0.5
"""Mean doubt from which what was found on a page is not writing: a cat, leaves, noise."""


SAMPLE = 128
"""Pieces of a crowded page that are looked at first, to tell whether it is writing at all."""


SURE = 0.9
"""Probability from which a piece that stands clear is taken for a character without looking further."""


_THREADS = 2


_BATCH = 512  # runs that are judged while the next are made into glyphs


_PART = 64  # runs that a thread takes at once


_SHAPES = sorted({fold_shape(character) for character in CHARACTERS})


_SHAPES_OF = np.array([[float(fold_shape(c) == shape) for shape in _SHAPES] for c in CHARACTERS], np.float32)


@dataclass(frozen=True)
class Segment:
    """A run of pieces read as one character, or as punctuation.

    probabilities: float32 [62], or None for punctuation. confidence: how sure it is to be the character (up to its
    shape) or the punctuation that it is read as. doubt: how likely it is no character at all. dotted: whether a dot
    stands above the rest of it.
    """

    pieces: tuple[Piece, ...]
    probabilities: NDArray[np.float32] | None
    confidence: float
    doubt: float = 0.0
    punctuation: str = ""
    dotted: bool = False

    @property
    def box(self) -> tuple[int, int, int, int]:
        lefts, tops, rights, bottoms = zip(*(piece.box for piece in self.pieces))
        return min(lefts), min(tops), max(rights), max(bottoms)


def segment(marks: Marks, lines: list[list[Piece]], judge: Judge) -> list[list[Segment]]:
    """The best characters of each line, in order; [] for a page of what is no writing.

    All pieces of a page are judged in one batch, and in one more the hypotheses that what is unsure gives rise to.
    """
    first: list[Run] = [(piece,) for line in lines for piece in line]
    if len(first) > 3 * SAMPLE and _mean_doubt(_judged(marks, first[:: len(first) // SAMPLE], judge)) > HARDLY_ANY:
        return []
    known = dict(zip(first, _judged(marks, first, judge)))
    cut = [_cut_line(marks, line, known) for line in lines]
    gaps = [_gaps(marks, line) for line in cut]
    wanted = [run for line, gap in zip(cut, gaps) for run in _runs(line, gap, known, marks) if run not in known]
    known |= dict(zip(wanted, _judged(marks, wanted, judge)))
    lattices = [_lattice(line, gap, known, marks, _band(whole, marks)) for line, gap, whole in zip(cut, gaps, lines)]
    favours = _favours([_best_path(lattice, np.ones(len(CHARACTERS))) for lattice in lattices])
    return [_best_path(lattice, favours) for lattice in lattices]


def _favours(paths: list[list[Segment]]) -> NDArray[np.float64]:
    """How much more often than beforehand each character is written on the page, float64 [62], as read so far."""
    found = [s.probabilities for path in paths for s in path if s.probabilities is not None]
    if not found:
        return np.ones(len(CHARACTERS))
    frequencies = page_frequencies(shape_likelihoods(np.stack(found)), np.ones(len(CHARACTERS), np.bool_), FAVOUR)
    return np.clip(frequencies / WRITTEN, LEAST_FAVOUR, MOST_FAVOUR)


# --- hypotheses ---

Run = tuple[Piece, ...]


class Verdict(NamedTuple):
    """What the recognizer says of a run: probabilities float32 [62], of being none, and `_confidences` in it."""

    probabilities: NDArray[np.float32]
    doubt: float
    confidence: float


def _judged(marks: Marks, runs: Sequence[Run], judge: Judge) -> list[Verdict]:
    """A verdict for each run. While the recognizer looks at some, the glyphs of the next are made."""

    def glyphs_of(some: Sequence[Run]) -> Glyphs:
        return to_glyphs([picture_of_pieces(marks, list(run)) for run in some])

    parts = [runs[i : i + _PART] for i in range(0, len(runs), _PART)]
    verdicts: list[Verdict] = []
    with nullcontext() if len(parts) < 2 else ThreadPoolExecutor(_THREADS) as pool:
        made = pool.map(glyphs_of, parts) if pool else map(glyphs_of, parts)
        while batch := list(islice(made, _BATCH // _PART)):
            glyphs = np.concatenate(batch)
            probabilities, doubts = judge(glyphs)
            doubts = np.where(glyphs.reshape(len(glyphs), -1).any(axis=1), doubts, np.float32(1))
            verdicts += map(Verdict, probabilities, doubts.tolist(), _confidences(probabilities, doubts).tolist())
    return verdicts


def doubt_from_afar(page: LevelPage, judge: Judge) -> float:
    """Mean doubt of a sample of the marks that may be characters, each by itself; 0 where there is none."""
    runs: list[Run] = [(piece_of(page.marks.boxes, [mark]),) for mark in _sample(page)]
    return _mean_doubt(_judged(page.marks, runs, judge)) if runs else 0.0


def clarity_after_turns(page: LevelPage, judge: Judge) -> NDArray[np.float64]:
    """Mean confidence less mean doubt of a sample of the marks after 0 to 3 quarter turns to the left, float64 [4]."""
    pictures = [picture_of_pieces(page.marks, [piece_of(page.marks.boxes, [mark])]) for mark in _sample(page)]
    return np.array([_clarity([np.rot90(picture, turns) for picture in pictures], judge) for turns in range(4)])


def _clarity(pictures: list[Floats], judge: Judge) -> float:
    """Mean confidence less mean doubt of the ink of marks, each by itself; 0 where there is none."""
    if not pictures:
        return 0.0
    probabilities, doubts = judge(to_glyphs([np.ascontiguousarray(picture) for picture in pictures]))
    return float((_confidences(probabilities, doubts) - doubts).mean())


def _sample(page: LevelPage) -> list[int]:
    """Some of the marks that may be characters, evenly from all of the page."""
    tall = np.flatnonzero(page.writing & (page.marks.heights >= LETTER * page.marks.unit))
    found: list[int] = tall[:: max(1, len(tall) // SAMPLE)].tolist()
    return found


def _mean_doubt(verdicts: list[Verdict]) -> float:
    return float(np.mean([verdict.doubt for verdict in verdicts]))


def _confidences(
    probabilities: NDArray[np.floating[Any]], doubts: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """How sure each run is one character, whatever its case and its twins: 0 and O are one shape; [n]."""
    return np.maximum((probabilities @ _SHAPES_OF).max(axis=1) * (1 - doubts), 1e-6)


def _cut_line(marks: Marks, line: list[Piece], known: dict[Run, Verdict]) -> list[Piece]:
    """The line with pieces that may be several characters cut at their thinnest places."""
    cut: list[Piece] = []
    for piece in line:
        wide = piece.width > 0.75 * max(marks.unit * 0.8, piece.height) and piece.width > 6 * marks.pen
        if (
            wide
            and piece.height > 0.4 * marks.unit
            and known[(piece,)].confidence < 0.97
            and not is_stroke(piece, marks)
        ):
            cut += _cut(marks, piece)
        else:
            cut.append(piece)
    return cut


def _cut(marks: Marks, piece: Piece) -> list[Piece]:
    """A piece cut where little ink joins its halves, into at most eight; whole where it is solid."""
    picture = picture_of_pieces(marks, [piece])
    left = max(piece.box[0] - 1, 0)
    profile = cv2.blur((picture > INK).sum(axis=0).astype(np.float32)[None], (3, 1))[0]
    margin, apart = max(3, round(0.2 * marks.unit)), max(3, round(0.25 * marks.unit))
    places: list[int] = []
    for x in np.argsort(profile[margin : len(profile) - margin], kind="stable") + margin:
        if profile[x] > 1.9 * marks.pen or len(places) == 7:
            break
        if all(abs(x - place) >= apart for place in places):
            places.append(int(x))
    bounds = [piece.box[0], *(left + x for x in sorted(places)), piece.box[2]]
    if len(bounds) == 2:
        return [piece]
    parts = []
    for a, b in pairwise(bounds):
        rows = np.flatnonzero((picture[:, a - left : b - left] > INK).any(axis=1))
        if len(rows):
            top = max(piece.box[1] - 1, 0)
            parts.append(Piece(piece.members, (a, top + int(rows[0]), b, top + int(rows[-1]) + 1), (a, b)))
    return parts


def _gaps(marks: Marks, line: list[Piece]) -> NDArray[np.float64]:
    """How far apart the ink of neighbours is, in heights of a character, float64 [n - 1]; -inf within one mark."""
    return np.array(
        [-np.inf if _same_mark(a, b) else ink_gap(marks, a, b) / marks.unit for a, b in pairwise(line)], np.float64
    )


def _runs(line: list[Piece], gaps: NDArray[np.float64], known: dict[Run, Verdict], marks: Marks) -> list[Run]:
    """The hypotheses of a line: each piece alone, and neighbours together where they may be one character.

    gaps: as `_gaps` gives them.
    """
    runs: list[Run] = []
    for first in range(len(line)):
        for last in range(first, min(first + LONGEST_RUN, len(line))):
            run = tuple(line[first : last + 1])
            if last > first and not _may_be_one(run, float(gaps[last - 1]), known, marks):
                break
            runs.append(run)
    return runs


def _may_be_one(run: Run, gap: float, known: dict[Run, Verdict], marks: Marks) -> bool:
    """Whether it is worth asking if these pieces are one character; `gap` is the one before the last of them."""
    left, right = min(p.box[0] for p in run), max(p.box[2] for p in run)
    if right - left > 1.5 * max(marks.unit, *(p.height for p in run)):
        return False
    if gap > 0.4 or (gap > CLEAR_OF_BAR and any(p.span is None and is_bar(p, marks) for p in run[-2:])):
        return False
    sure = all((p,) in known and known[(p,)].confidence > SURE for p in run[-2:])
    return not sure or gap < 0.08


def _same_mark(a: Piece, b: Piece) -> bool:
    return a.span is not None and b.span is not None and a.members == b.members


# --- the best path ---


def _band(line: list[Piece], marks: Marks) -> tuple[float, float]:
    """Where the ordinary characters of a line begin and end, top and bottom, in pixels."""
    tall = [piece for piece in line if piece.height >= 0.45 * marks.unit] or line
    return float(np.median([p.box[1] for p in tall])), float(np.median([p.box[3] for p in tall]))


@dataclass(frozen=True)
class _Lattice:
    """A line's hypotheses: for each end, the segments that end there, and the score of what lies between pieces."""

    ending: list[list[tuple[Segment, float]]]


def _lattice(
    line: list[Piece],
    gaps: NDArray[np.float64],
    known: dict[Run, Verdict],
    marks: Marks,
    band: tuple[float, float],
) -> _Lattice:
    within = _within(gaps)
    ending: list[list[tuple[Segment, float]]] = [[] for _ in range(len(line) + 1)]
    for first in range(len(line)):
        for last in range(first, min(first + LONGEST_RUN, len(line))):
            run = tuple(line[first : last + 1])
            if run not in known:
                break
            joints = float(np.log(within[first:last]).sum()) + (np.log1p(-within[first - 1]) if first else 0.0)
            ending[last + 1].append((_segment_of(line, first, last, known[run], marks, band), joints))
    return _Lattice(ending)


def _best_path(lattice: _Lattice, favours: NDArray[np.float64]) -> list[Segment]:
    """Viterbi over the hypotheses of a line; the score of a run counts once for each of its pieces.

    favours: float64 [62], how much more likely each character is than the network knows.
    """
    count = len(lattice.ending)
    best = [0.0] + [-np.inf] * (count - 1)
    back: list[Segment | None] = [None] * count
    evidence = iter(_evidence([found for ending in lattice.ending for found, _ in ending], favours))
    for end in range(1, count):
        for found, joints in lattice.ending[end]:
            pieces = len(found.pieces)
            score = best[end - pieces] + pieces * next(evidence) + joints
            if score > best[end]:
                best[end], back[end] = score, found
    path: list[Segment] = []
    end = count - 1
    while end > 0:
        found_here = back[end]
        assert found_here is not None
        path.append(found_here)
        end -= len(found_here.pieces)
    return path[::-1]


def _evidence(segments: list[Segment], favours: NDArray[np.float64]) -> list[float]:
    """The logarithm of how sure each segment is what it is read as, given what the page favours."""
    evidence = np.array([s.confidence for s in segments], np.float64)
    lettered = np.flatnonzero([s.probabilities is not None for s in segments])
    if len(lettered):
        probabilities = np.stack([p for s in segments if (p := s.probabilities) is not None])
        doubts = np.minimum([segments[i].doubt for i in lettered], MOST_DOUBT)
        evidence[lettered] = _confidences(probabilities * favours, doubts)
    found: list[float] = np.log(evidence).tolist()
    return found


def _segment_of(
    line: list[Piece], first: int, last: int, verdict: Verdict, marks: Marks, band: tuple[float, float]
) -> Segment:
    run = tuple(line[first : last + 1])
    if first == last and may_be_punctuation(run[0], marks):
        sign, sureness = punctuation_of(run[0], marks, _local_band(line, first, marks, band))
        if sign is not None:
            return Segment(run, None, sureness, punctuation=sign)
    return Segment(run, verdict.probabilities, verdict.confidence, verdict.doubt, dotted=_is_dotted(run, marks))


def _is_dotted(run: Run, marks: Marks) -> bool:
    """Whether the topmost mark of a run is small and stands clear above the others."""
    members = list(dict.fromkeys(member for piece in run for member in piece.members))
    if len(members) < 2:
        return False
    boxes = marks.boxes[members]
    top = int(boxes[:, 1].argmin())
    rest = np.delete(boxes, top, axis=0)
    height, whole = boxes[top, 3] - boxes[top, 1], boxes[:, 3].max() - boxes[:, 1].min()
    width = boxes[top, 2] - boxes[top, 0]
    return bool(height < 0.35 * whole and width < 0.5 * whole and boxes[top, 3] <= rest[:, 1].min() + 0.05 * whole)


def _local_band(line: list[Piece], i: int, marks: Marks, band: tuple[float, float]) -> tuple[float, float]:
    """Top and bottom of the characters beside a piece: a line may climb."""
    near = [p for p in line[max(0, i - 3) : i + 4] if p is not line[i] and p.height >= 0.45 * marks.unit]
    if not near:
        return band
    return float(np.median([p.box[1] for p in near])), float(np.median([p.box[3] for p in near]))


def _within(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely neighbouring pieces are of one character, by `_gaps` between them, float64 [n - 1].

    A gap within a character is narrow beside those that the hand leaves between characters on this line.
    """
    cut = np.isneginf(gaps)
    usual = float(np.median([*gaps[~cut], *[0.15] * 5]))
    middle = np.clip(INNER * usual, 0.04, 0.16)
    away = np.clip((gaps - middle) / (0.4 * middle), -30, 30)
    return np.where(cut, 1 - CUT_PRIOR, np.clip(JOINED / (1 + np.exp(away)), 0.002, 0.998))
