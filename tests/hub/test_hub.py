"""Data sets and checkpoints by way of a Hub: a server on loopback, and the real clients."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emnist_hf import Recognizer
from emnist_hf.data.rows import Rows
from emnist_hf.splits import CHARSETS, SPLITS
from tests.support.drawn import draw_glyph, draw_rows, write_parquet
from tests.support.hub_client import SOON, check_refusal, client, refusal, restore
from tests.support.hub_server import Hub

USER = "user"
CHECKPOINT = f"{USER}/glyphs"


@pytest.fixture(autouse=True)
def restored(hub: Hub) -> Iterator[None]:
    yield
    restore(hub)


# --- the Hub itself ----------------------------------------------------------------------------------------------


def use_repository(token: str) -> dict[str, Any]:
    """What the other tests rely on, with huggingface_hub alone."""
    from huggingface_hub import HfApi, HfFileSystem, hf_hub_download

    api, repository = HfApi(token=token), f"{USER}/notes"
    api.create_repo(repository, private=True)
    api.create_repo(repository, private=True, exist_ok=True)
    content = bytes(range(256)) * 100
    first = api.upload_file(path_or_fileobj=b"one", path_in_repo="a/small.txt", repo_id=repository)
    api.create_branch(repository, branch="draft")
    for path in ("large.bin", "a/small.txt"):
        api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repository, revision="draft")
    draft = Path(hf_hub_download(repository, "large.bin", revision="draft", token=token)).read_bytes()
    middle = HfFileSystem(token=token).cat_file(f"{repository}@draft/large.bin", start=250, end=260)
    api.delete_file("a/small.txt", repository, revision="draft")
    references = api.list_repo_refs(repository)
    stale: dict[str, Any] = {"path_or_fileobj": b"two", "path_in_repo": "b.txt", "repo_id": repository}
    stranger = HfApi(token=False)
    refused = {
        "stale parent": refusal(api.upload_file, **stale, revision="draft", parent_commit=first.oid),
        "no token": refusal(stranger.model_info, repository),
        "wrong token": refusal(HfApi(token="hf_" + "x" * 34).model_info, repository),
        "missing revision": refusal(api.model_info, repository, revision="v9"),
        "missing file": refusal(hf_hub_download, repository, "c.txt", token=token),
        "nobody writes": refusal(stranger.create_repo, f"{USER}/other"),
        "not mine": refusal(api.create_repo, "somebody/other"),
    }
    return {
        "user": api.whoami()["name"],
        "main": api.list_repo_files(repository),
        "draft": api.list_repo_files(repository, revision="draft"),
        "branches": [branch.name for branch in references.branches],
        "whole": draft == content,
        "part": list(middle),
        "refused": {name: answer["type"] for name, answer in refused.items()},
    }


def test_the_loopback_hub_is_one_to_the_real_client(hub: Hub, tmp_path: Path) -> None:
    with client(hub, tmp_path):
        answer = use_repository(hub.tokens[USER])
    assert answer == {
        "user": USER,
        "main": [".gitattributes", "a/small.txt"],
        "draft": [".gitattributes", "large.bin"],
        "branches": ["main", "draft"],
        "whole": True,
        "part": [250, 251, 252, 253, 254, 255, 0, 1, 2, 3],
        "refused": {
            "stale parent": "HfHubHTTPError",
            "no token": "RepositoryNotFoundError",
            "wrong token": "HfHubHTTPError",
            "missing revision": "RevisionNotFoundError",
            "missing file": "RemoteEntryNotFoundError",
            "nobody writes": "HfHubHTTPError",
            "not mine": "HfHubHTTPError",
        },
    }


# --- data sets ---------------------------------------------------------------------------------------------------


def fingerprint(rows: Rows) -> dict[str, Any]:
    """What two equal sets of rows have in common, small enough to hand over."""
    return {"images": hashlib.sha256(np.asarray(rows.images).tobytes()).hexdigest(), "labels": rows.labels.tolist()}


def write_unnamed(rows: Rows, path: Path, first_label: int) -> None:
    """Write Parquet whose labels are bare numbers that count from `first_label`."""
    import io

    from datasets import Dataset, Features, Image, Value
    from PIL import Image as PILImage

    def png(array: np.ndarray) -> dict[str, object]:
        buffer = io.BytesIO()
        PILImage.fromarray(array).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": None}

    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"image": [png(image) for image in rows.images], "label": (rows.labels + first_label).tolist()}
    features = Features({"image": Image(), "label": Value("int64")})
    Dataset.from_dict(data, features=features).to_parquet(str(path))


@pytest.fixture(scope="module")
def drawn() -> dict[str, dict[str, Rows]]:
    """For letters and digits, the train and test rows that conftest's `small_emnist` holds."""
    return {
        split: {part: draw_rows(CHARSETS[split], count, seed) for seed, (part, count) in enumerate(PARTS.items())}
        for split in ("letters", "digits")
    }


