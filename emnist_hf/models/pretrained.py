"""Where a checkpoint is: in the package, in a folder, or on the Hub."""

from __future__ import annotations

import os
import re
from pathlib import Path

from emnist_hf.hub_session import (
    GaveUpError,
    HubError,
    check_token,
    is_repo_id,
    is_revision,
    patience,
    persist,
    root_cause,
    status_of,
)
from emnist_hf.models.checkpoint import CONFIG, WEIGHTS, CheckpointError

PACKAGED = Path(__file__).parents[1] / "checkpoints"


DEFAULT_CHECKPOINT = "byclass"


HUB_FILES = [
    CONFIG,
    WEIGHTS,
    "not_a_character.safetensors",
    "trained_on.npz",
    "results.json",
    "README.md",
    "confusion.png",
    "calibration.png",
    "curve.png",
]
"""What a checkpoint's folder holds, written out as the rooms that write it are heavy to import. Nothing else is
fetched."""


HUB_SECONDS = 4  # to wait for the Hub before what is in the cache, or the package, has to do


UNSAFE = re.compile(
    r"\.(bin|pt|pth|pkl|pickle|ckpt|joblib|dill|h5|hdf5|keras|pb|msgpack|npy|tar|zip|7z)$", re.IGNORECASE
)
"""Names of files in which weights come that are not safetensors, most of them able to run code when they are loaded."""


def find_checkpoint(source: str | Path | None = None, revision: str | None = None) -> tuple[Path, str]:
    """Folder and name of a checkpoint, downloaded (or found in the Hub's cache) if `source` is a Hub id.

    Raises `CheckpointError` with a sentence.
    """
    if source is None:
        source = DEFAULT_CHECKPOINT
    packaged = PACKAGED / str(source) if re.fullmatch(r"[a-z]+", str(source)) else None
    if packaged is not None and os.path.isdir(packaged):
        return packaged, packaged.name
    if os.path.isdir(source):
        return Path(source), Path(source).resolve().name
    repo, _, tag = str(source).partition("@")
    if not is_repo_id(repo):
        raise CheckpointError(
            f"There is no checkpoint {str(source)[:100]!r}: give a folder, the Hub id user/name, or one that comes "
            f"with the package ({', '.join(sorted(path.name for path in PACKAGED.iterdir()))})."
        )
    chosen = revision or tag or None
    if chosen is not None and not is_revision(chosen):
        raise CheckpointError(f"{chosen[:100]!r} is no revision of {repo}: give a branch, a tag or a commit id.")
    return _download(repo, chosen), f"{repo}@{chosen}" if chosen else repo


def _download(repo: str, revision: str | None) -> Path:
    """The folder of a Hub repository in the cache, up to date if the Hub answers in time, else as it was."""
    from huggingface_hub import HfApi, get_token, snapshot_download
    from huggingface_hub.errors import RevisionNotFoundError

    refusal: Exception | None = None
    with patience():
        try:
            check_token(get_token())
            # snapshot_download sets its first request no time limit: ask before it, once.
            found = HfApi().model_info(repo, revision=revision, timeout=HUB_SECONDS)
            _check_files(repo, [file.rfilename for file in found.siblings or []])
        except RevisionNotFoundError:
            raise CheckpointError(
                f"The model {repo} has no revision {revision!r}: see its branches and tags."
            ) from None
        except CheckpointError:
            raise
        except Exception as error:  # connection errors come from several libraries
            refusal = error
        try:
            return Path(
                persist(
                    snapshot_download,
                    repo,
                    revision=revision,
                    allow_patterns=HUB_FILES,
                    etag_timeout=HUB_SECONDS,
                    local_files_only=refusal is not None,
                )
            )
        except Exception as error:
            refusal = refusal or error
    raise CheckpointError(_why_not(repo, root_cause(refusal)))


def _check_files(repo: str, names: list[str]) -> None:
    """Raise `CheckpointError` for a repository with anything but safetensors to load weights from."""
    unsafe = sorted(name for name in names if UNSAFE.search(name))
    if unsafe:
        raise CheckpointError(
            f"{repo} holds {unsafe[0][:100]!r}, but only safetensors weights are loaded: have its owner take it out."
        )


def _why_not(repo: str, refusal: BaseException) -> str:
    """One sentence on why there is no checkpoint from the Hub and none in the cache."""
    from huggingface_hub.errors import RepositoryNotFoundError

    if isinstance(refusal, HubError) and not isinstance(refusal, GaveUpError):
        return str(refusal)
    if isinstance(refusal, RepositoryNotFoundError):
        return (
            f"There is no model {repo} on the Hub, or it is private, and no such folder here: check the name, or log "
            f"in with `hf auth login`."
        )
    if status_of(refusal) in (401, 403):
        return f"The Hub refuses your token for {repo}: log in again with `hf auth login`."
    if isinstance(refusal, OSError) and refusal.filename is not None:
        return f"{refusal.filename} cannot be written ({refusal.strerror}), so {repo} cannot be kept: check the disk."
    status = status_of(refusal)
    reason = f"status {status}" if status else getattr(refusal, "reason", type(refusal).__name__)
    return (
        f"The Hub cannot be reached for {repo} ({reason}), and it is neither in the cache nor a folder here: check the "
        f"name and the connection."
    )
