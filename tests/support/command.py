"""The command line: `invoke` runs it in this process, where all is imported already, `command` in one of its own."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner, Result

from emnist_hf.cli import app
from tests.support.server import ROOT


def invoke(*arguments: object, status: int | None = None) -> Result:
    """What `python -m emnist_hf ARGUMENTS` says; checks the exit status if one is expected. Faults are raised."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert status in (None, done.exit_code), done.stderr
    return done


def command(*arguments: object, check: bool = False) -> subprocess.CompletedProcess[str]:
    """`python -m emnist_hf ARGUMENTS` as it is typed: for exit statuses, tracebacks and what is imported."""
    return subprocess.run(
        [sys.executable, "-m", "emnist_hf", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=check,
    )
