"""What was read, to take away: text, JSON, hOCR, ALTO and a searchable PDF, as links."""

from __future__ import annotations

import json
from html import escape

from emnist_hf.page.files import data_url, saved_name
from emnist_hf.page.language import ENGLISH, translate_html
from emnist_hf.page.page_view import Transcript
from emnist_hf.reading.alto import to_alto
from emnist_hf.reading.hocr import to_hocr
from emnist_hf.reading.results import Reading
from emnist_hf.reading.words import words_of
from emnist_hf.styling.searchable_pdf import searchable_pdf

NAME = "page"
"""Of the saved file, where nothing was read."""


def downloads(text: str, transcript: Transcript, language: str = ENGLISH) -> str:
    """Return HTML: a link for each format.

    text: as the visitor edited it; where what stands is known of the transcript alone.
    """
    reading = Reading(transcript.text, transcript.characters, size=transcript.size, language=transcript.language)
    name = saved_name(text, NAME)
    record = json.dumps(reading.as_record(), ensure_ascii=False)
    lines = [[(word.text, word.box) for word in line] for line in words_of(reading)]
    files = [
        ("TXT", "txt", "text/plain;charset=utf-8", text.encode("utf-8", "replace")),
        ("JSON", "json", "application/json", record.encode()),
        ("hOCR", "hocr", "application/xhtml+xml", to_hocr(reading, name, transcript.size).encode()),
        ("ALTO", "xml", "application/xml", to_alto(reading, name, transcript.size).encode()),
        ("PDF", "pdf", "application/pdf", searchable_pdf(transcript.picture, transcript.size, lines)),
    ]
    links = "".join(
        f'<a class="download" href="{data_url(data, kind)}" download="{escape(name)}.{suffix}">{title}</a>'
        for title, suffix, kind, data in files
    )
    said = translate_html("Download", language)
    return f'<div class="sheet-foot taken"><span class="footnote">{said}</span>{links}</div>'