PARTS = {"train": 24, "test": 4}


@pytest.fixture(scope="module")
def data_sets(
    tmp_path_factory: pytest.TempPathFactory, small_emnist: Path, drawn: dict[str, dict[str, Rows]]
) -> dict[str, Path]:
    """Folders to push, by the name of their repository."""
    from tests.support.raw_files import write_raw

    folder = tmp_path_factory.mktemp("data_sets")
    for part, rows in drawn["digits"].items():
        write_parquet(rows, folder / f"default/data/{part}-00000-of-00001.parquet")
    for part, rows in drawn["letters"].items():
        write_unnamed(rows, folder / f"unnamed/data/{part}-00000-of-00001.parquet", SPLITS["letters"].first_label)
    write_raw(folder / "raw", "letters", drawn["letters"], zipped=True)
    return {"emnist": small_emnist, "secret": folder / "default"} | {
        name: folder / name for name in ("default", "unnamed", "raw")
    }


def push_and_load_data(folders: dict[str, Path], token: str) -> dict[str, Any]:
    from huggingface_hub import HfApi

    from emnist_hf.data.rows import to_rows
    from emnist_hf.data.sources import load_emnist

    api = HfApi(token=token)
    for name, folder in folders.items():
        repository = f"{USER}/{name}"
        api.create_repo(repository, repo_type="dataset", private=name == "secret")
        api.upload_folder(repo_id=repository, folder_path=folder, repo_type="dataset")
    api.create_tag(f"{USER}/emnist", tag="v1", repo_type="dataset")

    def loaded(split: str, name: str, **options: Any) -> dict[str, Any]:
        found = load_emnist(split, f"{USER}/{name}", **options)
        return {part: fingerprint(to_rows(rows)) for part, rows in found.items()}

    sources = {
        "configured letters": loaded("letters", "emnist"),
        "configured digits": loaded("digits", "emnist", revision="v1"),
        "default digits": loaded("digits", "default"),
        "unnamed letters": loaded("letters", "unnamed"),
        "raw letters": loaded("letters", "raw"),
    }
    refused = {
        "missing repository": refusal(load_emnist, "letters", f"{USER}/nothing"),
        "private": refusal(load_emnist, "digits", f"{USER}/secret"),
        "missing split": refusal(load_emnist, "byclass", f"{USER}/emnist"),
        "missing raw split": refusal(load_emnist, "digits", f"{USER}/raw"),
        "missing revision": refusal(load_emnist, "digits", f"{USER}/emnist", revision="v9"),
        "missing raw revision": refusal(load_emnist, "digits", f"{USER}/raw", revision="v9"),
        "other labels": refusal(load_emnist, "letters", f"{USER}/default"),
    }
    return {"sources": sources, "refused": refused}


