"""Fit the constants of `emnist_hf.ink`, and measure how well polarity is told.

    python -m benchmarks.ink_constants POOL STROKES [--characters 2000] [--only polarity|look|crops]

POOL is a pool.npz (images, label62, member, member_names), STROKES a strokes.npz. Fitted on EMNIST images
that stand in no official test file and on UNIPEN's train writers; chosen and measured on other images of that
kind and on UNIPEN's validation writers. No test image and no test writer is looked at. Prints the fitted
numbers beside those in the package: `polarity.WEIGHTS` and `glyph.EMNIST`. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emnist_hf.data.strokes import StrokeSet, draw_coverage
from emnist_hf.ink import NoInkError, glyph, polarity, to_glyph, to_ink
from emnist_hf.ink.types import Bytes
from emnist_hf.ink.widths import stroke_width

Floats = NDArray[np.float64]

ENLARGE = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


def emnist_rows(path: Path, count: int, rng: np.random.Generator) -> tuple[Bytes, NDArray[np.int8]]:
    """Images, uint8 [n, 28, 28], and labels of `count` random rows that are in no official test."""
    with np.load(path, allow_pickle=False) as file:
        tests = [i for i, name in enumerate(file["member_names"]) if str(name).endswith("_test")]
        labels = file["label62"]
        rows = np.flatnonzero((file["member"][:, tests] == -1).all(axis=1) & (labels >= 0))
        print(f"EMNIST: {len(rows)} labelled images are in no official test file")
        rows = np.sort(rng.permutation(rows)[:count])
        images = file["images"][rows]
    order = rng.permutation(len(rows))
    return images[order], labels[rows][order]


def tight(image: Bytes, margin: int) -> Bytes:
    """The image cropped to its ink at half level, with `margin` pixels around it."""
    rows, columns = np.flatnonzero((image > 127).any(axis=1)), np.flatnonzero((image > 127).any(axis=0))
    padded = np.pad(image, margin)
    return np.ascontiguousarray(padded[rows[0] : rows[-1] + 1 + 2 * margin, columns[0] : columns[-1] + 1 + 2 * margin])


def thick(strokes: StrokeSet, row: int, rng: np.random.Generator) -> Bytes:
    """A UNIPEN character drawn with a pen of 4 to 25 % of the pad's side."""
    size = int(rng.choice([60, 120, 300]))
    coverage = draw_coverage(strokes.strokes(row), size=size, pen=size * rng.uniform(0.04, 0.25))
    return np.rint(coverage * 255).astype(np.uint8)


def enlarged(image: Bytes, rng: np.random.Generator) -> tuple[Bytes, str]:
    """The image at 1 to 8 times its size, and how."""
    factor, how = int(rng.choice([1, 1, 2, 3, 4, 6, 8])), str(rng.choice(list(ENLARGE)))
    if factor == 1:
        return image, "native"
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=ENLARGE[how]), how


def encoded(image: Bytes, quality: int | None) -> bytes:
    """A PNG, or a JPEG of a quality."""
    file = io.BytesIO()
    if quality is None:
        Image.fromarray(image).save(file, "PNG")
    else:
        Image.fromarray(image).save(file, "JPEG", quality=quality)
    return file.getvalue()


# --- polarity ---


def polarity_features(images: Any, rng: np.random.Generator) -> Floats:
    """`polarity.features` of images with margins of 0 to 40 % of their longer side, float64 [n, 5]."""
    found = []
    for image in images:
        margin = 0 if rng.random() < 0.3 else round(rng.uniform(0, 0.4) * max(image.shape))
        found.append(polarity.features(enlarged(tight(image, margin), rng)[0] > 127))
    return np.array(found)


def fit_logistic(features: Floats, decay: float = 1.0) -> Floats:
    """Weights w, float64 [5], that maximise sum(log sigmoid(features @ w)) - decay / 2 * |w|^2 (Newton)."""
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        miss = 1 / (1 + np.exp(np.clip(features @ weights, -30, 30)))
        slope = features.T @ miss - decay * weights
        curve = features.T @ (features * (miss * (1 - miss))[:, None]) + decay * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights = weights + step * min(1.0, 5 / float(np.abs(step).max()))
    return weights


