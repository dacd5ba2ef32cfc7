"""Work that takes long: how far it has come is shown, what it returns or raises arrives, and it can be stopped."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

import pytest

from emnist_hf import Recognizer
from emnist_hf.page import waiting
from emnist_hf.page.language import PHRASES
from emnist_hf.page.waiting import waited_for
from emnist_hf.progress import counted, heard_by, tell
from tests.support.handwriting import write

STEP = "Reading line {number} of {total}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "AT_ONCE", 0.05)
    monkeypatch.setattr(waiting, "AGAIN", 0.02)


def waiting_for(work: Callable[[], Any], show: Callable[[str], Any], language: str = "en") -> Generator[Any, None, Any]:
    visitor: Any = SimpleNamespace(session_hash="one", headers={"accept-language": language})
    return waited_for(work, show, "stopped", visitor, "view")


def run(waits: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    """What a generator yields, and what it returns."""
    shown = []
    while True:
        try:
            shown.append(next(waits))
        except StopIteration as end:
            return shown, end.value


def test_what_is_quick_is_answered_without_a_word() -> None:
    assert run(waiting_for(lambda: 7, str)) == ([], 7)


def test_what_is_slow_says_how_far_it_is_in_the_visitors_language() -> None:
    def work() -> str:
        for _ in counted(STEP, "abc"):
            time.sleep(0.15)
        return "done"

    shown, said = run(waiting_for(work, lambda html: ("view", html), "de"))
    assert said == "done"
    assert {kind for kind, _ in shown} == {"view"}
    steps = [found for _, html in shown if (found := re.search(r"Zeile (\d) von 3", html))]
    assert [step[1] for step in steps] == ["1", "2", "3"], "each is shown once"
    assert 'value="2" max="3"' in shown[-1][1] and "<button" in shown[-1][1]


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("late")])
def test_what_it_raises_arrives(error: Exception) -> None:
    def work() -> None:
        time.sleep(0.1)
        raise error

    with pytest.raises(type(error), match=str(error)):
        run(waiting_for(work, str))


def test_nobody_waits_and_the_work_ends_at_its_next_step() -> None:
    steps: list[int] = []
    ended = threading.Event()

    def work() -> None:
        try:
            for number in counted(STEP, range(1000)):
                steps.append(number)
                time.sleep(0.02)
        except Exception:  # as what answers every error with a sentence does
            steps.append(-1)
        finally:
            ended.set()

    waits = waiting_for(work, str)
    next(waits)
    waits.close()
    assert ended.wait(5)
    assert len(steps) < 100 and -1 not in steps


def test_what_is_stopped_returns_at_once_and_stops_nobody_elses(impatient: None) -> None:
    goes_on = threading.Event()
    waits = waiting_for(goes_on.wait, str)
    next(waits)
    assert ("two", "view") not in waiting._waiting
    waiting._waiting["one", "view"].set()
    assert run(waits) == ([], "stopped")
    goes_on.set()
    assert waiting._waiting == {}


def test_who_reads_a_page_is_told_of_each_line_in_words_that_are_translated(recognizer: Recognizer) -> None:
    heard: list[tuple[str, int, int]] = []
    with heard_by(lambda *step: heard.append(step)):
        recognizer.read(write("the hut\nto an end\nno one", pen=6, x_height=40).image)
    tell("nobody hears")
    lines = [(number, total) for step, number, total in heard if step == STEP]
    assert lines == [(1, 3), (2, 3), (3, 3)]
    assert {step for step, _, _ in heard} <= set(PHRASES)