def test_load_emnist_reads_every_kind_of_hub_data_set(
    hub: Hub, tmp_path: Path, data_sets: dict[str, Path], drawn: dict[str, dict[str, Rows]]
) -> None:
    with client(hub, tmp_path):
        answer = push_and_load_data(data_sets, hub.tokens[USER])
    for source, parts in answer["sources"].items():
        split = source.split()[-1]
        assert parts == {part: fingerprint(rows) for part, rows in drawn[split].items()}, source
    refused = answer["refused"]
    check_refusal(refused["missing repository"], "DataError", "no data set user/nothing")
    check_refusal(refused["private"], "DataError", "no data set user/secret", "log in")
    check_refusal(refused["missing split"], "DataError", "byclass", "digits, letters")
    check_refusal(refused["missing raw split"], "DataError", "none of Digits")
    check_refusal(refused["missing revision"], "DataError", "'v9'")
    check_refusal(refused["missing raw revision"], "DataError", "'v9'")
    check_refusal(refused["other labels"], "DataError", "10 classes", "26")
    assert any(" /lfs/" in request and request.startswith("PUT") for request in hub.requests)


# --- checkpoints -------------------------------------------------------------------------------------------------


def save_fresh_checkpoint(folder: Path) -> Path:
    """An untrained network, so tuned that its answers differ from glyph to glyph: else nothing would be compared."""
    import torch

    from emnist_hf.models.checkpoint import normalise
    from emnist_hf.models.network import IMAGE_SIZE, create_model, save_checkpoint, to_input

    torch.manual_seed(1)
    model = create_model(CHARSETS["byclass"], "resnet10t", channels=(8, 8, 8, 8), stem_width=8)
    classifier: Any = model.get_classifier()  # type: ignore[operator]
    pixels = normalise(to_input(torch.from_numpy(some_glyphs()), IMAGE_SIZE))
    with torch.no_grad():
        for _ in range(20):  # the running means and variances of its layers become those of glyphs
            model.train()(pixels)
        logits = model.eval()(pixels)
        scale = 2 / (logits - logits.mean(dim=0)).std()
        classifier.weight.mul_(scale)
        classifier.bias.copy_(classifier.bias - scale * logits.mean(dim=0))
    return save_checkpoint(model, folder, CHARSETS["byclass"], split="byclass")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "fresh"
    return save_fresh_checkpoint(folder)


def some_glyphs() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.stack([draw_glyph(character, rng) for character in "0Ag7xQ"])


def push(folder: Path | str, repository: str, token: str, *, private: bool = False, tag: str = "v1") -> None:
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    api.create_repo(repository, private=private)
    api.upload_folder(repo_id=repository, folder_path=folder)
    api.create_tag(repository, tag=tag)


def push_and_load(folder: Path, token: str) -> dict[str, Any]:
    """The probabilities of `some_glyphs` by every way of loading the checkpoint, from the Hub and from the folder."""
    import timm
    import torch
    from PIL import Image
    from transformers import AutoModelForImageClassification, pipeline

    from emnist_hf.processor import GlyphImageProcessor

    push(folder, CHECKPOINT, token)
    glyphs = some_glyphs()
    recognizer = Recognizer.from_pretrained(CHECKPOINT, revision="v1")
    pixels = recognizer.checkpoint.pixels(torch.from_numpy(glyphs))

    def by_timm(source: str) -> Any:
        with torch.inference_mode():
            return timm.create_model(source, pretrained=True).eval()(pixels).softmax(dim=1).tolist()

    def by_transformers(source: str, **options: Any) -> Any:
        model = AutoModelForImageClassification.from_pretrained(source, **options).eval()
        with torch.inference_mode():
            return model(pixel_values=pixels).logits.softmax(dim=1).tolist()

    def by_pipeline(source: str, **options: Any) -> Any:
        model = AutoModelForImageClassification.from_pretrained(source, **options)
        processor = GlyphImageProcessor.from_pretrained(source, **options)
        classify = pipeline("image-classification", model=model, image_processor=processor)
        order = {label: index for index, label in enumerate(recognizer.labels)}
        rows = np.full((len(glyphs), len(order)), np.nan)
        pictures = [Image.fromarray(glyph) for glyph in glyphs]
        for row, answers in zip(rows, classify(pictures, top_k=len(order))):
            for answer in answers:
                row[order[answer["label"]]] = answer["score"]
        return rows.tolist()

    return {
        "Recognizer, revision": recognizer.predict_proba(glyphs).tolist(),
        "Recognizer, user/name@v1": Recognizer.from_pretrained(f"{CHECKPOINT}@v1").predict_proba(glyphs).tolist(),
        "Recognizer, folder": Recognizer.from_pretrained(folder).predict_proba(glyphs).tolist(),
        "timm, Hub": by_timm(f"hf-hub:{CHECKPOINT}@v1"),
        "timm, folder": by_timm(f"local-dir:{folder}"),
        "transformers, Hub": by_transformers(CHECKPOINT, revision="v1"),
        "transformers, folder": by_transformers(folder),
        "pipeline, Hub": by_pipeline(CHECKPOINT, revision="v1"),
        "pipeline, folder": by_pipeline(folder),
    }


