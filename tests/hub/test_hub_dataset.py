"""The raw files to a Parquet data set on a Hub: whole, upright, named, in one commit, in little memory."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import train
from emnist_hf.data.idx import open_raw
from emnist_hf.data.rows import DataError, Rows
from emnist_hf.data.sources import load_parts
from emnist_hf.hub.dataset import size_category, write_dataset
from emnist_hf.splits import SPLITS
from tests.support.drawn import draw_rows
from tests.support.hub_client import client, command, files_that_hold, refused_command, run
from tests.support.hub_server import Hub, Interference, cut_upload, failing
from tests.support.memory import WATCH
from tests.support.raw_files import idx, write_raw
from tests.support.server import ROOT
from tests.support.training import quick_flags

USER = "user"
PER_CLASS = {"train": 24, "test": 4}


def draw_split(split: str) -> dict[str, Rows]:
    return {part: draw_rows(SPLITS[split].label_set, n, seed) for seed, (part, n) in enumerate(PER_CLASS.items())}


def zip_up(folder: Path, path: Path) -> Path:
    """As the official archive: gzipped files in gzip/, stored as they are."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"gzip/{file.name}")
    return path


@pytest.fixture(scope="module")
def drawn() -> dict[str, dict[str, Rows]]:
    """Small splits; those with the same labels hold the same rows, drawn once."""
    alike = {"balanced": "bymerge", "mnist": "digits"}
    drawn = {split: draw_split(split) for split in SPLITS if split not in alike}
    return {split: drawn[alike.get(split, split)] for split in SPLITS}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, drawn: dict[str, dict[str, Rows]]) -> Path:
    """A small gzip.zip with all six splits."""
    folder = tmp_path_factory.mktemp("official")
    for split, parts in drawn.items():
        write_raw(folder / "gzip", split, parts, zipped=True)
    return zip_up(folder / "gzip", folder / "gzip.zip")


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory, drawn: dict[str, dict[str, Rows]]) -> Path:
    """A folder of raw files of one split."""
    return write_raw(tmp_path_factory.mktemp("digits"), "digits", drawn["digits"], zipped=False)


@pytest.fixture(autouse=True)
def friendly(hub: Hub) -> Iterator[None]:
    yield
    hub.interfere = None


def load(repo: str) -> dict[str, Any]:
    """The splits of a data set as anybody loads them."""
    from datasets import load_dataset

    found: dict[str, Any] = {}
    for split in SPLITS:
        found[split] = {
            part: {
                "images": sha256(np.stack([np.asarray(image) for image in rows["image"]]).tobytes()).hexdigest(),
                "labels": list(rows["label"]),
                "names": rows.features["label"].names,
            }
            for part, rows in load_dataset(repo, split).items()
        }
    return found


def fingerprint(rows: Rows) -> dict[str, object]:
    names = list(rows.label_set.labels)
    return {
        "images": sha256(np.asarray(rows.images).tobytes()).hexdigest(),
        "labels": rows.labels.tolist(),
        "names": names,
    }


def test_the_archive_becomes_a_data_set_that_anyone_loads(
    hub: Hub, tmp_path: Path, archive: Path, drawn: dict[str, dict[str, Rows]]
) -> None:
    arguments = ("publish-dataset", "--source", archive, f"{USER}/emnist")
    done = run(hub, tmp_path / "writer", "-m", "emnist_hf", *arguments, token=hub.tokens[USER])
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["dataset"] == f"{USER}/emnist"
    expected = {part: n * 62 for part, n in PER_CLASS.items()} | {"official": False}
    assert told["splits"]["byclass"] == expected and list(told["splits"]) == list(SPLITS)

    repository = hub.repositories["dataset", f"{USER}/emnist"]
    assert [commit.title for commit in repository.commits.values()] == [
        "initial commit",
        "Publish EMNIST from the official raw files",
    ]
    assert (told["url"], told["commit"]) == (f"{hub.url}/datasets/{USER}/emnist", repository.branches["main"])
    files = repository.find("main").files
    assert {"README.md", "samples/letters.png", "mnist/test-00000-of-00001.parquet"} <= set(files)

    with client(hub, tmp_path / "reader"):
        found = load(f"{USER}/emnist")
    for split, parts in drawn.items():
        assert found[split] == {part: fingerprint(rows) for part, rows in parts.items()}, split
    assert not files_that_hold(hub.tokens[USER], tmp_path / "reader", tmp_path / "writer")
    assert not any(hub.tokens[USER].encode() in file.content for file in files.values())

    # Published again, with fewer splits: what is there is replaced, in one more commit.
    letters = write_raw(tmp_path / "letters", "letters", drawn["letters"], zipped=False)
    command(hub, tmp_path / "writer", "publish-dataset", "--source", letters, f"{USER}/emnist", token=hub.tokens[USER])
    assert len(repository.commits) == 3
    assert {path.partition("/")[0] for path in repository.find("main").files if path.endswith(".parquet")} == {
        "letters"
    }


