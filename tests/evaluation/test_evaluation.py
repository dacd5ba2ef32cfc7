"""Metrics against small cases worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emnist_hf.data.conditions import CONDITIONS
from emnist_hf.data.rows import Rows
from emnist_hf.evaluation import figures
from emnist_hf.evaluation.calibration import calibration_bins, calibration_error, fit_calibration, frequency_weights
from emnist_hf.evaluation.card import model_card, write_card
from emnist_hf.evaluation.evaluate import EvaluateConfig, command_of
from emnist_hf.evaluation.metrics import (
    confusion,
    describe_unscored,
    macro_f1,
    per_class,
    report,
    score,
    wilson_interval,
    worst_confusions,
)
from emnist_hf.evaluation.real_ink import StrokeTest
from emnist_hf.evaluation.report import examples, write_report
from emnist_hf.evaluation.seen import count_seen, digest, is_official, load_learnt, load_seen, save_seen, short_hashes
from emnist_hf.models.pretrained import CHARACTERS
from emnist_hf.splits import CHARSETS, SPLITS, LabelSet
from tests.support.command import invoke
from tests.support.drawn import draw_rows

BYCLASS = CHARSETS["byclass"]


def answer(*labels: str) -> np.ndarray:
    """Probabilities that put 0.9 on each label and share the rest."""
    probabilities = np.full((len(labels), 62), 0.1 / 61, np.float32)
    for row, label in enumerate(labels):
        probabilities[row, BYCLASS.labels.index(label)] = 0.9
    return probabilities


def numbers(*labels: str) -> np.ndarray:
    return np.array([BYCLASS.labels.index(label) for label in labels])


def test_metrics_of_five_answers() -> None:
    metrics = score(answer("A", "a", "0", "1", "B"), numbers("A", "A", "O", "l", "8"), BYCLASS)
    assert metrics["rows"] == 5
    assert metrics["accuracy"] == pytest.approx(1 / 5)
    assert metrics["accuracy_case_insensitive"] == pytest.approx(2 / 5)
    assert metrics["accuracy_shape_folded"] == pytest.approx(4 / 5)
    assert metrics["ece"] == pytest.approx(0.7, abs=1e-6)
    assert metrics["nll"] == pytest.approx(-(np.log(0.9) + 4 * np.log(0.1 / 61)) / 5, rel=1e-4)


def test_top_k_counts_the_first_k() -> None:
    probabilities = np.zeros((1, 62), np.float32)
    probabilities[0, :6] = [0.3, 0.25, 0.2, 0.1, 0.08, 0.07]
    for label, top3, top5 in ((2, 1, 1), (3, 0, 1), (5, 0, 0)):
        metrics = score(probabilities, np.array([label]), BYCLASS)
        assert (metrics["top3"], metrics["top5"]) == (top3, top5)


def test_per_class_and_confusion() -> None:
    probabilities, labels = answer("A", "B", "B", "B"), numbers("A", "A", "A", "B")
    table = confusion(probabilities, labels, 62)
    assert table.sum() == 4 and table[10, 11] == 2
    first = per_class(probabilities, labels, BYCLASS)[0]
    assert first["label"] == "A" and first["recall"] == pytest.approx(1 / 3) and first["most_taken_for"] == "B"


def test_macro_f1_is_scikit_learns_and_its_interval_is_around_it() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 20, 2000)  # 42 classes without rows
    probabilities = rng.random((2000, 62)).astype(np.float32)
    probabilities[np.arange(2000), labels] += 0.8
    expected = f1_score(labels, probabilities.argmax(1), average="macro", labels=np.arange(20))
    assert macro_f1(confusion(probabilities, labels, 62)[None])[0] == pytest.approx(expected)
    metrics = score(probabilities, labels, BYCLASS)
    low, high = metrics["macro_f1_interval"]
    assert metrics["macro_f1"] == pytest.approx(expected) and low < expected < high < low + 0.1


def test_every_share_has_its_interval() -> None:
    metrics = score(answer("A", "a", "0", "1", "B"), numbers("A", "A", "O", "l", "8"), BYCLASS)
    assert metrics["accuracy_interval"] == wilson_interval(1, 5)
    assert metrics["accuracy_case_insensitive_interval"] == wilson_interval(2, 5)
    assert metrics["accuracy_shape_folded_interval"] == wilson_interval(4, 5)
    assert metrics["top5_interval"] == wilson_interval(round(metrics["top5"] * 5), 5)


def test_the_worst_confusion_comes_first() -> None:
    answers, labels = answer(*"000OqqqAAAA"), numbers(*"OOOO99qAAAA")
    table = confusion(answers, labels, 62)
    assert worst_confusions(table, BYCLASS) == [
        {"label": "O", "answer": "0", "rows": 3, "share": 0.75},
        {"label": "9", "answer": "q", "rows": 2, "share": 1.0},
    ]
    assert worst_confusions(table, BYCLASS, 1) == worst_confusions(table, BYCLASS)[:1]
    assert [entry["label"] for entry in worst_confusions(table, BYCLASS, shape_folded=True)] == ["9"]


def test_calibration_bins_hold_every_row() -> None:
    scores = np.array([0.05, 0.5, 0.52, 0.99, 1.0], np.float32)
    bins = calibration_bins(scores, np.array([False, True, False, True, True]))
    assert [entry["rows"] for entry in bins] == [1, 2, 2]
    assert [entry["accuracy"] for entry in bins] == [0, 0.5, 1]
    assert bins[1]["score"] == pytest.approx(0.51) and bins[1]["from"] == pytest.approx(7 / 15)
    assert all(entry["from"] <= entry["score"] <= entry["to"] for entry in bins)


def mistaken(of: str, into: str, labels: LabelSet, per_class: int = 12) -> tuple[Rows, np.ndarray, dict]:
    """Drawn rows of `labels`, all read rightly but for those of one label; answers, and the report of them."""
    rows = draw_rows(labels, per_class)
    probabilities = np.full((len(rows), len(labels)), 0.01, np.float32)
    wrong = rows.labels == labels.labels.index(of)
    probabilities[np.arange(len(rows)), np.where(wrong, labels.labels.index(into), rows.labels)] = 0.9
    split = next(split for split in SPLITS.values() if split.label_set is labels)
    said = {
        "checkpoint": "x",
        "rows_checked_against_training": True,
        "command": command_of(EvaluateConfig(split.name, "data")),
    }
    result = report(probabilities, rows, split) | said
    return rows, probabilities, result


def test_an_evaluation_is_written_as_json_markdown_and_pictures(tmp_path: Path) -> None:
    rows, probabilities, result = mistaken("7", "1", CHARSETS["digits"])
    assert sum(entry["rows"] for entry in result["calibration"]) == len(rows) == 120
    assert result["worst_confusions"] == [{"label": "7", "answer": "1", "rows": 12, "share": 1.0}]
    write_report(result, probabilities, rows, tmp_path / "new" / "folder")

    folder = tmp_path / "new" / "folder"
    assert json.loads((folder / "evaluation.json").read_text()) == result
    text = (folder / "evaluation.md").read_text()
    assert "Digits: x on 120 test rows" in text and "| 7 | 1 | 12 | 100.0% |" in text
    assert all(f"\n| {digit} | 12 | " in text for digit in "0123456789")
    assert "`python -m emnist_hf evaluate --split digits --dataset data --output_dir FOLDER`" in text
    assert "accuracy (top 1) | 0.9000 | 0.8333 to 0.9419" in text and "Real ink" not in text
    shown = re.findall(r"!\[.*?\]\((.*?)\)", text)
    sizes = {"calibration.png": (660, 770), "confusion.png": (990, 880), "confusions.png": (605, 149)}
    assert set(shown) == {*sizes, "per_class.png"}
    for name in shown:
        with Image.open(folder / name) as picture:
            picture.load()
            assert picture.size == sizes.get(name, picture.size)
            assert np.asarray(picture.convert("L")).std() > 10, f"{name} is blank"


def test_the_command_has_what_is_not_at_its_default_and_of_paths_the_last_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = "python -m emnist_hf evaluate --split mnist --dataset"

    def of(*arguments: object, **more: object) -> str:
        return command_of(EvaluateConfig(*arguments, **more))

    (tmp_path / "my data").mkdir()
    (tmp_path / "mnist").mkdir()
    monkeypatch.chdir(tmp_path / "my data")
    usual = StrokeTest(tmp_path / "s.npz", pens=[6, 13, 20, 30], sizes=[300], conditions=["plain"])
    plain = of("mnist", str(tmp_path / "my data"), "byclass", strokes=usual)
    assert plain == f"{start} 'my data' --strokes s.npz"
    assert of("mnist", "user/emnist", "user/net@v1") == f"{start} user/emnist --checkpoint user/net@v1"
    assert of("mnist", ".", "mnist", transposed=True) == f"{start} 'my data' --checkpoint mnist --transposed"
    assert of("mnist", "x", str(tmp_path / "mnist")) == f"{start} x --checkpoint ./mnist"
    strokes = StrokeTest(tmp_path / "s.npz", [6.5, 20.0], [100, 60], tuple(CONDITIONS), 0)
    assert of("mnist", "x", strokes=strokes, tta=3) == (
        f"{start} x --strokes s.npz --pen 6.5 --pen 20 --size 100 --size 60 --condition all --per_pen 0 --tta 3"
    )


def test_the_pictures_of_a_confusion_are_the_rows_so_mistaken() -> None:
    rows, probabilities, result = mistaken("7", "1", CHARSETS["digits"])
    shown = examples(result["worst_confusions"][0], probabilities.argmax(axis=1), rows)
    sevens = {image.tobytes() for image in rows.images[rows.labels == 7]}
    assert len({image.tobytes() for image in shown} & sevens) == len(shown) == 8


def test_folded_confusions_have_a_column_of_their_own(tmp_path: Path) -> None:
    rows, probabilities, result = mistaken("q", "9", BYCLASS, 3)
    probabilities[rows.labels == BYCLASS.labels.index("O"), BYCLASS.labels.index("0")] = 1
    result |= report(probabilities, rows, SPLITS["byclass"])
    write_report(result, probabilities, rows, tmp_path)
    with Image.open(tmp_path / "confusions.png") as picture:
        assert picture.size == (1210, 211)  # two lines, two columns
    text = (tmp_path / "evaluation.md").read_text()
    assert text.count("| q | 9 | 3 | 100.0% |") == 2 and text.count("| O | 0 | 3 | 100.0% |") == 1


def test_a_perfect_answer_can_be_reported_too(tmp_path: Path) -> None:
    rows, probabilities, result = mistaken("1", "1", CHARSETS["digits"], 2)
    write_report(result, probabilities, rows, tmp_path)
    assert "The most frequent: none." in (tmp_path / "evaluation.md").read_text()
    assert (tmp_path / "confusions.png").is_file()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn in a test, laid out but not written."""
    made: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: made.append(self) or self.draw_without_rendering())
    return made


