"""The README keeps its promises: its commands run, its pictures exist, its metadata is what a Space needs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.drawn import small_strokes
from tests.support.server import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")

NOTE = ROOT / "emnist_hf/page/examples/marker.png"  # stands for the reader's own note.jpg

# What a test cannot run, and why.
NOT_RUN = {
    "make app": "the server fixture starts the same app.py",
    "make test": "this is it",
    "launch --multi_gpu --num_processes": "needs eight GPUs",
    "launch --multi_gpu --num_machines": "needs four machines",
    "recipes/byclass-1": "takes an hour; test_recipes_are_settings_of_train reads the recipes",
    "recipes/byclass-2": "takes half an hour",
    "recipes/byclass-3": "takes half an hour",
    "recipes/byclass-teacher": "takes three quarters of an hour",
    "recipes/byclass-student": "goes on from two before",
    "recipes/byclass-4": "takes five quarters of an hour",
    "recipes/byclass-6": "goes on from three before",
    "recipes/byclass.yaml": "goes on from the one before",
    "recipes/balanced": "takes half an hour",
    "recipes/bymerge-1": "takes half an hour",
    "recipes/bymerge.yaml": "goes on from the one before",
    "recipes/mnist": "takes a quarter of an hour",
    "recipes/letters": "takes half an hour",
    "EMNIST_HF_CHECKPOINT=": "needs the Hub; test_app.py serves the page with the variable",
    "hf auth login": "asks for a token",
    "emnist_hf push": "needs the Hub; test_hub_push.py pushes to one on loopback",
    "--push_to_hub": "needs the Hub; test_hub_push.py trains and pushes to one on loopback",
    "publish-dataset": "needs the Hub; test_hub_dataset.py publishes to one on loopback",
    "publish-space": "needs the Hub; test_hub_space.py publishes to one on loopback and starts what is there",
    "npm install": "tests/browser/test_web.py does this, and opens the page",
    "export-onnx web/model": "the same, into a folder of its own",
    "http.server": "the same",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line]


def test_every_command_is_run_or_named_as_not_run() -> None:
    left_out = [command for command in shell_commands() if any(part in command for part in NOT_RUN)]
    assert len(left_out) == len(NOT_RUN)
    assert len(shell_commands()) > len(left_out)


@pytest.mark.parametrize("command", [c for c in shell_commands() if not any(part in c for part in NOT_RUN)])
def test_shell_commands(command: str, small_emnist: Path, tmp_path: Path) -> None:
    arguments = shlex.split(command)
    programs = Path(sys.executable).parent
    replaced = {
        "SOURCE": str(small_emnist if "--split" in command else tmp_path),
        "report.html": str(tmp_path / "report.html"),
        "STROKES.npz": str(small_strokes(tmp_path / "strokes.npz")),
        "note.jpg": str(NOTE),
        "words.txt": str(tmp_path / "words.txt"),
        "FOLDER": str(NOTE.parent),
        "results.jsonl": str(tmp_path / "results.jsonl"),
    }
    (tmp_path / "words.txt").write_text("three\nwords\nhere\n", encoding="utf-8")
    full = [
        path
        for argument in arguments
        for path in (sorted(map(str, ROOT.glob(argument))) if "*" in argument else [replaced.get(argument, argument)])
    ]
    full[0] = str(programs / Path(full[0]).name)
    if "train.py" in full and "--help" not in full:
        full += ["--num_train_epochs", "1", "--image_size", "28", "--output_dir", str(tmp_path / "run"), "--cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(full, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    results = tmp_path / "results.jsonl"
    assert done.stdout or results.stat().st_size  # what it found is shown, or written where it was asked to


def test_python_examples(page_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python block runs, one after the other, but for lines about a repository that a reader has yet to make."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    run = 0
    for block in blocks("python"):
        code = "\n".join(line for line in block.splitlines() if '"USER/NAME"' not in line)
        if code.strip():
            code = code.replace("http://127.0.0.1:7860", page_url).replace("note.jpg", str(NOTE))
            exec(compile(code, "README.md", "exec"), names)
            run += 1
    assert run >= 4
    assert names["label"]["label"] == "3"  # type: ignore[index]
    assert callable(names["classify"])


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_space_metadata() -> None:
    from importlib.metadata import version

    from huggingface_hub import RepoCard

    data = RepoCard(README).data.to_dict()
    assert data["sdk"] == "gradio" and (ROOT / data["app_file"]).is_file()
    assert data["license"] == "apache-2.0" and len(data["short_description"]) <= 60
    assert data["sdk_version"].split(".")[0] == version("gradio").split(".")[0]
    assert {"title", "emoji", "colorFrom", "colorTo", "python_version", "models", "datasets"} <= set(data)


def test_no_number_is_left_out() -> None:
    assert not re.findall(r"[A-Z]+_(?:TABLE|MB|M)\b", README)
