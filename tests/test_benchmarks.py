"""The benchmarks run as their first lines say, and print ratios of one run."""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from benchmarks.page_cost import blank
from benchmarks.page_cost import picture as small_page
from emnist_hf.data.doodles import KINDS
from emnist_hf.evaluation.metrics import wilson_interval
from emnist_hf.evaluation.seen import save_seen, short_hashes
from emnist_hf.models.network import create_model, save_checkpoint
from emnist_hf.models.onnx_export import printed_glyphs
from emnist_hf.splits import CHARSETS
from emnist_hf.styling import fonts
from tests.support.drawn import draw_rows
from tests.support.server import ROOT
from tests.support.strokes import STROKES
from tests.support.words import write_characters

BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if "def main(" in path.read_text())


class Done(NamedTuple):
    """What a benchmark left: its exit status and what it printed."""

    status: int
    out: str
    err: str


Bench = Callable[..., Done]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """`python -m benchmarks.NAME ARGUMENTS`, in this process."""

    def run(name: str, *arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        status = importlib.import_module(f"benchmarks.{name}").main()
        return Done(status or 0, *capsys.readouterr())

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "2"))  # which a benchmark may set
    threads = torch.get_num_threads()
    yield run
    torch.set_num_threads(threads)


def measured_apart(name: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark that counts what its process uses reports, from a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the replaced network that has learnt nothing."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoints") / "replaced"
    return save_checkpoint(
        create_model(CHARSETS["byclass"], "emnist_replaced_cnn"), folder, CHARSETS["byclass"], image_size=28
    )


def test_accuracy_by_parameters(bench: Bench, small_emnist: Path, replaced: Path, tmp_path: Path) -> None:
    source = ["--split", "digits", "--dataset", str(small_emnist), "--replaced", str(replaced)]
    done = bench("accuracy_by_parameters", *source, "--calls", "5", "--output_dir", str(tmp_path))
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report == json.loads((tmp_path / "accuracy_by_parameters.json").read_text())
    assert (tmp_path / "accuracy_by_parameters.png").read_bytes().startswith(b"\x89PNG")
    ours, other = report["checkpoints"]
    assert report["rows"] == 40 and report["official"] is False and other["parameters"] == 264_894
    assert ours["accuracy"] > 0.8 > other["accuracy"]
    assert ours["accuracy_interval"] == wilson_interval(round(ours["accuracy"] * 40), 40)
    assert other["error_ratio"] == other["latency_ratio"] == 1 and ours["error_ratio"] < 0.3
    assert ours["median_ms"] > 0 and "byclass" in done.err


def test_the_sizes_under_the_axis_are_those_of_the_checkpoints() -> None:
    benchmark = importlib.import_module("benchmarks.accuracy_by_parameters")
    counts = [900, 999, 80_000, 264_894, 999_700, 1_234_567, 9_960_000]
    assert [benchmark.short_count(n) for n in counts] == ["900", "999", "80 k", "265 k", "1 M", "1.2 M", "10 M"]
    kept = benchmark.far_apart([1_234_567, 310_000, 264_894, 80_000, 80_000], 36_000, 2_700_000)
    assert kept == [80_000, 264_894, 1_234_567]


def test_accuracy_is_not_that_on_training_rows(bench: Bench, small_emnist: Path, replaced: Path) -> None:
    save_seen(short_hashes(draw_rows(CHARSETS["digits"], 4, seed=1).images), replaced)
    source = ["--split", "digits", "--dataset", str(small_emnist), "--checkpoint", str(replaced)]
    done = bench("accuracy_by_parameters", *source)
    (replaced / "trained_on.npz").unlink()
    assert done.status == 1 and "was trained on some of these rows" in done.err and not done.out


