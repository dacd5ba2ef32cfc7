"""Import paths that published cards and earlier documents name still work."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("emnist_hf.replaced_cnn", "emnist_hf.models.replaced_cnn", "ReplacedCNN"),
        ("emnist_hf.strokes", "emnist_hf.data.strokes", "StrokeSet"),
    ],
)
def test_an_old_path_leads_to_the_new_one(old: str, new: str, name: str) -> None:
    assert getattr(importlib.import_module(old), name) is getattr(importlib.import_module(new), name)


def test_a_style_of_letters_has_its_old_name_too() -> None:
    from emnist_hf import styling

    assert styling.Manner is styling.Style


def test_what_a_card_imports_tells_timm_of_the_network() -> None:
    import timm

    importlib.import_module("emnist_hf.replaced_cnn")
    assert timm.is_model("emnist_replaced_cnn")
