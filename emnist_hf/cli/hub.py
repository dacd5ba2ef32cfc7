"""`export-onnx`, `push`, `publish-dataset` and `publish-space`: what leaves for the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emnist_hf.cli.app import CheckpointOption, PrivateOption, TokenOption, exit_on_error, write_line


def export_onnx(
    folder: Annotated[Path, typer.Argument(help="Where onnx/model.onnx and onnx/model_quantized.onnx go.")],
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a checkpoint as ONNX, in float32 and in int8.

    For ONNX Runtime and transformers.js. Input `pixel_values`, float32 [N, 1, side, side], normalised; output `logits`.
    Its config.json goes with them. Prints a JSON line a file, which says how it agrees with torch on printed letters.
    """
    with exit_on_error():
        from emnist_hf.models import network, onnx_export, pretrained

        found = network.load_checkpoint(*pretrained.find_checkpoint(checkpoint))
        for written in onnx_export.export_onnx(found, folder):
            write_line(
                {
                    "file": str(written.path),
                    "bytes": written.path.stat().st_size,
                    "largest_difference": written.largest_difference,
                    "same_labels": written.same_labels,
                }
            )


def push(
    checkpoint: Annotated[str, typer.Argument(help="A folder, a split that the package has, or a Hub id.")],
    repo: Annotated[str, typer.Argument(help="The Hub model to make or to change.", metavar="USER/NAME")],
    tag: Annotated[str | None, typer.Option(help="A name for this version, such as v1.")] = None,
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish a checkpoint as a model on the Hub.

    Weights, ONNX, results, pictures and card go up in one commit. timm, transformers, ONNX Runtime, transformers.js and
    this package load it by its name; the card says how. One JSON line says where it is ("url") and the id of the
    commit.
    """
    with exit_on_error():
        from emnist_hf.hub import model

        write_line(model.push(checkpoint, repo, tag=tag, private=private, token=token))


def publish_dataset(
    repo: Annotated[str, typer.Argument(help="The Hub data set to make or replace.", metavar="USER/NAME")],
    source: Annotated[str, typer.Option(help="The official gzip.zip, or a folder of its files.", metavar="gzip.zip")],
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish the official raw files as a Hub data set.

    Parquet, upright, with named labels and a configuration for each split. One JSON line says where it is ("url"), the
    id of the commit, and how many rows each split has. It goes up in one commit, or not at all.
    """
    with exit_on_error():
        from emnist_hf.hub import dataset

        write_line(dataset.publish_dataset(source, repo, private=private, token=token))


def publish_space(
    repo: Annotated[str, typer.Argument(help="The Space to make or replace.", metavar="USER/NAME")],
    model: Annotated[str, typer.Option(help="The Hub model that it serves.", metavar="USER/MODEL[@REVISION]")],
    feedback: Annotated[
        str | None, typer.Option(help="The Hub data set for visitors' corrections.", metavar="USER/DATASET")
    ] = None,
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish the page as a Space on the Hub.

    It serves a model from the Hub, with the versions that are installed here. One JSON line says where it is ("url"),
    the id of the commit, its variables and its files. A private model, and --feedback, need a secret HF_TOKEN, which
    you set in the Space's settings. It goes up in one commit, or not at all.
    """
    with exit_on_error():
        from emnist_hf.hub import space

        write_line(space.publish_space(repo, model, feedback=feedback, private=private, token=token))
