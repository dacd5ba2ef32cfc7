"""Which words a language has, and how often: what a word is likely to be before it is looked at.

Frequencies: wordfreq 3 (Speer 2022, doi 10.5281/zenodo.7199437), its small lists, read when first needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from emnist_hf.errors import EmnistError

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
"""Languages that words are known of; `auto` chooses among them."""

AUTO = "auto"  # whose words explain most of what was read
CHOICES = (AUTO, *LANGUAGES, "none")
"""What may be asked for."""

KNOWN = float(np.log(0.8))
"""Log probability that a word of a page is one of its language's list."""

STRANGE = float(np.log(0.2))
"""Log probability that it is none: a name, a code, a number."""

LETTER = float(np.log(1 / 24))
"""Log probability of each letter of such a word."""

FIRST = 5.0
"""How much likelier a page is in English than in another language before it is read: logarithm of the odds."""

NEAR = 24
"""Words of the list that are tried for one that was read, at the most."""


class LanguageError(EmnistError):
    """There is no such language."""


def check_language(language: str) -> str:
    """Return the name of a language as it was asked for. Raises `LanguageError` for one that is not of `CHOICES`."""
    if language not in CHOICES:
        raise LanguageError(
            "There is no language {language}: choose {choices}.",
            language=repr(str(language)[:20]),
            choices=", ".join(CHOICES),
        )
    return language


@dataclass(frozen=True)
class Vocabulary:
    """The words of a language, small letters, with their log probabilities."""

    language: str
    words: dict[str, float]

    def prior(self, word: str) -> float:
        """Return the log probability of a word, whatever its case."""
        listed = self.words.get(word.lower())
        strange = STRANGE + LETTER * len(word)
        return strange if listed is None else max(KNOWN + listed, strange)

    def __contains__(self, word: str) -> bool:
        return word.lower() in self.words

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        groups: dict[int, list[str]] = {}
        for word in self.words:
            groups.setdefault(len(word), []).append(word)
        return groups

    @cached_property
    def _around(self) -> dict[int, list[str]]:
        """The words whose length is near to one, as they are asked for."""
        return {}

    def near(self, word: str) -> list[str]:
        """Return the words of the list that lie nearest to one that was read, by edits, small letters."""
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        word = word.lower()
        most = 1 + (len(word) > 3) + (len(word) > 7)
        if len(word) not in self._around:
            lengths = range(len(word) - most, len(word) + most + 1)
            self._around[len(word)] = [w for n in lengths for w in self._by_length.get(n, [])]
        around = self._around[len(word)]
        found = process.extract(word, around, scorer=Levenshtein.distance, score_cutoff=most, limit=200)
        found.sort(key=lambda hit: hit[1] * 6 - self.words[hit[0]])
        return [hit[0] for hit in found[:NEAR]]


@cache
def vocabulary(language: str) -> Vocabulary:
    """Return the vocabulary of a language of `LANGUAGES`."""
    from wordfreq import get_frequency_dict  # type: ignore[import-untyped]

    found = get_frequency_dict(language, "small")
    return Vocabulary(language, {word: float(np.log(share)) for word, share in found.items()})


def choose_vocabulary(language: str, words: Sequence[str]) -> Vocabulary | None:
    """Return the vocabulary to read a page with; None to read letter by letter.

    language: of `CHOICES`; auto takes the one that explains most of the words that were read without any, if one
    explains some.
    """
    if language == "none":
        return None
    if language != "auto":
        return vocabulary(language)
    letters = [word for word in words if word.isalpha() and len(word) > 1]
    if not letters:
        return None
    scores = {name: sum(vocabulary(name).prior(w) - STRANGE - LETTER * len(w) for w in letters) for name in LANGUAGES}
    scores["en"] += FIRST  # a word or two may be of any
    best = max(LANGUAGES, key=lambda name: scores[name])
    return vocabulary(best)
