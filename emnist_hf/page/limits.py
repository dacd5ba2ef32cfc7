"""What is let in at all: requests of bounded size that arrive in bounded time, and none any more while the page ends.

Gradio bounds the files that are uploaded. Everything else that is posted it would read whole, however large or slow.
Those who are turned away hear it in their language: gradio has words of its own for a full queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emnist_hf.page.language import language_in, translate

MAX_BODY = 16_000_000
"""Bytes of a request: a file of the 10 MB that gradio takes, in base64 and with something around it."""

MAX_UPLOAD = 10_600_000
"""Bytes of an upload: what gradio takes, with the multipart around it; gradio would refuse more without a cure."""

SECONDS = 60.0
"""In which a request has to be here."""

TOO_SLOW = f"This took longer than {SECONDS:.0f} seconds to arrive: send it again, or send less."
TOO_LARGE = "This is larger than {most} MB: send less."
STOPPING = "The page is being restarted: try again in a minute."
BUSY = "Too many are waiting for an answer just now: try again in a few seconds."

WAIT = {"Retry-After": "5"}


def refusal(headers: Headers, status: int, phrase: str, **values: str) -> JSONResponse:
    """Return a sentence in the visitor's language, in all the keys in which gradio's clients look for words.

    The page in the browser has English words of its own for a 503: it gets a 429 instead, whose words it shows.
    """
    sentence = translate(phrase, language_in(headers.get("accept-language", "")), **values)
    if status == 503 and headers.get("x-gradio-user") == "app":
        status = 429
    return JSONResponse({"detail": sentence, "error": sentence}, status, WAIT if status in (429, 503) else None)


def too_large(headers: Headers, most: int) -> JSONResponse:
    return refusal(headers, 413, TOO_LARGE, most=str(most // 10**6))


class RequestLimits:
    """ASGI middleware that refuses what is too large, too slow, or too late.

    stopping: whether new requests are to be turned away. Those without a body still come in while the page ends: they
    fetch the answers to earlier ones.
    """

    def __init__(self, app: ASGIApp, stopping: Callable[[], bool], seconds: float = SECONDS) -> None:
        self.app, self.stopping, self.seconds = app, stopping, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = MAX_UPLOAD if scope["path"].endswith("/upload") else MAX_BODY
        body = _Body(receive, headers, most, self.seconds)
        if self.stopping():
            body.refused = refusal(headers, 503, STOPPING)
        elif not all(_fits(length, most) for length in headers.getlist("content-length")):
            body.refused = too_large(headers, most)
        if body.refused:
            await body.refused(scope, receive, send)
            return
        answered = False

        async def answer(message: Message) -> None:
            """Send our refusal instead of what the application makes of a broken body, or of a full queue."""
            nonlocal answered
            if message["type"] == "http.response.start" and message["status"] == 503:
                body.refused = refusal(headers, 503, BUSY)
            if body.refused is None:
                await send(message)
            elif not answered:
                answered = True
                await body.refused(scope, receive, send)

        try:
            await self.app(scope, body.receive, answer)
        except Exception:
            if body.refused is None:
                raise
            if not answered:
                await body.refused(scope, receive, send)


class _Body:
    """The body of a request, broken off where it grows too large or takes too long; `refused` says which."""

    def __init__(self, receive: Receive, headers: Headers, most: int, seconds: float) -> None:
        self._receive, self._headers = receive, headers
        self._deadline = time.monotonic() + seconds
        self._most, self._bytes = most, 0
        self._whole = False
        self.refused: JSONResponse | None = None

    async def receive(self) -> Message:
        if self._whole:  # what is left to come is only that the client hangs up
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._deadline - time.monotonic()))
        except TimeoutError:
            self.refused = refusal(self._headers, 408, TOO_SLOW)
            return {"type": "http.disconnect"}
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._most:
            self.refused = too_large(self._headers, self._most)
            return {"type": "http.disconnect"}
        self._whole = not message.get("more_body", False)
        return message


def _fits(length: str, most: int) -> bool:
    return length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= most
