"""The page in the visitor's language: English, German and French, all phrases in languages.json.

What stands on the page is translated by the browser, through gradio's I18n; sentences that the server writes are in the
language that the browser asks for. What is missing in a language is said in English.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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


I18N = gr.I18n(**{language: {p: told(p, language) for p in PHRASES if "{" not in p} for language in LANGUAGES})
"""What the browser translates; `in_every_language` adds to it."""


def label(phrase: str) -> I18nData | str:
    """A phrase that the browser translates: a component's label, info or placeholder, or the name of a tab."""
    return I18N(phrase) if phrase in PHRASES else phrase


def html(tag: str, phrase: str) -> str:
    """The value of a gr.HTML with one phrase in it, in an element such as `h2` or `p class="footnote"`."""
    return f"<{tag}>{label(phrase)}</{tag.split()[0]}>"


def in_every_language(key: str, make: Callable[[str], str]) -> I18nData:
    """The value of a component that says more than one phrase: `make` gives it for a language."""
    for language in LANGUAGES:
        I18N.translations[language][key] = make(language)
    return I18N(key)


def language_of(request: gr.Request | None) -> str:
    """The first of the languages that a browser asks for which the page speaks; else English."""
    asked = request.headers.get("accept-language", "") if request is not None and request.headers else ""
    for part in asked.split(","):
        language = part.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return ENGLISH


def quoted(phrase: str, language: str) -> str:
    """A phrase in a language, as HTML wants it."""
    return escape(told(phrase, language))