def load_again() -> dict[str, Any]:
    """With the Hub down: a checkpoint that the cache has, and one that it does not have."""
    import timm
    import torch
    from datasets import load_dataset

    from emnist_hf.data.sources import load_emnist

    assert load_dataset  # imported by now, so that importing does not count as waiting
    model = timm.create_model(f"hf-hub:{CHECKPOINT}@v1", pretrained=True)
    start = time.monotonic()
    recognizer = Recognizer.from_pretrained(f"{CHECKPOINT}@v1")
    seconds = time.monotonic() - start
    same = [torch.equal(a, b) for a, b in zip(model.parameters(), recognizer.checkpoint.model.parameters())]
    return {
        "cached": recognizer.predict_proba(some_glyphs()).tolist(),
        "seconds": seconds,
        "timm has the same": all(same),
        "cold": refusal(Recognizer.from_pretrained, f"{USER}/never-seen"),
        "cold revision": refusal(Recognizer.from_pretrained, CHECKPOINT, revision="v2"),
        "data": refusal(load_emnist, "letters", f"{USER}/emnist"),
    }


def test_every_way_of_loading_agrees_and_the_cache_outlives_the_hub(hub: Hub, tmp_path: Path, checkpoint: Path) -> None:
    with client(hub, tmp_path):
        answers = push_and_load(checkpoint, hub.tokens[USER])
    expected = np.array(answers.pop("Recognizer, revision"))
    assert np.ptp(expected, axis=0).max() > 0.05, "the glyphs should get different answers, or nothing is compared"
    apart = {way: np.abs(np.array(probabilities) - expected).max() for way, probabilities in answers.items()}
    hub.stop()
    with client(hub, tmp_path):
        again = load_again()
    np.testing.assert_allclose(again["cached"], expected, atol=1e-6)
    assert again["timm has the same"] and again["seconds"] < SOON
    check_refusal(again["cold"], "CheckpointError", "cannot be reached", USER, seconds=SOON)
    check_refusal(again["cold revision"], "CheckpointError", "cannot be reached", CHECKPOINT, seconds=SOON)
    check_refusal(again["data"], "DataError", "did not answer", seconds=SOON)
    assert not {way: distance for way, distance in apart.items() if not distance < 1e-4}


def spoil_checkpoints(good: Path, folder: Path) -> dict[str, Path]:
    """Copies of a good checkpoint, each wrong in one way, by the name of their repository."""
    import pickle
    import shutil

    def copy(name: str) -> Path:
        return Path(shutil.copytree(good, folder / name))

    def change_config(name: str, change: Callable[[dict[str, Any]], None]) -> None:
        path = copy(name) / "config.json"
        config = json.loads(path.read_text())
        change(config)
        path.write_text(json.dumps(config))

    def swap_labels(config: dict[str, Any]) -> None:
        names = config["label_names"]
        config["label_names"] = [names[1], names[0], *names[2:]]

    def drop_classes(config: dict[str, Any]) -> None:
        config.update(label_names=list("0123456789"), num_classes=10)

    pickled = copy("pickle")
    (pickled / "model.safetensors").unlink()
    (pickled / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": [0.0]}))
    cut = copy("cut") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-1000])
    change_config("miscounted", lambda config: config.update(num_classes=10))
    change_config("fewer", drop_classes)
    change_config("swapped", swap_labels)
    (copy("no-config") / "config.json").unlink()
    return {path.name: path for path in folder.iterdir()}


