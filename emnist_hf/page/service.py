"""How the page runs as a service: a port that is free, a health endpoint, and an end that loses nobody's answer."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any

import gradio as gr
import numpy as np
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from emnist_hf.errors import EmnistError
from emnist_hf.page.limits import RequestLimits
from emnist_hf.page.logs import take_over_uvicorn
from emnist_hf.recognizer import Recognizer

log = logging.getLogger(__name__)

PORT, HOST, SHUTDOWN, KEEP, WAITING = (
    "GRADIO_SERVER_PORT",
    "GRADIO_SERVER_NAME",
    "EMNIST_HF_SHUTDOWN_SECONDS",
    "EMNIST_HF_KEEP_SECONDS",
    "EMNIST_HF_QUEUE_SIZE",
)
"""Environment variables: where to serve, how long to finish requests at the end, how long uploaded files are kept, and
how many requests may wait."""

HEALTH = "/health"


class ServiceError(EmnistError):
    """The page cannot be served as it was asked to; the message says why and what to do."""


def number_from(name: str, default: int, low: int, high: int) -> int:
    """Return a whole number from the environment. Raises `ServiceError`."""
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
        raise ServiceError(f"{name} is {text[:20]!r}: give a whole number from {low} to {high}.")
    return int(text)


def free_address() -> tuple[str, int]:
    """Return host and port to serve on. Raises `ServiceError` if the port is taken: gradio would take another."""
    host, port = os.environ.get(HOST) or "127.0.0.1", number_from(PORT, 7860, 1, 65535)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise ServiceError(f"{HOST} is {host[:60]!r}, which is no address of this machine: try 127.0.0.1.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise ServiceError(f"Port {port} is not for everyone: choose one above 1023 with {PORT}.") from None
        except OSError:
            other = port + 1 if port < 65535 else port - 1
            raise ServiceError(
                f"Port {port} of {host} is taken: stop the program that uses it, or choose another port, such as "
                f"{PORT}={other}."
            ) from None
    return host, port


class Service:
    """A page that is being served. `stopping` is set when it has been told to end."""

    def __init__(self, page: gr.Blocks, recognizer: Recognizer) -> None:
        self.page, self.recognizer = page, recognizer
        self.stopping = threading.Event()
        self.started = time.monotonic()

    def unfinished(self) -> int:
        """Return how many requests wait or are being answered."""
        queue = self.page._queue  # gradio, held to its minor version, has no public name for it
        return len(queue) + queue.get_active_worker_count()

    def health(self, request: Request) -> JSONResponse:
        """Answer 200 while the page serves, 503 while it ends or if the network does not run: for load balancers."""
        state = {
            "checkpoint": self.recognizer.name,
            "unfinished": self.unfinished(),
            "seconds": round(time.monotonic() - self.started),
        }
        if self.stopping.is_set():
            return JSONResponse({"status": "stopping"} | state, 503)
        try:
            self.recognizer.predict_proba(np.zeros((1, 28, 28), np.uint8))
        except Exception as error:
            log.exception("the network does not run", exc_info=error)
            return JSONResponse({"status": "failing"} | state, 503)
        return JSONResponse({"status": "ok"} | state)

    def launch(self, host: str, port: int, **options: Any) -> None:
        """Serve until SIGTERM or SIGINT, then finish what was begun. Raises `ServiceError` if the port was taken."""
        seconds = number_from(SHUTDOWN, 20, 0, 3600)
        app = {
            "routes": [Route(HEALTH, self.health)],
            "middleware": [Middleware(RequestLimits, stopping=self.stopping.is_set)],
        }
        for end in (signal.SIGTERM, signal.SIGINT):
            signal.signal(end, self._told_to_end)
        try:
            self.page.launch(
                server_name=host, server_port=port, app_kwargs=app, prevent_thread_lock=True, quiet=True, **options
            )
        except OSError:
            raise ServiceError(f"Port {port} was taken a moment ago: start the page again.") from None
        take_over_uvicorn()
        address = f"http://{'localhost' if host == '0.0.0.0' else host}:{port}"
        print(f"* Running on local URL:  {address}", flush=True)
        log.info("serving", extra={"port": port, "checkpoint": self.recognizer.name})
        self.stopping.wait()
        self._finish(seconds)

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        if self.stopping.is_set():  # told twice: at once
            os._exit(128 + number)
        self.stopping.set()

    def _finish(self, seconds: float) -> None:
        """Wait for the requests in flight, at most so many seconds, then close; closing deletes uploaded files."""
        log.info("stopping", extra={"waiting": self.unfinished()})
        deadline = time.monotonic() + seconds
        while self.unfinished() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(min(0.5, seconds))  # the last answers are on their way
        left = self.unfinished()
        self.page.close(verbose=False)
        log.log(logging.WARNING if left else logging.INFO, "stopped", extra={"waiting": left})
