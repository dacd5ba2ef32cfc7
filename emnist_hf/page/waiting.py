"""What stands on a tab while its answer takes long: how far it has come, and a button that stops it.

The work runs in a thread of its own, and the event is a generator. It ends when the visitor presses the button, gradio
closes it when the visitor leaves, and the work ends at its next step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, TypeVar

import gradio as gr

from emnist_hf.page.events import PRIVATE
from emnist_hf.page.language import language_of, translate, translate_html
from emnist_hf.page.messages import message_html
from emnist_hf.progress import Stopped, heard_by

BEGUN = "One moment"
STOPPED = "Stopped. Your picture is still here: give it again, or another."

AT_ONCE = 0.4
"""Seconds within which an answer comes without a word on how far it is."""

AGAIN = 0.25
"""Seconds between two looks at how far it has come."""

_SCRIPT = """
element.addEventListener("click", (event) => {
  if (event.target.closest("button")) trigger("click");
});
"""

T = TypeVar("T")

_waiting: dict[tuple[str, str], threading.Event] = {}
"""What stops the work that a visit (gradio's session) waits for at one of its views, by both their names."""


def progress_view(name: str) -> gr.HTML:
    """Build the place for `waited_for`'s HTML; empty while there is nothing to wait for. Its button stops the work."""
    view = gr.HTML("", js_on_load=_SCRIPT, apply_default_css=False, elem_id=name, elem_classes="progress-place")

    def stop(request: gr.Request) -> None:
        if (stopped := _waiting.get((str(request.session_hash), name))) is not None:
            stopped.set()

    # Not gradio's `cancels`: an event that it broke off is not begun again by the next picture.
    view.click(stop, None, None, queue=False, **PRIVATE)
    return view


def waited_for(
    work: Callable[[], T], show: Callable[[str], Any], stopped: T, request: gr.Request, name: str
) -> Generator[Any, None, T]:
    """Do some work and return what it returns; if it takes long, yield now and then what shows how far it has come.

    show: from HTML to what the event is to give its outputs. stopped: what is returned where the visitor stopped it at
    the view of that name. Raises what the work raises. Work that nobody waits for ends at the next step it tells of.
    """
    key, language = (str(request.session_hash), name), language_of(request)
    state, gone, done = _State(), threading.Event(), Future[T]()

    def listen(step: str, number: int, total: int) -> None:
        if gone.is_set():
            raise Stopped
        state.reached(step, number, total)

    def run() -> None:
        try:
            with heard_by(listen):
                done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    _waiting[key] = gone
    threading.Thread(target=copy_context().run, args=(run,), name="work that is waited for", daemon=True).start()
    pause, shown = AT_ONCE, ""
    try:
        while not wait([done], pause).done:
            if gone.is_set():
                return stopped
            if (html := state.html(language)) != shown:
                yield show(html)
            pause, shown = AGAIN, html
        return stopped if gone.is_set() else done.result()
    finally:
        gone.set()
        if _waiting.get(key) is gone:
            del _waiting[key]


def stopped_html(language: str) -> str:
    """Return HTML: that the work was stopped."""
    return message_html(translate(STOPPED, language), "prompt")


class _State:
    """How far some work has come."""

    def __init__(self) -> None:
        self._at = (BEGUN, 0, 0)

    def reached(self, step: str, number: int, total: int) -> None:
        self._at = (step, number, total)

    def html(self, language: str) -> str:
        """Return the bar, the step in words, and the button."""
        step, number, total = self._at
        words = translate_html(step, language, number=str(number), total=str(total))
        far = f' value="{number - 1}" max="{total}"' if total else ""
        return (
            f'<div class="progress"><progress{far} aria-label="{words}"></progress><span role="status">{words}</span>'
            f'<button type="button" class="download">{translate_html("Stop", language)}</button></div>'
        )
