"""Photographs of notes, and what is no page at all."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from emnist_hf import Recognizer
from emnist_hf.evaluation.page_metrics import character_errors, fold_text
from emnist_hf.ink import PictureError
from emnist_hf.reading.pipeline import JOINED, NOTHING

# --- no page ---


def blank() -> NDArray[np.uint8]:
    return np.full((1500, 2000, 3), 240, np.uint8)


def specks() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    picture = np.full((1500, 2000, 3), 245, np.uint8)
    picture.reshape(-1, 3)[rng.integers(0, 1500 * 2000, 100_000)] = rng.choice([0, 255], 100_000)[:, None]
    return picture


def large_specks() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    picture = np.full((1500, 2000, 3), 245, np.uint8)
    for y, x in rng.integers(0, (1497, 1997), (25_000, 2)):
        picture[y : y + 3, x : x + 3] = 20
    return picture


@pytest.mark.parametrize("picture", [blank, specks, large_specks])
def test_nothing_is_read_where_nothing_is_written(recognizer: Recognizer, picture) -> None:
    reading = recognizer.read(picture())
    assert (reading.text, reading.characters, reading.note) == ("", (), NOTHING)


@pytest.mark.parametrize("name", ["lion.jpg", "cheetah.jpg"])
def test_nothing_is_read_on_a_cat(recognizer: Recognizer, name: str) -> None:
    gradio = find_spec("gradio")  # not imported, which takes seconds
    assert gradio is not None and gradio.origin is not None
    photo = Path(gradio.origin).parent / "media_assets" / "images" / name
    if not photo.is_file():
        pytest.skip("this gradio comes without its photographs")
    assert recognizer.read(photo).text == ""


def test_what_is_no_picture_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(PictureError):
        recognizer.read(b"nonsense")


# --- photographs ---

PHOTOS = {
    "02_letters.jpg": ("ABCDEFG HIJKLMN OPQRSTU VWXYZ 1234567890", 2 / 36),
    "01_list.jpg": (
        "TO DO LIST 1 MAKE A TO DO LIST 2 CHECK OFF THE FIRST THING ON TO DO LIST 3 REALIZE YOU HAVE ALREADY "
        "COMPLETED 2 THINGS 4 REWARD YOURSELF WITH A NAP",
        0.15,
    ),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_photographed_notes_are_read(recognizer: Recognizer, shared: Path, name: str) -> None:
    text, most = PHOTOS[name]
    reading = recognizer.read(shared / "photos" / name)
    wrong, count = character_errors(fold_text(text), fold_text(reading.text))
    assert wrong <= most * count


@pytest.mark.parametrize(("name", "count"), [("3", 70), ("A", 103), ("E", 88)])
def test_rows_of_one_character_are_read(recognizer: Recognizer, shared: Path, name: str, count: int) -> None:
    reading = recognizer.read(shared / "photos" / f"page_of_{name}.jpg")
    assert abs(len(reading.characters) - count) <= 0.05 * count
    assert sum(c.label.upper() == name for c in reading.characters) >= 0.95 * count


def test_joined_handwriting_is_told_kindly(recognizer: Recognizer, shared: Path) -> None:
    assert recognizer.read(shared / "photos" / "page09.jpg").note == JOINED