def test_unseen_hands(bench: Bench, tmp_path: Path) -> None:
    write_characters(tmp_path / "in_context.npz", STROKES, persons=40)
    write_characters(tmp_path / "signs.npz", {"+": [[(0, 0.5), (1, 0.5)], [(0.5, 0), (0.5, 1)]]}, persons=40)
    report = json.loads(bench("unseen_hands", str(tmp_path)).out)
    assert sum(found["rows"] for found in report["characters"].values()) > 0
    assert all(found["accuracy_shape_folded"] > 0.9 for found in report["characters"].values())
    assert all(0 <= found["told_as_none"] <= 1 for found in report["signs"].values()) and report["signs"]
    done = bench("unseen_hands", str(tmp_path / "nowhere"))
    assert done.status == 1 and "has none of in_context.npz" in done.err


def test_inference(bench: Bench, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = functools.partial(shutil.copytree, exported, dirs_exist_ok=True)  # what it would write itself
    monkeypatch.setattr("benchmarks.inference.export_onnx", lambda checkpoint, folder: copy(folder))
    monkeypatch.setattr("benchmarks.inference.printed_glyphs", lambda checkpoint: printed_glyphs(checkpoint)[::4])
    report = json.loads(bench("inference", "--glyphs", "64", "--calls", "5", "--rounds", "1").out)
    ways = report["ways"]
    assert {"torch float32, as loaded", "Recognizer.predict_proba", "ONNX Runtime int8"} <= set(ways)
    assert all(row["median_ms"] > 0 and row["glyphs_per_second"] > 0 for row in ways.values())
    assert ways["Recognizer.predict_proba"]["largest_difference"] < 1e-4
    assert ways["Recognizer.predict_proba"]["same_labels"] == 1


def test_training_throughput_in_both_precisions(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.training_throughput.PEAK_SIDES", (512,))
    done = bench("training_throughput", "--batch", "8", "--steps", "2", "--cpu", "--precision", "both")
    report = json.loads(done.out)
    assert [run["precision"] for run in report["runs"]] == ["float32", "bfloat16"]
    for run in report["runs"]:
        assert set(run["networks"]) == {"default", "replaced"}
        assert all(0 < row["share_of_peak"] < 1.5 for row in run["networks"].values())
    first, second = np.array([run["networks"]["default"]["images_per_second"] for run in report["runs"]])
    assert report["speed_of_bfloat16"]["default"] == pytest.approx(second / first, rel=0.01)


def test_scale(bench: Bench) -> None:
    fewest = importlib.import_module("benchmarks.scale").FEWEST
    report = json.loads(bench("scale", "--rows", str(fewest), "1200", "--batch", "16", "--steps", "2").out)
    few, many = report["sizes"]
    assert many["rows"] > 1.9 * few["rows"]
    assert few["peak_mb_ratio"] == 1 and many["peak_mb_ratio"] == pytest.approx(
        many["peak_mb"] / few["peak_mb"], rel=0.01
    )
    assert all(size["cold_read_per_second"] > 0 and size["images_per_second"] > 0 for size in (few, many))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rows", "600", "300"), "--rows is 300: give at least 500"),
        (("--rows", "500", "--batch", "32", "--steps", "900"), "fewer than 900 steps of 32: give more --rows"),
    ],
)
def test_scale_says_why_a_size_cannot_be_measured(bench: Bench, arguments: tuple[str, ...], said: str) -> None:
    done = bench("scale", *arguments)
    assert done.status == 1 and not done.out
    assert done.err.splitlines()[-1].startswith("scale: ") and said in done.err
    assert "Traceback" not in done.err


