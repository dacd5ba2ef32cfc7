"""The command line: python -m emnist_hf COMMAND. Each command imports only what it needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from emnist_hf.errors import EmnistError
from emnist_hf.splits import CHARSETS, SPLITS

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
    """Read hand-printed characters; see what a checkpoint is worth; draw pen strokes as training data; export."""


@app.command()
def classify(
    files: Annotated[list[str], typer.Argument(help="Pictures of one character each.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    top_k: Annotated[int, typer.Option("--top_k", "--top-k", min=1, help="How many labels, best first.")] = 5,
) -> None:
    """Read the one character in each picture: a JSON line a file.

    Any picture will do: a phone photo, a scan, a drawing, dark on light or light on dark. A file that cannot be read
    gives an "error" on its line, the others go on, and the exit status is 1 at the end.
    """
    from emnist_hf.recognizer import Recognizer

    with sentence():
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
    failed = False
    for file in files:
        try:
            found = recognizer.classify(file, top_k=top_k, charset=charset)
        except EmnistError as error:
            failed = True
            write_line({"file": file, "error": str(error)})
        else:
            write_line({"file": file, "labels": [{"label": p.label, "score": round(p.score, 6)} for p in found]})
    if failed:
        raise typer.Exit(1)


@app.command()
def evaluate(
    split: Annotated[SplitName, typer.Option(help="The split whose test rows to read.")],
    dataset: Annotated[str, typer.Option(help="Hub id, folder, gzip.zip or Parquet file.", metavar="SOURCE")],
    checkpoint: CheckpointOption = None,
    transposed: Annotated[bool, typer.Option("--transposed", help="The images lie on their side: turn them.")] = False,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output_dir", "--output-dir", help="Write evaluation.json and confusion.png here."),
    ] = None,
) -> None:
    """Score a checkpoint on the test rows of a split: one JSON object.

    `official` says whether the rows are exactly the official test (null: nobody can say). A checkpoint that was
    trained on these rows is not scored.
    """
    with sentence():
        from emnist_hf.evaluation import evaluate_checkpoint

        report = evaluate_checkpoint(split, dataset, checkpoint, transposed=transposed, output_dir=output_dir)
    write_line(report)


@app.command("evaluate-strokes")
def evaluate_strokes(
    strokes: Annotated[Path, typer.Argument(help="strokes.npz with UNIPEN's characters.")],
    checkpoint: CheckpointOption = None,
    pen: Annotated[list[float] | None, typer.Option(help="Pen diameters in pixels on a 300 px pad.")] = None,
    per_pen: Annotated[int, typer.Option("--per_pen", "--per-pen", help="Characters for each pen; 0 for all.")] = 3000,
    whole_sources: Annotated[
        bool, typer.Option("--whole_sources", help="All writers of the clean sources, trained on or not.")
    ] = False,
) -> None:
    """Score a checkpoint on real pen strokes as a sketchpad delivers them: one JSON object a pen and polarity.

    The writers are held out: none of them is in `draw-strokes`' training rows. Every picture goes through all that a
    visitor's goes through.
    """
    from emnist_hf.real_ink import score_strokes

    with sentence():
        for report in score_strokes(strokes, checkpoint, pen or [6.0, 20.0], per_pen, whole_sources):
            write_line(report)


@app.command("draw-strokes")
def draw_strokes(
    strokes: Annotated[Path, typer.Argument(help="strokes.npz with UNIPEN's characters.")],
    folder: Annotated[Path, typer.Argument(help="Where unipen_train.parquet and unipen_validation.parquet go.")],
    seed: Annotated[int, typer.Option(help="Of the pens drawn from.")] = 0,
) -> None:
    """Draw UNIPEN's strokes with pens of many widths, as EMNIST glyphs to train on; held-out writers stay out."""
    from emnist_hf.real_ink import write_stroke_rows

    with sentence():
        for path, rows in write_stroke_rows(strokes, folder, seed):
            write_line({"file": str(path), "rows": rows})


@app.command("export-onnx")
def export_onnx(
    folder: Annotated[Path, typer.Argument(help="Where onnx/model.onnx and onnx/model_quantized.onnx go.")],
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a checkpoint as ONNX, in float32 and in int8, each with how it agrees with torch on printed letters.

    For ONNX Runtime and transformers.js. Input `pixel_values`, float32 [N, 1, side, side], normalised; output `logits`.
    """
    with sentence():
        from emnist_hf.model import load_checkpoint
        from emnist_hf.onnx_export import export_onnx
        from emnist_hf.pretrained import find_checkpoint

        for written in export_onnx(load_checkpoint(*find_checkpoint(checkpoint)), folder):
            write_line(
                {
                    "file": str(written.path),
                    "bytes": written.path.stat().st_size,
                    "largest_difference": written.largest_difference,
                    "same_labels": written.same_labels,
                }
            )


if __name__ == "__main__":
    app()
