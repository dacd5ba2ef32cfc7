"""Sentences for the visitor: what an error says, in their language, and the HTML that has it spoken."""

from __future__ import annotations

import logging
from html import escape

from emnist_hf.errors import EmnistError
from emnist_hf.page.language import ENGLISH, translate

log = logging.getLogger(__name__)

SORRY = "Something went wrong on our side. Your picture is still here: please try again."


def explain(error: Exception, language: str = ENGLISH) -> str:
    """Return what to tell the visitor. The log gets the rest; the visitor's picture goes to neither."""
    if isinstance(error, EmnistError):
        return translate(error.args[0], language)
    log.exception("unexpected error while answering", exc_info=error)
    return translate(SORRY, language)


def message_html(text: str, kind: str = "said", hint: str = "") -> str:
    """Return HTML: a sentence that screen readers speak, and a hint in small letters.

    kind: "said", "prompt" or "problem".
    """
    small = f"<small>{escape(hint)}</small>" if hint else ""
    return f'<p class="message {kind}" role="status">{escape(text)}{small}</p>'


def problem_html(error: Exception, language: str = ENGLISH) -> str:
    """Return HTML: what an error says, where the answer would be."""
    return message_html(explain(error, language), "problem")