def test_the_curve_counts_epochs_in_whole_numbers(tmp_path: Path, made: list[Figure]) -> None:
    history = [{"epoch": epoch, "train_loss": 1 / epoch, "accuracy": 0.9} for epoch in (1, 2, 3)]
    figures.plot_curve(history, tmp_path / "curve.png", "ByClass")
    assert all(tick == round(tick) for tick in made[0].axes[0].get_xticks())


def test_the_curve_says_what_its_numbers_are_of(tmp_path: Path, made: list[Figure]) -> None:
    history = [{"epoch": epoch, "train_loss": 1 / epoch, "accuracy": 0.9} for epoch in (1, 2)]
    figures.plot_curve(history, tmp_path / "curve.png", "ByClass")
    counted = [entry | {"validation_rows": 1200} for entry in history]
    figures.plot_curve(counted, tmp_path / "curve.png", "ByClass", taught=True)
    figures.plot_curve([counted[0], history[1] | {"validation_rows": 90}], tmp_path / "curve.png", "ByClass")
    labels = [[axes.get_ylabel() for axes in figure.axes] for figure in made]
    assert labels[0] == ["training loss (nats)", "validation accuracy (averaged weights)"]
    assert labels[1][0] == "training loss (labels and teachers, scaled: not nats)"
    assert labels[1][1] == "validation accuracy, 1,200 rows (averaged weights)"
    assert "90 to 1,200 rows" in labels[2][1]
    for figure in made:
        box = figure.axes[0].get_legend().get_window_extent()
        assert box.y1 < min(axes.get_window_extent().y0 for axes in figure.axes), "the legend lies on the curve"


