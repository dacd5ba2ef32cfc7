"""What the page answers to a picture, the same for every tab: labels, what the model sees, calligraphy."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import cv2
import numpy as np
from PIL import Image

from emnist_hf.ink import Ink
from emnist_hf.page.calligraphy import Style, data_url
from emnist_hf.page.language import ENGLISH, quoted, told, translated
from emnist_hf.page.page_view import Transcript, lettered, set_again
from emnist_hf.page.visitor import TOP_K, sentence
from emnist_hf.reading.components import INK
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Answer, Prediction, Recognizer
from emnist_hf.splits import fold_shape

WIDEST = 1.5
"""Width of a character, in its own heights, at the most."""


CERTAINTY = (
    (0.8, "This looks like {label}, {score} sure."),
    (0.4, "This may be {label}, {score} sure."),
    (0.0, "Hard to read. Perhaps {label}, {score} sure."),
)
"""The answer in words, by the least score it takes."""


def ambiguity(predictions: list[Prediction], charset: str, language: str = ENGLISH) -> str:
    """A hint where the first answers have one shape, such as O, o and 0; nothing otherwise."""
    best, *rest = predictions
    shape = fold_shape(best.label)
    twins = [other.label for other in rest if fold_shape(other.label) == shape and other.score > 0.05]
    if not twins:
        return ""
    others = f" {told('or', language)} ".join(twins)
    if charset in ("byclass", "bymerge"):
        hint = "Alone, {label} can also be {others}. Pick it in the list, or narrow “Read it as”."
    else:
        hint = "Alone, {label} can also be {others}. Pick it in the list."
    return told(hint, language, label=best.label, others=others)


DOUBT = "This does not look like one letter or digit."


PERHAPS = "If it is one, then perhaps {label}. Try a single character, large and on its own."


def says(
    predictions: list[Prediction], charset: str, is_character: bool = True, language: str = ENGLISH
) -> tuple[str, str]:
    """The answer in words, and a hint or nothing."""
    best = predictions[0]
    if not is_character:
        return told(DOUBT, language), told(PERHAPS, language, label=best.label)
    words = next(words for least, words in CERTAINTY if best.score >= least)
    said = told(words, language, label=best.label, score=f"{best.score:.0%}")
    return said, ambiguity(predictions, charset, language)


def glyph_url(glyph: np.ndarray) -> str:
    """The 28 x 28 picture that the model sees, as a data URL."""
    return data_url(Image.fromarray(np.ascontiguousarray(glyph, dtype=np.uint8)))


def reading(
    text: str, hint: str = "", glyph: np.ndarray | None = None, kind: str = "said", language: str = ENGLISH
) -> str:
    """HTML: the 28 x 28 picture that the model sees, enlarged without smoothing, and a sentence beside it.

    An English sentence is said in the language, as far as it is known. It is a live region: screen readers speak it
    when it changes.
    """
    if glyph is None:
        seen = '<div class="glyph glyph-empty"></div>'
    else:
        alt = quoted("What the model sees: your character in 28 by 28 pixels", language)
        seen = f'<img class="glyph" src="{glyph_url(glyph)}" alt="{alt}">'
    small = f"<small>{escape(hint)}</small>" if hint else ""
    said = escape(translated(text, language))
    return (
        f'<div class="reading-head"><figure>{seen}<figcaption>{quoted("What the model sees", language)}</figcaption>'
        f'</figure><p class="message {kind}" role="status">{said}{small}</p></div>'
    )


def look(recognizer: Recognizer, picture: Image.Image, ink: Ink, charset: str) -> Answer | Reading:
    """One character or a page of them, whichever a picture holds, given its ink.

    A picture of a single mark that surely is a character is not read as a page, which takes twice as long. Raises
    as `Recognizer.examine` where there may be one character.
    """
    found = recognizer.examine(picture, top_k=TOP_K, charset=charset, ink=ink) if is_one_mark(ink) else None
    if found is not None and is_sure(found):
        return found
    page = recognizer.read(picture, charset, ink=ink)
    letters = len(lettered(page))
    if letters > 2:
        return page
    found = found or recognizer.examine(picture, top_k=TOP_K, charset=charset, ink=ink)
    return page if letters == 2 and not is_sure(found) else found


def is_sure(found: Answer) -> bool:
    """Whether it is one character, whatever else the picture may be read as."""
    return found.is_character and found.predictions[0].score > 0.8


def is_one_mark(ink: Ink) -> bool:
    """Whether all ink hangs together and is no wider than a character."""
    mask = (ink.coverage > INK).astype(np.uint8)
    _, _, width, height = cv2.boundingRect(mask)
    return bool(width <= WIDEST * height) and cv2.connectedComponents(mask, connectivity=8)[0] == 2


def set_in_manner(text: str, transcript: Transcript | None, manner: Sequence[Any], language: str) -> str:
    """HTML: the text set as the controls say: font, ink, paper, place and strength. Or a sentence."""
    font, ink, paper, place, strength = manner
    try:
        return set_again(text, transcript, Style(font, ink, paper), place, strength, language)
    except Exception as error:
        return f'<p class="message problem">{escape(sentence(error, language))}</p>'
