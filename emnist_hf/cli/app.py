"""The command line: python -m emnist_hf COMMAND. Each command imports only what it needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emnist_hf.errors import EmnistError
from emnist_hf.splits import CHARSETS, SPLITS

if TYPE_CHECKING:
    pass


app = typer.Typer(
    help="Read hand-printed characters. Every command prints JSON to standard output and talks on standard error.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


Charset = StrEnum("Charset", {name: name for name in CHARSETS})  # type: ignore[misc]


SplitName = StrEnum("SplitName", {name: name for name in SPLITS})  # type: ignore[misc]


CheckpointOption = Annotated[
    str | None,
    typer.Option(help="Folder, split that the package has, or Hub id user/name[@revision]. Default: the package's."),
]


CharsetOption = Annotated[
    Charset | None,
    typer.Option(help="What the answer is drawn from. Default: all that the checkpoint knows."),
]


@contextmanager
def sentence() -> Iterator[None]:
    """Print what the user can put right, and exit with 1. Anything else is a fault of ours and keeps its traceback."""
    try:
        yield
    except (EmnistError, OSError) as error:
        print(f"emnist_hf: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def write_line(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


@app.callback()
def commands() -> None:
    """Read hand-printed characters and pages; set text in a fine hand; score, explore, draw strokes, export."""
