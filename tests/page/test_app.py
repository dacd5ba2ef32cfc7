"""The page as other programs use it: gradio_client against a server that really runs."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio import component_meta
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from emnist_hf.data.compose import compose
from emnist_hf.page import privacy
from emnist_hf.page.blocks import build_page
from emnist_hf.page.example_strip import FOLDER
from emnist_hf.page.gradio_import import no_interface_files
from emnist_hf.page.main import load_recognizer
from tests.support.hands import font_hand
from tests.support.strokes import draw

CHARSETS = {"byclass": 62, "bymerge": 47, "letters": 26, "digits": 10, "uppercase": 26, "lowercase": 26}


@pytest.fixture(scope="module")
def client(page_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(page_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Path]:
    """Draws a character to a file, black on white or on nothing."""

    def to_file(character: str, opaque: bool = True) -> Path:
        path = tmp_path / f"{character}-{opaque}.png"
        paper = (255, 255, 255, 255 if opaque else 0)
        draw(character, side=280, pen=14, ink="black", paper=paper).save(path)
        return path

    return to_file


def sketch(composite: Path | None = None, background: Path | None = None, *layers: Path) -> dict[str, Any]:
    """What gr.Sketchpad delivers."""
    return {
        "background": handle_file(background) if background else None,
        "layers": [handle_file(layer) for layer in layers],
        "composite": handle_file(composite) if composite else None,
    }


def labels(reply: Any) -> list[str]:
    return [entry["label"] for entry in reply[0]["confidences"]]


# --- the promise -------------------------------------------------------------


def test_endpoints_are_public_and_need_one_argument(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    first_outputs = {
        "/recognize_sketch": "Label",
        "/recognize_image": "Label",
        "/read_image": "Textbox",
        "/read_form": "Dataframe",
        "/render_text": "File",
    }
    assert set(endpoints) == set(first_outputs)
    for name, endpoint in endpoints.items():
        first, *rest = endpoint["parameters"]
        assert not first["parameter_has_default"]
        assert all(parameter["parameter_has_default"] for parameter in rest)
        assert endpoint["returns"][0]["component"] == first_outputs[name]


def test_a_page_is_read(client: Client, tmp_path: Path) -> None:
    written = compose(["TEN RED HENS", "RUN HOME"], font_hand("patrick-hand"), seed=1)
    Image.fromarray(written.picture).save(tmp_path / "page.png")
    text, details = client.predict(handle_file(tmp_path / "page.png"), api_name="/read_image")
    assert text.upper() == written.text
    assert "".join(c["label"] for c in details["characters"]) == "".join(text.split())
    assert details["note"] == "" and details["turned"] == 0 and details["doubtful"] is False


def test_a_page_is_read_with_the_words_that_were_asked_for(client: Client, tmp_path: Path) -> None:
    written = compose(["TEN RED HENS", "RUN HOME"], font_hand("patrick-hand"), seed=1)
    Image.fromarray(written.picture).save(tmp_path / "page.png")
    page = handle_file(tmp_path / "page.png")
    read = {name: client.predict(page, None, name, api_name="/read_image") for name in ("fr", "none", "")}
    assert {name: details["language"] for name, (_, details) in read.items()} == {"fr": "fr", "none": "", "": "en"}
    with pytest.raises(AppError, match="no language 'klingon': choose auto, en"):
        client.predict(page, language="klingon", api_name="/read_image")


def test_a_page_without_writing_gives_an_empty_text_and_a_note(client: Client, tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), "white").save(tmp_path / "blank.png")
    text, details = client.predict(handle_file(tmp_path / "blank.png"), api_name="/read_image")
    assert text == "" and details["characters"] == [] and "No writing" in details["note"]


@pytest.mark.parametrize("character", list("AEHR347"))
def test_a_sketch_is_read(client: Client, drawn: Callable[..., Path], character: str) -> None:
    reply = client.predict(sketch(drawn(character)), api_name="/recognize_sketch")
    assert reply[0]["label"] == character
    assert labels(reply)[0] == character and len(labels(reply)) == 5
    glyph, calligraphy = (Image.open(path) for path in reply[1:])
    tones = np.asarray(glyph.convert("L"))
    assert tones.shape == (28, 28) and tones.min() < 20 and tones.max() > 200
    assert min(calligraphy.size) > 100


def test_a_sketch_of_a_transparent_layer_is_read(client: Client, drawn: Callable[..., Path]) -> None:
    layered = sketch(None, None, drawn("R", opaque=False))
    assert client.predict(layered, api_name="/recognize_sketch")[0]["label"] == "R"
    see_through = sketch(drawn("R", opaque=False))
    assert client.predict(see_through, api_name="/recognize_sketch")[0]["label"] == "R"


@pytest.mark.parametrize(
    ("file", "character"),
    [("marker", "3"), ("chalk", "4"), ("ballpoint", "R"), ("transparent", "A"), ("small-letter", "g")],
)
def test_an_image_is_read(client: Client, file: str, character: str) -> None:
    reply = client.predict(handle_file(FOLDER / f"{file}.png"), api_name="/recognize_image")
    assert reply[0]["label"] == character


@pytest.mark.parametrize(("charset", "size"), CHARSETS.items())
def test_scores_are_probabilities_over_the_charset(
    client: Client, drawn: Callable[..., Path], charset: str, size: int
) -> None:
    reply = client.predict(sketch(drawn("4")), charset=charset, top_k=99, api_name="/recognize_sketch")
    assert len(labels(reply)) == size
    assert sum(entry["confidence"] for entry in reply[0]["confidences"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.security(20)
@pytest.mark.parametrize(("top_k", "count"), [(1, 1), (3, 3), (1_000_000, 62)])
def test_top_k_gives_so_many_labels_and_at_most_all(
    client: Client, drawn: Callable[..., Path], top_k: int, count: int
) -> None:
    reply = client.predict(handle_file(drawn("A")), top_k=top_k, api_name="/recognize_image")
    assert len(labels(reply)) == count


@pytest.mark.security(20)
@pytest.mark.parametrize("top_k", ["three", None, 0, -1, 2.5, True])
@pytest.mark.parametrize("endpoint", ["/recognize_sketch", "/recognize_image"])
def test_a_top_k_that_is_no_number_of_labels_is_refused(
    client: Client, drawn: Callable[..., Path], endpoint: str, top_k: Any
) -> None:
    given = sketch(drawn("A")) if endpoint == "/recognize_sketch" else handle_file(drawn("A"))
    said = refusal(client, given, top_k=top_k, api_name=endpoint)
    assert said.startswith(f"top_k cannot be '{top_k}': give a whole number, at least 1;")


@pytest.mark.parametrize("charset", [0, False, [], "runes"])
def test_what_is_no_charset_is_refused(client: Client, drawn: Callable[..., Path], charset: Any) -> None:
    for endpoint in ("/recognize_image", "/read_image"):
        said = refusal(client, handle_file(drawn("A")), charset=charset, api_name=endpoint)
        assert said.startswith(f"There is no charset '{charset}': choose one of byclass, ")


def test_the_style_can_be_chosen(client: Client, drawn: Callable[..., Path]) -> None:
    image = handle_file(drawn("A"))
    plain = client.predict(image, api_name="/recognize_image")[2]
    style = {"font": "tangerine", "ink": "#ff0000", "paper": "none"}
    styled = client.predict(image, **style, api_name="/recognize_image")[2]
    assert Path(plain).read_bytes() != Path(styled).read_bytes()
    assert Image.open(styled).mode == "RGBA"


# --- bad input ---------------------------------------------------------------


def refusal(client: Client, *arguments: Any, **named: Any) -> str:
    """The sentence that a request gets instead of an answer."""
    with pytest.raises(AppError) as caught:
        client.predict(*arguments, **named)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    for leak in ("Traceback", "Error(", "PIL", "/tmp", "verbose error reporting"):
        assert leak not in sentence
    return sentence


@pytest.mark.security(20)
@pytest.mark.parametrize(
    ("choice", "word"),
    [
        ({"charset": "klingon"}, "charset"),
        ({"font": "../../app.py"}, "font"),
        ({"ink": "no such ink"}, "colour"),
        ({"paper": "no such paper"}, "colour"),
    ],
)
def test_an_unknown_choice_gets_a_sentence(
    client: Client, drawn: Callable[..., Path], choice: dict[str, str], word: str
) -> None:
    image = handle_file(drawn("A"))
    assert word in refusal(client, image, api_name="/recognize_image", **choice)
    assert client.predict(image, api_name="/recognize_image")[0]["label"] == "A"


@pytest.mark.security(5, 6)
@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + bytes(40), b"<svg/>"])
def test_a_file_that_is_no_picture_gets_a_sentence(
    client: Client, drawn: Callable[..., Path], tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    refusal(client, handle_file(bad), api_name="/recognize_image")
    refusal(client, sketch(bad), api_name="/recognize_sketch")
    assert client.predict(sketch(drawn("A")), api_name="/recognize_sketch")[0]["label"] == "A"


@pytest.mark.security(14, 15)
@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"background": None, "layers": [], "composite": None},
        "no sketch",
        {"composite": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}},
        {"composite": 5, "layers": "x", "background": []},
    ],
)
def test_a_sketch_that_is_none_gets_a_sentence(client: Client, value: Any) -> None:
    refusal(client, value, api_name="/recognize_sketch")


def test_a_blank_sheet_gets_a_sentence(client: Client, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (280, 280), "white").save(blank)
    assert "ink" in refusal(client, sketch(blank), api_name="/recognize_sketch")


def posted(url: str, path: str, body: dict[str, Any]) -> str:
    """The answer to a request made by hand, without the client's manners: the whole event stream as text."""
    with httpx.Client(base_url=url, timeout=60) as http:
        called = http.post(path, json=body)
        if "event_id" not in called.text:
            return called.text
        return http.get(f"{path}/{called.json()['event_id']}").text


