"""Fetch the handwriting fonts that lines are composed with: open ones of npm's @fontsource, as a lock has them.

    python -m emnist_hf.data.handwriting_fonts runs/fonts

Needs npm. Each package is checked by the hash in `handwriting_fonts.json`, which also names its licence; of each stay
the Latin regular face and the licence. Nothing of them goes into the package.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tqdm import tqdm

from emnist_hf.errors import EmnistError

LOCK = Path(__file__).with_suffix(".json")
KEPT = ("-latin-400-normal.woff2", "/LICENSE")


class FontsError(EmnistError):
    """A font that cannot be fetched; the message says why and what to do."""


def fetch(folder: Path) -> list[Path]:
    """Fetch the fonts of the lock into a folder, those that are not there yet; return their files.

    Raises `FontsError` where npm is missing or what it brings is not what the lock names.
    """
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    found = []
    for name, entry in tqdm(lock.items(), unit="font", file=sys.stderr):
        path = folder / name / f"{name}{KEPT[0]}"
        if not path.is_file():
            _unpack(_pack(f"@fontsource/{name}@{entry['version']}", entry["integrity"]), folder / name)
        found.append(path)
    return found


def _pack(package: str, integrity: str) -> bytes:
    """Return the archive of a package, checked by its hash, "sha512-" and base64."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True)
        except FileNotFoundError:
            raise FontsError("npm is not installed: install Node.js, which brings it.") from None
        except subprocess.CalledProcessError:
            raise FontsError("npm cannot fetch {package}: is there a network?", package=package) from None
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != integrity:
        raise FontsError("{package} is not what {lock} names: do not use it.", package=package, lock=LOCK.name)
    return archive


def _unpack(archive: bytes, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files.getmembers():
            source = files.extractfile(member) if member.isfile() and member.name.endswith(KEPT) else None
            if source is not None:
                (folder / Path(member.name).name).write_bytes(source.read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the fonts go, such as runs/fonts")
    try:
        print(f"{len(fetch(parser.parse_args().folder))} fonts")
    except EmnistError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
