"""The line network is trained by the same script: a few steps, killed and resumed, and what such a run leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import train as script
from emnist_hf.errors import EmnistError
from emnist_hf.letterforms import LINE_ALPHABET
from emnist_hf.models.line_checkpoint import read_line_checkpoint
from emnist_hf.models.line_engine import LineEngine
from emnist_hf.training.line_config import LineConfig
from emnist_hf.training.lines import LineRun, train_lines
from tests.support.words import write_words

TINY: dict[str, Any] = {
    "width": 16,
    "blocks": 1,
    "columns": 600,
    "max_train_steps": 6,
    "warmup_steps": 2,
    "eval_steps": 4,
    "checkpointing_steps": "2",
    "max_eval_samples": 12,
    "dataloader_num_workers": 0,
    "cpu": True,
}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_words(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def unbroken(words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    train_lines(LineConfig(dataset=str(words), output_dir=str(folder), **TINY))
    return folder


def test_what_a_run_leaves_behind(unbroken: Path) -> None:
    results = json.loads((unbroken / "results.json").read_text())
    assert results["task"] == "lines" and results["train"]["steps"] == 6
    assert results["train"]["left_out"] == {"]": 1}
    assert {"strokes.npz", "fonts", "byclass/train.parquet"} <= set(results["train"]["missing"])
    assert results["test"]["all"]["words"] > 0 and 0 <= results["calibration"]["ece"] <= 1
    card = (unbroken / "README.md").read_text()
    assert "UNIPEN" in card and "CC BY 4.0" in card and "--task lines" in card
    assert all(
        v.dtype == np.float16 for n, v in load_file(unbroken / "model.safetensors").items() if "running" not in n
    )
    engine = LineEngine(read_line_checkpoint(unbroken))  # no graph of this shape: torch runs it
    (columns,) = engine.run([np.zeros((48, 61), np.uint8)])
    assert columns.shape == (16, len(LINE_ALPHABET) + 1)
    assert np.allclose(np.exp(columns).sum(axis=1), 1, atol=1e-5)


def test_a_killed_run_resumes_to_the_same_weights(
    words: Path, unbroken: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    step = LineRun.train_step

    def killed(run: LineRun, batch: Any) -> Any:
        if run.progress.step == 5:
            raise KeyboardInterrupt
        return step(run, batch)

    settings = {"dataset": str(words), "output_dir": str(tmp_path)} | TINY
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LineRun, "train_step", killed)
        train_lines(LineConfig(**settings))
    train_lines(LineConfig(**settings, resume_from_checkpoint="latest"))
    first, second = (load_file(folder / "model.safetensors") for folder in (unbroken, tmp_path))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_script_takes_the_task(words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text("".join(f"{name}: {value}\n" for name, value in TINY.items()))
    flags = ["--task", "lines", "--recipe", str(recipe), "--dataset", str(words), "--output_dir", str(tmp_path / "run")]
    assert script.main([*flags, "--max_train_steps", "2"]) == 0
    said = capsys.readouterr().out
    assert "not there and left out" in said and "Character error rate" in said
    assert script.main(["--task", "lines", "--dataset", str(tmp_path / "nothing")]) == 1
    assert "words_train.npz" in capsys.readouterr().err


@pytest.mark.parametrize(
    "setting, said",
    [
        ({"checkpointing_steps": "epoch"}, "give a number of steps"),
        ({"max_train_steps": 0}, "from 1 to"),
        ({"words_share": 1.5}, "a share from 0 to 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(words: Path, setting: dict[str, Any], said: str) -> None:
    with pytest.raises(EmnistError, match=said):
        LineConfig(dataset=str(words), **setting)


def test_a_folder_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmnistError, match=r"words_train\.npz"):
        train_lines(LineConfig(dataset=str(tmp_path), output_dir=str(tmp_path / "run"), **TINY))
