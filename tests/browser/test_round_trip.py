"""The Hub, both ways, in one go: data, training, push, tag, page, and what a visitor says of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from emnist_hf.page.correction import THANKS, consent_text
from emnist_hf.splits import CHARACTERS, SPLITS
from tests.support.chromium import Visitors, answer, draw
from tests.support.drawn import draw_rows
from tests.support.hub_client import client, client_settings, command, files_that_hold
from tests.support.hub_server import serve_hub
from tests.support.raw_files import write_raw
from tests.support.server import serve
from tests.support.training import quick_flags
from train import main as train

USER = "user"
DATA, MODEL, CORRECTIONS = f"{USER}/emnist", f"{USER}/glyphs", f"{USER}/corrections"


@pytest.mark.timeout(1800)
def test_from_the_raw_files_to_a_correction_in_a_data_set(visitors: Visitors, tmp_path: Path) -> None:
    label_set = SPLITS["byclass"].label_set
    drawn = {part: draw_rows(label_set, n, seed) for seed, (part, n) in enumerate((("train", 12), ("test", 2)))}
    raw = write_raw(tmp_path / "raw", "byclass", drawn, zipped=True)
    with serve_hub(USER) as hub:
        token = hub.tokens[USER]
        command(hub, tmp_path / "owner", "publish-dataset", "--source", raw, DATA, token=token)
        # A tiny network, which need not be right: what it answers is what must arrive in the data set.
        settings = quick_flags(Path(DATA), tmp_path / "run", split="byclass", max_train_samples=400)
        with client(hub, tmp_path / "owner", token):
            assert train(settings) == 0
        pushed = command(hub, tmp_path / "owner", "push", tmp_path / "run", MODEL, "--tag", "v1", token=token)
        assert hub.repositories["model", MODEL].tags["v1"] == pushed["commit"]

        environment = client_settings(hub, tmp_path / "space", token) | {
            "EMNIST_HF_CHECKPOINT": f"{MODEL}@v1",
            "EMNIST_HF_FEEDBACK_DATASET": CORRECTIONS,
            "EMNIST_HF_FEEDBACK_MINUTES": "60",  # so that what comes, comes because the page ends
        }
        with serve(seconds=400, **environment) as url, visitors.visit(url) as page:
            page.get_by_role("tab", name="Model").click()
            expect(page.get_by_text(f"{MODEL}@v1")).to_be_visible()
            page.get_by_role("tab", name="Draw").click()
            said = page.locator(".correction .message").locator("visible=true")
            page.get_by_role("button", name=re.compile("Wrong")).locator("visible=true").click()
            draw(page, "7")  # one stroke: no answer is still on its way when it is corrected
            answered = answer(page).inner_text()
            page.get_by_label(consent_text(CORRECTIONS)).locator("visible=true").check()
            page.get_by_label("It was").locator("visible=true").fill("F")
            page.get_by_role("button", name="Send the correction").locator("visible=true").click()
            expect(said).to_have_text(THANKS)
        files = hub.repositories["dataset", CORRECTIONS].find("main").files
        (row,) = [
            row
            for path, file in files.items()
            if path.endswith(".parquet")
            for row in pq.read_table(io.BytesIO(file.content)).to_pylist()
        ]
        assert (row["answer"], CHARACTERS[row["label"]], row["checkpoint"]) == (answered, "F", f"{MODEL}@v1")

        assert not files_that_hold(token, tmp_path)
