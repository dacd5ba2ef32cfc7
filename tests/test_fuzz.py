"""Made-up input for the rooms that strangers reach: whatever it is, an answer that holds together, or a sentence.

    EMNIST_FUZZ_EXAMPLES=20000 pytest tests/test_fuzz.py        looks for longer, at other input each time

The bytes of picture files are fuzzed by `python -m fuzz.pictures`.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from emnist_hf import Recognizer
from emnist_hf.data.idx import read_idx
from emnist_hf.data.rows import DataError
from emnist_hf.errors import EmnistError
from emnist_hf.ink import NoInkError, glyph_of, to_glyph, to_ink
from emnist_hf.ink.picture import PictureError, open_picture
from emnist_hf.page.blocks import build_page
from emnist_hf.page.compose import show
from emnist_hf.page.draw import drawing
from emnist_hf.page.messages import SORRY
from emnist_hf.reading.layout import find_layout, find_level_page
from emnist_hf.reading.results import text_of

EXAMPLES = "EMNIST_FUZZ_EXAMPLES"
fuzzed = settings(
    max_examples=int(os.environ.get(EXAMPLES, "60")),
    derandomize=EXAMPLES not in os.environ,  # the suite looks at the same input every time
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

few = settings(fuzzed, max_examples=fuzzed.max_examples // 2)  # where one takes half a second


# --- ink ---

DTYPES = (np.uint8, np.bool_, np.int16, np.uint16, np.int64, np.float32, np.float64)
SHAPES = st.tuples(st.integers(0, 70), st.integers(0, 70)) | st.tuples(
    st.integers(1, 40), st.integers(1, 40), st.integers(0, 5)
)


@st.composite
def pictures(draw: st.DrawFn) -> NDArray[Any]:
    """Arrays of any kind that a program may hand over, most of them of few values, as drawings are."""
    dtype, shape = draw(st.sampled_from(DTYPES)), draw(SHAPES)
    return draw(arrays.arrays(dtype, shape, fill=st.just(0) if draw(st.booleans()) else None))


@fuzzed
@given(pictures())
def test_any_array_is_a_glyph_or_a_sentence(array: NDArray[Any]) -> None:
    try:
        glyph, ink = glyph_of(array)
    except EmnistError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
        return
    assert glyph.shape == (28, 28) and glyph.dtype == np.uint8 and glyph.max() > 0
    assert np.isfinite(ink.coverage).all() and ink.coverage.min() >= 0 and ink.coverage.max() <= 1


@fuzzed
@given(arrays.arrays(np.float32, SHAPES.filter(lambda s: len(s) == 2), elements=st.floats(0, 1, width=32)))
def test_any_coverage_is_a_glyph_or_has_no_ink(coverage: NDArray[np.float32]) -> None:
    try:
        glyph = to_glyph(coverage)
    except NoInkError:
        return
    assert glyph.shape == (28, 28) and glyph.dtype == np.uint8


# --- layout ---


@st.composite
def pages(draw: st.DrawFn) -> NDArray[np.float32]:
    """Coverage of bars, lines, dots, frames and grain in any number and order: what a page might be made of."""
    height, width = draw(st.integers(1, 260)), draw(st.integers(1, 260))
    page = np.zeros((height, width), np.float32)
    for _ in range(draw(st.integers(0, 25))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        tall, wide = draw(st.sampled_from([1, 2, 5, 20, 300])), draw(st.sampled_from([1, 2, 5, 20, 300]))
        page[top : top + tall, left : left + wide] = draw(st.sampled_from([1.0, 0.6, 0.31, 0.0]))
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 9)))
        page[rng.random(page.shape) < draw(st.sampled_from([0.001, 0.02, 0.5]))] = 1
    return page


@fuzzed
@given(pages())
def test_every_fragment_of_a_layout_lies_on_the_page(coverage: NDArray[np.float32]) -> None:
    level = find_level_page(coverage)
    layout = find_layout(level)
    assert layout.matrix.shape == (2, 3) and np.isfinite(layout.matrix).all()
    members = []
    for line in layout.lines:
        assert line
        for fragment in line:
            assert fragment.width > 0 and fragment.height > 0 and fragment.box[0] >= 0 and fragment.box[1] >= 0
            members += [(member, fragment.span) for member in fragment.members]
    assert len(members) == len(set(members)), "a component is in two fragments"


@few
@given(pages())
def test_any_page_is_read_to_text_that_agrees_with_its_characters(
    recognizer: Recognizer, coverage: NDArray[np.float32]
) -> None:
    page = recognizer.read((255 - coverage * 255).astype(np.uint8))
    assert page.text == text_of(page.characters)
    for character in page.characters:
        left, top, right, bottom = character.box
        assert 0 <= left < right <= coverage.shape[1] and 0 <= top < bottom <= coverage.shape[0]
        assert 0 <= character.score <= 1 and character.label


# --- the IDX reader ---

IDX = st.builds(
    lambda magic, sizes, body: struct.pack(f">{1 + len(sizes)}I", magic, *sizes) + body,
    st.sampled_from([2049, 2051, 2050, 0]) | st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from([0, 1, 2, 28, 2**31, 2**32 - 1]), max_size=4),
    st.binary(max_size=60) | st.integers(0, 3).map(lambda n: bytes(784 * n)),
)


@fuzzed
@given(
    IDX | IDX.map(gzip.compress) | st.builds(lambda d, n: gzip.compress(d)[:n], IDX, st.integers(0, 60)),
    st.sampled_from(["images", "labels"]),
)
def test_any_bytes_are_rows_or_a_sentence(content: bytes, kind: str) -> None:
    try:
        blocks = list(read_idx(lambda: io.BytesIO(content), kind, "Digits test", 2))
    except DataError as error:
        assert str(error).endswith(".")
        return
    assert all(rows.dtype == np.uint8 and rows.shape[1:] in ((), (28, 28)) for rows in blocks)


# --- values of the API ---

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(["path", "a.png"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["path", "composite", "layers", "url"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def sentence_of(call: Callable[[], Any]) -> str | None:
    """What a visitor hears instead of an answer, None if it was answered. Any other error is a fault of ours."""
    try:
        call()
    except gr.Error as error:
        return str(error.message)
    except EmnistError as error:
        return str(error)
    return None


def check(said: str | None) -> None:
    assert said is None or (said != SORRY and said.endswith(".") and "\n" not in said and len(said) < 500), said


@pytest.fixture(scope="module")
def endpoints(recognizer: Recognizer) -> dict[str, Callable[..., Any]]:
    page = build_page(recognizer)
    return {str(event.api_name): event.fn for event in page.fns.values() if event.fn is not None}


@fuzzed
@given(st.sampled_from(["recognize_sketch", "recognize_image"]), JSON, st.lists(JSON, max_size=5))
def test_any_values_for_recognition(endpoints: dict[str, Callable[..., Any]], name: str, sent: Any, rest: Any) -> None:
    check(sentence_of(lambda: endpoints[name](sent, *rest)))


@fuzzed
@given(JSON, st.lists(JSON, max_size=2))
def test_any_values_for_reading(endpoints: dict[str, Callable[..., Any]], sent: Any, rest: list[Any]) -> None:
    check(sentence_of(lambda: endpoints["read_image"](sent, *rest)))


STYLE: dict[str, Any] = {
    "font": st.sampled_from(["tangerine", "italianno", "../x"]) | JSON,
    "ink": st.sampled_from(["black", "#12345", "rgb(1,2,3)", "hsl(1e9,1%,1%)"]) | JSON,
    "paper": st.sampled_from(["white", "ruled", "none"]) | JSON,
    "size": st.floats(0, 2000) | JSON,
    "align": st.sampled_from(["left", "centre", "right"]) | JSON,
    "line_spacing": st.floats(0, 3) | JSON,
    "letter_spacing": st.floats(-1, 2) | JSON,
    "measure": st.none() | st.floats(0, 300) | JSON,
    "like": st.none() | JSON,
    "strength": st.floats(0, 1) | JSON,
    "seed": st.integers(0, 9) | JSON,
    "file_format": st.sampled_from(["png", "svg", "pdf"]) | JSON,
    "resolution": st.floats(1, 700) | JSON,
}


@fuzzed
@given(st.text(max_size=40) | JSON, st.fixed_dictionaries({}, optional=STYLE))
def test_any_values_for_setting_text(
    endpoints: dict[str, Callable[..., Any]], text: Any, style: dict[str, Any]
) -> None:
    check(sentence_of(lambda: endpoints["render_text"](text, **style)))


@fuzzed
@given(st.lists(JSON, min_size=11, max_size=11))
def test_any_values_for_the_set_tab(values: list[Any]) -> None:
    html = show(*values)
    assert html.startswith("<") and SORRY not in html


@fuzzed
@given(JSON | st.text(max_size=40).map(lambda text: f"data:image/png;base64,{text}"))
def test_any_value_of_the_pad(value: Any) -> None:
    try:
        content = drawing(value)
        if content is not None:
            to_ink(open_picture(content))
    except (PictureError, NoInkError) as error:
        assert str(error).endswith(".")
