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

REVIEW = 0.98
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

SLIP, FLOOR = 0.01, 0.002
"""Probability of a letter that is missing or too many, and of one that is not among a character's alternatives."""

AS_LIKELY, OTHER = 0.1, 0.005
"""How likely a date is, beside what is none, to be what was meant; and how often something else than a choice is."""

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
        return _date_of(characters, text, score, field.pattern)
    if field.type == "number" and not NUMBER.fullmatch(text):
        return text, score, NO_NUMBER
    return text, score, ""


def doubt_of(value: Value) -> str:
    """Return why a value is doubtful, its low score among the reasons; "" where it is not."""
    _, score, doubt = value
    return doubt or (UNSURE if score < REVIEW else "")


def _date_of(characters: Sequence[Character], text: str, score: float, pattern: str) -> Value:
    """Return the date that was read; where there is no such day, one that is as likely but for a character or so."""
    date = _date(text, pattern)
    if date is not None:
        return date, score, ""
    if len(text) != len(characters):
        return text, score, NO_DATE
    likely: list[tuple[float, str, float]] = []
    for place, character in enumerate(characters):
        for choice in character.alternatives:
            share = choice.score / max(character.score, 1e-6)
            other = _date(text[:place] + choice.label + text[place + 1 :], pattern)
            if other is not None and share > AS_LIKELY:
                likely.append((share, other, score / max(character.score, 1e-6)))
    if not likely:
        return text, score, NO_DATE
    total = sum(share for share, _, _ in likely) + AS_LIKELY  # what else it may be
    best, date, rest = max(likely)
    return date, best / total * rest, ""


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
    product = float(np.prod([c.score for c in marks]))
    other = np.log(OTHER * max(product, FLOOR))  # what was read, where that is no choice
    shares = np.exp(np.append(logs, other) - max(logs.max(), other))
    best = int(shares[:-1].argmax())
    score = float(shares[best] / shares.sum())
    if score > 0.5:
        return likely[best], score * min(1.0, 2 * product), ""
    return text, (1 - score) * product, NO_CHOICE


def _log_likelihood(choice: str, characters: Sequence[Character]) -> float:
    """Return the log probability of characters where a choice was written: an alignment, case ignored, with slips."""
    slip = np.log(SLIP)
    before = [slip * i for i in range(len(characters) + 1)]
    for letter in choice.lower():
        row = [before[0] + slip]
        for i, character in enumerate(characters):
            shares = [c.score for c in character.alternatives if c.label.lower() == letter]
            own = sum(shares) or (character.score if character.label.lower() == letter else 0.0)
            row.append(max(before[i] + np.log(max(own, FLOOR)), before[i + 1] + slip, row[-1] + slip))
        before = row
    return float(before[-1])
