"""Hostile and broken input, by number: the sentence that a visitor gets, and that the next request is served.

    pytest -m security        runs the whole list, with the tests of the rooms that each number is about

Images: 1 pixel bomb under Pillow's limit · 2 above it · 3 thousands of frames · 4 truncated · 5 empty, text · 6 other
formats renamed, HTML in a comment · 7 huge EXIF, ICC, zTXt · 8 EXIF orientation · 9 transparency and modes · 10 extreme
shapes · 11 grey, noise, a photo · 12 specks · 13 NaN and infinity. API: 14 odd sketches · 15 path traversal · 16 urls ·
17 file names · 18 oversized · 19 a full queue, crossed answers · 20 top-k, unknown names · 21 odd text, escaping ·
22 huge pictures asked for. 23 fonts. Models and Hub: 24 config.json · 25 weights · 26 Hub in trouble · 27 the token ·
28 repository ids. Training: 29 killed · 30 the test set · 31 transposed · 32 NaN loss · 33 split and labels. Forms:
34 PDF · 35 a template's YAML · 36 files that it names · 37 markup in what was read · 38 formulas · 39 lists of words ·
40 what is not the form · 41 Tesseract, as a child.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from emnist_hf import Recognizer
from emnist_hf.models.checkpoint import CheckpointError
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.page import files, limits
from emnist_hf.page.answer import answer_html, answer_in_words
from emnist_hf.page.messages import SORRY
from emnist_hf.page.page_view import boxes_html, shown_picture
from emnist_hf.reading.results import Character, Reading
from emnist_hf.recognizer import Prediction
from tests.support import hostile
from tests.support.fonts import HOSTILE as HOSTILE_FONTS
from tests.support.server import ROOT

NUMBERS = range(1, 42)
SECONDS = 60
"""In which every answer has to be here, on a machine that does other things as well."""


def test_every_number_has_a_test() -> None:
    """Read from the sources: collecting all of them would take longer than all that is tested here."""
    marked: set[int] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for numbers in re.findall(r"^@pytest\.mark\.security\(([\d, ]+)\)", path.read_text("utf-8"), re.MULTILINE):
            marked |= {int(number) for number in numbers.split(",")}
    assert marked == set(NUMBERS)


class Visitor:
    """Someone who speaks to the page by hand, without a client's manners."""

    def __init__(self, url: str) -> None:
        # No certificates are read, which would take longer than the requests.
        self.http = httpx.Client(base_url=url, timeout=SECONDS, verify=False, limits=httpx.Limits(max_connections=None))

    def upload(self, content: bytes, name: str = "picture.png") -> httpx.Response:
        return self.http.post("/gradio_api/upload", files={"files": (name, content)})

    def file(self, content: bytes, name: str = "picture.png") -> dict[str, Any]:
        (path,) = self.upload(content, name).json()
        return {"path": path, "meta": {"_type": "gradio.FileData"}}

    def call(self, endpoint: str, *data: Any) -> tuple[str, Any]:
        """How it ended, "complete" or "error", and what came."""
        called = self.http.post(f"/gradio_api/call/{endpoint}", json={"data": list(data)})
        if called.status_code != 200:
            return "error", called.text
        stream = self.http.get(f"/gradio_api/call/{endpoint}/{called.json()['event_id']}").text
        kind, _, data_line = stream.strip().rpartition("event: ")[2].partition("\ndata: ")
        return kind.strip(), json.loads(data_line)

    def refusal(self, endpoint: str, *data: Any) -> str:
        """The sentence that a call gets instead of an answer."""
        kind, said = self.call(endpoint, *data)
        assert kind == "error", said
        sentence = said["error"] if isinstance(said, dict) else str(said)
        check_sentence(sentence)
        return sentence

    def labels(self, content: bytes) -> list[str]:
        kind, said = self.call("recognize_image", self.file(content), None, 3, "tangerine", "black", "white")
        assert kind == "complete", said
        return [entry["label"] for entry in said[0]["confidences"]]

    def check_served(self) -> None:
        assert self.labels(hostile.encoded(hostile.letter()))[0] == "A"


def check_sentence(sentence: str) -> None:
    assert sentence != SORRY  # what we foresaw has a sentence of its own
    assert re.fullmatch(r"[A-Z][^\n]{10,450}\.", sentence), sentence
    for leak in ("Traceback", "Error", "PIL", "/tmp", "gradio"):
        assert leak not in sentence


@pytest.fixture(scope="module")
def somebody(page_url: str) -> Iterator[Visitor]:
    someone = Visitor(page_url)
    yield someone
    someone.http.close()


