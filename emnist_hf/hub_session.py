"""Talk to the Hub so that it ends: time limits, bounded retries, and one sentence for whatever goes wrong.

The Hub's client sets most of its requests no time limit, repeats some for minutes and others not at all, and raises
the errors of three libraries. Whoever writes to the Hub does it inside `hub_session`, whoever reads inside
`hub_timeouts`; `SENTENCES` is the one table of what we say of a failure.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from emnist_hf.errors import EmnistError, Sentence

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TIMEOUT, TIMEOUT_VARIABLE = 10.0, "EMNIST_HF_HUB_TIMEOUT"
"""Seconds to wait for the answer to one request, or for the next part of it; the environment may say otherwise."""

GIVE_UP = 1.2  # timeouts for which a request that failed is tried again: with the waits, the end comes in 30 s
TRIES = 5  # of `retry`; between them it waits a tenth of a timeout, then twice as long each time
PASSING = {408, 429, 500, 502, 503, 504}  # too slow, too many requests, a server in trouble: soon it may be otherwise
NO_ANSWER = {"TransportError", "ConnectionError", "TimeoutError", "JSONDecodeError"}
"""Kinds of errors, of httpx and Python, by which no whole answer came; the last is a page where JSON should be."""

Result = TypeVar("Result")
Purpose = Literal["write", "model", "dataset"]

_NO_ID = "{repo!r} is no id of a Hub repository: give user/name."
_TOKEN = "The Hub refuses your token for {repo}: log in again with `hf auth login`."

SENTENCES: dict[Purpose, dict[str | int, str]] = {
    "write": {
        "LocalTokenNotFoundError": "Writing to {repo} takes a token: log in with `hf auth login`, or set HF_TOKEN.",
        "OfflineModeIsEnabled": "HF_HUB_OFFLINE keeps this program off the Hub: unset it to write to {repo}.",
        "RepositoryNotFoundError": "There is no {repo} on the Hub that your token may see: check the name, or log in "
        "with `hf auth login`.",
        "HFValidationError": _NO_ID,
        401: "The Hub refuses your token: log in again with `hf auth login`, or set HF_TOKEN.",
        403: "Your token may not write to {repo}: use one with write access, or a name of your own.",
        **dict.fromkeys((409, 412), "{repo} was changed by somebody else at the same time: run the command again."),
        429: "The Hub takes no more requests for {repo} now: wait some minutes and run the command again.",
        "no answer": "The Hub did not answer for {repo} ({reason}): run the command again in a moment, nothing is half "
        "done.",
        "status": "The Hub refuses what was sent to {repo} ({reason}): update emnist-hf and huggingface_hub.",
        "file": "{file} cannot be read or written ({reason}): check the disk.",
        "other": "huggingface_hub cannot write to {repo} ({reason}): update it.",
    },
    "model": {
        "RepositoryNotFoundError": "There is no model {repo} on the Hub, or it is private, and no such folder here: "
        "check the name, or log in with `hf auth login`.",
        "RevisionNotFoundError": "The model {repo} has no revision {revision!r}: see its branches and tags.",
        **dict.fromkeys((401, 403), _TOKEN),
        "file": "{file} cannot be written ({reason}), so {repo} cannot be kept: check the disk.",
        "other": "The Hub cannot be reached for {repo} ({reason}), and it is neither in the cache nor a folder here: "
        "check the name and the connection.",
    },
    "dataset": {
        "RepositoryNotFoundError": "There is no data set {repo} on the Hub, nor a file or folder of that name here: "
        "check the name, or log in with `hf auth login` if it is private.",
        "RevisionNotFoundError": "The data set {repo} has no revision {revision!r}: see its branches and tags.",
        **dict.fromkeys((401, 403), _TOKEN),
        "other": "The Hub did not answer for {repo} ({reason}): try again, or give a local folder.",
    },
}
"""What we say of a failure to "write" to a repository, or to read a "model" or a "dataset": the first row of the names
of the error's kind and its parents, its status, "no answer" for what may pass, "status", "file" for OSError, "other".
"""


class HubError(EmnistError):
    """Something that the Hub did not do; the message says what, and the cure."""


class GaveUpError(HubError):
    """The Hub has failed for too long; the message says in a few words how, for `hub_sentence` to say more."""


@contextlib.contextmanager
def hub_sentences(
    repo: str, purpose: Purpose = "write", revision: str | None = None, raised: type[EmnistError] = HubError
) -> Iterator[None]:
    """Raise what the Hub's client raises about `repo` as one sentence, a `raised`; errors of ours pass."""
    try:
        yield
    except Exception as error:  # connection errors come from several libraries
        if isinstance(error, EmnistError) and not isinstance(error, GaveUpError):
            raise
        raise raised(hub_sentence(error, repo, purpose, revision)) from None


