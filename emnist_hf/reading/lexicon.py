"""A list of words that a page is likely to consist of, and the reading of a page corrected by it."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emnist_hf.errors import EmnistError
from emnist_hf.reading.results import Box, Character, Reading, text_of
from emnist_hf.reading.types import Scores

KNOWN = 0.95
"""How often a word of a page is in the list."""

LETTER = float(np.log(1 / 30))
"""Log probability of each letter of a word that is not in the list."""

SLIP = float(np.log(0.01))
"""Log probability that layout split a letter in two or took two for one."""

FLOOR = 1e-4
"""Least probability of a letter that is not among a character's alternatives."""

MOST_BYTES, LONGEST_LINE = 50_000_000, 10_000
"""Bytes of a list, and characters of one of its lines, beyond which it is refused."""

_LETTERS = string.ascii_lowercase + string.digits


class LexiconError(EmnistError):
    """The list of words cannot be used."""


@dataclass(frozen=True)
class _Edit:
    """A word of the list laid over characters: `skip`, the character that it has no letter for, or `miss`, its letter
    that has no character; -1 for neither."""

    score: float
    word: str
    skip: int = -1
    miss: int = -1


class Lexicon:
    """Words by their length, case ignored; characters beyond a-z and 0-9 make a word unusable."""

    def __init__(self, words: Iterable[str]) -> None:
        spelt: dict[int, dict[str, str]] = {}
        for word in words:
            if word and set(word.lower()) <= set(_LETTERS):
                spelt.setdefault(len(word), {}).setdefault(word.lower(), word)
        self._words = {length: list(group.values()) for length, group in spelt.items()}
        self._codes = {
            length: np.array([[_LETTERS.index(c) for c in word.lower()] for word in group], np.int64)
            for length, group in self._words.items()
        }
        self.size = sum(len(group) for group in self._words.values())

    @classmethod
    def load(cls, path: str | Path) -> Lexicon:
        """Read a text file of words, UTF-8, separated by white space; raise `LexiconError` without any."""
        file = Path(path)
        try:
            if file.is_file() and file.stat().st_size > MOST_BYTES:
                raise LexiconError(f"{path} is larger than {MOST_BYTES // 10**6} MB: keep the words that pages use.")
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise LexiconError(f"There is no file {path}: check the path of the words.") from None
        except (OSError, UnicodeDecodeError):
            raise LexiconError(f"{path} cannot be read as text: give a UTF-8 file of words.") from None
        if "\0" in text:
            raise LexiconError("{path} is no text: give a UTF-8 file of words.", path=path)
        if any(len(line) > LONGEST_LINE for line in text.splitlines()):
            raise LexiconError(
                "{path} has a line of more than {most} characters: give a word a line.", path=path, most=LONGEST_LINE
            )
        lexicon = cls(text.split())
        if not lexicon.size:
            raise LexiconError(f"There is no word of the letters a to z in {path}: give a file of words.")
        return lexicon

    def best(self, logs: Scores) -> _Edit | None:
        """Find the likeliest word for two characters or more: log probabilities over `_LETTERS`, float64 [n, 36]."""
        n = len(logs)
        found = [self._best_of(logs, _Edit(0.0, ""))]
        found += [self._best_of(np.delete(logs, i, axis=0), _Edit(SLIP, "", skip=i)) for i in range(n) if n > 2]
        found += [self._best_of(np.insert(logs, i, 0, axis=0), _Edit(SLIP + LETTER, "", miss=i)) for i in range(n + 1)]
        return max(filter(None, found), key=lambda edit: edit.score, default=None)

    def _best_of(self, logs: Scores, edit: _Edit) -> _Edit | None:
        codes = self._codes.get(len(logs))
        if codes is None:
            return None
        scores = logs[np.arange(len(logs)), codes].sum(axis=1)
        best = int(scores.argmax())
        return replace(edit, score=edit.score + float(scores[best]), word=self._words[len(logs)][best])


def correct(reading: Reading, lexicon: Lexicon) -> Reading:
    """Replace each word of a reading by the likeliest of the list, where that is likelier than what was read.

    A word of the list has its share of `KNOWN`; one that is not has `LETTER` for each letter. To either comes what the
    characters' probabilities say, a letter too many or too few at the cost of a slip (Kernighan, Church and Gale 1990).
    """
    words: dict[tuple[int, int], list[Character]] = {}
    for character in reading.characters:
        words.setdefault((character.line, character.word), []).append(character)
    corrected = tuple(c for word in words.values() for c in _corrected(word, lexicon))
    return replace(reading, text=text_of(corrected), characters=corrected)


def _corrected(word: list[Character], lexicon: Lexicon) -> list[Character]:
    """One word; signs and accented letters within it keep their places."""
    places = [i for i, c in enumerate(word) if c.label.lower() in _LETTERS]
    if len(places) < 2:
        return word
    letters = [word[i] for i in places]
    logs = np.stack([_logs(c) for c in letters])
    read = logs[np.arange(len(letters)), [_LETTERS.index(c.label.lower()) for c in letters]].sum()
    best = lexicon.best(logs)
    unknown = np.log(1 - KNOWN) + len(letters) * LETTER
    if best is None or best.score + np.log(KNOWN / lexicon.size) <= read + unknown:
        return word
    return _rewritten(word, places, best)


def _logs(character: Character) -> Scores:
    """Log probabilities of letters, case ignored, and digits, float64 [36]."""
    found = np.zeros(len(_LETTERS))
    for choice in character.alternatives:
        if choice.label.lower() in _LETTERS:
            found[_LETTERS.index(choice.label.lower())] += choice.score
    rest = max(1 - found.sum(), 0.0) / len(_LETTERS)
    return np.log(np.maximum(found, max(rest, FLOOR)))


def _rewritten(word: list[Character], places: list[int], edit: _Edit) -> list[Character]:
    """The word as the list spells it, in the case that it was read in; boxes joined or shared where letters were."""
    letters = [word[i] for i in places]
    spelling = _in_case(edit.word, "".join(c.label for c in letters))
    if edit.skip >= 0:
        beside = edit.skip - 1 if edit.skip else 1
        letters[beside] = replace(letters[beside], box=_around(letters[beside], letters[edit.skip]))
        del letters[edit.skip]
        del places[edit.skip]
    if edit.miss >= 0:
        beside = min(edit.miss, len(letters) - 1)
        letters.insert(edit.miss, letters[beside])
        places = sorted([*places, places[beside]])
    kept = {i: [c] for i, c in enumerate(word) if not c.label.isalnum()}
    for place, character, label in zip(places, letters, spelling, strict=True):
        kept.setdefault(place, []).append(_relabelled(character, label))
    return [c for place in sorted(kept) for c in kept[place]]


def _around(a: Character, b: Character) -> Box:
    return min(a.box[0], b.box[0]), min(a.box[1], b.box[1]), max(a.box[2], b.box[2]), max(a.box[3], b.box[3])


def _relabelled(character: Character, label: str) -> Character:
    if label == character.label:
        return character
    score = next((choice.score for choice in character.alternatives if choice.label == label), 0.0)
    return replace(character, label=label, score=score)


def _in_case(word: str, read: str) -> str:
    """A word of the list in the case of what was read: all capitals, a capital first, or as the list has it."""
    letters = [c for c in read if c.isalpha()]
    if len(letters) > 1 and sum(c.isupper() for c in letters) > 0.7 * len(letters):
        return word.upper()
    return word[0].upper() + word[1:] if read[0].isupper() else word
