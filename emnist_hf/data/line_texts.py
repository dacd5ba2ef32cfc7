"""What composed lines say: words of several languages, names, codes, numbers, dates, addresses, sums, punctuation.

Word frequencies: wordfreq 3 (Speer 2022, doi 10.5281/zenodo.7199437).
"""

from __future__ import annotations

import string
from functools import cache
from typing import Any

import numpy as np

from emnist_hf.letterforms import ACCENTED, LINE_ALPHABET, SIGNS

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
WORDS = 30_000  # of each language
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"


@cache
def words_of(language: str) -> tuple[str, ...]:
    """Return the frequent words of a language that the alphabet has all letters of, the most frequent first."""
    from wordfreq import top_n_list  # type: ignore[import-untyped]

    known = set(LINE_ALPHABET)
    return tuple(word for word in top_n_list(language, WORDS, wordlist="small") if known.issuperset(word))


def compose_text(length: int, rng: np.random.Generator) -> str:
    """Return a text of about `length` characters, all of the alphabet, without a space at its ends."""
    kinds = (_words, _words, _words, _random, _number, _date, _sum, _name)
    text = ""
    kind = kinds[rng.integers(len(kinds))]
    while len(text) < length:
        text = f"{text} {kind(rng)}" if text else kind(rng)
        if rng.random() < 0.2:
            kind = kinds[rng.integers(len(kinds))]
    if rng.random() < 0.25:
        text = text.upper().replace("ẞ", "ß")
    text = "".join(c for c in text if c in LINE_ALPHABET)
    return text[: max(length + 4, 1)].strip() or "a"


def _words(rng: np.random.Generator) -> str:
    """Return a few words: half of them drawn by their rank, so that rare ones come as well."""
    language = LANGUAGES[min(int(rng.exponential(1.6)), len(LANGUAGES) - 1)]
    known = words_of(language)
    found = []
    for _ in range(int(rng.integers(1, 4))):
        rank = int(len(known) ** rng.random()) if rng.random() < 0.3 else int(rng.integers(len(known)))
        word = known[min(rank, len(known) - 1)]
        if rng.random() < 0.2:
            word = word[:1].upper() + word[1:]
        if rng.random() < 0.2:
            word += _one(".,;:!?.,", rng)
        elif rng.random() < 0.05:
            word = _one(("({})", '"{}"', "'{}'", "{}'s", "{}-{}"), rng).format(word, word[:3])
        found.append(word)
    return " ".join(found)


def _one(among: Any, rng: np.random.Generator) -> Any:
    return among[int(rng.integers(len(among)))]


def _random(rng: np.random.Generator) -> str:
    """Return what nobody says: letters by chance, codes, made-up words, rare signs."""
    draw, size = rng.random(), int(rng.integers(1, 8))
    if draw < 0.3:
        pool = _one((string.ascii_uppercase, string.ascii_lowercase, string.ascii_letters), rng)
        return "".join(_one(pool, rng) for _ in range(size))
    if draw < 0.55:
        return "".join(_one(string.ascii_uppercase + string.digits, rng) for _ in range(size + 2))
    if draw < 0.85:
        made = "".join(_one(CONSONANTS, rng) + _one(VOWELS, rng) for _ in range(1 + size // 2))
        return made.capitalize() if rng.random() < 0.3 else made
    pool = SIGNS if rng.random() < 0.6 else ACCENTED
    return "".join(_one(pool, rng) for _ in range(1 + size // 3))


def _number(rng: np.random.Generator) -> str:
    value = int(10 ** rng.uniform(0, 7))
    patterns = (
        "{v}",
        "{v}",
        "{v:,}",
        "{v}.{c:02}",
        "{v},{c:02}",
        "${v}",
        "€{c}",
        "{c} €",
        "{c}%",
        "+{v}",
        "#{c}",
        "{v}-{c}",
        "0{v}",
    )
    return str(_one(patterns, rng)).format(v=value, c=int(rng.integers(100)))


def _date(rng: np.random.Generator) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1920, 2040))
    patterns = (
        "{d:02}.{m:02}.{y}",
        "{d}/{m}/{y}",
        "{y}-{m:02}-{d:02}",
        "{d}. {m}. {y}",
        "{h}:{n:02}",
        "{m}/{y}",
        "{h}.{n:02}",
        "{y}",
    )
    return str(_one(patterns, rng)).format(d=day, m=month, y=year, h=int(rng.integers(24)), n=int(rng.integers(60)))


def _sum(rng: np.random.Generator) -> str:
    a, b = int(rng.integers(100)), int(rng.integers(100))
    return f"{a}{_one(' +', rng)}{_one('+-*/=', rng)} {b}" if rng.random() < 0.7 else f"{a} + {b} = {a + b}"


def _name(rng: np.random.Generator) -> str:
    word = lambda: str(_one(words_of("en"), rng)).capitalize()  # noqa: E731
    patterns = (
        "{0} {1}",
        "{0} {1[0]}. {2}",
        "{n} {0} St.",
        "{0}str. {n}",
        "{n} {0}",
        "{0}@{1}.com",
        "{0} & {1}",
        "Tel. {n}",
        "{0}_{n}",
    )
    return str(_one(patterns, rng)).format(word(), word(), word(), n=int(10 ** rng.uniform(0, 5)))
