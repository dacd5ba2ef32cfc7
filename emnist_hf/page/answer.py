"""What the page answers to a picture, in words: one character or a page of them, and how sure that is."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from emnist_hf.ink import Ink
from emnist_hf.page.files import image_url
from emnist_hf.page.language import ENGLISH, translate, translate_html
from emnist_hf.page.messages import message_html
from emnist_hf.page.page_view import lettered
from emnist_hf.reading.components import INK
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Answer, Prediction, Recognizer
from emnist_hf.splits import fold_shape

TOP_K = 5

WIDEST = 1.5
"""Width of a character, in its own heights, at the most."""

CERTAINTY = (
    (0.8, "This looks like {label}, {score} sure."),
    (0.4, "This may be {label}, {score} sure."),
    (0.0, "Hard to read. Perhaps {label}, {score} sure."),
)
"""The answer in words, by the least score it takes."""

DOUBT = "This does not look like one letter or digit."
PERHAPS = "If it is one, then perhaps {label}. Try a single character, large and on its own."


# --- one character or a page ---


def recognize(recognizer: Recognizer, picture: Image.Image, ink: Ink, charset: str) -> Answer | Reading:
    """Return the one character or the page of them that a picture holds, given its ink.

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
    """Return whether it is one character, whatever else the picture may be read as."""
    return found.is_character and found.predictions[0].score > 0.8


def is_one_mark(ink: Ink) -> bool:
    """Return whether all ink hangs together and is no wider than a character."""
    mask = (ink.coverage > INK).astype(np.uint8)
    _, _, width, height = cv2.boundingRect(mask)
    return bool(width <= WIDEST * height) and cv2.connectedComponents(mask, connectivity=8)[0] == 2


# --- in words ---


def answer_in_words(
    predictions: list[Prediction], charset: str, is_character: bool = True, language: str = ENGLISH
) -> tuple[str, str]:
    """Return the answer in words, and a hint or nothing."""
    best = predictions[0]
    if not is_character:
        return translate(DOUBT, language), translate(PERHAPS, language, label=best.label)
    phrase = next(phrase for least, phrase in CERTAINTY if best.score >= least)
    words = translate(phrase, language, label=best.label, score=f"{best.score:.0%}")
    return words, ambiguity(predictions, charset, language)


def ambiguity(predictions: list[Prediction], charset: str, language: str = ENGLISH) -> str:
    """Return a hint where the first answers have one shape, such as O, o and 0; nothing otherwise."""
    best, *rest = predictions
    shape = fold_shape(best.label)
    twins = [other.label for other in rest if fold_shape(other.label) == shape and other.score > 0.05]
    if not twins:
        return ""
    others = f" {translate('or', language)} ".join(twins)
    if charset in ("byclass", "bymerge"):
        hint = "Alone, {label} can also be {others}. Pick it in the list, or narrow “Read it as”."
    else:
        hint = "Alone, {label} can also be {others}. Pick it in the list."
    return translate(hint, language, label=best.label, others=others)


def glyph_url(glyph: np.ndarray) -> str:
    """Return the 28 x 28 picture that the model sees, as a data URL."""
    return image_url(Image.fromarray(glyph))


def answer_html(
    words: str, hint: str = "", glyph: np.ndarray | None = None, kind: str = "said", language: str = ENGLISH
) -> str:
    """Return HTML: the 28 x 28 picture that the model sees, enlarged without smoothing, and the answer beside it.

    kind: as `message_html` takes it.
    """
    if glyph is None:
        seen = '<div class="glyph glyph-empty"></div>'
    else:
        alt = translate_html("What the model sees: your character in 28 by 28 pixels", language)
        seen = f'<img class="glyph" src="{glyph_url(glyph)}" alt="{alt}">'
    caption = translate_html("What the model sees", language)
    return (
        f'<div class="reading-head"><figure>{seen}<figcaption>{caption}</figcaption>'
        f"</figure>{message_html(words, kind, hint)}</div>"
    )
