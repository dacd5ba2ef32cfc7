"""What train.py is told: its flags and recipes, and the sentences about wrong ones."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import train as command
from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import PushConfig, TrainConfig, TrainingError, read_recipe
from emnist_hf.training.line_config import LineConfig
from emnist_hf.training.stages import has_stages, read_stages
from tests.support.server import ROOT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Say where the data is"),
        (["--dataset", "/none"], "no file or folder"),
        (["--dataset", "/none", "--split", "numbers"], "There is no split 'numbers'"),
        (["--dataset", "/none", "--learning_rate", "-1"], "--learning_rate is -1.0"),
        (["--dataset", "/none", "--mixup", "-0.2"], "--mixup is -0.2"),
        (["--dataset", "/none", "--rotation", "nan"], "Augmentation rotation is nan"),
        (["--dataset", "/none", "--model_args", "[1]"], "--model_args"),
        (["--dataset", "/none", "--model_args", '{"channels": [8, 16]}'], "cannot read input of 56 pixels"),
        (["--dataset", "/none", "--image_size", "3"], "--image_size is 3: give 8 to 512 pixels"),
        (["--dataset", "/none", "--start_image_size", "600"], "--start_image_size is 600"),
        (["--dataset", "/none", "--checkpointing_steps", "0"], "--checkpointing_steps"),
        (["--dataset", "/none", "--max_train_samples", "-1"], "--max_train_samples is -1: give at least 1"),
        (["--dataset", "/none", "--label_smoothing_factor", "1"], "is 1.0: give a share from 0 to below 1"),
        (["--dataset", "/none", "--teacher_temperature", "nan"], "--teacher_temperature is nan: give a number above 0"),
        (["--dataset", "/none", "--seed", "-1"], "--seed is -1: give 0 to 4294967295"),
        (["--dataset", "/none", "--with_tracking", "--report_to", "nobody"], "The tracker 'nobody' is not installed"),
        (["--dataset", "/none", "--parent_weight", "0.5"], "--parent_weight needs a checkpoint to start from"),
        (["--dataset", "/none", "--parent_weight", "1", "--model_name_or_path", "mnist"], "--parent_weight is 1.0"),
        (["--dataset", "/none", "--parent_weight", "0.5", "--model_name_or_path", "mnist"], "mnist knows other labels"),
        (["--recipe", "/none.yaml"], "There is no recipe"),
    ],
)
def test_wrong_arguments_give_a_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*arguments, "--output_dir", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert said in lines[-1] and not any("Traceback" in line for line in lines)


def test_an_unknown_flag_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["--dataset", "/none", "--bogus", "1"])
    assert stopped.value.code == 2 and "there is no --bogus 1: see train.py --help" in capsys.readouterr().err


def test_help_explains_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    said = " ".join(capsys.readouterr().out.partition("options:")[2].split())
    for setting in fields(TrainConfig) + fields(Augmentation) + fields(PushConfig):
        assert re.search(rf"--{setting.name}\b", said)
        assert setting.metadata.get("help"), setting.name
    assert "highest learning rate of AdamW (default: 0.003)" in said
    assert "up to so many degrees; 0 for none (default: 12.0)" in said


def test_a_wrong_name_is_noticed_before_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both are missing: what is quick to look for is looked for first."""
    arguments = ["--dataset", "/none", "--output_dir", str(tmp_path), "--cpu", "--model_name_or_path"]
    assert command.main([*arguments, str(tmp_path / "nobody")]) == 1
    assert "nobody" in capsys.readouterr().err


def test_the_recipe_of_lines_is_settings_of_train() -> None:
    settings = read_recipe(ROOT / "recipes/lines.yaml", (LineConfig,))
    assert settings["width"] == 176 and settings["max_train_steps"] == 9400
    with pytest.raises(TrainingError, match="does not have"):
        read_recipe(ROOT / "recipes/lines.yaml")


RECIPES = sorted(path for path in (ROOT / "recipes").glob("*.yaml") if path.stem != "lines")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_recipes_are_settings_of_train(recipe: Path) -> None:
    if has_stages(str(recipe)):
        own = {"dataset": "SOURCE"}
        staged = read_stages(str(recipe), lambda settings: command.parse([], command.SETTINGS, settings | own)[:2])
        settings = vars(staged.stages[-1].config)
    else:
        settings = read_recipe(str(recipe))
    assert settings["split"] == ("byclass" if recipe.stem == "ablation" else recipe.stem.split("-")[0])


def test_a_recipe_with_an_unknown_setting(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("split: digits\nlerning_rate: 1\n")
    with pytest.raises(TrainingError, match="lerning_rate"):
        read_recipe(str(tmp_path / "r.yaml"))
    (tmp_path / "r.yaml").write_text("split: [\n")
    with pytest.raises(TrainingError, match="no YAML file"):
        read_recipe(str(tmp_path / "r.yaml"))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("num_train_epochs: 1.5", "a whole number"),
        ("num_train_epochs: many", "a whole number"),
        ("num_train_epochs: true", "a whole number"),
        ("learning_rate: true", "a number"),
        ("learning_rate: [0.1]", "a number"),
        ("rotation: .inf.", "a number"),
        ("cpu: 1", "true or false"),
        ("architecture: [a]", "a text"),
        ("extra_data: [{a: 1}]", "a text"),
        ("mixed_precision: half", "auto, no, bf16, fp16"),
    ],
)
def test_a_recipe_with_a_wrong_value(line: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(f"split: digits\n{line}\n")
    with pytest.raises(TrainingError, match=f"sets {line.partition(':')[0]} to .*: give {wanted}"):
        read_recipe(str(tmp_path / "r.yaml"))


def test_a_recipe_as_yaml_reads_it(tmp_path: Path) -> None:
    """Bare numbers where a text is wanted, a bare no, a single text for a list, a mapping for JSON."""
    lines = ["checkpointing_steps: 50", "mixed_precision: no", "extra_data: a.parquet", "learning_rate: 3e-3"]
    lines += ["num_train_epochs: 2.0", "max_train_samples: null", "model_args: {stem_width: 8}"]
    (tmp_path / "r.yaml").write_text("\n".join(lines))
    assert read_recipe(str(tmp_path / "r.yaml")) == {
        "checkpointing_steps": "50",
        "mixed_precision": "no",
        "extra_data": ["a.parquet"],
        "learning_rate": 0.003,
        "num_train_epochs": 2,
        "max_train_samples": None,
        "model_args": '{"stem_width": 8}',
    }