def test_setting(bench: Bench) -> None:
    font = next(iter(fonts()))
    done = bench("setting", "--rounds", "1", "--font", font)
    assert done.status == 0, done.err
    heading, line = done.out.splitlines()
    assert heading.startswith("font") and line.startswith(font) and line.endswith(" ms")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_help_explains_the_benchmark_and_every_option(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    parsers: list[argparse.ArgumentParser] = []
    parse = argparse.ArgumentParser.parse_args
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", lambda self: parsers.append(self) or parse(self))
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    said = capsys.readouterr().out
    assert ended.value.code == 0 and module.__doc__.strip() in said and f"benchmarks.{name}" in said.replace("/", ".")
    for action in parsers[0]._actions:
        assert action.help, f"{action.dest} is not explained"
        set_to_something = action.default not in (None, False, argparse.SUPPRESS)
        assert action.help == argparse.SUPPRESS or not set_to_something or "default: " in action.help, action.dest


def test_ink_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.ink_time.ROUNDS", 1)
    monkeypatch.setattr("benchmarks.ink_time.picture", lambda characters, megapixels: small_page(20, 0.3))
    monkeypatch.setattr("benchmarks.ink_time.blank", lambda rng, height, width: blank(rng, 600, 800))
    monkeypatch.setattr("benchmarks.ink_time.PHOTO", 750)
    rows = [json.loads(line) for line in bench("ink_time", "--before", str(ROOT)).out.splitlines()]
    assert [row["picture"] for row in rows] == ["blank-page", "drawing", "page", "photo"]
    assert all(row["stages_ms"]["open"] > 0 and row["ms"] > 0 and row["before_ms"] > 0 for row in rows)


def test_doodles(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.doodles.KINDS", {kind: KINDS[kind] for kind in ("face", "spiral", "fish")})
    monkeypatch.setattr("benchmarks.doodles.HELD_OUT", ("fish",))
    rows = [json.loads(line) for line in bench("doodles", "--seeds", "2").out.splitlines()]
    assert [row.get("doodle") for row in rows] == ["face", "spiral", "fish", None, None]
    assert rows[3] == {"doodles": "learnt", "give_text": 0, "of": 4} and rows[4]["of"] == 2
    assert rows[4]["give_text"] == sum(map(bool, rows[2]["texts"]))


def test_ink(bench: Bench, tmp_path: Path) -> None:
    done = bench("ink", "--conditions", "red_on_pink", "framed", "--count", "2", "--show", str(tmp_path))
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["kind"] for row in rows] == ["red_on_pink", "framed"] and all(row["asked"] == 2 for row in rows)
    assert rows[0]["read"] == rows[0]["blank"] == 1


def test_forms_by_templates(bench: Bench, tmp_path: Path) -> None:
    done = bench("forms", "--templates", "--layout", "marks", "--condition", "scan")
    scan, all_ = (json.loads(line) for line in done.out.splitlines())
    assert scan["forms recognized"] == all_["forms recognized"] == 1 and scan["fields"] == 1
    assert 0 <= scan["digits right"] <= 1 and scan["seconds a form"] > 0
    bench("example_form", str(tmp_path))
    drawn = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path) for path in drawn} == {"blank.png", "visit.yaml", *(f"scans/{i}.jpg" for i in range(1, 5))}
    for path in drawn:  # the documents have what it draws
        assert (ROOT / "docs/forms" / path).stat().st_size == pytest.approx((tmp_path / path).stat().st_size, rel=0.05)


def test_load(bench: Bench, page_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the page that the tests of this process share; `test_cold_start` starts one as benchmarks do."""
    monkeypatch.setattr("benchmarks.load.serve", lambda: nullcontext(page_url))
    arguments = ["--visitors", "3", "--seconds", "2", "--pause", "0.3", "--pictures", "0.05"]
    with ThreadPoolExecutor(1) as thread:  # Playwright's event loop may run in this one
        report = json.loads(thread.submit(bench, "load", *arguments).result().out)
    assert report["visitors"] == 3 and report["answers"] > 0 and report["server_mb"] > 100
    assert report["wrong"] == report["errors"] == report["busy"] == 0, report
    assert 0 < report["sketch"]["p50_ms"] <= report["sketch"]["p95_ms"]


def test_cold_start() -> None:
    report = measured_apart("cold_start", "--runs", "0")
    assert report["runs"] == 1
    assert 0 < report["classify"]["processor_seconds"] < 2.5  # torch alone would take as long
    assert 0 < report["page"]["seconds_to_page"] < report["page"]["seconds"]
    assert report["page"]["processor_seconds"] < 15
