"""Whether a photo that was decoded no more than is needed reads as all of its pixels do.

    python -m benchmarks.decoding [--count 20] [--seed 0]

Photos of one character, JPEG files of 3 to 12 megapixels, are read twice: from the file, of which no more is decoded
than is needed and which is looked at at a glance first, and from all pixels. `labels` is the share of `classify`'s
first labels that agree, `boxes` the share of the boxes `read` gives whose sides agree within 2 pixels, `farthest` the
most that any side is off.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.data.conditions import photo
from emnist_hf.data.pad import Pad
from emnist_hf.ink import open_picture, to_ink
from emnist_hf.ink.thresholds import CHARACTER_SIDE
from tests.support.strokes import STROKES

SIDES, PENS, QUALITY = (1800, 3500), (0.02, 0.1), (75, 95)
NEAR = 2  # pixels


def photos(count: int, rng: np.random.Generator) -> Iterator[bytes]:
    """Yield the bytes of so many photos."""
    names = list(STROKES)
    for _ in range(count):
        side = int(rng.integers(*SIDES))
        strokes = [np.array(stroke, np.float32) for stroke in STROKES[names[int(rng.integers(len(names)))]]]
        picture = photo(strokes, Pad(side, float(rng.uniform(*PENS)) * side, bool(rng.random() < 0.3)), rng)
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=int(rng.integers(*QUALITY)))
        yield file.getvalue()


def compare(recognizer: Recognizer, count: int, seed: int) -> dict[str, Any]:
    labels, off = [], []
    for file in photos(count, np.random.default_rng(seed)):
        whole = np.asarray(open_picture(file))
        close = recognizer.examine(whole, 1, ink=to_ink(whole, max_side=CHARACTER_SIDE))
        labels.append(recognizer.classify(file, 1)[0].label == close.predictions[0].label)
        some, all_ = ([c.box for c in recognizer.read(picture).characters] for picture in (file, whole))
        if len(some) == len(all_):
            off += [int(np.abs(np.subtract(a, b)).max()) for a, b in zip(some, all_)]
        else:
            off.append(max(whole.shape))
    near = np.mean(np.array(off) <= NEAR)
    return {"photos": count, "labels": float(np.mean(labels)), "boxes": round(float(near), 4), "farthest": max(off)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20, help="photos (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the photos (default: %(default)s)")
    options = parser.parse_args()
    print(json.dumps(compare(Recognizer.from_pretrained(), options.count, options.seed)))


if __name__ == "__main__":
    main()
