"""Batches of lines to train on, composed while training: UNIPEN's words, lines by its writers, EMNIST's and fonts.

All that is random follows from the seed and the number of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.line_fonts import find_fonts, font_line, has_all
from emnist_hf.data.line_glyphs import ROWS, Glyphs, find_glyphs, glyph_line
from emnist_hf.data.line_hands import Writer, can_write, load_writers, write_line
from emnist_hf.data.line_photos import photographed
from emnist_hf.data.line_texts import compose_text
from emnist_hf.data.rows import DataError
from emnist_hf.data.strips import by_another_hand, draw_strip, to_strip_by_text, weathered
from emnist_hf.data.strokes import Part
from emnist_hf.data.words import PENS, UNITS, WordSet, draw_word
from emnist_hf.ink.strip import CAPITAL as STRIP_CAPITAL
from emnist_hf.ink.strip import HEIGHT, to_strip
from emnist_hf.ink.types import Bytes
from emnist_hf.letterforms import CAPITAL, LINE_ALPHABET, LINE_PLACES

WORDS, IN_CONTEXT, SIGNS, STROKES, FONTS = "words_train.npz", "in_context.npz", "signs.npz", "strokes.npz", "fonts"
PIXELS = STRIP_CAPITAL / UNITS  # of a strip, for a unit of UNIPEN's
SIMILAR = 600  # words of about the same width among which a batch is drawn
JOINED = 0.35  # how often words of one person are set one after the other, as a line
EMNIST = 0.3  # how often EMNIST's rows write what no font does
PHOTOGRAPHED = 0.05  # how often a line is laid on paper and its ink found again


class Batch(NamedTuple):
    """strips: uint8 [N, 1, HEIGHT, W], 255 = ink, white to the right of each. widths: int64 [N], in pixels.

    targets: int64 [N, L], places in `LINE_ALPHABET`, filled up with 0. lengths: int64 [N].
    """

    strips: Bytes
    widths: NDArray[np.int64]
    targets: NDArray[np.int64]
    lengths: NDArray[np.int64]


@dataclass(frozen=True)
class LineSources:
    """What lines are composed of. missing: names of what was looked for and is not there. left_out: signs and how often
    they kept a word out, as the alphabet has them not."""

    words: WordSet
    writers: list[Writer]
    fonts: list[Path]
    missing: list[str]
    left_out: Counter[str] = field(default_factory=Counter)
    glyphs: Glyphs | None = None


def find_sources(folder: Path, fonts: Path | None = None) -> LineSources:
    """Find the data of lines in a folder and below it. Raises `DataError` if its words are not there."""
    found = {name: next(iter(sorted(folder.rglob(name))), None) for name in (WORDS, IN_CONTEXT, SIGNS, STROKES)}
    path = found[WORDS]
    if path is None:
        raise DataError(
            "There is no {name} in {folder}: name the folder of UNIPEN's words.", name=WORDS, folder=str(folder)
        )
    words = WordSet.load(path)
    persons = _persons(path)
    writers = load_writers(found[STROKES], found[IN_CONTEXT], found[SIGNS], persons) if found[SIGNS] else []
    files = find_fonts(fonts or folder / FONTS)
    glyphs = find_glyphs(folder)
    missing = [name for name, path in found.items() if path is None] + ([] if files else [FONTS])
    missing += [] if glyphs else [ROWS]
    known = set(LINE_ALPHABET)
    left_out = Counter(c for text in words.text for c in set(str(text)) - known)
    return LineSources(words, writers, files, missing, left_out, glyphs)


def _persons(path: Path) -> dict[str, str]:
    with np.load(path, allow_pickle=False) as file:
        return dict(zip(file["writer"].tolist(), file["person"].tolist()))


class LineBatches:
    """Batches by number, for a `torch.utils.data.DataLoader` without batches of its own.

    columns: pixels of a batch, rows by width, so that each step is as long. words: how many lines of a batch are
    UNIPEN's own words, the rest is composed.
    """

    def __init__(
        self,
        sources: LineSources,
        *,
        seed: int = 0,
        columns: int = 6000,
        words: float = 0.6,
        fonts: float = 0.4,
        limit: int | None = None,
    ) -> None:
        self.sources, self.seed, self.columns = sources, seed, columns
        self.share_words, self.share_fonts = words, fonts
        rows = usable_rows(sources.words, "train")[:limit]
        widths = sources.words.widths()[rows]
        order = np.argsort(widths, kind="stable")
        self.rows, self.widths = rows[order], widths[order] * PIXELS
        by_person: dict[str, list[int]] = {}
        for row in rows:
            by_person.setdefault(str(sources.words.person[row]), []).append(int(row))
        self.by_person = {person: np.array(own) for person, own in by_person.items()}
        self.composes = bool(sources.writers or sources.fonts or sources.glyphs)

    def __getitem__(self, number: int) -> Batch:
        """Compose batch `number`."""
        cv2.setNumThreads(1)
        rng = np.random.default_rng((self.seed, number))
        middle = int(rng.integers(len(self.rows)))
        width = float(self.widths[middle]) * (1.0 if rng.random() < 0.75 else rng.uniform(1.5, 5))
        width = float(np.clip(width, 16, 1200))
        count = int(np.clip(self.columns / (width + 40), 4, 96))
        lines = [self._line(width, rng) for _ in range(count)]
        others = [lines[int(i)][0] for i in rng.integers(len(lines), size=len(lines))]
        return collate([(_worn(strip, other, rng), text) for (strip, text), other in zip(lines, others)])

    def _line(self, width: float, rng: np.random.Generator) -> tuple[Bytes, str]:
        """Return a strip about so wide and its text."""
        while True:
            if rng.random() < self.share_words or not self.composes:
                strip, text = self._words(width, rng)
            else:
                strip, text = self._composed(width, rng)
            if strip.shape[1] <= 1.4 * width + 40 and fits(strip, text):
                return strip, text

    def _words(self, width: float, rng: np.random.Generator) -> tuple[Bytes, str]:
        words = self.sources.words
        place = int(np.searchsorted(self.widths, width))
        row = int(self.rows[np.clip(place + rng.integers(-SIMILAR, SIMILAR), 0, len(self.rows) - 1)])
        if width < 120 or rng.random() > JOINED:
            return draw_strip(by_another_hand(words.strokes(row), UNITS, rng), rng), str(words.text[row])
        own = self.by_person[str(words.person[row])]
        strokes: list[Any] = []
        texts: list[str] = []
        x = 0.0
        while x * PIXELS < width and len(texts) < 12:
            row = int(rng.choice(own))
            part = words.strokes(row)
            reach = max(float(s[:, 0].max()) for s in part)
            if len(texts) and (x + reach) * PIXELS > 1.5 * width:
                break
            bottom = _baseline(part, str(words.text[row]))
            strokes += [s + np.array((x, -bottom), np.float32) for s in part]
            texts.append(str(words.text[row]))
            x += reach + UNITS * float(rng.uniform(0.25, 0.9))
        return draw_strip(by_another_hand(strokes, UNITS, rng), rng), " ".join(texts)

    def _composed(self, width: float, rng: np.random.Generator) -> tuple[Bytes, str]:
        """Return a line by a font, EMNIST's rows or a writer; the text is drawn again until there is one who can."""
        write = self._writer(rng)
        for _ in range(50):
            text = compose_text(max(1, round(width / rng.uniform(9, 16))), rng)
            if (strip := write(text, rng)) is not None:
                return strip, text
        return self._words(width, rng)

    def _writer(self, rng: np.random.Generator) -> Callable[[str, np.random.Generator], Bytes | None]:
        """Choose what writes a composed line, among what is there."""
        sources = self.sources
        others = sources.writers or sources.glyphs
        if sources.fonts and (not others or rng.random() < self.share_fonts):
            return self._by_font
        if sources.glyphs and (not sources.writers or rng.random() < EMNIST):
            return self._by_rows
        return self._by_writer

    def _by_font(self, text: str, rng: np.random.Generator) -> Bytes | None:
        font = self.sources.fonts[int(rng.integers(len(self.sources.fonts)))]
        return to_strip_by_text(*font_line(text, font, rng), rng) if has_all(font, text) else None

    def _by_rows(self, text: str, rng: np.random.Generator) -> Bytes | None:
        glyphs = self.sources.glyphs
        return to_strip_by_text(*glyph_line(text, glyphs, rng), rng) if glyphs and glyphs.can_write(text) else None

    def _by_writer(self, text: str, rng: np.random.Generator) -> Bytes | None:
        writer = self.sources.writers[int(rng.integers(len(self.sources.writers)))]
        if not can_write(writer, text):
            return None
        return draw_strip(by_another_hand(write_line(text, writer, rng), CAPITAL, rng), rng)


