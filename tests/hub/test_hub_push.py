"""A checkpoint goes to a Hub with one command and comes back by every tool, whatever the wire does meanwhile.

The Hub is hub_server.py on loopback. The push that is killed is a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import train
from emnist_hf import Recognizer
from emnist_hf.errors import EmnistError
from emnist_hf.evaluation import card
from emnist_hf.hub.model import check_push, publish, push, write_published
from emnist_hf.hub_session import (
    TIMEOUT,
    TIMEOUT_VARIABLE,
    HubError,
    check_may_write,
    is_repo_id,
    is_revision,
    request_seconds,
)
from emnist_hf.ink import glyph_of
from emnist_hf.models.checkpoint import PICTURES, PUBLISHED_FILES
from emnist_hf.models.network import create_model, load_checkpoint, save_checkpoint
from emnist_hf.models.pretrained import LINES, PACKAGED
from emnist_hf.splits import CHARSETS
from emnist_hf.training.config import PushConfig
from tests.support.drawn import draw_rows
from tests.support.hub_client import (
    check_refusal,
    client,
    client_settings,
    command,
    files_that_hold,
    refusal,
    refused_command,
    restore,
)
from tests.support.hub_server import (
    Commit,
    Hub,
    Interference,
    Repository,
    check_card,
    cut_download,
    cut_upload,
    failing,
    slow,
)
from tests.support.server import ROOT

USER = "user"
REPO = f"{USER}/glyphs"
GIVEN_UP = 15
"""Seconds after which a push or a pull must have given up that waits 1 s for each answer, and 30 s with our ten."""


@pytest.fixture(autouse=True)
def restored(hub: Hub) -> Iterator[None]:
    yield
    restore(hub)


@dataclass(frozen=True)
class Pushed:
    """What the command said, the commit it made, and where its client kept things."""

    answer: dict[str, Any]
    home: Path
    commit: Commit = field(repr=False)


@pytest.fixture(scope="module")
def pushed(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    """The package's checkpoint as REPO, pushed once for all tests."""
    home = tmp_path_factory.mktemp("pushed")
    told = command(hub, home, "push", "byclass", REPO, "--tag", "v1", token=hub.tokens[USER])
    return Pushed(told, home, hub.repositories["model", REPO].find("v1"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny untrained checkpoint without results: what is pushed where only the wire matters."""
    digits = CHARSETS["digits"]
    model = create_model(digits, "resnet10t", channels=(8, 8, 8, 8), stem_width=8)
    return save_checkpoint(model, tmp_path_factory.mktemp("small") / "small", digits, image_size=28)


# --- what stands there ------------------------------------------------------------------------------------------


def test_one_commit_holds_everything(hub: Hub, pushed: Pushed) -> None:
    repository = hub.repositories["model", REPO]
    assert [commit.title for commit in repository.commits.values()] == [
        "initial commit",
        "Upload a checkpoint with emnist-hf",
    ]
    assert repository.branches["main"] == repository.tags["v1"] == pushed.answer["commit"]
    files = pushed.commit.files
    absent = set(PICTURES) - {path.name for path in (PACKAGED / "byclass").glob("*.png")}
    assert set(files) == set(PUBLISHED_FILES) - absent | {".gitattributes"}
    assert sorted(pushed.answer["files"]) == sorted(set(files) - {".gitattributes"})
    for name in ("model.safetensors", "not_a_character.safetensors", "trained_on.npz", "results.json"):
        assert files[name].content == (PACKAGED / "byclass" / name).read_bytes()
    for name, file in files.items():
        for where in (str(ROOT), str(pushed.home), hub.tokens[USER], hub.url):
            assert where.encode() not in file.content, name


def validate(text: str) -> list[str]:
    from huggingface_hub import ModelCard

    read = ModelCard(text)
    read.validate()  # asks the Hub
    wrong = {
        "licence": text.replace("license: apache-2.0", "license: mine"),
        "value": re.sub(r"value: [\d.]+", "value: high", text),
    }
    found = []
    for name, spoiled in wrong.items():
        assert spoiled != text
        found += [name] if refusal(ModelCard(spoiled, ignore_metadata_errors=True).validate)["type"] else []
    return found


def test_card(hub: Hub, pushed: Pushed, tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    text = pushed.commit.files["README.md"].content.decode()
    data = ModelCard(text).data
    results = json.loads(pushed.commit.files["results.json"].content)
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "timm", "image-classification")
    # The package's was learnt from files: a name that is no Hub id would lead nowhere.
    assert results["train"].get("hub_data_set") is None and data.datasets is None
    assert {"emnist", "timm", "transformers", "onnx"} <= set(data.tags)
    assert data.model_name == "glyphs"
    accuracy, f1 = data.eval_results
    assert accuracy.metric_value == pytest.approx(results["test"]["accuracy"], abs=1e-5)
    assert f1.metric_value == pytest.approx(results["test"]["macro_f1"], abs=1e-5)
    assert (accuracy.dataset_type, accuracy.dataset_config, accuracy.dataset_split) == ("emnist", "byclass", "test")
    learnt = results | {"train": results["train"] | {"hub_data_set": "user/emnist"}}
    from_hub = ModelCard(card.model_card(learnt)).data
    assert from_hub.datasets == ["user/emnist"] and from_hub.eval_results[0].dataset_type == "user/emnist"
    for tool in ("timm", "pipeline", "onnxruntime", "@huggingface/transformers", "Recognizer"):
        assert tool in text
    assert "USER/NAME" not in text and "FOLDER" not in text and text.count(f'"{REPO}"') >= 5
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target in pushed.commit.files
    # The Hub refuses what is wrong, or its consent would say nothing.
    with client(hub, tmp_path):
        assert validate(text) == ["licence", "value"]
    assert check_card(text, "model") == ([], [])
    assert check_card(text.replace("  results:", "  outcome:"), "model")[0]


# --- four ways to load it ---------------------------------------------------------------------------------------


def load_in_four_ways(glyph_file: Path) -> dict[str, Any]:
    """The largest difference between the probabilities of each way and ours, on all glyphs of a file."""
    import onnxruntime
    import timm
    import torch
    from huggingface_hub import hf_hub_download, snapshot_download
    from transformers import pipeline

    from emnist_hf.processor import GlyphImageProcessor

    glyphs = np.load(glyph_file)
    recognizer = Recognizer.from_pretrained(REPO, revision="v1")
    expected = recognizer.predict_proba(glyphs)
    pixels = recognizer.checkpoint.pixels(torch.from_numpy(glyphs))
    order = {label: index for index, label in enumerate(recognizer.labels)}
    found: dict[str, Any] = {}

    def by_pipeline(classify: Any, count: int) -> np.ndarray:
        rows = np.full((count, len(order)), np.nan)
        pictures = [Image.fromarray(glyph) for glyph in glyphs[:count]]
        for row, answers in zip(rows, classify(pictures, top_k=len(order), batch_size=50)):
            for answer in answers:
                row[order[answer["label"]]] = answer["score"]
        return rows

    def note(way: str, probabilities: Any) -> None:
        rows = np.asarray(probabilities)
        found[way] = float(np.abs(rows - expected[: len(rows)]).max())

    with torch.inference_mode():
        model = timm.create_model(f"hf-hub:{REPO}@v1", pretrained=True).eval()
        note("timm", torch.cat([model(part).softmax(dim=1) for part in pixels.split(100)]))
    note("pipeline", by_pipeline(pipeline("image-classification", model=REPO, revision="v1"), len(glyphs)))
    for name in ("onnx/model.onnx", "onnx/model_quantized.onnx"):
        session = onnxruntime.InferenceSession(hf_hub_download(REPO, name, revision="v1"))
        parts = [session.run(None, {"pixel_values": part.numpy()})[0] for part in pixels.split(100)]
        probabilities = torch.from_numpy(np.concatenate(parts)).softmax(dim=1).numpy()
        note(name, probabilities)
        found[f"{name} labels"] = float((probabilities.argmax(axis=1) == expected.argmax(axis=1)).mean())
        rgb = pixels[:20].expand(-1, 3, -1, -1).numpy()
        found[f"{name} in RGB"] = float(np.abs(session.run(None, {"pixel_values": rgb})[0] - parts[0][:20]).max())
    # The same from a folder that somebody downloaded, and with our own image processor.
    folder = snapshot_download(REPO, revision="v1")
    note("pipeline, folder", by_pipeline(pipeline("image-classification", model=folder), 20))
    ours = GlyphImageProcessor.from_pretrained(REPO, revision="v1")
    note("pipeline, ours", by_pipeline(pipeline("image-classification", model=REPO, image_processor=ours), 20))
    note("Recognizer, folder", Recognizer.from_pretrained(folder).predict_proba(glyphs[:20]))
    return {
        "apart": found,
        "different": len(set(expected.argmax(axis=1))),
        "not a character": recognizer.rejection is not None,
        "results": bool(recognizer.results),
        "files": sorted(path.name for path in Path(recognizer.folder).iterdir()),
    }


def follow_the_card(text: str) -> dict[str, Any]:
    """Run every Python block of a card, one after the other, beside a glyph and a photo."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        last = block.rstrip().rsplit("\n", 1)[-1]
        exec(compile(block, "README.md", "exec"), names)
        if last.startswith(("classify(", "Recognizer.")):
            names[last.split("(")[0]] = eval(last, names)
    return {
        "ours": names["Recognizer.from_pretrained"][0].label,
        "transformers": names["classify"][0]["label"],
        "timm": names["labels"][int(names["probabilities"].argmax())],
        "onnx": names["labels"][int(names["logits"].argmax())],
        "apart": float(abs(names["classify"][0]["score"] - names["probabilities"].max())),
    }


@pytest.fixture(scope="module")
def pulled(hub: Hub, pushed: Pushed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What other people's tools make of what was pushed."""
    folder = tmp_path_factory.mktemp("pulled")
    glyphs = draw_rows(CHARSETS["byclass"], 17, seed=4).images[:1000]
    assert len(glyphs) == 1000
    np.save(folder / "glyphs.npy", glyphs)
    photo = ROOT / "emnist_hf/page/examples/marker.png"
    shutil.copy(photo, folder / "photo.png")
    Image.fromarray(glyph_of(photo)[0]).save(folder / "glyph.png")
    text = pushed.commit.files["README.md"].content.decode()
    with client(hub, folder / "home"), contextlib.chdir(folder):
        return {"four ways": load_in_four_ways(folder / "glyphs.npy"), "card": follow_the_card(text)}


def test_four_ways_of_loading_agree_on_a_thousand_glyphs(pulled: dict[str, Any]) -> None:
    answer = pulled["four ways"]
    assert answer["different"] > 40, "the glyphs should get different answers, or nothing is compared"
    apart = answer["apart"]
    assert apart.pop("onnx/model_quantized.onnx labels") >= 0.99
    assert apart.pop("onnx/model.onnx labels") == 1
    del apart["onnx/model_quantized.onnx"]  # eight bits: other probabilities, the same labels
    apart["onnx/model_quantized.onnx in RGB"] /= 1000  # it may round the other way
    assert not {way: distance for way, distance in apart.items() if not distance < 1e-4}
    assert answer["not a character"] and answer["results"]


def test_the_card_tells_how_to_use_it(pulled: dict[str, Any]) -> None:
    answer = pulled["card"]
    assert answer.pop("apart") < 1e-4
    assert answer == dict.fromkeys(("ours", "transformers", "timm", "onnx"), "3")


def test_pushing_again_makes_no_commit_and_a_tag_stays_what_it_is(
    hub: Hub, pushed: Pushed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emnist_hf.hub.model.export_onnx", None)  # the same weights need none
    again = command(hub, tmp_path, "push", "byclass", REPO, "--tag", "v2", "--token", hub.tokens[USER])
    repository = hub.repositories["model", REPO]
    assert again["commit"] == pushed.answer["commit"] == repository.tags["v2"]
    assert len(repository.commits) == 2
    taken = refused_command(hub, tmp_path, "push", "mnist", REPO, "--tag", "v1", token=hub.tokens[USER])
    assert "has a tag 'v1' already" in taken
    assert repository.branches["main"] == pushed.answer["commit"]
    assert not files_that_hold(hub.tokens[USER], tmp_path, pushed.home)


# --- refusals ---------------------------------------------------------------------------------------------------

BAD_NAMES = ["user", "user/", "/name", "../x/y", "user/../x", "a/b/c", "user/na me", "user/name\n", "user/name?x=1"]
BAD_NAMES += [
    "user/%2e%2e",
    "https://a.b/user/name",
    "user/name#x",
    "user/name.git",
    "user/-x;rm",
    "usér/name",
    "a" * 200,
]


def test_names_that_are_no_repository() -> None:
    assert not [name for name in BAD_NAMES if is_repo_id(name)]
    assert all(map(is_repo_id, ("user/name", "user-1/na.me_2", "U/n")))
    assert not [name for name in ("../x", "a..b", "-x", "a b", "", "v1\n", "a?b", "/v1", "v1:x") if is_revision(name)]
    assert all(map(is_revision, ("v1", "main", "refs/pr/1", "1.0-beta", "0" * 40)))


def push_wrongly(small: Path, stranger: str) -> dict[str, Any]:
    found = {
        "no token": refusal(push, small, f"{USER}/new"),
        "wrong token": refusal(push, small, f"{USER}/new", token="hf_" + "x" * 34),
        "broken token": refusal(push, small, f"{USER}/new", token="hf_abc\r\nX-Other: 1"),
        "not mine": refusal(push, small, f"{USER}/new", token=stranger),
        "no checkpoint": refusal(push, f"{small}/nothing", f"{USER}/new", token=stranger),
        "bad tag": refusal(push, small, "stranger/new", tag="../v1", token=stranger),
        "training, no id": refusal(check_push, None),
        "training, wrong token": refusal(check_push, f"{USER}/new", "hf_" + "x" * 34),
        "bad revision": refusal(Recognizer.from_pretrained, REPO, revision="../../x"),
    }
    push(small, "stranger/open", token=stranger)
    found["public"] = refusal(push, small, "stranger/open", private=True, token=stranger)
    found["names"] = [refusal(push, small, name, token=stranger) for name in BAD_NAMES]
    found["pulls"] = [refusal(Recognizer.from_pretrained, name) for name in BAD_NAMES]
    return found


def test_pushes_that_are_refused(hub: Hub, small: Path, tmp_path: Path) -> None:
    with client(hub, tmp_path):
        refused = push_wrongly(small, hub.tokens["stranger"])
    check_refusal(refused["no token"], "HubError", "takes a token", "hf auth login")
    check_refusal(refused["wrong token"], "HubError", "refuses your token")
    check_refusal(refused["broken token"], "HubError", "no token has")
    check_refusal(refused["not mine"], "HubError", "may not write to user/new")
    check_refusal(refused["no checkpoint"], "CheckpointError", "no checkpoint")
    check_refusal(refused["bad tag"], "HubError", "no name for a tag")
    check_refusal(refused["training, no id"], "HubError", "--hub_model_id")
    check_refusal(refused["training, wrong token"], "HubError", "refuses your token")
    check_refusal(refused["bad revision"], "CheckpointError", "no revision")
    check_refusal(refused["public"], "HubError", "for all to see")
    for answer in refused["names"]:
        check_refusal(answer, "HubError", "give user/name")
    for answer in refused["pulls"]:
        check_refusal(answer, "CheckpointError", "give a folder, the Hub id user/name")
    assert not any(name == f"{USER}/new" for _, name in hub.repositories)
    assert not any("rm" in request or ".." in request for request in hub.requests)


@pytest.mark.parametrize(
    ("repo", "known", "said"),
    [
        ("ann/x", {"name": "ann", "orgs": [], "auth": {"accessToken": {"role": "write"}}}, None),
        ("Ann/x", {"name": "ann", "orgs": []}, None),
        ("press/x", {"name": "ann", "orgs": [{"name": "press", "roleInOrg": "write"}]}, None),
        ("ann/x", {"name": "ann", "orgs": [], "auth": {"accessToken": {"role": "read"}}}, "it only reads"),
        ("bob/x", {"name": "ann", "orgs": [{"name": "press"}]}, "begins as yours do, ann/..., press/..."),
        ("bob/x", {"name": "ann", "orgs": [], "auth": {"accessToken": {"role": "fineGrained"}}}, None),
        ("bob/x", {"name": "ann"}, None),
        ("bob/x", {}, None),
        ("bob/x", {"name": "ann", "orgs": None, "auth": None}, None),
    ],
)
def test_what_the_hub_says_of_a_token(repo: str, known: dict[str, Any], said: str | None) -> None:
    if said is None:
        check_may_write(repo, known)
    else:
        with pytest.raises(HubError, match=re.escape(said)):
            check_may_write(repo, known)


def test_a_token_that_may_not_write_is_refused_before_training(hub: Hub, tmp_path: Path) -> None:
    """With rows that are not there, which training would be the first to look for."""

    def refused(repo: str) -> str:
        settings = training(tmp_path / "none", tmp_path / "run", "--hub_model_id", repo)
        status, said = train_here(hub, tmp_path, *settings, "--hub_token", hub.tokens[USER])
        assert status == 1
        return said.strip().splitlines()[-1]

    assert "may not write to stranger/x: choose a name that begins as yours do, user/..." in refused("stranger/x")
    hub.roles[USER] = "read"
    assert "may not write to user/x, it only reads: log in with one that writes" in refused(f"{USER}/x")
    assert not (tmp_path / "run").exists()
    hub.roles.clear()
    hub.organisations[USER] = ["press"]
    assert "no file or folder" in refused("press/x")


def pull_unsafe(small: Path, token: str) -> dict[str, Any]:
    from huggingface_hub import HfApi, constants

    api, refused = HfApi(token=token), {}
    for name in ("pytorch_model.bin", "extra/weights.pkl", "model.H5", "tf_model.h5", "model.pt"):
        repo = f"{USER}/unsafe-{name.replace('/', '-').replace('.', '-').replace('_', '-')}"
        api.create_repo(repo)
        api.upload_folder(repo_id=repo, folder_path=small)
        api.upload_file(repo_id=repo, path_in_repo=name, path_or_fileobj=b"\x80\x04}.")
        refused[name] = refusal(Recognizer.from_pretrained, repo)
    cached = [path.name for path in Path(constants.HF_HUB_CACHE).rglob("*")]
    return {"refused": refused, "cached": sorted({name for name in cached if "safetensors" in name or "model" in name})}


def test_a_repository_with_anything_but_safetensors_is_refused(hub: Hub, small: Path, tmp_path: Path) -> None:
    with client(hub, tmp_path):
        answer = pull_unsafe(small, hub.tokens[USER])
    for name, refused in answer["refused"].items():
        check_refusal(refused, "CheckpointError", name, "only safetensors")
    assert not [name for name in answer["cached"] if not name.startswith("models--")]


# --- trouble on the wire ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder in published form, and the names of its files: what follows is about the wire."""
    folder = tmp_path_factory.mktemp("prepared")
    return folder, write_published(load_checkpoint(small), folder, f"{USER}/prepared")


def test_the_limits_are_those_that_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TIMEOUT_VARIABLE, raising=False)
    assert request_seconds() == TIMEOUT == 10
    monkeypatch.setenv(TIMEOUT_VARIABLE, "2.5")
    assert request_seconds() == 2.5
    for wrong in ("soon", "0", "-1", "1e9", "nan"):
        monkeypatch.setenv(TIMEOUT_VARIABLE, wrong)
        with pytest.raises(HubError, match="give seconds, such as 10"):
            request_seconds()


def test_what_an_earlier_push_left_is_taken_out_and_nothing_else(
    hub: Hub, prepared: tuple[Path, list[str]], tmp_path: Path
) -> None:
    """A push with a picture and a push without, with a file of somebody else's between."""
    from huggingface_hub import HfApi

    folder, files = prepared
    repo, token = f"{USER}/less", hub.tokens[USER]
    with client(hub, tmp_path):
        api = HfApi(token=token)
        (folder / "curve.png").write_bytes(b"a picture")
        publish(folder, [*files, "curve.png"], repo, token=token)
        api.upload_file(repo_id=repo, path_in_repo="notes.txt", path_or_fileobj=b"mine")
        before = api.list_repo_files(repo)
        (folder / "curve.png").unlink()
        publish(folder, files, repo, token=token)
        after = api.list_repo_files(repo)
    assert set(before) - set(after) == {"curve.png"} and "notes.txt" in after
    assert len(hub.repositories["model", f"{USER}/less"].commits) == 4


def several(interferences: list[Interference]) -> Interference:
    """Whichever of them has something to say first."""

    async def interfere(request: Any) -> Any:
        for interference in interferences:
            answer = await interference(request)
            if answer is not None:
                return answer
        return None

    return interfere


def test_trouble_that_passes_is_waited_for(
    hub: Hub, prepared: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trouble = {
        "cut": cut_upload("/lfs/", times=1),
        "cut-commit": cut_upload("/cut-commit/commit/", 10, times=1),
        "busy": failing(429, "/busy/preupload/", 1, Retry_After="1"),
        "overloaded": failing(503, "/overloaded/commit/", 2),
        "stumbling": failing(500, "/stumbling/refs", 1),
        "sleepy": slow(2, "/sleepy/tag"),
    }
    hub.interfere = several(list(trouble.values()))
    folder, files = prepared
    with client(hub, tmp_path), ThreadPoolExecutor() as pool:  # most of the time is waiting
        token = hub.tokens[USER]
        begun = [pool.submit(publish, folder, files, f"{USER}/{name}", tag="v1", token=token) for name in trouble]
        for publishing in begun:
            publishing.result()
    for name in trouble:
        repository = hub.repositories["model", f"{USER}/{name}"]
        assert len(repository.commits) == 2 and repository.tags["v1"] == repository.branches["main"]
    said = capsys.readouterr().err
    assert "The Hub is in trouble (status 503): trying again in 1 s." in said
    assert "The Hub is in trouble (status 503): trying again in 2 s." in said
    assert sum(request.startswith("PUT /lfs/") for request in hub.requests) > 1


def test_trouble_that_stays_ends_in_a_sentence_and_leaves_the_last_revision(
    hub: Hub, prepared: tuple[Path, list[str]], tmp_path: Path
) -> None:
    trouble = {
        "for-ever-busy": (failing(429, "/for-ever-busy/"), "status 429"),
        "closed-an-hour": (failing(429, "/closed-an-hour/commit", Retry_After="3600"), "asks to wait 3600 s"),
        "down": (failing(503, "/down/commit"), "status 503"),
        "silent": (slow(60, "/silent/commit"), "no whole answer"),
        "cut-off": (cut_upload("/cut-off/commit", 10), "no whole answer"),
        "rejecting": (failing(400, "/rejecting/commit"), "refuses what was sent"),
        "untagged": (failing(403, "/untagged/tag"), "may not write"),
    }
    token = hub.tokens[USER]
    for name in trouble:
        hub.repositories["model", f"{USER}/{name}"] = Repository("model", f"{USER}/{name}")
    heads = {name: hub.repositories["model", f"{USER}/{name}"].branches["main"] for name in trouble}
    hub.interfere = several([interference for interference, _ in trouble.values()])
    folder, files = prepared
    with client(hub, tmp_path, seconds=1), ThreadPoolExecutor(len(trouble)) as pool:
        begun = {
            name: pool.submit(refusal, publish, folder, files, f"{USER}/{name}", tag="v1", token=token)
            for name in trouble
        }
        answers = {name: answer.result() for name, answer in begun.items()}
    for name, (_, words) in trouble.items():
        check_refusal(answers[name], "HubError", words, f"{USER}/{name}", seconds=GIVEN_UP)
        head = hub.repositories["model", f"{USER}/{name}"].branches["main"]
        assert (head == heads[name]) != (name == "untagged")
        assert token not in json.dumps(answers[name])


def test_a_push_that_is_killed_in_mid_upload_leaves_the_last_revision(hub: Hub, small: Path, tmp_path: Path) -> None:
    token = hub.tokens[USER]
    command(hub, tmp_path, "push", small, f"{USER}/killed", token=token)
    repository = hub.repositories["model", f"{USER}/killed"]
    before = dict(repository.branches)
    hub.interfere = slow(60, "/lfs/", method="PUT")
    other = shutil.copytree(small, tmp_path / "other")
    (other / "trained_on.npz").write_bytes(b"more than there is")
    arguments = [sys.executable, "-m", "emnist_hf", "push", str(other), f"{USER}/killed"]
    environment = client_settings(hub, tmp_path, token)
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        batch = f"POST /{USER}/killed.git/info/lfs/objects/batch 200"
        seen, deadline = hub.requests.count(batch), time.monotonic() + 200
        while hub.requests.count(batch) == seen and time.monotonic() < deadline:
            assert process.poll() is None, process.stderr.read()[-2000:] if process.stderr else ""
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
    assert repository.branches == before and len(repository.commits) == 2


def test_a_download_that_breaks_off(hub: Hub, pushed: Pushed, tmp_path: Path) -> None:
    hub.interfere = cut_download(hub, after=300_000, times=2)
    with client(hub, tmp_path / "twice"):
        for _ in range(2):
            Recognizer.from_pretrained(REPO, revision="v1")
    hub.interfere = cut_download(hub, after=0)
    with client(hub, tmp_path / "always", seconds=1):
        answer = refusal(Recognizer.from_pretrained, REPO, revision="v1")
    check_refusal(answer, "CheckpointError", "cannot be reached", REPO, seconds=GIVEN_UP)


def start_the_page(repo: str) -> tuple[str, str, float]:
    """What app.py does first: the name of what it serves, its notice, and the seconds it took, with our own limits."""
    from emnist_hf.page.main import load_recognizer

    start = time.monotonic()
    recognizer, notice = load_recognizer(repo)
    return recognizer.name, notice, time.monotonic() - start


def test_the_page_starts_within_five_seconds_whatever_the_hub_does(hub: Hub, pushed: Pushed, tmp_path: Path) -> None:
    asked = f"{REPO}@v1"
    with client(hub, tmp_path / "warm"):
        assert start_the_page(asked)[:2] == (asked, "")
    with client(hub, tmp_path / "cold"):
        hub.interfere = slow(60)
        silent = start_the_page(asked)
        hub.interfere = failing(503)
        ill = start_the_page(asked)
        hub.stop()
        down = start_the_page(asked)
    for name, notice, seconds in (silent, ill, down):
        assert name == "byclass" and seconds < 5
        assert "cannot be reached" in notice and "the checkpoint that comes with it" in notice
    with client(hub, tmp_path / "warm"):
        name, notice, seconds = start_the_page(asked)
    assert name == asked and not notice and seconds < 5


# --- training ---------------------------------------------------------------------------------------------------


def training(data: Path, folder: Path, *more: str) -> list[str]:
    """Arguments of train.py for a tiny run that is published."""
    arguments = ["--split", "digits", "--dataset", str(data), "--output_dir", str(folder), "--num_train_epochs", "1"]
    arguments += ["--model_args", '{"channels": [8, 8, 8, 8], "stem_width": 8}', "--image_size", "28", "--cpu"]
    return [*arguments, "--max_train_samples", "64", "--push_to_hub", *more]


def train_here(hub: Hub, home: Path, *arguments: str) -> tuple[int, str]:
    """train.py in this process: its exit status, and what it said on standard error."""
    with client(hub, home), contextlib.redirect_stderr(io.StringIO()) as said:
        return train.main(list(arguments)), said.getvalue()


def test_train_pushes_what_it_made(
    hub: Hub, small_emnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, folder = hub.tokens[USER], tmp_path / "run"
    settings = training(small_emnist, folder, "--hub_model_id", f"{USER}/digits", "--hub_private_repo")
    status, said = train_here(hub, tmp_path, *settings, "--hub_token", "hf_" + "x" * 34)
    assert status == 1 and "refuses your token" in said and not folder.exists()
    status, said = train_here(hub, tmp_path / "home", *settings, "--hub_token", token)
    assert status == 0, said[-3000:]
    assert f"Published: {hub.url}/{USER}/digits" in (printed := capsys.readouterr().out) and token not in printed + said
    repository = hub.repositories["model", f"{USER}/digits"]
    files = repository.find("main").files
    assert repository.private and len(repository.commits) == 2
    assert {"model.safetensors", "onnx/model.onnx", "results.json", "curve.png"} <= set(files)
    assert not [name for name in files if name.startswith("checkpoints/")]
    results = json.loads(files["results.json"].content)
    assert not [name for name in results["settings"] if name.startswith("hub_")]
    assert not [name for name, file in files.items() if token.encode() in file.content]
    # What goes wrong at the end costs nothing of the run, and says how to go on.
    hub.interfere = failing(403, "/commit/")
    (folder / "curve.png").unlink()  # else there would be nothing to commit
    with client(hub, tmp_path / "home", token), contextlib.redirect_stderr(io.StringIO()) as stderr:
        status = train.publish(str(folder), PushConfig(push_to_hub=True, hub_model_id=f"{USER}/digits"))
    said = stderr.getvalue()
    assert status == 1 and "may not write" in said
    assert f"python -m emnist_hf push {folder} {USER}/digits" in said
    assert not files_that_hold(token, tmp_path)


def test_the_network_of_lines_is_pushed_and_pulled(hub: Hub, tmp_path: Path) -> None:
    repo = f"{USER}/lines"
    with client(hub, tmp_path / "push", hub.tokens[USER]):
        pushed = push(PACKAGED / LINES, repo)
        assert {"config.json", "model.safetensors", "README.md", "onnx/model.onnx"} <= set(pushed["files"])
        picture = Image.new("RGB", (500, 150), "white")
        ImageDraw.Draw(picture).text((40, 40), "send a letter", fill="black", font_size=64)
        own, pulled = (Recognizer.from_pretrained(lines=lines).read(picture) for lines in (None, repo))
        assert pulled == own and own.text
        with pytest.raises(EmnistError, match="reads whole lines"):
            Recognizer.from_pretrained(repo)