def test_classes_are_shown_from_just_below_the_worst(tmp_path: Path, made: list[Figure]) -> None:
    good, bad = [
        [{"label": x, "recall": r, "recall_interval": [low, 1.0], "precision": 1.0} for x, r, low in classes]
        for classes in ([("a", 0.998, 0.9921), ("b", 0.999, 0.995)], [("a", 0.01, 0.001), ("b", 1.0, 0.9)])
    ]
    figures.plot_per_class(good, tmp_path / "good.png", "x")
    figures.plot_per_class(bad, tmp_path / "bad.png", "x")
    ends = [figure.axes[0].get_ylim() for figure in made]
    assert ends[0][0] == pytest.approx(0.9918) and 1 < ends[0][1] < 1.001 and ends[1][0] == 0
    assert [figure.axes[0].get_ylabel() for figure in made] == ["share (the axis starts at 0.9918)", "share"]
    for lowest in (0.0, 0.099, 0.5, 0.87, 0.99996, 1.0):
        worst = {"label": "a", "recall": 1.0, "recall_interval": [lowest, 1.0], "precision": 1.0}
        figures.plot_per_class([worst], tmp_path / "worst.png", "x")
        start, said = made[-1].axes[0].get_ylim()[0], made[-1].axes[0].get_ylabel()
        assert 0 <= start <= lowest and start < 1
        assert said == "share" if start == 0 else float(said.split()[-1].rstrip(")")) == pytest.approx(start)
        assert lowest - start <= 0.2 * (1 - lowest) + 1e-5


