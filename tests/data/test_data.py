"""Every kind of source, and every way in which one can be wrong."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emnist_hf.data.idx import check_mapping, read_idx
from emnist_hf.data.rows import DataError, Rows, hash_images, to_dataset, to_rows
from emnist_hf.data.sources import load_emnist, load_rows
from emnist_hf.evaluation.seen import is_official
from emnist_hf.splits import CHARSETS, SPLITS
from tests.support.drawn import draw_rows, write_parquet
from tests.support.raw_files import idx, write_raw


@pytest.fixture(scope="module")
def letters() -> dict[str, Rows]:
    return {"train": draw_rows(CHARSETS["letters"], 24, 0), "test": draw_rows(CHARSETS["letters"], 4, 1)}


def same(found: Rows, expected: Rows) -> bool:
    return bool(np.array_equal(found.images, expected.images) and np.array_equal(found.labels, expected.labels))


def test_a_folder_of_parquet_files(small_emnist: Path) -> None:
    data = load_emnist("digits", small_emnist)
    assert set(data) == {"train", "test"}
    assert data["train"].features["label"].names == list("0123456789")
    rows = to_rows(data["train"])
    assert same(rows, draw_rows(CHARSETS["digits"], 24, 0))
    assert rows.images.dtype == np.uint8 and rows.labels.dtype == np.int64
    assert np.array_equal(np.asarray(data["train"][5]["image"], np.uint8), rows.images[5])


def test_rows_survive_select_and_shuffle(small_emnist: Path) -> None:
    part = load_emnist("digits", small_emnist, parts=("test",))["test"]
    chosen = part.select([7, 3])
    assert np.array_equal(to_rows(chosen).images, to_rows(part).images[np.array([7, 3])])


@pytest.mark.parametrize("zipped", [True, False])
def test_raw_files_in_a_folder(tmp_path: Path, letters: dict[str, Rows], zipped: bool) -> None:
    data = load_emnist("letters", write_raw(tmp_path, "letters", letters, zipped=zipped))
    assert same(to_rows(data["train"]), letters["train"])
    assert same(to_rows(data["test"]), letters["test"])


def test_raw_files_in_the_official_zip(tmp_path: Path, letters: dict[str, Rows]) -> None:
    folder = write_raw(tmp_path / "gzip", "letters", letters, zipped=True)
    with zipfile.ZipFile(tmp_path / "gzip.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"gzip/{file.name}")
    data = load_emnist("letters", tmp_path / "gzip.zip")
    assert same(to_rows(data["test"]), letters["test"])
    with pytest.raises(DataError, match="none of ByClass"):
        load_emnist("byclass", tmp_path / "gzip.zip")


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(DataError, match=r"gzip\.zip"):
        load_emnist("letters", tmp_path / "other.zip")


@pytest.mark.security(33)
def test_another_splits_mapping_is_noticed(tmp_path: Path, letters: dict[str, Rows]) -> None:
    folder = write_raw(tmp_path, "letters", letters, zipped=False, mapping=False)
    (folder / "emnist-letters-mapping.txt").write_text("0 48\n1 49\n")
    with pytest.raises(DataError, match=r"mapping\.txt"):
        load_emnist("letters", folder)
    check_mapping(SPLITS["digits"], "".join(f"{i} {48 + i}\n" for i in range(10)))


@pytest.mark.security(31)
def test_transposed_parquet_is_refused_and_can_be_put_right(tmp_path: Path, letters: dict[str, Rows]) -> None:
    rows = letters["train"]
    lying = Rows(np.ascontiguousarray(rows.images.transpose(0, 2, 1)), rows.labels, rows.label_set)
    path = write_parquet(lying, tmp_path / "train.parquet")
    with pytest.raises(DataError, match="transposed=True"):
        load_emnist("letters", path)
    assert same(to_rows(load_emnist("letters", path, transposed=True)["train"]), rows)
    (tmp_path / "upright").mkdir()
    upright = write_parquet(rows, tmp_path / "upright" / "train.parquet")
    with pytest.raises(DataError, match="lie upright as stored: leave --transposed out"):
        load_emnist("letters", upright, transposed=True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda x: x[:, ::-1, ::-1], "upside down"),
        (lambda x: np.rot90(x, 1, (1, 2)), "turned a quarter left"),
        (lambda x: np.rot90(x, -1, (1, 2)), "turned a quarter right"),
        (lambda x: x[:, :, ::-1], "mirrored"),
        (lambda x: 255 - x, "black on white"),
    ],
)
def test_images_that_are_not_as_they_should_be(tmp_path: Path, letters: dict[str, Rows], damage, said: str) -> None:
    rows = letters["train"]
    path = write_parquet(
        Rows(np.ascontiguousarray(damage(rows.images)), rows.labels, rows.label_set), tmp_path / "t.parquet"
    )
    with pytest.raises(DataError, match=said):
        load_emnist("letters", path)


@pytest.mark.security(33)
def test_labels_off_by_one_are_noticed(tmp_path: Path, letters: dict[str, Rows]) -> None:
    rows = letters["train"]
    path = write_parquet(Rows(rows.images, (rows.labels + 1) % 26, rows.label_set), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="do not fit its images"):
        load_emnist("letters", path)


@pytest.mark.security(33)
def test_the_wrong_split_is_noticed(small_emnist: Path) -> None:
    with pytest.raises(DataError, match="62"):
        load_emnist("byclass", small_emnist / "digits" / "train.parquet")
    with pytest.raises(DataError, match="configuration"):
        load_emnist("mnist", small_emnist)


@pytest.mark.parametrize("source", ["/no/such/folder", "not a name", "x" * 300])
def test_no_such_source(source: str) -> None:
    with pytest.raises(DataError, match="no file or folder"):
        load_emnist("digits", source)


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_text("hello")
    with pytest.raises(DataError, match="cannot be read"):
        load_emnist("digits", tmp_path / "train.parquet")


def test_extra_rows_tell_their_own_labels(small_emnist: Path) -> None:
    rows = load_rows(small_emnist / "extra.parquet")
    assert rows.label_set is CHARSETS["bymerge"] and len(rows) == 4 * 47
    with pytest.raises(DataError, match="There is no file"):
        load_rows(small_emnist / "none.parquet")


def test_decoded_rows_can_be_written_and_read_again(tmp_path: Path, letters: dict[str, Rows]) -> None:
    to_dataset(letters["test"]).to_parquet(str(tmp_path / "test.parquet"))
    assert same(load_rows(tmp_path / "test.parquet"), letters["test"])


BLOCK = 1000


def read(content: bytes, kind: str = "images") -> np.ndarray:
    return np.concatenate(list(read_idx(lambda: io.BytesIO(content), kind, "Letters train", BLOCK)))


def test_a_file_is_its_blocks() -> None:
    images = np.random.default_rng(0).integers(0, 256, (BLOCK + 3, 28, 28), np.uint8)
    assert np.array_equal(read(idx(images)), images)
    assert np.array_equal(read(gzip.compress(idx(images[:, 0, 0])), "labels"), images[:, 0, 0])


@pytest.mark.parametrize("cut", [0, 3, 10, 17, 500])
def test_a_file_cut_short(cut: int) -> None:
    content = idx(np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(DataError, match="cut short"):
        read(content[:cut])
    with pytest.raises(DataError, match=r"cut short|damaged"):
        read(gzip.compress(content)[: max(cut // 12, 5)])


def test_a_gzip_bomb_is_unpacked_no_further_than_its_header_claims() -> None:
    """300 MB of zeros in 300 kB, behind a header of three rows."""
    bomb = gzip.compress(idx(np.zeros((3, 28, 28), np.uint8)) + bytes(300_000_000), 1)
    tracemalloc.start()
    with pytest.raises(DataError, match="more than the 3 rows that it claims"):
        read(bomb)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    with pytest.raises(DataError, match="claims 4,294,967,295 rows"):
        read(gzip.compress(struct.pack(">IIII", 2051, 2**32 - 1, 28, 28)))


def test_idx_of_another_size_or_kind() -> None:
    with pytest.raises(DataError, match="not 28x28"):
        read(struct.pack(">IIII", 2051, 1, 32, 32) + bytes(1024))
    with pytest.raises(DataError, match="not an IDX file of its kind"):
        read(idx(np.zeros(3, np.uint8)))


@given(st.binary(max_size=200), st.sampled_from(["images", "labels"]))
def test_random_bytes_are_no_idx(content: bytes, kind: str) -> None:
    try:
        list(read_idx(lambda: io.BytesIO(content), kind, "Letters train", BLOCK))
    except DataError:
        return
    assert content[:4] == struct.pack(">I", 2051 if kind == "images" else 2049)


def test_hashes_tell_images_apart() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2000, 28, 28), dtype=np.uint8)
    images[1] = images[0]
    images[2] = images[0]
    images[2, 27, 27] ^= 1
    hashes = hash_images(images)
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(np.unique(hashes)) == 1999
    # Hashes are stored beside checkpoints, so they must never change.
    assert int(hash_images(np.full((1, 28, 28), 7, np.uint8))[0]) == KNOWN_HASH


KNOWN_HASH = 9055491172735570756


def test_real_data(shared: Path, real_byclass: Path) -> None:
    """The official test rows come in whole, upright and in order."""
    rows = to_rows(load_emnist("byclass", real_byclass, parts=("test",))["test"])
    assert len(rows) == 116_323 and is_official(SPLITS["byclass"], rows)
    pool = np.load(shared / "emnist" / "pool.npz", allow_pickle=False)
    member = pool["member"][:, [str(name) for name in pool["member_names"]].index("byclass_test")]
    first = np.flatnonzero(member == 0)[0]
    assert np.array_equal(rows.images[0], pool["images"][first]) and rows.labels[0] == pool["label62"][first]
