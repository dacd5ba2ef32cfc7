"""Which of two readings of a line serves: character by character, or as a line. The one place where that is decided.

Where letters are joined the line network's reading serves as it is. Elsewhere the two are laid over each other, as
ROVER does it (Fiscus 1997): what both say stands; of what differs, that with the better score. `benchmarks.line_judge`
measures both readings, this rule, and what choosing the better line each time would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from rapidfuzz.distance import Levenshtein

from emnist_hf.reading.line_decoding import case_of
from emnist_hf.reading.line_metrics import APART
from emnist_hf.reading.results import Character
from emnist_hf.reading.segmentation import Segment
from emnist_hf.splits import CHARACTERS, fold_shape

JOINED = 0.2
"""Share of characters that had to be cut out of a component, or mean p_reject, from which a line is read as a line."""

NOTHING_SCORE = 0.5
"""Mean score from which what the line network reads counts where there are no characters."""

ADDED, KEPT = 0.8, 0.6
"""Score that what the line network alone has must reach, and that what it has not must."""

PRACTICE, PRACTISED = 0.6, 5
"""Share of one shape from which a line of so many characters is one of a practice sheet."""

WIDE_GAP = 0.6
"""Gap, in heights of the line's characters, after which a word begins though the line network saw no blank."""

LONE = 0.5
"""p_reject below which a mark that stands alone on its line is what the network of characters says."""

CUT_COST = 0.3
"""What the score of a character that was cut out of a component is lowered by."""

COUNT_COST = 0.15
"""What the score of characters is lowered by where the line network counts others: pieces of a letter look like
letters, and each is sure of itself."""


@dataclass(frozen=True)
class _Choice:
    """A character of a line, whether a word begins with it, and the other reading's label where both have one."""

    character: Character
    starts: bool
    other: str = ""


def judge(segments: Sequence[Segment], printed: Sequence[Character], lined: Sequence[Character]) -> list[Character]:
    """Return the characters of a line, from two readings of it.

    segments: how it was cut into characters. printed: what these are, one by one. lined: the line network's reading.
    """
    if not lined or not printed:
        sure = bool(lined) and _mean_score(lined) > NOTHING_SCORE
        return list(lined) if sure else list(printed)
    known = [s for s in segments if s.is_character or s.punctuation]
    if len(printed) == len(lined) == 1 and known[0].p_reject < LONE:
        return list(printed)
    cut = [any(fragment.span is not None for fragment in s.fragments) for s in known]
    p_reject = [s.p_reject for s in known]
    if _practised(printed):
        other = _practised(lined) not in ("", _practised(printed)) and _mean_score(lined) > _mean_score(printed)
        return list(lined if other else printed)
    if max(np.mean(cut), np.mean(p_reject)) > JOINED:
        return _words([_Choice(c, starts) for c, starts in zip(lined, _wide_starts(lined))])
    weights = [c.score * (1 - p) - CUT_COST * is_cut for c, p, is_cut in zip(printed, p_reject, cut)]
    return _words(_fused(printed, weights, lined, cut))


def _fused(
    printed: Sequence[Character], weights: Sequence[float], lined: Sequence[Character], cut: Sequence[bool]
) -> list[_Choice]:
    """Lay two readings over each other and choose of each part the better.

    cut: which of the printed were cut out of a component. Beside these, gaps say nothing of where words end; where
    some letters touch, the line network's blanks count as well as gaps.
    """
    beside = [a or b for a, b in pairwise([False, *cut])]
    starts = [[start and not near for start, near in zip(_starts(printed), beside)], _wide_starts(lined)]
    touching = any(cut)
    chosen: list[_Choice] = []
    for equal, a, b, c, d in _parts([_shape(c) for c in printed], [_shape(c) for c in lined]):
        if equal:
            for i, j in zip(range(a, b), range(c, d)):
                by_shape = weights[i] > lined[j].score
                own, less = (printed[i], lined[j]) if by_shape else (lined[j], printed[i])
                own = replace(own, score=max(own.score, less.score), box=printed[i].box)
                chosen.append(_Choice(own, starts[0][i] or (touching and starts[1][j]), less.label))
            continue
        alone = a == b and starts[1][c] and (d == len(lined) or starts[1][d])
        if alone and not any(lined[j].label.isalnum() for j in range(c, d)):
            continue  # a blot between words
        one = float(np.mean(weights[a:b])) - COUNT_COST * (b - a != d - c > 0) if b > a else ADDED
        other = float(np.mean([lined[j].score for j in range(c, d)])) if d > c else KEPT
        if one >= other:
            chosen += [_Choice(printed[i], starts[0][i]) for i in range(a, b)]
        else:
            begins = any(starts[0][a:b]) or (a < len(printed) and a == b and starts[0][a] and starts[1][c])
            chosen += [_Choice(lined[j], starts[1][j] or (j == c and begins)) for j in range(c, d)]
    return chosen


