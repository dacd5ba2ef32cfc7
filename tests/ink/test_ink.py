"""Any picture to ink and to a glyph: odd modes, tight crops, poor light, and the form of EMNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.data.strokes import draw, draw_coverage
from emnist_hf.ink import NoInkError, PictureError, glyph_of, stroke_width, to_glyph, to_ink
from emnist_hf.ink.glyph import to_glyphs
from emnist_hf.ink.widths import components
from tests.support.hostile import encoded
from tests.support.ink import A, difference

Array = NDArray[Any]

ANGLES = np.linspace(-0.2, 5.4, 60)
E_LOW = [np.concatenate([np.array([[-0.9, 0.1], [0.9, 0.1]]), np.stack([np.cos(ANGLES), -np.sin(ANGLES)], 1)])]
I_LOW = [np.array([[0.0, 1], [0, 3]]), np.array([[0.0, 0.2], [0.0, 0.2]])]


# --- what is read ---


@pytest.mark.security(9)
@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16", "PA"]
)
def test_every_mode_shows_the_same_character(mode: str) -> None:
    grey = Image.fromarray(draw(A, size=200)).convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode in ("LAB", "HSV"):
        picture = grey.convert("RGB") if mode == "LAB" else grey.convert("RGB").convert("HSV")
    elif mode == "PA":
        picture = grey.convert("P").convert("PA")
    else:
        picture = grey.convert(mode)
    glyph, ink = glyph_of(picture)
    assert difference(glyph, glyph_of(grey)[0]) < 4 and not ink.light_on_dark


@pytest.mark.parametrize("scale", [np.uint8(255), np.uint16(65535), np.float32(1), np.float64(255), np.int32(255)])
def test_every_range_of_an_array_shows_the_same_character(scale: Any) -> None:
    coverage = draw_coverage(A, size=200, pen=14)
    array = ((1 - coverage) * scale).astype(scale.dtype)
    assert difference(glyph_of(array)[0], glyph_of(draw(A, size=200, pen=14))[0]) < 1


def test_arrays_of_every_shape() -> None:
    coverage = draw_coverage(A, size=100, pen=8)
    grey = np.rint((1 - coverage) * 255).astype(np.uint8)
    opaque = np.full_like(grey, 255)
    expected = glyph_of(grey)[0]
    for array in (
        grey[:, :, None],
        np.dstack([grey] * 3),
        np.dstack([grey] * 3 + [opaque]),
        np.dstack([grey, opaque]),
    ):
        np.testing.assert_array_equal(glyph_of(array)[0], expected)
    assert difference(glyph_of(coverage > 0.5)[0], expected) < 6


@pytest.mark.parametrize("shade", [0, 255, (200, 20, 20)])
def test_ink_on_nothing_is_seen(shade: Any) -> None:
    coverage = draw_coverage(A, size=200, pen=14)
    layer = np.zeros((200, 200, 4), np.uint8)
    layer[:, :, :3] = shade
    layer[:, :, 3] = np.rint(coverage * 255)
    expected = glyph_of(draw(A, size=200, pen=14))[0]
    assert difference(glyph_of(layer)[0], expected) < 3
    assert difference(glyph_of(encoded(Image.fromarray(layer)))[0], expected) < 3


def test_transparency_in_a_palette() -> None:
    grey = Image.fromarray(draw(A, size=200, pen=14)).convert("L").point(lambda v: 255 * (v > 127))
    picture = Image.fromarray((np.asarray(grey) < 128).astype(np.uint8), "P")  # 0 paper, 1 ink
    picture.putpalette([0, 0, 0, 0, 0, 0])
    data = encoded(picture, transparency=0)
    assert difference(glyph_of(data)[0], glyph_of(grey)[0]) < 1


# --- a sketchpad ---


def pad(**parts: Any) -> dict[str, Any]:
    return {"background": None, "layers": [], "composite": None} | parts


@pytest.mark.security(14)
def test_a_sketch_is_its_composite_or_its_layers() -> None:
    white = np.full((300, 300, 3), 255, np.uint8)
    layer = np.zeros((300, 300, 4), np.uint8)
    layer[:, :, 3] = np.rint(draw_coverage(A, size=300, pen=20) * 255)
    expected = glyph_of(draw(A))[0]
    for sketch in (
        pad(background=white, layers=[layer], composite=draw(A)),
        pad(composite=draw(A)),
        pad(composite=layer),
        pad(layers=[layer]),
        pad(background=white, layers=[layer]),
        pad(background=white, layers=[layer], composite=white),
        pad(background=Image.fromarray(white), layers=[Image.fromarray(layer)]),
        {"composite": draw(A)},
    ):
        assert difference(glyph_of(sketch)[0], expected) < 2


def test_an_empty_sketch_has_no_ink() -> None:
    white = np.full((300, 300, 3), 255, np.uint8)
    for sketch in (
        pad(),
        pad(background=white),
        pad(composite=np.zeros((300, 300, 4), np.uint8)),
        pad(layers=None),
    ):
        with pytest.raises(NoInkError, match="no ink"):
            glyph_of(sketch)


@pytest.mark.parametrize("sketch", [{"strokes": 1}, pad(layers=3), pad(composite=7), pad(layers=[None, "x" * 9])])
def test_a_broken_sketch_is_refused(sketch: dict[str, Any]) -> None:
    with pytest.raises(PictureError):
        glyph_of(sketch)


# --- nothing written ---


def blanks() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    grey = np.full((800, 800), 128, np.uint8)
    grey[rng.integers(0, 800, 100_000), rng.integers(0, 800, 100_000)] = rng.choice([0, 255], 100_000)
    pepper = np.full((900, 900), 255, np.uint8)
    pepper[rng.integers(0, 900, 100_000), rng.integers(0, 900, 100_000)] = 0
    ramp = np.tile(np.linspace(60, 240, 500), (300, 1))
    return {
        "white": np.full((300, 300, 3), 255, np.uint8),
        "grey": np.full((300, 300), 127, np.uint8),
        "noise": rng.integers(0, 256, (300, 300, 3), dtype=np.uint8),
        "paper": np.clip(rng.normal(200, 5, (300, 300, 3)), 0, 255).astype(np.uint8),
        "salt and pepper": grey,
        "pepper": pepper,
        "slope": ramp.astype(np.uint8),
        "photo": cv2.GaussianBlur(ramp + rng.normal(0, 6, ramp.shape), (0, 0), 1.2).astype(np.uint8),
        "1x1": np.zeros((1, 1), np.uint8),
        "1x10000": np.zeros((1, 10_000), np.uint8),
        "10000x1": np.arange(10_000).astype(np.uint8)[:, None],
    }


@pytest.mark.security(10, 11)
@pytest.mark.parametrize("name", blanks())
def test_a_blank_has_no_ink(name: str) -> None:
    with pytest.raises(NoInkError):
        glyph_of(blanks()[name])


def test_no_ink_in_empty_coverage() -> None:
    for coverage in (np.zeros((5, 5), np.float32), np.zeros((0, 0), np.float32)):
        with pytest.raises(NoInkError):
            to_glyph(coverage)


# --- inks and papers ---

PENS: list[tuple[tuple[int, int, int], tuple[int, int, int], bool]] = [
    ((255, 255, 255), (0, 0, 0), True),
    ((255, 230, 0), (255, 255, 255), False),
    ((150, 200, 255), (255, 255, 255), False),
    ((220, 30, 30), (40, 60, 200), False),
    ((235, 235, 220), (30, 80, 50), True),
    ((40, 40, 120), (250, 230, 90), False),
    ((243, 243, 243), (255, 255, 255), False),
]


@pytest.mark.parametrize(("colour", "paper", "light"), PENS)
def test_any_pen_on_any_paper(colour: Any, paper: Any, light: bool) -> None:
    glyph, ink = glyph_of(draw(A, pen=12, ink=colour, paper=paper))
    assert difference(glyph, glyph_of(draw(A, pen=12))[0]) < (1 if colour[0] != 243 else 6)  # a dozen levels
    assert ink.colour == colour and ink.scale == 1
    if sum(colour) != sum(paper) and colour != (220, 30, 30):
        assert ink.light_on_dark == light


def test_antialiasing_is_kept() -> None:
    coverage = draw_coverage(A, size=300, pen=12)
    assert np.abs(to_ink(draw(A, pen=12)).coverage - coverage).mean() < 0.002


def test_two_pens_on_one_sheet_both_count_in_full() -> None:
    sheet = np.full((300, 600, 3), 255, np.uint8)
    sheet[:, :300] = draw(A)
    sheet[:, 300:] = draw(E_LOW, ink=(170, 210, 255))
    coverage = to_ink(sheet).coverage
    assert coverage[:, :300].max() > 0.95 and coverage[:, 300:].max() > 0.95


@pytest.mark.parametrize("strokes", [A, E_LOW, I_LOW], ids=["A", "e", "i"])
@pytest.mark.parametrize("pen", [15, 40, 60])
@pytest.mark.parametrize("dark", [False, True])
def test_polarity_of_a_tight_crop(strokes: list[Array], pen: int, dark: bool) -> None:
    coverage = draw_coverage(strokes, size=300, pen=pen)
    rows, columns = np.flatnonzero(coverage.max(axis=1) > 0.5), np.flatnonzero(coverage.max(axis=0) > 0.5)
    crop = coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shown = crop if dark else 1 - crop
    ink = to_ink(np.rint(shown * 255).astype(np.uint8))
    assert ink.light_on_dark == dark
    assert np.abs(ink.coverage - crop).mean() < 0.02


# --- photographs ---


def photo(
    strokes: list[Array],
    *,
    pen: float = 12,
    shade: float = 60,
    shadow: float = 1,
    desk: int = 0,
    noise: float = 4,
) -> Array:
    """A character on a page in falling light, with the shadow of a hand and a desk to the left if asked
    for.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:450, :600]
    coverage = np.zeros((450, 600))
    coverage[75:375, 150:450] = draw_coverage(strokes, size=300, pen=pen)
    light = (0.55 + 0.45 * (0.6 * x / 600 + 0.4 * y / 450)) * np.where(0.6 * x + 0.8 * y > 360, shadow, 1)
    page = (200 * (1 - coverage) + shade * coverage) * light
    page[x - 0.1 * y < desk - 45] = 50
    return np.clip(cv2.GaussianBlur(page + rng.normal(0, noise, page.shape), (0, 0), 0.8), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shade": 165, "pen": 5},
        {"shadow": 0.5},
        {"desk": 90},
        {"desk": 46},
        {"pen": 35},
        {"shade": 100, "shadow": 0.6, "noise": 6},
    ],
    ids=["plain", "pencil", "shadow", "desk", "edge", "marker", "noisy shadow"],
)
@pytest.mark.parametrize("strokes", [A, E_LOW], ids=["A", "e"])
def test_a_photo_is_read_like_a_drawing(options: dict[str, Any], strokes: list[Array]) -> None:
    glyph, ink = glyph_of(photo(strokes, **options))
    assert not ink.light_on_dark
    assert difference(glyph, glyph_of(draw(strokes, pen=options.get("pen", 12)))[0]) < 12


