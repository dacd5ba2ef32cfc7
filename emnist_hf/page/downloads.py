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
"""What the saved files' names end in."""


def text_link(text: str, language: str = ENGLISH) -> str:
    """Return HTML: the link to the text as the visitor edited it."""
    said = f'<span class="footnote">{translate_html("Download", language)}</span>'
    return _foot(said + _link("TXT", "txt", "text/plain;charset=utf-8", text.encode("utf-8", "replace"), text))


def file_links(transcript: Transcript) -> str:
    """Return HTML: links to what says where each word stands, which of a text that a visitor typed nobody knows."""
    reading = Reading(transcript.text, transcript.characters, size=transcript.size, language=transcript.language)
    name = saved_name(reading.text, NAME)
    record = json.dumps(reading.as_record(), ensure_ascii=False)
    lines = [[(word.text, word.box) for word in line] for line in words_of(reading)]
    files = [
        ("JSON", "json", "application/json", record.encode()),
        ("hOCR", "hocr", "application/xhtml+xml", to_hocr(reading, name, transcript.size).encode()),
        ("ALTO", "xml", "application/xml", to_alto(reading, name, transcript.size).encode()),
        ("PDF", "pdf", "application/pdf", searchable_pdf(transcript.picture, transcript.size, lines)),
    ]
    return _foot("".join(_link(*file, reading.text) for file in files))


def _link(title: str, suffix: str, kind: str, data: bytes, text: str) -> str:
    name = f"{escape(saved_name(text, NAME))}.{suffix}"
    return f'<a class="download" href="{data_url(data, kind)}" download="{name}">{title}</a>'


def _foot(links: str) -> str:
    return f'<div class="sheet-foot taken">{links}</div>'
