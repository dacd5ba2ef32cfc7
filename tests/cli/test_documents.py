"""`read --format`: text, hOCR, ALTO and a searchable PDF, of one picture and of many."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree, html
from PIL import Image
from typer.testing import Result

from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from emnist_hf.reading.alto import to_alto
from emnist_hf.reading.hocr import to_hocr
from emnist_hf.reading.results import Character, Choice, Reading
from emnist_hf.reading.words import words_of
from emnist_hf.styling.searchable_pdf import searchable_pdf
from tests.support.command import invoke
from tests.support.hands import font_hand

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"

CHILDREN = {
    "alto": ("Description", "Layout"),
    "Description": ("MeasurementUnit", "sourceImageInformation", "Processing"),
    "sourceImageInformation": ("fileName",),
    "Processing": ("processingSoftware",),
    "processingSoftware": ("softwareName",),
    "Layout": ("Page",),
    "Page": ("PrintSpace",),
    "PrintSpace": ("TextBlock",),
    "TextBlock": ("TextLine",),
    "TextLine": ("String", "SP"),
    "String": ("Glyph",),
    "Glyph": ("Variant",),
}
"""What of ALTO 4.2's schema we use: the elements below each element, in their order."""

REQUIRED = {
    "Page": {"ID", "PHYSICAL_IMG_NR"},
    "TextBlock": {"ID"},
    "String": {"CONTENT"},
    "Glyph": {"CONTENT"},
    "Variant": {"CONTENT"},
    "Processing": {"ID"},
}

HOSTILE = '<script>alert("1")</script> & ]]> "x"'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "note.png"
    Image.fromarray(compose(["TEN MEN", "Red hat"], font_hand("patrick-hand"), seed=1).picture).save(file)
    return file


@pytest.fixture(scope="module")
def reading(page: Path, recognizer: Recognizer) -> Reading:
    return recognizer.read(page)


def written(text: str) -> Reading:
    """A reading whose characters stand in boxes of ten pixels, a word to a blank and a line to a line feed."""
    characters = []
    for line, words in enumerate(text.split("\n")):
        left = 10
        for word, letters in enumerate(words.split(" ")):
            for label in letters:
                choices = (Choice(label, 0.9), Choice("é", 0.1))
                characters.append(
                    Character(label, 0.9, (left, 20 * line, left + 10, 20 * line + 15), line, word, choices)
                )
                left += 10
            left += 10
    return Reading(text, tuple(characters), size=(900, 200))


def read(*arguments: object) -> Result:
    return invoke("read", *arguments)


def pdf_text(data: bytes | Path) -> str:
    """What a viewer copies from a PDF's only page, line ends as line feeds."""
    document = pypdfium2.PdfDocument(data)
    assert len(document) == 1
    return document[0].get_textpage().get_text_bounded().replace("\r\n", "\n")


def jpeg(width: int, height: int) -> bytes:
    """A white picture."""
    file = io.BytesIO()
    Image.new("L", (width, height), 255).save(file, "JPEG")
    return file.getvalue()


def check_alto(document: str) -> etree._Element:
    """Hold a document to the part of the schema that we use, and return its root."""
    root = etree.fromstring(document.encode())
    assert root.tag == f"{ALTO}alto"
    for element in root.iter(etree.Element):
        name = etree.QName(element).localname
        assert REQUIRED.get(name, set()) <= set(element.attrib)
        below = [etree.QName(child).localname for child in element]
        order = CHILDREN.get(name, ())
        assert set(below) <= set(order)
        if name != "TextLine":  # words and blanks take turns
            assert below == sorted(below, key=order.index)
        for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT"):
            assert float(element.get(key, 0)) >= 0
        assert all(0 <= float(element.get(key, 0)) <= 1 for key in ("WC", "GC", "VC"))
    names = root.xpath("//@ID")
    assert len(names) == len(set(names))
    return root


def test_text_is_what_was_read(page: Path, reading: Reading) -> None:
    assert read(page, "--format", "text").stdout == reading.text + "\n"


def test_hocr_says_where_each_word_stands(page: Path, reading: Reading, tmp_path: Path) -> None:
    assert read(page, "--format", "hocr", "--output", tmp_path / "note.hocr").exit_code == 0
    document = html.parse(tmp_path / "note.hocr")
    found = [
        [word.text_content().strip() for word in line.find_class("ocrx_word")]
        for line in document.xpath("//*[@class='ocr_line']")
    ]
    assert found == [line.split(" ") for line in reading.text.split("\n")]
    boxes = [word.get("title").split(";")[0] for word in document.xpath("//*[@class='ocrx_word']")]
    assert boxes == ["bbox {} {} {} {}".format(*word.box) for line in words_of(reading) for word in line]
    width, height = reading.size
    assert f"bbox 0 0 {width} {height}" in document.xpath("//*[@class='ocr_page']/@title")[0]


