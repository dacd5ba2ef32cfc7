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

from emnist_hf.data.images import ChunkedImages, choose, concatenate
from emnist_hf.data.parquet import PLAIN_PNG, UndecodableError, decode_image
from emnist_hf.data.rows import DataError, Rows
from emnist_hf.data.sources import load_parts, load_rows
from emnist_hf.ink.glyph import SIDE
from emnist_hf.splits import CHARSETS
from tests.support.drawn import draw_rows, write_folder, write_many, write_parquet
from tests.support.memory import WATCH
from tests.support.raw_files import write_raw
from tests.support.server import ROOT


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    from datasets import config

    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def decoded(cache: Path) -> list[Path]:
    """The files of decoded rows in a cache."""
    return sorted(cache.glob("**/cache-*.arrow"))


def same(found: Rows, expected: Rows) -> bool:
    return bool(np.array_equal(found.images, expected.images) and np.array_equal(found.labels, expected.labels))


def test_rows_are_decoded_once_and_stay_on_disk(cache: Path, tmp_path: Path) -> None:
    rows = draw_rows(CHARSETS["bymerge"], 2)
    path = write_parquet(rows, tmp_path / "extra.parquet")
    first = load_rows(path)
    assert isinstance(first.images, ChunkedImages) and same(first, rows)
    assert not any(chunk.flags.owndata or chunk.flags.writeable for chunk in first.images.chunks), "they were copied"
    assert len(decoded(cache)) == 1
    files = {file: file.stat().st_mtime_ns for file in cache.glob("**/*.arrow")}
    assert same(load_rows(path), rows)
    assert files == {file: file.stat().st_mtime_ns for file in cache.glob("**/*.arrow")}


def test_raw_files_are_decoded_once_and_stay_on_disk(cache: Path, tmp_path: Path) -> None:
    folder = write_raw(tmp_path / "raw", "digits", {"test": draw_rows(CHARSETS["digits"], 2)}, zipped=True)
    first = load_parts("digits", folder)["test"]
    assert isinstance(first.images, ChunkedImages) and not first.images.chunks[0].flags.owndata
    (entry,) = cache.glob("emnist/*/*/*.arrow")
    written = entry.stat().st_mtime_ns
    assert same(load_parts("digits", folder)["test"], first) and entry.stat().st_mtime_ns == written
    os.truncate(entry, 1000)
    again = load_parts("digits", folder)["test"]
    assert same(again, draw_rows(CHARSETS["digits"], 2)), "what was cut short was not made again"
    other = draw_rows(CHARSETS["digits"], 2, seed=1)
    write_raw(folder, "digits", {"test": other}, zipped=True)
    assert same(load_parts("digits", folder)["test"], other)


