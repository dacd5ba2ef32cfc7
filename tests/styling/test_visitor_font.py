"""A visitor's own font is used as it is, and a hostile one is refused or survived within five seconds."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from emnist_hf.styling import StylingError, set_text, visitor_font
from emnist_hf.styling.font_file import read_glyph_set
from emnist_hf.styling.visitor_font import open_font
from tests.support.fonts import HOSTILE, TEXT, saved, small, small_file, zero_width


@pytest.mark.parametrize("name", ["tangerine", "kaushan-script"])
def test_a_font_sets_the_same_when_a_visitor_brings_it(name: str) -> None:
    own, ours = (set_text(TEXT, font, size=60) for font in (open_font(small_file(name)), name))
    assert own.notices == []
    assert own.image.width == pytest.approx(ours.image.width, abs=3)
    assert own.image.height == pytest.approx(ours.image.height, abs=3)
    both = [np.asarray(rendering.image.convert("L").resize((400, 80))).astype(int) for rendering in (own, ours)]
    assert np.abs(both[0] - both[1]).mean() < 6


def test_kerning_comes_along() -> None:
    font = open_font(small_file("kaushan-script"))
    pair, letters = font.typeface.shape("AV"), [font.typeface.shape(c)[0] for c in "AV"]
    assert pair[0].advance < letters[0].advance - 0.01


def test_an_otf_with_cubic_outlines_will_do() -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    pen = T2CharStringPen(600, None)
    pen.moveTo((50, 0))
    pen.curveTo((50, 400), (300, 700), (500, 700))
    pen.lineTo((500, 0))
    pen.closePath()
    empty = T2CharStringPen(600, None).getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    builder.setupCFF("Own", {}, {".notdef": empty, "A": pen.getCharString()}, {})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "A": (600, 50)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Own", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    font = open_font(saved(builder.font))
    assert font.typeface.ink_box("A") == pytest.approx((0.05, 0, 0.5, 0.7), abs=0.002)


def test_what_it_lacks_is_set_in_another_font_and_told_of() -> None:
    rendering = set_text("Az", open_font(small_file(text="A")), size=60)
    assert rendering.notices[0].startswith("Your font has no z: set in ")


@pytest.mark.security(23)
def test_nothing_of_the_visitors_but_shapes_is_in_the_font() -> None:
    font = small()
    font["name"].setName("../../app.py", 1, 3, 1, 0x409)
    font["name"].setName("../../app.py", 6, 3, 1, 0x409)
    own = open_font(saved(font))
    assert b"app.py" not in (own.data or b"") and "a\0p\0p" not in repr(own.data)
    assert own.title == "Your font" and not own.path.exists()


# Hostile fonts (security.md, 23) --------------------------------------------------------------------------


@pytest.mark.security(23)
@pytest.mark.parametrize("kind", list(HOSTILE))
def test_a_hostile_font_is_refused_or_survived_in_five_seconds(kind: str) -> None:
    data = HOSTILE[kind]()
    start = time.perf_counter()
    try:
        picture = set_text("AVA 12", open_font(data), size=60).image
    except StylingError as problem:
        assert str(problem).endswith(".") and len(str(problem)) < 200
        assert "Traceback" not in str(problem)
    else:
        assert picture.width < 4000 and picture.height < 1000
        assert (np.asarray(picture.convert("L")) < 128).any()
    assert time.perf_counter() - start < 5


MUST_BE_REFUSED = {"empty", "random", "truncated", "no cmap", "no glyf", "TTC", "WOFF2", "BDF", "PCF", "too large"}


@pytest.mark.security(23)
@pytest.mark.parametrize("kind", sorted(MUST_BE_REFUSED))
def test_what_is_no_usable_font_is_refused(kind: str) -> None:
    with pytest.raises(StylingError):
        open_font(HOSTILE[kind]())


@pytest.mark.parametrize("seed", range(12))
def test_a_corrupt_font_is_refused_or_survived(seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(small_file())
    for _ in range(dice.choice([3, 30, 1000])):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        assert set_text("AVA 12", open_font(bytes(data)), size=40).image.width < 6000
    except StylingError as problem:
        assert str(problem).endswith(".")


def test_letters_of_no_width_stand_side_by_side() -> None:
    font = open_font(zero_width())
    assert set_text("AVATAR", font, size=60).image.width > 2 * set_text("A", font, size=60).image.width


# The child ------------------------------------------------------------------------------------------------


def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(visitor_font, "_READER", slow)
    monkeypatch.setattr(visitor_font, "SECONDS", 0.5)
    start = time.perf_counter()
    with pytest.raises(StylingError, match="too long"):
        open_font(small_file())
    assert time.perf_counter() - start < 4


def test_a_reader_that_dies_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(visitor_font, "_READER", broken)
    with pytest.raises(StylingError, match="it is damaged"):
        open_font(small_file())


@pytest.mark.security(23)
@pytest.mark.parametrize(
    "greed", ["bytearray(2 << 30)", "open(sys.argv[1], 'wb').write(bytes(40 << 20))", "sum(0 for _ in iter(int, 1))"]
)
def test_the_reader_limits_its_own_memory_files_and_time(greed: str, tmp_path) -> None:
    code = f"import sys; sys.path.insert(0, {str(visitor_font._READER.parent)!r}); import font_reader; "
    code += f"font_reader.CPU_SECONDS = 1; font_reader.limit(); {greed}"
    command = [sys.executable, "-I", "-c", code, str(tmp_path / "large")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode != 0


@pytest.mark.parametrize(
    "plain",
    [
        [],
        {},
        {"glyphs": {"A": [0.5, [["M", 1e9, 0]]]}, "kerning": {}, "ligatures": {}, "ascent": 1, "descent": 0},
        {"glyphs": {"A": [float("nan"), []]}, "kerning": {}, "ligatures": {}, "ascent": 1, "descent": 0},
        {"glyphs": {"A": [0.5, [["X", 0, 0]]]}, "kerning": {}, "ligatures": {}, "ascent": 1, "descent": 0},
        {"glyphs": {"A": [0.5, [["M", 0]]]}, "kerning": {}, "ligatures": {}, "ascent": 1, "descent": 0},
        {"glyphs": {"A": "no"}, "kerning": {}, "ligatures": {}, "ascent": 1, "descent": 0},
    ],
)
def test_what_the_reader_says_is_not_taken_on_trust(plain: object) -> None:
    with pytest.raises(ValueError):
        read_glyph_set(plain)


def test_a_built_font_passes_fonttoolss_checks() -> None:
    data = open_font(small_file()).data
    assert data is not None
    again = TTFont(io.BytesIO(data), checkChecksums=2)
    for tag in again.keys():  # noqa: SIM118  a TTFont cannot be iterated over
        assert again[tag] is not None
