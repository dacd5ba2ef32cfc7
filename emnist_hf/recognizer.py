"""The one door for everyone who wants an answer: page, command line, API and Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink import Ink, glyph_of
from emnist_hf.models.checkpoint import CheckpointError, CheckpointFiles, read_checkpoint
from emnist_hf.models.engine import choose_engine
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.models.rejection import load_rejection
from emnist_hf.reading.lexicon import Lexicon, correct
from emnist_hf.reading.pipeline import read_page
from emnist_hf.reading.results import Reading
from emnist_hf.splits import CHARACTERS, CHARSETS, LabelError, LabelSet, find_charset, fold_probabilities, fold_table

if TYPE_CHECKING:
    from emnist_hf.models.network import Checkpoint


__all__ = ["Answer", "CheckpointError", "Prediction", "Recognizer"]


STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked")  # of batch norms: counted, not learnt


@dataclass(frozen=True)
class Prediction:
    """A label and its probability over the charset that was asked for."""

    label: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What `examine` found.

    predictions: best first. glyph: what was read, uint8 [28, 28]. ink: what it came from. not_a_character: how likely
    it is none at all, 0 to 1; None from a checkpoint that cannot say. is_character: whether that is below the
    checkpoint's threshold; True if it cannot say.
    """

    predictions: list[Prediction]
    glyph: NDArray[np.uint8]
    ink: Ink
    not_a_character: float | None = None
    is_character: bool = True