def _worn(strip: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Return a strip as it is seen: photographed, or as `weathered` has it with a piece of another line."""
    return photographed(strip, rng) if rng.random() < PHOTOGRAPHED else weathered(strip, rng, other)


def _baseline(strokes: list[Any], text: str) -> float:
    """Return about where a word stands: its bottom, above descenders where its text has any."""
    top, bottom = min(float(s[:, 1].min()) for s in strokes), max(float(s[:, 1].max()) for s in strokes)
    descends, ascends = any(c in "gjpqyQ,;()" for c in text), any(c not in "acegmnopqrsuvwxyz.,-" for c in text)
    above, below = 1.5 if ascends else 1.0, 0.5 if descends else 0.0
    return bottom - (bottom - top) * below / (above + below)


def usable_rows(words: WordSet, part: Part) -> NDArray[np.int64]:
    """Return the words of a part whose text is all in the alphabet."""
    known = set(LINE_ALPHABET)
    rows = words.rows(part)
    return rows[np.array([known.issuperset(str(text)) for text in words.text[rows]], bool)]


def fits(strip: Bytes, text: str) -> bool:
    """Whether a strip has as many columns as CTC needs for a text: one a character, and one between equal ones."""
    repeats = sum(a == b for a, b in pairwise(text))
    return len(text) > 0 and len(text) + repeats <= strip.shape[1] // 4 and strip.shape[1] <= 2400


def collate(lines: list[tuple[Bytes, str]]) -> Batch:
    """Put strips and texts of several lengths together."""
    widths = np.array([strip.shape[1] for strip, _ in lines], np.int64)
    strips = np.zeros((len(lines), 1, HEIGHT, -(-int(widths.max()) // 8) * 8), np.uint8)
    lengths = np.array([len(text) for _, text in lines], np.int64)
    targets = np.zeros((len(lines), max(int(lengths.max()), 1)), np.int64)
    for i, (strip, text) in enumerate(lines):
        strips[i, 0, :, : strip.shape[1]] = strip
        targets[i, : len(text)] = [LINE_PLACES[c] for c in text]
    return Batch(strips, widths, targets, lengths)


def held_out_batches(
    words: WordSet, part: Part, columns: int = 12_000, limit: int | None = None
) -> Iterator[tuple[Batch, list[int]]]:
    """Yield the words of persons who are not trained on, drawn plainly by one pen each, with their rows."""
    rows = usable_rows(words, part)
    rng = np.random.default_rng(1)
    if limit is not None and limit < len(rows):
        rows = np.sort(rng.choice(rows, limit, replace=False))
    rows = rows[np.argsort(words.widths()[rows], kind="stable")]
    lines: list[tuple[Bytes, str]] = []
    own: list[int] = []
    for row in rows:
        line = plain_strip(words.strokes(int(row)), int(row)), str(words.text[row])
        if lines and (len(lines) + 1) * line[0].shape[1] > columns:
            yield collate(lines), own
            lines, own = [], []
        lines.append(line)
        own.append(int(row))
    if lines:
        yield collate(lines), own


def plain_strip(strokes: list[Any], seed: int) -> Bytes:
    """Draw a word as it was written on white, large, and bring it to a strip as reading does."""
    pen = float(np.random.default_rng(seed).uniform(*PENS))
    return to_strip(draw_word(strokes, pen).astype(np.float32) / np.float32(255))[0]
