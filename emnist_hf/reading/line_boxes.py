"""Where the characters that were read in a line stand: the ink of each, by what segmentation found and by columns.

The two readings of a line are laid over each other by edit distance. Where they have as many characters, each takes the
ink of its counterpart; where not, the ink between is shared out by the columns in which the network saw them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from rapidfuzz.distance import Levenshtein

from emnist_hf.reading.components import INK, Components, belongs_to
from emnist_hf.reading.segmentation import Segment
from emnist_hf.reading.types import Boxes
from emnist_hf.splits import CHARACTERS, fold_shape

Span = tuple[float, float]
"""The first and the last column of the page in which a character was seen."""

Placed = tuple[Boxes, list[int]]
"""A box, int32 [4], and the components whose ink is in it."""


def place(
    components: Components, members: Sequence[int], segments: Sequence[Segment], text: str, spans: Sequence[Span]
) -> list[Placed]:
    """Return the box and the components of each character of a line.

    members: components of the line. segments: how it was cut into characters; none where it was not. text, spans: what
    was read, without blanks, and where.
    """
    known = [s for s in segments if s.is_character or s.punctuation]
    if not known:
        return _shared_out(components, members, spans, None)
    placed: list[Placed] = []
    for some, first, last in _blocks(known, text, spans):
        if len(some) == last - first:
            placed += [(np.array(s.box, np.int32), _members(s)) for s in some]
            continue
        own = list(dict.fromkeys(member for s in some for member in _members(s))) or list(members)
        region = (min(s.box[0] for s in some), max(s.box[2] for s in some)) if some else None
        placed += _shared_out(components, own, spans[first:last], region)
    return placed


def _members(segment: Segment) -> list[int]:
    return list(dict.fromkeys(member for fragment in segment.fragments for member in fragment.members))


def _blocks(known: list[Segment], text: str, spans: Sequence[Span]) -> Iterator[tuple[list[Segment], int, int]]:
    """Yield what belongs together: segments, and the first and the end of the characters that they are."""
    labels = [_label(segment) for segment in known]
    folded = [fold_shape(c) if c in CHARACTERS else c for c in text]
    blocks: list[list[int]] = []  # first and end of segments, first and end of characters, whether they agree
    for op in Levenshtein.opcodes(labels, folded):
        agrees = op.tag == "equal"
        if agrees:
            pairs = zip(range(op.src_start, op.src_end), range(op.dest_start, op.dest_end))
            blocks += [[a, a + 1, b, b + 1, 1] for a, b in pairs]
        elif blocks and not blocks[-1][4]:
            blocks[-1][1], blocks[-1][3] = op.src_end, op.dest_end
        else:
            blocks.append([op.src_start, op.src_end, op.dest_start, op.dest_end, 0])
    for a, b, first, last, _ in _with_ink(blocks, known, spans):
        if last > first:
            yield known[a:b], first, last


def _with_ink(blocks: list[list[int]], known: list[Segment], spans: Sequence[Span]) -> list[list[int]]:
    """Join blocks of characters that have no segment to the neighbour in whose ink they were seen."""
    joined: list[list[int]] = []
    for block in blocks:
        before = joined[-1] if joined else None
        without = before is not None and before[0] == before[1]
        if before and (without or (block[0] == block[1] and _is_nearer(before, block, known, spans))):
            before[1], before[3] = block[1], block[3]
        else:
            joined.append(list(block))
    if len(joined) > 1 and joined[-1][0] == joined[-1][1]:
        last = joined.pop()
        joined[-1][1], joined[-1][3] = last[1], last[3]
    return joined


def _is_nearer(before: list[int], block: list[int], known: list[Segment], spans: Sequence[Span]) -> bool:
    """Whether characters without a segment were seen nearer to the one before them than to the one after."""
    if block[1] >= len(known):
        return True
    middle = (spans[block[2]][0] + spans[block[3] - 1][1]) / 2
    left, right = known[before[1] - 1].box[2], known[block[1]].box[0]
    return middle - left < right - middle


def _label(segment: Segment) -> str:
    if segment.probabilities is None:
        return segment.punctuation
    return fold_shape(CHARACTERS[int(segment.probabilities.argmax())])


def _shared_out(
    components: Components, members: Sequence[int], spans: Sequence[Span], region: tuple[int, int] | None
) -> list[Placed]:
    """Share ink out by columns: a component goes to the character seen in it; one that several share is cut.

    region: the columns that count, all where None.
    """
    middles = np.array([(a + b) / 2 for a, b in spans])
    cuts = [(before[1] + after[0]) / 2 for before, after in pairwise(spans)]
    parts: list[list[tuple[int, int, int, int]]] = [[] for _ in spans]
    owned: list[list[int]] = [[] for _ in spans]
    for member in members:
        left, top, right, bottom = (int(v) for v in components.boxes[member])
        if region is not None:
            left, right = max(left, region[0]), min(right, region[1])
        if right <= left:
            continue
        slack = 0.15 * components.unit
        inside = np.flatnonzero((middles > left - slack) & (middles < right + slack)).tolist()
        if len(inside) < 2:
            inside = inside or [int(np.abs(middles - (left + right) / 2).argmin())]
        edges = [left, *(int(np.clip(cuts[i], left, right)) for i in inside[:-1]), right]
        own = belongs_to(components.labels[top:bottom, left:right], [member])
        own &= components.coverage[top:bottom, left:right] > INK
        for i, (a, b) in zip(inside, pairwise(edges)):
            rows = np.flatnonzero(own[:, a - left : b - left].any(axis=1))
            if len(rows):
                parts[i].append((a, top + int(rows[0]), b, top + int(rows[-1]) + 1))
                owned[i].append(member)
    line = components.boxes[list(members)]
    return [
        (_box(some, span, int(line[:, 1].min()), int(line[:, 3].max())), own)
        for some, span, own in zip(parts, spans, owned)
    ]


def _box(parts: list[tuple[int, int, int, int]], span: Span, top: int, bottom: int) -> Boxes:
    """Return the box round parts; where a character has no ink of its own, its columns from top to bottom."""
    if not parts:
        return np.array([span[0], top, max(span[1], span[0] + 1), bottom], np.int32)
    whole = np.array(parts, np.int32)
    found: Boxes = np.concatenate([whole[:, :2].min(axis=0), whole[:, 2:].max(axis=0)])
    return found
