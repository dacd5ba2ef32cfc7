"""Hands for composed pages: the fonts that look hand-printed beside this file, by name. No training may see them."""

from __future__ import annotations

from pathlib import Path

from emnist_hf.data import compose

HANDS = {path.parent.name: path for path in sorted((Path(__file__).parent / "handwriting").glob("*/*.ttf"))}


def font_hand(name: str) -> compose.Hand:
    return compose.font_hand(HANDS[name])
