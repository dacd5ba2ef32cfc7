"""The Space that is published: what is in it, and that it serves on its own, from the Hub and without it."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from huggingface_hub import HfApi, SpaceCard
from PIL import Image, ImageDraw, ImageFont

from emnist_hf import Recognizer
from emnist_hf.hub.space import CHECKOUT, pinned, write_space
from emnist_hf.hub_session import HubError
from emnist_hf.models.pretrained import PACKAGED
from tests.support.drawn import draw_glyph
from tests.support.hub_client import client, client_settings, command, files_that_hold, refused_command, run
from tests.support.hub_server import Hub, failing, serve_hub
from tests.support.server import ROOT, serve

USER = "user"
MODEL, SPACE = f"{USER}/glyphs", f"{USER}/fine-hand"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub with a private model, tagged v1."""
    with serve_hub(USER) as server:
        folder = tmp_path_factory.mktemp("model")
        for name in ("config.json", "model.safetensors", "results.json"):
            shutil.copy(PACKAGED / "byclass" / name, folder)
        with client(server, folder.parent / "push", server.tokens[USER]):
            api = HfApi()
            api.create_repo(MODEL, private=True)
            api.upload_folder(repo_id=MODEL, folder_path=folder)
            api.create_tag(MODEL, tag="v1")
        yield server


def test_the_space_holds_what_it_needs_and_no_more(tmp_path: Path) -> None:
    files = write_space(tmp_path, MODEL)
    assert files == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert {"README.md", "requirements.txt", "app.py", "LICENSE", "emnist_hf/recognizer.py"} <= set(files)
    assert {"emnist_hf/checkpoints/byclass/model.safetensors", "emnist_hf/page/theme.css"} <= set(files)
    lines = Recognizer.from_pretrained("letters", lines=tmp_path / "emnist_hf/checkpoints/lines")
    script = next((tmp_path / "fonts/dancing-script").glob("*.ttf"))
    page = Image.new("RGB", (420, 150), "white")
    ImageDraw.Draw(page).text((30, 20), "morning", fill="black", font=ImageFont.truetype(str(script), 80))
    assert lines.read(page).text.lower() == "morning"  # joined, read by what the Space has
    assert {path.parent.name for path in tmp_path.glob("fonts/*/*.ttf")} == {p.name for p in (ROOT / "fonts").iterdir()}
    assert {Path(file).parts[0] for file in files if "/" in file} == {"emnist_hf", "fonts"}
    assert not [
        file for file in files if re.search(r"pycache|\.npz|\.pyc|bymerge|mnist/|/\.", file[len("emnist_hf/") :])
    ]
    for line in (tmp_path / "requirements.txt").read_text().splitlines()[1:]:
        package, pin = line.split("==")
        assert version(package).partition("+")[0] == pin
    wanted = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if re.match(r"\w", line)]
    assert len(wanted) == len((tmp_path / "requirements.txt").read_text().splitlines()) - 1
    card = SpaceCard.load(tmp_path / "README.md")
    assert card.data.models == [MODEL] and card.data.sdk == "gradio" and card.data.app_file == "app.py"
    assert card.data.sdk_version == version("gradio")


def test_what_cannot_be_a_space_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"app\.py is not here"):
        write_space(tmp_path / "space", MODEL, checkout=tmp_path)
    with pytest.raises(HubError, match="no-such-package is not installed"):
        pinned("no-such-package>=1,<2\n")
    assert (CHECKOUT / "app.py").is_file()


def read_e(url: str, folder: Path) -> str:
    """What the page at `url` reads in a picture of an E."""
    Image.fromarray(255 - draw_glyph("E", np.random.default_rng(1))).resize((200, 200)).save(folder / "E.png")
    client = Client(url, verbose=False, download_files=folder)
    return str(client.predict(handle_file(folder / "E.png"), api_name="/recognize_image")[0]["label"])


def test_the_uploaded_tree_serves_on_its_own(hub: Hub, tmp_path: Path) -> None:
    token = hub.tokens[USER]
    arguments = ("publish-space", SPACE, "--model", f"{MODEL}@v1")
    told = command(hub, tmp_path / "writer", *arguments, token=token)
    repository = hub.repositories["space", SPACE]
    assert repository.variables == told["variables"] == {"EMNIST_HF_CHECKPOINT": f"{MODEL}@v1"}
    assert (told["url"], told["commit"]) == (f"{hub.url}/spaces/{SPACE}", repository.branches["main"])
    files = repository.find("main").files
    assert sorted(set(files) - {".gitattributes"}) == told["files"]
    assert not any(token.encode() in file.content for file in files.values())
    assert not files_that_hold(token, tmp_path)

    tree = tmp_path / "tree"
    for path, file in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(file.content)
    client = client_settings(hub, tmp_path / "space", token) | {"PYTHONPATH": ""}
    with serve(folder=tree, **client, **repository.variables) as url:
        assert read_e(url, tmp_path) == "E"
        page = urllib.request.urlopen(f"{url}/config").read().decode()
        assert f"{MODEL}@v1" in page and "cannot be reached" not in page
    assert not files_that_hold(token, tree)


ALONE = """
import json, sys
import emnist_hf
from emnist_hf.page.main import load_recognizer

recognizer, notice = load_recognizer(sys.argv[1])
print(json.dumps([emnist_hf.__file__, recognizer.name, notice]))
"""


def test_a_space_without_the_hub_has_its_own_package_and_checkpoint(hub: Hub, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    write_space(tree, MODEL)
    (tree / "alone.py").write_text(ALONE)
    hub.stop()
    try:
        done = run(hub, tmp_path / "space", tree / "alone.py", f"{MODEL}@v1", PYTHONPATH="")
    finally:
        hub.start()
    assert done.returncode == 0, done.stderr[-3000:]
    package, name, notice = json.loads(done.stdout.splitlines()[-1])
    assert Path(package).parent == tree / "emnist_hf" and name == "byclass"
    assert "uses the checkpoint that comes with it" in notice


def test_refusals_are_sentences(hub: Hub, tmp_path: Path) -> None:
    token = hub.tokens[USER]
    refused = {
        "no model": refused_command(hub, tmp_path, "publish-space", f"{USER}/a", "--model", f"{USER}/no", token=token),
        "no id": refused_command(hub, tmp_path, "publish-space", "a", "--model", MODEL, token=token),
        "no token": refused_command(hub, tmp_path, "publish-space", f"{USER}/a", "--model", MODEL),
        "not mine": refused_command(hub, tmp_path, "publish-space", "you/a", "--model", MODEL, token=token),
    }
    hub.interfere = failing(403, "/commit/")
    refused["no commit"] = refused_command(hub, tmp_path, "publish-space", f"{USER}/b", "--model", MODEL, token=token)
    hub.interfere = None
    assert "There is no user/no" in refused["no model"] and "no id of a Hub repository" in refused["no id"]
    assert "log in" in refused["no token"] and "may not write to you/a" in refused["not mine"]
    assert "may not write" in refused["no commit"]
    assert ("space", f"{USER}/a") not in hub.repositories
    unchanged = hub.repositories["space", f"{USER}/b"]
    assert len(unchanged.commits) == 1 and not unchanged.variables
