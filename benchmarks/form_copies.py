"""Copies of composed forms read by the templates of their blanks; `benchmarks.forms --templates` prints it."""

from __future__ import annotations

import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emnist_hf import Recognizer
from emnist_hf.data.compose import Box, Hand
from emnist_hf.data.form_compose import Form, compose_form
from emnist_hf.forms import Template
from emnist_hf.forms.template_fields import TemplateError, TemplateField

SAME_BOX = 0.6
"""Overlap from which a field of a template is the one that was drawn."""

THRESHOLDS = (0.9, 0.95, 0.97, 0.98, 0.99)
"""Scores below which a field may be sent to a person."""

BINS = 15
"""Of the expected calibration error, equally wide."""


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, across) * max(0, down)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return shared / max(1, areas - shared)


def true_fields(form: Form) -> list[tuple[Box, str, str]]:
    """Return box on the blank, type and value of each field, as a template has them: rows of grids, cells of tables."""
    found: list[tuple[Box, str, str]] = []
    for field in form.on_blank:
        left, top, right, bottom = field.box
        high, wide = (bottom - top) / len(field.rows), (right - left) / len(field.rows[0])
        for i, row in enumerate(field.rows):
            y0, y1 = round(top + i * high), round(top + (i + 1) * high)
            if field.kind == "table":
                boxes = [(round(left + j * wide), y0, round(left + (j + 1) * wide), y1) for j in range(len(row))]
                found += [(box, field.charset, text) for box, text in zip(boxes, row)]
            else:
                found.append(((left, y0, right, y1), field.charset or "checkbox", "".join(row)))
    return found


def template_of(form: Form) -> tuple[Template, list[int]]:
    """Return the template of a form's blank, typed as it was drawn, and which true field each of its fields is."""
    template, true = Template.from_blank(form.blank), true_fields(form)
    fields: list[TemplateField] = []
    places: list[int] = []
    for field in template.fields:
        place = max(range(len(true)), key=lambda i: overlap(true[i][0], field.box))
        if overlap(true[place][0], field.box) > SAME_BOX and place not in places:
            fields.append(replace(field, type=true[place][1]))
            places.append(place)
    return replace(template, fields=tuple(fields)), places


def measure_templates(
    recognizer: Recognizer,
    hands: Sequence[Hand],
    layouts: Sequence[str],
    conditions: Sequence[str],
    each: int,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Yield what became of the copies under each condition, and in the end of all of them."""
    templates = {}
    for layout in layouts:
        first = zlib.crc32(f"{layout} {seed}".encode()) % 2**31
        blank = compose_form(layout, hands[0], seed=first, fill=0)
        templates[layout] = first, *template_of(blank), len(true_fields(blank))
    everything: dict[str, list[float]] = defaultdict(list)
    for condition in conditions:
        counts: dict[str, list[float]] = defaultdict(list)
        for i in range(each):
            for layout in layouts:
                first, template, places, total = templates[layout]
                fill = zlib.crc32(f"{layout} {condition} {i} {seed}".encode()) % 2**31
                form = compose_form(layout, hands[fill % len(hands)], condition, first, fill)
                counts["fields found on the blank"].append(len(places) / total)
                _count(recognizer, form, template, places, counts)
        for name, values in counts.items():
            everything[name] += values
        yield {"condition": condition} | _means(counts)
    yield {"condition": "all"} | _means(everything)


def _count(
    recognizer: Recognizer, form: Form, template: Template, places: Sequence[int], counts: dict[str, list[float]]
) -> None:
    true, start = true_fields(form), time.process_time()
    try:
        record = recognizer.read_form(form.picture, template)
    except TemplateError:
        counts["forms recognized"].append(0)
        return
    counts["seconds a form"].append(time.process_time() - start)
    counts["forms recognized"].append(1)
    for field, place in zip(template.fields, places):
        _, kind, value = true[place]
        read = record[field.name]
        right = (read.value is bool(value)) if kind == "checkbox" else read.value.replace(" ", "") == value
        if kind != "checkbox" and not value:
            counts["empty left empty"].append(right)
            continue
        counts[f"{kind} right"].append(right)
        counts[f"{kind} sent to review"].append(bool(read.doubt))
        if kind == "digits":
            counts["digits score"].append(read.score)
        counts["score"].append(read.score)
        counts["right"].append(right)
        if not read.doubt:
            counts["right of what is not sent"].append(right)


def _means(counts: dict[str, list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: round(float(np.mean(values)), 4) for name, values in sorted(counts.items())}
    score, right = np.array(counts["score"]), np.array(counts["right"], float)
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = [abs(score[bins == i].sum() - right[bins == i].sum()) for i in range(BINS)]
    del found["digits score"]
    digits, hits = np.array(counts["digits score"]), np.array(counts["digits right"])
    curve = [(t, round(float((digits < t).mean()), 4), round(float(hits[digits >= t].mean()), 4)) for t in THRESHOLDS]
    found["digits sent, and right of the rest, below a score of"] = curve
    return found | {"fields": len(score), "ece": round(float(np.sum(gaps)) / max(len(score), 1), 4)}
