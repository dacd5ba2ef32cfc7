"""Publishing a checkpoint on the Hub: everything in one commit, so that no reader ever meets half of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emnist_hf.hub_session import HubError, check_repo_id, check_token, hub_session, is_revision, persist, status_of
from emnist_hf.model import load_checkpoint
from emnist_hf.pretrained import find_checkpoint

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def push(
    checkpoint: str | Path, repo: str, *, tag: str | None = None, private: bool = False, token: str | None = None
) -> dict[str, Any]:
    """Publish a checkpoint as the Hub model `repo` (user/name), made if it is not there, in one commit.

    Args:
        checkpoint: a folder, a split that the package has, or a Hub id.
        tag: a name for this very version, which `revision=` takes from then on.
        private: make the repository private; one that is there already must be.
        token: one that may write; None for that of `hf auth login` or HF_TOKEN.

    Returns {"repo", "url", "commit", "tag", "files"}, the commit as its id. Pushing the same again changes nothing.

    Raises `HubError` or another `EmnistError` with a sentence. Until the commit is made, whatever is interrupted
    leaves the repository as it was.
    """
    from emnist_hf.onnx_export import check_installed
    from emnist_hf.published import write_published

    check_target(repo, tag)
    check_installed()
    loaded = load_checkpoint(*find_checkpoint(checkpoint))
    with hub_session(repo, token) as api:  # before the export, which takes some seconds
        _check_tag(api, repo, tag)
    with tempfile.TemporaryDirectory() as folder:
        files = write_published(loaded, Path(folder), repo)
        return publish(Path(folder), files, repo, tag=tag, private=private, token=token)


def publish(
    folder: Path,
    files: list[str],
    repo: str,
    *,
    tag: str | None = None,
    private: bool = False,
    token: str | None = None,
) -> dict[str, Any]:
    """As `push`, of a folder and the names in it that `write_published` gave. Raises `HubError`."""
    check_target(repo, tag)
    with hub_session(repo, token) as api:
        _check_tag(api, repo, tag)
        persist(api.create_repo, repo, private=private, exist_ok=True)
        if private and not persist(api.model_info, repo).private:
            raise HubError(
                f"{repo} is there already, for all to see: make it private on the Hub, or take another name."
            )
        made = persist(_commit, api, repo, folder, files)
        if tag is not None:
            _add_tag(api, repo, tag, made.oid)
        return {"repo": repo, "url": f"{api.endpoint}/{repo}", "commit": made.oid, "tag": tag, "files": files}


def check_push(repo: str | None, token: str | None = None, *, ask: bool = True) -> None:
    """Find out before hours of training whether `push` will be able to do its work at their end.

    ask: ask the Hub whether it knows the token, and whose it is and what it may; without it, look only at the name and
    at what is installed.

    Raises `HubError` or `OnnxError` with a sentence.
    """
    from emnist_hf.onnx_export import check_installed

    if repo is None:
        raise HubError("--push_to_hub takes --hub_model_id: say where to, as USER/NAME.")
    check_target(repo)
    check_token(token)
    check_installed()
    if ask:
        with hub_session(repo, token):
            pass


def check_target(repo: str, tag: str | None = None) -> None:
    """Raise `HubError` for a name that is no repository's, or a tag that none can have."""
    check_repo_id(repo)
    if tag is not None and not is_revision(tag):
        raise HubError(f"{tag[:100]!r} is no name for a tag: give letters, digits, dots and dashes, such as v1.")


def _check_tag(api: HfApi, repo: str, tag: str | None) -> None:
    """Raise `HubError` if the repository has the tag: it is not to mean something else from now on."""
    if tag is not None and tag in _tags(api, repo):
        raise HubError(f"{repo} has a tag {tag!r} already, which stays what it is: choose another name.")


def _tags(api: HfApi, repo: str) -> dict[str, str]:
    """Which commit each tag means; none where there is no such repository."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return {reference.name: reference.target_commit for reference in persist(api.list_repo_refs, repo).tags}
    except RepositoryNotFoundError:
        return {}


def _commit(api: HfApi, repo: str, folder: Path, files: list[str]) -> Any:
    """Put the files into the repository, and take out those that an earlier push left and this one has not."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    from emnist_hf.published import FILES

    head = api.model_info(repo)
    there = {file.rfilename for file in head.siblings or []}
    operations: list[Any] = [CommitOperationAdd(name, folder / name) for name in files]
    operations += [CommitOperationDelete(name) for name in FILES if name in there and name not in files]
    title = "Upload a checkpoint with emnist-hf"
    return api.create_commit(repo, operations, commit_message=title, parent_commit=head.sha)


def _add_tag(api: HfApi, repo: str, tag: str, commit: str) -> None:
    try:
        persist(api.create_tag, repo, tag=tag, revision=commit)
    except Exception as error:
        if status_of(error) != 409:
            raise
        # Either the answer to a first try was lost, or somebody else was quicker.
        if _tags(api, repo).get(tag) != commit:
            raise HubError(f"{repo} got a tag {tag!r} from somebody else: choose another name.") from None
