"""How well forms are read: boxes found, cells and fields right, empty cells left empty, by condition.

    python -m benchmarks.forms [--strokes STROKES.npz] [--layouts tuned|held-out] [--each 1] [--seed 0] [--templates]

Forms are composed by `emnist_hf.data.form_compose`, filled with hand-printed fonts or, with --strokes, by UNIPEN's
held-out writers. A box is found where one of the same kind of cells overlaps it by 0.7 (intersection over union); F1
counts those that are none against them. Of a line to write on, and of ticks, the height that both have above it is
compared. A cell is right where its text is, capitals and digits as such.

With --templates a template is made of each layout's blank, and its filled copies are read by it: forms that were
recognized as such, fields right by type, and what is sent to a person at the default threshold (`form_copies`).
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections import defaultdict
from pathlib import Path

import torch

from benchmarks.form_copies import measure_templates, overlap
from benchmarks.hands import HANDS, font_hand
from emnist_hf import Recognizer
from emnist_hf.data.compose import Hand, stroke_hand, writers
from emnist_hf.data.form_compose import FORM_CONDITIONS, HELD_OUT, LAYOUTS, Form, TrueField, compose_form
from emnist_hf.data.strokes import StrokeSet
from emnist_hf.reading.results import Field, Reading, Table

Counts = dict[str, list[float]]
OVERLAP = 0.7


def cells_of(found: Field | Table) -> list[str]:
    if isinstance(found, Table):
        return [text for row in found.rows for text in row]
    if found.checked is not None:
        return ["x" if found.checked else ""]
    return [cell.text for cell in found.cells] or [found.text]


def shared(found: Field | Table, true: TrueField) -> float:
    """Return how much a found box is a true one; how high the room above an open one is, nobody can say."""
    one, other = found.box, true.box
    if true.open:
        top = max(one[1], other[1])
        one, other = ((box[0], min(top, box[3] - 1), *box[2:]) for box in (one, other))
    return overlap(one, other)


def score(form: Form, reading: Reading, counts: Counts) -> None:
    """Count what is right: pairs of right and all under each name."""
    found: list[Field | Table] = [*reading.fields, *reading.tables]
    hits = 0
    for true in form.fields:
        best = max(found, key=lambda one: shared(one, true), default=None)
        hit = best is not None and shared(best, true) >= OVERLAP
        hits += hit
        compare(true, cells_of(best) if best is not None and hit else [], counts)
    counts["boxes found, F1"].append(2 * hits / max(1, len(found) + len(form.fields)))


def compare(true: TrueField, found: list[str], counts: Counts) -> None:
    truth = [text for row in true.rows for text in row]
    found = found if len(found) == len(truth) else [""] * len(truth) if not found else ["?"] * len(truth)
    counts[f"{true.kind}: all right"].append(found == truth)
    for text, expected in zip(found, truth):
        if true.kind == "checkbox":
            counts["checkboxes right"].append(text == expected)
        elif not expected:
            counts["empty cells left empty"].append(not text)
        elif true.kind in ("comb", "grid"):
            counts[f"{true.charset} cells right"].append(text == expected)
        else:
            counts[f"{true.charset} lines right"].append(text == expected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=Path, help="UNIPEN's strokes.npz: filled by real writers instead of fonts")
    parser.add_argument("--layouts", choices=("tuned", "held-out"), default="held-out", help="default: %(default)s")
    parser.add_argument("--each", type=int, default=1, help="forms of each layout and condition (default: %(default)s)")
    parser.add_argument("--condition", choices=FORM_CONDITIONS, help="this one alone")
    parser.add_argument("--seed", type=int, default=0, help="of the forms (default: %(default)s)")
    parser.add_argument("--checkpoint", help="folder, split that the package has, or Hub id (default: byclass)")
    parser.add_argument("--templates", action="store_true", help="read copies of each layout's form by its template")
    parser.add_argument("--layout", choices=LAYOUTS, help="this one alone")
    parser.add_argument("--show", action="store_true", help="print what was read")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recognizer = Recognizer.from_pretrained(options.checkpoint)
    hands: list[Hand] = [font_hand(name) for name in HANDS]
    if options.strokes:
        strokes = StrokeSet.load(options.strokes)
        hands = [stroke_hand(strokes, writer) for writer in writers(strokes)]
    layouts = HELD_OUT if options.layouts == "held-out" else [name for name in LAYOUTS if name not in HELD_OUT]
    layouts = [options.layout] if options.layout else layouts
    if options.templates:
        conditions = [options.condition] if options.condition else ["scan", "photo", "skewed", "small", "pencil"]
        for record in measure_templates(recognizer, hands, layouts, conditions, options.each, options.seed):
            print(json.dumps(record))
        return
    for condition in [options.condition] if options.condition else FORM_CONDITIONS:
        counts: Counts = defaultdict(list)
        for i in range(options.each):
            for layout in layouts:
                seed = zlib.crc32(f"{layout} {condition} {i} {options.seed}".encode()) % 2**31
                form = compose_form(layout, hands[seed % len(hands)], condition, seed)
                start = time.process_time()
                reading = recognizer.read(form.picture)
                counts["seconds"].append(time.process_time() - start)
                score(form, reading, counts)
                if options.show:
                    print(f"--- {layout} {condition}\n{form.fields}\n>>>\n{reading.fields}\n{reading.tables}")
        means = {name: round(sum(values) / len(values), 4) for name, values in sorted(counts.items())}
        print(json.dumps({"condition": condition, "forms": len(counts["seconds"])} | means))


if __name__ == "__main__":
    main()
