"""Publish a checkpoint on the Hub: everything in one commit, so that no reader ever meets half of it.

`write_published` lays out what each tool of the Hub looks for, with no code of ours. `config.json` and
`model.safetensors` are the checkpoint's, with one channel; emnist-hf and timm read them. transformers hands every
picture over in three channels, so `rgb.safetensors` holds the same network with its first layer spread over three, a
third of its weights to each: grey pictures get the same answers. config.json names that file for transformers alone,
and `preprocessor_config.json` chooses transformers' only image processor that enlarges before it rounds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emnist_hf.evaluation.card import Published, bare_card, model_card
from emnist_hf.evaluation.metrics import write_json
from emnist_hf.hub.lines import write_published_lines
from emnist_hf.hub_session import HubError, check_repo_id, check_token, hub_session, is_revision, retry, status_of
from emnist_hf.models.checkpoint import (
    CARD,
    CONFIG,
    ONNX,
    ONNX_INT8,
    OWN_FILES,
    PICTURES,
    PROCESSOR,
    PUBLISHED_FILES,
    RESULTS,
    RGB,
    WEIGHTS,
)
from emnist_hf.models.line_checkpoint import is_line_checkpoint
from emnist_hf.models.network import Checkpoint, load_checkpoint
from emnist_hf.models.onnx_export import check_installed, export_onnx
from emnist_hf.models.pretrained import find_checkpoint

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CHANNELS = 3


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
    check_target(repo, tag)
    check_installed()
    source, name = find_checkpoint(checkpoint)
    loaded = None if is_line_checkpoint(source) else load_checkpoint(source, name)
    with hub_session(repo, token) as api:  # before the export, which takes some seconds
        _check_tag(api, repo, tag)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        files = write_published(loaded, target, repo) if loaded else write_published_lines(source, target)
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
    """Publish, as `push` does, a folder and the names in it that `write_published` gave. Raises `HubError`."""
    check_target(repo, tag)
    with hub_session(repo, token) as api:
        _check_tag(api, repo, tag)
        retry(api.create_repo, repo, private=private, exist_ok=True)
        if private and not retry(api.model_info, repo).private:
            raise HubError(
                f"{repo} is there already, for all to see: make it private on the Hub, or take another name."
            )
        made = retry(_commit, api, repo, folder, files)
        if tag is not None:
            _add_tag(api, repo, tag, made.oid)
        return {"repo": repo, "url": f"{api.endpoint}/{repo}", "commit": made.oid, "tag": tag, "files": files}


def check_push(repo: str | None, token: str | None = None, *, ask: bool = True) -> None:
    """Find out before hours of training whether `push` will be able to do its work at their end.

    ask: ask the Hub whether it knows the token, and whose it is and what it may; without it, look only at the name and
    at what is installed.

    Raises `HubError` or `OnnxError` with a sentence.
    """
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
    """Return which commit each tag means; none where there is no such repository."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return {reference.name: reference.target_commit for reference in retry(api.list_repo_refs, repo).tags}
    except RepositoryNotFoundError:
        return {}


