"""The command line: python -m emnist_hf COMMAND. Each command imports only what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emnist_hf.cli.app import CheckpointOption, app, sentence, write_line


@app.command("export-onnx")
def export_onnx(
    folder: Annotated[Path, typer.Argument(help="Where onnx/model.onnx and onnx/model_quantized.onnx go.")],
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a checkpoint as ONNX, in float32 and in int8, each with how it agrees with torch on printed letters.

    For ONNX Runtime and transformers.js. Input `pixel_values`, float32 [N, 1, side, side], normalised; output `logits`.
    Its config.json goes with them.
    """
    with sentence():
        from emnist_hf.models.network import load_checkpoint
        from emnist_hf.models.onnx_export import export_onnx
        from emnist_hf.models.pretrained import find_checkpoint

        for written in export_onnx(load_checkpoint(*find_checkpoint(checkpoint)), folder):
            write_line(
                {
                    "file": str(written.path),
                    "bytes": written.path.stat().st_size,
                    "largest_difference": written.largest_difference,
                    "same_labels": written.same_labels,
                }
            )


PrivateOption = Annotated[bool, typer.Option("--private", help="Make it private, if it is not there yet.")]


TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        "--hub_token",
        "--hub-token",
        help="A token that may write. Better leave it out: that of `hf auth login` or HF_TOKEN is seen by nobody.",
    ),
]


@app.command()
def push(
    checkpoint: Annotated[str, typer.Argument(help="A folder, a split that the package has, or a Hub id.")],
    repo: Annotated[str, typer.Argument(help="The Hub model to make or to change.", metavar="USER/NAME")],
    tag: Annotated[str | None, typer.Option(help="A name for this version, such as v1.")] = None,
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish a checkpoint on the Hub: weights, ONNX, results, pictures and card in one commit.

    timm, transformers, ONNX Runtime, transformers.js and this package load it by its name; the card says how. One JSON
    line says where it is ("url") and the id of the commit. Needs `pip install onnx onnxruntime onnxscript`.
    """
    with sentence():
        from emnist_hf.hub.model import push

        write_line(push(checkpoint, repo, tag=tag, private=private, token=token))


@app.command("publish-dataset")
def publish_dataset(
    repo: Annotated[str, typer.Argument(help="The Hub data set to make or replace.", metavar="USER/NAME")],
    source: Annotated[str, typer.Option(help="The official gzip.zip, or a folder of its files.", metavar="gzip.zip")],
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish the official raw files as a Hub data set: Parquet, upright, named labels, a configuration a split.

    One JSON line says where it is ("url"), the id of the commit, and how many rows each split has. It goes up in one
    commit, or not at all.
    """
    with sentence():
        from emnist_hf.hub.dataset import publish_dataset

        write_line(publish_dataset(source, repo, private=private, token=token))


@app.command("publish-space")
def publish_space(
    repo: Annotated[str, typer.Argument(help="The Space to make or replace.", metavar="USER/NAME")],
    model: Annotated[str, typer.Option(help="The Hub model that it serves.", metavar="USER/MODEL[@REVISION]")],
    feedback: Annotated[
        str | None, typer.Option(help="The Hub data set for visitors' corrections.", metavar="USER/DATASET")
    ] = None,
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish the page as a Space that serves a model from the Hub, with the versions that are installed here.

    One JSON line says where it is ("url"), the id of the commit, its variables and its files. A private model, and
    --feedback, need a secret HF_TOKEN, which you set in the Space's settings. It goes up in one commit, or not at all.
    """
    with sentence():
        from emnist_hf.hub.space import publish_space

        write_line(publish_space(repo, model, feedback=feedback, private=private, token=token))
