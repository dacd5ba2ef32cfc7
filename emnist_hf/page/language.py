"""The page in the visitor's language: English, German and French, all phrases in languages.json.

What stands on the page is translated by the browser, through gradio's I18n; sentences that the server writes are in the
language that the browser asks for, those of the package (errors, notices) among them. What is missing in a language is
said in English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData

ENGLISH = "en"


LANGUAGES = (ENGLISH, "de", "fr")


PHRASES: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
"""English phrases, which are their own keys, to their translations by language."""


def told(phrase: str, language: str, **values: str) -> str:
    """A phrase in a language, with `values` in the place of {names}; in English where it has no translation."""
    return PHRASES.get(phrase, {}).get(language, phrase).format(**values)


def translated(sentence: str, language: str) -> str:
    """An English sentence of the package in a language: of the phrase that it is, or that it fits with values in it.

    A value that is a phrase is translated too.
    """
    if language == ENGLISH or language in PHRASES.get(sentence, {}):
        return told(sentence, language) if sentence in PHRASES else sentence
    for phrase, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            values = {name: PHRASES.get(value, {}).get(language, value) for name, value in found.groupdict().items()}
            return told(phrase, language, **values)
    return sentence


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Phrases with {names}, as patterns; those with more words of their own first, as they say more."""
    named = sorted((p for p in PHRASES if "{" in p), key=lambda p: -len(re.sub(r"{\w+}", "", p)))
    return [(p, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(p)), re.DOTALL)) for p in named]


I18N = gr.I18n(**{language: {p: told(p, language) for p in PHRASES if "{" not in p} for language in LANGUAGES})
"""What the browser translates; `in_every_language` adds to it."""


NUMBERS = {
    "de": str.maketrans({",": ".", ".": ",", "%": "\u00a0%"}),
    "fr": str.maketrans({",": "\u202f", ".": ",", "%": "\u00a0%"}),
}
"""What English writes in a number, and what others write there."""


def numeral(number: str, language: str) -> str:
    """A number written as English does, such as 116,323 or 87.5%, as the language writes it."""
    return number.translate(NUMBERS.get(language, {}))


def label(phrase: str) -> I18nData | str:
    """A phrase that the browser translates: a component's label, info or placeholder, or the name of a tab."""
    return I18N(phrase) if phrase in PHRASES else phrase


def html(tag: str, phrase: str) -> str:
    """The value of a gr.HTML with one phrase in it, in an element such as `h2` or `p class="footnote"`."""
    return f"<{tag}>{label(phrase)}</{tag.split()[0]}>"


def joined(key: str, phrases: Sequence[str]) -> I18nData:
    """Phrases for the template of a gr.HTML, as its label; `part` has the place in the template of each.

    Of the names in a template gradio's browser side translates the label alone.
    """
    return in_every_language(key, lambda language: "|".join(told(phrase, language) for phrase in phrases))


def part(place: int) -> str:
    """What stands in a template for a phrase of `joined`, counted from 0."""
    return f"${{label.split('|')[{place}]}}"


def in_every_language(key: str, make: Callable[[str], str]) -> I18nData:
    """The value of a component that says more than one phrase: `make` gives it for a language."""
    for language in LANGUAGES:
        I18N.translations[language][key] = make(language)
    return I18N(key)


def language_of(request: gr.Request | None) -> str:
    """The first of the languages that a browser asks for which the page speaks; else English."""
    return language_in(request.headers.get("accept-language", "") if request is not None and request.headers else "")


def language_in(accepted: str) -> str:
    """As `language_of`, of an Accept-Language header."""
    for part in accepted.split(","):
        language = part.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return ENGLISH


def quoted(phrase: str, language: str, **values: str) -> str:
    """A phrase in a language, as HTML wants it; values as `told` takes them."""
    return escape(told(phrase, language, **values))
