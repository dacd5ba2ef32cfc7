"""The page's languages: every phrase in every one, the same names in it, and the browser's choice honoured."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

import emnist_hf
from emnist_hf import Prediction
from emnist_hf.errors import EmnistError
from emnist_hf.hub_session import SENTENCES
from emnist_hf.ink import open_picture, to_ink
from emnist_hf.page import (
    compose,
    correction,
    doubts,
    draw,
    example_strip,
    form,
    form_view,
    hand_font,
    limits,
    model,
    model_tables,
    own_font,
    page_view,
    privacy,
    upload,
)
from emnist_hf.page import draw as pad
from emnist_hf.page.answer import CERTAINTY, DOUBT, PERHAPS, answer_in_words
from emnist_hf.page.answer_panel import CHARSET_TITLES
from emnist_hf.page.calligraphy import INKS, PAPERS
from emnist_hf.page.language import LANGUAGES, PHRASES, browser_words, language_of, translate
from emnist_hf.page.main import CLOSED, INSTEAD
from emnist_hf.page.messages import SORRY
from emnist_hf.page.theme import SENTENCE
from emnist_hf.page.upload import EXAMPLES
from emnist_hf.reading import pipeline as reading
from emnist_hf.styling import describe, estimate_hand, fonts, set_text
from emnist_hf.styling.visitor_font import open_font
from tests.support.handwriting import write

PACKAGE = Path(emnist_hf.__file__).parent


def names(phrase: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", phrase))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_phrase_is_translated_with_the_same_names(language: str) -> None:
    assert len(LANGUAGES) >= 3
    for phrase, translations in PHRASES.items():
        assert translations[language].strip(), phrase
        assert names(translations[language]) == names(phrase), phrase


def test_no_french_line_begins_with_a_sign() -> None:
    """Before : ; ? ! and inside of guillemets French has a space, which must not break."""
    assert not [t["fr"] for t in PHRASES.values() if re.search(r"\S [:;?!](\s|$)|« | »", t["fr"])]


def test_what_the_page_says_first_is_in_the_dictionary() -> None:
    first = {
        SENTENCE,
        draw.PROMPT,
        draw.FOOTNOTE,
        upload.PROMPT,
        DOUBT,
        PERHAPS,
        SORRY,
        INSTEAD,
        CLOSED,
        *SENTENCES["model"].values(),  # of a checkpoint that the page was to use
        limits.BUSY,
        limits.STOPPING,
        limits.TOO_SLOW,
        limits.TOO_LARGE,
        example_strip.NO_EXAMPLE,
        *CHARSET_TITLES.values(),
        *EXAMPLES.values(),
        *page_view.SAID,
        form.PROMPT,
        form.CHOOSE,
        form.NO_BOXES,
        *form.EXAMPLES.values(),
        *form_view.SAID,
        form_view.BOXES,
        form_view.BOX,
        form_view.IN_TABLE,
        compose.PROMPT,
        own_font.HINT,
        hand_font.PROMPT,
        hand_font.FOUND,
        hand_font.ORDER,
        hand_font.MADE_OF,
        doubts.ASKED,
        *hand_font.EXAMPLES.values(),
        *model.MEASURES.values(),
        *model_tables.COLUMNS.values(),
        model_tables.CONFUSIONS,
        model_tables.MEANS,
        model_tables.CURVE,
        model_tables.LAST_EPOCHS,
        *model.LIMITS,
        *privacy.POINTS,
        correction.CONSENT_TO,
        correction.THANKS,
        *(words for _, words in CERTAINTY),
        *pad.PHRASES,
    }
    assert first <= set(PHRASES)


def test_the_browser_is_given_every_phrase_without_a_value() -> None:
    with gr.Blocks(), browser_words() as words:
        pad.drawing_pad()
    for language in LANGUAGES:
        given = words.translations[language]
        assert given["Undo"] == translate("Undo", language)
        assert given["pad"].split("|")[2] == given["Undo"]
        assert {phrase for phrase in PHRASES if not names(phrase)} <= set(given)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr", "fr"),
        ("ja,fr;q=0.5", "fr"),
        ("ja", "en"),
        ("", "en"),
        ("*;q=x,,;", "en"),
    ],
)
def test_the_language_is_what_the_browser_asks_for(header: str, language: str) -> None:
    request: Any = SimpleNamespace(headers={"accept-language": header})
    assert language_of(request) == language
    assert language_of(None) == "en"


def test_answers_are_in_the_language() -> None:
    found = [Prediction("O", 0.5), Prediction("0", 0.4)]
    said, hint = answer_in_words(found, "byclass", language="de")
    assert said == "Das könnte O sein, zu 50% sicher." and "auch 0 sein" in hint
    assert answer_in_words(found, "byclass")[0] == "This may be O, 50% sure."
    assert "seul caractère" in answer_in_words(found, "byclass", is_character=False, language="fr")[1]


def test_what_is_noted_of_a_page_is_in_the_dictionary() -> None:
    notes = {reading.NOTHING, reading.JOINED, reading.UNCLEAR, reading.OTHERS, *filter(None, reading.TURNED)}
    assert notes <= set(PHRASES)


def test_names_of_tiles_are_in_the_dictionary() -> None:
    schools = {font.tradition for font in fonts().values()}
    assert {name.capitalize() for name in (*INKS, *PAPERS)} | schools <= set(PHRASES)
    assert {title for title, _ in compose.SHEETS.values()} <= set(PHRASES)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: open_picture(b""), "Die Datei ist leer: "),
        (lambda: open_picture(b"hello"), "Das ist kein Bild: "),
        (lambda: open_picture(Image.new("1", (9000, 9000))), "Das Bild hat 9000 x 9000 Bildpunkte: "),
        (lambda: to_ink(Image.new("L", (50, 50), 255)), "In dem Bild ist keine Tinte: "),
        (lambda: set_text(""), "Es gibt keinen Text zu setzen: "),
        (lambda: set_text("\U0001f600"), "Keine Schrift hier hat ein Zeichen dieses Textes: "),
        (lambda: open_font(bytes(2_100_000)), "Diese Schrift hat 2.1 MB, und 2 MB sind das Meiste."),
        (lambda: open_font(b"wOF2" + bytes(99)), "Das ist eine WOFF2-Webschrift: "),
        (
            lambda: open_font(b"\0\1\0\0" + bytes(99)),
            "Diese Schrift ist nicht zu gebrauchen, denn sie hat ",
        ),
    ],
)
def test_errors_that_a_visitor_meets_are_in_their_language(make: Callable[[], object], said: str) -> None:
    with pytest.raises(EmnistError) as caught:
        make()
    assert translate(caught.value.args[0], "de").startswith(said)
    assert translate(caught.value.args[0], "en") == str(caught.value)


@pytest.mark.parametrize(
    ("language", "share", "count"),
    [("en", "87.5%", "116,323"), ("de", "87,5\u00a0%", "116.323"), ("fr", "87,5\u00a0%", "116\u202f323")],
)
def test_the_model_tab_writes_numbers_as_the_language_does(language: str, share: str, count: str) -> None:
    results = {"test": {"accuracy": 0.875}, "train": {"rows": {"train": 116_323}}}
    assert f"<strong>{share}</strong>" in model.tiles(results, language)
    assert count in model.learnt_from(results, language)


def test_notices_are_in_the_language() -> None:
    (notice,) = set_text("a\u03a9b", "tangerine", size=60).notices
    said = translate(notice, "de")
    assert said.startswith("Tangerine hat kein ") and " gesetzt." in said and "\u03a9" in said
    assert translate("Nobody has translated this.", "de") == "Nobody has translated this."


def test_a_hand_is_described_in_the_language() -> None:
    hand = estimate_hand(write("the hut on a hill", slant=14, pen=6, x_height=44, colour=(20, 40, 160)).image)
    words = translate(describe(hand), "de")
    assert "Grad nach rechts" in words and "blau" in words and "Feder" in words
    assert translate(describe(hand), "en") == describe(hand)


# What only programs get wrong, by arguments that no control of the page gives; they hear it in English.
FOR_PROGRAMS = {
    "A checkpoint with the labels of {source} cannot answer in {target}: it was never shown some of those characters.",
    "A {kind} is not a picture: give a file, bytes, a PIL image or an array.",
    "An array of shape {shape} is not a picture: give height x width (x 3 or 4).",
    "An array of {dtype} is not a picture: give numbers from 0 to 255 or 0 to 1.",
    "Labels of {source} do not tell apart what {target} asks for: use a checkpoint trained on a finer split, such as "
    "byclass.",
    "The array holds NaN or infinity: give finite numbers.",
    "The drawing has no background, layers or composite: send a picture or a sketch.",
    "The ink colour is fully transparent: choose one that can be seen.",
    "The ink of a sample is an array of height by width, 0 for paper to 1 for ink.",
    "The layers of the drawing are not a list of at most {most}: draw it again.",
    "{path} has a line of more than {most} characters: give a word a line.",
    "{path} is no text: give a UTF-8 file of words.",
    "{name!r} names no format: let it end in .png, .svg or .pdf.",
    "{path!r} is no name of a file: give a path.",
    "There is no alignment {name!r}: use {known}.",
    "There is no setting {name!r}: use {known}.",
    "There is no sheet on {name!r}: choose {known}.",
    "The seed {seed!r} cannot be used: give a whole number from 0.",
    "The layers of this drawing are no list: send the composite alone.",
    "The picture file cannot be opened: check the path and its permissions.",
    "The text {text} is no string: put it between quotation marks.",
    "There is no font {name}: choose one of {fonts}.",
    "There is no format {name}: choose one of {names}.",
    "There is no picture file of that name: check the path.",
    "These are no characters of a page: each needs a label, a box of four numbers, a line and a word, as "
    "`Recognizer.read` gives them.",
    "These are no measures of a hand: all but the colour are finite numbers.",
    "These are no measures of a hand: pen, x-height and width are above 0, no share below.",
    "These are no samples of characters: give a list of `Sample`, as `Sheet.samples` has it.",
    "These {count} labels are not those of an EMNIST split in the official order (it starts {first}): name the classes "
    "0-9, A-Z, a-z as splits.py lists them.",
    "This drawing has more than {most} layers: merge them, or send the composite alone.",
    "This is no size of a page: give its width and its height in pixels.",
    "This is no sketch: send {'composite': the picture}, or use /recognize_image.",
    "This is no writer's hand: give what `estimate_hand` returns.",
    "This is not a colour: give a name, a hex value, or 3 or 4 numbers from 0 to 255.",
    "This {what} cannot be used: give a number from {bounds}.",
    "top_k cannot be {top_k}: give a whole number, at least 1; more than there are labels gives all.",
    "it has no characters",  # of a font in the folder of fonts, and so is the next
    "it is no TrueType or OpenType file",
    "{colour} is not a colour: give a name such as navy, or a hex value such as #1b2a49.",
}


OF_CHECKPOINTS = ("checkpoint", "pretrained", "rejection")
"""Modules whose sentences the page shows where it cannot use the checkpoint that it was told to."""


def templates() -> dict[str, str]:
    """The templates of errors and notices in the rooms that the page speaks for, and the place of each."""
    rooms = [path for room in ("ink", "reading", "styling", "page") for path in (PACKAGE / room).glob("*.py")]
    found = {}
    others = ("recognizer.py", "splits.py", "hub/feedback.py", *(f"models/{name}.py" for name in OF_CHECKPOINTS))
    for path in [*rooms, *(PACKAGE / name for name in others)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                raised = node.func.id.endswith("Error") and not hasattr(builtins, node.func.id)
                first = node.args[0]
                if (raised or node.func.id == "Sentence") and isinstance(first, ast.Constant):
                    found[str(first.value)] = f"{path.relative_to(PACKAGE)}:{node.lineno}"
    return found


def test_every_template_that_can_reach_a_visitor_is_in_the_dictionary() -> None:
    found = templates()
    assert len(found) > 50
    assert {
        template: place for template, place in found.items() if template not in PHRASES | dict.fromkeys(FOR_PROGRAMS)
    } == {}
    assert set(found) >= FOR_PROGRAMS, "a sentence that is said no more"
