"""Talking to the Hub so that it ends: requests with a time limit, and one sentence for whatever goes wrong.

The Hub's client sets its requests no time limit, repeats the ones that may be repeated, and raises the errors of three
libraries. Whoever writes to the Hub does it inside `hub_session`.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from emnist_hf.errors import EmnistError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

WAITS = (1.0, 2.0, 4.0)  # seconds before an action is tried again that the Hub had no time for
LONGEST_WAIT = 15.0  # that the Hub may ask for
SECONDS = 20.0  # to wait for an answer to one request: the Hub takes some for a commit of many files
FIRST_SECONDS = 8.0  # to wait for its first one


class HubError(EmnistError):
    """Something that the Hub did not do; the message says what, and the cure."""


@contextlib.contextmanager
def hub_session(repo: str, token: str | None = None) -> Iterator[HfApi]:
    """A client that may write to `repo` (user/name), by `token` or the one that `hf auth login` keeps.

    Whether the Hub is there and knows the token is asked before the block is entered.

    Raises `HubError` with a sentence, without the token, for whatever the Hub's client raises in the block.
    """
    from huggingface_hub import HfApi, get_session, set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    check_repo_id(repo)

    def limited() -> object:
        client = default_client_factory()
        client.timeout = SECONDS
        return client

    set_client_factory(limited)
    get_session().timeout = FIRST_SECONDS
    with hub_sentences(repo):
        api = HfApi(token=token)
        api.whoami()
        get_session().timeout = SECONDS
        yield api


def patiently(action: Callable[[], T]) -> T:
    """The result of `action`, tried again where the Hub has no time for it or the connection breaks.

    The Hub's client does so for uploads, but not for what makes repositories and commits. `action` must be one that
    does no harm when it is done twice. Raises what it raises the last time.
    """
    for wait in WAITS:
        try:
            return action()
        except Exception as error:  # connection errors come from several libraries
            if (asked := _wait_asked(error, wait)) is None:
                raise
            time.sleep(asked)
    return action()


def _wait_asked(error: Exception, wait: float) -> float | None:
    """Seconds to wait after an error; None where waiting does not help."""
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        if error.response.status_code != 429 and error.response.status_code < 500:
            return None
        asked = error.response.headers.get("Retry-After", "")
        seconds = float(asked) if asked.isdigit() else wait
        return seconds if seconds <= LONGEST_WAIT else None
    return wait if _is_of_connection(error) else None


def _is_of_connection(error: Exception) -> bool:
    return any("httpx" in kind.__module__ and kind.__name__ == "TransportError" for kind in type(error).__mro__)


def check_repo_id(repo: str) -> None:
    """Raise `HubError` unless `repo` has the form user/name, before anything is read or asked."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", repo) or ".." in repo or "--" in repo:
        raise HubError(f"{repo[:100]!r} is no id of a Hub repository: give user/name.")


@contextlib.contextmanager
def hub_sentences(repo: str) -> Iterator[None]:
    """One sentence, a `HubError`, for whatever the Hub's client raises about `repo`; errors of ours pass."""
    try:
        yield
    except EmnistError:
        raise
    except Exception as error:  # connection errors come from several libraries
        raise HubError(_sentence(repo, error)) from None


def _sentence(repo: str, error: Exception) -> str:
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
    )

    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, LocalTokenNotFoundError):
        return f"Writing to {repo} takes a token: log in with `hf auth login`, or set HF_TOKEN."
    if isinstance(error, RepositoryNotFoundError):
        return f"There is no {repo} on the Hub that your token may see: check the name, or log in with `hf auth login`."
    if isinstance(error, HFValidationError):
        return f"{repo[:100]!r} is no id of a Hub repository: give user/name."
    if status == 401:
        return "The Hub refuses your token: log in again with `hf auth login`, or set HF_TOKEN."
    if status == 403:
        return f"Your token may not write to {repo}: use one with write access, or a name of your own."
    if status == 412:
        return f"{repo} was changed by somebody else at the same time: run the command again."
    if status == 429:
        return f"The Hub takes no more requests for {repo} now: wait some minutes and run the command again."
    if status is not None and status < 500:
        return f"The Hub refuses what was sent to {repo} (status {status}): update emnist-hf and huggingface_hub."
    if status is None and isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be read or written ({error.strerror}): check the disk."
    reason = f"status {status}" if status else type(error).__name__
    return f"The Hub did not answer for {repo} ({reason}); nothing was changed: run the command again."
