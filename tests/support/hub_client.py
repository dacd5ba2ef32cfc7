"""Clients of a loopback Hub, each a process of its own: they read HF_ENDPOINT when they are imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.hub_server import Hub, client_environment
from tests.support.server import ROOT


def inherited_settings() -> dict[str, str]:
    """The environment variables of this process, without those of the Hub's clients."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING_FACE_"))}


def client_settings(hub: Hub, home: Path, token: str | None = None) -> dict[str, str]:
    """All environment variables of a client of `hub` whose cache is in `home`; `token` is the only one it has."""
    # More threads than cores to spare wait for one another: a training of seconds took minutes.
    threads = {"OMP_NUM_THREADS": "1"}
    login = {"HF_TOKEN": token} if token else {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
    home.mkdir(parents=True, exist_ok=True)
    return inherited_settings() | {"PYTHONPATH": str(ROOT)} | client_environment(hub, home) | threads | login


def run(
    hub: Hub, home: Path, *arguments: object, token: str | None = None, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with `arguments` in a folder (default: `home`) as a client of `hub`. It may print no token."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder or home,
        env=client_settings(hub, home, token) | environment,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    output = done.stdout + done.stderr
    assert not any(known in output for known in hub.tokens.values()), "a token was printed"
    return done


def command(hub: Hub, home: Path, *arguments: object, token: str | None = None, **environment: str) -> Any:
    """`python -m emnist_hf` with `arguments`, which must succeed: the JSON that it prints."""
    done = run(hub, home, "-m", "emnist_hf", *arguments, token=token, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def refused_command(hub: Hub, home: Path, *arguments: object, token: str | None = None, **environment: str) -> str:
    """The one sentence with which `python -m emnist_hf` refuses `arguments`."""
    done = run(hub, home, "-m", "emnist_hf", *arguments, token=token, **environment)
    lines = [line for line in done.stderr.splitlines() if line.startswith("emnist_hf: ")]
    assert done.returncode == 1 and len(lines) == 1 and not done.stdout, done.stdout + done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return lines[0]


def files_that_hold(secret: str, *folders: Path) -> list[Path]:
    """Files below the folders in which a secret stands."""
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if secret.encode() in path.read_bytes()]


def in_client(function: Callable[..., Any], hub: Hub, home: Path, *arguments: Any, **environment: str) -> Any:
    """`function(*arguments)` in a new Python whose Hub is `hub` and whose cache is in `home`; values travel as JSON."""
    answer = home / f"{function.__name__}.json"
    home.mkdir(parents=True, exist_ok=True)
    code = (
        "import importlib, json, pathlib, sys\n"
        "module, function, arguments, answer = sys.argv[1:]\n"
        "value = getattr(importlib.import_module(module), function)(*json.loads(arguments))\n"
        "pathlib.Path(answer).write_text(json.dumps(value))\n"
    )
    settings = (
        inherited_settings() | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"} | client_environment(hub, home)
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            function.__module__,
            function.__name__,
            json.dumps(arguments, default=str),
            str(answer),
        ],
        cwd=home,
        env=settings | environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    output = done.stdout + done.stderr
    assert not any(token in output for token in hub.tokens.values()), "a token was printed"
    return json.loads(answer.read_text())


def refusal(action: Callable[..., object], *arguments: Any, **options: Any) -> dict[str, Any]:
    """In a client: which exception ends `action`, its message, and how many seconds it took."""
    start = time.monotonic()
    try:
        action(*arguments, **options)
    except Exception as error:
        return {"type": type(error).__name__, "message": str(error), "seconds": time.monotonic() - start}
    return {"type": "", "message": "nothing was raised", "seconds": time.monotonic() - start}


SOON = 10
"""Seconds after which a Hub in trouble must have been given up; the client's own retries take 23."""


def check_refusal(refused: dict[str, Any], error: str, *words: str, seconds: float = 60) -> None:
    """It must have been one short sentence of ours, in time."""
    message = refused["message"]
    assert refused["type"] == error, message
    assert "\n" not in message and len(message) < 400 and "Traceback" not in message
    for word in words:
        assert word in message
    assert refused["seconds"] < seconds, message


def restore(hub: Hub) -> None:
    """Whatever a test did to the Hub, the next one finds it up and friendly."""
    hub.interfere = None
    hub.roles.clear()
    hub.organisations.clear()
    hub.stop()
    hub.start()
