"""train.py itself, on small data: what it writes, that it resumes exactly, that it stops with a sentence."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import train as command
from emnist_hf.data.rows import DataError
from emnist_hf.evaluation.evaluate import EvaluateConfig, evaluate_checkpoint
from emnist_hf.evaluation.seen import load_learnt, load_seen, save_seen, short_hashes
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARSETS
from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.loop import train
from emnist_hf.training.run_data import prepare_data
from emnist_hf.training.run_state import save_state
from tests.support.drawn import draw_rows
from tests.support.launch import accelerate_launch, torchrun
from tests.support.training import quick_config, quick_flags


def test_what_a_run_leaves_behind(unbroken: Path) -> None:
    results = json.loads((unbroken / "results.json").read_text())
    assert results["split"] == "digits"
    modes = {path.name: path.stat().st_mode for path in unbroken.iterdir() if path.is_file()}
    assert set(modes.values()) == {modes["results.json"]}, "one who may read one file may read all"
    assert results["test"]["rows"] == 40 and results["test"]["official"] is False
    assert results["train"]["rows"] == {"train": 190}  # 240 less a fifth of each class, rounded
    assert len(results["train"]["history"]) == 2 and results["train"]["images_per_second"] > 0
    # On a CPU auto is float32, however fast the machine is in bfloat16: the same command gives the same weights.
    assert results["settings"]["mixed_precision"] == "auto" and results["train"]["mixed_precision"] == "no"
    assert results["settings"]["augmentation"]["rotation"] == Augmentation().rotation
    for picture in ("confusion.png", "calibration.png", "curve.png"):
        assert (unbroken / picture).read_bytes().startswith(b"\x89PNG")
    assert sum(entry["rows"] for entry in results["test"]["calibration"]) == 40
    card = (unbroken / "README.md").read_text()
    assert "Most frequent mistakes: " in card and "(calibration.png)" in card
    assert f"{results['test']['accuracy']:.4f}" in card and "not the official Digits test" in card
    assert list(unbroken.rglob("events.out.tfevents*"))


def test_the_card_passes_the_hubs_own_checks(unbroken: Path) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard.load(unbroken / "README.md")
    assert card.data.license == "apache-2.0" and card.data.pipeline_tag == "image-classification"
    results = json.loads((unbroken / "results.json").read_text())
    assert card.data.eval_results[0].metric_value == pytest.approx(results["test"]["accuracy"], abs=1e-5)


def evaluate(dataset: Path, checkpoint: Path) -> dict[str, Any]:
    config = EvaluateConfig("digits", str(dataset), str(checkpoint))
    return evaluate_checkpoint(config, Recognizer.from_pretrained(checkpoint))


def test_evaluation_agrees_with_the_run(unbroken: Path, small_emnist: Path) -> None:
    results = json.loads((unbroken / "results.json").read_text())
    report = evaluate(small_emnist, unbroken)
    assert report["accuracy"] == results["test"]["accuracy"]
    assert report["nll"] == pytest.approx(results["test"]["nll"], abs=1e-4)


@pytest.mark.security(30)
def test_a_checkpoint_is_not_scored_on_its_training_rows(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    learnt = tmp_path / "digits" / "test.parquet"
    learnt.parent.mkdir()
    learnt.write_bytes((small_emnist / "digits" / "train.parquet").read_bytes())
    with pytest.raises(DataError, match="was trained on 190 of these 240 rows"):
        evaluate(tmp_path, unbroken)


def test_a_run_can_start_from_a_checkpoint(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    """Digits' weights go on to Letters: the layers come along, the last one is made anew."""
    changes = {"split": "letters", "learning_rate": 1e-9, "max_train_samples": 64}
    results = train(quick_config(small_emnist, tmp_path, model_name_or_path=str(unbroken), **changes))
    assert results["model"]["started_from"] == unbroken.name
    before, after = (load_file(folder / "model.safetensors") for folder in (unbroken, tmp_path))
    assert torch.allclose(before["layer4.0.conv1.weight"], after["layer4.0.conv1.weight"], atol=1e-5)
    assert after["fc.weight"].shape == (26, 8)


class Interrupted(Exception):
    """What stops a run in this process."""


def kill(arguments: list[str], output: Path) -> None:
    """Run train.py in a process of its own, forked, and kill it as soon as a checkpoint is there."""
    process = multiprocessing.get_context("fork").Process(target=command.main, args=(arguments,))
    process.start()
    deadline = time.monotonic() + 200
    while not list(output.glob("checkpoints/step-*[0-9]")) and process.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "it ended before it was killed"


