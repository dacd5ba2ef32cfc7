"""How often letters follow each other, as the table that `emnist_hf.reading.language_model` holds.

    pip install "wordfreq>=3.1,<4"
    python -m benchmarks.letter_pairs [--words 20000]

Counts the pairs of letters in the most frequent words of ten languages, each word as often as it is used and each
language alike; accents are taken off, and a space stands for the end of a word. Prints the table: a line for each
letter that goes before, a to z and the space, of how many times as often as by chance each follows it, in per cent.
"""

from __future__ import annotations

import argparse
import unicodedata
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from emnist_hf.reading.language_model import LETTERS

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv", "pl", "id")
MOST = 999
"""Per cent; higher values, all of rare letters, are cut off there."""


def plain(word: str) -> str:
    """A word in small letters without accents; "" if it has anything but letters."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c)).lower()
    return bare if bare.isascii() and bare.isalpha() else ""


def count_pairs(words: Iterable[tuple[str, float]]) -> NDArray[np.float64]:
    """Share of each pair among all, float64 [27, 27], of words with their frequencies."""
    counts = np.zeros((len(LETTERS), len(LETTERS)))
    for word, frequency in words:
        places = [LETTERS.index(c) for c in f" {plain(word)} "]
        if len(places) > 3:  # a letter alone has no neighbours
            np.add.at(counts, (places[:-1], places[1:]), frequency)
    return counts / counts.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=20_000, help="so many of each language (default: %(default)s)")
    options = parser.parse_args()
    import wordfreq

    shares = [
        count_pairs(
            (word, wordfreq.word_frequency(word, language)) for word in wordfreq.top_n_list(language, options.words)
        )
        for language in LANGUAGES
    ]
    share = np.mean(shares, axis=0)
    lift = share / np.maximum(share.sum(axis=1, keepdims=True) * share.sum(axis=0), 1e-12)
    for row in np.minimum(np.rint(100 * lift), MOST).astype(int):
        print(" ".join(map(str, row)))


if __name__ == "__main__":
    main()