def test_a_small_confusion_has_its_counts_in_the_cells(tmp_path: Path, made: list[Figure]) -> None:
    for classes, count in ((3, 40_000), (26, 4_800), (27, 5)):
        table = np.diag(np.full(classes, count))
        table[0, 1] = 7
        figures.plot_confusion(table, [str(n) for n in range(classes)], tmp_path / "confusion.png", "x")
    shown = [{text.get_position(): text for text in figure.axes[0].texts} for figure in made]
    assert [len(texts) for texts in shown] == [4, 27, 0]
    assert shown[0][1, 0].get_text() == "7" and shown[0][2, 2].get_text() == "40000"
    assert shown[0][1, 0].get_color() == "black" and shown[0][2, 2].get_color() == "white"
    for figure, texts in zip(made[:2], shown):
        axes = figure.axes[0].get_window_extent()
        widest = max(text.get_window_extent().width for text in texts.values())
        assert widest < axes.width / len(figure.axes[0].get_xticks())


def test_the_card_names_confusions_and_copes_with_older_results(tmp_path: Path) -> None:
    packaged = json.loads((Path(__file__).parents[2] / "emnist_hf/checkpoints/byclass/results.json").read_text())
    for entry in ("worst_confusions", "worst_confusions_shape_folded", "calibration"):
        packaged["test"].pop(entry, None)
    (tmp_path / "curve.png").touch()
    old = write_card(tmp_path, packaged).read_text()
    assert "(curve.png)" in old and "calibration.png" not in old and "Most frequent mistakes" not in old

    packaged["test"]["worst_confusions"] = [{"label": "O", "answer": "0", "rows": 1670, "share": 0.4}]
    packaged["test"]["worst_confusions_shape_folded"] = []
    (tmp_path / "calibration.png").touch()
    new = write_card(tmp_path, packaged).read_text()
    assert "Most frequent mistakes: O read as 0 (1,670 rows).\nThose that a shape can tell apart: none." in new
    assert "(calibration.png)" in new


