"""What several tests need: the shipped checkpoint, a page that runs, real data, and a small EMNIST look-alike."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent

# Nothing in the suite may reach for the real Hub; tests of the Hub start their own (hub_server.py).
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Decoded rows and exported networks go where they are deleted again; the programs that tests start inherit it, and the
# processes that share the suite share decoded rows, which are safe to make at once.
for cache in ("HF_DATASETS_CACHE", "HF_ASSETS_CACHE"):
    if cache == "HF_ASSETS_CACHE" or not Path(os.environ.get(cache, "")).name.startswith("emnist-test-"):
        os.environ[cache] = tempfile.mkdtemp(prefix="emnist-test-")
        atexit.register(shutil.rmtree, os.environ[cache], ignore_errors=True)

from emnist_hf import Recognizer  # noqa: E402
from emnist_hf.splits import CHARSETS  # noqa: E402
from tests.support.drawn import draw_rows, write_folder, write_parquet  # noqa: E402
from tests.support.server import serve  # noqa: E402

LONGEST = (
    *("browser", "page", "test_pages.py", "test_training.py", "test_font_sheets.py", "test_command_line.py"),
    *("test_hub_push.py", "test_docs.py", "test_benchmarks.py", "test_line_reading.py", "test_stages.py"),
    *("test_photographs.py", "test_make_font.py", "test_forms.py", "test_hub_dataset.py", "test_evaluation.py"),
    *("test_many_files.py", "test_copies.py", "test_form.py", "test_kinds.py", "test_distillation.py"),
    *("test_hub_space.py", "test_explore.py"),
)
"""Groups of tests that take longest, which begin first, so that no process is left with one of them at the end."""


def group_of(item: pytest.Item) -> str:
    """What one process of several runs whole: all that drive a browser, all that ask a page over HTTP, or one file.

    Two browsers at once on two cores would wait for each other, and a page takes ten seconds to start.
    """
    if item.path.parent.name == "browser":
        return "browser"
    return "page" if "page_url" in getattr(item, "fixturenames", ()) else item.path.name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its group, and put the groups that take longest first."""
    groups = {item: group_of(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    place = {group: number for number, group in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(groups[item], len(place)))


@pytest.fixture(scope="session", autouse=True)
def no_tesseract() -> Iterator[None]:
    """Forms are read without labels, as where Tesseract is missing, but in the tests of labels: it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pytesseract.pytesseract.tesseract_cmd", "no-tesseract")
        yield


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    """The checkpoint in the package."""
    return Recognizer.from_pretrained()


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """The address of the one page that all tests of this process share."""
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it are skipped where there is none, as in a clone elsewhere."""
    folder = Path(os.environ.get("EMNIST_SHARED", ROOT.parent / "shared"))
    if not (folder / "emnist").is_dir():
        pytest.skip(f"needs the real data of {folder}, which is not part of the repository")
    return folder


@pytest.fixture(scope="session")
def real_byclass(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real ByClass as Parquet: all its test rows, and of those to learn from a sixteenth.

    Written once, whoever shares the suite, by the script that comes with the data.
    """
    import cv2
    from filelock import FileLock

    def png(array: np.ndarray) -> dict[str, object]:
        return {"bytes": cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes(), "path": None}

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "real"
    spec = importlib.util.spec_from_file_location("build", shared / "emnist" / "build.py")
    assert spec is not None and spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.png = png  # Pillow takes half a minute more
    with FileLock(f"{folder}.lock"):
        if not (folder / "README.md").is_file():  # which is written last
            build.HERE = folder / "source"
            build.HERE.mkdir(parents=True)
            for name in ("pool", "nist"):
                rows = dict(np.load(shared / "emnist" / f"{name}.npz", allow_pickle=False))
                kept = np.arange(len(rows["images"])) % 16 == 0
                if "member" in rows:
                    kept |= rows["member"][:, rows["member_names"].tolist().index("byclass_test")] >= 0
                of_rows = {key: value[kept] for key, value in rows.items() if len(value) == len(kept)}
                np.savez(build.HERE / f"{name}.npz", **rows | of_rows)
            build.main(folder, ["byclass"])
    return folder


@pytest.fixture(scope="session")
def small_emnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set folder with small `digits` and `letters`, and extra rows in `extra.parquet` labelled by `bymerge`."""
    folder = write_folder(tmp_path_factory.mktemp("emnist"), ["digits", "letters"])
    write_parquet(draw_rows(CHARSETS["bymerge"], 4, seed=9), folder / "extra.parquet")
    return folder


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's checkpoint as `export-onnx` writes it, once, whoever shares the suite.

    What that said stands beside it, in `said`.
    """
    from filelock import FileLock

    from tests.support.command import invoke

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "exported" / "byclass"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (said := folder.parent / "said").is_file():
            said.write_text(invoke("export-onnx", folder, status=0).stdout)
    return folder
