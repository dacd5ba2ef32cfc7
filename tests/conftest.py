"""What several tests need: real data where it is at hand, and a small EMNIST look-alike drawn here."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Nothing in the suite may reach for the real Hub; tests of the Hub start their own (hub_server.py).
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Decoded rows go where they are deleted again; the programs that tests start inherit it.
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="emnist-test-")
atexit.register(shutil.rmtree, os.environ["HF_DATASETS_CACHE"], ignore_errors=True)

from emnist_hf.splits import CHARSETS  # noqa: E402
from tests.support.drawn import draw_rows, write_folder, write_parquet  # noqa: E402


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the suite, files stay whole, and one process has all that need a browser or a page.

    Two browsers at once on two cores would wait for each other.
    """
    for item in items:
        page = "page_url" in getattr(item, "fixturenames", ()) or item.path.parent.name == "browser"
        item.add_marker(pytest.mark.xdist_group("browser" if page else item.path.name))


@pytest.fixture(autouse=True)
def fresh_accelerator() -> Iterator[None]:
    """Runs of train() in this process do not share state: on a machine whose bfloat16 pays they differ in precision."""
    yield
    if "accelerate.state" in sys.modules:
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it are skipped where there is none, as in a clone elsewhere."""
    folder = Path(os.environ.get("EMNIST_SHARED", ROOT.parent / "shared"))
    if not (folder / "emnist").is_dir():
        pytest.skip(f"needs the real data of {folder}, which is not part of the repository")
    return folder


@pytest.fixture(scope="session")
def real_byclass(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real ByClass as Parquet, written once a session by the script that comes with the data."""
    folder = tmp_path_factory.mktemp("real")
    command = [sys.executable, str(shared / "emnist" / "build.py"), str(folder), "byclass"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def small_emnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set folder with small `digits` and `letters`, and extra rows in `extra.parquet` labelled by `bymerge`."""
    folder = write_folder(tmp_path_factory.mktemp("emnist"), ["digits", "letters"])
    write_parquet(draw_rows(CHARSETS["bymerge"], 4, seed=9), folder / "extra.parquet")
    return folder


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's checkpoint as `export-onnx` writes it."""
    from emnist_hf.models.network import load_checkpoint
    from emnist_hf.models.onnx_export import export_onnx
    from emnist_hf.models.pretrained import find_checkpoint

    folder = tmp_path_factory.mktemp("exported")
    export_onnx(load_checkpoint(*find_checkpoint()), folder)
    return folder