def test_noise_of_the_paper_is_gone() -> None:
    coverage = to_ink(photo(A)).coverage
    assert (coverage[:40] == 0).mean() > 0.99


@pytest.mark.security(12)
def test_a_storm_of_specks_does_not_hide_a_character() -> None:
    rng = np.random.default_rng(1)
    picture = cv2.resize(photo(A, pen=14), (800, 600))
    picture[rng.integers(0, 600, 100_000), rng.integers(0, 800, 100_000)] = rng.choice([0, 255], 100_000)
    glyph, _ = glyph_of(picture)
    assert difference(glyph, glyph_of(draw(A, pen=14))[0]) < 15


def test_a_speck_is_not_part_of_the_character() -> None:
    picture = draw(A, pen=20)
    specked = picture.copy()
    specked[4:8, 4:8] = 0
    assert difference(glyph_of(specked)[0], glyph_of(picture)[0]) < 1


def test_a_large_picture_is_shrunk() -> None:
    ink = to_ink(cv2.resize(draw(A), (1500, 1500)), max_side=500)
    assert ink.coverage.shape == (500, 500) and ink.scale == pytest.approx(1 / 3)


# --- the glyph ---


@pytest.mark.parametrize("pen", [1.5, 3, 6, 12, 20, 40])
@pytest.mark.parametrize("strokes", [A, E_LOW], ids=["A", "e"])
def test_any_pen_gets_the_weight_of_emnist(strokes: list[Array], pen: float) -> None:
    glyph = to_glyph(draw_coverage(strokes, size=300, pen=pen))
    assert glyph.dtype == np.uint8 and glyph.shape == (28, 28) and glyph.max() == 255
    large = cv2.resize(glyph, (224, 224), interpolation=cv2.INTER_CUBIC)
    assert 2.2 < stroke_width(large > 127) / 8 < 3.8
    assert glyph[[0, -1]].max() == 0 and glyph[:, [0, -1]].max() == 0
    rows, columns = np.flatnonzero((glyph > 127).any(axis=1)), np.flatnonzero((glyph > 127).any(axis=0))
    assert 21 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 24
    assert abs(rows[0] + rows[-1] - 27) <= 1 and abs(columns[0] + columns[-1] - 27) <= 1