def test_train_takes_the_published_data_set(
    hub: Hub, tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, repo = hub.tokens[USER], f"{USER}/train"
    command(hub, tmp_path / "a", "publish-dataset", "--source", digits, repo, "--private", token=token)
    assert hub.repositories["dataset", repo].private
    settings = quick_flags(Path(repo), tmp_path / "run")
    with client(hub, tmp_path / "b", token):
        assert train.main(settings) == 0
    assert json.loads((tmp_path / "run" / "results.json").read_text())["test"]["rows"] == 4 * 10
    assert not files_that_hold(token, tmp_path / "run")
    capsys.readouterr()
    with client(hub, tmp_path / "c"):
        assert train.main([*settings, "--overwrite_output_dir", "True"]) == 1
    assert "log in" in capsys.readouterr().err


def test_the_card_is_the_hubs(archive: Path, tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    written = write_dataset(archive, tmp_path, f"{USER}/emnist")
    found = DatasetCard.load(tmp_path / "README.md")
    assert [config["config_name"] for config in found.data.to_dict()["configs"]] == list(SPLITS)
    assert found.data.to_dict()["size_categories"] == ["1K<n<10K"]
    assert "| `byclass` | 62 | 1,488 | 248 | 24 to 24 |" in found.text
    assert "Not as many rows as the official split: ByClass" in found.text
    assert len(written) == 6 and all((tmp_path / f"samples/{split}.png").is_file() for split in SPLITS)
    # Where the official number of rows is, nothing is said against it.
    assert size_category(1_700_000) == "1M<n<10M"


def test_shards_hold_every_row_once(
    archive: Path, tmp_path: Path, drawn: dict[str, dict[str, Rows]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from emnist_hf.hub import dataset as hub_dataset

    monkeypatch.setattr(hub_dataset, "BLOCK", 100)
    monkeypatch.setattr(hub_dataset, "SHARD_ROWS", 500)
    write_dataset(archive, tmp_path, "user/x", ["byclass"])
    assert len(list((tmp_path / "byclass").glob("train-*-of-00003.parquet"))) == 3
    found = load_parts("byclass", tmp_path)["train"]
    assert np.array_equal(np.asarray(found.images), np.asarray(drawn["byclass"]["train"].images))
    assert np.array_equal(found.labels, drawn["byclass"]["train"].labels)


def damaged(path: Path, split: str, rows: dict[str, Rows], damage: str) -> Path:
    """Raw files that are wrong in one way."""
    folder = write_raw(path, split, rows, zipped=True, mapping=damage == "mapping")
    images, labels = (folder / f"emnist-{split}-train-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    if damage == "cut":
        content = gzip.decompress(images.read_bytes())
        images.write_bytes(gzip.compress(content[:-1000]))
    elif damage == "torn":
        images.write_bytes(images.read_bytes()[:-1000])
    elif damage == "long":
        images.write_bytes(gzip.compress(gzip.decompress(images.read_bytes()) + b"more"))
    elif damage == "alone":
        labels.unlink()
    elif damage == "unlike":
        labels.write_bytes(gzip.compress(idx(np.ones(5, np.uint8))))
    elif damage == "numbers":
        labels.write_bytes(gzip.compress(idx(np.full(len(rows["train"]), 99, np.uint8))))
    elif damage == "swapped":
        labels.write_bytes(images.read_bytes())
    elif damage == "upright":  # so that turning it lays it on its side
        images.write_bytes(gzip.compress(idx(np.asarray(rows["train"].images))))
    elif damage == "mapping":
        (folder / f"emnist-{split}-mapping.txt").write_text("0 65\n")
    elif damage == "size":
        images.write_bytes(gzip.compress(struct.pack(">IIII", 2051, 1, 32, 32) + bytes(1024)))
    return folder


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("cut", "cut short"),
        ("torn", "damaged"),
        ("long", "more than the .* rows that it claims"),
        ("alone", "only the images of Letters train"),
        ("unlike", "do not belong together"),
        ("numbers", "a label of another split"),
        ("swapped", "not an IDX file of its kind"),
        ("upright", "transposed"),
        ("mapping", r"mapping\.txt"),
        ("size", "32x32"),
    ],
)
def test_a_damaged_archive_is_refused(
    tmp_path: Path, drawn: dict[str, dict[str, Rows]], damage: str, said: str
) -> None:
    folder = damaged(tmp_path / "raw", "letters", drawn["letters"], damage)
    with pytest.raises(DataError, match=said):
        write_dataset(zip_up(folder, tmp_path / "gzip.zip"), tmp_path, "user/x")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for source, said in ((tmp_path / "none.zip", "There is no"), (tmp_path / "text.zip", "There is no")):
        with pytest.raises(DataError, match=said):
            open_raw(source)
    with pytest.raises(DataError, match="no EMNIST files"):
        open_raw(tmp_path)


# --- trouble on the wire -----------------------------------------------------------------------------------------


def test_refusals_are_sentences_and_change_nothing(hub: Hub, tmp_path: Path, archive: Path) -> None:
    arguments = ("publish-dataset", "--source", archive)
    token = hub.tokens[USER]
    before = dict(hub.repositories)
    assert "log in with" in refused_command(hub, tmp_path, *arguments, f"{USER}/new")
    wrong = "hf_" + "x" * 34
    said = refused_command(hub, tmp_path, *arguments, f"{USER}/new", token=wrong)
    assert "refuses your token" in said and wrong not in said
    assert "may not write to other/new" in refused_command(hub, tmp_path, *arguments, "other/new", token=token)
    assert "no id of a Hub repository" in refused_command(hub, tmp_path, *arguments, "../../x", token=token)
    assert "There is no folder" in refused_command(
        hub, tmp_path, "publish-dataset", "--source", tmp_path / "none.zip", f"{USER}/new", token=token
    )
    assert hub.repositories == before


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("broken", cut_upload("/lfs/", after=1000, times=2)),
        ("busy", failing(429, "/commit/", times=1, Retry_After="1")),
    ],
)
def test_passing_trouble_is_sat_out(hub: Hub, tmp_path: Path, digits: Path, name: str, trouble: Interference) -> None:
    hub.interfere = trouble
    command(hub, tmp_path, "publish-dataset", "--source", digits, f"{USER}/{name}", token=hub.tokens[USER])
    assert "README.md" in hub.repositories["dataset", f"{USER}/{name}"].find("main").files


def test_an_upload_that_fails_leaves_the_last_revision_whole(
    hub: Hub, tmp_path: Path, digits: Path, drawn: dict[str, dict[str, Rows]]
) -> None:
    name, token = f"{USER}/whole", hub.tokens[USER]
    command(hub, tmp_path, "publish-dataset", "--source", digits, name, token=token)
    repository = hub.repositories["dataset", name]
    before = repository.find("main")
    more = write_raw(tmp_path / "raw", "mnist", drawn["mnist"], zipped=False)
    for trouble, said in ((failing(403, "/commit/"), "may not write"), (cut_upload("/commit/"), "did not answer")):
        hub.interfere = trouble
        refused = refused_command(hub, tmp_path, "publish-dataset", "--source", more, name, token=token, seconds=1)
        assert said in refused
        assert repository.find("main") is before


# --- memory ------------------------------------------------------------------------------------------------------

MEASURE = f"""
{WATCH}
import sys, tempfile
from pathlib import Path
from emnist_hf.hub.dataset import write_dataset

for archive in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(archive, Path(folder), "user/x")
    print(peak() // 2**20)
"""
"""Turns archives into Parquet: after each, the most memory so far that the process had to itself, in MiB."""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    drawn = draw_rows(SPLITS["digits"].label_set, 40)
    archives = []
    for times in (25, 150):
        many = Rows(np.tile(drawn.images, (times, 1, 1)), np.tile(drawn.labels, times), drawn.label_set)
        folder = write_raw(tmp_path / str(times), "digits", {"train": many}, zipped=True)
        archives.append(str(zip_up(folder, tmp_path / f"{times}.zip")))
    program = [sys.executable, "-c", MEASURE, *archives]
    environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system"}  # Arrow's own keeps what it could give back
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    few, more = map(int, done.stdout.split())
    assert more - few < 16, "50,000 more rows are 39 MB of pixels; allocators keep some of what they had"