def interrupt(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run train.py in this process until its first checkpoint is there."""

    def save_and_stop(*given: Any) -> None:
        save_state(*given)
        raise Interrupted

    with monkeypatch.context() as changed, pytest.raises(Interrupted):
        changed.setattr("emnist_hf.training.loop.save_state", save_and_stop)
        command.main(arguments)


@pytest.mark.security(29)
@pytest.mark.parametrize("steps", ["3", "5", "epoch"])
def test_a_killed_run_resumes_to_the_same_result(
    unbroken: Path,
    small_emnist: Path,
    tmp_path: Path,
    steps: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Killed as soon as a checkpoint is there: in mid-epoch, before an epoch's end (5 steps) is scored, and after.

    In mid-epoch it is the process that is killed, and a launcher of Accelerate's that starts it again.
    """
    output = tmp_path / "killed"
    arguments = quick_flags(small_emnist, output, num_train_epochs=2, checkpointing_steps=steps)
    if steps == "3":
        kill(arguments, output)
    else:
        interrupt(arguments, monkeypatch)
    assert list(output.glob("checkpoints/step-*[0-9]")), "the run was killed before its first checkpoint"
    assert not (output / "results.json").exists(), "the run ended before it was killed"
    arguments += ["--resume_from_checkpoint", "latest"]
    capfd.readouterr()
    if steps == "3":
        assert accelerate_launch("--num_processes", "1", "train.py", *arguments) == 0
    else:
        assert command.main(arguments) == 0
    shown, progress = capfd.readouterr()
    lines = shown.splitlines()
    assert lines[0].startswith(f"Resumed from {output}/checkpoints/step-0000000{steps.replace('epoch', '5')}: epoch ")
    assert lines[-2].startswith("epoch 2/2: training loss ") and lines[-1].startswith("Accuracy 0.")
    assert "img/s" in progress
    whole, mended = (load_file(folder / "model.safetensors") for folder in (unbroken, output))
    assert all(torch.equal(whole[name], mended[name]) for name in whole)
    first, second = (json.loads((folder / "results.json").read_text()) for folder in (unbroken, output))
    assert first["test"] == second["test"] and first["validation"] == second["validation"]


def test_two_processes_give_the_same_kind_of_result(
    unbroken: Path, small_emnist: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "two"
    settings = {"num_train_epochs": 2, "per_device_train_batch_size": 16}  # a process: the step has the same 32 rows
    arguments = quick_flags(small_emnist, output, **settings)
    assert torchrun("--standalone", "--nproc_per_node", "2", "train.py", *arguments) == 0
    assert len(re.findall("^epoch ", capfd.readouterr().out, re.MULTILINE)) == 2, "one process tells"
    one, two = (json.loads((folder / "results.json").read_text()) for folder in (unbroken, output))
    assert two["train"]["processes"] == 2
    assert two["train"]["steps"] == one["train"]["steps"]
    assert abs(two["train"]["history"][-1]["train_loss"] - one["train"]["history"][-1]["train_loss"]) < 0.3
    # What is reported is what was saved: the processes gather different running statistics, and one's are kept.
    saved = evaluate(small_emnist, output)
    assert saved["nll"] == pytest.approx(two["test"]["nll"], abs=1e-5)
    assert saved["accuracy"] == two["test"]["accuracy"]


def test_an_earlier_run_is_not_overwritten(unbroken: Path, small_emnist: Path) -> None:
    with pytest.raises(TrainingError, match="--overwrite_output_dir"):
        train(quick_config(small_emnist, unbroken))


def test_a_mistyped_data_set_costs_no_earlier_run(small_emnist: Path, tmp_path: Path) -> None:
    """What an earlier run left is thrown away only once the new one can begin."""
    earlier = tmp_path / "checkpoints" / "step-00000999"
    earlier.mkdir(parents=True)
    config = quick_config(Path("/none"), tmp_path, overwrite_output_dir=True)
    with pytest.raises(DataError, match="no file or folder"):
        train(config)
    assert earlier.is_dir()
    train(replace(config, dataset=str(small_emnist), max_train_samples=64))
    assert not earlier.exists() and (tmp_path / "results.json").is_file()


def test_what_the_parent_learnt_from_is_not_scored(
    unbroken: Path, small_emnist: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Starting from a checkpoint, its training rows leave the validation rows, and must not be test rows."""
    config = quick_config(small_emnist, tmp_path / "a", model_name_or_path=str(unbroken), validation_fraction=0.5)
    data = prepare_data(config)
    parent = load_seen(unbroken)
    assert parent is not None and data.seen is not None and set(parent) <= set(data.seen)
    assert not np.isin(short_hashes(data.validation.images), parent).any()
    assert re.search(rf"learnt from .* of the .* validation rows: {len(data.validation)} are left", caplog.text)
    few = prepare_data(replace(config, max_eval_samples=len(data.validation) - 1))
    assert len(few.validation) == len(data.validation) - 1
    swapped = tmp_path / "digits"
    swapped.mkdir()
    for part, other in (("train", "test"), ("test", "train")):
        (swapped / f"{part}.parquet").write_bytes((small_emnist / "digits" / f"{other}.parquet").read_bytes())
    with pytest.raises(DataError, match="of the test rows"):
        prepare_data(replace(config, dataset=str(tmp_path)))


def test_what_only_a_teacher_has_seen_may_be_validated_by(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    """A teacher of the parent has seen the parent's validation rows: the parent itself has not, so they stay."""
    own, every = load_learnt(unbroken), load_seen(unbroken)
    assert own is not None and every is not None and set(own) == set(every)  # it had no teacher
    student = tmp_path / "student"
    shutil.copytree(unbroken, student, ignore=shutil.ignore_patterns("checkpoints"))
    config = quick_config(small_emnist, tmp_path / "run", validation_fraction=0.5, seed=3)
    rows = short_hashes(prepare_data(config).validation.images)
    save_seen(np.union1d(every, rows), student, learnt=np.setdiff1d(own, rows))
    learnt, seen = load_learnt(student), load_seen(student)
    assert learnt is not None and not set(learnt) & set(rows) and seen is not None and set(rows) <= set(seen)
    going_on = prepare_data(replace(config, model_name_or_path=str(student)))
    assert len(going_on.validation) == len(rows)
    assert going_on.seen is not None and set(rows) <= set(going_on.seen)
    assert going_on.learnt is not None and not set(rows) & set(going_on.learnt)


def going_on(dataset: Path, parent: Path, output: Path, **changes: Any) -> TrainConfig:
    """One epoch more from a checkpoint, with other validation rows."""
    return quick_config(dataset, output, model_name_or_path=str(parent), validation_fraction=0.5, seed=3, **changes)


def test_weights_lie_between_those_before_and_after(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    train(going_on(small_emnist, unbroken, tmp_path / "after"))
    train(going_on(small_emnist, unbroken, tmp_path / "between", parent_weight=0.25))
    before, after, between = (
        load_file(folder / "model.safetensors") for folder in (unbroken, tmp_path / "after", tmp_path / "between")
    )
    assert "keeps a share of 0.25 in the weights" in (tmp_path / "between/README.md").read_text()
    calibrated = {"fc.weight", "fc.bias"}  # by a temperature and biases of its own
    for name in set(before) - calibrated:
        if before[name].is_floating_point():
            torch.testing.assert_close(between[name], torch.lerp(after[name], before[name], 0.25))
    assert not torch.equal(before["conv1.0.weight"], after["conv1.0.weight"])


def test_the_mean_of_a_resumed_run_is_with_the_same_weights(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    shutil.copytree(unbroken, parent, ignore=shutil.ignore_patterns("checkpoints"))
    config = going_on(small_emnist, parent, tmp_path / "run", parent_weight=0.5)
    train(config)
    resumed = replace(config, resume_from_checkpoint="latest")
    train(resumed)
    weights = load_file(parent / "model.safetensors")
    save_file({name: value * 1.5 for name, value in weights.items()}, parent / "model.safetensors", {"format": "pt"})
    with pytest.raises(TrainingError, match="other settings of weights of model_name_or_path"):
        train(resumed)


@pytest.mark.security(32)
def test_a_loss_that_is_no_number_stops_the_run(
    small_emnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(quick_flags(small_emnist, tmp_path, learning_rate=1e30, num_train_epochs=3)) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert re.match(r"train.py: The (loss is nan|weights are no longer numbers) at step", message)
    assert "--learning_rate" in message
    assert not (tmp_path / "results.json").exists()


def test_resuming_with_other_settings_is_refused(unbroken: Path, small_emnist: Path) -> None:
    with pytest.raises(TrainingError, match="seed"):
        train(quick_config(small_emnist, unbroken, seed=5, resume_from_checkpoint="latest"))


def test_real_rows_are_learnt(real_byclass: Path, tmp_path: Path) -> None:
    """Twelve hundred real characters of 62 classes, three short epochs: far better than the 5 % of a guess."""
    settings = {"split": "byclass", "max_train_samples": 1200, "max_eval_samples": 500, "num_train_epochs": 3}
    settings |= {"ema_decay": 0.95, "model_args": "{}", "validation_fraction": 0.05}
    results = train(quick_config(real_byclass, tmp_path, **settings))
    assert results["test"]["accuracy"] > 0.4 and results["test"]["official"] is False
    glyphs = draw_rows(CHARSETS["byclass"], 1).images
    assert Recognizer.from_pretrained(tmp_path).predict_proba(glyphs).shape == (62, 62)
