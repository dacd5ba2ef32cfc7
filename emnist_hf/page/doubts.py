"""Characters of a sheet that do not look like what their cells are for: shown one by one, for the writer to settle."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from emnist_hf.page.files import image_url
from emnist_hf.page.language import translate, translate_html
from emnist_hf.styling.font_sheet import Sheet

MOST = 24
"""Characters that are asked about at once."""

MOST_SAID = 6
"""Sentences on what to look at."""

ASKED = "In doubt: say what each of these is."


def doubts_script() -> str:
    """Return what sends a settled label: a `click` event with its `place` among all characters and its `label`."""
    return Path(__file__).with_name("doubts.js").read_text(encoding="utf-8")


def doubts_html(sheets: Sequence[Sheet], language: str) -> str:
    """Return HTML: a picture of each character in doubt, with a field that says what it is; nothing without such."""
    everything = [(sheet, character) for sheet in sheets for character in sheet.characters]
    asked = [(place, sheet, c) for place, (sheet, c) in enumerate(everything) if c.looks][:MOST]
    if not asked:
        return ""
    fields = "".join(
        f'<label><img src="{image_url(_picture(sheet, c.box))}" alt=""><input maxlength="1" size="1" '
        f'value="{escape(c.label)}" data-place="{place}" aria-label="'
        f'{translate_html("Looks like {other}, may be {label}", language, other=c.looks, label=c.label)}">'
        f"<span>{escape(c.looks)}?</span></label>"
        for place, sheet, c in asked
    )
    return f'<p class="tile-label">{translate_html(ASKED, language)}</p><div class="doubts">{fields}</div>'


def said_of(notices: Sequence[str], language: str) -> str:
    """Return the first of some sentences in a language, as one hint."""
    said = " ".join(translate(notice, language) for notice in notices[:MOST_SAID])
    return f"{said} …" if len(notices) > MOST_SAID else said


def _picture(sheet: Sheet, box: Sequence[float]) -> Image.Image:
    """Return a character's ink, dark on white, as high as a line of text or two."""
    left, top, right, bottom = (round(side * sheet.ink.scale) for side in box)
    ink = sheet.ink.coverage[max(top - 3, 0) : bottom + 3, max(left - 3, 0) : right + 3]
    picture = Image.fromarray(np.rint(255 * (1 - ink)).astype(np.uint8))
    return picture.resize((max(1, round(56 * picture.width / picture.height)), 56))
