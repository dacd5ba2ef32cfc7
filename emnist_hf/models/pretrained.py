"""Where a checkpoint is: in the package, in a folder, or on the Hub."""

from __future__ import annotations

import os
import re
from pathlib import Path

from emnist_hf.hub_session import (
    check_token,
    hub_sentence,
    hub_timeouts,
    is_repo_id,
    is_revision,
    request_seconds,
    retry,
)
from emnist_hf.models.checkpoint import OWN_FILES, CheckpointError

PACKAGED = Path(__file__).parents[1] / "checkpoints"
DEFAULT_CHECKPOINT = "byclass"
LINES = "lines"  # the checkpoint that reads whole lines
CHARACTERS = tuple(sorted(path.name for path in PACKAGED.iterdir() if path.is_dir() and path.name != LINES))
FIRST_ANSWER = 4.0  # seconds to wait for the Hub before what is in the cache, or the package, has to do

UNSAFE = re.compile(
    r"\.(bin|pt|pth|pkl|pickle|ckpt|joblib|dill|h5|hdf5|keras|pb|msgpack|npy|tar|zip|7z)$", re.IGNORECASE
)
"""Names of files in which weights come that are not safetensors, most of them able to run code when they are loaded."""


def find_checkpoint(source: str | Path | None = None, revision: str | None = None) -> tuple[Path, str]:
    """Return folder and name of a checkpoint, downloaded (or found in the Hub's cache) if `source` is a Hub id.

    source: a name in the package (None: "byclass"), a folder, user/name or user/name@revision.

    Raises `CheckpointError` with a sentence.
    """
    source = str(source or DEFAULT_CHECKPOINT)
    if re.fullmatch(r"[a-z]+", source) and os.path.isdir(PACKAGED / source):
        return PACKAGED / source, source
    if os.path.isdir(source):
        return Path(source), Path(source).resolve().name
    repo, _, tag = source.partition("@")
    if not is_repo_id(repo):
        raise CheckpointError(
            "There is no checkpoint {source!r}: give a folder, the Hub id user/name, or one that comes with the "
            "package ({names}).",
            source=source[:100],
            names=", ".join(sorted(path.name for path in PACKAGED.iterdir())),
        )
    chosen = revision or tag or None
    if chosen is not None and not is_revision(chosen):
        raise CheckpointError(
            "{revision!r} is no revision of {repo}: give a branch, a tag or a commit id.",
            revision=chosen[:100],
            repo=repo,
        )
    return _download(repo, chosen), f"{repo}@{chosen}" if chosen else repo


def _download(repo: str, revision: str | None) -> Path:
    """Return the folder of a Hub repository in the cache, up to date if the Hub answers in time, else as it was."""
    from huggingface_hub import HfApi, get_token, snapshot_download
    from huggingface_hub.errors import RevisionNotFoundError

    refusal: Exception | None = None
    seconds = min(FIRST_ANSWER, request_seconds())
    with hub_timeouts():
        try:
            check_token(get_token())
            # snapshot_download sets its first request no time limit: ask before it, once.
            found = HfApi().model_info(repo, revision=revision, timeout=seconds)
            _check_files(repo, [file.rfilename for file in found.siblings or []])
        except (CheckpointError, RevisionNotFoundError) as error:
            raise CheckpointError(hub_sentence(error, repo, "model", revision)) from None
        except Exception as error:  # connection errors come from several libraries
            refusal = error
        try:
            options = {"etag_timeout": seconds, "local_files_only": refusal is not None}
            return Path(retry(snapshot_download, repo, revision=revision, allow_patterns=list(OWN_FILES), **options))
        except Exception as error:
            raise CheckpointError(hub_sentence(refusal or error, repo, "model", revision)) from None


def _check_files(repo: str, names: list[str]) -> None:
    """Raise `CheckpointError` for a repository with anything but safetensors to load weights from."""
    unsafe = sorted(name for name in names if UNSAFE.search(name))
    if unsafe:
        raise CheckpointError(
            "{repo} holds {file!r}, but only safetensors weights are loaded: have its owner take it out.",
            repo=repo,
            file=unsafe[0][:100],
        )
