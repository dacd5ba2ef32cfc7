"""The page as its operator meets it: settings, port, health, log, files that go away, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from emnist_hf.data.compose import compose
from emnist_hf.errors import EmnistError
from emnist_hf.page import limits
from emnist_hf.page.example_strip import FOLDER
from emnist_hf.page.language import translate
from emnist_hf.page.limits import RequestLimits
from emnist_hf.page.logs import LEVEL, JsonFormatter, set_up_logs
from emnist_hf.page.service import HOST, PORT, ServiceError, free_address
from tests.support.hands import font_hand
from tests.support.server import ROOT, free_port, wait_for

SECRET = "zebra-crossing"
"""Stands in what visitors send; the log must never have it."""


@dataclass
class Running:
    """A page in a process of its own. folder: where gradio's files lie."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    folder: Path

    def lines(self) -> list[dict[str, Any]]:
        """The log, apart from what is no JSON: the lines that give the addresses of the page and of its MCP server."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line and not line.startswith(("* ", "🔨"))]

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def settings(folder: Path, port: int, **more: str) -> dict[str, str]:
    fixed = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_TEMP_DIR": str(folder)}
    return os.environ | fixed | {PORT: str(port)} | more


@contextmanager
def started(scratch: Path, **more: str) -> Iterator[Running]:
    """Start a page with settings of its own."""
    port, folder, log = free_port(), scratch / "files", scratch / "log"
    with log.open("wb") as sink:
        command, environment = [sys.executable, "app.py"], settings(folder, port, **more)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}", process, log, 120)
        yield Running(f"http://127.0.0.1:{port}", process, log, folder)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A page on which one request may wait, and whose checkpoint is on a Hub that is not there."""
    missing = {"EMNIST_HF_CHECKPOINT": "nobody/nothing@v1", "HF_ENDPOINT": "http://127.0.0.1:9"}
    with started(tmp_path_factory.mktemp("crowded"), EMNIST_HF_QUEUE_SIZE="1", **missing) as page:
        yield page


def gone(path: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    return not path.exists()


@pytest.fixture
def page_of_text(tmp_path: Path) -> Path:
    lines = ["TEN RED HENS RUN HOME", "AND THE BOY IS THERE"] * 3
    Image.fromarray(compose(lines, font_hand("patrick-hand"), seed=1).picture).save(tmp_path / f"{SECRET}.png")
    return tmp_path / f"{SECRET}.png"


def test_a_page_in_service(tmp_path: Path, page_of_text: Path) -> None:
    """Health, log, files and the end, of one page: starting one takes seconds."""
    with started(tmp_path, EMNIST_HF_KEEP_SECONDS="3") as page:
        check_service(page, page_of_text)


def check_service(page: Running, page_of_text: Path) -> None:
    state = httpx.get(f"{page.url}/health", timeout=30)
    assert state.status_code == 200
    assert state.json() | {"seconds": 0} == {"status": "ok", "checkpoint": "byclass", "unfinished": 0, "seconds": 0}

    # Files that were uploaded or made go away; the pictures of the Model tab are the page's own.
    own = page.files()
    client = Client(page.url, verbose=False, download_files=False)
    with page_of_text.open("rb") as file:
        sent = httpx.post(f"{page.url}/gradio_api/upload", files={"files": (f"{SECRET}.png", file)}, timeout=30)
    (uploaded,) = map(Path, sent.json())
    client.predict(SECRET, font="tangerine", api_name="/render_text")
    with pytest.raises(AppError, match="font"):
        client.predict(SECRET, font="../../" + SECRET, api_name="/render_text")
    made = [path for path in page.files() if path not in own and path != uploaded]
    assert uploaded.is_relative_to(page.folder) and made
    assert gone(uploaded, 60) and all(gone(path, 60) for path in made)

    # Told to end, it answers what has begun, takes on nothing new, and leaves nothing behind.
    with ThreadPoolExecutor(4) as pool:
        large = {"font": "tangerine", "size": 800, "api_name": "/render_text"}
        texts = [f"{SECRET} {number}" for number in range(4)]  # all different: one answer would serve for another
        begun = [pool.submit(client.predict, text, **large) for text in texts]
        while (left := httpx.get(f"{page.url}/health", timeout=30).json()["unfinished"]) + sum(
            one.done() for one in begun
        ) < 4:
            time.sleep(0.02)
        assert left
        page.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        body = {"data": [SECRET], "fn_index": 0, "session_hash": "late"}
        late = httpx.post(f"{page.url}/gradio_api/queue/join", json=body, timeout=30)
        assert late.status_code == 503 and late.json()["detail"] == limits.STOPPING
        assert httpx.get(f"{page.url}/health", timeout=30).json()["status"] == "stopping"
        assert [one.result(timeout=60)[1]["text"] for one in begun] == texts
    assert page.process.wait(timeout=30) == 0
    assert page.files() == own

    # The log has a line of JSON for each event, and nothing of what was sent.
    lines = page.lines()
    events = [(line["event"], line["outcome"]) for line in lines if "event" in line]
    assert events.count(("render_text", "answered")) == 5 and ("render_text", "refused") in events
    assert all(line["milliseconds"] >= 0 for line in lines if "event" in line)
    assert [line["message"] for line in lines if "service" in line["logger"]] == ["serving", "stopping", "stopped"]
    assert SECRET not in page.log.read_text() and str(page.folder) not in page.log.read_text()


@pytest.mark.security(26)
def test_the_page_is_served_when_its_checkpoint_is_missing(crowded: Running) -> None:
    notice = "This page uses the checkpoint that comes with it."
    assert notice in httpx.get(f"{crowded.url}/config", timeout=60).text
    client = Client(crowded.url, verbose=False, download_files=False)
    assert client.predict(handle_file(FOLDER / "marker.png"), api_name="/recognize_image")[0]["label"] == "3"


def test_past_the_queues_limit_visitors_hear_that_the_page_is_busy(crowded: Running, page_of_text: Path) -> None:
    """In the browser in its language, over the API in English; who waits is answered, and so is who comes back."""
    with page_of_text.open("rb") as file:
        sent = httpx.post(f"{crowded.url}/gradio_api/upload", files={"files": ("page.png", file)}, timeout=30)
    value = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}

    def call(**headers: str) -> httpx.Response:
        body = {"data": [value, "byclass"]}
        return httpx.post(f"{crowded.url}/gradio_api/call/read_image", json=body, headers=headers, timeout=60)

    german = {"accept-language": "de-DE,de;q=0.9", "x-gradio-user": "app"}
    called = [call(**(german if number % 2 else {})) for number in range(12)]
    taken = [answer.json()["event_id"] for answer in called if answer.status_code == 200]
    refused = {(answer.status_code, answer.json()["detail"]) for answer in called if answer.status_code != 200}
    assert taken and refused == {(503, limits.BUSY), (429, translate(limits.BUSY, "de"))}
    assert all(answer.headers["retry-after"] == "5" for answer in called if answer.status_code != 200)
    for event in (*taken, None):
        event = event or call().json()["event_id"]
        stream = httpx.get(f"{crowded.url}/gradio_api/call/read_image/{event}", timeout=120).text
        assert "event: complete" in stream and "TEN RED HENS" in stream.upper()


