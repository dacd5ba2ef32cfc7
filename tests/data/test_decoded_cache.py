"""A data set is decoded once, stays on disk, and is never mistaken for another or for an earlier one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emnist_hf.data.cache import IMAGES, CacheError, JoinedImages, StoredImages, cache_folder, choose
from emnist_hf.data.parquet import PLAIN_PNG, UndecodableError, decode_image
from emnist_hf.data.rows import DataError, Rows
from emnist_hf.data.sources import load_parts, load_rows
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import CHARSETS
from tests.support.drawn import draw_rows, write_many, write_parquet
from tests.support.server import ROOT


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; returns where its entries will be."""
    from datasets import config

    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache" / "emnist_hf"


def same(found: Rows, expected: Rows) -> bool:
    return bool(np.array_equal(found.images, expected.images) and np.array_equal(found.labels, expected.labels))


def test_rows_are_decoded_once_and_stay_on_disk(cache: Path, tmp_path: Path) -> None:
    rows = draw_rows(CHARSETS["bymerge"], 2)
    path = write_parquet(rows, tmp_path / "extra.parquet")
    first = load_rows(path)
    assert isinstance(first.images, StoredImages) and same(first, rows)
    (entry,) = cache.iterdir()
    written = entry.stat(), (entry / IMAGES).stat()
    assert same(load_rows(path), rows)
    assert [entry] == list(cache.iterdir()) and written == (entry.stat(), (entry / IMAGES).stat())


def test_a_file_that_was_written_anew_is_decoded_anew(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "extra.parquet"
    old, new = (draw_rows(CHARSETS["bymerge"], 2, seed) for seed in (0, 1))
    write_parquet(old, path)
    before = load_rows(path)
    write_parquet(new, path)
    assert same(load_rows(path), new)
    assert len(list(cache.iterdir())) == 1, "the old entry stayed"
    assert same(before, old), "who reads the old entry lost it"


def test_one_file_read_in_two_ways_has_two_entries(cache: Path, small_emnist: Path) -> None:
    """Lying on their side, the images are refused, and nothing of them is kept."""
    source = small_emnist / "digits" / "test.parquet"
    upright = load_parts("digits", source)["test"]
    turned = load_parts("digits", source, transposed=True)["test"]  # too few rows to be refused
    assert np.array_equal(np.asarray(turned.images), np.asarray(upright.images).transpose(0, 2, 1))
    with pytest.raises(DataError, match="transposed"):
        load_parts("digits", small_emnist / "digits" / "train.parquet", transposed=True)
    assert len(list(cache.iterdir())) == 2


def test_an_entry_that_was_cut_short_is_made_again(cache: Path, tmp_path: Path) -> None:
    rows = draw_rows(CHARSETS["bymerge"], 2)
    path = write_parquet(rows, tmp_path / "extra.parquet")
    load_rows(path)
    (entry,) = cache.iterdir()
    os.truncate(entry / IMAGES, 1000)
    assert same(load_rows(path), rows)


def test_a_broken_picture_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    path = write_parquet(draw_rows(CHARSETS["digits"], 2), tmp_path / "train.parquet")
    content = bytearray(path.read_bytes())
    at = content.index(b"IDAT") + 8
    content[at : at + 4] = b"\0\0\0\0"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"row .* cannot be decoded"):
        load_parts("digits", path)
    assert not list(cache.iterdir())


