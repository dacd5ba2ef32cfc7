"""Serving without torch: the same answers, the same refusals, and torch where there is no graph."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from emnist_hf import Recognizer
from emnist_hf.models.checkpoint import CheckpointError, read_checkpoint
from emnist_hf.models.engine import BATCH, GRAPHS, OnnxEngine, TorchEngine, choose_engine, find_graph, graphs
from emnist_hf.models.network import create_model, save_checkpoint, to_checkpoint
from emnist_hf.models.pretrained import CHARACTERS, PACKAGED
from emnist_hf.models.serving_graph import describe_graph, write_graph
from emnist_hf.splits import CHARSETS
from tests.support.drawn import draw_rows

SPLITS_IN_PACKAGE = CHARACTERS


@pytest.fixture(scope="module")
def glyphs() -> np.ndarray:
    drawn = draw_rows(CHARSETS["byclass"], 5).images
    return np.asarray(drawn[: 2 * BATCH + 3])  # three batches, so several threads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGED / "byclass", tmp_path / "byclass"))


@pytest.mark.parametrize("split", SPLITS_IN_PACKAGE)
def test_the_package_is_served_by_onnx_runtime_and_answers_as_torch_does(split: str, glyphs: np.ndarray) -> None:
    files = read_checkpoint(PACKAGED / split)
    engine = choose_engine(files)
    assert isinstance(engine, OnnxEngine)
    recognizer = Recognizer.from_pretrained(split)
    with torch.inference_mode():
        wanted = recognizer.checkpoint.logits(torch.from_numpy(glyphs)).softmax(dim=1).numpy()
    np.testing.assert_allclose(recognizer.predict_proba(glyphs), wanted, atol=1e-5)
    np.testing.assert_allclose(engine.run(glyphs)[1], TorchEngine(files).run(glyphs)[1], atol=1e-4)
    one_by_one = np.concatenate([recognizer.predict_proba(glyph[None]) for glyph in glyphs[:5]])
    np.testing.assert_allclose(one_by_one, wanted[:5], atol=1e-5)


def test_no_glyph_gives_no_answer() -> None:
    assert Recognizer.from_pretrained().predict_proba(np.zeros((0, 28, 28), np.uint8)).shape == (0, 62)


def test_the_package_is_served_without_torch(tmp_path: Path) -> None:
    """What a command that classifies imports: neither torch nor what only training or the page needs."""
    code = (
        "import sys, numpy as np\nfrom emnist_hf import Recognizer\n"
        "Recognizer.from_pretrained().classify(np.eye(40) * 255)\n"
        "print([name for name in ('torch', 'timm', 'transformers', 'gradio', 'datasets') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_onnx_runtime_torch_serves(monkeypatch: pytest.MonkeyPatch, glyphs: np.ndarray) -> None:
    wanted = Recognizer.from_pretrained().predict_proba(glyphs)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # Python's way to say that a module cannot be imported
    engine = choose_engine(read_checkpoint(PACKAGED / "byclass"))
    assert isinstance(engine, TorchEngine)
    np.testing.assert_allclose(Recognizer.from_pretrained().predict_proba(glyphs), wanted, atol=1e-5)


def test_another_architecture_is_served_by_torch(tmp_path: Path, glyphs: np.ndarray) -> None:
    save_checkpoint(create_model(CHARSETS["digits"], "test_resnet"), tmp_path, CHARSETS["digits"], image_size=56)
    files = read_checkpoint(tmp_path)
    assert find_graph(files) is None and isinstance(choose_engine(files), TorchEngine)
    assert Recognizer.from_pretrained(tmp_path).predict_proba(glyphs).shape == (len(glyphs), 10)


@pytest.mark.parametrize("change", ["missing", "shape", "foreign", "classes"])
def test_weights_of_another_network_are_refused_with_a_sentence(folder: Path, change: str) -> None:
    weights = load_file(folder / "model.safetensors")
    if change == "missing":
        del weights["layer1.0.bn1.weight"]
    elif change == "shape":
        weights["layer1.0.conv1.weight"] = weights["layer1.0.conv1.weight"][:16].copy()
    elif change == "foreign":
        weights["layer9.weight"] = np.zeros(3, np.float32)
    else:
        weights["fc.bias"] = weights["fc.bias"][:61].copy()
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="do not fit its config"):
        Recognizer.from_pretrained(folder)


def test_the_graphs_are_those_that_the_exporter_writes(tmp_path: Path) -> None:
    """No weight is in them, and none of this machine's paths; made anew they are the same."""
    kinds = [read_checkpoint(PACKAGED / split) for split in SPLITS_IN_PACKAGE]
    assert len(list(graphs())) == len({(str(files.model_args), files.image_size) for files in kinds})
    for files in kinds:  # what the package says of each network is what the network itself says
        known = find_graph(files)
        assert known is not None
        told = json.loads(json.dumps(asdict(describe_graph(files, to_checkpoint(files).model, GRAPHS)), default=str))
        assert told == json.loads(json.dumps(asdict(known), default=str))
    files = read_checkpoint(PACKAGED / "mnist")
    packaged = find_graph(files)
    assert packaged is not None and packaged.path.stat().st_size < 20_000
    assert b"site-packages" not in packaged.path.read_bytes()
    made = write_graph(files, tmp_path)
    assert made.path.name == packaged.path.name
    told = packaged.path.with_suffix(".json").read_text()
    assert json.loads(made.path.with_suffix(".json").read_text()) == json.loads(told)
