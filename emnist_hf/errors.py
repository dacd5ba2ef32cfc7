"""Sentences for users, and the one kind of error that is meant for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Sentence(str):
    """An English sentence that knows what it was made of, so that a translation is a look-up.

    template: the sentence with the names of its values in braces, as `str.format` takes it; without values it is the
    sentence itself, whatever braces it has. values: what stands in their place.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Sentence:
        sentence = super().__new__(cls, template.format(**values) if values else template)
        sentence.template, sentence.values = template, values
        return sentence

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep template and values on the way from one process to another."""
        return _sentence, (self.template, self.values)


def _sentence(template: str, values: dict[str, Any]) -> Sentence:
    return Sentence(template, **values)


class EmnistError(ValueError):
    """Something the user can put right: one plain `Sentence`, what is wrong and the cure.

    `str` of the error is the English sentence; its only argument is the `Sentence`, which the page says in the
    visitor's language.
    """

    def __init__(self, template: str = "", /, **values: Any) -> None:
        super().__init__(template if isinstance(template, Sentence) else Sentence(template, **values))


def first_line(error: BaseException) -> str:
    """What a foreign error says first, at most 200 characters, for a sentence of ours to quote."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


@contextmanager
def named(source: Any) -> Iterator[None]:
    """Put the name of a file in front of the errors of ours about it, for those who gave several.

    source: a path; what else pictures come as has no name, and the error passes as it is.
    """
    try:
        yield
    except EmnistError as error:
        if isinstance(source, (str, Path)):
            error.args = (Sentence("{file}: {sentence}", file=str(source), sentence=error.args[0]),)
        raise
