"""A small EMNIST look-alike, drawn with a font, and the forms in which people store such data."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emnist_hf.data.rows import Rows
from emnist_hf.splits import CHARSETS, SPLITS, LabelSet


@cache
def label_font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)


def draw_glyph(character: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One printed character, uint8 [28, 28], white on black, leaning and placed at random like handwriting."""
    big = Image.new("L", (160, 160))
    ImageDraw.Draw(big).text((80, 80), character, fill=255, font=label_font(96), anchor="mm")
    lean, turn = rng.normal(0, 0.12), rng.normal(0, 0.08)
    matrix = (1, lean + turn, -80 * (lean + turn), -turn, 1, 80 * turn)
    moved = big.transform(big.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    cropped = moved.crop(moved.getbbox())
    scale = 24 / max(cropped.size)  # EMNIST leaves two pixels of border and keeps the aspect
    small = cropped.resize([max(1, round(side * scale)) for side in cropped.size], Image.Resampling.BOX)
    glyph = Image.new("L", (28, 28))
    glyph.paste(small, [(28 - side) // 2 for side in small.size])
    return np.asarray(glyph)


def draw_rows(label_set: LabelSet, per_class: int, seed: int = 0) -> Rows:
    """`per_class` drawn rows of each label, shuffled; where a label stands for both cases, both are drawn."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(label_set)), per_class))
    images = [draw_glyph(str(rng.choice(list(label_set.members[label]))), rng) for label in labels]
    return Rows(np.stack(images), labels.astype(np.int64), label_set)


def write_parquet(rows: Rows, path: Path) -> Path:
    """Write rows as the Parquet that people publish: PNG images and named labels."""
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageFeature

    def png(array: NDArray[np.uint8]) -> dict[str, object]:
        buffer = io.BytesIO()
        Image.fromarray(array).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": None}

    features = Features({"image": ImageFeature(), "label": ClassLabel(names=list(rows.label_set.labels))})
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"image": [png(image) for image in rows.images], "label": rows.labels.tolist()}
    Dataset.from_dict(data, features=features).to_parquet(str(path))
    return path


def write_many(path: Path, rows: int) -> Path:
    """A Parquet file of `rows` drawn digits that all differ, in row groups of 2,048."""
    import cv2
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import ClassLabel, Features
    from datasets import Image as ImageFeature

    drawn, rng = draw_rows(SPLITS["digits"].label_set, 20), np.random.default_rng(0)
    features = Features({"image": ImageFeature(), "label": ClassLabel(names=list("0123456789"))})
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, features.arrow_schema) as writer:
        for start in range(0, rows, 2048):
            chosen = rng.integers(0, len(drawn), min(2048, rows - start))
            images = drawn.images[chosen]
            images[:, 0, :16] = rng.integers(0, 256, (len(chosen), 16))
            pictures = [{"bytes": cv2.imencode(".png", image)[1].tobytes(), "path": None} for image in images]
            columns = {"image": pictures, "label": drawn.labels[chosen]}
            writer.write_table(pa.table(columns, schema=features.arrow_schema))
    return path


def write_folder(folder: Path, splits: Sequence[str], train: int = 24, test: int = 4) -> Path:
    """A data set folder with one configuration a split, as `load_dataset(folder, split)` opens it."""
    configurations = []
    for split in splits:
        files = []
        for seed, (part, per_class) in enumerate((("train", train), ("test", test))):
            rows = draw_rows(SPLITS[split].label_set, per_class, seed)
            write_parquet(rows, folder / split / f"{part}.parquet")
            files.append(f"  - split: {part}\n    path: {split}/{part}.parquet\n")
        configurations.append(f"- config_name: {split}\n  data_files:\n{''.join(files)}")
    (folder / "README.md").write_text("---\nconfigs:\n" + "".join(configurations) + "---\n")
    return folder


def small_strokes(path: Path) -> Path:
    """A stroke file like UNIPEN's: crosses, bars and rings by writers of every part."""
    angle = np.linspace(0, 2 * np.pi, 40)
    shapes = {
        "1": [np.array([[0.5, 0.0], [0.5, 1.0]])],
        "0": [np.stack([0.5 + 0.4 * np.sin(angle), 0.5 - 0.5 * np.cos(angle)], 1)],
        "T": [np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.5, 0.0], [0.5, 1.0]])],
        "L": [np.array([[0.0, 0.0], [0.0, 1.0], [0.6, 1.0]])],
    }
    characters = [(label, strokes, writer) for writer in range(40) for label, strokes in shapes.items()]
    lines = [line for _, strokes, _ in characters for line in strokes]
    np.savez(
        path,
        points=np.concatenate(lines).astype(np.float16),
        stroke_offsets=np.cumsum([0] + [len(line) for line in lines]),
        char_offsets=np.cumsum([0] + [len(strokes) for _, strokes, _ in characters]),
        label62=np.array([CHARSETS["byclass"].labels.index(label) for label, _, _ in characters], np.int8),
        source=np.array(["aga"] * len(characters)),
        writer=np.array([f"aga:w{writer}" for _, _, writer in characters]),
    )
    return path
