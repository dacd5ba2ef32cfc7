"""What stands on the Hub of a checkpoint of the line network: its own files, and the whole network as ONNX."""

from __future__ import annotations

import shutil
from pathlib import Path

from emnist_hf.models.checkpoint import ONNX, OWN_FILES, PUBLISHED_FILES
from emnist_hf.models.line_checkpoint import read_line_checkpoint
from emnist_hf.models.line_network import export_line_network


def write_published_lines(source: Path, folder: Path) -> list[str]:
    """Write into an empty folder what is to stand on the Hub of the checkpoint in `source`; return the names.

    Raises `CheckpointError` where it is no checkpoint of lines, `OnnxError` if it cannot be exported.
    """
    files = read_line_checkpoint(source)
    for name in OWN_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    (folder / ONNX).parent.mkdir()
    export_line_network(files, folder / ONNX)
    return [name for name in PUBLISHED_FILES if (folder / name).is_file()]
