"""`read` over folders: broken files, resuming, Parquet, and two processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import Result

from emnist_hf.data.compose import compose
from tests.support.command import command, invoke
from tests.support.hands import font_hand
from tests.support.launch import torchrun

WORDS = ("NAP", "TEN MEN", "Red hat", "42 BEDS", "wet", "MAP")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for i, word in enumerate(WORDS):
        Image.fromarray(compose([word], font_hand("patrick-hand"), seed=i).picture).save(folder / f"{i}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def read(*arguments: object) -> Result:
    return invoke("read", *arguments)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def once(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes of the folder, in one go."""
    output = tmp_path_factory.mktemp("once") / "results.jsonl"
    done = command("read", folder, "--output", output)
    assert done.returncode == 1 and "Traceback" not in done.stderr  # one file is broken
    return output


def test_a_folder_becomes_json_lines(folder: Path, once: Path) -> None:
    records = lines(once)
    assert [Path(r["file"]).name for r in records] == [*(f"{i}.png" for i in range(6)), "broken.jpg"]
    assert [r["text"].upper() for r in records[:6:5]] == ["NAP", "MAP"]
    assert set(records[-1]) == {"file", "error"}
    character = records[0]["characters"][0]
    assert set(character) == {"label", "score", "box", "line", "word", "alternatives"}
    assert [p.name for p in once.parent.iterdir()] == [once.name]  # no parts are left


def test_standard_output_has_the_same_lines(folder: Path, once: Path) -> None:
    done = read(folder / "0.png", folder / "broken.jpg")
    assert done.exit_code == 1
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records == [lines(once)[0], lines(once)[-1]]


def test_a_folder_without_pictures_is_said_to_be_one(folder: Path, tmp_path: Path) -> None:
    """Alone, in a sentence; beside pictures, on its line."""
    (tmp_path / "notes.txt").write_text("not looked at")
    alone = read(tmp_path)
    assert alone.exit_code == 1 and not alone.stdout
    assert alone.stderr.startswith(f"emnist_hf: There are no pictures in the folder {tmp_path}: it is searched for ")
    assert "png, jpg, " in alone.stderr and len(alone.stderr.splitlines()) == 1
    beside = read(tmp_path, folder / "0.png")
    empty, page = (json.loads(line) for line in beside.stdout.splitlines())
    assert beside.exit_code == 1 and page["text"].upper() == "NAP"
    assert empty["file"] == str(tmp_path) and "There are no pictures in the folder" in empty["error"]


def test_it_goes_on_where_it_was_interrupted(folder: Path, once: Path, tmp_path: Path) -> None:
    """Of what an interrupted run left, the whole lines are kept, and not read again; the torn one is."""
    output = tmp_path / "results.jsonl"
    first, second = once.read_text().splitlines()[:2]
    kept = json.loads(first) | {"text": "kept"}
    (tmp_path / "results.jsonl.part-1").write_text(json.dumps(kept) + "\n" + second[:40])
    assert read(folder, "--output", output).exit_code == 1
    assert [r["text"] for r in lines(output)[:2]] == ["kept", lines(once)[1]["text"]]
    assert lines(output)[1:] == lines(once)[1:]


def test_an_error_is_tried_again(folder: Path, once: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.jsonl"
    mended = json.loads(once.read_text().splitlines()[0])
    output.write_text(json.dumps({"file": mended["file"], "error": "The disk was gone."}) + "\n")
    assert read(folder / "0.png", "--output", output).exit_code == 0
    assert lines(output) == [mended]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_it_is_resumed_whatever_order_the_earlier_files_had(
    suffix: str, folder: Path, once: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"results.{suffix}"
    assert read(folder / "1.png", folder / "0.png", "--output", output).exit_code == 0
    assert [Path(file).stem for file in files(output)] == ["1", "0"]
    assert read(folder / "3.png", folder / "0.png", "--output", output).exit_code == 0
    assert [Path(file).stem for file in files(output)] == ["3", "0", "1"]
    assert read(folder, "--output", output).exit_code == 1
    assert files(output) == [record["file"] for record in lines(once)]


def files(output: Path) -> list[str]:
    return [r["file"] for r in (lines(output) if output.suffix == ".jsonl" else pq.read_table(output).to_pylist())]


def test_parquet_holds_the_same(folder: Path, once: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.parquet"
    assert read(folder, "--output", output).exit_code == 1
    rows = pq.read_table(output).to_pylist()
    assert [{k: v for k, v in row.items() if v is not None} for row in rows] == lines(once)


def test_two_processes_give_the_same(folder: Path, once: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.jsonl"
    assert torchrun("--standalone", "--nproc_per_node", "2", "-m", "emnist_hf", "read", folder, "--output", output) == 1
    assert output.read_text() == once.read_text()


def test_an_output_of_another_kind_is_refused_first(folder: Path, tmp_path: Path) -> None:
    done = read(folder, "--output", tmp_path / "results.csv")
    assert done.exit_code == 1 and ".jsonl" in done.stderr
