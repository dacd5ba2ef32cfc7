"""Where a checkpoint is: in the package, in a folder, or on the Hub."""

from __future__ import annotations

import os
import re
from pathlib import Path

from emnist_hf.model import CONFIG, WEIGHTS, CheckpointError

PACKAGED = Path(__file__).with_name("checkpoints")
DEFAULT_CHECKPOINT = "byclass"
HUB_FILES = [CONFIG, WEIGHTS, "results.json", "README.md", "*.png", "trained_on.npz"]
HUB_SECONDS = 4  # to wait for the Hub before what is in the cache, or the package, has to do


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
    if not re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", repo) or ".." in repo:
        raise CheckpointError(
            f"There is no checkpoint {str(source)[:100]!r}: give a folder, the Hub id user/name, or nothing for the "
            f"one in the package."
        )
    chosen = revision or tag or None
    return _download(repo, chosen), f"{repo}@{chosen}" if chosen else repo


def _download(repo: str, revision: str | None) -> Path:
    """The folder of a Hub repository in the cache, up to date if the Hub answers in time, else as it was."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    refusal: Exception | None = None
    try:
        # snapshot_download sets its first request no time limit and retries the next ones for 23 s: ask first, once.
        HfApi().model_info(repo, revision=revision, timeout=HUB_SECONDS)
    except RevisionNotFoundError:
        raise CheckpointError(f"The model {repo} has no revision {revision!r}: see its branches and tags.") from None
    except Exception as error:  # connection errors come from several libraries
        refusal = error
    try:
        return Path(
            snapshot_download(
                repo,
                revision=revision,
                allow_patterns=HUB_FILES,
                etag_timeout=HUB_SECONDS,
                local_files_only=refusal is not None,
            )
        )
    except Exception as error:
        refusal = refusal or error
    if isinstance(refusal, RepositoryNotFoundError):
        raise CheckpointError(
            f"There is no model {repo} on the Hub, or it is private: check the name, or log in with `hf auth login`."
        )
    if isinstance(refusal, HfHubHTTPError) and refusal.response.status_code in (401, 403):
        raise CheckpointError(f"The Hub refuses your token for {repo}: log in again with `hf auth login`.")
    raise CheckpointError(
        f"The Hub cannot be reached for {repo} ({type(refusal).__name__}) and it is not in the cache: check the "
        f"connection and try again."
    )
