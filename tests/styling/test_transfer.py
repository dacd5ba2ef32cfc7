"""A font takes on a writer's hand: as much as was asked for, as much as it bears, and stays legible."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import pytest

from emnist_hf import Recognizer
from emnist_hf.ink.glyph import to_glyph
from emnist_hf.splits import fold_shape
from emnist_hf.styling import Font, Hand, StylingError, estimate_hand, find_font, fonts, set_text
from emnist_hf.styling.transfer import measure_font, style_like

BLUE = (30, 60, 190)


def hand(**changes: object) -> Hand:
    plain = {"slant": 12.0, "pen": 9.0, "x_height": 60.0, "variation": 0.1, "width": 1.0, "waver": 0.02}
    return Hand(**(plain | {"spacing": 0.2, "colour": BLUE, "texture": 0.0} | changes))  # type: ignore[arg-type]


def drawn_hand(font: str | Font, wanted: Hand, strength: float) -> Hand:
    """What a rendering of uprights measures as."""
    return estimate_hand(set_text("HINE LNE\nEHIN ELT", font, size=90, hand=wanted, strength=strength).image)


@pytest.mark.parametrize("name", ["fondamento", "pinyon-script", "marck-script"])
def test_strength_0_is_the_font_and_a_seed_repeats(name: str) -> None:
    plain = set_text("Fine hand 12", name, size=60)
    assert set_text("Fine hand 12", name, size=60, hand=hand(), strength=0).svg() == plain.svg()
    one, same = (set_text("Fine hand 12", name, size=60, hand=hand(waver=0.1), seed=3).svg() for _ in range(2))
    other = set_text("Fine hand 12", name, size=60, hand=hand(waver=0.1), seed=4).svg()
    assert one == same != other


@pytest.mark.parametrize("name", ["uncial-antiqua", "fondamento-italic"])
def test_the_slant_arrives(name: str) -> None:
    own = measure_font(find_font(name)).slant
    assert drawn_hand(name, hand(slant=18), 1).slant == pytest.approx(18, abs=4)
    assert drawn_hand(name, hand(slant=18), 0.5).slant == pytest.approx((own + 18) / 2, abs=4)


def test_the_weight_goes_the_writers_way_as_far_as_the_font_bears() -> None:
    plain, heavy = (drawn_hand("fondamento", hand(pen=22, slant=0), strength).pen for strength in (0, 1))
    assert heavy > 1.05 * plain
    for font in fonts().values():
        own = measure_font(font)
        assert style_like(hand(pen=0.5), font, 1).offset < 0
        assert own.hairline + 2 * style_like(hand(pen=0.5), font, 1).offset >= 0.8 * own.hairline
        assert 0 < style_like(hand(pen=90), font, 1).offset <= own.counter / 7 + 1e-4


def test_joined_hands_stay_joined() -> None:
    joined, apart = find_font("pinyon-script"), find_font("uncial-antiqua")
    assert measure_font(joined).is_joined and not measure_font(apart).is_joined
    assert style_like(hand(spacing=0.6), joined, 1).tracking == 0
    assert style_like(hand(spacing=0.6), apart, 1).tracking > 0.05
    assert style_like(hand(spacing=None), apart, 1).tracking == 0


def strongest(colour: tuple[int, int, int], strength: float, paper: str = "white", ink: str = "black") -> Sequence[int]:
    """The colour that is farthest from the paper's."""
    picture = set_text(
        "H", "unifrakturcook", colour=ink, paper=paper, hand=hand(colour=colour), strength=strength
    ).image
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    return pixels[np.argmax(np.abs(pixels - pixels[0]).sum(axis=1))].tolist()


def test_the_ink_goes_to_the_writers_but_can_be_seen() -> None:
    assert max(abs(a - b) for a, b in zip(strongest(BLUE, 1), BLUE)) < 6
    assert 0 < strongest(BLUE, 0.5)[2] < BLUE[2]
    assert max(strongest((240, 240, 240), 1)) < 160  # chalk would not be seen on white paper
    assert min(strongest((240, 240, 240), 1, paper="black", ink="white")) > 200


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan"), "all"])
def test_a_strength_out_of_bounds_is_a_sentence(strength: float) -> None:
    with pytest.raises(StylingError, match="strength cannot be used: give a number from 0 to 1"):
        set_text("a", hand=hand(), strength=strength)


HANDS = {
    "fine": {"pen": 3.0, "slant": 5.0, "waver": 0.05},
    "broad": {"pen": 22.0, "slant": 0.0, "waver": 0.1, "width": 0.8},
    "leaning": {"pen": 8.0, "slant": 28.0, "waver": 0.1, "width": 1.3, "spacing": 0.5},
}
LEGIBLE = ("fondamento", "kaushan-script", "dancing-script", "uncial-antiqua", "pinyon-script")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.from_pretrained()


def read_back(recognizer: Recognizer, **how: object) -> int:
    """How many of the 62 characters, set alone in five fonts, are read as what they are or what has the same shape."""
    characters = string.digits + string.ascii_letters
    glyphs = []
    for font in LEGIBLE:  # a line for each, as lines keep white between their ink
        rendering = set_text("\n".join(characters), font, size=48, colour="black", **how)  # type: ignore[arg-type]
        inked = (1 - np.asarray(rendering.image.convert("L")) / 255).astype(np.float32)
        assert len(rendering.scene.marks) == len(characters)
        for mark in rendering.scene.marks:
            _, top, _, bottom = mark.bounds()
            glyphs.append(to_glyph(inked[int(top) - 1 : int(bottom) + 2]))
    best = recognizer.predict_proba(np.stack(glyphs)).argmax(axis=1)
    return sum(fold_shape(recognizer.labels[i]) == fold_shape(c) for i, c in zip(best, characters * len(LEGIBLE)))


def test_letters_stay_legible_at_any_strength(recognizer: Recognizer) -> None:
    """The recognizer reads as many characters back as from the plain fonts."""
    plain = read_back(recognizer)
    assert plain > 0.8 * 62 * len(LEGIBLE)
    found = {
        (name, strength): read_back(recognizer, hand=hand(**changes), strength=strength)
        for name, changes in HANDS.items()
        for strength in (0.5, 1.0)
    }
    assert {case: count for case, count in found.items() if count < plain} == {}
