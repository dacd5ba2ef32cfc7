"""How the page runs as a service: a port that is free, a health endpoint, and an end that loses nobody's answer.

What keeps the page's memory flat however many visitors come: in glibc and in gradio.

The log: one JSON object a line on standard error, with what happened and how long it took, never what was sent.

No text, file name, address or picture of a visitor comes in. The words of an unexpected error are left out too, as they
may quote what was sent: its type and the lines of code that it went through remain.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import gradio as gr
import numpy as np
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from emnist_hf.errors import EmnistError
from emnist_hf.page.door import Door
from emnist_hf.recognizer import Recognizer

log = logging.getLogger(__name__)


PORT, HOST, PATIENCE, KEEP, WAITING = (
    "GRADIO_SERVER_PORT",
    "GRADIO_SERVER_NAME",
    "EMNIST_HF_SHUTDOWN_SECONDS",
    "EMNIST_HF_KEEP_SECONDS",
    "EMNIST_HF_QUEUE_SIZE",
)
"""Environment variables: where to serve, how long to finish requests at the end, how long uploaded files are kept, how
many requests may wait."""


HEALTH = "/health"


class ServiceError(EmnistError):
    """The page cannot be served as it was asked to; the message says why and what to do."""


def number_from(name: str, default: int, low: int, high: int) -> int:
    """A whole number from the environment. Raises `ServiceError`."""
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
        raise ServiceError(f"{name} is {text[:20]!r}: give a whole number from {low} to {high}.")
    return int(text)


def free_address() -> tuple[str, int]:
    """Host and port to serve on. Raises `ServiceError` if the port is taken: gradio would quietly take another."""
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
        """Requests that wait or are being answered."""
        queue = self.page._queue  # gradio has no public name for it
        return len(queue) + queue.get_active_worker_count()

    def health(self, request: Request) -> JSONResponse:
        """200 while the page answers, 503 while it ends or if the network does not run: for load balancers."""
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
        patience = number_from(PATIENCE, 20, 0, 3600)
        app = {"routes": [Route(HEALTH, self.health)], "middleware": [Middleware(Door, stopping=self.stopping.is_set)]}
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
        self._finish(patience)

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        if self.stopping.is_set():  # told twice: at once
            os._exit(128 + number)
        self.stopping.set()

    def _finish(self, patience: float) -> None:
        """Wait for the requests in flight, at most so many seconds, then close; closing deletes uploaded files."""
        log.info("stopping", extra={"waiting": self.unfinished()})
        deadline = time.monotonic() + patience
        while self.unfinished() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(min(0.5, patience))  # the last answers are on their way
        left = self.unfinished()
        self.page.close(verbose=False)
        log.log(logging.WARNING if left else logging.INFO, "stopped", extra={"waiting": left})


QUIET = {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000"}
"""Environment variables of gradio: how many events it remembers, and after how many it sums them up.

By default it remembers 10,000 and sums all of them up after every one, in a table of pandas, for a dashboard that this
page does not serve: at 10,000 events 19 MB, and 15 ms of each request.
"""


ARENAS = 2
"""Heaps of the C library. It would make eight a core, each of which keeps the most that its threads ever took."""


LARGE = 2**20
"""Bytes from which memory goes back to the system when it is freed.

Left to itself, the C library raises this to what was freed before, and the heap keeps the most that pages of visitors
ever took, with holes in it.
"""


M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h


def settle_memory() -> None:
    """To be called before the page is built and threads start; what the environment says already stays."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if "MALLOC_ARENA_MAX" not in os.environ:
        tell_allocator(M_ARENA_MAX, ARENAS)
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        tell_allocator(M_MMAP_THRESHOLD, LARGE)


def tell_allocator(parameter: int, value: int) -> bool:
    """Set a parameter of glibc's allocator (mallopt(3)). False where the C library is another one, which has none."""
    try:
        return bool(ctypes.CDLL(None).mallopt(parameter, value))
    except (AttributeError, OSError, TypeError):  # musl has no mallopt, Windows no CDLL(None)
        return False


def freeze_what_stays() -> None:
    """To be called when the page is built: the collector of cycles no longer looks at what will stay.

    It looks at old objects only when a quarter as many new ones wait: with those of all modules among them, much of
    what closed connections leave behind would pile up first.
    """
    gc.collect()
    gc.freeze()


LEVEL = "EMNIST_HF_LOG_LEVEL"
"""Environment variable: the least severe level that is written; INFO by default, which has a line for each event."""


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


FIELDS = ("event", "milliseconds", "outcome", "path", "status", "waiting", "checkpoint", "port")
"""What a record may carry beside its message, as `extra`."""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname, "logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            # The message of a foreign record may quote the error, so both are left out.
            line |= {"error": record.exc_info[0].__name__, "at": " < ".join(_places(record.exc_info[2]))}
        else:
            line["message"] = record.getMessage()
        line |= {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
        return json.dumps(line, ensure_ascii=False, default=str)


def _places(trace: object) -> list[str]:
    """Files and lines that an error went through, the innermost first."""
    frames = traceback.extract_tb(trace)  # type: ignore[arg-type]
    return [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames)][:12]


def set_up_logs() -> None:
    """Send all logs of this process through `JsonFormatter`. Raises `EmnistError` for an unknown level."""
    level = os.environ.get(LEVEL, "INFO").upper()
    if level not in LEVELS:
        raise EmnistError(f"{LEVEL} is {level[:20]!r}: choose one of {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level="WARNING", handlers=[handler], force=True)
    logging.getLogger("emnist_hf").setLevel(level)


def take_over_uvicorn() -> None:
    """Let the web server's log, which brings handlers of its own, go where all others go."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
