"""A Space that serves a model from the Hub: what it needs of this repository, with its versions pinned, in one commit.

The Space runs the same app.py as `make app`. The checkpoint of the package goes with it, for when the Hub does not
answer.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from emnist_hf.hub_session import HubError, check_repo_id, hub_session, is_revision, retry
from emnist_hf.models.checkpoint import SEEN_FILE
from emnist_hf.models.pretrained import DEFAULT_CHECKPOINT, LINES

CHECKOUT = Path(__file__).resolve().parents[2]
"""Where app.py, requirements.txt, the fonts and the README with the Space's metadata lie."""

TEMPLATE = Path(__file__).with_name("templates") / "space.md"
ROOT_FILES = ("app.py", "LICENSE")
UNNEEDED = {SEEN_FILE}  # says what must not be scored: a page scores nothing


def publish_space(
    repo: str,
    model: str,
    *,
    feedback: str | None = None,
    private: bool = False,
    token: str | None = None,
    checkout: Path = CHECKOUT,
) -> dict[str, Any]:
    """Publish the page as the Space `repo` (user/name), serving a model from the Hub.

    model: user/name, or user/name@revision. feedback: the Hub data set that visitors' corrections go to; the Space then
    needs a secret HF_TOKEN that may write there, which only its owner can set. What the Space holds otherwise is
    replaced, in one commit.

    Returns the ids, the Space's address, the commit's id, the variables set, and the files uploaded.

    Raises `HubError` where the model is not there, this is no checkout of the repository, or the Hub does not take it.
    """
    model_repo, _, revision = model.partition("@")
    for name in (repo, model_repo, *([feedback] if feedback else [])):
        check_repo_id(name)
    if revision and not is_revision(revision):
        raise HubError(f"{revision[:100]!r} is no revision of {model_repo}: give a branch, a tag or a commit.")
    variables = {"EMNIST_HF_CHECKPOINT": model} | ({"EMNIST_HF_FEEDBACK_DATASET": feedback} if feedback else {})
    with tempfile.TemporaryDirectory() as folder:
        files = write_space(Path(folder), model_repo, checkout)
        with hub_session(model_repo, token, writes=False) as api:
            retry(api.model_info, model_repo, revision=revision or None)
        with hub_session(repo, token) as api:
            retry(api.create_repo, repo, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
            commit = retry(
                api.upload_folder,
                repo_id=repo,
                repo_type="space",
                folder_path=folder,
                commit_message=f"Serve {model}",
                delete_patterns=["*"],
            )
            for key, value in variables.items():  # last: where the commit fails, nothing has changed
                retry(api.add_space_variable, repo, key, value)
    url = f"{api.endpoint}/spaces/{repo}"
    about = {"space": repo, "url": url, "model": model, "commit": commit.oid}
    return about | {"variables": variables, "files": files}


def write_space(folder: Path, model: str, checkout: Path = CHECKOUT) -> list[str]:
    """Lay out in an empty folder what a Space that serves `model` needs; returns the files, sorted.

    Raises `HubError` if `checkout` is no checkout of the repository, as in an installed package without app.py.
    """
    missing = [
        name for name in (*ROOT_FILES, "README.md", "requirements.txt", "fonts") if not (checkout / name).exists()
    ]
    if missing:
        raise HubError(
            f"A Space is made of a checkout of the repository, and {missing[0]} is not here: run this in one."
        )
    for source in _needed(checkout):
        target = folder / source.relative_to(checkout)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(space_card(readme, model), encoding="utf-8")
    requirements = (checkout / "requirements.txt").read_text(encoding="utf-8")
    (folder / "requirements.txt").write_text(pinned(requirements), encoding="utf-8")
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _needed(checkout: Path) -> Iterator[Path]:
    """Yield the files to copy as they are: the page, the package with the checkpoints it needs, the fonts."""
    yield from (checkout / name for name in ROOT_FILES)
    for folder in ("emnist_hf", "fonts"):
        for path in sorted((checkout / folder).rglob("*")):
            inside = path.relative_to(checkout).parts
            foreign = "__pycache__" in inside or any(part.startswith(".") for part in inside) or path.name in UNNEEDED
            other = inside[1] == "checkpoints" and len(inside) > 2 and inside[2] not in (DEFAULT_CHECKPOINT, LINES)
            if path.is_file() and not foreign and not other and path.suffix not in (".pyi", ".pyc"):
                yield path


def space_card(readme: str, model: str) -> str:
    """Return the README of a Space: the metadata of ours, with the model it serves and the gradio installed here."""
    from huggingface_hub import RepoCard

    data = RepoCard(readme).data
    data.models = [model]
    data.sdk_version = _installed("gradio")
    return f"{RepoCard.from_template(data, str(TEMPLATE), model=model)}\n"


def pinned(requirements: str) -> str:
    """Return each requirement at the version that is installed here, with which the page was seen to run.

    Raises `HubError` for one that is not installed.
    """
    lines = ["# What `python -m emnist_hf publish-space` found installed where it ran."]
    for line in requirements.splitlines():
        name = re.match(r"[A-Za-z0-9][\w.-]*", line.strip())
        if name is not None:
            lines.append(f"{name[0]}=={_installed(name[0])}")
    return "\n".join(lines) + "\n"


def _installed(package: str) -> str:
    """Return the version of a package, without the label of its build: torch's +cpu is in no registry."""
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        raise HubError(
            f"{package} is not installed here, so its version cannot be pinned: run `make app` first."
        ) from None
