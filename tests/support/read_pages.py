"""A composed page beside what was read on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emnist_hf.data.compose import Page
from emnist_hf.evaluation.page_metrics import box_matches, character_errors, fold_text
from emnist_hf.reading.results import Reading


@dataclass(frozen=True)
class Read:
    """A page and what was read on it, or on its picture after something was done to it."""

    page: Page
    reading: Reading

    @property
    def text(self) -> str:
        return self.reading.text

    @property
    def wrong(self) -> float:
        """The share of characters that are wrong, case and white space ignored."""
        wrong, count = character_errors(fold_text(self.page.text), fold_text(self.text))
        return wrong / count

    @property
    def box_recall(self) -> float:
        """The share of the page's characters whose boxes were found."""
        return self._matches / len(self.page.characters)

    @property
    def box_f1(self) -> float:
        """The harmonic mean of that and of the share of boxes found that are right."""
        return 2 * self._matches / (len(self.page.characters) + len(self.reading.characters))

    @property
    def _matches(self) -> int:
        return box_matches([box for _, box in self.page.characters], [c.box for c in self.reading.characters])


ReadPage = Callable[..., Read]
"""The `read` fixture of tests/reading."""