def hub_sentence(error: BaseException, repo: str, purpose: Purpose, revision: str | None = None) -> Sentence:
    """Return the sentence, of `SENTENCES`, on why the Hub's client failed at `repo`; that of an error of ours stays."""
    error = _root_cause(error)
    if isinstance(error, EmnistError) and not isinstance(error, GaveUpError):
        return error.args[0]
    status, file, kind = status_of(error), getattr(error, "filename", None), type(error).__name__
    keys: list[str | int | None] = [*_kinds(error), status]
    if (trouble := str(error) if isinstance(error, GaveUpError) else passing_trouble(error)) is not None:
        keys, reason = [*keys, "no answer"], trouble
    elif status:
        keys, reason = [*keys, "status"], f"status {status}"
    elif isinstance(error, OSError) and file:
        keys, reason = [*keys, "file"], str(error.strerror)
    else:
        said = (str(error).strip().splitlines() or [""])[-1].strip("- ")[:200]
        reason = f"{kind}: {without_token(said)}" if purpose == "write" else kind
    sentences = SENTENCES[purpose]
    template = next((sentences[key] for key in keys if key in sentences), sentences["other"])
    return Sentence(template, repo=repo[:100], reason=reason, revision=revision, file=file)


def passing_trouble(error: BaseException) -> str | None:
    """Say in a few words what kept the Hub from answering; None for what another try would not change."""
    error = _root_cause(error)
    kinds = _kinds(error)
    if (status := status_of(error)) is not None:
        return f"status {status}" if status in PASSING else None
    return kinds[0] if NO_ANSWER & set(kinds) and "OfflineModeIsEnabled" not in kinds else None


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of a refusal by the Hub; None for anything else."""
    return getattr(getattr(error, "response", None), "status_code", None)


def _kinds(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _root_cause(error: BaseException) -> BaseException:
    """Return what an error that hides its reason was raised from: uploads end in a RuntimeError, whatever happened."""
    while {"RuntimeError", "LocalEntryNotFoundError"} & set(_kinds(error)) and error.__cause__ is not None:
        error = error.__cause__
    return error


def without_token(text: str) -> str:
    """Return the text with whatever looks like a token of the Hub taken out, and the one in use."""
    from huggingface_hub import get_token

    hidden = re.sub(r"\bhf_\w+", "hf_...", text)
    return hidden.replace(token, "...") if (token := get_token()) else hidden


def is_repo_id(repo: str) -> bool:
    """Tell whether a name is user/name of letters, digits, dot, dash and underscore, which no address or path minds."""
    plain = re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", repo, re.ASCII) is not None
    return plain and ".." not in repo and "--" not in repo and not repo.endswith((".git", ".", "-"))


def is_revision(revision: str) -> bool:
    """Tell whether a name may be that of a branch, tag or commit."""
    return re.fullmatch(r"\w[\w./+-]{0,199}", revision, re.ASCII) is not None and ".." not in revision


def check_repo_id(repo: str) -> None:
    """Raise `HubError` unless `repo` has the form user/name, before anything is read or asked."""
    if not is_repo_id(repo):
        raise HubError(_NO_ID, repo=repo[:100])


def check_token(token: str | None) -> None:
    """Raise `HubError` for what is no token: the HTTP library would print it in its complaint about the header."""
    if token is not None and not re.fullmatch(r"[\w.~+/=-]{1,500}", token, re.ASCII):
        raise HubError("The token holds a space or another sign that no token has: copy it from the Hub once more.")


def check_may_write(repo: str, known: dict[str, Any]) -> None:
    """Raise `HubError` where the Hub's answer to `whoami` says that the token cannot write to `repo` (user/name).

    A fine-grained token may be allowed more or less than its user, and what is not said is not held against it.
    """
    role = ((known.get("auth") or {}).get("accessToken") or {}).get("role")
    if role == "read":
        raise HubError(f"Your token may not write to {repo}, it only reads: log in with one that writes.")
    name, groups = known.get("name"), known.get("orgs")
    if role == "fineGrained" or not isinstance(name, str) or not isinstance(groups, list):
        return
    own = [name, *(str(group.get("name")) for group in groups if isinstance(group, dict))]
    if repo.partition("/")[0].lower() not in (one.lower() for one in own):
        names = ", ".join(f"{one}/..." for one in own)
        raise HubError(f"Your token may not write to {repo}: choose a name that begins as yours do, {names}.")


@contextlib.contextmanager
def hub_session(repo: str, token: str | None = None, *, writes: bool = True) -> Iterator[HfApi]:
    """Yield a client that may write to `repo` (user/name), by `token` or the one that `hf auth login` keeps.

    Whether the Hub is there, knows the token and says that it may write there is asked before the block is entered;
    with `writes` False, not the last. In the block, requests have a time limit.

    Raises `HubError` with a sentence, without the token, for whatever the Hub's client raises in the block.
    """
    from huggingface_hub import HfApi, get_token

    check_repo_id(repo)
    check_token(token or get_token())
    with hub_sentences(repo), hub_timeouts():
        api = HfApi(token=token)
        known = retry(api.whoami)
        if writes:
            check_may_write(repo, known)
        yield api


def retry(call: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """Return `call(*arguments, **options)`, made up to `TRIES` times while the Hub is in trouble that may pass.

    Says on standard error that it waits, and why. Raises what the last call raised.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    def say(state: Any) -> None:
        reason = passing_trouble(state.outcome.exception())
        print(f"The Hub is in trouble ({reason}): trying again in {state.upcoming_sleep:g} s.", file=sys.stderr)

    passing = retry_if_exception(lambda error: passing_trouble(error) is not None)
    wait, stop = wait_exponential(request_seconds() / 10), stop_after_attempt(TRIES)
    return Retrying(retry=passing, wait=wait, stop=stop, before_sleep=say, reraise=True)(call, *arguments, **options)