def report_polarity(emnist: Bytes, strokes: StrokeSet, count: int, rng: np.random.Generator) -> None:
    """Fit the weights; print them and the share of characters told right, by both sets of weights."""
    parts: dict[str, Floats] = {}
    cut = len(emnist) * 2 // 3
    parts["EMNIST fit"] = polarity_features(emnist[:cut], rng)
    parts["EMNIST held out"] = polarity_features(emnist[cut:], rng)
    for part in ("train", "validation"):
        wanted = count if part == "train" else count // 2
        rows = rng.permutation(strokes.rows(part))[:wanted]
        parts[f"UNIPEN {part}"] = polarity_features((thick(strokes, int(r), rng) for r in rows), rng)
    fitted = fit_logistic(np.concatenate([parts["EMNIST fit"], parts["UNIPEN train"]]))
    print("polarity.WEIGHTS", polarity.WEIGHTS.tolist(), "fitted", np.round(fitted, 1).tolist())
    for name, features in parts.items():
        shares = [100 * float((features @ weights > 0).mean()) for weights in (polarity.WEIGHTS, fitted)]
        print(f"  {name:16s} {len(features):5d}: {shares[0]:.2f} %, with fitted weights {shares[1]:.2f} %")


def report_crops(emnist: Bytes, strokes: StrokeSet, count: int, rng: np.random.Generator) -> None:
    """Print the share of tight crops (0 to 4 px) of which `to_ink` tells the polarity, either way."""
    rows = rng.permutation(strokes.rows("validation"))[: count // 2]
    made: list[tuple[str, Bytes]] = []
    for image in emnist[len(emnist) * 2 // 3 :]:
        crop, how = enlarged(tight(image, int(rng.integers(0, 5))), rng)
        made.append((f"EMNIST {how}", crop))
    for row in rows:
        made.append(("UNIPEN thick", tight(thick(strokes, int(row), rng), int(rng.integers(0, 5)))))
    right, total = Counter[str](), Counter[str]()
    for kind, crop in made:
        quality = int(rng.integers(50, 96)) if rng.random() < 0.5 else None
        for light in (True, False):
            try:
                told = to_ink(encoded(crop if light else 255 - crop, quality)).light_on_dark == light
            except NoInkError:
                told = False
            for name in (kind, "all", "JPEG" if quality else "PNG"):
                total[f"{name}, {'white on black' if light else 'black on white'}"] += 1
                right[f"{name}, {'white on black' if light else 'black on white'}"] += told
    for name in sorted(total):
        print(f"  {name:32s} {right[name]:5d} of {total[name]:5d}: {100 * right[name] / total[name]:.2f} %")


# --- the look of EMNIST ---


def large(image: Bytes) -> Bytes:
    """Eight times as large."""
    return cv2.resize(image, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)


def long_side(image: Bytes) -> float:
    """Longer side of the ink at half level, in glyph pixels."""
    top, bottom, left, right = glyph.box_of(large(image).astype(np.float32) - np.float32(127.5))
    return max(bottom - top, right - left) / 8


def edge_share(image: Bytes) -> float:
    """Grey to edge: the sum of 4 v (1 - v) over the length of the outline at half level, in glyph pixels."""
    value = image / 255
    enlarged_ink = (large(image) > 127).astype(np.uint8)
    contours, _ = cv2.findContours(enlarged_ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_TC89_KCOS)
    length = sum(cv2.arcLength(c, True) for c in contours) / 8
    return float((4 * value * (1 - value)).sum() / max(length, 1.0))


def report_look(emnist: Bytes, labels: NDArray[np.int8], strokes: StrokeSet, rng: np.random.Generator) -> None:
    """Print medians over EMNIST beside those over glyphs of UNIPEN, and how ranges of widths read."""
    widths = np.array([stroke_width(large(image) > 127) / 8 for image in emnist])
    print("EMNIST stroke widths, quartiles:", np.round(np.percentile(widths, [25, 50, 75]), 2).tolist())
    rows = {part: rng.permutation(strokes.rows(part)) for part in ("train", "validation")}
    drawn = [thick_to_thin(strokes, int(row), rng) for row in rows["train"][:300]]
    for name, measure, values in (
        ("long_side", long_side, (22.0, 22.2, 22.4, 22.6, 22.8)),
        ("softness", edge_share, (0.2, 0.3, 0.4, 0.5, 0.6)),
    ):
        wanted = float(np.median([measure(image) for image in emnist[:1500]]))
        found = [median_of(measure, drawn, replace(glyph.EMNIST, **{name: v})) for v in values]
        best = float(np.interp(wanted, found, values))
        print(
            f"{name} {getattr(glyph.EMNIST, name)} fitted {best:.2f}: EMNIST has {wanted:.3f}; glyphs have",
            end=" ",
        )
        print(", ".join(f"{f:.3f} at {v}" for f, v in zip(found, values, strict=True)))
    flat = emnist.reshape(len(emnist), -1).astype(np.float32)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    for part, count in (("train", 400), ("validation", 400)):
        chosen = rows[part][:count]
        for pens in ((3.0, 6.0), (6.0, 12.0), (12.0, 22.0)):
            drawn = [draw_coverage(strokes.strokes(int(r)), size=120, pen=rng.uniform(*pens)) for r in chosen]
            shares = []
            for span in ((2.5, 3.5), (2.7, 3.1), (2.8, 3.0), (2.9, 3.3)):
                read = read_nearest(drawn, replace(glyph.EMNIST, widths=span), flat, labels)
                shares.append(f"{span}: {100 * float((read == strokes.label62[chosen]).mean()):.1f} %")
            print(f"  widths, {part}, pens of {pens[0]:.0f} to {pens[1]:.0f} of 120 px: ", "; ".join(shares))


def thick_to_thin(strokes: StrokeSet, row: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The coverage of a UNIPEN character drawn with a pen of 3 to 18 of 200 px."""
    return draw_coverage(strokes.strokes(row), size=200, pen=rng.uniform(3, 18))


def median_of(measure: Callable[[Bytes], float], drawn: Any, look: glyph.Look) -> float:
    """Median of a measure over the glyphs of coverages in a look."""
    return float(np.median([measure(to_glyph(coverage, look)) for coverage in drawn]))


def read_nearest(drawn: Any, look: glyph.Look, flat: NDArray[np.float32], labels: Any) -> NDArray[np.int8]:
    """The labels of the nearest EMNIST images by cosine, int8 [n]."""
    glyphs = np.stack([to_glyph(coverage, look).ravel() for coverage in drawn]).astype(np.float32)
    return np.asarray(labels[(glyphs @ flat.T).argmax(axis=1)], np.int8)


def main() -> None:
    """Parse the arguments and print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", type=Path, help="pool.npz with EMNIST's images")
    parser.add_argument("strokes", type=Path, help="strokes.npz with UNIPEN's characters")
    parser.add_argument(
        "--characters",
        type=int,
        default=2000,
        help="UNIPEN characters for polarity, EMNIST 3/2 as many (default: %(default)s)",
    )
    parser.add_argument("--only", choices=("polarity", "crops", "look"), help="leave the others out")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    strokes = StrokeSet.load(arguments.strokes)
    emnist, labels = emnist_rows(arguments.pool, max(15_000, 2 * arguments.characters), rng)
    few = emnist[: arguments.characters * 3 // 2]
    start = time.perf_counter()
    if arguments.only in (None, "polarity"):
        report_polarity(few, strokes, arguments.characters, rng)
    if arguments.only in (None, "crops"):
        report_crops(few, strokes, arguments.characters, rng)
    if arguments.only in (None, "look"):
        report_look(emnist, labels, strokes, rng)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
