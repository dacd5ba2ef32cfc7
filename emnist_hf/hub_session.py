"""Talking to the Hub so that it ends: time limits, retries that are bounded, and one sentence for whatever goes wrong.

The Hub's client sets most of its requests no time limit, repeats some for minutes and others not at all, and raises
the errors of three libraries. Whoever writes to the Hub does it inside `hub_session`, whoever reads inside `patience`.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from emnist_hf.errors import EmnistError

if TYPE_CHECKING:
    from huggingface_hub import HfApi


SECONDS = 10.0
"""To wait for the answer to one request, or for the next part of it."""


GIVE_UP = 12.0
"""Seconds for which a request that failed is tried again. With `SECONDS` twice and the waits, the end comes in 30."""


PASSING = {408, 429, 500, 502, 503, 504}
"""Answers that may be others in a moment: too slow, too many requests, a server in trouble."""


Result = TypeVar("Result")


class HubError(EmnistError):
    """Something that the Hub did not do; the message says what, and the cure."""


class GaveUpError(HubError):
    """The Hub has failed for too long; `reason` says how, in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The Hub does not answer ({reason}): check the connection and try again in some minutes.")
        self.reason = reason


@contextlib.contextmanager
def hub_session(repo: str, token: str | None = None, *, writes: bool = True) -> Iterator[HfApi]:
    """A client that may write to `repo` (user/name), by `token` or the one that `hf auth login` keeps.

    Whether the Hub is there, knows the token and says that it may write there is asked before the block is entered;
    with `writes` False, not the last. In the block, requests have a time limit, and `persist` repeats what failed for
    a moment.

    Raises `HubError` with a sentence, without the token, for whatever the Hub's client raises in the block.
    """
    from huggingface_hub import HfApi, get_token

    check_repo_id(repo)
    check_token(token or get_token())
    with hub_sentences(repo), patience():
        api = HfApi(token=token)
        known = persist(api.whoami)
        if writes:
            check_may_write(repo, known)
        yield api


def check_may_write(repo: str, known: dict[str, Any]) -> None:
    """Raise `HubError` where the Hub's answer to `whoami` says that the token cannot write to `repo` (user/name).

    A fine-grained token may be allowed more or less than its user, and what is not said is not held against it.
    """
    role = ((known.get("auth") or {}).get("accessToken") or {}).get("role")
    if role == "fineGrained":
        return
    if role == "read":
        raise HubError(f"Your token may not write to {repo}, it only reads: log in with one that writes.")
    name, groups = known.get("name"), known.get("orgs")
    if not isinstance(name, str) or not isinstance(groups, list):
        return
    own = [name, *(str(group.get("name")) for group in groups if isinstance(group, dict))]
    if repo.partition("/")[0].lower() not in (one.lower() for one in own):
        names = ", ".join(f"{one}/..." for one in own)
        raise HubError(f"Your token may not write to {repo}: choose a name that begins as yours do, {names}.")


def check_repo_id(repo: str) -> None:
    """Raise `HubError` unless `repo` has the form user/name, before anything is read or asked."""
    if not is_repo_id(repo):
        raise HubError(f"{repo[:100]!r} is no id of a Hub repository: give user/name.")


def is_repo_id(repo: str) -> bool:
    """Whether a name is user/name of letters, digits, dot, dash and underscore, which no address or path minds."""
    part = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
    plain = re.fullmatch(f"{part}/{part}", repo) is not None
    return plain and ".." not in repo and "--" not in repo and not repo.endswith((".git", ".", "-"))


def is_revision(revision: str) -> bool:
    """Whether a name may be that of a branch, tag or commit."""
    return re.fullmatch(r"\w[\w./+-]{0,199}", revision, re.ASCII) is not None and ".." not in revision


def check_token(token: str | None) -> None:
    """Raise `HubError` for what is no token: the HTTP library would print it in its complaint about the header."""
    if token is not None and not re.fullmatch(r"[\w.~+/=-]{1,500}", token, re.ASCII):
        raise HubError("The token holds a space or another sign that no token has: copy it from the Hub once more.")


@contextlib.contextmanager
def hub_sentences(repo: str) -> Iterator[None]:
    """One sentence, a `HubError`, for whatever the Hub's client raises about `repo`; errors of ours pass."""
    try:
        yield
    except GaveUpError as error:
        raise HubError(_no_answer(repo, error.reason)) from None
    except EmnistError:
        raise
    except Exception as error:  # connection errors come from several libraries
        cause = root_cause(error)
        if isinstance(cause, GaveUpError):
            raise HubError(_no_answer(repo, cause.reason)) from None
        raise HubError(_sentence(repo, cause)) from None