def request_seconds() -> float:
    """Return the seconds to wait for one answer. Raises `HubError` where the environment says no such number."""
    said = os.environ.get(TIMEOUT_VARIABLE) or str(TIMEOUT)
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", said) or not float(said):
        raise HubError(f"{TIMEOUT_VARIABLE} is {said[:20]!r}: give seconds, such as {TIMEOUT:g}.")
    return float(said)


_blocks: set[object] = set()  # of hub_timeouts, that are being run
_failing: dict[tuple[str, ...], tuple[float, str]] = {}  # since when a request has had no whole answer, and what came


@contextlib.contextmanager
def hub_timeouts() -> Iterator[None]:
    """In the block, let no request to the Hub wait or be repeated for more than half a minute without getting anywhere.

    Raises `GaveUpError` out of the request, through the libraries that made it. The Hub's client is set once and kept,
    as changing it cuts off what other threads are asking; outside of such blocks it repeats as it always did.
    """
    from huggingface_hub import get_session

    _set_client()
    get_session().timeout = request_seconds()
    if not _blocks:
        _failing.clear()
    block = object()
    _blocks.add(block)
    try:
        yield
    finally:
        _blocks.remove(block)


@functools.cache
def _set_client() -> None:
    """Give the Hub's client a time limit, and an end to how long it repeats a request on its own."""
    from huggingface_hub import get_session, set_client_factory

    default: Any = get_session()

    class BoundedClient(type(default)):  # type: ignore[misc]
        """The Hub's client of httpx, that gives up on a request which has failed for too long."""

        def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
            # A download that goes on further down is another request.
            key, start = (request.method, str(request.url), request.headers.get("range", "")), time.monotonic()
            give_up = GIVE_UP * request_seconds() if _blocks else math.inf
            since, reason = _failing.get(key, (start, "no whole answer"))
            if start - since > give_up:
                raise GaveUpError(f"{reason} for {start - since:.0f} s")
            try:
                response = super().send(request, stream=stream, **options)
            except Exception:
                _failing.setdefault(key, (time.monotonic(), reason))
                raise
            if response.status_code in PASSING:
                _failing[key] = since, f"status {response.status_code}"
                wait = response.headers.get("retry-after", "")
                if wait.isdigit() and int(wait) > give_up:
                    raise GaveUpError(f"status {response.status_code}, it asks to wait {wait} s")
            elif stream:  # the body may still break off
                _failing.setdefault(key, (start, reason))
            else:
                _failing.pop(key, None)
            return response

    set_client_factory(
        lambda: BoundedClient(event_hooks=default.event_hooks, follow_redirects=True, timeout=request_seconds())
    )
