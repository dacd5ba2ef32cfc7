"""What was read stands in a spreadsheet as it is: nothing of it is run, and it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from emnist_hf.cli.form_table import formats
from emnist_hf.forms.spreadsheet import STARTS, inert, number_of, original
from emnist_hf.forms.template_fields import TemplateField
from emnist_hf.reading.results import Record

DANGEROUS = (
    '=HYPERLINK("http://127.0.0.1/","x")',
    "@SUM(A1:A9)",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\tx",
    "\rx",
    "＝1+1",
    "'=1+1",
)
NUMBERS = ("-5", "+12", "-12,50", "0", "3.14")


def fields(names: Sequence[str], kind: str = "text") -> list[TemplateField]:
    return [TemplateField(name, (0, 10 * i, 90, 10 * i + 9), kind) for i, name in enumerate(names)]


def record(values: dict[str, str]) -> Record:
    read = {name: {"value": value, "score": 0.5, "doubt": "It is hard to read."} for name, value in values.items()}
    return {"file": "=a.png", "page": 1, "fields": read, "doubtful": list(values)}


@pytest.mark.security(38)
@pytest.mark.parametrize("text", [*DANGEROUS, *NUMBERS, "", "plain", "'quoted'", "''-5", "'-5"])
def test_38_what_is_made_inert_comes_back(text: str) -> None:
    assert original(inert(text)) == text
    assert not inert(text).startswith(STARTS) or text in NUMBERS


@pytest.mark.security(38)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_38_no_table_runs_a_formula(tmp_path: Path, suffix: str) -> None:
    names = [*DANGEROUS[:3], "a", "b", "c", "d", "e"]
    template = fields(names)
    written = record(dict(zip(names, DANGEROUS)))
    table, path = formats(template)[suffix], tmp_path / f"t{suffix}"
    table.write(path, iter([written]))
    (back,) = table.read(path)
    read = {name: field["value"] for name, field in back["fields"].items()}
    expected = {name: value.replace("\r", "") if suffix == ".xlsx" else value for name, value in zip(names, DANGEROUS)}
    assert read == expected and back["file"] == "=a.png"
    if suffix == ".csv":
        cells = path.read_text("utf-8").splitlines()[0].split(",")
        assert not [cell for cell in cells if cell.strip('"').startswith(STARTS)]
    if suffix == ".xlsx":
        assert {cell.data_type for row in openpyxl.load_workbook(path).active for cell in row} <= {"s", "n"}


@pytest.mark.security(38)
def test_38_a_number_stays_a_number(tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(len(NUMBERS))]
    template = fields(names, "number")
    written = record(dict(zip(names, NUMBERS)))
    for suffix in (".csv", ".xlsx"):
        formats(template)[suffix].write(tmp_path / f"t{suffix}", iter([written]))
    assert (
        '\r\n"' not in (tmp_path / "t.csv").read_text()
        and ',-5,+12,"-12,50",0,3.14,' in (tmp_path / "t.csv").read_text()
    )
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert [cell.value for cell in sheet[2]][2:7] == [-5, 12, -12.5, 0, 3.14]


def test_a_code_is_no_number() -> None:
    assert number_of("007") is None and number_of("12a") is None and number_of("-0,5") == -0.5 and number_of("7") == 7


def test_control_characters_do_not_break_a_workbook(tmp_path: Path) -> None:
    table = formats(fields(["a"]))[".xlsx"]
    table.write(tmp_path / "t.xlsx", iter([record({"a": "x\x00\x1b\ud800\uffffy"})]))
    assert next(table.read(tmp_path / "t.xlsx"))["fields"]["a"]["value"] == "xy"