def test_a_port_that_is_taken_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("emnist_hf.page.main.set_up_logs", lambda: None)  # they are this process's
    for name, value in runpy.run_path(str(ROOT / "app.py"))["ENVIRONMENT"].items():
        monkeypatch.setenv(name, value)  # so that app.py does not start this process anew
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv(PORT, str(port))
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert str(end.value).startswith(f"app.py: Port {port} of 127.0.0.1 is taken: stop the program that uses it, or ")
    assert "\n" not in str(end.value) and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (PORT, "http", "whole number from 1 to 65535"),
        (PORT, "0", "whole number from 1 to 65535"),
        (PORT, "99999", "whole number from 1 to 65535"),
        (HOST, "no such host", "no address of this machine"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ServiceError, match=said):
        free_address()


def test_an_unknown_level_of_the_log_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LEVEL, "loud")
    with pytest.raises(EmnistError, match="choose one of DEBUG"):
        set_up_logs()


def test_the_words_of_an_unexpected_error_stay_out_of_the_log() -> None:
    """They may quote the visitor; where it happened is there all the same."""
    try:
        int(SECRET)
    except ValueError as error:
        record = logging.LogRecord(
            "emnist_hf", logging.ERROR, "", 0, f"no {SECRET}", (), (ValueError, error, error.__traceback__)
        )
    line = json.loads(JsonFormatter().format(record))
    assert line["error"] == "ValueError" and "test_service.py" in line["at"]
    assert SECRET not in json.dumps(line)


# --- the limits --------------------------------------------------------------


def through_the_limits(
    chunks: list[bytes], wait: float = 0.0, stopping: bool = False, **headers: str
) -> tuple[int, str]:
    """Status and words of the answer to a POST whose body comes in parts, `wait` seconds apart."""
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":  # as starlette does, and frameworks put it in words of theirs
                await PlainTextResponse("There was an error parsing the body", 400)(scope, receive, send)
                return
            more = message["more_body"]
        await PlainTextResponse("done")(scope, receive, send)

    async def run() -> None:
        parts = list(chunks)

        async def receive() -> Message:
            await asyncio.sleep(wait)
            body = parts.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(parts)}

        async def send(message: Message) -> None:
            sent.append(message)

        sent_headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "headers": sent_headers, "path": "/"}
        await RequestLimits(application, lambda: stopping, seconds=0.5)(scope, receive, send)

    with start_blocking_portal() as portal:  # a thread of its own: Playwright's event loop may run in this one
        portal.call(run)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], sent[1]["body"].decode()


def test_the_limits_let_in_what_is_small_and_quick() -> None:
    assert through_the_limits([b"a", b"b"]) == (200, "done")


def test_the_limits_stop_a_body_that_grows_or_dawdles() -> None:
    assert through_the_limits([bytes(limits.MAX_BODY), b"a", b"b"])[0] == 413
    status, words = through_the_limits([b"a"] * 50, wait=0.1)
    assert status == 408 and json.loads(words)["detail"] == limits.TOO_SLOW
    assert through_the_limits([b"a"], stopping=True)[0] == 503


def test_who_is_turned_away_hears_it_in_their_language() -> None:
    """The page in a browser has English words of its own for a 503, so it gets another status."""
    status, words = through_the_limits([b"a"], stopping=True, accept_language="fr-CA,en;q=0.5", x_gradio_user="app")
    assert status == 429 and json.loads(words)["detail"] == "La page redémarre\u00a0: réessayez dans une minute."
    status, words = through_the_limits([bytes(limits.MAX_BODY), b"a"], accept_language="de")
    assert status == 413 and json.loads(words)["detail"] == "Das ist größer als 16 MB: Senden Sie weniger."


# --- docs/running.md ---


def test_every_setting_by_environment_is_in_the_documents() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|", (ROOT / "docs/running.md").read_text(encoding="utf-8"), re.MULTILINE)
    table = set(re.findall(r"[A-Z_]+", " ".join(rows)))
    sources = [*(ROOT / "emnist_hf").rglob("*.py"), ROOT / "app.py", ROOT / "train.py"]
    named = {
        name
        for path in sources
        for name in re.findall(r'"((?:EMNIST|GRADIO|HF)_[A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert named and named <= table