@pytest.fixture
def visitor(somebody: Visitor) -> Iterator[Visitor]:
    """One whose requests, whatever they were, are followed by one that is served."""
    yield somebody
    somebody.check_served()


STYLE = (None, 3, "tangerine", "black", "white")
"""What follows the picture in a call: charset, top_k, font, ink, paper."""


# --- images: what is refused, with its sentence ---


@pytest.mark.security(1)
def test_1_a_pixel_bomb_under_pillows_limit(visitor: Visitor) -> None:
    bomb = visitor.file(hostile.blank_png(9000, 9000))
    assert "9000 x 9000 pixels: make it at most" in visitor.refusal("recognize_image", bomb, *STYLE)
    assert "9000 x 9000" in visitor.refusal("recognize_sketch", {"composite": bomb}, *STYLE)
    assert "9000 x 9000" in visitor.refusal("read_image", bomb, None)
    assert "9000 x 9000" in visitor.refusal("render_text", *render(like=bomb))


@pytest.mark.security(2)
def test_2_a_pixel_bomb_above_pillows_limit(visitor: Visitor) -> None:
    bomb = visitor.file(hostile.with_chunk(b"tEXt", b"a\0b")[:16] + b"\0\0\xff\xff\0\0\xff\xff" + bytes(30))
    visitor.refusal("recognize_image", bomb, *STYLE)
    large = visitor.file(hostile.blank_png(20_000, 20_000))
    assert "too many pixels" in visitor.refusal("recognize_image", large, *STYLE)
    long = visitor.file(hostile.blank_png(25_000, 100))
    assert "25000 x 100 pixels" in visitor.refusal("read_image", long, None)


@pytest.mark.security(3)
@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF"])
def test_3_of_thousands_of_frames_the_first_is_read(visitor: Visitor, kind: str) -> None:
    content = hostile.frames(kind, 2000)
    begun = time.monotonic()
    assert visitor.labels(content)[0] == "A"
    assert time.monotonic() - begun < SECONDS


@pytest.mark.security(4, 5, 6)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (hostile.encoded(hostile.letter())[:400], "damaged"),
        (hostile.encoded(hostile.letter().convert("RGB"), "JPEG")[:1500], "damaged"),
        (b"", "empty"),
        (b"some text", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"%PDF-1.7\n", "not a picture"),
        (b"8BPS\0\1" + bytes(40), "not a picture"),
    ],
    ids=["PNG", "JPEG", "empty", "text", "SVG", "EPS", "PDF", "PSD"],
)
def test_4_5_6_what_is_broken_or_no_picture(visitor: Visitor, content: bytes, said: str) -> None:
    sent = visitor.file(content)
    assert said in visitor.refusal("recognize_image", sent, *STYLE)
    assert said in visitor.refusal("read_image", sent, None)


@pytest.mark.security(6)
def test_6_html_in_a_comment_stays_there(visitor: Visitor) -> None:
    kind, said = visitor.call("recognize_image", visitor.file(hostile.commented()), *STYLE)
    assert kind == "complete" and "script" not in json.dumps(said)
    answered = [visitor.http.get(f"/gradio_api/file={picture['path']}").content for picture in said[1:]]
    assert all(content.startswith(b"\x89PNG") and b"script" not in content for content in answered)


@pytest.mark.security(7)
@pytest.mark.parametrize(
    "make",
    [
        lambda: hostile.with_chunk(b"eXIf", b"MM\0*" + bytes(8_000_000)),
        lambda: hostile.with_chunk(b"iCCP", b"icc\0\0" + hostile.zlib.compress(bytes(100_000_000))),
        hostile.text_bomb,
    ],
    ids=["EXIF", "ICC", "zTXt"],
)
def test_7_a_huge_chunk_is_read_past_or_refused(visitor: Visitor, make: Callable[[], bytes]) -> None:
    begun = time.monotonic()
    kind, said = visitor.call("recognize_image", visitor.file(make()), *STYLE)
    if kind == "complete":
        assert said[0]["label"] == "A"
    else:
        check_sentence(said["error"])
    assert time.monotonic() - begun < SECONDS


@pytest.mark.security(8)
def test_8_every_exif_orientation_is_put_upright(visitor: Visitor) -> None:
    assert {number: visitor.labels(hostile.turned(number))[0] for number in range(10)} == dict.fromkeys(range(10), "R")


