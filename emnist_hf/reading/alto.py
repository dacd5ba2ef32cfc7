"""What was read as ALTO 4, the XML that libraries and archives keep: https://www.loc.gov/standards/alto/."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from emnist_hf.reading.results import Box, Character, Reading
from emnist_hf.reading.words import Word, around, printable, words_of

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
LOCATION = f"{NAMESPACE} https://www.loc.gov/standards/alto/v4/alto-4-2.xsd"


def to_alto(reading: Reading, name: str, size: tuple[int, int]) -> str:
    """Return an ALTO document of one page: lines, words, characters (`Glyph`) and what else they may be (`Variant`).

    name: of the picture's file. size: its width and height in pixels.
    """
    instance = "http://www.w3.org/2001/XMLSchema-instance"
    alto = ET.Element("alto", {"xmlns": NAMESPACE, "xmlns:xsi": instance, "xsi:schemaLocation": LOCATION})
    description = ET.SubElement(alto, "Description")
    ET.SubElement(description, "MeasurementUnit").text = "pixel"
    ET.SubElement(ET.SubElement(description, "sourceImageInformation"), "fileName").text = printable(name)
    software = ET.SubElement(ET.SubElement(description, "Processing", {"ID": "emnist-hf"}), "processingSoftware")
    ET.SubElement(software, "softwareName").text = "emnist-hf"
    width, height = size
    layout = ET.SubElement(alto, "Layout")
    page = ET.SubElement(
        layout, "Page", {"ID": "page_1", "PHYSICAL_IMG_NR": "1", "WIDTH": str(width), "HEIGHT": str(height)}
    )
    space = ET.SubElement(page, "PrintSpace", _place((0, 0, *size)))
    lines = words_of(reading)
    if lines:
        box = around([word.box for words in lines for word in words])
        block = ET.SubElement(space, "TextBlock", {"ID": "block_1"} | _place(box))
        if reading.language:
            block.set("LANG", reading.language)
        for number, words in enumerate(lines, start=1):
            _add_line(block, number, words)
    ET.indent(alto)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(alto, encoding="unicode")}\n'


def _add_line(block: ET.Element, number: int, words: Sequence[Word]) -> None:
    box = around([word.box for word in words])
    line = ET.SubElement(block, "TextLine", {"ID": f"line_{number}"} | _place(box))
    for place, word in enumerate(words, start=1):
        if place > 1:
            left, right = words[place - 2].box[2], word.box[0]
            gap = {"HPOS": str(left), "VPOS": str(box[1]), "WIDTH": str(max(right - left, 0))}
            ET.SubElement(line, "SP", gap)
        identity = f"word_{number}_{place}"
        attributes = {"ID": identity, "CONTENT": word.text, "WC": f"{word.score:.4f}"} | _place(word.box)
        element = ET.SubElement(line, "String", attributes)
        for count, character in enumerate(word.characters, start=1):
            _add_glyph(element, f"{identity}_{count}", character)


def _add_glyph(word: ET.Element, identity: str, character: Character) -> None:
    attributes = {"ID": identity, "CONTENT": printable(character.label), "GC": f"{character.score:.4f}"}
    glyph = ET.SubElement(word, "Glyph", attributes | _place(character.box))
    for choice in character.alternatives:
        if choice.label != character.label:
            ET.SubElement(glyph, "Variant", {"CONTENT": printable(choice.label), "VC": f"{choice.score:.4f}"})


def _place(box: Box) -> dict[str, str]:
    left, top, right, bottom = box
    return {"HPOS": str(left), "VPOS": str(top), "WIDTH": str(right - left), "HEIGHT": str(bottom - top)}
