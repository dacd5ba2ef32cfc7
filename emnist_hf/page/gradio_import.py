"""Import gradio without what it does for editors alone, which is half the time that the page takes to start.

At every import gradio parses the source of each of its components, fills in a template for each and writes a .pyi
beside it, but for components that have no source file (`gradio.component_meta.create_or_modify_pyi`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_interface_files() -> Iterator[None]:
    """Let `inspect.getfile` find no source of gradio's classes until the block ends."""
    getfile = inspect.getfile

    def of_others(thing: object) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("a component without a source has no .pyi")
        return getfile(thing)  # type: ignore[arg-type]

    inspect.getfile = of_others  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile


with no_interface_files():
    import gradio  # noqa: F401
