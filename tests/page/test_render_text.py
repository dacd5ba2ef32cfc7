"""/render_text as other programs use it, and the Set tab in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.page.compose import measure_hand
from tests.support.handwriting import write


@pytest.fixture(scope="module")
def client(page_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(page_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")])
def test_text_comes_back_as_a_file(client: Client, kind: str, magic: bytes) -> None:
    path, about = client.predict("Dear <Ann>,\nfi", file_format=kind, api_name="/render_text")
    assert Path(path).read_bytes().startswith(magic) and Path(path).suffix == f".{kind}"
    assert about == {"text": "Dear <Ann>,\nfi", "notices": []}


def test_a_writers_hand_is_kept(client: Client, tmp_path: Path) -> None:
    write("the hut", slant=15, colour=(30, 60, 190)).image.save(tmp_path / "like.png")
    plain, _ = client.predict("Ann", api_name="/render_text")
    styled, about = client.predict("Ann", like=handle_file(tmp_path / "like.png"), api_name="/render_text")
    assert about["hand"]["slant"] == pytest.approx(15, abs=4) and "to the right" in about["hand"]["in_words"]
    assert Path(plain).read_bytes() != Path(styled).read_bytes()
    assert Image.open(styled).mode == "RGB"


def test_a_skewed_picture_is_put_level_before_its_hand_is_measured(
    client: Client, recognizer: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the API as on the Set tab: a page that was turned by 8 degrees does not lean by 8 degrees less, or more."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))  # where the tab's pictures come from
    write("the hat\nunder it", slant=14, pen=7, x_height=60, gap=0.6, skew=8).image.save(tmp_path / "page.png")
    _, about = client.predict("Ann", like=handle_file(tmp_path / "page.png"), api_name="/render_text")
    hand, _ = measure_hand({"path": str(tmp_path / "page.png")}, recognizer)
    assert hand is not None
    assert [about["hand"]["slant"], hand.slant] == pytest.approx([14, 14], abs=3)


@pytest.mark.security(21, 22)
@pytest.mark.parametrize(
    ("choice", "word"),
    [
        ({"text": " "}, "no text"),
        ({"text": "a" * 1_000_000}, "characters"),
        ({"text": 5}, "The text 5 is no string"),
        ({"font": "../../app.py"}, "font"),
        ({"ink": "no such ink"}, "colour"),
        ({"size": 1e9}, "size"),
        ({"seed": "x"}, "seed"),
        ({"resolution": 1e6}, "resolution"),
        ({"file_format": "../x"}, "format"),
        ({"align": "middle"}, "alignment"),
    ],
)
def test_what_cannot_be_set_gets_a_sentence(client: Client, choice: dict[str, object], word: str) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**({"text": "a"} | choice), api_name="/render_text")
    sentence = str(caught.value)
    assert word in sentence and sentence.endswith(".") and "\n" not in sentence
    assert not any(leak in sentence for leak in ("Traceback", "Error(", "PIL", "/tmp", "verbose error reporting"))
