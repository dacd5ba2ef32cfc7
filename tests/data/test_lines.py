"""Lines to train on: the same for the same seed, true to their labels, and by every kind of writer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emnist_hf.data.font_rows import font_rows
from emnist_hf.data.line_fonts import font_line, has_all
from emnist_hf.data.line_glyphs import Glyphs, glyph_line
from emnist_hf.data.line_hands import can_write, load_writers, write_line
from emnist_hf.data.line_photos import photographed
from emnist_hf.data.line_rows import LineBatches, LineSources, find_sources, fits, held_out_batches
from emnist_hf.data.line_texts import compose_text
from emnist_hf.data.rows import DataError
from emnist_hf.data.strips import to_strip_by_text
from emnist_hf.data.words import WordSet, part_of_person
from emnist_hf.evaluation.page_metrics import character_errors, fold_text
from emnist_hf.ink.strip import HEIGHT
from emnist_hf.ink.types import Bytes
from emnist_hf.letterforms import CAPITAL, LINE_ALPHABET
from emnist_hf.models.line_checkpoint import read_line_checkpoint
from emnist_hf.models.line_engine import LineEngine
from emnist_hf.models.pretrained import LINES, PACKAGED
from emnist_hf.reading.ctc import greedy_text
from tests.support.hands import HANDS
from tests.support.words import write_words


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> LineSources:
    return find_sources(write_words(tmp_path_factory.mktemp("words")))


def test_a_batch_follows_from_seed_and_number(sources: LineSources) -> None:
    batches = LineBatches(sources, seed=3, columns=900)
    first, again = batches[7], LineBatches(sources, seed=3, columns=900)[7]
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert not np.array_equal(first.targets, batches[8].targets) or not np.array_equal(first.strips, batches[8].strips)
    assert first.strips.shape[1:3] == (1, HEIGHT) and first.strips.dtype == np.uint8
    for strip, width, target, length in zip(*first):
        text = "".join(LINE_ALPHABET[i] for i in target[:length])
        assert fits(strip[0, :, :width], text) and strip.max() > 100


def test_what_the_alphabet_has_not_is_left_out_and_counted(sources: LineSources) -> None:
    assert sources.left_out == {"]": 1} and set(sources.missing) == {
        "in_context.npz",
        "signs.npz",
        "strokes.npz",
        "fonts",
        "byclass/train.parquet",
    }


def test_no_person_is_in_two_parts(sources: LineSources) -> None:
    persons = [
        {str(p) for p in sources.words.person[sources.words.rows(part)]} for part in ("train", "validation", "test")
    ]
    assert not persons[0] & persons[2] and not persons[0] & persons[1] and not persons[1] & persons[2]
    assert all(part_of_person(person) == "test" for person in persons[2])
    rows = [row for _, own in held_out_batches(sources.words, "test") for row in own]
    assert sorted(rows) == sorted(sources.words.rows("test"))


@pytest.mark.parametrize("length", [1, 5, 40])
def test_composed_texts_are_of_the_alphabet(length: int) -> None:
    texts = [compose_text(length, np.random.default_rng(seed)) for seed in range(60)]
    assert all(text == text.strip() and set(text) <= set(LINE_ALPHABET) for text in texts)
    assert all(1 <= len(text) <= length + 4 for text in texts)
    if length > 1:
        assert any(c.isdigit() for text in texts for c in text) and len(set(texts)) > 50


def test_a_font_sets_a_line() -> None:
    font = HANDS["patrick-hand"]
    assert has_all(font, "Zürich 1.5") and not has_all(font, "\u3042")
    rng = np.random.default_rng(0)
    ink, capital = font_line("Zürich", font, rng)
    strip = to_strip_by_text(ink, capital, rng)
    assert strip.shape[0] == HEIGHT and strip.max() == 255 and 60 < strip.shape[1] < 300


@pytest.fixture(scope="module")
def glyphs() -> Glyphs:
    """Rows such as EMNIST's, drawn from a font."""
    return Glyphs(font_rows([HANDS["patrick-hand"]], 2))


@pytest.fixture(scope="module")
def engine() -> LineEngine:
    return LineEngine(read_line_checkpoint(PACKAGED / LINES))


def errors(engine: LineEngine, strip: Bytes, text: str) -> int:
    """How many characters the shipped network reads otherwise, whatever their case."""
    return character_errors(fold_text(text), fold_text(greedy_text(engine.run([strip])[0])))[0]


TEXTS = ("every morning", "Berlin 1984", "HELLO WORLD", "quick jumping fox")


def test_rows_of_characters_are_set_as_a_line_that_is_read(glyphs: Glyphs, engine: LineEngine) -> None:
    assert len(glyphs) == 124 and glyphs.can_write("Berlin 12") and not glyphs.can_write("a.") and glyphs.can_write("")
    found = 0
    for seed, text in enumerate(TEXTS):
        rng = np.random.default_rng(seed)
        ink, capital = glyph_line(text, glyphs, rng)
        assert ink.min() >= 0 and 0.9 < ink.max() <= 1 and ink[:, 0].any() and ink[0].any()
        found += errors(engine, to_strip_by_text(ink, capital, rng), text)
    assert found <= 0.2 * sum(map(len, TEXTS))


def test_a_line_is_photographed_and_its_ink_is_in_its_place(glyphs: Glyphs, engine: LineEngine) -> None:
    changed = found = 0
    for seed, text in enumerate(TEXTS * 2):
        rng = np.random.default_rng(seed)
        strip = to_strip_by_text(*glyph_line(text, glyphs, rng), rng)
        seen = photographed(strip, rng)
        assert seen.shape == strip.shape and seen.dtype == np.uint8
        assert np.corrcoef(seen.ravel(), strip.ravel())[0, 1] > 0.8
        changed += not np.array_equal(seen, strip)
        found += errors(engine, seen, text)
    assert changed >= 6 and found <= 0.3 * 2 * sum(map(len, TEXTS))


def test_rows_write_what_there_is_no_writer_for(sources: LineSources, glyphs: Glyphs) -> None:
    batch = LineBatches(replace(sources, glyphs=glyphs), seed=1, columns=900, words=0.0)[0]
    texts = ["".join(LINE_ALPHABET[i] for i in row[:length]) for row, length in zip(batch.targets, batch.lengths)]
    assert all(glyphs.can_write(text) for text in texts) and not set(texts) <= set(sources.words.text)


def test_real_writers_write_lines(shared: Path) -> None:
    unipen = shared / "unipen"
    writers = load_writers(unipen / "strokes.npz", unipen / "in_context.npz", unipen / "signs.npz", {})
    able = [writer for writer in writers if can_write(writer, "Häuser, 12%")]
    assert len(writers) > 100 and len(able) > 50
    rng = np.random.default_rng(0)
    line = np.concatenate(write_line("Häuser, 12%", able[0], rng))
    assert -2.2 * CAPITAL < line[:, 1].min() < -CAPITAL * 0.8 and 0 <= line[:, 1].max() < CAPITAL
    assert np.ptp(line[:, 0]) > 5


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words_train.npz").write_bytes(b"no words")
    with pytest.raises(DataError, match="words_train"):
        WordSet.load(tmp_path / "words_train.npz")
