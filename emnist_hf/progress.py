"""How far long work has come: told by whoever does it, heard by whoever waits, who may stop it.

Nothing is heard unless somebody listens; to tell costs nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Listener = Callable[[str, int, int], None]
"""Hears a step, as a sentence that may name {number} and {total}, which one of how many it is, from 1, and how many."""

READING_LINE = "Reading line {number} of {total}"
READING_LETTERS = "Reading letter by letter"
FINDING_BOXES = "Looking for boxes"
READING_BOXES = "Reading boxes, part {number} of {total}"
FINDING_SHEET = "Looking for our sheet in the picture"
READING_CELLS = "Reading the cells"
TRACING = "Tracing character {number} of {total}"
SPACING = "Setting the letters apart"

T = TypeVar("T")

_listener: ContextVar[Listener | None] = ContextVar("who hears of progress", default=None)


class Stopped(BaseException):
    """Whoever waited for the work wants it no longer. A listener raises it, and the work ends where it is.

    No `Exception`, as asyncio's CancelledError is none: what answers every error with a sentence lets it through.
    """


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Have the listener hear of all that is done inside the block, in this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def counted(step: str, items: Sequence[T]) -> Iterator[T]:
    """Go through items, and tell of each before it is done. step: as a listener takes it."""
    for number, item in enumerate(items, start=1):
        tell(step, number, len(items))
        yield item


def tell(step: str, number: int = 0, total: int = 0) -> None:
    """Tell of a step before it is done. Raises `Stopped` where whoever listens wants no more of it."""
    listener = _listener.get()
    if listener is not None:
        listener(step, number, total)
