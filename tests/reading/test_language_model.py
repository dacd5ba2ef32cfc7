"""What a character's company says of it: letters as a language pairs them, and sheets of one character."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from emnist_hf.reading.language_model import LETTERS, LIFTS, PAIRS, WRITTEN, characters_in_words, page_frequencies
from emnist_hf.splits import CHARACTERS


def seen(text: str, unsure: dict[int, dict[str, float]] | None = None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Likelihoods of a line, and where its words begin; at some places the shape leaves open which character it is."""
    letters = [i for i, c in enumerate(text) if c != " "]
    likelihoods = np.full((len(letters), len(CHARACTERS)), 1e-4)
    for row, i in enumerate(letters):
        for character, share in (unsure or {}).get(i, {text[i]: 1.0}).items():
            likelihoods[row, CHARACTERS.index(character)] = share
    return likelihoods, np.array([i == 0 or text[i - 1] == " " for i in letters])


def read(*lines: tuple[NDArray[np.float64], NDArray[np.bool_]]) -> list[str]:
    found = characters_in_words([line * WRITTEN for line, _ in lines], [starts for _, starts in lines], WRITTEN)
    assert all(np.allclose(probabilities.sum(axis=1), 1) for probabilities in found)
    return ["".join(CHARACTERS[i] for i in probabilities.argmax(axis=1)) for probabilities in found]


LANGUAGE = "then meet anna near the old bridge"
CODES = "xqjv kwzx vbqg jxkz wqpv zkxj qvwb gjzx kqvx"
UNSURE = {1: {"i": 0.4, "l": 0.6}}


def test_a_letter_is_read_as_its_neighbours_have_it() -> None:
    assert read(seen("with a sphinx", UNSURE), seen(LANGUAGE))[0] == "withasphinx"
    assert read(seen("black a sphinx", {1: {"i": 0.6, "l": 0.4}}), seen(LANGUAGE))[0] == "blackasphinx"


def test_what_is_certain_stays_however_rare() -> None:
    assert read(seen("wlth a sphlnx"), seen(LANGUAGE))[0] == "wlthasphlnx"


def test_pairs_do_not_count_on_a_page_that_is_no_language() -> None:
    code = {1: {"l": 0.75, "i": 0.25}}
    assert read(seen("wlxq", code), seen(LANGUAGE))[0] == "wixq"
    assert read(seen("wlxq", code), *[seen(CODES)] * 3)[0] == "wlxq"


def test_a_letter_alone_and_digits_have_no_pairs() -> None:
    for probabilities in (read(seen("a b l x")), read(seen("a b l x"), seen(LANGUAGE))):
        assert probabilities[0] == "ablx"
    assert np.allclose(PAIRS[:10, :-1], PAIRS[0, 0]) and np.allclose(PAIRS[:-1, :10], PAIRS[0, 0])


def test_the_table_is_of_pairs() -> None:
    """Rows go before columns; the space is a word's edge."""
    assert LIFTS.shape == (len(LETTERS), len(LETTERS))
    lift = {pair: LIFTS[LETTERS.index(pair[0]), LETTERS.index(pair[1])] for pair in ("qu", "th", "wl", "qq")}
    assert lift["qu"] > 9 and lift["th"] > 2 and lift["wl"] < 0.1 and lift["qq"] < 0.1


def test_a_sheet_of_one_character_stays_open_to_another_that_is_sure() -> None:
    """What is read otherwise is rather the same character, misread; what leaves no doubt is not talked into it."""

    def likelihoods(**shares: float) -> NDArray[np.float64]:
        row = np.full(len(CHARACTERS), 1e-6)
        for character, share in shares.items():
            row[CHARACTERS.index(character)] = share
        return row

    sheet = [likelihoods(E=1.0)] * 40 + [likelihoods(Z=0.9, E=0.02)] * 3 + [likelihoods(B=1.0)]
    rows = np.stack(sheet)
    frequencies = page_frequencies(rows, np.ones(len(CHARACTERS), bool))
    read = [CHARACTERS[i] for i in (rows * frequencies).argmax(axis=1)]
    assert read == ["E"] * 43 + ["B"]
    assert frequencies.sum() == pytest.approx(1)
    few = np.stack([*[likelihoods(E=1.0)] * 12, likelihoods(Z=0.9, E=0.02)])  # too few to be a sheet
    assert CHARACTERS[int((few * page_frequencies(few, np.ones(len(CHARACTERS), bool)))[-1].argmax())] == "Z"
