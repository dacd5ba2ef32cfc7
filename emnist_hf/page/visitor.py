"""What the page answers to a picture, the same for every tab: labels, what the model sees, calligraphy."""

from __future__ import annotations

import logging
from html import escape
from typing import Any

from emnist_hf.hub.feedback import FeedbackError
from emnist_hf.ink import NoInkError, PictureError
from emnist_hf.page.language import ENGLISH, told, translated
from emnist_hf.splits import LabelError
from emnist_hf.styling import StylingError

log = logging.getLogger(__name__)


TOP_K = 5


READERS: dict[str, Any] = {"concurrency_id": "reader", "concurrency_limit": 2}
"""Events that run the network share one queue: more than two at once would only share the same cores."""


EXPECTED = (PictureError, NoInkError, LabelError, StylingError, FeedbackError)
"""Errors whose text is a sentence for the visitor."""


SORRY = "Something went wrong on our side. Your picture is still here: please try again."


def sentence(error: Exception, language: str = ENGLISH) -> str:
    """What to tell the visitor. The log gets the rest; the visitor's picture goes to neither."""
    if isinstance(error, EXPECTED):
        return translated(str(error), language)
    log.exception("unexpected error while answering", exc_info=error)
    return told(SORRY, language)


def problem(error: Exception, language: str = ENGLISH) -> str:
    """HTML: a sentence where the sheet would be."""
    return said(sentence(error, language), "problem")


def said(text: str, kind: str = "said") -> str:
    """HTML: a sentence that screen readers speak. kind: "said", "prompt" or "problem"."""
    return f'<p class="message {kind}" role="status">{escape(text)}</p>'
