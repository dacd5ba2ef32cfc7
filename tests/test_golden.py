"""What `classify` and `read` print stays what it was: key by key, texts and boxes exactly, scores but for rounding.

`python -m tests.support.golden` writes tests/golden.json anew where a change of answers is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emnist_hf.cli import app
from tests.support.golden import COMMANDS, GOLDEN, answers, write_pictures

ROUNDING = 2e-4
"""Between machines: ONNX Runtime and OpenCV add floats in the order that suits the processor's vector instructions, and
one level of grey of 255 that rounds otherwise moves a score by up to so much. On one machine it is 1e-6. Which label
comes before which is not compared among those that score less."""

EXPECTED = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("golden"))


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Say where two JSON values differ, the order of keys included."""
    if isinstance(old, float) and isinstance(new, float):
        if abs(old - new) > ROUNDING:
            yield f"{place}: {old} became {new}"
    elif all(isinstance(value, dict) and value.keys() == {"label", "score"} for value in (old, new)) and (
        max(old["score"], new["score"]) < ROUNDING
    ):
        return
    elif type(old) is not type(new) or (isinstance(old, (dict, list)) and len(old) != len(new)):
        yield f"{place}: {old} became {new}"
    elif isinstance(old, dict):
        if list(old) != list(new):
            yield f"{place}: keys {list(old)} became {list(new)}"
        else:
            for key in old:
                yield from differences(old[key], new[key], f"{place}.{key}")
    elif isinstance(old, list):
        for i, (one, other) in enumerate(zip(old, new)):
            yield from differences(one, other, f"{place}[{i}]")
    elif old != new:
        yield f"{place}: {old!r} became {new!r}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_line_answers_as_it_did(name: str, pictures: list[Path]) -> None:
    arguments, kind = COMMANDS[name]
    files = [str(file) for file in pictures if file.name.startswith(kind)]
    said = CliRunner().invoke(app, [*arguments, *files])
    assert said.exit_code == 1  # for the file that is no picture
    changed = list(differences({"lines": EXPECTED[name]}, {"lines": answers(said.stdout)}))
    assert not changed, "\n".join(changed)


def test_a_difference_is_seen() -> None:
    old = {"text": "a", "box": [1, 2], "score": 0.5}
    assert not list(differences({"label": "a", "score": 1e-5}, {"label": "b", "score": 1e-5}))
    assert list(differences({"label": "a", "score": 0.1}, {"label": "b", "score": 0.1}))
    assert not list(differences(old, dict(old, score=0.5 + ROUNDING / 2)))
    for new in (
        dict(old, text="b"),
        dict(old, box=[1, 3]),
        dict(old, box=[1]),
        dict(old, box=[1, 2.0]),
        dict(old, score=0.5 + 2 * ROUNDING),
        dict(old, note=""),
        {"box": [1, 2], "text": "a", "score": 0.5},
    ):
        assert list(differences(old, new)), new
