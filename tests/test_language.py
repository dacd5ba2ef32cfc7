"""The page's languages: every phrase in every one, the same names in it, and the browser's choice honoured."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from emnist_hf import Prediction
from emnist_hf.page import draw, pad, upload
from emnist_hf.page.answer import CERTAINTY, DOUBT, PERHAPS, says
from emnist_hf.page.language import I18N, LANGUAGES, PHRASES, language_of, told
from emnist_hf.page.look import SENTENCE


def names(phrase: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", phrase))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_phrase_is_translated_with_the_same_names(language: str) -> None:
    assert len(LANGUAGES) >= 3
    for phrase, translations in PHRASES.items():
        assert translations[language].strip(), phrase
        assert names(translations[language]) == names(phrase), phrase


def test_what_the_page_says_first_is_in_the_dictionary() -> None:
    first = {
        SENTENCE,
        draw.PROMPT,
        draw.FOOTNOTE,
        upload.PROMPT,
        DOUBT,
        PERHAPS,
        *(words for _, words in CERTAINTY),
        *pad.PHRASES,
    }
    assert first <= set(PHRASES)


def test_the_browser_is_given_every_phrase_without_a_value() -> None:
    with gr.Blocks():
        pad.drawing_pad()
    for language in LANGUAGES:
        given = I18N.translations[language]
        assert given["Undo"] == told("Undo", language)
        assert given["pad"].split("|")[2] == given["Undo"]
        assert {phrase for phrase in PHRASES if not names(phrase)} <= set(given)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr", "fr"),
        ("ja,fr;q=0.5", "fr"),
        ("ja", "en"),
        ("", "en"),
        ("*;q=x,,;", "en"),
    ],
)
def test_the_language_is_what_the_browser_asks_for(header: str, language: str) -> None:
    request: Any = SimpleNamespace(headers={"accept-language": header})
    assert language_of(request) == language
    assert language_of(None) == "en"


def test_answers_are_in_the_language() -> None:
    found = [Prediction("O", 0.5), Prediction("0", 0.4)]
    said, hint = says(found, "byclass", language="de")
    assert said == "Das könnte O sein, zu 50% sicher." and "auch 0 sein" in hint
    assert says(found, "byclass")[0] == "This may be O, 50% sure."
    assert "seul caractère" in says(found, "byclass", is_character=False, language="fr")[1]