def test_a_cache_that_cannot_be_written(cache: Path, tmp_path: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where a folder belongs")
    path = write_parquet(draw_rows(CHARSETS["digits"], 2), tmp_path / "train.parquet")
    with pytest.raises(CacheError, match="set HF_DATASETS_CACHE"):
        load_parts("digits", path)


def test_processes_that_start_at_once_share_an_entry(tmp_path: Path) -> None:
    path = write_parquet(draw_rows(CHARSETS["bymerge"], 30), tmp_path / "extra.parquet")
    code = (
        "import sys; from emnist_hf.data.sources import load_rows; from emnist_hf.evaluation.seen import digest;"
        "rows = load_rows(sys.argv[1]); print(digest(rows), rows.images._file.path)"
    )
    environment = os.environ | {"HF_DATASETS_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    digests = [child.communicate(timeout=120)[0].split()[0] for child in children]
    assert digests[0] == digests[1] and all(child.returncode == 0 for child in children)
    assert len(list((tmp_path / "cache" / "emnist_hf").iterdir())) == 1


# --- images on disk ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredImages, np.ndarray]:
    """Fifty images on disk and in memory."""
    images = np.random.default_rng(0).integers(0, 256, (50, SIDE, SIDE), dtype=np.uint8)
    path = tmp_path_factory.mktemp("stored") / "images.bin"
    images.tofile(path)
    return StoredImages(path), images


ENDS = st.none() | st.integers(-60, 60)
INDICES = st.one_of(
    st.builds(slice, ENDS, ENDS, st.none() | st.integers(1, 7) | st.integers(-7, -1)),
    st.lists(st.integers(-50, 49), max_size=80).map(lambda x: np.array(x, np.int64)),
    st.lists(st.booleans(), min_size=50, max_size=50).map(lambda x: np.array(x, bool)),
)


@settings(deadline=None)
@given(first=INDICES, then=st.builds(slice, ENDS, ENDS, st.none() | st.integers(1, 3)))
def test_stored_images_index_like_an_array(stored: tuple[StoredImages, np.ndarray], first, then) -> None:
    images, array = stored
    assert images.shape == array.shape and images.dtype == array.dtype
    assert np.array_equal(images[first], array[first])
    chosen = choose(images, first)
    assert isinstance(chosen, StoredImages) and np.array_equal(np.asarray(chosen), array[first])
    assert np.array_equal(choose(chosen, then)[:], array[first][then])


def test_an_image_that_is_not_there(stored: tuple[StoredImages, np.ndarray]) -> None:
    for wrong in ([50], [-51], [0, 99]):
        with pytest.raises(IndexError):
            stored[0][np.array(wrong)]


def test_sets_of_images_can_be_joined(stored: tuple[StoredImages, np.ndarray]) -> None:
    images, array = stored
    joined = JoinedImages([array[:3], choose(images, slice(10, 10)), choose(images, slice(None, None, 2))])
    whole = np.concatenate([array[:3], array[::2]])
    order = np.random.default_rng(0).permutation(len(whole))
    assert len(joined) == len(whole) and np.array_equal(joined[order], whole[order])


# --- decoding ---------------------------------------------------------------------------------------------------


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_pictures_of_every_mode_are_decoded_as_pillow_does(mode: str, kind: str) -> None:
    picture = Image.fromarray(draw_rows(CHARSETS["digits"], 1).images[3]).convert(mode)
    content = encoded(picture, kind)
    assert content.startswith(PLAIN_PNG) == (mode == "L" and kind == "PNG")
    assert np.array_equal(decode_image(content), np.asarray(Image.open(io.BytesIO(content)).convert("L")))


def test_a_damaged_picture_is_never_half_decoded() -> None:
    """Whatever is changed in a PNG is either noticed or makes no difference to Pillow either."""
    content = encoded(Image.fromarray(draw_rows(CHARSETS["digits"], 1).images[0]), "PNG")
    rng = np.random.default_rng(0)
    damaged = [content[:cut] for cut in range(len(PLAIN_PNG), len(content), 7)]
    for _ in range(100):
        changed = bytearray(content)
        changed[rng.integers(len(PLAIN_PNG), len(content))] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(changed))
    refused = 0
    for spoilt in damaged:
        try:
            found = decode_image(spoilt)
        except UndecodableError:
            refused += 1
        else:
            assert np.array_equal(found, np.asarray(Image.open(io.BytesIO(spoilt)).convert("L")))
    assert refused > 0.8 * len(damaged)


# --- memory -----------------------------------------------------------------------------------------------------

EPOCH = """
import json, resource, sys
from torch.utils.data import DataLoader, default_convert
from emnist_hf.settings import TrainConfig
from emnist_hf.training.sampling import PartialLabelDataset, MixtureSampler
from emnist_hf.splits import CHARSETS
from emnist_hf.training import prepare_data

data = prepare_data(TrainConfig(split="digits", dataset=sys.argv[1], output_dir=sys.argv[2], validation_fraction=0.01))
data.digest()
dataset, sampler = PartialLabelDataset(data.sources, CHARSETS["digits"]), MixtureSampler(data.sources, 0)
loader = DataLoader(dataset, batch_size=256, sampler=sampler, collate_fn=default_convert)
rows = sum(len(images) for images, _ in loader)
print(json.dumps({"rows": rows, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Five times the rows: what an epoch takes, decoding and checks included, grows by a small part of the pixels.

    What grows are labels, positions and hashes, some 40 bytes a row beside 784 of pixels.
    """
    found, counts = [], (15_000, 75_000)
    for count in counts:
        source = write_many(tmp_path / f"{count}" / "train.parquet", count)
        command = [sys.executable, "-c", EPOCH, str(source), str(tmp_path / "run")]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    few, many = found
    assert few["rows"] > 14_000 and many["rows"] > 73_000
    assert many["peak"] - few["peak"] < 0.2 * (counts[1] - counts[0]) * SIDE * SIDE, found


def test_the_cache_is_where_datasets_keeps_its_own() -> None:
    assert cache_folder() == Path(os.environ["HF_DATASETS_CACHE"]) / "emnist_hf"