def persist(call: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """`call(*arguments, **options)`, again and again while the Hub is in trouble that may pass, inside of `patience`.

    Says on standard error that it waits, and why. Raises what the call raises if that will not pass or the Hub has
    failed for too long.
    """
    wait = 1.0
    while True:
        try:
            return call(*arguments, **options)
        except Exception as error:
            reason = passing_trouble(error)
            if reason is None or wait > 8:
                raise
        print(f"The Hub is in trouble ({reason}): trying again in {wait:g} s.", file=sys.stderr)
        time.sleep(wait)
        wait *= 2


def passing_trouble(error: BaseException) -> str | None:
    """In a few words, what kept the Hub from answering; None for what another try would not change."""
    cause = root_cause(error)
    status = status_of(cause)
    if status is not None:
        return f"status {status}" if status in PASSING else None
    return type(cause).__name__ if _is_connection_error(cause) else None


def root_cause(error: BaseException) -> BaseException:
    """What an error that hides its reason was raised from: uploads end in a RuntimeError, whatever happened."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    while isinstance(error, (RuntimeError, LocalEntryNotFoundError)) and error.__cause__ is not None:
        error = error.__cause__
    return error


def status_of(error: BaseException) -> int | None:
    """The HTTP status of a refusal by the Hub; None for anything else."""
    return getattr(getattr(error, "response", None), "status_code", None)


def _is_connection_error(error: BaseException) -> bool:
    """Whether no whole answer came. The client's HTTP library is httpx or, in its later versions, httpx2.

    A server in trouble may also answer with a page, which the client then takes for JSON.
    """
    from huggingface_hub import get_session
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    library = sys.modules[type(get_session()).__module__.partition(".")[0]]
    known = (library.TransportError, ConnectionError, TimeoutError, json.JSONDecodeError)
    return isinstance(error, known) and not isinstance(error, (HfHubHTTPError, OfflineModeIsEnabled))


# --- patience ---------------------------------------------------------------------------------------------------


class _Patience:
    """Counts how long each request has failed, and ends it when that is too long. Works only while it is asked to.

    Installed once for a process and left there: changing the Hub's client cuts off what other threads are asking it.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.installed = False
        self.asked = 0
        self.tries: dict[tuple[str, ...], list[float]] = {}  # when each unanswered request was made
        self.refused: dict[tuple[str, ...], str] = {}  # what came instead of an answer

    def install(self) -> None:
        from huggingface_hub import set_client_factory
        from huggingface_hub.utils._http import default_client_factory

        def limited() -> Any:
            client = default_client_factory()
            client.timeout = SECONDS
            hooks = client.event_hooks
            client.event_hooks = {
                "request": [*hooks["request"], self.before],
                "response": [*hooks["response"], self.after],
            }
            return client

        set_client_factory(limited)
        self.installed = True

    def before(self, request: Any) -> None:
        if not self.asked:
            return
        key, now = _key(request), time.monotonic()
        with self.lock:
            tries = self.tries.setdefault(key, [])
            tries.append(now)
        # From the second on: the first may have been a long upload that broke off.
        if now - tries[min(1, len(tries) - 1)] > GIVE_UP:
            raise GaveUpError(f"{self.refused.get(key, 'no whole answer')} for {now - tries[0]:.0f} s")

    def after(self, response: Any) -> None:
        if not self.asked:
            return
        if response.status_code in PASSING:
            self.refused[_key(response.request)] = f"status {response.status_code}"
            wait = _seconds(response.headers.get("retry-after", ""))
            if wait > GIVE_UP:
                raise GaveUpError(f"status {response.status_code}, it asks to wait {wait:.0f} s")
        elif response.request.method != "GET" or "/api/" in str(response.request.url):
            # A file that is downloaded may still break off after its head has come.
            with self.lock:
                self.tries.pop(_key(response.request), None)


_patience = _Patience()


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """In the block, no request to the Hub waits or is repeated for more than half a minute without getting anywhere.

    Raises `GaveUpError` out of the request, through the libraries that made it.
    """
    with _patience.lock:
        if not _patience.asked:
            _patience.tries.clear()
            _patience.refused.clear()
        _patience.asked += 1
        if not _patience.installed:
            _patience.install()
    try:
        yield
    finally:
        with _patience.lock:
            _patience.asked -= 1


def _key(request: Any) -> tuple[str, ...]:
    """What makes a request the same as one before. A download that goes on further down is another one."""
    return request.method, str(request.url), request.headers.get("range", "")


def _seconds(text: str) -> float:
    """The seconds of a Retry-After header; 0 where it gives a date or nothing."""
    return float(text) if re.fullmatch(r"\d{1,9}", text) else 0.0


# --- sentences --------------------------------------------------------------------------------------------------


def _no_answer(repo: str, reason: str) -> str:
    return f"The Hub did not answer for {repo} ({reason}): run the command again in a moment, nothing is half done."


def _sentence(repo: str, error: BaseException) -> str:
    from huggingface_hub.errors import (
        HFValidationError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    status = status_of(error)
    if isinstance(error, LocalTokenNotFoundError):
        return f"Writing to {repo} takes a token: log in with `hf auth login`, or set HF_TOKEN."
    if isinstance(error, OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE keeps this program off the Hub: unset it to write to {repo}."
    if isinstance(error, RepositoryNotFoundError):
        return f"There is no {repo} on the Hub that your token may see: check the name, or log in with `hf auth login`."
    if isinstance(error, HFValidationError):
        return f"{repo[:100]!r} is no id of a Hub repository: give user/name."
    if status == 401:
        return "The Hub refuses your token: log in again with `hf auth login`, or set HF_TOKEN."
    if status == 403:
        return f"Your token may not write to {repo}: use one with write access, or a name of your own."
    if status in (409, 412):
        return f"{repo} was changed by somebody else at the same time: run the command again."
    if status == 429:
        return f"The Hub takes no more requests for {repo} now: wait some minutes and run the command again."
    if status is not None and status not in PASSING:
        return f"The Hub refuses what was sent to {repo} (status {status}): update emnist-hf and huggingface_hub."
    if status is not None or _is_connection_error(error):
        return _no_answer(repo, f"status {status}" if status else type(error).__name__)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be read or written ({error.strerror}): check the disk."
    said = (str(error).strip().splitlines() or [""])[-1].strip("- ")[:200]
    return f"huggingface_hub cannot write to {repo} ({type(error).__name__}: {without_token(said)}): update it."


def without_token(text: str) -> str:
    """The text with whatever looks like a token of the Hub taken out, and the one in use."""
    from huggingface_hub import get_token

    text = re.sub(r"\bhf_\w+", "hf_...", text)
    token = get_token()
    return text.replace(token, "...") if token else text
