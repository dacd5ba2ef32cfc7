"""Corrections by visitors: whole on the disk at once, on the Hub in the background, and rows that train.py learns."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.data.rows import DataError
from emnist_hf.data.sources import load_rows
from emnist_hf.hub.feedback import DATASET_VARIABLE, MINUTES_VARIABLE, Correction, Feedback, FeedbackError
from emnist_hf.hub_session import HubError
from emnist_hf.splits import CHARACTERS, CHARSETS
from emnist_hf.training.sampling import load_sources
from tests.support.drawn import draw_glyph
from tests.support.hub_client import client, files_that_hold, run
from tests.support.hub_server import Hub

USER = "user"
CORRECTIONS = f"{USER}/corrections"


def correction(recognizer: Recognizer, drawn: str, label: str) -> Correction:
    """A drawn character with a camera's notes in its file, and what a visitor says that it is."""
    glyph = Image.fromarray(255 - draw_glyph(drawn, np.random.default_rng(1))).resize((900, 900))
    sink = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where the visitor lives"
    glyph.save(sink, "JPEG", exif=exif)
    return Correction(sink.getvalue(), recognizer.examine(sink.getvalue()), label, "byclass", recognizer.name)


def test_a_correction_is_a_row_to_learn_from(tmp_path: Path, recognizer: Recognizer) -> None:
    feedback = Feedback(CORRECTIONS, tmp_path)
    for drawn, label in ("EF", "77", "aA"):
        feedback.record(correction(recognizer, drawn, label))
    rows = load_rows(tmp_path)
    assert sorted(rows.label_set.labels[i] for i in rows.labels) == ["7", "A", "F"]
    assert rows.label_set is CHARSETS["byclass"]
    (source,) = load_sources([f"{tmp_path}:2.5"])
    assert len(source.rows) == 3 and source.weight == 2.5

    path = feedback.record(correction(recognizer, "E", "F"))
    (row,) = pq.read_table(path).to_pylist()
    assert (row["answer"], row["label"], row["charset"], row["checkpoint"]) == ("E", 15, "byclass", "byclass")
    assert 0 < row["score"] <= 1 and row["day"] == path.parent.name
    assert Image.open(io.BytesIO(row["drawing"]["bytes"])).size == (512, 512)
    assert Image.open(io.BytesIO(row["image"]["bytes"])).size == (28, 28)
    assert b"visitor lives" not in path.read_bytes()
    assert not list(tmp_path.rglob("*.draft"))


@pytest.mark.parametrize("label", ["", "AB", "é", "../x", "-"])
def test_what_is_no_character_is_not_kept(tmp_path: Path, recognizer: Recognizer, label: str) -> None:
    with pytest.raises(FeedbackError, match="one letter or digit"):
        Feedback(CORRECTIONS, tmp_path).record(correction(recognizer, "E", label))
    assert not list(tmp_path.rglob("*.parquet"))


def test_the_disk_is_not_filled(tmp_path: Path, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emnist_hf.hub.feedback.MOST_WAITING", 2)
    feedback = Feedback(CORRECTIONS, tmp_path)
    for _ in range(2):
        feedback.record(correction(recognizer, "E", "F"))
    with pytest.raises(FeedbackError, match="try again later"):
        feedback.record(correction(recognizer, "E", "F"))


def test_it_is_off_unless_the_owner_names_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATASET_VARIABLE, raising=False)
    assert Feedback.from_environment() is None
    monkeypatch.setenv(DATASET_VARIABLE, "../somewhere/else")
    with pytest.raises(HubError, match="no id"):
        Feedback.from_environment()
    monkeypatch.setenv(DATASET_VARIABLE, CORRECTIONS)
    monkeypatch.setenv(MINUTES_VARIABLE, "soon")
    with pytest.raises(FeedbackError, match="soon"):
        Feedback.from_environment()
    (tmp_path / "file").write_text("")
    with pytest.raises(FeedbackError, match="cannot hold corrections"):
        Feedback(CORRECTIONS, tmp_path / "file" / "folder")


