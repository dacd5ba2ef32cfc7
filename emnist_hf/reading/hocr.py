"""What was read as hOCR, HTML that says where each word stands: http://kba.github.io/hocr-spec/1.2/."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from emnist_hf.reading.results import Box, Character, Reading
from emnist_hf.reading.words import Word, around, printable, words_of

DOCTYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
)
CAPABILITIES = "ocr_page ocr_line ocrx_word ocrx_cinfo"


def to_hocr(reading: Reading, name: str, size: tuple[int, int]) -> str:
    """Return an XHTML document of one page.

    name: of the picture's file. size: its width and height in pixels.
    """
    html = ET.Element("html", {"xmlns": "http://www.w3.org/1999/xhtml", "lang": reading.language or "und"})
    head = ET.SubElement(html, "head")
    ET.SubElement(head, "title").text = printable(name)
    ET.SubElement(head, "meta", {"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"})
    ET.SubElement(head, "meta", {"name": "ocr-system", "content": "emnist-hf"})
    ET.SubElement(head, "meta", {"name": "ocr-capabilities", "content": CAPABILITIES})
    title = f'image "{_quoted(name)}"; {_bbox((0, 0, *size))}; ppageno 0'
    page = _element(ET.SubElement(html, "body"), "div", "ocr_page", "page_1", title)
    for number, words in enumerate(words_of(reading), start=1):
        _add_line(page, number, words)
    # A blank between letters would be text: a line of the page is a line of the file, and that is all.
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n{ET.tostring(html, encoding="unicode")}\n'


def _add_line(page: ET.Element, number: int, words: Sequence[Word]) -> None:
    line = _element(page, "span", "ocr_line", f"line_1_{number}", _bbox(around([word.box for word in words])))
    for place, word in enumerate(words, start=1):
        title = f"{_bbox(word.box)}; x_wconf {round(100 * word.score)}"
        element = _element(line, "span", "ocrx_word", f"word_1_{number}_{place}", title)
        for character in word.characters:
            _add_character(element, character)
        element.tail = " " if place < len(words) else ""
    line.tail = "\n"


def _add_character(word: ET.Element, character: Character) -> None:
    title = f"x_bboxes {' '.join(map(str, character.box))}; x_conf {100 * character.score:.2f}"
    element = ET.SubElement(word, "span", {"class": "ocrx_cinfo", "title": title})
    element.text = printable(character.label)


def _element(parent: ET.Element, tag: str, kind: str, identity: str, title: str) -> ET.Element:
    return ET.SubElement(parent, tag, {"class": kind, "id": identity, "title": title})


def _bbox(box: Box) -> str:
    return f"bbox {' '.join(map(str, box))}"


def _quoted(name: str) -> str:
    """Return a name as it stands between the quotes of a property."""
    return printable(name).replace("\\", "\\\\").replace('"', '\\"')
