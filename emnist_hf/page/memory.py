"""What keeps the page's memory flat however many visitors come: in glibc and in gradio."""

from __future__ import annotations

import ctypes
import gc
import os

QUIET = {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000"}
"""Environment variables of gradio: how many events it remembers, and after how many it sums them up.

By default it remembers 10,000 and sums all of them up after every one, in a table of pandas, for a dashboard that this
page does not serve: at 10,000 events 19 MB, and 15 ms of each request.
"""

ARENAS = 2
"""Heaps of the C library. It would make eight a core, each of which keeps the most that its threads ever took."""
LARGE = 2**20
"""Bytes from which memory goes back to the system when it is freed.

Left to itself, the C library raises this to what was freed before, and the heap keeps the most that pages of visitors
ever took, with holes in it.
"""
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h


def settle_memory() -> None:
    """To be called before the page is built and threads start; what the environment says already stays."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if "MALLOC_ARENA_MAX" not in os.environ:
        tell_allocator(M_ARENA_MAX, ARENAS)
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        tell_allocator(M_MMAP_THRESHOLD, LARGE)


def tell_allocator(parameter: int, value: int) -> bool:
    """Set a parameter of glibc's allocator (mallopt(3)). False where the C library is another one, which has none."""
    try:
        return bool(ctypes.CDLL(None).mallopt(parameter, value))
    except (AttributeError, OSError, TypeError):  # musl has no mallopt, Windows no CDLL(None)
        return False


def freeze_what_stays() -> None:
    """To be called when the page is built: the collector of cycles no longer looks at what will stay.

    It looks at old objects only when a quarter as many new ones wait: with those of all modules among them, much of
    what closed connections leave behind would pile up first.
    """
    gc.collect()
    gc.freeze()
