"""The line network by ONNX Runtime: as torch has it, in parts where a line is long, refused where it is foreign."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from emnist_hf.errors import EmnistError
from emnist_hf.models.checkpoint import CheckpointError, read_checkpoint
from emnist_hf.models.line_checkpoint import LineFiles, read_line_checkpoint
from emnist_hf.models.line_engine import LineEngine
from emnist_hf.models.line_network import load_line_network
from emnist_hf.models.pretrained import LINES, PACKAGED


@pytest.fixture(scope="module")
def files() -> LineFiles:
    return read_line_checkpoint(PACKAGED / LINES)


@pytest.fixture(scope="module")
def engine(files: LineFiles) -> LineEngine:
    return LineEngine(files)


def strip(width: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((48, width)) < 0.15).astype(np.uint8) * np.uint8(255)


def test_onnx_runtime_says_what_torch_says(files: LineFiles, engine: LineEngine) -> None:
    strips = [strip(width, width) for width in (12, 61, 64, 300)]
    model = load_line_network(files)
    for one, found in zip(strips, engine.run(strips)):
        wide = np.zeros((48, -(-one.shape[1] // 8) * 8), np.float32)
        wide[:, : one.shape[1]] = one / np.float32(255)
        with torch.inference_mode():
            expected = model(torch.from_numpy(wide)[None, None]).log_softmax(-1)[0, : len(found)].numpy()
        assert np.abs(np.exp(found) - np.exp(expected)).max() < 1e-3  # those beside it may pad it further


def test_a_long_line_is_read_in_parts_that_fit(engine: LineEngine) -> None:
    part = np.zeros((48, 400), np.uint8)
    part[10:38, 100:104] = 255
    (found,) = engine.run([np.tile(part, (1, 12))])
    assert len(found) == 1200
    (short,) = engine.run([part])
    inside = [found[100 * i : 100 * (i + 1)].argmax(axis=1) for i in range(1, 11)]
    assert all((row == inside[0]).all() for row in inside[1:]) and short.shape == (100, found.shape[1])


def test_the_package_stays_small(files: LineFiles) -> None:
    assert (PACKAGED / LINES / "model.safetensors").stat().st_size < 6_000_000
    everything = sum(path.stat().st_size for path in PACKAGED.rglob("*") if path.is_file())
    assert everything < 26_000_000 and sum(v.size for v in files.weights.values()) < 3_000_000


def test_what_is_no_checkpoint_of_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint of lines"):
        read_line_checkpoint(PACKAGED / "byclass")
    with pytest.raises(EmnistError, match="reads whole lines"):
        read_checkpoint(PACKAGED / LINES)
    shutil.copytree(PACKAGED / LINES, tmp_path / "lines")
    config = json.loads((tmp_path / "lines/config.json").read_text())
    (tmp_path / "lines/config.json").write_text(json.dumps(config | {"alphabet": "abc"}))
    with pytest.raises(CheckpointError, match="other characters"):
        read_line_checkpoint(tmp_path / "lines")
    (tmp_path / "lines/config.json").write_text(json.dumps(config | {"blocks": 2}))
    with pytest.raises(CheckpointError, match="do not fit"):
        LineEngine(read_line_checkpoint(tmp_path / "lines"))