def test_alto_keeps_to_its_schema(page: Path, reading: Reading) -> None:
    root = check_alto(read(page, "--format", "alto").stdout)
    lines = [[word.get("CONTENT") for word in line.iter(f"{ALTO}String")] for line in root.iter(f"{ALTO}TextLine")]
    assert lines == [line.split(" ") for line in reading.text.split("\n")]
    assert len(list(root.iter(f"{ALTO}Glyph"))) == len(reading.characters)
    assert root.find(f".//{ALTO}fileName").text == "note.png"


def test_a_pdf_is_searched_by_what_was_read(page: Path, reading: Reading, tmp_path: Path) -> None:
    assert read(page, "--format", "pdf", "--output", tmp_path / "note.pdf").exit_code == 0
    assert pdf_text(tmp_path / "note.pdf") == reading.text
    width, height = pypdfium2.PdfDocument(tmp_path / "note.pdf")[0].get_size()
    assert width / height == pytest.approx(reading.size[0] / reading.size[1], rel=1e-3)


@pytest.mark.parametrize("text", ["Grüße, 5 € & mehr!", "a b c d", "ÄÖÜ ß\né è à ç ñ\n(1+2=3)"])
def test_a_pdf_gives_back_every_character(text: str) -> None:
    lines = [[(word.text, word.box) for word in line] for line in words_of(written(text))]
    assert pdf_text(searchable_pdf(jpeg(900, 200), (900, 200), lines)) == text


def test_words_whose_boxes_overlap_stay_two_words() -> None:
    lines = [[("Red", (10, 10, 60, 40)), ("hat", (55, 12, 100, 40))]]
    assert pdf_text(searchable_pdf(jpeg(100, 40), (200, 80), lines)) == "Red hat"


def test_hostile_names_and_texts_are_inert() -> None:
    """Number 37 of the hostile inputs: markup, the end of CDATA and control characters."""
    hostile = written("<b>\x00\x1b& ]]>")
    name = f"{HOSTILE}\x07.png"
    root = check_alto(to_alto(hostile, name, (900, 200)))
    assert root.find(f".//{ALTO}fileName").text == f"{HOSTILE}.png"
    assert [word.get("CONTENT") for word in root.iter(f"{ALTO}String")] == ["<b>&", "]]>"]
    document = html.fromstring(to_hocr(hostile, name, (900, 200)).encode())
    assert not document.xpath("//script | //b")
    assert [word.text_content().strip() for word in document.xpath("//*[@class='ocrx_word']")] == ["<b>&", "]]>"]


def test_a_picture_without_writing_makes_an_empty_document(tmp_path: Path) -> None:
    Image.new("L", (300, 200), 255).save(tmp_path / "blank.png")
    assert read(tmp_path / "blank.png", "--format", "text").stdout == "\n"
    root = check_alto(read(tmp_path / "blank.png", "--format", "alto").stdout)
    assert root.find(f".//{ALTO}Page").get("WIDTH") == "300"
    assert read(tmp_path / "blank.png", "--format", "pdf", "--output", tmp_path / "blank.pdf").exit_code == 0
    assert pdf_text(tmp_path / "blank.pdf") == ""


def test_many_pictures_become_documents_whose_names_differ(page: Path, tmp_path: Path) -> None:
    for folder, name in (("a", "note.png"), ("b", "note.png"), ("b", "NOTE.bmp")):
        (tmp_path / folder).mkdir(exist_ok=True)
        Image.open(page).save(tmp_path / folder / name)
    (tmp_path / "b" / "broken.jpg").write_bytes(b"no picture")
    output = tmp_path / "documents"
    done = read(tmp_path / "a", tmp_path / "b", "--format", "text", "--output_dir", output)
    assert done.exit_code == 1  # one file is broken
    assert {file.name.lower() for file in output.glob("*.txt")} == {"note.txt", "note-2.txt", "note-3.txt"}
    records = [json.loads(line) for line in (output / "index.text.jsonl").read_text().splitlines()]
    assert {Path(record["file"]).name for record in records if "error" in record} == {"broken.jpg"}

    missing = output / "note-3.txt"
    missing.unlink()
    before = {file: file.stat().st_mtime_ns for file in output.glob("*.txt")}
    read(tmp_path / "a", tmp_path / "b", "--format", "text", "--output_dir", output)
    assert missing.is_file()  # what is missing is made again, the rest left
    assert {file: file.stat().st_mtime_ns for file in before} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--format", "pdf"), "--output_dir"),
        (("--format", "hocr", "--output", "one.hocr"), "--output_dir"),
        (("--output", "a.jsonl", "--output_dir", "b"), "both"),
    ],
)
def test_where_documents_cannot_go_is_said_first(page: Path, options: tuple[str, ...], words: str) -> None:
    refused = read(page, "other.png", *options, "--checkpoint", "nowhere")
    assert refused.exit_code == 1
    assert words in refused.stderr.lower() and "nowhere" not in refused.stderr