class Recognizer:
    """Reads characters with one checkpoint. Safe to share between threads: it keeps no state between calls."""

    def __init__(self, files: CheckpointFiles) -> None:
        """Raises `CheckpointError` as `from_pretrained`."""
        self._files = files
        self._engine = choose_engine(files)
        self.rejection = load_rejection(files.folder, self._engine.feature_count)

    @classmethod
    def from_pretrained(cls, source: str | Path | None = None, *, revision: str | None = None) -> Recognizer:
        """Load a checkpoint: None for the one in the package, else a folder, a split that the package has, or a Hub id.

        `revision` is a branch, tag or commit of a Hub repository; `user/name@revision` says the same in one word.

        Raises `CheckpointError` with a sentence if nothing usable is there or the Hub cannot be reached.
        """
        folder, name = find_checkpoint(source, revision)
        return cls(read_checkpoint(folder, name))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The network itself, as torch has it; answers do not need it."""
        from emnist_hf.models.network import to_checkpoint

        return to_checkpoint(self._files)

    @property
    def architecture(self) -> str:
        """timm's name of the network."""
        return self._files.architecture

    @property
    def parameters(self) -> int:
        """How many numbers the network has learnt."""
        return sum(value.size for name, value in self._files.weights.items() if not name.endswith(STATISTICS))

    @property
    def name(self) -> str:
        """What to call the checkpoint: its Hub id, or the last part of its folder."""
        return self._files.name

    @property
    def folder(self) -> Path:
        return self._files.folder

    @property
    def label_set(self) -> LabelSet:
        return self._files.label_set

    @property
    def labels(self) -> tuple[str, ...]:
        return self._files.label_set.labels

    @cached_property
    def results(self) -> dict[str, Any]:
        """What training found out, from results.json; {} if the checkpoint came without it."""
        try:
            found = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def charsets(self) -> list[str]:
        """The charsets that this checkpoint can answer in, its own first."""
        able = [self.label_set.name]
        for name in CHARSETS:
            try:
                self.check_charset(name)
            except LabelError:
                continue
            able += [name] if name not in able else []
        return able

    def check_charset(self, charset: str | None) -> None:
        """Raise `LabelError` if there is no such charset or this checkpoint cannot answer in it."""
        if charset is not None:
            fold_table(self.label_set, find_charset(charset))

    def classify(self, image: Any, top_k: int = 5, charset: str | None = None) -> list[Prediction]:
        """Read the one character in a picture: the `top_k` most probable labels, best first.

        Args:
            image: path, bytes, PIL image, array, or what `gr.Sketchpad` delivers; any size, paper, pen and polarity.
            top_k: how many, a whole number from 1; more than there are labels gives all.
            charset: a name of `splits.CHARSETS`; None for the checkpoint's own labels.

        Raises:
            PictureError: the picture cannot be read. NoInkError: nothing is written in it.
            LabelError: no such charset, or the checkpoint cannot answer in it; `top_k` is no whole number from 1.
        """
        return self.examine(image, top_k, charset).predictions

    def examine(self, image: Any, top_k: int = 5, charset: str | None = None, ink: Ink | None = None) -> Answer:
        """As `classify`, with the glyph and the ink that the answer rests on.

        ink: the picture's, from `to_ink`, where it has been found already; most of the time goes into finding it.
        """
        target = self._charset(charset, top_k)
        glyph, ink = glyph_of(image, ink)
        probabilities, features = self._read(glyph[None])
        predictions = self._rank(probabilities, top_k, target)
        if self.rejection is None:
            return Answer(predictions, glyph, ink)
        score = float(self.rejection.score(features)[0])
        return Answer(predictions, glyph, ink, score, score <= self.rejection.threshold)

    def classify_glyph(self, glyph: NDArray[np.uint8], top_k: int = 5, charset: str | None = None) -> list[Prediction]:
        """Read one EMNIST glyph, uint8 [28, 28], upright, white ink on black. Raises as `classify`."""
        target = self._charset(charset, top_k)
        return self._rank(self._read(np.asarray(glyph)[None])[0], top_k, target)

    def predict_proba(self, glyphs: NDArray[np.uint8], charset: str | None = None) -> NDArray[np.float32]:
        """Probabilities of many glyphs: uint8 [N, 28, 28] upright, white on black, to float32 [N, classes].

        Rows sum to 1. Raises `ValueError` for another shape or dtype, `LabelError` as `classify`.
        """
        return self._fold(self._read(glyphs)[0], self.label_set if charset is None else find_charset(charset))

    def not_a_character(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """How likely each glyph, uint8 [N, 28, 28], is no character at all: float32 [N], 0 to 1.

        None from a checkpoint that cannot say. Raises as `predict_proba`.
        """
        return None if self.rejection is None else self.rejection.score(self._read(glyphs)[1])

    def read(
        self, image: Any, charset: str | None = None, lexicon: Lexicon | None = None, ink: Ink | None = None
    ) -> Reading:
        """Read a page of hand-printed text: its text, and each character with its box, score, line and word.

        image, charset, ink: as `examine`. lexicon: words that the page is likely to consist of; they correct what is
        read.
        A picture without writing gives an empty reading with a note, not an error.
        Raises `PictureError` for what cannot be opened, `LabelError` as `classify`.
        """
        self.check_charset(charset)
        target = self.label_set if charset is None else find_charset(charset)
        reading = read_page(image, self._classifier, target, ink)
        return reading if lexicon is None else correct(reading, lexicon)

    @cached_property
    def _shares(self) -> NDArray[np.float32]:
        """What each of the 62 characters has of a label's probability, float32 [classes, 62]."""
        shares = np.zeros((len(self.labels), len(CHARACTERS)), np.float32)
        for row, members in enumerate(self.label_set.members):
            shares[row, [CHARACTERS.index(c) for c in members]] = 1 / len(members)
        return shares

    def _classifier(self, glyphs: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities of the 62 characters, [N, 62], a label's shared evenly by its members, and p_reject, [N]."""
        probabilities, features = self._read(glyphs)
        p_reject = self.rejection.score(features) if self.rejection is not None else np.zeros(len(glyphs), np.float32)
        return probabilities @ self._shares, p_reject

    def _read(self, glyphs: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities over the checkpoint's labels, [N, classes], and the features behind them, [N, features]."""
        glyphs = np.asarray(glyphs)
        if glyphs.ndim != 3 or glyphs.shape[1:] != (28, 28) or glyphs.dtype != np.uint8:
            raise ValueError(
                f"Glyphs are uint8 [N, 28, 28], not {glyphs.dtype} {glyphs.shape}: ink.to_glyph makes them."
            )
        logits, features = self._engine.run(glyphs)
        return _softmax(logits), features

    def _charset(self, charset: str | None, top_k: int) -> LabelSet:
        """Check the request before any work is done on it."""
        check_top_k(top_k)
        return self.label_set if charset is None else find_charset(charset)

    def _fold(self, probabilities: NDArray[np.float32], target: LabelSet) -> NDArray[np.float32]:
        return fold_probabilities(probabilities, self.label_set, target)

    def _rank(self, probabilities: NDArray[np.float32], top_k: int, target: LabelSet) -> list[Prediction]:
        scores = self._fold(probabilities, target)[0]
        best = np.argsort(-scores, kind="stable")[: int(min(top_k, len(target)))]
        return [Prediction(target.labels[i], float(scores[i])) for i in best]


def check_top_k(top_k: Any) -> None:
    """Raise `LabelError` unless `top_k` is a whole number from 1: 5, 5.0 or NumPy's, but not True, "5" or 2.5."""
    # The remainder of infinity is no number, and that of 10**400 is 0.
    if not isinstance(top_k, Real) or isinstance(top_k, bool) or top_k % 1 != 0 or top_k < 1:
        raise LabelError(
            f"top_k cannot be {str(top_k)[:20]!r}: give a whole number, at least 1; "
            "more than there are labels gives all."
        )


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each row. scipy's takes longer to import than the network takes to answer."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