def _commit(api: HfApi, repo: str, folder: Path, files: list[str]) -> Any:
    """Put the files into the repository, and take out those that an earlier push left and this one has not."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    head = api.model_info(repo)
    there = {file.rfilename for file in head.siblings or []}
    operations: list[Any] = [CommitOperationAdd(name, folder / name) for name in files]
    operations += [CommitOperationDelete(name) for name in PUBLISHED_FILES if name in there and name not in files]
    title = "Upload a checkpoint with emnist-hf"
    return api.create_commit(repo, operations, commit_message=title, parent_commit=head.sha)


def _add_tag(api: HfApi, repo: str, tag: str, commit: str) -> None:
    try:
        retry(api.create_tag, repo, tag=tag, revision=commit)
    except Exception as error:
        if status_of(error) != 409:
            raise
        # Either the answer to a first try was lost, or somebody else was quicker.
        if _tags(api, repo).get(tag) != commit:
            raise HubError(f"{repo} got a tag {tag!r} from somebody else: choose another name.") from None


def write_published(checkpoint: Checkpoint, folder: Path, repo: str) -> list[str]:
    """Write into an empty folder what is to stand in the Hub's `repo`; return the names, of `PUBLISHED_FILES`.

    Raises `OnnxError` if the packages that it takes are missing or the model cannot be exported.
    """
    _export_once(checkpoint, folder)
    for name in OWN_FILES:
        if name not in (CONFIG, CARD) and (checkpoint.folder / name).is_file():
            shutil.copyfile(checkpoint.folder / name, folder / name)
    config = json.loads((checkpoint.folder / CONFIG).read_text(encoding="utf-8"))
    plain = type(checkpoint.model).__module__.startswith("timm.")
    if plain and _write_rgb(config, folder):
        config["model_args"] = {k: v for k, v in config.get("model_args", {}).items() if k != "in_chans"}
        config["transformers_weights"] = RGB
    config["image_processor_type"] = _write_processor(checkpoint, folder)
    config["id2label"] = {str(index): label for index, label in enumerate(config["label_names"])}  # transformers.js
    write_json(config, folder / CONFIG)
    _write_card(checkpoint, folder, repo, plain)
    return [name for name in PUBLISHED_FILES if (folder / name).is_file()]


def _export_once(checkpoint: Checkpoint, folder: Path) -> None:
    """Write the ONNX files of a checkpoint, from the cache below HF_HOME/assets where its weights were exported before.

    Raises as `export_onnx`.
    """
    import onnxruntime
    import torch
    from huggingface_hub import cached_assets_path

    digest = hashlib.sha256(f"{torch.__version__} {onnxruntime.__version__}".encode())
    for name in (CONFIG, WEIGHTS):
        digest.update((checkpoint.folder / name).read_bytes())
    kept = cached_assets_path("emnist_hf", "onnx", digest.hexdigest())
    if not (kept / ONNX_INT8).is_file():
        with tempfile.TemporaryDirectory(dir=kept) as draft:
            export_onnx(checkpoint, draft)
            (kept / ONNX).parent.mkdir(exist_ok=True)
            for name in (ONNX, ONNX_INT8):  # in this order: the second says that both are whole
                os.replace(Path(draft) / name, kept / name)
    shutil.copytree((kept / ONNX).parent, (folder / ONNX).parent)


def _write_rgb(config: dict[str, Any], folder: Path) -> bool:
    """Write the weights for three channels beside those for one; return False where no convolution is first."""
    from safetensors.torch import load_file, save

    tensors = load_file(folder / WEIGHTS)
    first = f"{config['pretrained_cfg'].get('first_conv')}.weight"
    if first not in tensors or tensors[first].ndim != 4 or tensors[first].shape[1] != 1:
        return False
    tensors[first] = (tensors[first] / CHANNELS).repeat(1, CHANNELS, 1, 1).contiguous()
    (folder / RGB).write_bytes(save(tensors, metadata={"format": "pt"}))  # its save_file lets nobody else read it
    return True


def _write_processor(checkpoint: Checkpoint, folder: Path) -> str:
    """Write preprocessor_config.json; return the class that it chooses.

    DepthPro's is general: scale to 0..1, normalise, then resize bilinearly, in floats. The others of transformers
    resize 8-bit pictures first, which rounds, and changes probabilities by up to 0.01.
    """
    kind = "DepthProImageProcessor"
    settings = {
        "image_processor_type": kind,
        "do_convert_rgb": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [checkpoint.mean] * CHANNELS,
        "image_std": [checkpoint.std] * CHANNELS,
        "do_resize": True,
        "size": {"height": checkpoint.image_size, "width": checkpoint.image_size},
        "resample": 2,  # bilinear, by PIL's number
    }
    write_json(settings, folder / PROCESSOR)
    return kind


def _write_card(checkpoint: Checkpoint, folder: Path, repo: str, plain: bool) -> None:
    published = Published(repo, checkpoint.image_size, checkpoint.mean, checkpoint.std, plain)
    pictures = [name for name in PICTURES if (folder / name).is_file()]
    if (folder / RESULTS).is_file():
        results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        card = model_card(results, pictures, published)
    else:
        card = bare_card(checkpoint.label_set.labels, published)
    (folder / CARD).write_text(card, encoding="utf-8")
