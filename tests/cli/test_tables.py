"""`read --tables`: the grids and tables of forms as CSV files that no spreadsheet runs anything of."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from emnist_hf.cli.tables import table_names, write_tables
from emnist_hf.data.form_compose import compose_form
from emnist_hf.forms.spreadsheet import inert
from tests.support.command import invoke
from tests.support.hands import font_hand


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two forms of one name in two folders: each has a grid."""
    folder = tmp_path_factory.mktemp("forms")
    for i, name in enumerate(("a/sheet.png", "b/Sheet.png")):
        (folder / name).parent.mkdir()
        Image.fromarray(compose_form("grid", font_hand("patrick-hand"), "scan", i).picture).save(folder / name)
    return folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_each_table_is_a_file_of_its_own(forms: Path, tmp_path: Path) -> None:
    done = invoke("read", forms, "--tables", tmp_path / "new/tables", status=0)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    names = ["sheet-table-1.csv", "Sheet-2-table-1.csv"]
    assert sorted(path.name for path in (tmp_path / "new/tables").iterdir()) == sorted(names)
    for name, record in zip(names, records):
        assert rows_of(tmp_path / "new/tables" / name) == record["tables"][0]["rows"]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_what_was_read_before_has_its_tables_too(suffix: str, forms: Path, tmp_path: Path) -> None:
    output = tmp_path / f"results.{suffix}"
    invoke("read", forms / "a", "--output", output, status=0)
    invoke("read", forms, "--output", output, "--tables", tmp_path / "tables", status=0)
    assert len(list((tmp_path / "tables").iterdir())) == 2


def test_parquet_has_fields_and_tables(forms: Path, tmp_path: Path) -> None:
    output, lines = tmp_path / "results.parquet", tmp_path / "results.jsonl"
    for path in (output, lines):
        invoke("read", forms / "a", "--output", path, status=0)
    (row,) = pq.read_table(output).to_pylist()
    record = json.loads(lines.read_text())
    assert row["tables"] == record["tables"] and row["fields"] == record["fields"] == []


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_read(forms: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = invoke("read", forms, "--tables", tmp_path / "file/tables", status=1)
    assert not done.stdout and "choose another folder for the tables" in done.stderr


def test_names_differ_in_more_than_case() -> None:
    names = table_names(["x/a.png", "y/A.jpg", "a-2.png", "z/a.png"])
    assert len({name.casefold() for name in names.values()}) == 4


def test_no_spreadsheet_runs_what_was_read(tmp_path: Path) -> None:
    texts = ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "@SUM(A1)", "-x", "\tx", "\rx", "＝1+1", "A=1", "-5", "+5,25", ".5"]
    (path,) = write_tables(tmp_path, "t", {"tables": [{"rows": [texts]}]})
    assert rows_of(path) == [["'" + text for text in texts[:7]] + texts[7:]]
    assert inert("") == ""
