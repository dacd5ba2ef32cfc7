"""The application, the options that commands share, and how a command prints and fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from emnist_hf.errors import EmnistError
from emnist_hf.splits import CHARSETS, SPLITS

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    # --top_k and --top-k are one option, in every command.
    context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
)


@app.callback()
def commands() -> None:
    """Read hand-printed characters and pages, and set text in a fine hand.

    \b
    python -m emnist_hf classify letter.png
    python -m emnist_hf read page.jpg
    python -m emnist_hf render "Dear Anna" --output letter.svg
    python -m emnist_hf COMMAND --help

    Every command prints JSON on standard output and talks on standard error. The exit status is 1 where something could
    not be done, 2 where the command was not understood.
    """


Charset = StrEnum("Charset", {name: name for name in CHARSETS})  # type: ignore[misc]
Format = StrEnum("Format", ["json", "text", "hocr", "alto", "pdf"])
SplitName = StrEnum("SplitName", {name: name for name in SPLITS})  # type: ignore[misc]

CheckpointOption = Annotated[
    str | None,
    typer.Option(help="Folder, split that the package has, or Hub id user/name[@revision]. Default: the package's."),
]
CharsetOption = Annotated[
    Charset | None,
    typer.Option(help="What the answer is drawn from. Default: all that the checkpoint knows."),
]
FontOption = Annotated[
    str | None, typer.Option(help="Name or title of a font under fonts/. Default: pinyon-script.", show_default=False)
]
SourceOption = Annotated[str, typer.Option(help="Hub id, folder, gzip.zip or Parquet file.", metavar="SOURCE")]
TransposedOption = Annotated[bool, typer.Option("--transposed", help="The images lie on their side: turn them.")]

StrokesArgument = Annotated[Path, typer.Argument(help="strokes.npz with UNIPEN's characters.")]
PenOption = Annotated[
    list[float] | None,
    typer.Option(help="Pen diameter in pixels on a 300 px pad; repeatable. Default: 6, 13, 20 and 30."),
]
SizeOption = Annotated[
    list[int] | None,
    typer.Option(help="Side of the pad in pixels, with which the pen is scaled; repeatable. Default: 300."),
]
ConditionOption = Annotated[
    list[str] | None,
    typer.Option(help="plain, slanted, shaky, low_resolution, photo or all; repeatable. Default: plain."),
]
PerPenOption = Annotated[int, typer.Option("--per_pen", help="Characters, the same ones for each pen; 0 for all.")]

PrivateOption = Annotated[bool, typer.Option("--private", help="Make it private, if it is not there yet.")]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        "--hub_token",
        help="A token that may write. Better leave it out: that of `hf auth login` or HF_TOKEN is seen by nobody.",
    ),
]


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Print what the user can put right, and exit with 1. Anything else is a fault of ours and keeps its traceback."""
    try:
        yield
    except (EmnistError, OSError) as error:
        print(f"emnist_hf: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def write_line(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def write_records(records: Iterable[dict[str, Any]]) -> None:
    """Print a line for each file as soon as it is read; exit with 1 at the end if any has an "error"."""
    failed = False
    for record in records:
        write_line(record)
        failed = failed or "error" in record
    if failed:
        raise typer.Exit(1)