@pytest.mark.parametrize("pen", [3, 12, 30, 45])
def test_counters_stay_open(pen: float) -> None:
    glyph = to_glyph(draw_coverage(E_LOW, size=300, pen=pen))
    paper = cv2.copyMakeBorder((glyph < 128).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    assert cv2.connectedComponents(paper, connectivity=4)[0] - 1 >= 2, "the eye of the e is closed"


def test_a_dot_stays_a_dot() -> None:
    glyph = to_glyph(draw_coverage([np.zeros((1, 2))], size=300, pen=40))
    assert (glyph > 127).sum() == pytest.approx(np.pi * 11.2**2, rel=0.1)


def test_scale_and_place_do_not_matter() -> None:
    glyphs = [
        to_glyph(np.pad(draw_coverage(A, size=size, pen=size / 15), 7 * i)) for i, size in enumerate((60, 150, 600))
    ]
    assert difference(glyphs[0], glyphs[1]) < 8 and difference(glyphs[1], glyphs[2]) < 8


def test_many_at_once_are_as_each_alone() -> None:
    """More than are worked on at once, of every weight, specks that fill their tile among them; blank ones stay 0."""
    pens = np.geomspace(1, 90, 30)
    drawn = [draw_coverage(strokes, size=300, pen=pen) for pen in pens for strokes in (A, E_LOW)]
    glyph = to_glyph(draw_coverage(A, size=300, pen=12)).astype(np.float32) / 255
    blank = np.zeros((40, 30), np.float32)
    coverages = [*drawn, blank, np.ones((3, 4), np.float32), glyph, np.zeros((0, 5), np.float32), *drawn[::-1]]
    together = to_glyphs(coverages)
    assert together.shape == (len(coverages), 28, 28) and together.dtype == np.uint8
    for coverage, found in zip(coverages, together):
        if coverage.size == 0 or not coverage.any():
            assert not found.any()
        else:
            alone = to_glyph(coverage)
            limit = 40 if coverage.size < 20 else 1  # a speck has no outline to speak of
            assert np.abs(found.astype(int) - alone).max() <= limit
    assert to_glyphs([]).shape == (0, 28, 28)


def test_strange_shapes_become_glyphs() -> None:
    for shape in ((1, 1), (1, 3000), (3000, 1), (2, 2)):
        assert to_glyph(np.ones(shape, np.float32)).shape == (28, 28)


def test_a_glyph_comes_back_as_it_was() -> None:
    glyph = to_glyph(draw_coverage(A, size=300, pen=12))
    for picture, light in ((glyph, True), (255 - glyph, False)):
        back, ink = glyph_of(picture)
        assert difference(back, glyph) < 1.5 and ink.light_on_dark == light


def test_emnist_comes_back_as_it_was(shared: Path) -> None:
    with np.load(shared / "emnist" / "nist.npz", allow_pickle=False) as file:
        images = file["images"][:: max(1, len(file["images"]) // 200)]
    back = [glyph_of(encoded(Image.fromarray(image))) for image in images]
    assert np.mean([ink.light_on_dark for _, ink in back]) > 0.99
    assert np.mean([difference(glyph, image) for (glyph, _), image in zip(back, images, strict=True)]) < 4


# --- what is not written ---


@pytest.mark.parametrize("line", [1, 6])
@pytest.mark.parametrize("inset", [0, 6])
@pytest.mark.parametrize("dark", [False, True])
def test_a_thin_frame_is_dropped(line: int, inset: int, dark: bool) -> None:
    picture = draw(A)
    framed = picture.copy()
    part = framed[inset : 300 - inset, inset : 300 - inset]
    part[:line] = part[-line:] = part[:, :line] = part[:, -line:] = 0
    glyph, ink = glyph_of(255 - framed if dark else framed)
    assert ink.light_on_dark == dark
    assert difference(glyph, glyph_of(picture)[0]) < 0.5


@pytest.mark.parametrize("blur", [4, 16])
@pytest.mark.parametrize("amplitude", [3, 12])
def test_clouds_have_no_ink(blur: float, amplitude: float) -> None:
    clouds = cv2.GaussianBlur(np.random.default_rng(1).normal(size=(400, 500)), (0, 0), blur)
    picture = np.clip(180 + clouds / clouds.std() * amplitude, 0, 255).astype(np.uint8)
    with pytest.raises(NoInkError):
        to_ink(picture)


@pytest.mark.parametrize("enlarge", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
@pytest.mark.parametrize("quality", [None, 60])
def test_polarity_of_tight_crops_of_emnist(shared: Path, enlarge: int, quality: int | None) -> None:
    with np.load(shared / "emnist" / "nist.npz", allow_pickle=False) as file:
        images = file["images"][::100]
    right = []
    for i, image in enumerate(images):
        rows, columns = np.flatnonzero((image > 127).any(axis=1)), np.flatnonzero((image > 127).any(axis=0))
        crop = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], i % 5)
        crop = cv2.resize(crop, None, fx=1 + i % 8, fy=1 + i % 8, interpolation=enlarge)
        for light in (True, False):
            picture = Image.fromarray(crop if light else 255 - crop)
            data = encoded(picture, "JPEG", quality=quality) if quality else encoded(picture)
            right.append(to_ink(data).light_on_dark == light)
    assert np.mean(right) >= 0.98


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_components_are_those_of_opencv(connectivity: int, share: float) -> None:
    mask = np.random.default_rng(0).random((37, 53)) < share
    labels, stats = components(mask, connectivity)
    _, theirs, expected, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=connectivity)
    assert np.array_equal(labels > 0, mask) and len(stats) == len(expected)
    for number in range(1, len(stats)):  # the order of the numbers is OpenCV's own affair
        other = np.unique(theirs[labels == number])
        assert len(other) == 1 and np.array_equal(stats[number], expected[other[0]])
    assert stats[0].tolist() == [0, 0, 53, 37, np.count_nonzero(~mask)]