@pytest.mark.security(15)
@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_no_file_but_an_uploaded_one_is_opened(page_url: str, tmp_path: Path, meta: dict[str, Any]) -> None:
    """A request may name any path; gradio looks into it only if the request asks it to."""
    secret = tmp_path / "secret.png"
    draw("3", side=280, pen=14, ink="black", paper=(255,) * 4).save(secret)
    for name, value in (
        ("recognize_image", {"path": str(secret), **meta}),
        ("recognize_sketch", {"background": None, "layers": [], "composite": {"path": str(secret), **meta}}),
    ):
        body = {"data": [value, None, 5, "pinyon-script", "blue-black", "ivory"]}
        told = posted(page_url, f"/gradio_api/call/{name}", body)
        assert "event: error" in told and "confidences" not in told, name


@pytest.mark.security(15)
def test_the_upload_tab_opens_no_other_file_either(page_url: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    draw("3", side=280, pen=14, ink="black", paper=(255,) * 4).save(secret)
    config = httpx.get(f"{page_url}/config", timeout=60).json()
    pictures = {part["id"] for part in config["components"] if part["props"].get("elem_id") == "picture"}
    asked = 0
    for event in config["dependencies"]:
        if event["inputs"][:1] and event["inputs"][0] in pictures:
            data = [{"path": str(secret)}, "byclass", "pinyon-script", "blue-black", "ivory"]
            body = {"fn_index": event["id"], "data": data, "session_hash": "anyone"}
            told = posted(page_url, "/gradio_api/run/predict", body)
            assert "This looks like" not in told and "sure." not in told
            asked += 1
    assert asked


def test_the_camera_is_not_mirrored(page_url: str) -> None:
    """Gradio's default is a mirror, in which a letter is another letter."""
    config = httpx.get(f"{page_url}/config", timeout=60).json()
    picture = next(part for part in config["components"] if part["props"].get("elem_id") == "picture")
    assert picture["props"]["webcam_options"]["mirror"] is False
    assert set(picture["props"]["sources"]) == {"upload", "clipboard", "webcam"}


def test_what_is_kept_is_said_under_every_tab_and_in_full_on_one(page_url: str) -> None:
    config = httpx.get(f"{page_url}/config", timeout=60).json()
    told = config["i18n_translations"]["en"]
    assert told["privacy"].startswith(privacy.NOTHING) and f"### {privacy.HEADING}\n{privacy.NOTHING}" in told["limits"]
    short = [part["id"] for part in config["components"] if '"key": "privacy"' in str(part["props"].get("value"))]
    full = [part["id"] for part in config["components"] if '"key": "limits"' in str(part["props"].get("value"))]
    outside = [part["id"] for part in config["layout"]["children"]]
    assert len(short) == 1 and short[0] in outside, "the foot of the page is in no tab, so that every tab has it"
    assert len(full) == 1 and full[0] not in outside


def test_no_source_of_gradio_is_parsed_when_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(
        component_meta, "extract_class_source_code", lambda code, name: parsed.append(name) or (None, None)
    )

    def import_component(name: str) -> type:
        return type(name, (gr.Textbox,), {"__module__": gr.Textbox.__module__})

    with no_interface_files():
        assert issubclass(import_component("Quick"), gr.Textbox)
    with pytest.raises(ValueError, match="source"):
        import_component("Slow")
    assert parsed == ["Slow"]


# --- the checkpoint ----------------------------------------------------------------


@pytest.mark.security(24, 25)
def test_a_checkpoint_that_cannot_be_loaded_is_said_on_the_page(tmp_path: Path) -> None:
    recognizer, notice = load_recognizer(str(tmp_path / "nothing here"))
    assert notice.endswith("This page uses the checkpoint that comes with it.")
    assert len(recognizer.labels) == 62
    page = build_page(recognizer, notice)
    shown = {language: said["notice"] for language, said in page.words.translations.items()}
    assert shown["en"] == escape(notice) and "notice-bar" in str(page.get_config_file())
    assert shown["de"].startswith("Es gibt keinen Checkpoint ") and shown["de"].endswith(" der zu ihr gehört.")
    assert shown["fr"].startswith("Il n’y a pas de checkpoint ")


def test_a_checkpoint_folder_can_be_chosen() -> None:
    default, _ = load_recognizer(None)
    chosen, notice = load_recognizer(str(default.folder))
    assert notice == "" and chosen.labels == default.labels
