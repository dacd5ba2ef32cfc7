"""A set page before it is a picture: outlines placed on paper, and the words they stand for.

`svg`, `pdf` and `png` write one scene, so that the three look the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emnist_hf.styling.colours import Colour
from emnist_hf.styling.outline import Matrix, Outline


@dataclass(frozen=True)
class Mark:
    """An outline on the page: `matrix` maps the outline's coordinates to the page's."""

    outline: Outline
    matrix: Matrix


@dataclass(frozen=True)
class SetWord:
    """A word where it stands, for whoever selects or searches it: from (left, baseline) to (right, baseline + fall)."""

    text: str
    left: float
    right: float
    baseline: float
    fall: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A page of text. Coordinates run right and down from the upper left corner, in CSS pixels (1/96 inch).

    marks: what is inked, in reading order. lines: the words of each line. rules: heights of the paper's ruled lines at
    its left edge. em: size of the text, for the weight of rules and the height of selections. fall: how much lower the
    rules are at the right edge.
    """

    width: float
    height: float
    ink: Colour
    paper: Colour
    marks: Sequence[Mark]
    lines: Sequence[Sequence[SetWord]]
    rules: Sequence[float]
    em: float
    fall: float = 0.0

    @property
    def text(self) -> str:
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)

    @property
    def rule_width(self) -> float:
        return max(0.5, self.em / 80)


RULE: Colour = (176, 198, 222, 255)
"""The blue of copybook lines."""