def test_a_file_that_was_written_anew_is_decoded_anew(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "extra.parquet"
    old, new = (draw_rows(CHARSETS["bymerge"], 2, seed) for seed in (0, 1))
    write_parquet(old, path)
    before = load_rows(path)
    write_parquet(new, path)
    assert same(load_rows(path), new)
    assert same(before, old), "who reads the old entry lost it"


def test_a_folder_whose_readme_names_its_files_is_not_mistaken_for_its_past(cache: Path, tmp_path: Path) -> None:
    """The cache of `datasets` goes by the text of that README alone."""
    folder = write_folder(tmp_path / "data", ["digits"])
    assert same(load_parts("digits", folder)["test"], draw_rows(CHARSETS["digits"], 4, 1))
    new = draw_rows(CHARSETS["digits"], 4, 5)
    path = folder / "digits" / "test.parquet"
    times = path.stat()
    write_parquet(new, path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert same(load_parts("digits", folder)["test"], new)


def test_one_file_read_in_two_ways_has_two_entries(cache: Path, small_emnist: Path) -> None:
    """Lying on their side, the images are refused."""
    source = small_emnist / "digits" / "test.parquet"
    upright = load_parts("digits", source)["test"]
    turned = load_parts("digits", source, transposed=True)["test"]  # too few rows to be refused
    assert np.array_equal(np.asarray(turned.images), np.asarray(upright.images).transpose(0, 2, 1))
    assert len(decoded(cache)) == 2
    for _ in range(2):  # the second time, the cache holds them
        with pytest.raises(DataError, match="transposed"):
            load_parts("digits", small_emnist / "digits" / "train.parquet", transposed=True)


def test_an_entry_that_was_cut_short_is_made_again(cache: Path, tmp_path: Path) -> None:
    rows = draw_rows(CHARSETS["bymerge"], 2)
    path = write_parquet(rows, tmp_path / "extra.parquet")
    load_rows(path)
    (entry,) = decoded(cache)
    for size in (0, 1000, entry.stat().st_size - 100):
        os.truncate(entry, size)
        assert same(load_rows(path), rows)


def test_a_part_without_rows(cache: Path, tmp_path: Path) -> None:
    none = draw_rows(CHARSETS["digits"], 1).take(slice(0, 0))
    raw = write_raw(tmp_path / "raw", "digits", {"test": none}, zipped=True)
    for source in (write_parquet(none, tmp_path / "test.parquet"), raw):
        rows = load_parts("digits", source)["test"]
        assert len(rows) == 0 == len(rows.images[:]) and rows.label_set is CHARSETS["digits"]


def test_a_broken_picture_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    path = write_parquet(draw_rows(CHARSETS["digits"], 2), tmp_path / "train.parquet")
    content = bytearray(path.read_bytes())
    at = content.index(b"IDAT") + 8
    content[at : at + 4] = b"\0\0\0\0"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"row .* cannot be decoded"):
        load_parts("digits", path)
    assert not decoded(cache) and not list(cache.glob("**/tmp*"))


def test_a_cache_that_cannot_be_written(cache: Path, tmp_path: Path) -> None:
    cache.write_text("a file where a folder belongs")
    raw = write_raw(tmp_path / "raw", "digits", {"test": draw_rows(CHARSETS["digits"], 2)}, zipped=True)
    for source in (write_parquet(draw_rows(CHARSETS["digits"], 2), tmp_path / "train.parquet"), raw):
        with pytest.raises(DataError, match="set HF_DATASETS_CACHE"):
            load_parts("digits", source)


def test_processes_that_start_at_once_share_an_entry(tmp_path: Path) -> None:
    path = write_parquet(draw_rows(CHARSETS["bymerge"], 30), tmp_path / "extra.parquet")
    raw = write_raw(tmp_path / "raw", "digits", {"test": draw_rows(CHARSETS["digits"], 30)}, zipped=True)
    code = (
        "import sys; from emnist_hf.data.rows import hash_images;"
        "from emnist_hf.data.sources import load_parts, load_rows;"
        "found = load_rows(sys.argv[1]), load_parts('digits', sys.argv[2])['test'];"
        "print([(hash_images(rows.images).tolist(), rows.labels.tolist()) for rows in found])"
    )
    environment = os.environ | {"HF_DATASETS_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(raw)], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    rows = {child.communicate(timeout=120)[0] for child in children}
    assert len(rows) == 1 and all(child.returncode == 0 for child in children)
    assert len(decoded(tmp_path / "cache")) == 1 == len(list((tmp_path / "cache").glob("emnist/*/*/*.arrow")))


# --- images in chunks -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chunked() -> tuple[ChunkedImages, np.ndarray]:
    """Fifty images in chunks and in one array."""
    images = np.random.default_rng(0).integers(0, 256, (50, SIDE, SIDE), dtype=np.uint8)
    return ChunkedImages([images[:20], images[20:20], images[20:21], images[21:]]), images


ENDS = st.none() | st.integers(-60, 60)
INDICES = st.one_of(
    st.builds(slice, ENDS, ENDS, st.none() | st.integers(1, 7) | st.integers(-7, -1)),
    st.lists(st.integers(-50, 49), max_size=80).map(lambda x: np.array(x, np.int64)),
    st.lists(st.booleans(), min_size=50, max_size=50).map(lambda x: np.array(x, bool)),
)


@settings(deadline=None)
@given(first=INDICES, then=st.builds(slice, ENDS, ENDS, st.none() | st.integers(1, 3)))
def test_chunked_images_index_like_an_array(chunked: tuple[ChunkedImages, np.ndarray], first, then) -> None:
    images, array = chunked
    assert images.shape == array.shape and images.dtype == array.dtype
    assert np.array_equal(images[first], array[first])
    chosen = choose(images, first)
    assert isinstance(chosen, ChunkedImages) and np.array_equal(np.asarray(chosen), array[first])
    assert np.array_equal(choose(chosen, then)[:], array[first][then])


def test_an_image_that_is_not_there(chunked: tuple[ChunkedImages, np.ndarray]) -> None:
    assert np.array_equal(chunked[0][-1], chunked[1][-1])
    for wrong in ([50], [-51], [0, 99]):
        with pytest.raises(IndexError):
            chunked[0][np.array(wrong)]


def test_sets_of_images_can_be_concatenated(chunked: tuple[ChunkedImages, np.ndarray]) -> None:
    images, array = chunked
    joined = concatenate([array[:3], choose(images, slice(10, 10)), choose(images, slice(None, None, 2))])
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

EPOCH = f"""
{WATCH}
import json, sys
from torch.utils.data import DataLoader, default_convert
from emnist_hf.training.config import TrainConfig
from emnist_hf.training.sampling import PartialLabelDataset, MixtureSampler
from emnist_hf.splits import CHARSETS
from emnist_hf.training.run_data import prepare_data

for source in sys.argv[1:]:
    data = prepare_data(TrainConfig(split="digits", dataset=source, validation_fraction=0.01))
    data.digest()
    dataset = PartialLabelDataset(data.sources, CHARSETS["digits"])
    sampler = MixtureSampler(data.sources, 0)
    loader = DataLoader(dataset, batch_size=256, sampler=sampler, collate_fn=default_convert)
    rows = sum(len(images) for images, _ in loader)
    print(json.dumps(dict(rows=rows, peak=peak())))
    del data, dataset, sampler, loader
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Six times the rows: what an epoch takes, decoding and checks included, grows by a part of the pixels.

    What grows are labels, positions and hashes, some 50 bytes a row beside 784 of pixels; what allocators keep to use
    again comes on top. Pages of mapped files, which the operating system takes back when it needs them, do not count.
    """
    counts = (8_000, 48_000)
    sources = [write_many(tmp_path / f"{count}" / "train.parquet", count) for count in counts]
    environment = {"HF_DATASETS_CACHE": str(tmp_path / "cache"), "ARROW_DEFAULT_MEMORY_POOL": "system"}
    command = [sys.executable, "-c", EPOCH, *map(str, sources)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    few, many = map(json.loads, done.stdout.splitlines())
    assert few["rows"] > 7_900 and many["rows"] > 47_000
    assert many["peak"] - few["peak"] < 0.5 * (counts[1] - counts[0]) * SIDE * SIDE, (few, many)
