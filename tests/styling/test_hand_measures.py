"""A writer's hand in numbers: measured on strokes whose slant, pen, spacing, waver and colour the test chose."""

from __future__ import annotations

import pytest
from PIL import Image, ImageFilter

from emnist_hf.ink import NoInkError
from emnist_hf.styling import Hand, describe, estimate_hand
from tests.support.handwriting import write

TEXT = "the hut on a hill\nHelen read a map"


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize(("slant", "pen"), [(-20, 3), (-7, 8), (0, 5), (5, 12), (12, 2), (12, 9), (25, 4), (40, 7)])
def test_slant_is_within_3_degrees_and_weight_within_15_per_cent(slant: float, pen: float, labelled: bool) -> None:
    drawn = write(TEXT, slant=slant, pen=pen)
    hand = estimate_hand(drawn.image, drawn.characters if labelled else ())
    assert hand.slant == pytest.approx(slant, abs=3)
    assert hand.pen == pytest.approx(pen, rel=0.15)
    assert hand.variation < 0.2
    if labelled:
        assert hand.x_height == pytest.approx(40 + pen, rel=0.1)
        assert hand.weight == pytest.approx(pen / (40 + pen), rel=0.15)


@pytest.mark.parametrize("character", ["h", "H", "n"])
def test_one_character_on_a_sketchpad_is_enough_for_slant_and_pen(character: str) -> None:
    hand = estimate_hand(write(character, slant=15, pen=13, x_height=120).image)
    assert hand.slant == pytest.approx(15, abs=3)
    assert hand.pen == pytest.approx(13, rel=0.15)
    assert hand.spacing is None


def test_a_soft_photo_gives_the_same_hand() -> None:
    drawn = write(TEXT, slant=18, pen=7).image
    hand = estimate_hand(drawn.resize((drawn.width * 2, drawn.height * 2)).filter(ImageFilter.GaussianBlur(1.5)))
    assert hand.slant == pytest.approx(18, abs=3)
    assert hand.pen == pytest.approx(14, rel=0.15)


@pytest.mark.parametrize("gap", [0.15, 0.4, 0.8])
def test_spacing(gap: float) -> None:
    drawn = write(TEXT, gap=gap, slant=10)
    measured = estimate_hand(drawn.image, drawn.characters).spacing
    assert measured == pytest.approx(gap * 40 / 46, abs=0.08)  # of an x whose height has the pen's 6 px in it


def test_waver() -> None:
    calm, shaky = (write(TEXT, waver=waver, seed=3) for waver in (0.0, 0.15))
    assert estimate_hand(calm.image, calm.characters).waver < 0.04
    assert 0.08 < estimate_hand(shaky.image, shaky.characters).waver < 0.25


def test_width_grows_with_the_letters() -> None:
    narrow, wide = (write(TEXT, width=width) for width in (0.7, 1.4))
    ratio = estimate_hand(wide.image, wide.characters).width / estimate_hand(narrow.image, narrow.characters).width
    assert ratio == pytest.approx(2.0, rel=0.25)  # the pen's own width does not grow


def test_a_pen_that_starves_has_texture() -> None:
    drawn = write(TEXT, pen=8).image
    faint = Image.blend(drawn, Image.new("RGB", drawn.size, "white"), 0.45)
    stripes = Image.new("L", drawn.size, 0)
    for x in range(0, drawn.width, 24):
        stripes.paste(255, (x, 0, x + 12, drawn.height))
    dry = Image.composite(faint, drawn, stripes)
    assert estimate_hand(drawn).texture < 0.05 < estimate_hand(dry).texture


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"slant": 12, "pen": 4, "colour": (30, 70, 190)}, "leans 12 degrees to the right, fine pen, blue"),
        ({"slant": 0, "pen": 9, "colour": (20, 20, 20)}, "stands upright, medium pen, black"),
        ({"slant": -15, "pen": 12, "colour": (190, 40, 40)}, "leans 15 degrees to the left, broad pen, red"),
    ],
)
def test_the_hand_in_words(how: dict, words: str) -> None:
    drawn = write(TEXT, width=1.2, **how)
    said = describe(estimate_hand(drawn.image, drawn.characters))
    expected = words.split(", ")
    lean = said.split(", ")[0]
    assert [part for part in expected[1:] if part not in said] == []
    assert lean.split()[0] == expected[0].split()[0] and lean.split()[-1] == expected[0].split()[-1]


def test_a_description_is_made_of_phrases_to_look_up() -> None:
    hand = Hand(-12.0, 6.0, 20.0, 0.5, 1.4, 0.2, -0.1, (190, 40, 40), 0.5)
    said = describe(hand)
    words = ["leans 12 degrees to the left", "broad pen", "thick and thin strokes", "wide letters"]
    words += ["a baseline that wavers", "joined letters", "an uneven line", "red"]
    assert said == ", ".join(words) == said.template.format(**said.values)
    assert [part.template for part in said.values.values()] == ["leans {degrees} degrees to the left", *words[1:]]


def test_white_paper_has_no_hand() -> None:
    with pytest.raises(NoInkError):
        estimate_hand(Image.new("RGB", (300, 300), "white"))
