"""`render --page`: what is written in a picture, set again in its place and in the writer's hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from rapidfuzz.distance.Levenshtein import distance

from tests.support.command import command, invoke
from tests.support.handwriting import write


def test_a_page_comes_back_in_its_place_colour_and_slant(tmp_path: Path) -> None:
    write("the hat\nunder it", slant=14, pen=7, x_height=60, gap=0.6, colour=(20, 40, 160)).image.save(
        tmp_path / "page.png"
    )
    out = tmp_path / "set.svg"
    done = invoke("render", "--page", tmp_path / "page.png", "--output", out, "--font", "pinyon-script", status=0)
    about = json.loads(done.stdout)
    assert [len(word) for word in about["text"].split()] == [3, 3, 5, 2]
    assert distance(about["text"].lower(), "the hat\nunder it") <= 2
    assert abs(about["hand"]["slant"] - 14) <= 3
    assert "blue" in about["hand"]["in_words"]
    width, height = Image.open(tmp_path / "page.png").size
    svg = out.read_text()
    assert re.search(rf'width="{width}(\.0)?"', svg) and re.search(rf'height="{height}(\.0)?"', svg)


def test_a_skewed_page_keeps_its_lean_and_can_be_put_level(tmp_path: Path) -> None:
    write("the hat\nunder it", slant=14, pen=7, x_height=60, gap=0.6, skew=5).image.save(tmp_path / "page.png")
    out = tmp_path / "set.svg"
    arguments = ("--page", tmp_path / "page.png", "--level", "--output", out, "--font", "fondamento")
    done = invoke("render", *arguments, status=0)
    assert abs(json.loads(done.stdout)["hand"]["slant"] - 14) <= 3
    # Seven letters of a font that stands upright, each by a matrix whose second number turns it.
    turns = [float(found) for found in re.findall(r"matrix\(\S+ (\S+) ", out.read_text())]
    assert len(turns) >= 7 and max(map(abs, turns)) < 0.01 * 0.2


def test_a_page_that_lies_upside_down_is_set_upright(tmp_path: Path) -> None:
    picture = write("the hat\nunder it", slant=14, pen=7, x_height=60, gap=0.6).image
    sizes = {}
    for name, turn in (("upright", None), ("turned", Image.Transpose.ROTATE_180), ("aside", Image.Transpose.ROTATE_90)):
        (picture.transpose(turn) if turn is not None else picture).save(tmp_path / "page.png")
        out = tmp_path / "set.svg"
        done = invoke("render", "--page", tmp_path / "page.png", "--output", out, "--font", "fondamento", status=0)
        about = json.loads(done.stdout)
        assert abs(about["hand"]["slant"] - 14) <= 4, name
        sides = re.search(r'width="([\d.]+)" height="([\d.]+)"', out.read_text())
        assert sides is not None
        sizes[name] = [float(side) for side in sides.groups()]
    assert sizes["turned"] == sizes["aside"] == sizes["upright"]


def test_either_a_text_or_a_page_is_needed(tmp_path: Path) -> None:
    out = tmp_path / "set.png"
    both = invoke("render", "text", "--page", "page.png", "--output", out, status=1)
    assert "leave out the one that is not to be set" in both.stderr
    neither = command("render", "--output", out)  # as it is typed
    assert neither.returncode == 1 and "TEXT, or --page IMAGE" in neither.stderr
    assert len(neither.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--page", "page.png", "--size", "80", "--align", "left"], "leave out --size and --align."),
        (["--page", "page.png", "--margin", "0"], "leave out --margin."),
        (["--page", "page.png", "--line_spacing", "2", "--letter_spacing", "0"], "line_spacing and --letter_spacing."),
        (["--page", "page.png", "--measure", "9"], "leave out --measure."),
        (["text", "--level"], "--level puts a photographed page level: give it with --page"),
        (["--page", "none.png"], "emnist_hf: none.png: There is no picture file of that name"),
        (["text", "--like", "none.png"], "emnist_hf: none.png: There is no picture file of that name"),
    ],
)
def test_what_cannot_be_heeded_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = invoke("render", *arguments, "--output", tmp_path / "set.png", status=1)
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_an_empty_page_gets_a_sentence(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "white").save(tmp_path / "empty.png")
    done = invoke("render", "--page", tmp_path / "empty.png", "--output", tmp_path / "set.png", status=1)
    assert len(done.stderr.strip().splitlines()) == 1
