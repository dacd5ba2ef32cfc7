"""The commands as they are typed: JSON out, sentences for errors, exit statuses."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command

from emnist_hf.cli import app
from tests.support.command import command, invoke
from tests.support.drawn import draw_glyph, small_strokes
from tests.support.handwriting import write
from tests.support.server import ROOT

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for character in "E7":
        glyph = Image.fromarray(255 - draw_glyph(character, np.random.default_rng(1)))
        glyph.resize((200, 200)).save(folder / f"{character}.png")
        paths.append(folder / f"{character}.png")
    return paths


def test_classify(pictures: list[Path]) -> None:
    done = invoke("classify", *pictures, "--top_k", 3, status=0)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(path) for path in pictures]
    assert [line["labels"][0]["label"] for line in lines] == ["E", "7"]
    assert all(len(line["labels"]) == 3 for line in lines)


def test_a_picture_of_many_characters_is_told_where_it_is_read(pictures: list[Path], tmp_path: Path) -> None:
    write("the hut\nbe a man", x_height=40, pen=6).image.save(tmp_path / "page.png")
    one, page = map(json.loads, invoke("classify", pictures[0], tmp_path / "page.png", status=0).stdout.splitlines())
    assert "note" not in one
    assert page["labels"] and "emnist_hf read" in page["note"]


def test_a_broken_file_does_not_stop_the_others(pictures: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no")
    done = command("classify", tmp_path / "broken.png", pictures[1], tmp_path / "none.png", "--charset", "digits")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert "error" in lines[0] and "error" in lines[2] and lines[1]["labels"][0]["label"] == "7"
    assert "Traceback" not in done.stderr


def test_classify_and_read_import_nothing_heavy(pictures: list[Path], tmp_path: Path) -> None:
    asked = (["classify", str(pictures[0])], ["read", str(pictures[0]), "--output", str(tmp_path / "read.jsonl")])
    code = (
        "import sys; from emnist_hf.__main__ import app\n"
        f"for arguments in {asked}:\n"
        "    try: app(arguments)\n"
        "    except SystemExit: pass\n"
        "    print([m for m in ('emnist_hf.forms', 'emnist_hf.reading.pipeline', 'rapidfuzz') if m in sys.modules])\n"
        "heavy = ('gradio', 'datasets', 'transformers', 'sklearn', 'matplotlib', 'torch', 'timm', 'scipy')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    _, of_classify, *_, heavy = done.stdout.splitlines()
    assert of_classify == heavy == "[]" and (tmp_path / "read.jsonl").is_file()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["classify"], 2, "Missing argument"),
        (["classify", "x.png", "--charset", "runes"], 2, "runes"),
        (["classify", "x.png", "--top_k", "0"], 2, "greater than or equal to 1"),
        (["classify", "x.png", "--checkpoint", "/none"], 1, "There is no checkpoint"),
        (["evaluate", "--split", "digits", "--dataset", "/none"], 1, "no file or folder"),
        (["evaluate", "--split", "digits", "--dataset", "x", "--max_eval_samples", "0"], 2, "max_eval_samples"),
        (["evaluate-strokes", "/none.npz"], 1, "There is no file /none.npz"),
        (["evaluate-strokes", str(ROOT / "README.md")], 1, "README.md is not a file of strokes"),
        (["evaluate-strokes", "x.npz", "--pen", "200"], 1, "cannot write on a pad"),
        (["evaluate-strokes", "x.npz", "--size", "8"], 1, "choose 40 to 2000"),
        (["evaluate-strokes", "x.npz", "--condition", "rain"], 1, "choose one of plain, slanted, shaky"),
        (["evaluate", "--split", "digits", "--dataset", "/none", "--strokes", "/none.npz"], 1, "There is no file"),
    ],
)
def test_mistakes_give_a_sentence(arguments: list[str], status: int, said: str) -> None:
    assert said in invoke(*arguments, status=status).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--split", "digits", "--dataset", "/none"], "no file or folder"),
        (["render", "x", "--output", "x.doc"], "x.doc"),
    ],
)
def test_a_mistake_as_it_is_typed_leaves_no_traceback(arguments: list[str], said: str) -> None:
    done = command(*arguments)
    assert done.returncode == 1 and not done.stdout
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


def test_evaluate(small_emnist: Path, tmp_path: Path) -> None:
    done = invoke("evaluate", "--split", "digits", "--dataset", small_emnist, "--output-dir", tmp_path, status=0)
    report = json.loads(done.stdout)
    assert report["split"] == "digits" and report["rows"] == 40 and report["official"] is False
    assert {"accuracy", "top5", "macro_f1", "ece", "nll", "accuracy_case_insensitive"} <= set(report)
    assert json.loads((tmp_path / "evaluation.json").read_text()) == report
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_a_quick_look_says_that_it_is_not_the_whole_test(small_emnist: Path, tmp_path: Path) -> None:
    def evaluate(rows: int) -> dict:
        source = ("evaluate", "--split", "digits", "--dataset", small_emnist, "--output_dir", tmp_path / str(rows))
        return json.loads(invoke(*source, "--max_eval_samples", rows, status=0).stdout)

    few, all_of_them = evaluate(15), evaluate(40)
    assert few["rows"] == 15 and few["sampled_from"] == 40 and few["official"] is False
    assert sum(entry["rows"] for entry in few["per_class"]) == 15
    text = (tmp_path / "15" / "evaluation.md").read_text()
    assert "on 15 of 40 test rows\n" in text and "not the whole test" in text and "--max_eval_samples 15 " in text
    assert all_of_them["rows"] == 40 and "sampled_from" not in all_of_them
    assert "not the whole test" not in (tmp_path / "40" / "evaluation.md").read_text()


def test_real_ink_stands_beside_the_test_rows(small_emnist: Path, tmp_path: Path) -> None:
    """One command, both numbers; of the strokes, those characters that the split has."""
    strokes = small_strokes(tmp_path / "strokes.npz")
    drawn = ["--strokes", strokes, "--pen", 8, "--pen", 20, "--size", 100, "--size", 60, "--per_pen", 6]
    place = tmp_path / "out"
    done = invoke(
        *("evaluate", "--split", "digits", "--dataset", small_emnist, "--output_dir", place, "--condition", "photo"),
        *drawn,
        status=0,
    )
    report = json.loads(done.stdout)
    ink = report["real_ink"]
    assert report["rows"] == 40 and ink["charset"] == "digits" and ink["held_out"]
    assert len(ink["cells"]) == 2 * 2 * 2 * 2 and {cell["rows"] for cell in ink["cells"]} == {6}
    assert ink["total"]["characters"] == 6 and ink["total"]["rows"] == 6 * 8
    assert ink["total"]["accuracy"] >= 0.8  # plain rings and bars, but for a pad of few pixels
    plain = [cell["accuracy"] for cell in ink["cells"] if cell["condition"] == "plain"]
    assert ink["total"]["accuracy"] == pytest.approx(np.mean(plain))
    assert [(entry["pen"], entry["rows"]) for entry in ink["by_pen"]] == [(8, 24), (20, 24)]
    assert [entry["size"] for entry in ink["by_size"]] == [100, 60]
    assert [entry["condition"] for entry in ink["by_condition"]] == ["plain", "photo"]
    text = (place / "evaluation.md").read_text()
    assert f"accuracy, shape-folded | {ink['total']['accuracy_shape_folded']:.4f}" in text
    again = shlex.split(report["command"])[4:]  # it is a command that says the same of these files once more
    again[again.index(small_emnist.name)] = str(small_emnist)
    again[again.index("strokes.npz")] = str(strokes)
    assert json.loads(invoke("evaluate", *again, status=0).stdout) == report
    assert f"`{report['command']} --output_dir FOLDER`" in text
    assert "| 60 px pad | " in text and "| photo | " in text


def test_strokes_are_drawn_for_training_and_scored(tmp_path: Path) -> None:
    strokes = small_strokes(tmp_path / "strokes.npz")
    done = invoke("draw-strokes", strokes, tmp_path / "out", status=0)
    written = [json.loads(line) for line in done.stdout.splitlines()]
    rows = {Path(line["file"]).stem: line["rows"] for line in written}
    assert set(rows) == {"unipen_train", "unipen_validation", "unipen_hands"}
    assert rows["unipen_hands"] * 4 == rows["unipen_train"] * 10 > 0
    done = invoke("draw-strokes", strokes, tmp_path / "out", "--hands", 0, "--variants", 1, status=0)
    assert "unipen_hands" not in done.stdout and not (tmp_path / "out/unipen_hands.parquet").exists()

    done = invoke("evaluate-strokes", strokes, "--pen", 12, "--per_pen", 30, status=0)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["polarity"] for report in reports] == ["black on white", "white on black"]
    for report in reports:
        assert report["rows"] == 30 and report["unread"] == 0 and report["held_out"]
        assert report["accuracy_shape_folded"] > 0.9


def test_real_strokes_are_read(shared: Path) -> None:
    """Held-out UNIPEN writers at 300 px, thin pen and thick, either polarity: at least 90 % right, shape-folded."""
    pens = ("--pen", 6, "--pen", 20, "--per_pen", 100)
    lines = invoke("evaluate-strokes", shared / "unipen" / "strokes.npz", *pens, status=0).stdout.splitlines()
    assert [json.loads(line)["pen"] for line in lines] == [6, 6, 20, 20]
    for line in lines:
        assert json.loads(line)["accuracy_shape_folded"] >= 0.9, line


@pytest.mark.parametrize("name", ["push", "publish-dataset", "publish-space"])
def test_whatever_writes_to_the_hub_takes_a_token(name: str) -> None:
    assert "--token, --hub_token <str>" in invoke(name, "--help", status=0).stdout


def test_help_teaches() -> None:
    said = invoke("classify", "--help", status=0).stdout
    assert "--charset" in said and "exit status" in " ".join(said.split())
    said = command("--help", check=True).stdout
    assert re.findall(r"^  ([a-z][a-z-]+)  +\S.*[^.]\.$", said, re.MULTILINE) == list(COMMANDS), "a line is cut short"
    assert "python -m emnist_hf read page.jpg" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_shown_in_one_spelling_and_taken_in_two(name: str) -> None:
    shown = [option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")]
    assert not any("-" in option[2:] for option in shown)
    for option in {*shown, *(option.replace("_", "-") for option in shown)}:
        invoke(name, option, "9", "--help", status=0)
    assert "No such option" in invoke(name, "--nothing-like-it", "--help", status=2).stderr


def test_defaults_that_the_help_tells_of_are_those_of_the_settings() -> None:
    from emnist_hf.styling import DEFAULT_FONT, Setting
    from emnist_hf.styling.hand_font import DEFAULT_NAME

    usual = {field.name: field.default for field in fields(Setting)} | {"font": DEFAULT_FONT, "measure": "never"}
    for command_name, defaults in {"render": usual, "make-font": {"name": DEFAULT_NAME}}.items():
        told = {
            parameter.name: parameter.help for parameter in COMMANDS[command_name].params if hasattr(parameter, "help")
        }
        for name, value in defaults.items():
            written = f"{value:g}" if isinstance(value, float | int) else value
            assert told[name].endswith(f" Default: {written}."), name
