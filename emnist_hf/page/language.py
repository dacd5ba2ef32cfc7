"""The page in the visitor's language: English, German and French, all phrases in languages.json.

What stands on the page is translated by the browser, through gradio's I18n; sentences that the server writes are in the
language that the browser asks for, those of the package (errors, notices) among them. What is missing in a language is
said in English.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData

from emnist_hf.errors import Sentence

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "fr")

PHRASES: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
"""English phrases, which are their own keys, to their translations by language."""

NUMBERS = {
    "de": str.maketrans({",": ".", ".": ",", "%": "\u00a0%"}),
    "fr": str.maketrans({",": "\u202f", ".": ",", "%": "\u00a0%"}),
}
"""What English writes in a number, and what others write there."""


# --- what the server says ---


def translate(phrase: str, language: str, **values: str) -> str:
    """Return a phrase in a language, with `values` in the place of {names}; in English where it has no translation.

    phrase: one of `PHRASES`, or a `Sentence` of the package, which brings its values along: what of them is a phrase
    or a sentence is translated too.
    """
    if isinstance(phrase, Sentence):
        values = {k: translate(v, language) if isinstance(v, str) else v for k, v in phrase.values.items()}
        phrase = phrase.template
    template = PHRASES.get(phrase, {}).get(language, phrase)
    return template.format(**values) if values else template


def translate_html(phrase: str, language: str, **values: str) -> str:
    """Return a phrase in a language as `translate` does, escaped for HTML."""
    return escape(translate(phrase, language, **values))


def numeral(number: str, language: str) -> str:
    """Return a number written as English does, such as 116,323 or 87.5%, as the language writes it."""
    return number.translate(NUMBERS.get(language, {}))


def language_of(request: gr.Request | None) -> str:
    """Return the first of the languages that a browser asks for which the page speaks; else English."""
    return language_in(request.headers.get("accept-language", "") if request is not None and request.headers else "")


def language_in(accepted: str) -> str:
    """Return the language as `language_of` does, of an Accept-Language header."""
    for part in accepted.split(","):
        language = part.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return ENGLISH


# --- what the browser translates ---

_building: ContextVar[gr.I18n] = ContextVar("words of the page that is being built")


@contextmanager
def browser_words() -> Iterator[gr.I18n]:
    """Collect what the browser is to translate on the page that is built inside the block, for `Blocks.launch`."""
    words = gr.I18n(**{name: {p: translate(p, name) for p in PHRASES if "{" not in p} for name in LANGUAGES})
    token = _building.set(words)
    try:
        yield words
    finally:
        _building.reset(token)


def in_every_language(key: str, make: Callable[[str], str]) -> I18nData:
    """Return the value of a component that says more than one phrase: `make` gives it for a language.

    It is known to the page that is being built, by a key that is unique on it.
    """
    words = _building.get()
    for language in LANGUAGES:
        words.translations[language][key] = make(language)
    return I18nData(key)


def label(phrase: str) -> I18nData | str:
    """Return a phrase that the browser translates: a component's label, info or placeholder, or the name of a tab."""
    return I18nData(phrase) if phrase in PHRASES else phrase


def html(tag: str, phrase: str) -> str:
    """Return the value of a gr.HTML with one phrase in it, in an element such as `h2` or `p class="footnote"`."""
    return f"<{tag}>{label(phrase)}</{tag.split()[0]}>"


def joined(key: str, phrases: Sequence[str]) -> I18nData:
    """Return phrases for the template of a gr.HTML, as its label; `part` has the place in the template of each.

    Of the names in a template gradio's browser side translates the label alone.
    """
    return in_every_language(key, lambda language: "|".join(translate(phrase, language) for phrase in phrases))


def part(place: int) -> str:
    """Return what stands in a template for a phrase of `joined`, counted from 0."""
    return f"${{label.split('|')[{place}]}}"
