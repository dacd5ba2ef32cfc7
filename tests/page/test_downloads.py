"""What was read, as links to take away."""

from __future__ import annotations

import base64
import io
import json
import re

import gradio as gr
import pypdfium2
from lxml import etree
from PIL import Image

from emnist_hf.page.answering import retype
from emnist_hf.page.calligraphy import DEFAULT_INK
from emnist_hf.page.downloads import file_links, text_link
from emnist_hf.page.page_view import Transcript, corrected, shown_picture
from emnist_hf.reading.results import Character
from emnist_hf.styling import DEFAULT_FONT

LABELS = ("N", "O", "W")


def transcript() -> Transcript:
    characters = tuple(Character(c, 0.8, (40 * i, 10, 40 * i + 30, 60), 0, 0) for i, c in enumerate(LABELS))
    return Transcript(characters, (200, 100), picture=shown_picture(Image.new("RGB", (200, 100), "white")))


def files(html: str) -> dict[str, bytes]:
    """The files behind the links, by their endings."""
    found = re.findall(r'href="data:[^,]*,([^"]*)" download="[^"]*\.(\w+)"', html)
    return {suffix: base64.b64decode(data) for data, suffix in found}


def test_every_format_is_offered_as_it_was_corrected() -> None:
    after, text = corrected(transcript(), 2, "T", "NOW")
    taken = files(text_link(text) + file_links(after))
    assert list(taken) == ["txt", "json", "hocr", "xml", "pdf"]
    assert taken["txt"] == b"NOT"
    assert json.loads(taken["json"])["text"] == "NOT"
    assert b'CONTENT="NOT"' in taken["xml"]
    assert "".join(etree.fromstring(taken["hocr"])[1].itertext()).strip() == "NOT"
    assert pypdfium2.PdfDocument(io.BytesIO(taken["pdf"]))[0].get_textpage().get_text_bounded() == "NOT"


def test_a_text_that_was_edited_is_taken_as_it_stands() -> None:
    taken = files(text_link("NOW <or> never") + file_links(transcript()))
    assert taken["txt"] == b"NOW <or> never"
    assert json.loads(taken["json"])["text"] == "NOW"  # where the rest stands is not known


def test_a_text_that_the_page_wrote_itself_is_not_set_again() -> None:
    """Set again it could come after the next answer, and stand in its place: an H is first two bars."""
    asked = gr.Request(headers={"accept-language": "en"})
    style = (DEFAULT_FONT, DEFAULT_INK, "white", "lines", 0.7)
    own = retype(asked, "NOW", "NOW", transcript(), *style)
    assert all(change == gr.skip() for change in own)
    assert all(change == gr.skip() for change in retype(asked, "", "H", None, *style))
    chosen, sheet, link = retype(asked, "NEW", "NOW", transcript(), *style)
    assert chosen == "NEW" and "<img" in sheet and "download" in link
