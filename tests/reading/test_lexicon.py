"""Words corrected by a list: other letters, one too many, one too few, and only where it is likelier."""

from __future__ import annotations

from pathlib import Path

import pytest

from emnist_hf.data.compose import TEXTS
from emnist_hf.evaluation.page_metrics import character_errors
from emnist_hf.reading.lexicon import Lexicon, LexiconError, correct
from emnist_hf.reading.results import Character, Choice, Reading, text_of
from tests.support.read_pages import ReadPage


def character(choices: str, place: int, word: int = 0, sure: float = 0.6) -> Character:
    """A character that is its first choice, so surely, and shares the rest among the others."""
    scores = [sure, *[(1 - sure) / max(1, len(choices) - 1)] * (len(choices) - 1)]
    found = tuple(Choice(label, score) for label, score in zip(choices, scores, strict=True))
    return Character(choices[0], scores[0], (10 * place, 0, 10 * place + 8, 10), 0, word, found)


def reading(*words: list[str], sure: float = 0.6) -> Reading:
    characters = []
    for number, word in enumerate(words):
        characters += [character(choices, len(characters), number, sure) for choices in word]
    return Reading(text_of(characters), tuple(characters))


LEXICON = Lexicon(["bread", "hello", "Anna", "milk", "a"])


def test_a_letter_is_corrected_where_it_may_be_another() -> None:
    fixed = correct(reading(["b", "r", "ec", "o0a", "d"]), LEXICON)
    assert fixed.text == "bread"
    assert fixed.characters[3].label == "a" and fixed.characters[3].score == pytest.approx(0.2)


def test_the_case_that_was_read_is_kept() -> None:
    assert correct(reading(["H", "E", "L", "I1L", "O"]), LEXICON).text == "HELLO"
    assert correct(reading(["M", "i", "1l", "k"]), LEXICON).text == "Milk"


def test_a_letter_too_many_or_too_few() -> None:
    split = correct(reading(["b", "r", "e", "o", "l", "d"]), Lexicon(["brold"]))
    assert split.text == "brold" and len(split.characters) == 5
    joined = correct(reading(["h", "e", "l", "o"]), LEXICON)
    assert joined.text == "hello" and len(joined.characters) == 5


def test_what_is_surely_another_word_stays() -> None:
    assert correct(reading(["z", "u", "q", "x", "y"], sure=0.999), LEXICON).text == "zuqxy"
    assert correct(reading(["2", "4"], ["i"], sure=0.9), LEXICON).text == "24 i"


def test_signs_within_a_word_stay() -> None:
    word = [*reading(["h", "e", "l", "1l", "o"]).characters, Character(",", 0.9, (60, 0, 62, 9), 0, 0)]
    assert correct(Reading("hel1o,", tuple(word)), LEXICON).text == "hello,"


def test_a_list_is_read_and_a_bad_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("bread\neggs milk\n---\n")
    assert Lexicon.load(path).size == 3
    path.write_text("--- ...")
    with pytest.raises(LexiconError, match="There is no file"):
        Lexicon.load(tmp_path / "none.txt")
    for bad in (path, tmp_path):
        with pytest.raises(LexiconError):
            Lexicon.load(bad)


def test_pages_are_read_better_with_their_words(read: ReadPage) -> None:
    words = Lexicon([*" ".join(line for text in TEXTS for line in text).split(), "cat", "house"])
    counts = []
    for seed, condition in enumerate(("plain", "jpeg", "noisy"), start=1):
        found = read(TEXTS[2], "gochi-hand", condition=condition, seed=seed)
        readings = found.reading, correct(found.reading, words)
        counts.append([character_errors(found.page.text, reading.text)[0] for reading in readings])
    without, with_words = (sum(column) for column in zip(*counts, strict=True))
    assert with_words < without / 2