def test_the_card_links_what_can_be_loaded_and_says_what_is_not_published() -> None:
    packaged = json.loads((Path(__file__).parents[2] / "emnist_hf/checkpoints/byclass/results.json").read_text())
    packaged["model"] |= {
        "started_from": "letters",
        "teachers": ["anna/teacher", "runs/one"],
        "published": ["anna/teacher"],
    }
    said = " ".join(model_card(packaged).split())
    assert "Goes on from the package's `letters`" in said
    assert (
        "from [anna/teacher](https://huggingface.co/anna/teacher), a checkpoint that is not published (`runs/one`)"
        in said
    )


@pytest.mark.parametrize(
    ("seconds", "precision", "said"),
    [
        (1, "no", "steps in 1 second on cpu (1 process, float32),"),
        (119.4, "bf16", "steps in 119 seconds on cpu (1 process, bf16),"),
        (150.0, "fp16", "steps in 2 minutes on cpu (1 process, fp16),"),
    ],
)
def test_the_card_says_how_long_and_how_precisely_it_was_learnt(seconds: float, precision: str, said: str) -> None:
    packaged = json.loads((Path(__file__).parents[2] / "emnist_hf/checkpoints/letters/results.json").read_text())
    packaged["train"] |= {"seconds": seconds, "mixed_precision": precision, "processes": 1, "device": "cpu"}
    assert said in model_card(packaged)


@pytest.mark.parametrize("split", CHARACTERS)
def test_the_cards_in_the_package_are_what_their_results_say(split: str) -> None:
    folder = Path(__file__).parents[2] / "emnist_hf/checkpoints" / split
    results = json.loads((folder / "results.json").read_text())
    _, metadata, packaged = (folder / "README.md").read_text().split("---\n", 2)
    assert ("datasets:" in metadata) == bool(results["train"].get("hub_data_set"))
    assert packaged == model_card(results).split("---\n", 2)[2]


def test_classes_without_a_row_are_named() -> None:
    digits = SPLITS["digits"].label_set
    labels = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7])
    answers = np.eye(10, dtype=np.float32)[labels]
    said = describe_unscored(per_class(answers, labels, digits), digits)
    assert said == "They have no row of 8, 9, of which the numbers say nothing."
    every = np.arange(10)
    assert describe_unscored(per_class(np.eye(10, dtype=np.float32), every, digits), digits) == ""


def test_wilson_interval() -> None:
    low, high = wilson_interval(90, 100)
    assert (low, high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))
    assert wilson_interval(0, 0) == [0.0, 1.0]


def test_calibration_error_of_honest_scores_is_small() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.2, 1, 200_000).astype(np.float32)
    assert calibration_error(scores, rng.random(200_000) < scores) < 0.005
    assert calibration_error(scores, rng.random(200_000) < scores / 2) > 0.2


