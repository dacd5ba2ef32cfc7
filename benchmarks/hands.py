"""Hands for composed pages: the fonts that the tests keep, by name. No training may see them."""

from __future__ import annotations

from pathlib import Path

from emnist_hf.data import compose

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "support" / "handwriting"
HANDS = {path.parent.name: path for path in sorted(FOLDER.glob("*/*.ttf"))}


def font_hand(name: str) -> compose.Hand:
    return compose.font_hand(HANDS[name])