def load_spoiled(spoiled: dict[str, Path], good: Path, token: str) -> dict[str, Any]:
    from huggingface_hub import constants

    for name, folder in spoiled.items():
        push(folder, f"{USER}/{name}", token)
    push(good, f"{USER}/secret", token, private=True)
    load = Recognizer.from_pretrained
    refused = {name: refusal(load, f"{USER}/{name}", revision="v1") for name in spoiled}
    refused["missing repository"] = refusal(load, f"{USER}/nothing")
    refused["missing revision"] = refusal(load, f"{USER}/swapped@v9")
    refused["private"] = refusal(load, f"{USER}/secret")
    pickles = [path.name for path in Path(constants.HF_HUB_CACHE).rglob("*.bin")]
    return {"refused": refused, "pickles": pickles}


@pytest.mark.security(24, 25, 26, 27)
def test_checkpoints_that_cannot_be_used_are_refused_with_a_sentence(
    hub: Hub, tmp_path: Path, checkpoint: Path
) -> None:
    (tmp_path / "spoiled").mkdir()
    spoiled = spoil_checkpoints(checkpoint, tmp_path / "spoiled")
    token, secret = hub.tokens[USER], f"{USER}/secret"
    with client(hub, tmp_path / "home"):
        answer = load_spoiled(spoiled, checkpoint, token)
    refused = answer["refused"]
    with client(hub, tmp_path / "home", "hf_" + "x" * 34):
        refused["wrong token"] = refusal(Recognizer.from_pretrained, secret)
    with client(hub, tmp_path / "home", token):
        assert len(Recognizer.from_pretrained(secret).labels) == 62
    check_refusal(refused["pickle"], "CheckpointError", "only safetensors")
    check_refusal(refused["cut"], "CheckpointError", "not a whole safetensors file")
    check_refusal(refused["miscounted"], "CheckpointError", "62 label_names", "num_classes is 10")
    check_refusal(refused["fewer"], "CheckpointError", "do not fit")
    check_refusal(refused["swapped"], "CheckpointError", "official order")
    check_refusal(refused["no-config"], "CheckpointError", "no config.json")
    check_refusal(refused["missing repository"], "CheckpointError", "no model user/nothing")
    check_refusal(refused["missing revision"], "CheckpointError", "no revision 'v9'")
    check_refusal(refused["private"], "CheckpointError", "user/secret", "log in")
    check_refusal(refused["wrong token"], "CheckpointError", "token")
    assert answer["pickles"] == [], "a pickle was downloaded"


# --- trouble -----------------------------------------------------------------------------------------------------


TROUBLED = ("overloaded", "silent")


async def trouble(request: Request) -> Response | None:
    """Interferes with the repositories that are named after a fault."""
    if "/overloaded" in request.url.path:
        return JSONResponse({"error": "Service Unavailable"}, 503)
    if "/silent" in request.url.path:
        await asyncio.sleep(30)
    return None


@pytest.mark.security(26)
def test_a_hub_in_trouble_is_given_up_soon(hub: Hub, tmp_path: Path) -> None:
    from emnist_hf.data.sources import load_emnist

    hub.interfere = trouble
    with client(hub, tmp_path, seconds=1), ThreadPoolExecutor() as waiting:
        data = [waiting.submit(refusal, load_emnist, "letters", f"{USER}/{name}") for name in TROUBLED]
        models = [waiting.submit(refusal, Recognizer.from_pretrained, f"{USER}/{name}") for name in TROUBLED]
        for answer in data:
            check_refusal(answer.result(), "DataError", "did not answer", seconds=SOON)
        for answer in models:
            check_refusal(answer.result(), "CheckpointError", "cannot be reached", seconds=SOON)