RECORD = """
import json, sys, time
from pathlib import Path
from types import SimpleNamespace
from emnist_hf.hub.feedback import Correction, Feedback
from emnist_hf.ink import glyph_of

picture = sys.argv[2]
best = SimpleNamespace(label="E", score=0.9)  # an answer without the network, whose import takes the most time here
found = SimpleNamespace(predictions=[best], glyph=glyph_of(picture)[0])
seconds = []
feedback = Feedback(sys.argv[1], Path(sys.argv[3]), minutes=float(sys.argv[4]))
for label in sys.argv[5]:
    start = time.monotonic()
    if not seconds:
        feedback.start()
    feedback.record(Correction(picture, found, label, "byclass", "byclass"))
    seconds.append(time.monotonic() - start)
limit = time.monotonic() + 30
while sys.argv[6] != "stop" and any(Path(sys.argv[3]).rglob("*.parquet")) and time.monotonic() < limit:
    time.sleep(0.1)
if sys.argv[6] == "close":  # the scheduler has been at work, and is not due again for an hour
    feedback.record(Correction(picture, found, sys.argv[5][0], "byclass", "byclass"))
    feedback.close()
print(json.dumps(seconds))
"""


def labels_on(hub: Hub) -> list[str]:
    """The labels in the data set of corrections on the Hub, sorted."""
    files = hub.repositories["dataset", CORRECTIONS].find("main").files
    tables = [pq.read_table(io.BytesIO(file.content)) for path, file in files.items() if path.endswith(".parquet")]
    return sorted(CHARACTERS[label] for table in tables for label in table.column("label").to_pylist())


def test_corrections_reach_the_hub_whatever_happens(hub: Hub, tmp_path: Path) -> None:
    picture, folder, token = tmp_path / "E.png", tmp_path / "waiting", hub.tokens[USER]
    Image.fromarray(255 - draw_glyph("E", np.random.default_rng(1))).resize((200, 200)).save(picture)

    def recorded(labels: str, then: str, minutes: float, token: str | None = token) -> list[float]:
        arguments = (CORRECTIONS, picture, folder, minutes, labels, then)
        done = run(hub, tmp_path / "home", "-c", RECORD, *arguments, token=token)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-3000:]
        return list(json.loads(done.stdout.splitlines()[-1]))

    # The Hub is down: nobody waits for it, and what was said stays on the disk.
    hub.stop()
    try:
        start = time.monotonic()
        assert max(recorded("FA", "stop", 60)) < 9  # a request alone would wait for ten
        assert time.monotonic() - start < 100 and len(list(folder.rglob("*.parquet"))) == 2
    finally:
        hub.start()

    # A token that may not write: a line in the log, and again nothing is lost.
    recorded("B", "stop", 60, "hf_" + "x" * 34)
    assert ("dataset", CORRECTIONS) not in hub.repositories and len(list(folder.rglob("*.parquet"))) == 3

    # The page starts again: what waited goes first.
    recorded("7", "deliver", 0.01)
    assert labels_on(hub) == ["7", "A", "B", "F"] and not list(folder.rglob("*.parquet"))
    assert hub.repositories["dataset", CORRECTIONS].private

    # It ends between two commits: what came since the last one is sent on the way out.
    recorded("9", "close", 60)
    assert labels_on(hub) == ["7", "9", "9", "A", "B", "F"] and not list(folder.rglob("*.parquet"))
    assert not files_that_hold(token, tmp_path)

    # And train.py takes them.
    with client(hub, tmp_path / "reader", token):
        assert len(load_sources([f"{CORRECTIONS}:2"])[0].rows) == 6


def test_a_data_set_that_is_not_there_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        load_rows("not a name")
    with (
        client(hub, tmp_path, hub.tokens[USER]),
        pytest.raises(DataError, match="There is no data set user/nothing on the Hub"),
    ):
        load_rows("user/nothing")
