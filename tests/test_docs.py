"""README and docs/ keep their promises: their commands run, their links lead somewhere, their lengths stay readable."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emnist_hf.cli import app
from tests.support.drawn import small_strokes
from tests.support.launch import torchrun
from tests.support.server import ROOT
from train import main as train

DOCUMENTS = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
README = DOCUMENTS["README.md"]
NOTE = ROOT / "emnist_hf/page/examples/marker.png"  # stands for the reader's own note.jpg
MODEL = '{"channels": [8, 8, 8, 8], "stem_width": 8}'  # small enough to train in a test

# What this test does not run, and why. docs/api.md is run by tests/page/test_api.py.
NOT_RUN = {
    "make app": "the server fixture starts the same app.py",
    "make test": "this is it",
    "launch --num_processes 1": "tests/training goes on with a killed run by it",
    "nproc_per_node 2 train.py --split": "tests/training runs it on a smaller network",
    "launch --multi_gpu --num_processes": "needs eight GPUs",
    "launch --multi_gpu --num_machines": "needs four machines",
    "nproc_per_node 2 -m emnist_hf form read": "tests/cli/test_form.py runs it",
    "nproc_per_node 2 -m emnist_hf read": "tests/cli/test_many_files.py runs it",
    "handwriting_fonts": "fetches 88 MB from npm",
    "--recipe recipes/": "take hours; test_recipes_are_settings_of_train reads the recipes",
    "EMNIST_HF_CHECKPOINT=": "needs the Hub; test_app.py serves the page with the variable",
    "hf auth login": "asks for a token",
    "emnist_hf push": "needs the Hub; tests/hub/test_hub_push.py pushes to one on loopback",
    "--push_to_hub": "needs the Hub; tests/hub/test_hub_push.py trains and pushes to one on loopback",
    "publish-dataset": "needs the Hub; tests/hub/test_hub_dataset.py publishes to one on loopback",
    "publish-space": "needs the Hub; tests/hub/test_hub_space.py publishes to one on loopback and starts what is there",
    "make-font page1.jpg": "needs photographs of a filled sheet; tests/styling/test_font_sheets.py makes such",
    "npm install": "tests/browser/test_web.py does this, and opens the page",
    "export-onnx web/model": "the same, into a folder of its own",
    "http.server": "the same",
}

OUTPUTS = (
    "report.html",
    "words.txt",
    "results.jsonl",
    "visit.yaml",
    "visit.png",
    "visits.xlsx",
    "review",
    "note.pdf",
    "documents",
)
"""What documents have commands write, and the list of words that they read."""


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shell_commands() -> list[str]:
    """Every command of every document once, without its comment."""
    found = [block for name, text in DOCUMENTS.items() if name != "api.md" for block in blocks(text, "bash")]
    lines = [line.split("  #")[0].strip() for block in found for line in block.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


RUN = [command for command in shell_commands() if not any(part in command for part in NOT_RUN)]


@pytest.fixture
def places(small_emnist: Path, tmp_path: Path) -> dict[str, str]:
    """What stands in a document for something of the reader's, and what the test puts in its place."""
    (tmp_path / "words.txt").write_text("three\nwords\nhere\n", encoding="utf-8")
    folders = {"FOLDER": [NOTE, NOTE.parent / "chalk.png"], "docs/forms/scans": [ROOT / "docs/forms/scans/1.jpg"]}
    for number, pictures in enumerate(folders.values()):
        (tmp_path / f"folder{number}").mkdir()
        for picture in pictures:
            shutil.copy(picture, tmp_path / f"folder{number}")
    return {
        "SOURCE": str(small_emnist),
        "STROKES.npz": str(small_strokes(tmp_path / "strokes.npz")),
        "note.jpg": str(NOTE),
        **{name: str(tmp_path / f"folder{number}") for number, name in enumerate(folders)},
        **{name: str(tmp_path / name) for name in OUTPUTS},
    }


def test_every_command_is_run_or_named_as_not_run() -> None:
    for part in NOT_RUN:
        assert any(part in command for command in shell_commands()), f"no document has {part!r}: take it out"
    assert len(RUN) >= 8


def some_of(pattern: str) -> list[str]:
    """The smallest two of many files."""
    return [str(path) for path in sorted(ROOT.glob(pattern), key=lambda path: path.stat().st_size)[:2]]


@pytest.mark.parametrize("command", RUN)
def test_shell_commands(
    command: str, places: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Programs are called in this process; launchers start others of their own."""
    if "draw-strokes" in command:
        places["SOURCE"] = str(tmp_path)  # it writes there
    arguments = [
        path
        for argument in shlex.split(command)
        for path in (some_of(argument) if "*" in argument else [places.get(argument, argument)])
    ]
    if arguments[:3] == [".venv/bin/python", "-m", "emnist_hf"]:
        done = CliRunner().invoke(app, arguments[3:])
        assert done.exit_code == 0, done.output
        print(done.stdout)
    elif "--help" in arguments:
        assert arguments[:2] == [".venv/bin/python", "train.py"]
        with pytest.raises(SystemExit) as ended:
            train(arguments[2:])
        assert not ended.value.code
    elif arguments[:2] == [".venv/bin/python", "train.py"]:
        small = ["--model_args", MODEL, "--num_train_epochs", "1", "--image_size", "28"]
        assert train([*arguments[2:], *small, "--output_dir", str(tmp_path / "run"), "--cpu"]) == 0
    else:
        assert arguments[0] == ".venv/bin/torchrun"
        assert torchrun(*arguments[1:]) == 0
    written = [name for name in OUTPUTS if name != "words.txt" and (tmp_path / name).exists()]
    assert capfd.readouterr().out.strip() or written


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "api.md" and blocks(DOCUMENTS[name], "python")])
def test_python_examples(name: str, page_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of a document runs, but for lines about a repository that a reader has yet to make."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in blocks(DOCUMENTS[name], "python"):
        code = "\n".join(line for line in block.splitlines() if '"USER/NAME"' not in line)
        exec(
            compile(code.replace("http://127.0.0.1:7860", page_url).replace("note.jpg", str(NOTE)), name, "exec"), names
        )
    if name == "README.md":
        assert names["label"]["label"] == "3"  # type: ignore[index]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_pictures_and_links_exist(name: str) -> None:
    folder = ROOT if name == "README.md" else ROOT / "docs"
    for target in re.findall(r'(?:\]\(|src=")([^)#"]+)[)#"]', DOCUMENTS[name]):
        assert target.startswith("https://") or (folder / target).exists(), target


def test_documents_are_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60
    for name in DOCUMENTS:
        assert name == "README.md" or f"docs/{name}" in README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_space_metadata() -> None:
    from importlib.metadata import version

    from huggingface_hub import RepoCard

    data = RepoCard(README).data.to_dict()
    assert data["sdk"] == "gradio" and (ROOT / data["app_file"]).is_file()
    assert data["license"] == "apache-2.0" and len(data["short_description"]) <= 60
    assert data["sdk_version"].split(".")[0] == version("gradio").split(".")[0]
    assert {"title", "emoji", "colorFrom", "colorTo", "python_version", "models", "datasets"} <= set(data)


def test_no_number_is_left_out() -> None:
    for text in DOCUMENTS.values():
        assert not re.findall(r"[A-Z]+_(?:TABLE|MB|M)\b", text)
