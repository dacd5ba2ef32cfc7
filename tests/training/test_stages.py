"""Recipes of several stages: what they draw, what they make, and that a run that is stopped ends as one that is not."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import train as command
from emnist_hf.data.drawn import DONE
from emnist_hf.data.font_rows import HELD_OUT, accented_glyphs, characters_of, font_rows
from emnist_hf.data.sources import load_rows
from emnist_hf.training.loop import save_state, train
from emnist_hf.training.outliers import PUNCTUATION
from tests.support.drawn import small_strokes
from tests.support.launch import forked
from tests.support.server import ROOT
from tests.support.strokes import STROKES
from tests.support.words import write_characters

FONTS = sorted((ROOT / "tests/support/handwriting").glob("*/*.ttf"))

RECIPE = """
split: digits
model_args: {channels: [8, 8, 8, 8], stem_width: 8}
image_size: 28
per_device_train_batch_size: 32
validation_fraction: 0.2
checkpointing_steps: "3"
cpu: true
draw: {variants: 1, hands: 0, context: 1, fonts: 1, signs: 1}
extra_data: ["unipen_context_train.parquet:1:digits", "fonts_train.parquet:0.2:digits"]
reject_data: [signs_train.npy]
reject_validation_data: [signs_validation.npy]
stages:
  first:
    num_train_epochs: 1
  second:
    num_train_epochs: 1
    seed: 1
    teacher_name_or_path: [first]
"""


@pytest.fixture(scope="session")
def source(small_emnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with what recipes draw from beside it."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(small_emnist, folder, dirs_exist_ok=True)
    small_strokes(folder / "strokes.npz")
    write_characters(folder / "in_context.npz", {**STROKES, "+": [[(0, 0.5), (1, 0.5)], [(0.5, 0), (0.5, 1)]]})
    signs = {
        name: [[tuple(map(float, point.split(","))) for point in line.split()] for line in text.split("|")]
        for name, text in PUNCTUATION.items()
        if len(name) == 1
    }
    write_characters(folder / "signs.npz", signs)
    (folder / "fonts").mkdir()
    for name, path in zip((f"{HELD_OUT[0]}.ttf", "learnt.ttf"), FONTS):
        shutil.copy(path, folder / "fonts" / name)
    return folder


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "two.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def flags(recipe: Path, source: Path, output: Path) -> list[str]:
    return ["--recipe", str(recipe), "--dataset", str(source), "--output_dir", str(output)]


@pytest.fixture(scope="session")
def whole(recipe: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped."""
    output = tmp_path_factory.mktemp("staged") / "whole"
    assert command.main(flags(recipe, source, output)) == 0
    return output


def test_one_command_draws_trains_and_says_how(whole: Path, recipe: Path) -> None:
    results = json.loads((whole / "results.json").read_text())
    made = results["recipe"]
    digest = hashlib.sha256((whole / "model.safetensors").read_bytes()).hexdigest()
    assert made["weights_sha256"] == digest == made["stages"]["second"]["weights_sha256"]
    assert made["sha256"] == hashlib.sha256(recipe.read_bytes()).hexdigest() and made["name"] == "two.yaml"
    assert list(made["stages"]) == ["first", "second"] and made["seconds"] > 0
    assert all("accuracy" in stage["history"][-1] for stage in made["stages"].values())
    assert results["model"]["teachers"] == [str(whole / "stages/first")] or results["model"]["teachers"] == ["first"]
    card = (whole / "README.md").read_text()
    assert digest in card and "two.yaml" in card and "UNIPEN" in card and "open handwriting fonts" in card
    assert results["not_a_character"]["signs"] == len(np.load(whole / "drawn/signs_validation.npy"))
    drawn = json.loads((whole / "drawn" / DONE).read_text())["rows"]
    context = load_rows(whole / "drawn/unipen_context_train.parquet")
    assert len(context) == drawn["unipen_context_train.parquet"] and len(context) % (2 * len(STROKES)) == 0


class Stopped(Exception):
    """What stops a run in this process."""


def stop_after(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[..., Any]) -> pytest.MonkeyPatch:
    def done(*given: Any, **named: Any) -> None:
        act(*given, **named)
        raise Stopped

    monkeypatch.setattr(name, done)
    return monkeypatch


def test_a_recipe_that_is_stopped_goes_on_to_the_same_weights(
    whole: Path, recipe: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the first stage, between the two, and within the second."""
    output = tmp_path / "stopped"
    shutil.copytree(whole / "drawn", output / "drawn")  # the same, drawn once
    within, between = "emnist_hf.training.loop.save_state", "emnist_hf.training.stages.train"
    for name, act in ((within, save_state), (between, train), (within, save_state)):
        with monkeypatch.context() as changed, pytest.raises(Stopped):
            stop_after(changed, name, act)
            command.main(flags(recipe, source, output))
    assert command.main(flags(recipe, source, output)) == 0
    one, other = (load_file(folder / "model.safetensors") for folder in (whole, output))
    assert all(torch.equal(one[name], other[name]) for name in one)
    before = (output / "model.safetensors").stat().st_mtime_ns
    assert command.main(flags(recipe, source, output)) == 0, "a recipe that is done stays as it is"
    assert (output / "model.safetensors").stat().st_mtime_ns == before


def test_two_processes_follow_a_recipe(whole: Path, recipe: Path, source: Path, tmp_path: Path) -> None:
    output = tmp_path / "two"
    shutil.copytree(whole / "drawn", output / "drawn")
    arguments = flags(recipe, source, output)
    forked(command.main, *arguments)
    stages = json.loads((output / "results.json").read_text())["recipe"]["stages"]
    assert [stage["processes"] for stage in stages.values()] == [2, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("stages:", "stages: 3\nrest:"), "no stages"),
        (("seed: 1", "sead: 1"), "sets sead"),
        (("fonts: 1", "fonts: many"), "sets fonts to 'many': give a whole number"),
        (("seed: 1", "mixed_precision: bf16"), "changes mixed_precision"),
        (("[first]", "[third]"), "third"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_trained(
    change: tuple[str, str], said: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(RECIPE.replace(*change), encoding="utf-8")
    assert command.main(flags(path, source, tmp_path / "output")) == 1
    assert said in capsys.readouterr().err and not (tmp_path / "output/stages/first/results.json").exists()


def test_what_is_missing_or_was_made_otherwise_is_said(
    whole: Path, source: Path, small_emnist: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(flags(recipe, small_emnist, tmp_path)) == 1
    assert "has no strokes.npz: put it there (UNIPEN's characters)" in capsys.readouterr().err
    assert command.main([*flags(recipe, source, whole), "--learning_rate", "0.001"]) == 1
    assert "holds a run with other settings of learning_rate" in capsys.readouterr().err


def test_fonts_are_drawn_by_many_hands() -> None:
    font = FONTS[0]
    rows = font_rows([font], 2)
    known = characters_of(font)
    assert len(rows) == 2 * len(known) and len(known) in (36, 62)
    images = np.asarray(rows.images)
    assert (images.max(axis=(1, 2)) == 255).all()
    assert not np.array_equal(images[0], images[len(known)]), "no picture twice"
    assert np.array_equal(images, np.asarray(font_rows([font], 2).images)), "the same for the same seed"
    assert len(accented_glyphs([font], 3)) % 3 == 0
