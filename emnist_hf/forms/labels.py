"""The words printed beside a field, by Tesseract where it is there: its label. The answer never waits long for them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from emnist_hf.forms.cells import LEAST_SIDE
from emnist_hf.ink import open_picture
from emnist_hf.reading.results import Box, Field

SECONDS = 10
"""After which Tesseract, a process of its own, is ended: the labels stay empty."""

LOOK_SIDE = 2400
"""Longest side, in pixels, of the picture that Tesseract is given."""

LEAST_SURE = 40.0
"""How sure Tesseract is of a word of a label, at the least, of 100."""

MOST_WORDS = 5000
"""Lines of Tesseract's table at the most."""

NEAR, APART = 8.0, 1.5
"""How far a label may lie from its field, and its words from each other, in heights of its words."""

LONGEST = 80
"""Characters of a label, at the most."""

Word = tuple[str, Box]


def with_labels(fields: Sequence[Field], image: Any, boxes: Sequence[Box]) -> tuple[Field, ...]:
    """Return the fields of a picture, anything `open_picture` takes, with what is printed beside each as its label.

    boxes: of tables, which hold no labels either. A checkbox has its label at its right, other fields at their left or
    above them. Where Tesseract or pytesseract is missing, hangs or prints rubbish, no field has one.
    """
    if not fields:
        return ()
    taken = [*(field.box for field in fields), *boxes]
    words = [word for word in _words(image, taken) if not any(_inside(word[1], box) for box in taken)]
    return tuple(replace(field, label=_label(field, words, taken) or field.label) for field in fields)


def _words(image: Any, boxes: Sequence[Box]) -> list[Word]:
    """Return the words that Tesseract reads outside boxes, which are blotted out; [] where it does not answer."""
    try:
        from pytesseract import pytesseract as driver
    except ImportError:
        return []
    if not shutil.which(driver.tesseract_cmd):
        return []
    picture = np.array(open_picture(image).convert("RGB"))
    for left, top, right, bottom in boxes:
        picture[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3] = 255
    scale = min(1.0, LOOK_SIDE / max(picture.shape[:2]))
    if scale < 1:
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    try:
        # Not `image_to_data`, which asks for the version first and waits for it without an end.
        table = driver.run_and_get_output(
            picture, extension="tsv", config="-c tessedit_create_tsv=1 --psm 11", timeout=SECONDS
        )
    except (driver.TesseractError, OSError, RuntimeError, ValueError):
        return []  # it is missing after all, hangs, fails, or does not write text
    return [word for line in table.splitlines()[1 : MOST_WORDS + 1] if (word := _word(line, scale))]


def _word(line: str, scale: float) -> Word | None:
    """Return the word in a line of Tesseract's table, None where it has none or makes no sense."""
    try:
        *_, left, top, across, down, sure = map(float, (columns := line.split("\t"))[:11])
        box = round(left / scale), round(top / scale), round((left + across) / scale), round((top + down) / scale)
        text = "".join(c for c in columns[11] if c.isprintable()).strip()
    except (ValueError, OverflowError, IndexError):
        return None
    return (text, box) if sure >= LEAST_SURE and any(c.isalnum() for c in text) else None


def _inside(word: Box, box: Box) -> bool:
    x, y = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _label(field: Field, words: Sequence[Word], boxes: Sequence[Box]) -> str:
    """Return the words beside a field as one text, "" where there are none."""
    left, top, right, _ = field.box
    ways = (_after(field.box, words, boxes), _before(field.box, words, boxes))
    if field.checked is None:
        above = [w for w in words if w[1][3] <= top + 4 and top - w[1][3] < 1.2 * (w[1][3] - w[1][1])]
        above = [w for w in above if w[1][0] < right and w[1][2] > left - LEAST_SIDE]
        over = _run(sorted(above, key=lambda w: w[1][0]), max(0, left - LEAST_SIDE), 1)
        ways = (ways[1], over)
    return next((" ".join(text)[:LONGEST].rstrip(" :.") for text in ways if text), "")


def _beside(box: Box, words: Sequence[Word]) -> list[Word]:
    """Return the words on the same level as a box, whose letters may stand at its foot."""
    return [w for w in words if min(w[1][3], box[3] + 8) - max(w[1][1], box[1] - 4) > 0.5 * (w[1][3] - w[1][1])]


def _before(box: Box, words: Sequence[Word], boxes: Sequence[Box]) -> list[str]:
    edge = max((b[2] for b in boxes if b[2] <= box[0] and b[1] < box[3] and b[3] > box[1]), default=0)
    some = [w for w in _beside(box, words) if edge <= w[1][0] and w[1][2] <= box[0] + 6]
    return _run(sorted(some, key=lambda w: -w[1][2]), box[0], -1)[::-1]


def _after(box: Box, words: Sequence[Word], boxes: Sequence[Box]) -> list[str]:
    edge = min((b[0] for b in boxes if b[0] >= box[2] and b[1] < box[3] and b[3] > box[1]), default=10**9)
    some = [w for w in _beside(box, words) if w[1][0] >= box[2] - 6 and w[1][2] <= edge + 6]
    return _run(sorted(some, key=lambda w: w[1][0]), box[2], 1)


def _run(words: Sequence[Word], start: int, way: int) -> list[str]:
    """Return the words that follow each other from a place on, to the right (1) or to the left (-1)."""
    found: list[str] = []
    for text, box in words:
        gap = box[0] - start if way > 0 else start - box[2]
        if gap > (APART if found else NEAR) * (box[3] - box[1]):
            break
        found.append(text)
        start = box[2] if way > 0 else box[0]
    return found
