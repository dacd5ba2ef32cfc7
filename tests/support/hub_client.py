"""Clients of a loopback Hub: in this process (`client`, `command`), or in one of their own that has to end (`run`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from emnist_hf.hub_session import TIMEOUT_VARIABLE
from tests.support.command import invoke as invoke_command
from tests.support.hub_server import Hub, client_environment
from tests.support.server import ROOT


@contextmanager
def client(hub: Hub, home: Path, token: str | None = None, seconds: float | None = None) -> Iterator[None]:
    """In the block, this process is a client of `hub` whose cache is in `home`, and `token` is the only one it has.

    seconds: to wait for an answer, where our ten are too long for a test.
    """
    import datasets
    from huggingface_hub import close_session, constants

    home.mkdir(parents=True, exist_ok=True)
    changed = {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": token is None,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changed.items():
            patch.setattr(constants, name, value)
        patch.setattr(datasets.config, "HF_ENDPOINT", hub.url)
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        patch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
        if token is None:
            patch.delenv("HF_TOKEN", raising=False)
        else:
            patch.setenv("HF_TOKEN", token)
        if seconds is not None:
            patch.setenv(TIMEOUT_VARIABLE, str(seconds))
        close_session()
        yield


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


def invoke(hub: Hub, home: Path, *arguments: object, token: str | None = None, seconds: float | None = None) -> Result:
    """`emnist_hf` with `arguments`, in this process. It may print neither a token nor a traceback."""
    with client(hub, home, token, seconds):
        done = invoke_command(*arguments)
    assert not any(known in done.output for known in hub.tokens.values()), "a token was printed"
    return done


def command(hub: Hub, home: Path, *arguments: object, token: str | None = None) -> Any:
    """`emnist_hf` with `arguments`, which must succeed: the JSON that it prints."""
    done = invoke(hub, home, *arguments, token=token)
    assert done.exit_code == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def refused_command(
    hub: Hub, home: Path, *arguments: object, token: str | None = None, seconds: float | None = None
) -> str:
    """The one sentence with which `emnist_hf` refuses `arguments`."""
    done = invoke(hub, home, *arguments, token=token, seconds=seconds)
    lines = [line for line in done.stderr.splitlines() if line.startswith("emnist_hf: ")]
    assert done.exit_code == 1 and len(lines) == 1 and not done.stdout, done.output[-3000:]
    return lines[0]


def files_that_hold(secret: str, *folders: Path) -> list[Path]:
    """Files below the folders in which a secret stands."""
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if secret.encode() in path.read_bytes()]


def refusal(action: Callable[..., object], *arguments: Any, **options: Any) -> dict[str, Any]:
    """In a client: which exception ends `action`, its message, and how many seconds it took."""
    start = time.monotonic()
    try:
        action(*arguments, **options)
    except Exception as error:
        return {"type": type(error).__name__, "message": str(error), "seconds": time.monotonic() - start}
    return {"type": "", "message": "nothing was raised", "seconds": time.monotonic() - start}


SOON = 10
"""Seconds after which a Hub in trouble must have been given up where we read; the client's own retries take 23."""


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
