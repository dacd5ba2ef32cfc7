"""The log: one JSON object a line on standard error, with what happened and how long it took, never what was sent.

No text, file name, address or picture of a visitor comes in. The words of an unexpected error are left out too, as they
may quote what was sent: its type and the lines of code that it went through remain.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime

from emnist_hf.errors import EmnistError

LEVEL = "EMNIST_HF_LOG_LEVEL"
"""Environment variable: the least severe level that is written; INFO by default, which has a line for each event."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

FIELDS = ("event", "milliseconds", "outcome", "path", "status", "waiting", "checkpoint", "port")
"""What a record may carry beside its message, as `extra`."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

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
    """Return files and lines that an error went through, the innermost first."""
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