def _practised(characters: Sequence[Character]) -> str:
    """Return the shape that a line of a practice sheet, which is no language, consists of; "" for another line."""
    shapes = [_shape(c) for c in characters]
    most = max(shapes, key=shapes.count)
    return most if len(shapes) >= PRACTISED and shapes.count(most) > PRACTICE * len(shapes) else ""


def _mean_score(characters: Sequence[Character]) -> float:
    return float(np.mean([c.score for c in characters]))


def _parts(one: Sequence[str], other: Sequence[str]) -> list[tuple[bool, int, int, int, int]]:
    """Return where two readings agree and where not, by turns: whether they do, from and to in one and in the other."""
    found: list[tuple[bool, int, int, int, int]] = []
    for op in Levenshtein.opcodes(one, other):
        part = (op.tag == "equal", op.src_start, op.src_end, op.dest_start, op.dest_end)
        if found and not found[-1][0] and not part[0]:
            part = (False, found[-1][1], part[2], found[-1][3], part[4])
            found.pop()
        found.append(part)
    return found


def _starts(characters: Sequence[Character]) -> list[bool]:
    """Return whether a word begins with each character."""
    words = [-1, *(c.word for c in characters)]
    return [a != b for a, b in pairwise(words)]


def _wide_starts(characters: Sequence[Character]) -> list[bool]:
    """Return whether a word begins with each character of a line's reading: after its blanks, and after a wide gap.

    Where all characters stand apart, as on a practice sheet, only a gap that is wide among theirs counts.
    """
    if not characters:
        return []
    height = float(np.median([c.box[3] - c.box[1] for c in characters]))
    gaps = np.array([after.box[0] - before.box[2] for before, after in pairwise(characters)]) / height
    usual = float(np.quantile(gaps, 0.4)) if len(gaps) else 0.0
    if usual > APART:
        return [True, *(gaps > 2 * usual).tolist()]
    return [start or gap > WIDE_GAP for start, gap in zip(_starts(characters), [0.0, *gaps.tolist()])]


def _shape(character: Character) -> str:
    return fold_shape(character.label) if character.label in CHARACTERS else character.label


def _words(chosen: Sequence[_Choice]) -> list[Character]:
    """Number the words, and write each as the reading has it that keeps to one case, or to digits."""
    numbers = np.cumsum([choice.starts for choice in chosen]).tolist()
    found: list[Character] = []
    for number, group in groupby(zip(numbers, chosen), key=lambda pair: pair[0]):
        word = [choice for _, choice in group]
        own = "".join(choice.character.label for choice in word)
        other = "".join(choice.other or choice.character.label for choice in word)
        labels = other if _is_even(other) and not _is_even(own) else own
        found += [
            replace(_relabelled(choice.character, label), word=number - numbers[0])
            for choice, label in zip(word, labels)
        ]
    return found


def _is_even(word: str) -> bool:
    """Whether a word keeps to digits, to small letters, to capitals, or to one in front."""
    core = "".join(c for c in word if c.isalnum())
    return core.isdigit() or (core.isalpha() and case_of(core) != "mixed")


def _relabelled(character: Character, label: str) -> Character:
    """Return a character with another label of the same shape, which its alternatives then begin with."""
    if label == character.label:
        return character
    others = [a for a in character.alternatives if a.label != label]
    first = next((a for a in character.alternatives if a.label == label), None)
    score = character.score if first is None else max(first.score, others[0].score if others else 0.0)
    lead = replace(others[0], label=label, score=score) if others else first
    if lead is None:
        return replace(character, label=label)
    swapped = [replace(a, score=min(a.score, 1 - score)) for a in others]
    return replace(character, label=label, score=score, alternatives=(lead, *swapped[:4]))
