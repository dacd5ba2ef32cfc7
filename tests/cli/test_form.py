"""`form new` and `form read`: from a blank form and scans to a table, with broken files, interruptions and a review."""

from __future__ import annotations

import csv
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from emnist_hf.cli.form_table import columns, formats
from emnist_hf.forms import Template
from tests.support.command import invoke
from tests.support.forms import blank_form, filled_form, typed
from tests.support.launch import torchrun

LAYOUT, SEED = "registration", 5


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a blank form, its template, and scans: two forms, one on its head, paper, and a broken file."""
    folder = tmp_path_factory.mktemp("office")
    Image.fromarray(blank_form(LAYOUT, SEED)).save(folder / "blank.png")
    invoke("form", "new", folder / "blank.png", "--output", folder / "visit.yaml", status=0)
    typed(Template.load(folder / "visit.yaml"), LAYOUT, SEED).save(folder / "visit.yaml")
    scans = folder / "scans"
    scans.mkdir()
    for i in (1, 2):
        picture, _ = filled_form(LAYOUT, SEED, i)
        Image.fromarray(np.rot90(picture, 2 * (i - 1))).save(scans / f"{i}.png")
    Image.new("L", (900, 600), 244).save(scans / "3 paper.png")
    (scans / "4 broken.pdf").write_bytes(b"%PDF-1.7 no more")
    (scans / "notes.txt").write_text("not looked at")
    return folder


@pytest.fixture(scope="module")
def table(office: Path) -> Path:
    """What became of the scans, with the review beside it."""
    output = office / "visits.csv"
    done = invoke("form", "read", office / "visit.yaml", office / "scans", "--output", output, "--review", office / "r")
    assert done.exit_code == 1  # one file is broken, one is no form
    told = json.loads(done.stdout)
    assert told["forms"] == 4 and told["failed"] == 2 and Path(told["review"]).is_file()
    return output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_new_finds_the_fields_and_draws_them(office: Path, tmp_path: Path) -> None:
    done = invoke("form", "new", office / "blank.png", "--output", tmp_path / "a.yaml", "--preview", tmp_path / "a.png")
    told = json.loads(done.stdout)
    assert told["fields"] == len(Template.load(tmp_path / "a.yaml").fields) == 8
    assert told["preview"] == [str(tmp_path / "a.png")]
    drawn, blank = (np.asarray(Image.open(path).convert("RGB")) for path in (tmp_path / "a.png", office / "blank.png"))
    assert drawn.shape == blank.shape and (drawn[..., 2].astype(int) - drawn[..., 0] > 100).sum() > 2000


def test_a_template_that_is_there_is_set_aside(office: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("my work")
    done = invoke("form", "new", office / "blank.png", "--output", tmp_path / "a.yaml", status=0)
    assert (tmp_path / "a.before-1.yaml").read_text() == "my work" and "a.before-1.yaml" in done.stderr


def test_a_row_a_form_whatever_happened(office: Path, table: Path) -> None:
    found = rows(table)
    assert [Path(row["file"]).name for row in found] == ["1.png", "2.png", "3 paper.png", "4 broken.pdf"]
    template = Template.load(office / "visit.yaml")
    assert list(found[0]) == columns(template.fields)
    for row, fill in zip(found, (1, 2)):
        _, true = filled_form(LAYOUT, SEED, fill)
        right = [
            row[f.name] == (str(value).lower() if isinstance(value, bool) else value)
            for f, (_, value, _) in zip(template.fields, true)
        ]
        wrong = [f.name for f, ok in zip(template.fields, right) if not ok]
        assert len(wrong) <= 1 and all(name in row["doubtful"] for name in wrong)
    assert "nothing on this page, where the form visit" in found[2]["error"]
    assert "PDF cannot be read" in found[3]["error"]
    assert not any(found[2][f.name] or found[3][f.name] for f in template.fields)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_every_format_says_the_same_and_is_read_again(office: Path, table: Path, tmp_path: Path, suffix: str) -> None:
    fields = Template.load(office / "visit.yaml").fields
    known = formats(fields)
    records = list(known[".csv"].read(table))
    path = tmp_path / f"visits{suffix}"
    known[suffix].write(path, iter(records))
    assert list(known[suffix].read(path)) == records


def test_a_workbook_has_numbers_texts_and_what_is_doubtful_in_yellow(office: Path, tmp_path: Path) -> None:
    output, field = tmp_path / "visits.xlsx", "field_4"
    text = (office / "visit.yaml").read_text("utf-8")
    start = text.index(f"name: {field}")
    template = tmp_path / "visit.yaml"
    template.write_text(text[:start] + text[start:].replace("type: digits", "type: number", 1), "utf-8")
    invoke("form", "read", template, office / "scans" / "1.png", "--output", output, status=0)
    sheet = openpyxl.load_workbook(output).active
    head = [cell.value for cell in sheet[1]]
    _, true = filled_form(LAYOUT, SEED, 1)
    assert sheet.cell(2, head.index(field) + 1).value == int(true[-1][1])
    for cell in sheet[2]:
        assert cell.data_type != "f"


def test_it_goes_on_where_it_was_interrupted(office: Path, table: Path, tmp_path: Path) -> None:
    """What stands in a part or in the table is not read again, the torn line is; corrections stay."""
    scans = [str(office / "scans" / name) for name in ("1.png", "2.png")]
    output = tmp_path / "visits.csv"
    fields = Template.load(office / "visit.yaml").fields
    records = {record["file"]: record for record in formats(fields)[".csv"].read(table)}
    kept = json.loads(json.dumps(records[scans[0]]))
    kept["fields"]["field_1"]["value"] = "CORRECTED"
    part = tmp_path / "visits.csv.part-1"
    part.write_text(json.dumps(kept) + "\n" + json.dumps(records[scans[1]])[:50], "utf-8")
    invoke("form", "read", office / "visit.yaml", *scans, "--output", output, status=0)
    assert [row["field_1"] for row in rows(output)] == ["CORRECTED", rows(table)[1]["field_1"]]
    assert not list(tmp_path.glob("*.part-*"))


def test_a_changed_template_reads_all_anew_and_keeps_the_old_table(office: Path, tmp_path: Path) -> None:
    output, template = tmp_path / "visits.csv", tmp_path / "visit.yaml"
    output.write_text("file,page,field_1\r\nold.png,1,OLD\r\n")
    os.utime(output, (1, 1))
    template.write_bytes((office / "visit.yaml").read_bytes())
    done = invoke("form", "read", template, office / "scans" / "1.png", "--output", output, status=0)
    assert "OLD" in (tmp_path / "visits.before-1.csv").read_text() and "before-1" in done.stderr
    assert len(rows(output)) == 1


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_keeps_what_was_read(office: Path, table: Path, tmp_path: Path) -> None:
    scans = office / "scans" / "1.png", office / "scans" / "2.png"
    output, arguments = tmp_path / "visits.csv", ("form", "read", office / "visit.yaml", *scans, "--output")
    invoke(*arguments[:4], "--output", tmp_path / "one.jsonl", status=0)
    with room_for(int(1.5 * (tmp_path / "one.jsonl").stat().st_size)):
        done = invoke(*arguments, output)
    assert done.exit_code == 1 and "make room and run the same command" in done.stderr
    assert [path.name for path in tmp_path.glob("visits*")] == ["visits.csv.part-0"]
    with room_for(300):  # nor is there room for the table
        done = invoke(*arguments, output)
    assert done.exit_code == 1 and not output.exists() and list(tmp_path.glob("*.part-0"))
    done = invoke(*arguments, output, status=0)
    assert "1/1" in done.stderr  # the other was kept
    assert rows(output) == rows(table)[:2] and [path.name for path in tmp_path.glob("visits*")] == ["visits.csv"]


def test_two_processes_give_the_same(office: Path, table: Path, tmp_path: Path) -> None:
    output = tmp_path / "visits.csv"
    command = ["-m", "emnist_hf", "form", "read", office / "visit.yaml", office / "scans", "--output", output]
    assert torchrun("--standalone", "--nproc_per_node", "2", *command) == 1
    assert output.read_text("utf-8") == table.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "visits.doc"), ".csv, .xlsx, .jsonl nor .parquet"),
        (("--output", "visits.csv", "--review", "visit.yaml"), "choose another folder"),
    ],
)
def test_what_cannot_be_written_is_said_first(office: Path, arguments: tuple[str, ...], said: str) -> None:
    placed = [str(office / one) if not one.startswith("--") else one for one in arguments]
    done = invoke("form", "read", office / "visit.yaml", office / "scans", *placed)
    assert done.exit_code == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1


def test_parquet_has_a_column_for_each_field(office: Path, table: Path, tmp_path: Path) -> None:
    fields = Template.load(office / "visit.yaml").fields
    known = formats(fields)
    known[".parquet"].write(tmp_path / "v.parquet", known[".csv"].read(table))
    read = pq.read_table(tmp_path / "v.parquet")
    assert read.column_names == columns(fields)
    assert read.column("check_1").to_pylist()[2] is None and set(read.column("check_1").to_pylist()[:2]) <= {
        True,
        False,
    }
