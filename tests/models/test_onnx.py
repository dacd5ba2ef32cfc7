"""A checkpoint as ONNX answers as torch does, whatever the batch; int8 nearly so."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emnist_hf.models.checkpoint import ONNX, ONNX_INT8
from emnist_hf.models.network import Checkpoint, create_model, load_checkpoint, save_checkpoint
from emnist_hf.models.onnx_export import OnnxError, OnnxNetwork, compare, export_onnx
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.splits import CHARSETS
from tests.support.command import invoke
from tests.support.drawn import draw_rows
from tests.support.server import ROOT


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return load_checkpoint(*find_checkpoint())


def test_float32_has_torchs_probabilities(checkpoint: Checkpoint, exported: Path) -> None:
    found = compare(checkpoint, exported / ONNX, draw_rows(CHARSETS["byclass"], 8).images)
    assert found.largest_difference < 1e-4
    assert found.same_labels == 1


def test_int8_has_torchs_labels_in_a_third_of_the_bytes(checkpoint: Checkpoint, exported: Path) -> None:
    found = compare(checkpoint, exported / ONNX_INT8, draw_rows(CHARSETS["byclass"], 8).images)
    assert found.same_labels > 0.97
    assert (exported / ONNX_INT8).stat().st_size < (exported / ONNX).stat().st_size / 3


@pytest.mark.parametrize("name", [ONNX, ONNX_INT8])
def test_any_batch_gives_each_row_its_own_answer(checkpoint: Checkpoint, exported: Path, name: str) -> None:
    pixels = checkpoint.pixels(torch.from_numpy(draw_rows(CHARSETS["byclass"], 1).images)).numpy()
    network = OnnxNetwork(exported / name)
    together = network.logits(pixels)
    assert together.shape == (62, 62) and together.dtype == np.float32
    for count in (1, 3):
        assert np.allclose(network.logits(pixels[:count]), together[:count], atol=1e-3)


def test_names_are_those_that_transformers_js_asks_for(exported: Path) -> None:
    import onnx

    model = onnx.load(exported / ONNX)
    assert [value.name for value in model.graph.input] == ["pixel_values"]
    assert [value.name for value in model.graph.output] == ["logits"]
    assert "Softmax" not in {node.op_type for node in model.graph.node}
    assert str(ROOT).encode() not in (exported / ONNX).read_bytes()  # no folders of the machine that exported it


def test_another_architecture_with_rows_to_calibrate_on(tmp_path: Path) -> None:
    """The replaced CNN at 28 px, ten digits: dense layers, no batch norm, another side."""
    torch.manual_seed(0)
    digits = CHARSETS["digits"]
    save_checkpoint(create_model(digits, "emnist_replaced_cnn"), tmp_path / "cnn", digits, image_size=28)
    checkpoint = load_checkpoint(tmp_path / "cnn")
    float32, int8 = export_onnx(checkpoint, tmp_path, calibration=draw_rows(digits, 20).images)
    assert float32.largest_difference < 1e-4 and float32.same_labels == 1
    assert int8.largest_difference < 0.05


def test_the_command_says_what_it_wrote(exported: Path) -> None:
    lines = [json.loads(line) for line in (exported.parent / "said").read_text().splitlines()]
    assert [line["file"] for line in lines] == [str(exported / ONNX), str(exported / ONNX_INT8)]
    assert all(line["bytes"] == Path(line["file"]).stat().st_size for line in lines)
    assert lines[0]["same_labels"] == 1 and lines[1]["same_labels"] > 0.97


def test_without_the_extra_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # Python's way to say that a module cannot be imported
    done = invoke("export-onnx", tmp_path / "out", status=1)
    assert not (tmp_path / "out").exists()
    assert "pip install onnx onnxruntime onnxscript" in done.stderr


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_text("no")
    with pytest.raises(OnnxError, match="not a network"):
        OnnxNetwork(tmp_path / "model.onnx")
