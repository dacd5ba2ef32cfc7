"""Labels by a child program: Tesseract where it is there, and stand-ins that hang, fail and print rubbish."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytesseract
import pytest

from emnist_hf import Recognizer
from emnist_hf.data.form_sheet import Rule, Sheet
from emnist_hf.forms import labels
from emnist_hf.reading.results import Reading
from tests.support.hands import font_hand

HEAD = "level page_num block_num par_num line_num word_num left top width height conf text".replace(" ", "\t")
TESSERACT = shutil.which("tesseract")


@pytest.fixture(scope="module")
def form() -> np.ndarray:
    made = Sheet((1000, 500), font_hand("patrick-hand"), Rule(3, (50, 50, 50)), *map(np.random.default_rng, (2, 3)))
    made.label("Date of birth:", 60, 88, 26)
    made.cells("comb", (280, 60), [["1", "2", "", ""]], (56, 56), "digits")
    made.label("Telephone", 62, 176, 22)
    made.cells("box", (60, 195), [["408"]], (300, 70), "digits")
    made.cells("checkbox", (60, 330), [["x"]], (30, 30), "")
    made.label("paid at the gate", 104, 345, 24)
    return np.minimum(np.asarray(made.print), (255 * (1 - made.pen[:, :, None])).astype(np.uint8))


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program in Tesseract's place: $1 is the picture, $2.tsv is where its answer belongs."""
    program = folder / "tesseract"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", str(program))


def read(recognizer: Recognizer, form: np.ndarray) -> Reading:
    reading = recognizer.read(form)
    assert [(field.kind, field.text, field.checked) for field in reading.fields] == [
        ("comb", "12", None),
        ("box", "408", None),
        ("checkbox", "", True),
    ]
    return reading


@pytest.mark.security(41)
@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 60",
        "exit 3",
        "echo '<script>' >&2; kill -9 $$",
        "exit 0",  # no answer at all
        "head -c 100000 /dev/urandom > $2.tsv",
        f"printf '{HEAD}\\n5\\t1\\tx\\n' > $2.tsv",
        f"printf '{HEAD}\\n5\\t1\\t1\\t1\\t1\\t1\\tnan\\tinf\\t-9\\t1e999\\thigh\\t<b>Name\\n' > $2.tsv",
    ],
)
def test_a_child_that_hangs_fails_or_prints_rubbish_leaves_labels_empty(
    recognizer: Recognizer, form: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(labels, "SECONDS", 1)
    stand_in(tmp_path, monkeypatch, script)
    start = time.monotonic()
    assert {field.label for field in read(recognizer, form).fields} == {None}
    assert time.monotonic() - start < 30


@pytest.mark.security(41)
def test_a_child_that_is_missing_leaves_labels_empty(
    recognizer: Recognizer, form: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-tesseract")
    assert {field.label for field in read(recognizer, form).fields} == {None}
    assert labels.SECONDS == 10


def test_a_field_takes_the_words_beside_it_that_the_child_read(
    recognizer: Recognizer, form: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = {"Date": (60, 78, 60), "of": (126, 78, 28), "birth:": (160, 78, 76), "Telephone": (62, 166, 110)}
    boxes |= {"paid": (104, 334, 50), "at": (160, 334, 24), "the": (192, 334, 36), "gate": (236, 334, 50)}
    rows = [f"5\t1\t1\t1\t1\t1\t{x}\t{y}\t{wide}\t20\t90\t{word}" for word, (x, y, wide) in boxes.items()]
    (tmp_path / "said").write_text("\n".join([HEAD, *rows]) + "\n")
    stand_in(tmp_path, monkeypatch, f"cp {tmp_path}/said $2.tsv")
    found = [field.label for field in read(recognizer, form).fields]
    assert found == ["Date of birth", "Telephone", "paid at the gate"]


@pytest.mark.skipif(TESSERACT is None, reason="Tesseract is not installed")
def test_tesseract_itself_reads_them(recognizer: Recognizer, form: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", TESSERACT)
    found = [field.label for field in read(recognizer, form).fields]
    assert found == ["Date of birth", "Telephone", "paid at the gate"]
