"""The one kind of error that is meant for users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class EmnistError(ValueError):
    """Something the user can put right. The message is one plain sentence: what is wrong, and the cure."""


@contextmanager
def named(source: Any) -> Iterator[None]:
    """Put the name of a file in front of the errors of ours about it, for those who gave several.

    source: a path; what else pictures come as has no name, and the error passes as it is.
    """
    try:
        yield
    except EmnistError as error:
        if isinstance(source, (str, Path)):
            error.args = (f"{source}: {error}",)
        raise


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