@pytest.mark.security(9)
def test_9_every_mode_and_transparency_is_seen(visitor: Visitor) -> None:
    modes = ("LA", "P with transparency", "1", "I;16", "F", "CMYK", "L")
    pictures = {mode: hostile.in_mode(mode) for mode in modes}
    pictures["black on transparent"] = hostile.encoded(hostile.letter(paper=(0, 0, 0, 0)))
    pictures["white on transparent"] = hostile.encoded(hostile.letter(paper=(255, 255, 255, 0), ink="white"))
    pictures["white on black"] = hostile.encoded(hostile.letter(paper=(0, 0, 0, 255), ink="white"))
    assert {name: visitor.labels(content)[0] for name, content in pictures.items()} == dict.fromkeys(pictures, "A")
    clear = visitor.file(hostile.encoded(hostile.Image.new("RGBA", (200, 200))))
    assert "no ink" in visitor.refusal("recognize_image", clear, *STYLE)


@pytest.mark.security(10)
@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1)])
def test_10_extreme_shapes_hold_no_ink(visitor: Visitor, size: tuple[int, int]) -> None:
    sent = visitor.file(hostile.encoded(hostile.Image.new("L", size, 40)))
    assert "no ink" in visitor.refusal("recognize_image", sent, *STYLE)
    kind, said = visitor.call("read_image", sent, None)
    assert kind == "complete" and said[0] == "" and "No writing" in said[1]["note"]


@pytest.mark.security(11, 12)
@pytest.mark.parametrize(
    "make",
    [
        lambda: hostile.encoded(hostile.Image.new("L", (400, 300), 128)),
        hostile.noise,
        hostile.landscape,
        hostile.specks,
    ],
    ids=["grey", "noise", "photo", "specks"],
)
def test_11_12_where_nothing_is_written_nothing_is_read(visitor: Visitor, make: Callable[[], bytes]) -> None:
    sent, begun = visitor.file(make()), time.monotonic()
    kind, said = visitor.call("read_image", sent, None)
    assert kind == "complete" and len(said[0]) < 12 and said[1]["note"]
    kind, said = visitor.call("recognize_image", sent, *STYLE)
    assert kind == "complete" or "no ink" in said["error"]
    assert time.monotonic() - begun < SECONDS


@pytest.mark.security(13)
def test_13_numbers_that_are_none(visitor: Visitor) -> None:
    sent = visitor.file(hostile.not_numbers(), "numbers.tiff")
    assert "NaN or infinity" in visitor.refusal("recognize_image", sent, *STYLE)


# --- API ---


@pytest.mark.security(14)
def test_14_a_sketch_without_its_composite(visitor: Visitor) -> None:
    ink = visitor.file(hostile.encoded(hostile.letter(paper=(0, 0, 0, 0))))
    blank = visitor.file(hostile.encoded(hostile.Image.new("RGBA", (200, 200), "white")))
    for sketch in (
        {"layers": [ink]},
        {"composite": None, "layers": [ink], "background": None},
        {"composite": blank, "layers": [ink], "background": None},
    ):
        kind, said = visitor.call("recognize_sketch", sketch, *STYLE)
        assert kind == "complete" and said[0]["label"] == "A"
    for sketch in (None, {}, [], "x", 5, {"composite": 5}, {"composite": [ink]}, {"layers": {"a": ink}}, {"layers": 7}):
        visitor.refusal("recognize_sketch", sketch, *STYLE)
    assert "no ink" in visitor.refusal("recognize_sketch", {"composite": blank}, *STYLE)


@pytest.mark.security(15)
@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../etc/passwd",
        "file:///etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "app.py",
        "a\0b",
        ".",
        "",
    ],
)
def test_15_no_path_leads_out_of_the_upload_folder(visitor: Visitor, path: str) -> None:
    for meta in ({}, {"meta": {"_type": "gradio.FileData"}}):
        visitor.refusal("recognize_image", {"path": path, **meta}, *STYLE)
        visitor.refusal("read_image", {"path": path, **meta}, None)
    for prefix in ("file=", "file/"):
        told = visitor.http.get(f"/gradio_api/{prefix}{path or '..'}".replace("\0", "%00"))
        assert told.status_code in (403, 404, 307, 405) and b"root:" not in told.content


@pytest.mark.security(15)
def test_15_a_link_in_the_upload_folder_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "link.png").symlink_to("/etc/passwd")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with pytest.raises(files.PictureError, match="not uploaded"):
        files.picture_path({"path": str(tmp_path / "uploads" / "link.png")})


