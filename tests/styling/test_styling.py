"""Fonts are whole and licensed; text of any kind becomes a whole picture or a sentence, never a crash."""

from __future__ import annotations

import json
import random
import string
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontTools.pens.boundsPen import BoundsPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from PIL import Image

from emnist_hf import styling
from emnist_hf.errors import Sentence
from emnist_hf.styling import Font, StylingError, find_font, fonts, render_text, set_text

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
NAMES = list(fonts())


def ink(picture: Image.Image) -> np.ndarray:
    """How much darker than white each pixel is."""
    return 255 - np.asarray(picture.convert("L")).astype(int)


def border(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


# Fonts ---------------------------------------------------------------------------------------------------


def test_there_are_ten_families_of_several_traditions() -> None:
    assert len(NAMES) >= 10
    assert len({font.tradition for font in fonts().values()}) >= 6
    assert styling.DEFAULT_FONT in NAMES
    keys = [(font.tradition, font.title) for font in fonts().values()]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", NAMES)
def test_a_font_draws_all_62_characters(name: str) -> None:
    font = fonts()[name]
    assert font.missing(CHARACTERS) == []
    with TTFont(font.path) as file:
        glyphs, cmap = file.getGlyphSet(), file.getBestCmap()
        for character in CHARACTERS:
            pen = BoundsPen(glyphs)
            glyphs[cmap[ord(character)]].draw(pen)
            assert pen.bounds is not None, character
            left, bottom, right, top = pen.bounds
            assert right > left and top > bottom, character


@pytest.mark.parametrize("name", NAMES)
def test_a_font_comes_with_its_licence_and_facts(name: str) -> None:
    folder = fonts()[name].path.parent
    licence = (folder / "OFL.txt").read_text(encoding="utf-8")
    assert "sil open font license" in licence.lower() and licence.startswith("Copyright")
    facts = json.loads((folder / "font.json").read_text(encoding="utf-8"))
    assert set(facts) == {"title", "tradition", "description", "source"}
    assert all(isinstance(value, str) and value.strip() for value in facts.values())
    assert [file.suffix for file in folder.glob("*.[to]tf")] == [".ttf"]


def test_fonts_are_found_by_name_or_title_in_any_case() -> None:
    pinyon = fonts()["pinyon-script"]
    for name in ("pinyon-script", "PINYON-script", "Pinyon Script", " pinyon script "):
        assert find_font(name) is pinyon


@pytest.mark.parametrize(
    "name",
    ["", "../../app.py", "pinyon-script/../pinyon-script", "/etc/passwd", "a\x00b", "\ud800", "x" * 10**6],
)
def test_an_unknown_font_is_a_sentence_that_lists_the_known(name: str) -> None:
    with pytest.raises(StylingError, match="pinyon-script") as caught:
        render_text("a", name)
    assert len(str(caught.value)) < 600
    str(caught.value).encode("utf-8")


def test_another_folder_of_fonts_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.joinpath("font.json").write_text('{"title": "Mine", "tradition": "My own", "description": "Mine."}')
    folder.joinpath("Mine.ttf").write_bytes(fonts()["tangerine"].path.read_bytes())
    monkeypatch.setenv(styling.FONTS_VARIABLE, str(tmp_path))
    assert list(fonts()) == ["mine"]
    assert ink(render_text("a", "mine")).any()


@pytest.mark.parametrize("facts", ["{", "[]", "{}", '{"title": "A"}'])
def test_a_damaged_folder_of_fonts_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: str) -> None:
    monkeypatch.setenv(styling.FONTS_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(StylingError, match="no folder of fonts"):
        fonts()
    monkeypatch.setenv(styling.FONTS_VARIABLE, str(tmp_path))
    with pytest.raises(StylingError, match="holds no fonts"):
        fonts()
    tmp_path.joinpath("broken").mkdir()
    tmp_path.joinpath("broken", "font.json").write_text(facts)
    with pytest.raises(StylingError, match=r"font\.json of the font 'broken'"):
        fonts()


@pytest.mark.parametrize("length", [0, 10, 1000, 20_000])
def test_a_truncated_font_file_is_a_sentence(tmp_path: Path, length: int) -> None:
    whole = fonts()["tangerine"].path.read_bytes()
    tmp_path.joinpath("Cut.ttf").write_bytes(whole[:length])
    cut = Font("cut", "Cut", "None", "Damaged.", tmp_path / "Cut.ttf")
    with pytest.raises(StylingError, match=r"Cut\.ttf is damaged|leaves no ink"):
        render_text("Hello", cut)


@pytest.mark.parametrize("seed", range(40))
def test_a_corrupt_font_file_gives_a_picture_or_a_sentence(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(fonts()[NAMES[seed % len(NAMES)]].path.read_bytes())
    for _ in range(dice.choice([3, 30, 3000])):
        data[dice.randrange(len(data))] = dice.randrange(256)
    tmp_path.joinpath("Odd.ttf").write_bytes(data)
    try:
        assert set_text("Hello\nWorld 0189", Font("odd", "Odd", "None", "Damaged.", tmp_path / "Odd.ttf"), size=40)
    except StylingError as problem:
        assert str(problem).endswith(".")


# Pictures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_clipped(name: str) -> None:
    """The picture holds the same ink as one with a far wider margin."""
    for text in ("Jfgy", "QfjW", "ydf", "LTZ"):
        pixels = ink(render_text(text, name, size=64, colour="black", margin=0))
        assert not border(pixels).any()
        whole = ink(render_text(text, name, size=64, colour="black", margin=2))
        assert np.abs(pixels[1:-1, 1:-1] - whole[128:-128, 128:-128]).max() < 20  # resvg has 16 levels
        assert pixels.sum() == pytest.approx(whole.sum(), rel=0.002)


def test_fonts_give_different_pictures() -> None:
    assert len({render_text("Hand 7", name, size=40).tobytes() for name in NAMES}) == len(NAMES)


def test_the_same_words_give_the_same_picture() -> None:
    first, second = (render_text("Quick\nbrown fox", "italianno", size=50) for _ in range(2))
    assert first.size == second.size and first.tobytes() == second.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_lines_do_not_run_into_each_other(name: str) -> None:
    rows = ink(render_text("Jgfyp\nLfJdk\nAb", name, size=48, colour="black")).any(axis=1)
    starts = np.flatnonzero(np.diff(rows.astype(int)) == 1)
    assert len(starts) >= 3


def test_size_and_margin_are_in_the_picture() -> None:
    small, large = (render_text("Hello", size=size, margin=0) for size in (50, 200))
    assert 3.6 < large.width / small.width < 4.4
    assert render_text("Hello", size=100, margin=1).width == render_text("Hello", size=100, margin=0).width + 198


def test_papers() -> None:
    transparent = render_text("a", paper=None, colour="#ff0000")
    assert transparent.mode == "RGBA"
    pixels = np.asarray(transparent)
    assert pixels[0, 0, 3] == 0 and pixels[..., 3].max() == 255
    assert (pixels[pixels[..., 3] > 0][:, :3] == (255, 0, 0)).all()
    assert render_text("a", paper="cream").getpixel((0, 0)) == (0xFB, 0xF4, 0xE2)
    assert render_text("a", paper="#102030").getpixel((0, 0)) == (16, 32, 48)
    assert render_text("a", paper="rgba(1, 2, 3, 0.5)").mode == "RGBA"


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("#1b2a49", (27, 42, 73)),
        ("#f00", (255, 0, 0)),
        (" Navy ", (0, 0, 128)),
        ("rgba(27.3, 42, 73, 1)", (27, 42, 73)),
        ("rgba(27.3,42.9,300,1.0)", (27, 43, 255)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("hsl(0, 100%, 50%)", (255, 0, 0)),
        ((9, 8, 7), (9, 8, 7)),
        ([9, 8, 7, 255], (9, 8, 7)),
    ],
)
def test_colours(colour: str, expected: tuple[int, int, int]) -> None:
    pixels = np.asarray(render_text("I", "unifrakturcook", size=200, colour=colour))
    assert (pixels == expected).all(axis=-1).any()


def test_a_thin_colour_is_half_there() -> None:
    assert np.asarray(render_text("a", colour="rgba(0, 0, 0, 0.5)", paper=None))[..., 3].max() == 128


@pytest.mark.parametrize(
    "settings",
    [
        {"colour": ""},
        {"colour": "no such colour"},
        {"colour": "rgba(1.2.3, 4, 5, 1)"},
        {"colour": "rgb(" * 10**5},
        {"colour": (1, 2)},
        {"colour": (1, 2, 256)},
        {"colour": (1, 2, 10**5000)},
        {"colour": None},
        {"colour": "rgba(0, 0, 0, 0)"},
        {"paper": "\ud800"},
        {"paper": 7},
        {"size": 7},
        {"size": 1001},
        {"size": 10**5000},
        {"size": float("nan")},
        {"size": "large"},
        {"margin": -0.1},
        {"margin": 1e9},
        {"margin": None},
    ],
)
def test_settings_that_cannot_be_used_are_a_sentence(settings: dict[str, object]) -> None:
    with pytest.raises(StylingError) as caught:
        render_text("a", **settings)  # type: ignore[arg-type]
    assert str(caught.value).endswith(".") and len(str(caught.value)) < 200


# Text of any kind ----------------------------------------------------------------------------------------


def test_plain_text_needs_no_notice() -> None:
    assert set_text("Plain text, 1 line.").notices == []


def test_a_missing_character_is_set_in_another_font() -> None:
    assert fonts()["tangerine"].missing("a Ω\tbΩЖ") == ["Ω", "Ж"]
    rendering = set_text("aΩb", "tangerine", size=60)
    assert len(rendering.notices) == 1
    assert rendering.notices[0].startswith("Tangerine has no Ω: set in ")
    assert rendering.image.width > render_text("ab", "tangerine", size=60).width


def test_what_no_font_has_is_left_out_without_a_box() -> None:
    rendering = set_text("a😀漢b", size=60)
    assert rendering.notices == ["No font here has 😀, 漢: left out."]
    assert rendering.image.tobytes() == render_text("ab", size=60).tobytes()


def test_a_notice_keeps_its_template_and_names_eight_characters_at_most() -> None:
    (notice,) = set_text("a" + "".join(map(chr, range(0x4E00, 0x4E0B))), size=60).notices
    assert isinstance(notice, Sentence) and notice.template == "No font here has {missing}: left out."
    assert notice.values["missing"].values["count"] == 3 and notice.endswith(" and 3 more: left out.")


def test_marks_compose_with_their_letter_or_are_left_out() -> None:
    assert render_text("cafe\u0301").tobytes() == render_text("café").tobytes()
    assert set_text("\u0301a").notices == ["No font here has U+0301: left out."]
    assert set_text("a\u0489").notices == ["No font here has U+0489: left out."]


@pytest.mark.parametrize("invisible", ["\u202e", "\u2066", "\u200d", "\ufeff", "\x00", "\x1b", "\ufe0f", "\u00ad"])
def test_what_has_no_shape_leaves_no_trace(invisible: str) -> None:
    rendering = set_text(f"a{invisible}b", size=60)
    assert rendering.notices == []
    assert rendering.image.tobytes() == render_text("ab", size=60).tobytes()


@pytest.mark.security(21)
@pytest.mark.parametrize(
    "text",
    [
        "a\r\nb\rc\u2028d\x0be",
        "\n\n  a \n\n\n b \n\n",
        "\tTab\u00a0and\u3000spaces",
        "Latin \u202eעברית العربية\u202c mixed",
        "Z" + "\u0301\u0316\u0489" * 300,
        "👩‍👩‍👧‍👦 family",
        "e\ud800e",
        "<script>alert('&\"')</script>",
        "$\\frac{1}{2}$ **bold** ![x](y)",
        "a\n" * 900,
        "".join(map(chr, range(0x20, 0x500))),
        "".join(map(chr, range(0x2000, 0x2300))),
        " a" * 700,
    ],
)
def test_hostile_text_becomes_a_whole_picture(text: str) -> None:
    rendering = set_text(text, size=12, colour="black")
    pixels = ink(rendering.image)
    assert pixels.any() and not border(pixels).any()
    for notice in rendering.notices:
        assert notice.endswith(".") and len(notice) < 200
        notice.encode("utf-8")


def test_space_at_the_end_of_a_line_takes_no_room() -> None:
    assert render_text("a" + " " * 1900).tobytes() == render_text("a").tobytes()


@pytest.mark.parametrize("text", ["", " \t\n\u3000", None])
def test_no_text_is_a_sentence(text: str) -> None:
    with pytest.raises(StylingError, match=r"^There is no text to set: "):
        render_text(text)


@pytest.mark.parametrize("text", [5, 0, 2.5, True, ["a"], b"a"])
def test_what_is_no_string_is_said_to_be_none(text: Any) -> None:
    with pytest.raises(StylingError, match=r"^The text .+ is no string: put it between quotation marks\.$"):
        set_text(text)


@pytest.mark.parametrize("text", ["\u202e\u200d", "\x00", "😀😀", "\u0301", "\ud800", "漢字", "😀 😀"])
def test_text_that_no_font_has_is_a_sentence(text: str) -> None:
    with pytest.raises(StylingError, match="use letters, digits or punctuation"):
        render_text(text)


@pytest.mark.security(21)
def test_a_million_characters_are_refused_at_once() -> None:
    start = time.perf_counter()
    with pytest.raises(StylingError, match="1,000,000 characters"):
        render_text("a" * 1_000_000)
    assert time.perf_counter() - start < 1


@pytest.mark.security(22)
@pytest.mark.parametrize(
    "text", ["W" * 2000, "W\n" * 1000, ("W" * 60 + "\n") * 30, "a" + "\n" * 1998 + "a", "Z" + "\u0301" * 1999]
)
def test_a_huge_picture_is_refused_before_it_is_made(text: str) -> None:
    start = time.perf_counter()
    try:
        picture = render_text(text, size=1000)
    except StylingError as problem:
        assert "choose a smaller size" in str(problem)
    else:  # marks may all sit on one spot
        assert picture.width * picture.height <= styling.MAX_PIXELS
    assert time.perf_counter() - start < 3
