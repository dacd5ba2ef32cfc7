"""train.py itself, on small data: what it writes, that it resumes exactly, that it stops with a sentence."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import train as command
from emnist_hf.data.rows import DataError, hash_images
from emnist_hf.evaluation.evaluate import EvaluateConfig, evaluate_checkpoint
from emnist_hf.evaluation.seen import load_learnt, load_seen, save_seen, short_hashes
from emnist_hf.models.checkpoint import normalise
from emnist_hf.models.network import create_model, to_input
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARSETS, SHAPE_SET, fold_shape
from emnist_hf.training.augment import NONE, Augmentation, augment, mix
from emnist_hf.training.config import PushConfig, TrainConfig, TrainingError
from emnist_hf.training.loop import _renew_statistics, train
from emnist_hf.training.run_data import prepare_data
from emnist_hf.training.sampling import (
    MixtureSampler,
    PartialLabelDataset,
    Source,
    carve_validation,
    label_loss,
    logit_adjustment,
    parse_source,
    partial_label_loss,
)
from tests.support.drawn import draw_rows, write_parquet
from tests.support.server import ROOT

SMALL = ["--image_size", "28", "--per_device_train_batch_size", "32", "--validation_fraction", "0.2"]
SMALL += ["--mixed_precision", "no", "--cpu"]  # auto is decided by timing, and runs are compared bit by bit


def flags(dataset: Path, output: Path, *more: str) -> list[str]:
    return ["--split", "digits", "--dataset", str(dataset), "--output_dir", str(output), *SMALL, *more]


def run(arguments: list[str], launcher: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run train.py as a user does. One thread, so that results do not depend on what else the machine does."""
    return subprocess.run(
        [sys.executable, *launcher, "train.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.fixture(scope="module")
def unbroken(small_emnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of train.py, never interrupted."""
    output = tmp_path_factory.mktemp("runs") / "unbroken"
    done = run(flags(small_emnist, output, "--num_train_epochs", "2", "--with_tracking"))
    assert done.returncode == 0, done.stderr
    assert "Accuracy 0." in done.stdout and "img/s" in done.stderr
    return output


def test_what_a_run_leaves_behind(unbroken: Path) -> None:
    results = json.loads((unbroken / "results.json").read_text())
    assert results["split"] == "digits"
    modes = {path.name: path.stat().st_mode for path in unbroken.iterdir() if path.is_file()}
    assert set(modes.values()) == {modes["results.json"]}, "one who may read one file may read all"
    assert results["test"]["rows"] == 40 and results["test"]["official"] is False
    assert results["train"]["rows"] == {"train": 190}  # 240 less a fifth of each class, rounded
    assert len(results["train"]["history"]) == 2 and results["train"]["images_per_second"] > 0
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


def test_evaluation_agrees_with_the_run(unbroken: Path, small_emnist: Path) -> None:
    results = json.loads((unbroken / "results.json").read_text())
    report = evaluate_checkpoint(EvaluateConfig("digits", str(small_emnist), str(unbroken)))
    assert report["accuracy"] == results["test"]["accuracy"]
    assert report["nll"] == pytest.approx(results["test"]["nll"], abs=1e-4)


@pytest.mark.security(30)
def test_a_checkpoint_is_not_scored_on_its_training_rows(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    learnt = tmp_path / "digits" / "test.parquet"
    learnt.parent.mkdir()
    learnt.write_bytes((small_emnist / "digits" / "train.parquet").read_bytes())
    with pytest.raises(DataError, match="was trained on 190 of these 240 rows"):
        evaluate_checkpoint(EvaluateConfig("digits", str(tmp_path), str(unbroken)))


def test_a_run_can_start_from_a_checkpoint(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    """Digits' weights go on to Letters: the layers come along, the last one is made anew."""
    config = TrainConfig(
        split="letters",
        dataset=str(small_emnist),
        output_dir=str(tmp_path),
        model_name_or_path=str(unbroken),
        image_size=28,
        num_train_epochs=1,
        learning_rate=1e-9,
        max_train_samples=64,
        per_device_train_batch_size=32,
        cpu=True,
    )
    results = train(config)
    assert results["model"]["started_from"] == unbroken.name
    before, after = (load_file(folder / "model.safetensors") for folder in (unbroken, tmp_path))
    assert torch.allclose(before["layer4.0.conv1.weight"], after["layer4.0.conv1.weight"], atol=1e-5)
    assert after["fc.weight"].shape == (26, 256)


@pytest.mark.security(29)
@pytest.mark.parametrize("steps", ["3", "5", "epoch"])
def test_a_killed_run_resumes_to_the_same_result(
    unbroken: Path, small_emnist: Path, tmp_path: Path, steps: str
) -> None:
    """Killed as soon as a checkpoint is there: in mid-epoch, before an epoch's end (5 steps) is scored, and after."""
    output = tmp_path / "killed"
    arguments = flags(small_emnist, output, "--num_train_epochs", "2", "--checkpointing_steps", steps)
    process = subprocess.Popen(
        [sys.executable, "train.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 200
    while not list(output.glob("checkpoints/step-*[0-9]")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(output.glob("checkpoints/step-*[0-9]")), "the run was killed before its first checkpoint"
    assert not (output / "results.json").exists(), "the run ended before it was killed"

    resumed = run([*arguments, "--resume_from_checkpoint", "latest"])
    assert resumed.returncode == 0, resumed.stderr
    assert "Resumed from" in resumed.stdout
    whole, mended = (load_file(folder / "model.safetensors") for folder in (unbroken, output))
    assert all(torch.equal(whole[name], mended[name]) for name in whole)
    first, second = (json.loads((folder / "results.json").read_text()) for folder in (unbroken, output))
    assert first["test"] == second["test"] and first["validation"] == second["validation"]


def test_two_processes_give_the_same_kind_of_result(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    arguments = flags(small_emnist, tmp_path / "two", "--num_train_epochs", "2")
    arguments[arguments.index("32")] = "16"  # a process: the step has the same 32 rows
    done = run(arguments, launcher)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((folder / "results.json").read_text()) for folder in (unbroken, tmp_path / "two"))
    assert two["train"]["processes"] == 2
    assert two["train"]["steps"] == one["train"]["steps"]
    assert abs(two["train"]["history"][-1]["train_loss"] - one["train"]["history"][-1]["train_loss"]) < 0.3
    # What is reported is what was saved: the processes gather different running statistics, and one's are kept.
    saved = evaluate_checkpoint(EvaluateConfig("digits", str(small_emnist), str(tmp_path / "two")))
    assert saved["nll"] == pytest.approx(two["test"]["nll"], abs=1e-5)
    assert saved["accuracy"] == two["test"]["accuracy"]


def test_processes_share_out_the_rows() -> None:
    """Of two processes each takes every other batch of the same order."""
    from accelerate.data_loader import prepare_data_loader
    from torch.utils.data import DataLoader, default_convert

    rows = draw_rows(CHARSETS["digits"], 4)
    dataset, sampler = (
        PartialLabelDataset([Source("a", rows)], CHARSETS["digits"]),
        MixtureSampler([Source("a", rows)], seed=1),
    )
    loader = DataLoader(dataset, batch_size=10, sampler=sampler, collate_fn=default_convert, drop_last=True)
    shares = [
        torch.cat([batch[0] for batch in prepare_data_loader(loader, num_processes=2, process_index=index)])
        for index in range(2)
    ]
    assert [len(share) for share in shares] == [20, 20]
    seen = hash_images(torch.cat(shares).numpy())
    assert len(np.unique(seen)) == len(np.unique(hash_images(rows.images))) == 40


def test_an_earlier_run_is_not_overwritten(unbroken: Path, small_emnist: Path) -> None:
    with pytest.raises(TrainingError, match="--overwrite_output_dir"):
        train(TrainConfig(split="digits", dataset=str(small_emnist), output_dir=str(unbroken), cpu=True))


def test_a_mistyped_data_set_costs_no_earlier_run(small_emnist: Path, tmp_path: Path) -> None:
    """What an earlier run left is thrown away only once the new one can begin."""
    earlier = tmp_path / "checkpoints" / "step-00000999"
    earlier.mkdir(parents=True)
    config = TrainConfig(
        split="digits", dataset="/none", output_dir=str(tmp_path), overwrite_output_dir=True, image_size=28, cpu=True
    )
    with pytest.raises(DataError, match="no file or folder"):
        train(config)
    assert earlier.is_dir()
    train(replace(config, dataset=str(small_emnist), num_train_epochs=1, validation_fraction=0.2, max_train_samples=64))
    assert not earlier.exists() and (tmp_path / "results.json").is_file()


def test_what_the_parent_learnt_from_is_not_scored(
    unbroken: Path, small_emnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Starting from a checkpoint, its training rows leave the validation rows, and must not be test rows."""
    config = TrainConfig(
        split="digits",
        dataset=str(small_emnist),
        output_dir=str(tmp_path / "a"),
        model_name_or_path=str(unbroken),
        validation_fraction=0.5,
    )
    data = prepare_data(config)
    parent = load_seen(unbroken)
    assert parent is not None and data.seen is not None and set(parent) <= set(data.seen)
    assert not np.isin(short_hashes(data.validation.images), parent).any()
    said = capsys.readouterr().out
    assert re.search(rf"learnt from .* of the .* validation rows: {len(data.validation)} are left", said)
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
    config = TrainConfig(split="digits", dataset=str(small_emnist), validation_fraction=0.5, seed=3)
    rows = short_hashes(prepare_data(config).validation.images)
    save_seen(np.union1d(every, rows), student, learnt=np.setdiff1d(own, rows))
    learnt, seen = load_learnt(student), load_seen(student)
    assert learnt is not None and not set(learnt) & set(rows) and seen is not None and set(rows) <= set(seen)
    going_on = prepare_data(replace(config, model_name_or_path=str(student)))
    assert len(going_on.validation) == len(rows)
    assert going_on.seen is not None and set(rows) <= set(going_on.seen)
    assert going_on.learnt is not None and not set(rows) & set(going_on.learnt)


def going_on(dataset: Path, parent: Path, output: Path) -> TrainConfig:
    """One epoch more from a checkpoint, in the same precision on every machine."""
    return TrainConfig(
        split="digits",
        dataset=str(dataset),
        output_dir=str(output),
        model_name_or_path=str(parent),
        num_train_epochs=1,
        image_size=28,
        validation_fraction=0.5,
        seed=3,
        mixed_precision="no",
        cpu=True,
    )


def test_weights_lie_between_those_before_and_after(unbroken: Path, small_emnist: Path, tmp_path: Path) -> None:
    config = going_on(small_emnist, unbroken, tmp_path / "after")
    train(config)
    train(replace(config, output_dir=str(tmp_path / "between"), parent_weight=0.25))
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
    config = replace(going_on(small_emnist, parent, tmp_path / "run"), parent_weight=0.5)
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
    assert command.main(flags(small_emnist, tmp_path, "--learning_rate", "1e30", "--num_train_epochs", "3")) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert re.match(r"train.py: The (loss is nan|weights are no longer numbers) at step", message)
    assert "--learning_rate" in message
    assert not (tmp_path / "results.json").exists()


def test_resuming_with_other_settings_is_refused(unbroken: Path, small_emnist: Path) -> None:
    config = TrainConfig(
        split="digits",
        dataset=str(small_emnist),
        output_dir=str(unbroken),
        image_size=28,
        seed=5,
        resume_from_checkpoint="latest",
        cpu=True,
    )
    with pytest.raises(TrainingError, match="seed"):
        train(config)


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
        (["--dataset", "/none", "--max_train_samples", "-1"], "--max_train_samples"),
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


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_recipes_are_settings_of_train(recipe: Path) -> None:
    settings = command.read_recipe(str(recipe))
    assert settings["split"] == ("byclass" if recipe.stem == "ablation" else recipe.stem.split("-")[0])


def test_a_recipe_with_an_unknown_setting(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("split: digits\nlerning_rate: 1\n")
    with pytest.raises(TrainingError, match="lerning_rate"):
        command.read_recipe(str(tmp_path / "r.yaml"))
    (tmp_path / "r.yaml").write_text("split: [\n")
    with pytest.raises(TrainingError, match="no YAML file"):
        command.read_recipe(str(tmp_path / "r.yaml"))


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
        command.read_recipe(str(tmp_path / "r.yaml"))


def test_a_recipe_as_yaml_reads_it(tmp_path: Path) -> None:
    """Bare numbers where a text is wanted, a bare no, a single text for a list, a mapping for JSON."""
    lines = ["checkpointing_steps: 50", "mixed_precision: no", "extra_data: a.parquet", "learning_rate: 3e-3"]
    lines += ["num_train_epochs: 2.0", "max_train_samples: null", "model_args: {stem_width: 8}"]
    (tmp_path / "r.yaml").write_text("\n".join(lines))
    assert command.read_recipe(str(tmp_path / "r.yaml")) == {
        "checkpointing_steps": "50",
        "mixed_precision": "no",
        "extra_data": ["a.parquet"],
        "learning_rate": 0.003,
        "num_train_epochs": 2,
        "max_train_samples": None,
        "model_args": '{"stem_width": 8}',
    }


# --- the parts --------------------------------------------------------------------------------------------------


def test_validation_is_a_share_of_every_class() -> None:
    rows = draw_rows(CHARSETS["digits"], 10)
    learnt, kept = carve_validation(rows, 0.3, seed=1)
    assert np.bincount(kept.labels).tolist() == [3] * 10 and len(learnt) == 70
    assert not np.isin(hash_images(kept.images), hash_images(learnt.images)).any()
    again = carve_validation(rows, 0.3, seed=1)[1]
    assert np.array_equal(again.images, kept.images)


@pytest.mark.security(30)
def test_what_is_scored_is_never_learnt(small_emnist: Path, tmp_path: Path) -> None:
    """Extra rows that stand in the test part, or in the validation rows, are left out."""
    extra = draw_rows(CHARSETS["digits"], 4, seed=1)  # exactly the test rows
    path = write_parquet(extra, tmp_path / "extra.parquet")
    config = TrainConfig(split="digits", dataset=str(small_emnist), extra_data=[str(path)], output_dir=str(tmp_path))
    data = prepare_data(config)
    assert data.test is not None and len(data.sources[1].rows) == 0
    learnt = hash_images(np.concatenate([source.rows.images for source in data.sources]))
    for scored in (data.validation, data.test):
        assert not np.isin(hash_images(scored.images), learnt).any()


@pytest.mark.security(33)
def test_groups_come_from_the_labels_of_the_source() -> None:
    exact, coarse = draw_rows(CHARSETS["byclass"], 1), draw_rows(CHARSETS["bymerge"], 1)
    dataset = PartialLabelDataset([Source("exact", exact), Source("coarse", coarse)], CHARSETS["byclass"])
    assert dataset.groups.shape == (62 + 15, 62)
    images, targets = dataset.__getitems__([62 + int(np.flatnonzero(coarse.labels == 12)[0])])
    assert images.shape == (1, 28, 28)
    assert [CHARSETS["byclass"].labels[i] for i in dataset.groups[targets[0]].nonzero()[:, 0]] == ["C", "c"]
    with pytest.raises(DataError, match="leave it out"):
        PartialLabelDataset([Source("letters", coarse)], CHARSETS["digits"])


def test_the_loss_of_groups_of_one_is_cross_entropy() -> None:
    logits = torch.randn(16, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(16) % 10
    usual = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    assert partial_label_loss(logits, torch.eye(10, dtype=torch.bool)[labels], 0.1).item() == pytest.approx(
        usual.item(), abs=1e-6
    )
    everything = torch.ones(16, 10, dtype=torch.bool)
    assert partial_label_loss(logits, everything, 0.0).item() == pytest.approx(0, abs=1e-6)


def test_the_mixture_follows_its_weights() -> None:
    rows = draw_rows(CHARSETS["digits"], 2)
    sampler = MixtureSampler([Source("a", rows), Source("b", rows, 2.5), Source("c", rows, 0.25)], seed=3)
    order = np.array(list(sampler))
    assert len(order) == len(sampler) == 20 + 50 + 5
    counts = np.bincount(order, minlength=60)
    assert (counts[:20] == 1).all() and set(counts[20:40]) == {2, 3} and counts[40:].sum() == 5
    sampler.epoch = 1
    assert not np.array_equal(order, list(sampler))
    sampler.epoch = 0
    assert np.array_equal(order, list(sampler))


def test_sources_as_text(tmp_path: Path) -> None:
    assert parse_source("a/b.parquet:0.5") == (Path("a/b.parquet"), 0.5, None)
    assert parse_source("a/b.parquet") == (Path("a/b.parquet"), 1.0, None)
    assert parse_source("a/b.parquet:2:shapes") == (Path("a/b.parquet"), 2.0, SHAPE_SET)
    for wrong in ("a.parquet:0", "a.parquet:-1", "a.parquet:x", "a.parquet:nan"):
        with pytest.raises(DataError, match="weight"):
            parse_source(wrong)
    with pytest.raises(DataError, match="asks for the labels 'runes'"):
        parse_source("a.parquet:1:runes")


def test_labels_can_be_believed_up_to_their_shape() -> None:
    rows = draw_rows(CHARSETS["byclass"], 1)
    dataset = PartialLabelDataset([Source("a", rows.fold(SHAPE_SET))], CHARSETS["byclass"])
    target = dataset.__getitems__([int(np.flatnonzero(rows.labels == CHARSETS["byclass"].labels.index("o"))[0])])[1]
    assert "".join(CHARSETS["byclass"].labels[i] for i in dataset.groups[target[0]].nonzero()[:, 0]) == "0Oo"


def test_logits_answer_for_the_frequencies_asked_for() -> None:
    """Over-represented classes are offset in the loss; folded sources neither count nor are adjusted."""
    exact = draw_rows(CHARSETS["byclass"], 3)
    labels, names = exact.labels, CHARSETS["byclass"].labels
    first = np.isin(np.arange(len(labels)), np.unique(labels, return_index=True)[1])
    few = exact.take(~np.isin(labels, [names.index("C"), names.index("c")]) | first)
    coarse = draw_rows(CHARSETS["bymerge"], 1)
    wanted = [3.0 if name == "C" else 1.0 for name in names]
    sources = [Source("few", few), Source("coarse", coarse.take(coarse.labels == 12))]
    shapes = Source("shapes", exact.fold(SHAPE_SET), folded=True)
    offsets = logit_adjustment([*sources, shapes], CHARSETS["byclass"], wanted)
    assert np.array_equal(offsets, logit_adjustment(sources, CHARSETS["byclass"], wanted))
    share = np.exp(offsets) * np.array(wanted) / sum(wanted)
    assert share.sum() == pytest.approx(1, abs=1e-5)
    # One C and one c, and a row that is C with three chances of four.
    assert share[names.index("C")] / share[names.index("A")] == pytest.approx(1.75 / 3, rel=1e-4)
    assert share[names.index("c")] / share[names.index("A")] == pytest.approx(1.25 / 3, rel=1e-4)

    dataset = PartialLabelDataset([*sources, shapes], CHARSETS["byclass"], wanted)
    targets = dataset.__getitems__([0, len(few), len(dataset) - 1])[1]
    assert np.array_equal(dataset.offsets[targets[:2]], [offsets, offsets]) and not dataset.offsets[targets[2]].any()
    # A teacher may contradict an exact label, not what is known of a group.
    alike = sum(fold_shape(name) == fold_shape(names[labels[-1]]) for name in names)
    assert dataset.believed[targets].sum(dim=1).tolist() == [62, 2, alike]


def test_augmentation_repeats_with_its_seed_and_keeps_what_it_should() -> None:
    images = torch.from_numpy(draw_rows(CHARSETS["letters"], 2).images)
    first, second = (augment(images, 56, Augmentation(), torch.Generator().manual_seed(4)) for _ in range(2))
    assert first.shape == (52, 1, 56, 56) and torch.equal(first, second)
    assert first.min() >= 0 and first.max() <= 1.0001
    assert torch.allclose(augment(images, 56, NONE, torch.Generator()), to_input(images, 56), atol=1e-5)
    # Nothing is mirrored: a changed letter is still closer to itself than to its mirror image.
    plain = to_input(images, 56)
    assert (first - plain).abs().mean() < (first - plain.flip(3)).abs().mean()


def test_mixed_images_count_for_both_labels() -> None:
    """The loss of a mixed batch is that of its own labels and of the mixed-in ones, by their shares."""
    images = to_input(torch.from_numpy(draw_rows(CHARSETS["digits"], 2).images), 28)
    same, mixture = mix(images, 0, torch.Generator())
    assert same is images and mixture is None
    (mixed, mixture), (again, _) = (mix(images, 0.4, torch.Generator().manual_seed(2)) for _ in range(2))
    assert mixture is not None and 0 < mixture.share < 1 and torch.equal(mixed, again)
    torch.testing.assert_close(mixed, mixture.share * images + (1 - mixture.share) * images[mixture.order])

    targets, groups, offsets = torch.arange(20) // 2, torch.eye(10, dtype=torch.bool), torch.zeros(10, 10)
    logits = torch.randn(20, 10, generator=torch.Generator().manual_seed(3))
    own, other = (torch.nn.functional.cross_entropy(logits, labels) for labels in (targets, targets[mixture.order]))
    loss = label_loss(logits, targets, groups, offsets, mixture, smoothing=0)
    torch.testing.assert_close(loss, mixture.share * own + (1 - mixture.share) * other)


def test_statistics_are_measured_anew_for_the_averaged_weights() -> None:
    """Whatever the first batch norm had gathered, afterwards it is what its convolution gives on training rows."""
    from accelerate import Accelerator

    rows = Source("a", draw_rows(CHARSETS["digits"], 30))
    dataset, sampler = PartialLabelDataset([rows], CHARSETS["digits"]), MixtureSampler([rows], seed=1)
    torch.manual_seed(0)
    model = create_model(CHARSETS["digits"]).eval()
    norm = model.get_submodule("bn1")
    norm.running_mean.fill_(100)
    _renew_statistics(model, dataset, sampler, 28, NONE, Accelerator(cpu=True))
    assert not model.training and norm.momentum == 0.1
    with torch.inference_mode():
        pixels = normalise(to_input(torch.from_numpy(rows.rows.images), 28))
        before = model.get_submodule("conv1")(pixels)
    # Batches of 100 rows and equal weight: means are exact, variances nearly.
    torch.testing.assert_close(norm.running_mean, before.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, before.var(dim=(0, 2, 3)), atol=1e-4, rtol=0.05)


def test_real_rows_are_learnt(real_byclass: Path, tmp_path: Path) -> None:
    """Two thousand real characters of 62 classes, three short epochs: far better than the 5 % of a guess."""
    arguments = ["--split", "byclass", "--dataset", str(real_byclass), "--output_dir", str(tmp_path), "--cpu"]
    arguments += ["--max_train_samples", "2000", "--max_eval_samples", "500", "--num_train_epochs", "3"]
    arguments += ["--image_size", "40", "--per_device_train_batch_size", "32", "--ema_decay", "0.95"]
    done = run(arguments)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["test"]["accuracy"] > 0.4 and results["test"]["official"] is False
    glyphs = draw_rows(CHARSETS["byclass"], 1).images
    assert Recognizer.from_pretrained(tmp_path).predict_proba(glyphs).shape == (62, 62)