@pytest.mark.security(16)
def test_16_no_url_is_fetched(visitor: Visitor) -> None:
    """A server of our own would notice. Link-local addresses are where clouds keep their secrets."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        own = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        bomb = "data:image/png;base64," + base64.b64encode(hostile.blank_png(9000, 9000)).decode()
        for url in (own, "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", bomb):
            for value in ({"url": url}, {"path": url}, {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}}):
                visitor.refusal("recognize_image", value, *STYLE)
                visitor.refusal("recognize_sketch", {"composite": value}, *STYLE)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.security(17)
@pytest.mark.parametrize(
    "name",
    [
        "../../x.png",
        "a\\..\\..\\x.png",
        "nul\0.png",
        "x" * 300 + ".png",
        "\u202egnp.exe",
        "CON",
        "CON.png",
        "a/b.png",
        ".",
        " ",
    ],
)
def test_17_a_file_name_is_never_a_path(visitor: Visitor, name: str) -> None:
    picture = hostile.encoded(hostile.letter())
    sent = visitor.upload(picture, name)
    if sent.status_code == 200:
        (path,) = sent.json()
        folder = Path(path).parent
        assert ".." not in Path(path).parts and "\0" not in path and len(Path(path).name) < 256
        assert re.fullmatch(r"[0-9a-f]{64}", folder.name)
        value = {"path": path, "meta": {"_type": "gradio.FileData"}}
        kind, said = visitor.call("recognize_image", value, *STYLE)
        assert kind == "complete" and said[0]["label"] == "A"
    else:
        assert sent.status_code in (400, 422)


@pytest.mark.security(18)
def test_18_what_is_too_large_is_not_taken(visitor: Visitor) -> None:
    sent = visitor.upload(bytes(11_000_000))
    assert sent.status_code == 413 and sent.json()["detail"] == "This is larger than 10 MB: send less."
    told = visitor.http.post("/gradio_api/call/render_text", content=b'{"data": ["' + b"a" * limits.MAX_BODY + b'"]}')
    assert told.status_code == 413 and told.json()["detail"] == "This is larger than 16 MB: send less."

    def without_length() -> Iterator[bytes]:
        for _ in range(18):
            yield bytes(1_000_000)

    told = visitor.http.post("/gradio_api/queue/join", content=without_length())
    assert told.status_code == 413 and told.json()["detail"] == "This is larger than 16 MB: send less."


@pytest.mark.security(19)
def test_19_of_100_at_once_each_gets_its_own_answer_or_hears_that_the_page_is_busy(somebody: Visitor) -> None:
    characters = "AEHR347"
    pictures = [somebody.file(hostile.encoded(hostile.letter(c, side=120))) for c in characters]
    start = threading.Barrier(100)

    def visit(number: int) -> tuple[str, str]:
        start.wait(timeout=SECONDS)
        kind, said = somebody.call("recognize_image", pictures[number % len(pictures)], *STYLE)
        if kind == "complete":
            return characters[number % len(pictures)], said[0]["label"]
        assert limits.BUSY in str(said), said
        return "busy", "busy"

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(visit, range(100)))
    assert all(wanted == found for wanted, found in answers)
    assert 64 <= sum(wanted != "busy" for wanted, _ in answers) <= 100
    somebody.check_served()


@pytest.mark.security(20)
def test_20_counts_and_names_out_of_bounds(visitor: Visitor) -> None:
    picture = visitor.file(hostile.encoded(hostile.letter()))
    for top_k, count in ((0, 0), (-1, 0), (1_000_000, 62), (None, 0), ("x", 0), ([], 0), (1e400, 0)):
        body = json.dumps({"data": [picture, None, top_k, "tangerine", "black", "white"]})  # Infinity too
        called = visitor.http.post("/gradio_api/call/recognize_image", content=body).json()
        if "event_id" not in called:
            continue  # not JSON by the letter of it
        stream = visitor.http.get(f"/gradio_api/call/recognize_image/{called['event_id']}").text
        assert stream.count('"confidence"') == count, top_k
        assert count or "give a whole number, at least 1" in stream, (top_k, stream)
    for position, (name, word) in enumerate((("../../etc/passwd", "charset"), ("../../app.py", "font"))):
        style: list[Any] = list(STYLE)
        style[0 if position == 0 else 2] = name
        assert word in visitor.refusal("recognize_image", picture, *style)


def render(text: Any = "Ann", font: str = "tangerine", **more: Any) -> list[Any]:
    """The arguments of /render_text, in order."""
    given: dict[str, Any] = {
        "ink": "black",
        "paper": "white",
        "size": 60,
        "align": "left",
        "line_spacing": 1,
        "letter_spacing": 0,
        "measure": None,
        "like": None,
        "strength": 1,
        "seed": 0,
        "file_format": "svg",
        "resolution": 96,
    }
    return [text, font, *(given | more).values()]


@pytest.mark.security(21)
@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "\n" * 5000, "", None, 7, ["a"], "\u202e\u2066", "😀😀"],
    ids=["million", "newlines", "empty", "None", "number", "list", "bidi", "emoji"],
)
def test_21_text_that_cannot_be_set(visitor: Visitor, text: Any) -> None:
    kind, said = visitor.call("render_text", *render(text))
    if kind == "complete":  # a number is a text of one digit
        assert said[1]["text"] == str(text)
    else:
        check_sentence(said["error"])


@pytest.mark.security(21)
def test_21_text_is_escaped_wherever_it_is_shown(visitor: Visitor) -> None:
    nasty = "A<script>alert(1)</script>&\"'$x^2$[a](javascript:1)e\u0301"
    kind, said = visitor.call("render_text", *render(nasty))
    assert kind == "complete"
    svg = visitor.http.get(f"/gradio_api/file={said[0]['path']}")
    assert "<script" not in svg.text and "&lt;script&gt;" in svg.text
    assert "<script" not in answer_html(nasty, nasty)
    alternatives = [Prediction("<", 0.5), Prediction('"', 0.5)]
    character = Character("<", 0.5, (1, 1, 9, 9), 0, 0, alternatives)  # type: ignore[arg-type]
    html = boxes_html(shown_picture(hostile.letter()), Reading("<", (character,), size=(100, 100)))  # type: ignore[arg-type]
    assert "><<" not in html and "&lt;" in html and '["\\""' not in html
    assert answer_in_words([Prediction("A", 0.9)], "byclass")[0] == "This looks like A, 90% sure."


@pytest.mark.security(22)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"size": 1e9}, "size"),
        ({"size": -1}, "size"),
        ({"size": "x"}, "size"),
        ({"resolution": 1e6, "file_format": "png"}, "resolution"),
        ({"measure": 1e-9}, "line length"),
        ({"line_spacing": 1e9}, "spacing"),
        ({"letter_spacing": 1e9}, "spacing"),
        ({"text": "m" * 1500, "size": 900, "file_format": "png"}, "pixels"),
    ],
)
def test_22_a_picture_that_would_be_huge(visitor: Visitor, change: dict[str, Any], word: str) -> None:
    assert word in visitor.refusal("render_text", *render(**change)).lower()


# --- fonts ---


@pytest.mark.security(23)
@pytest.mark.parametrize("kind", sorted(HOSTILE_FONTS))
def test_23_a_hostile_font_on_the_page(visitor: Visitor, kind: str) -> None:
    """As the Set tab sends it, to an event that is private but open to anybody."""
    sent = base64.b64encode(HOSTILE_FONTS[kind]()).decode()
    config = visitor.http.get("/config").json()
    picker = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "own-font")
    event = next(event for event in config["dependencies"] if event["inputs"][:1] == [picker])
    values = {part["id"]: part["props"].get("value") for part in config["components"]}
    data = [sent, *(values.get(part) for part in event["inputs"][1:])]
    session = f"font-{kind.replace(' ', '-')}"
    joined = visitor.http.post(
        "/gradio_api/queue/join", json={"data": data, "fn_index": event["id"], "session_hash": session}
    )
    assert joined.status_code == 200
    with visitor.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if '"process_completed"' in line:
                told = json.loads(line.removeprefix("data: "))["output"]
                break
    said = re.sub(r"<[^>]*>", "", str(told["data"][1])) if told.get("data") else told["error"]
    check_sentence(said)


@pytest.mark.security(23)
def test_23_a_fonts_name_is_looked_up_and_never_a_path(visitor: Visitor) -> None:
    for name in ("../../app.py", "/etc/passwd", "tangerine/../tangerine", "", None, 5):
        visitor.refusal("render_text", *render(font=name))  # type: ignore[arg-type]


# --- the Hub ---


@pytest.mark.security(27)
def test_27_the_token_is_in_no_error(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    token = "hf_" + "s" * 34
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(CheckpointError) as caught:
        Recognizer.from_pretrained("nobody/nothing", revision="v1")
    assert token not in str(caught.value) and token not in caplog.text


@pytest.mark.security(28)
@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "user/..",
        "../name",
        "user/name/../../x",
        "user/na me",
        "user/name?x=1",
        "user/name#x",
        "http://elsewhere/user/name",
        "user//name",
        "user/name\n",
        "-/-; rm -rf",
        "byclass/../../..",
        "a" * 5000 + "/b",
        "user/name@../../main",
    ],
)
def test_28_a_repository_id_is_only_that(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a folder that is there is a checkpoint's, and a clone may lie two below the root
    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(name)
    assert len(str(caught.value)) < 400 and "Traceback" not in str(caught.value)
