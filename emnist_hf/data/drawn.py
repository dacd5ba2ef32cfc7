"""All that a recipe learns from beside EMNIST, drawn into a folder: strokes, characters in context, fonts, signs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.context_rows import context_rows, sign_glyphs
from emnist_hf.data.font_rows import accented_glyphs, font_rows, is_held_out
from emnist_hf.data.line_fonts import find_fonts
from emnist_hf.data.rows import DataError
from emnist_hf.data.stroke_rows import write_rows, write_stroke_rows
from emnist_hf.data.strokes import Part

DONE = "drawn.json"
WANTED = {
    "strokes.npz": "UNIPEN's characters",
    "in_context.npz": "UNIPEN's characters in context",
    "signs.npz": "UNIPEN's signs",
    "fonts": "handwriting fonts: python -m emnist_hf.data.handwriting_fonts {folder}/fonts fetches them",
}
"""What lies in a source beside EMNIST."""

EVALUATED_BY = 4
"""Hands that draw each character of a held-out font, and each held-out sign."""


@dataclass(frozen=True)
class Drawings:
    """How often each is drawn, each time otherwise.

    variants: UNIPEN's characters, as their writers wrote them. hands: those of clean tablets by other hands. context:
    characters in context, by other hands, beside once as they are. fonts: each character of each font. signs: as
    context.
    """

    variants: int = 1
    hands: int = 5
    context: int = 1
    fonts: int = 16
    signs: int = 3
    seed: int = 0


def is_drawn(name: str) -> bool:
    """Whether `draw_all` draws a file of this name."""
    return name.startswith(("unipen_", "fonts_", "signs_")) and name.endswith((".parquet", ".npy"))


def draw_all(source: Path, folder: Path, drawings: Drawings) -> Iterator[tuple[str, int]]:
    """Draw what lies in `source` into Parquet files and arrays in `folder`; yield the name of each and its rows.

    Nothing is drawn where the same was drawn before. Signs go into `signs_PART.npy`, uint8 [N, 28, 28]: they have no
    label. Raises `DataError` for what is missing in `source`.
    """
    for name, what in WANTED.items():
        if not (source / name).exists():
            raise DataError(f"{source} has no {name}: put it there ({what.format(folder=source)}).")
    done, wanted = folder / DONE, _identity(source, drawings)
    if done.is_file() and json.loads(done.read_text(encoding="utf-8"))["drawn"] == wanted:
        return
    done.unlink(missing_ok=True)
    counts = {}
    for name, count in _draw(source, folder, drawings):
        counts[name] = count
        yield name, count
    done.write_text(json.dumps({"drawn": wanted, "rows": counts}, indent=2), encoding="utf-8")


def _draw(source: Path, folder: Path, drawings: Drawings) -> Iterator[tuple[str, int]]:
    seed = drawings.seed
    strokes = write_stroke_rows(source / "strokes.npz", folder, seed, drawings.variants, drawings.hands)
    yield from ((path.name, count) for path, count in strokes)
    parts: tuple[tuple[Part, int], ...] = (("train", drawings.context), ("validation", 0), ("test", 0))
    for part, hands in parts:
        path = folder / f"unipen_context_{part}.parquet"
        yield path.name, write_rows(path, context_rows(source / "in_context.npz", part, hands, seed, progress=True))[1]
    fonts = find_fonts(source / "fonts")
    held_out = [path for path in fonts if is_held_out(path)]
    learnt = [path for path in fonts if path not in held_out]
    for part, some, hands in (("train", learnt, drawings.fonts), ("validation", held_out, EVALUATED_BY)):
        path = folder / f"fonts_{part}.parquet"
        yield path.name, write_rows(path, font_rows(some, hands, seed, progress=True))[1]
    for part, accented, hands in (
        ("train", learnt, drawings.signs),
        ("validation", held_out, EVALUATED_BY),
        ("test", [], EVALUATED_BY),
    ):
        images = [sign_glyphs(source / name, part, hands, seed) for name in ("signs.npz", "in_context.npz")]
        yield _save(folder / f"signs_{part}.npy", np.concatenate([*images, accented_glyphs(accented, 4 * hands, seed)]))


def _save(path: Path, images: NDArray[np.uint8]) -> tuple[str, int]:
    np.save(path, images, allow_pickle=False)
    return path.name, len(images)


def _identity(source: Path, drawings: Drawings) -> dict[str, object]:
    """Return what decides the drawings: how often, and the files that they are made of, by hash."""

    def digest(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]

    files = {name: digest(source / name) for name in WANTED if (source / name).is_file()}
    return asdict(drawings) | files | {path.name: digest(path) for path in find_fonts(source / "fonts")}
