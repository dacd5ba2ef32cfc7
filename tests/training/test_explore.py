"""The report on a data set: what it shows is what is in the data, in one file that needs no other."""

from __future__ import annotations

import base64
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from emnist_hf.cli import app
from emnist_hf.data.rows import Rows, to_rows
from emnist_hf.data.sources import load_emnist
from emnist_hf.evaluation.figures import expected_counts
from emnist_hf.splits import SPLITS
from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import TrainingError, choose_augmentation
from emnist_hf.training.explore import COPIES, ExploreError, survey, write_exploration
from emnist_hf.training.explore_report import GAP
from tests.support.drawn import draw_rows, write_parquet

DIGITS = SPLITS["digits"].labels
UNCHANGED = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)


class Page(HTMLParser):
    """What a reader of the report is given: its text, pictures and table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.images: dict[str, Image.Image] = {}
        self.addresses: list[str] = []
        self.table: list[list[str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.addresses += [given[name] or "" for name in ("src", "srcset", "href") if name in given]
        if tag == "img":
            assert given["alt"] and given["alt"] not in self.images
            self.images[given["alt"]] = decode(given["src"] or "")
        elif tag == "tr":
            self.table.append([])
        if tag not in ("img", "meta", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if self.open and text.strip():
            self.texts.setdefault(self.open[-1], []).append(text.strip())
            if self.open[-1] in ("th", "td"):
                self.table[-1].append(text)


def decode(address: str) -> Image.Image:
    kind, _, content = address.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content, validate=True)))


def cells(strip: Image.Image, side: int = 28) -> list[np.ndarray]:
    """The pictures of a strip with even gaps."""
    gray = np.asarray(strip.getchannel("L"))
    return [gray[:, left : left + side] for left in range(0, gray.shape[1], side + GAP)]


def run(*arguments: object) -> Result:
    """The command in this process, which has imported what takes long."""
    return CliRunner().invoke(app, ["explore", "--split", "digits", *map(str, arguments)])


def digits(folder: Path) -> dict[str, Rows]:
    return {part: to_rows(rows) for part, rows in load_emnist("digits", folder).items()}


@pytest.fixture(scope="module")
def page(small_emnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = run("--dataset", small_emnist, "--output", path)
    assert done.exit_code == 0
    expected = {"file": str(path), "split": "digits", "rows": {"train": 240, "test": 40}, "classes": 10}
    assert json.loads(done.stdout) == expected
    assert done.stderr.startswith(f"Reading digits from {small_emnist}")
    return Page(path.read_text(encoding="utf-8"))


def test_every_class_has_its_label_samples_and_mean(page: Page, small_emnist: Path) -> None:
    assert page.open == []
    assert page.texts["h1"] == ["EMNIST Digits: a look at the data"]
    assert page.texts["p"][0].startswith(
        f"Read from “{small_emnist.name}”: 280 rows in 10 classes, 240 in train, 40 in"
    )
    assert page.texts["figcaption"][:20] == [*DIGITS, *DIGITS]
    for label in DIGITS:
        assert page.images[f"8 samples of digit {label}"].size == (8 * 28 + 7 * GAP, 28)
        assert page.images[f"Mean of digit {label}"].size == (28, 28)
    assert page.texts["h2"] == ["Rows of each class", "Samples", "Class means", "Augmentation"]


def test_the_samples_are_rows_of_their_class(page: Page, small_emnist: Path) -> None:
    rows = digits(small_emnist)["train"]
    for index, label in enumerate(DIGITS):
        of_class = {image.tobytes() for image in rows.images[rows.labels == index]}
        shown = [cell.tobytes() for cell in cells(page.images[f"8 samples of digit {label}"])]
        assert len(set(shown)) == 8 and set(shown) <= of_class


def test_the_means_are_those_of_all_rows(page: Page, small_emnist: Path) -> None:
    rows = digits(small_emnist)["train"]
    for index, label in enumerate(DIGITS):
        shown = np.asarray(page.images[f"Mean of digit {label}"].getchannel("L"), float)
        assert np.abs(shown - rows.images[rows.labels == index].mean(axis=0)).max() <= 0.51


def test_the_table_counts_rows_beside_the_official_ones(page: Page, small_emnist: Path) -> None:
    parts = digits(small_emnist)
    assert page.table[0] == ["class", "train", "test", "official train"]
    for index, row in enumerate(page.table[1:-1]):
        assert row == [DIGITS[index], *(str((rows.labels == index).sum()) for rows in parts.values()), "24,000"]
    assert page.table[-1] == ["all", "240", "40", "240,000"]


def test_the_page_loads_nothing_and_has_a_chart_for_dark_rooms(page: Page) -> None:
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    light = page.images["Bar chart of the rows of each class in train and test; the table has the numbers."]
    dark = decode(page.addresses[0])
    assert light.size == dark.size and light.width == 1600
    grounds = [np.asarray(chart.convert("L"))[0] for chart in (light, dark)]
    assert grounds[0].min() > 240 and grounds[1].max() < 40


def test_the_png_is_one_tall_picture(small_emnist: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.PNG"
    write_exploration("digits", str(small_emnist), path, samples_per_class=50)
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.width == 1720 and picture.height > 2000
        pixels = np.asarray(picture.convert("L"))
    # 24 samples of each of ten digits, 28 x 28 at least: their ground is the only black.
    assert (pixels == 0).sum() > 10 * 24 * 28 * 28 / 2
    assert (pixels[:, :60] > 240).all() and (pixels[:, -60:] > 240).all()


def test_seed_and_number_of_samples(small_emnist: Path, tmp_path: Path) -> None:
    written = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_exploration("letters", str(small_emnist), tmp_path / f"{name}.html", samples_per_class=3, seed=seed)
        written.append((tmp_path / f"{name}.html").read_text(encoding="utf-8"))
    assert written[0] == written[1] != written[2]
    assert Page(written[0]).images["3 samples of Q or q"].width == 3 * 28 + 2 * GAP


def test_a_class_without_rows(tmp_path: Path) -> None:
    """The page says so, the chart and the picture hold, and a source of one part has one panel."""
    rows = draw_rows(SPLITS["digits"].label_set, 5)
    source = write_parquet(rows.take(rows.labels != 7), tmp_path / "a <b> & c" / "test.parquet")
    write_exploration("digits", str(source.parent), tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert page.texts["span"] == ["no rows", "no rows"]
    assert page.table[0] == ["class", "test", "official train"] and page.table[8] == ["7", "0", "24,000"]
    assert "5 samples of digit 6" in page.images and not any("digit 7" in alt for alt in page.images)
    assert "a &lt;b&gt; &amp; c" in html and "<b>" not in html
    report = write_exploration("digits", str(source), tmp_path / "report.png")
    assert report["rows"] == {"test": 45}
    Image.open(tmp_path / "report.png").verify()


def test_augmentation_is_the_one_of_training() -> None:
    rows = draw_rows(SPLITS["digits"].label_set, 2)
    still = survey(rows, 1, 0, UNCHANGED)
    assert still.changed[0] == 0 and still.changed[-1] == 9
    assert still.copies.shape == (len(still.changed), COPIES, 56, 56)
    assert np.abs(still.copies.astype(int) - still.originals[:, None]).max() <= 1
    moved = survey(rows, 1, 0, Augmentation())
    assert (moved.originals == still.originals).all()
    for original, copies in zip(moved.originals, moved.copies):
        assert len({copy.tobytes() for copy in copies}) == COPIES
        assert all(np.abs(copy.astype(int) - original).mean() > 1 for copy in copies)


def test_a_recipe_and_flags_choose_the_augmentation(small_emnist: Path, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("split: byclass\nrotation: 3\nshear: 1\ncutout: 0\nimage_size: 40\n")
    path = tmp_path / "report.html"
    arguments = ("--recipe", tmp_path / "r.yaml", "--shear", "0.5", "--stroke_weight", "0")
    assert run("--dataset", small_emnist, "--output", path, *arguments).exit_code == 0
    page = Page(path.read_text(encoding="utf-8"))
    said = next(text for text in page.texts["p"] if "Settings" in text)
    assert "as the network meets them in training, at 40 x 40 pixels" in said
    assert page.images[f"A digit 0 and {COPIES} augmented copies of it"].size == (8 * 40 + 10 + 6 * GAP, 40)
    assert "rotation 3, shear 0.5, scale 0.12," in said and "stroke_weight 0, contrast 0.25, cutout 0." in said
    (tmp_path / "r.yaml").write_text("rotation: far\n")
    with pytest.raises(TrainingError, match="sets rotation to 'far'"):
        choose_augmentation(tmp_path / "r.yaml", {})
    assert choose_augmentation(None, {"rotation": None}) == Augmentation()


def test_marks_are_the_official_mix_of_as_many_rows() -> None:
    official = SPLITS["byclass"].train_counts
    expected = expected_counts(np.full(62, 10), official)
    assert expected.sum() == pytest.approx(620)
    assert np.allclose(expected / 620, np.array(official) / 697_932)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--output", "report.pdf"), "end in .html or .png"),
        (("--output", "none/report.html"), "There is no folder"),
        (("--samples_per_class", "51"), "give 1 to 50"),
        (("--samples_per_class", "0"), "give 1 to 50"),
        (("--recipe", "none.yaml"), "There is no recipe none.yaml"),
        (("--recipe", "far.yaml"), "sets image_size to 'far': give a whole number"),
        (("--recipe", "large.yaml"), "sets image_size to 513: give 8 to 512 pixels"),
    ],
)
def test_bad_options_give_a_sentence_before_the_data_is_read(
    options: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("far.yaml").write_text("image_size: far\n")
    Path("large.yaml").write_text("image_size: 513\n")
    done = run("--dataset", "/none", *options)
    assert done.exit_code == 1 and done.stdout == ""
    assert said in done.stderr and "Traceback" not in done.stderr and "Reading" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["far.yaml", "large.yaml"]


def test_a_source_that_is_not_there_gives_a_sentence(tmp_path: Path) -> None:
    done = run("--dataset", "/none", "--output", tmp_path / "report.html")
    assert done.exit_code == 1 and done.stdout == "" and not (tmp_path / "report.html").exists()
    assert "no file or folder /none" in done.stderr and "Traceback" not in done.stderr


def test_a_source_without_rows(tmp_path: Path) -> None:
    rows = draw_rows(SPLITS["digits"].label_set, 1)
    write_parquet(rows.take(rows.labels < 0), tmp_path / "train.parquet")
    with pytest.raises(ExploreError, match="has no rows of Digits"):
        write_exploration("digits", str(tmp_path / "train.parquet"), tmp_path / "report.html")