def drawn_labels(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels drawn with the probabilities that the logits stand for."""
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return (chances.cumsum(1) > rng.random((len(logits), 1))).argmax(1)


def test_temperature_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 10)).astype(np.float32)
    temperature, bias = fit_calibration(logits * 1.7, drawn_labels(logits, rng))
    assert temperature == pytest.approx(1.7, rel=0.05)
    assert np.abs(bias).max() < 0.1


@pytest.mark.parametrize("factor", [0.05, 20])
def test_logits_far_too_flat_or_steep_get_their_temperature(factor: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 10)).astype(np.float32)
    assert fit_calibration(logits * factor, drawn_labels(logits, rng))[0] == pytest.approx(factor, rel=0.05)


def test_a_few_rows_that_are_all_right_do_not_make_sure() -> None:
    """Eight rows without a mistake would like a temperature near zero; they prove next to nothing."""
    logits = np.eye(10, dtype=np.float32)[:8] * 3
    assert fit_calibration(logits, np.arange(8))[0] > 0.5


def test_the_temperature_is_that_of_the_frequencies_asked_for() -> None:
    """Rows of class 0 are over-confident, the others are not: how many there will be decides."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (40_000, 4)).astype(np.float32)
    labels = drawn_labels(logits, rng)
    first = labels == 0
    scaled = np.where(first[:, None], logits * 3, logits).astype(np.float32)
    many, few = (fit_calibration(scaled, labels, [share, 1, 1, 1])[0] for share in (100, 0.01))
    assert few == pytest.approx(1, abs=0.15) and many > few
    weights = frequency_weights(labels, [1, 2, 3, 4])
    assert np.bincount(labels, weights) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_biases_make_classes_as_often_expected_as_they_occur_but_not_rare_ones() -> None:
    """Logits that expect class 0 too often, and a rare class 4 of whose rows next to nothing is known."""
    rng = np.random.default_rng(0)
    logits = (rng.normal(0, 1.5, (20_000, 5)) + np.array([0, 0, 0, 0, -8])).astype(np.float32)
    labels = drawn_labels(logits, rng)
    off = logits + np.array([0.8, -0.4, 0, 0, 3], np.float32)
    temperature, bias = fit_calibration(off, labels)
    put_right = off / temperature + bias
    expected = (np.exp(put_right) / np.exp(put_right).sum(axis=1, keepdims=True)).mean(axis=0)
    assert expected[:4] == pytest.approx(np.bincount(labels, minlength=5)[:4] / len(labels), abs=0.005)
    assert bias[0] - bias[1] < -0.8
    assert abs(bias[4]) < 1  # with no restraint, about -3


def test_which_rows_is_said() -> None:
    rows = draw_rows(CHARSETS["digits"], 3)
    shuffled = rows.take(np.random.default_rng(0).permutation(30))
    assert digest(rows) == digest(shuffled) != digest(rows.take(np.arange(29)))
    assert is_official(SPLITS["mnist"], rows) is False
    assert is_official(SPLITS["letters"], rows) is False


def test_seen_images_are_counted(tmp_path: Path) -> None:
    rows = draw_rows(CHARSETS["letters"], 4)
    save_seen(short_hashes(rows.images[:60]), tmp_path)
    seen = load_seen(tmp_path)
    assert seen is not None and count_seen(rows.images, seen) == 60
    assert count_seen(rows.images[60:], seen) == 0
    assert load_seen(tmp_path / "elsewhere") is None
    np.savez_compressed(tmp_path / "trained_on.npz", steps=np.array([3, 4], np.uint32))  # as earlier versions wrote it
    for known in (load_seen(tmp_path), load_learnt(tmp_path)):
        assert known is not None and known.tolist() == [3, 7]


def test_the_packaged_checkpoint_on_the_official_test(real_byclass: Path) -> None:
    """The headline number, made anew on official ByClass test rows drawn at random: all of them take a minute more."""
    source = ("evaluate", "--split", "byclass", "--dataset", real_byclass, "--max_eval_samples", 16_000)
    report = json.loads(invoke(*source, status=0).stdout)
    assert (report["rows"], report["sampled_from"]) == (16_000, 116_323)
    packaged = json.loads((Path(__file__).parents[2] / "emnist_hf/checkpoints/byclass/results.json").read_text())
    assert packaged["test"]["official"] is True and packaged["test"]["rows"] == 116_323
    expected = packaged["test"]["accuracy"]
    assert expected >= 0.871
    deviation = (expected * (1 - expected) / 16_000) ** 0.5
    assert report["accuracy"] == pytest.approx(expected, abs=3 * deviation)
