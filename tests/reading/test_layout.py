"""What lies on a page before anything is read: the width of the pen, and which components belong together."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emnist_hf import Recognizer
from emnist_hf.data.compose import TEXTS, compose
from emnist_hf.ink import to_ink
from emnist_hf.reading.layout import find_layout, find_level_page
from tests.support.hands import font_hand


def test_specks_do_not_say_how_wide_the_pen_is() -> None:
    page = compose(TEXTS[3], font_hand("gochi-hand"), "noisy", size=56, seed=77)
    clean = compose(TEXTS[3], font_hand("gochi-hand"), size=56, seed=77)
    noisy, plain = (find_level_page(to_ink(p.picture).coverage).components.pen for p in (page, clean))
    assert abs(noisy - plain) <= 0.3 * plain


def test_a_dot_beside_its_stem_is_part_of_it() -> None:
    """Dots stand to the right of where they belong when a hand is in a hurry."""
    sheet = Image.new("L", (700, 220), 255)
    draw = ImageDraw.Draw(sheet)
    for i in range(8):
        x = 60 + 75 * i
        draw.line((x, 95, x, 150), fill=0, width=7)
        draw.ellipse((x + 8, 68, x + 17, 77), fill=0)
    layout = find_layout(find_level_page(to_ink(sheet).coverage))
    assert [len(line) for line in layout.lines] == [8]
    assert all(len(fragment.members) == 2 for fragment in layout.lines[0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_letters_that_touch_the_upper_edge_are_read(recognizer: Recognizer, seed: int) -> None:
    """A photo cut tight: of the first line the highest letters touch the edge, and lose a little."""
    page = compose(["ABCDEFGH", "KLMNPRST", "HAKEMNRB"], font_hand("patrick-hand"), size=60, seed=seed, skew=0)
    picture = np.asarray(page.picture)
    tops = sorted(
        top
        for _, top, _, _ in (character.box for character in recognizer.read(picture).characters if character.line == 0)
    )
    cut = picture[round(tops[2]) + 2 :]
    assert recognizer.read(cut).text == recognizer.read(picture).text
