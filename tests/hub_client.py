"""Clients of a loopback Hub, each a process of its own: they read HF_ENDPOINT when they are imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.hub_server import Hub, client_environment
from tests.server import ROOT


def client_settings(hub: Hub, home: Path, token: str | None = None) -> dict[str, str]:
    """All environment variables of a client of `hub` whose cache is in `home`; `token` is the only one it has."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING_FACE_"))}
    # More threads than cores to spare wait for one another: a training of seconds took minutes.
    threads = {"OMP_NUM_THREADS": "1"}
    login = {"HF_TOKEN": token} if token else {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
    home.mkdir(parents=True, exist_ok=True)
    return inherited | {"PYTHONPATH": str(ROOT)} | client_environment(hub, home) | threads | login


def run(
    hub: Hub, home: Path, *arguments: object, token: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with `arguments` as a client of `hub`. No token of the Hub may be seen in what it prints or leaves."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=home,
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
