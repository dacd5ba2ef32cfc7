"""A Hub on loopback for each file of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.hub_server import Hub, serve_hub


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A running Hub that knows `user`, whose repositories the tests write, `other` and `stranger`."""
    with serve_hub("user", "other", "stranger") as server:
        yield server
