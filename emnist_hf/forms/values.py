"""What was read in a field as the value that its type asks for, and what a person should check about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from rapidfuzz import process

from emnist_hf.errors import Sentence
from emnist_hf.forms.spreadsheet import NUMBER
from emnist_hf.forms.template_fields import TemplateField
from emnist_hf.reading.lexicon import Lexicon, correct
from emnist_hf.reading.results import Character, Reading, text_of

REVIEW = 0.95
"""Score below which a person should look at a field."""

EMPTY = Sentence("It is empty, and must not be.")
NO_DATE = Sentence("There is no such date.")
NO_NUMBER = Sentence("It is no number.")
NO_CHOICE = Sentence("It is none of the choices.")
UNSURE = Sentence("It is hard to read.")
MISSING_PAGE = Sentence("Its page is not there.")
CUT_OFF = Sentence("It is cut off.")
NOT_FOUND = Sentence("Its box was not found.")
"""Why a field is doubtful."""

LIKELY = 20
"""Choices that are compared letter by letter: the most similar ones."""

SLIP = 0.01
"""Probability of a letter that is not among a character's alternatives, that is missing or that is too many."""

Value = tuple[str, float, str]
"""The text of a field, the probability that it is right, and why it is doubtful or ""."""


def value_of(field: TemplateField, characters: Sequence[Character]) -> Value:
    """Return the value of a field, of the characters that were read in it."""
    if not characters:
        return "", 1.0, EMPTY if field.required else ""
    if field.type == "choice":
        return _choice(field.choices, characters)
    if field.lexicon:
        words = Lexicon(word for text in field.lexicon for word in text.split())
        characters = correct(Reading("", tuple(characters)), words).characters if words.size else characters
    text = text_of(characters).replace("\n", " ")
    score = float(np.prod([c.score for c in characters]))
    if field.type in ("digits", "number", "date"):
        text = text.replace(" ", "")
    if field.type == "date":
        written = _date(text, field.pattern)
        return (text, score, NO_DATE) if written is None else (written, score, "")
    if field.type == "number" and not NUMBER.fullmatch(text):
        return text, score, NO_NUMBER
    return text, score, ""


def doubt_of(value: Value) -> str:
    """Return why a value is doubtful, its low score among the reasons; "" where it is not."""
    _, score, doubt = value
    return doubt or (UNSURE if score < REVIEW else "")


def _date(text: str, pattern: str) -> str | None:
    """Return a date as its pattern has it, also where its signs were printed and only digits read; None for no date."""
    bare = re.sub(r"[^%\w]", "", pattern)
    for wanted in dict.fromkeys((pattern, bare)):
        try:
            date = datetime.strptime(text, wanted)
        except ValueError:
            continue
        if wanted != bare or date.strftime(bare) == text:  # a digit too few would be another date
            return date.strftime(pattern)
    return None


def _choice(choices: Sequence[str], characters: Sequence[Character]) -> Value:
    """Return the likeliest choice, and the share of its likelihood among all that it may be."""
    text = text_of(characters).replace("\n", " ")
    found = process.extract(text.lower(), [choice.lower() for choice in choices], limit=LIKELY)
    likely = [choices[place] for _, _, place in found]
    marks = [c for c in characters if c.label.strip()]
    logs = np.array([_log_likelihood("".join(choice.split()), marks) for choice in likely])
    other = len(marks) * np.log(0.1)  # what else it may be, letter by letter
    shares = np.exp(np.append(logs, other) - max(logs.max(), other))
    best = int(shares[:-1].argmax())
    score = float(shares[best] / shares.sum())
    return (likely[best], score, "") if score > 0.5 else (text, 1 - score, NO_CHOICE)


def _log_likelihood(choice: str, characters: Sequence[Character]) -> float:
    """Return the log probability of characters where a choice was written: an alignment, case ignored, with slips."""
    slip = np.log(SLIP)
    before = [slip * i for i in range(len(characters) + 1)]
    for letter in choice.lower():
        row = [before[0] + slip]
        for i, character in enumerate(characters):
            shares = [c.score for c in character.alternatives if c.label.lower() == letter]
            own = sum(shares) or (character.score if character.label.lower() == letter else 0.0)
            row.append(max(before[i] + np.log(max(own, SLIP)), before[i + 1] + slip, row[-1] + slip))
        before = row
    return float(before[-1])
