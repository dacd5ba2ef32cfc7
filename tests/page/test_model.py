"""What the Model tab says of a run: its curve over all stages, or what a few epochs are the end of."""

from __future__ import annotations

from typing import Any

import pytest

from emnist_hf import Recognizer
from emnist_hf.page.model_tables import curve_html, run_of


def epochs(*shares: float) -> list[dict[str, Any]]:
    return [{"epoch": i, "accuracy": share} for i, share in enumerate(shares, start=1)]


def staged() -> dict[str, Any]:
    """A student that went on from `first`; a teacher stood beside, which is another network."""
    first = {"history": epochs(0.5, 0.6, 0.7), "goes_on_from": None}
    teacher = {"history": epochs(0.1, 0.2), "goes_on_from": None}
    last = {"history": epochs(0.8, 0.9), "goes_on_from": "first"}
    stages = {"first": first, "teacher": teacher, "last": last}
    return {"train": {"history": last["history"]}, "recipe": {"stages": stages}}


def test_the_curve_is_of_every_stage_that_the_weights_went_through() -> None:
    assert [[e["accuracy"] for e in stage] for stage in run_of(staged())] == [[0.5, 0.6, 0.7], [0.8, 0.9]]
    shown = curve_html(staged())
    assert "50.0%" in shown and "90.0%" in shown
    assert len(shown.split('points="')[1].split('"')[0].split()) == 5
    assert shown.count("stroke-dasharray") == 1, "where the second stage begins"


@pytest.mark.parametrize(("language", "said"), [("en", "in stages"), ("de", "in Stufen"), ("fr", "par étapes")])
def test_a_few_epochs_are_said_to_be_the_last_of_more(language: str, said: str) -> None:
    assert said in curve_html(Recognizer.from_pretrained().results, language)
    assert curve_html({"train": {"history": epochs(0.5, 0.6)}}, language) == ""
    assert curve_html({}, language) == ""
