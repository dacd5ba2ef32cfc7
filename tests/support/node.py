"""Scripts for Node; the packages that they use are those of tests/support/javascript."""

from __future__ import annotations

import subprocess
from pathlib import Path

JAVASCRIPT = Path(__file__).with_name("javascript")


def run_node(folder: Path, script: str, *arguments: str, sent: str = "") -> str:
    """What a script in the folder prints; the test fails with what it complains of."""
    command = ["node", script, *arguments]
    done = subprocess.run(command, cwd=folder, input=sent, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
