"""The one door for everyone who wants an answer: page, command line, API and Python."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from emnist_hf.errors import EmnistError, named
from emnist_hf.ink import Ink, Opened, glyph_of
from emnist_hf.ink.types import Bytes, Floats
from emnist_hf.models.checkpoint import CheckpointError, CheckpointFiles, read_checkpoint
from emnist_hf.models.engine import choose_engine, softmax
from emnist_hf.models.pretrained import LINES, find_checkpoint
from emnist_hf.models.rejection import load_rejection
from emnist_hf.reading.results import Answer, Character, FormRecord, Prediction, Reading
from emnist_hf.splits import LabelSet, character_shares, charsets_of, check_top_k, choose_charset, fold_probabilities

if TYPE_CHECKING:
    from emnist_hf.forms.template import Template
    from emnist_hf.models.network import Checkpoint
    from emnist_hf.reading.lexicon import Lexicon
    from emnist_hf.reading.line_reading import LineNetwork

__all__ = ["Answer", "CheckpointError", "Prediction", "Recognizer"]

BATCH = 64  # glyphs that the network sees at once where many pictures are asked about


class Recognizer:
    """Read characters with one checkpoint. Safe to share between threads: it keeps no state between calls.

    Call it with many pictures of one character each, `classify` or `examine` one, and `read` a page.
    """

    def __init__(self, files: CheckpointFiles, lines: str | Path | None = None) -> None:
        """Load a checkpoint's network. Raises `CheckpointError` as `from_pretrained`."""
        self._files, self._lines_source = files, lines
        self._engine = choose_engine(files)
        self.rejection = load_rejection(files.folder, self._engine.feature_count)

    @classmethod
    def from_pretrained(
        cls, source: str | Path | None = None, *, revision: str | None = None, lines: str | Path | None = None
    ) -> Recognizer:
        """Load a checkpoint: None for the one in the package, else a folder, a split that the package has, or a Hub id.

        `revision` is a branch, tag or commit of a Hub repository; `user/name@revision` says the same in one word.
        `lines` names the checkpoint of the network that reads whole lines in the same way; None: the package's.

        Raises `CheckpointError` with a sentence if nothing usable is there or the Hub cannot be reached.
        """
        folder, name = find_checkpoint(source, revision)
        return cls(read_checkpoint(folder, name), lines)

    @cached_property
    def _lines(self) -> LineNetwork:
        """The network that reads whole lines, loaded when the first page is read."""
        from emnist_hf.models.line_checkpoint import read_line_checkpoint
        from emnist_hf.models.line_engine import LineEngine
        from emnist_hf.reading.line_reading import LineNetwork

        engine = LineEngine(read_line_checkpoint(find_checkpoint(self._lines_source or LINES)[0]))
        return LineNetwork(engine.run, engine.score)

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
        return self._files.parameters

    @property
    def name(self) -> str:
        """What to call it: its Hub id, or the last part of its folder."""
        return self._files.name

    @property
    def folder(self) -> Path:
        return self._files.folder

    @property
    def label_set(self) -> LabelSet:
        return self._files.label_set

    @property
    def labels(self) -> tuple[str, ...]:
        return self.label_set.labels

    @cached_property
    def results(self) -> dict[str, Any]:
        """What training found out, from results.json; {} if the checkpoint came without it."""
        try:
            found = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def charsets(self) -> list[str]:
        """Return the charsets that this checkpoint can answer in, its own first."""
        return charsets_of(self.label_set)

    def check_charset(self, charset: str | None) -> None:
        """Raise `LabelError` if there is no such charset or this checkpoint cannot answer in it."""
        self._target(charset)

    @overload
    def __call__(
        self, images: Iterable[Any], *, top_k: int = 5, charset: str | None = None, batch_size: int = BATCH
    ) -> list[Answer]: ...

    @overload
    def __call__(
        self,
        images: Iterable[Any],
        *,
        top_k: int = 5,
        charset: str | None = None,
        batch_size: int = BATCH,
        return_exceptions: bool,
    ) -> list[Answer | EmnistError]: ...

    def __call__(
        self,
        images: Iterable[Any],
        *,
        top_k: int = 5,
        charset: str | None = None,
        batch_size: int = BATCH,
        return_exceptions: bool = False,
    ) -> Any:
        """Read the one character in each of many pictures; return the answers in the same order.

        images: pictures as `classify` takes them, in a list or whatever else gives one after the other. top_k, charset:
        as `classify`. batch_size: how many glyphs the network sees at once; scores differ by rounding alone.
        return_exceptions: put the `EmnistError` of a picture in the place of its answer, instead of raising it.

        Raises as `classify`, the file's name in front where the picture is a path; TypeError for one picture alone.
        """
        target = self._target(charset, top_k)
        if isinstance(images, (str, bytes, Mapping)):
            raise TypeError("This is one picture: give a list of pictures, or ask classify().")
        if batch_size < 1:
            raise ValueError(f"batch_size cannot be {batch_size}: give a whole number, at least 1.")
        waiting, answers = iter(images), list[Answer | EmnistError]()
        while batch := list(islice(waiting, batch_size)):
            found = [_find_glyph(image, return_exceptions) for image in batch]
            glyphs = [glyph for glyph in found if not isinstance(glyph, EmnistError)]
            read = iter(self._answers(np.array(glyphs, np.uint8).reshape(-1, 28, 28), top_k, target))
            answers += [glyph if isinstance(glyph, EmnistError) else next(read) for glyph in found]
        return answers

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
        """Do as `classify`, and return with the predictions the glyph and the ink that they rest on.

        ink: the picture's, from `to_ink`, where it has been found already; most of the time goes into finding it.
        """
        target = self._target(charset, top_k)
        glyph, ink = glyph_of(image, ink)
        return replace(self._answers(glyph[None], top_k, target)[0], ink=ink)

    def classify_glyph(self, glyph: Bytes, top_k: int = 5, charset: str | None = None) -> list[Prediction]:
        """Read one EMNIST glyph, uint8 [28, 28], upright, white ink on black. Raises as `classify`."""
        return self._answers(np.asarray(glyph)[None], top_k, self._target(charset, top_k))[0].predictions

    def predict_proba(self, glyphs: Bytes, charset: str | None = None) -> Floats:
        """Return the probabilities of many glyphs: uint8 [N, 28, 28] upright, white on black, to float32 [N, classes].
        Rows sum to 1. Raises `ValueError` for another shape or dtype, `LabelError` as `classify`.
        """
        target = self._target(charset)
        return fold_probabilities(self._forward(glyphs)[0], self.label_set, target)

    def not_a_character(self, glyphs: Bytes) -> Floats | None:
        """Return how likely each glyph, uint8 [N, 28, 28], is no character at all: float32 [N], 0 to 1.
        None from a checkpoint that cannot say. Raises as `predict_proba`.
        """
        return self._forward(glyphs)[1]

    def read(
        self,
        image: Any,
        charset: str | None = None,
        lexicon: Lexicon | None = None,
        ink: Ink | None = None,
        language: str = "auto",
    ) -> Reading:
        """Read a page of handwriting: its text, and each character with its box, score, line and word.

        image, charset, ink: as `examine`. lexicon: words that the page is likely to consist of, which correct it.
        language: whose words help, of `reading.vocabulary.CHOICES`; auto finds out, none reads letter by letter. What
        stands in boxes is in `fields` and `tables`, too. Without writing it is an empty reading with a note, no error.

        Raises `PictureError` for what cannot be opened, `LabelError` as `classify`.
        """
        from emnist_hf.forms.reading import read_form  # here: `classify` starts without all this
        from emnist_hf.reading.crop import read_crop
        from emnist_hf.reading.lexicon import correct
        from emnist_hf.reading.pipeline import read_page
        from emnist_hf.reading.vocabulary import check_language

        target, ask, spoken = self._target(charset), self._classify_characters, check_language(language)
        crop = partial(read_crop, target=target, network=self._lines, language=spoken)
        opened = Opened(image)  # the form and the page look at it alike
        reading = read_form(opened, ask, crop, target) or read_page(opened, ask, target, ink, self._lines, spoken)
        return reading if lexicon is None else correct(reading, lexicon)

    def read_form(self, image: Any, template: Template) -> FormRecord:
        """Read a form that was filled in, by its template: a mapping from the names of its fields to their values.

        image: a picture of it as `classify` takes it: a scan or a photo, lying as it may; or the path of a PDF or TIFF;
        of several pages also a list. Raises `PictureError` for what cannot be opened, `TemplateError` for another form.
        """
        from emnist_hf.forms.filled import read_filled
        from emnist_hf.forms.pages import open_pages
        from emnist_hf.reading.crop import read_crop

        pictures = list(image) if isinstance(image, (list, tuple)) else list(open_pages(image, len(template.pages)))

        def read_line(coverage: Floats, target: LabelSet) -> list[Character]:
            return read_crop(coverage, self._classify_characters, target, self._lines)

        return read_filled(pictures, template, self._classify_characters, read_line)

    def _target(self, charset: str | None, top_k: Any = 1) -> LabelSet:
        """Return the labels to answer in. Raises `LabelError` for what cannot be asked, before any work is done."""
        check_top_k(top_k)
        return choose_charset(self.label_set, charset)

    def _forward(self, glyphs: Bytes) -> tuple[Floats, Floats | None]:
        """Ask the network once about glyphs, uint8 [N, 28, 28].

        Returns probabilities over the checkpoint's labels, float32 [N, classes], and p_reject, the probability that a
        glyph is no character, float32 [N]; None from a checkpoint that cannot say.
        """
        glyphs = np.asarray(glyphs)
        if glyphs.ndim != 3 or glyphs.shape[1:] != (28, 28) or glyphs.dtype != np.uint8:
            raise ValueError(
                f"Glyphs are uint8 [N, 28, 28], not {glyphs.dtype} {glyphs.shape}: ink.to_glyph makes them."
            )
        logits, features = self._engine.run(glyphs)
        return softmax(logits), None if self.rejection is None else self.rejection.score(features)

    def _answers(self, glyphs: Bytes, top_k: Any, target: LabelSet) -> list[Answer]:
        """Answer in `target` what glyphs, uint8 [N, 28, 28], are."""
        probabilities, p_reject = self._forward(glyphs)
        scores = fold_probabilities(probabilities, self.label_set, target)
        best = np.argsort(-scores, axis=1, kind="stable")[:, : int(min(top_k, len(target)))]
        rejects: list[Any] = [None] * len(glyphs) if p_reject is None else p_reject.tolist()
        threshold = np.inf if self.rejection is None else self.rejection.threshold
        found = ([Prediction(target.labels[i], float(row[i])) for i in places] for row, places in zip(scores, best))
        three = zip(glyphs, found, rejects)
        return [Answer(best, glyph, None, reject, (reject or 0) <= threshold) for glyph, best, reject in three]

    def _classify_characters(self, glyphs: Bytes) -> tuple[Floats, Floats]:
        """Return the probabilities of the 62 characters, float32 [N, 62], and p_reject, [N], for a page to go by."""
        probabilities, rejects = self._forward(glyphs)
        rejects = np.zeros(len(glyphs), np.float32) if rejects is None else rejects
        return probabilities @ character_shares(self.label_set), rejects


def _find_glyph(image: Any, return_exceptions: bool) -> Bytes | EmnistError:
    """Return the glyph of a picture; return or raise what is wrong with the picture."""
    try:
        return glyph_of(image)[0]
    except EmnistError as error:
        if return_exceptions:
            return error
        with named(image):
            raise
