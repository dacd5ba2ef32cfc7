"""One run that all tests of this folder look at, and one thread for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import train as command
from tests.support.training import quick_flags


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """The order of sums depends on the number of threads, and runs are compared bit by bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def unbroken(small_emnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of train.py, never interrupted."""
    output = tmp_path_factory.mktemp("runs") / "unbroken"
    assert command.main(quick_flags(small_emnist, output, num_train_epochs=2, with_tracking=True)) == 0
    return output
