"""Fuzz the bytes of picture files with atheris: whatever they are, an upright RGB picture within bounds, or a sentence.

    pip install "atheris>=3,<4"            (Linux; not among the test packages)
    python -m fuzz.pictures [--seconds 60] [--corpus FOLDER]

Starts from one small file of each kind that a visitor may send and of each hostile kind of `tests/support/hostile.py`,
in a process with limits on memory and time. Ends with status 0 if nothing was found; else libFuzzer's report is on
standard error and the input lies in FOLDER, by default a new temporary one that is named at the start.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["emnist_hf.ink.picture", "PIL"]):
    from PIL import Image, ImageFile  # noqa: F401  every parser that `picture.FORMATS` reaches

    from emnist_hf.ink.picture import FORMATS, MAX_LENGTH, MAX_PIXELS, open_picture

from emnist_hf.errors import EmnistError
from tests.support import hostile

MEMORY = 4 << 30
"""Bytes of address space for the process: a picture of the most pixels that are let in takes under one."""
SECONDS_EACH = 20
"""For one input; libFuzzer reports what takes longer."""


def seeds() -> dict[str, bytes]:
    """Small files to start from, by name."""
    small = hostile.letter(side=24)
    found = {kind: hostile.encoded(small.convert("RGB"), kind) for kind in FORMATS}
    found |= {f"mode {mode}": hostile.in_mode(mode) for mode in ("LA", "1", "I;16", "P with transparency")}
    found |= {f"frames {kind}": hostile.frames(kind, 3) for kind in ("GIF", "PNG", "TIFF")}
    found["EXIF"] = hostile.turned(6)
    found["bomb"] = hostile.blank_png(9000, 9000)[:200]
    return found


def look(data: bytes) -> None:
    """What is fuzzed. Anything but a sound picture or a sentence is a find."""
    try:
        picture = open_picture(data)
    except EmnistError as error:
        if not str(error).endswith(".") or "\n" in str(error):
            raise AssertionError(f"no sentence: {error}") from error
        return
    width, height = picture.size
    if picture.mode != "RGB" or width * height > MAX_PIXELS or max(width, height) > MAX_LENGTH:
        raise AssertionError(f"out of bounds: {picture.mode} {picture.size}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    seconds = max(1, options.seconds)
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="emnist-fuzz-"))
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (corpus / name.replace(" ", "-").replace(";", "")).write_bytes(data)
    print(f"fuzzing for {seconds} s, from and into {corpus}", file=sys.stderr)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 60, seconds + 60))
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_EACH}",
        "-max_len=20000",
        f"-artifact_prefix={corpus}/",
        str(corpus),
    ]
    atheris.Setup(arguments, look)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
