"""A template's file read: its pages and fields, and the line of whatever is wrong in it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import yaml

from emnist_hf.forms.template_fields import SCORE, TAKEN, TYPES, BlankPage, TemplateError, TemplateField, even_cells
from emnist_hf.forms.yaml_nodes import MOST_BYTES, YamlReader, short
from emnist_hf.ink import PictureError, open_picture
from emnist_hf.ink.types import Bytes
from emnist_hf.reading.results import Box

PICTURE_BYTES = 1_000_000
"""Bytes of a page's picture at the most, as base64."""

MOST_FIELDS, MOST_PAGES, MOST_CELLS = 1000, 20, 200
LONGEST_NAME = 60
LEAST_SIDE = 4
"""Pixels of a side of a box at the least."""

SHARED = 0.05
"""Share of the smaller of two boxes from which they overlap; walls in common do not count."""

_KEYS = ("name", "page", "type", "box", "cells", "required", "pattern", "choices", "lexicon")


def read_template(data: bytes, name: str) -> tuple[list[BlankPage], list[TemplateField]]:
    """Return the pages and the fields of a template, the text of a file called `name`.

    Raises `TemplateError` with the line of what is wrong.
    """
    if len(data) > MOST_BYTES:
        raise TemplateError(
            "{file} is larger than {most} MB: a template is a small text file.", file=name, most=MOST_BYTES // 10**6
        )
    return _Reader(name).read(data)


class _Reader(YamlReader):
    """Reads one template."""

    def read(self, data: bytes) -> tuple[list[BlankPage], list[TemplateField]]:
        root = self.composed(data)
        if root is None:
            raise TemplateError("{file} is empty: make a template with `form new`.", file=self._name)
        parts = self.mapping(root, ("fields", "pages"), ("fields", "pages"))
        nodes = self.items(parts["pages"], MOST_PAGES)
        pages = [self._page(node) for node in nodes]
        if not pages:
            self.fail(parts["pages"], "a form has at least one page.")
        nodes = self.items(parts["fields"], MOST_FIELDS)
        if not nodes:
            self.fail(parts["fields"], "a form has at least one field.")
        fields = [self._field(node, pages) for node in nodes]
        self._check_names(fields, nodes)
        self._check_overlaps(fields, nodes)
        return pages, fields

    def _page(self, node: Any) -> BlankPage:
        parts = self.mapping(node, ("size", "picture"), ("size", "picture"))
        sides = [self.whole(one) for one in self.items(parts["size"], 2)]
        if len(sides) != 2 or min(sides) < 50 or max(sides) > 20_000:
            self.fail(parts["size"], "a page has a width and a height, of 50 to 20000 pixels.")
        picture = self._picture(parts["picture"])
        height, width = picture.shape
        if width > sides[0] + 1 or abs(width / height / (sides[0] / sides[1]) - 1) > 0.02:
            self.fail(parts["picture"], "the picture has another shape than the page: make the template anew.")
        return BlankPage((sides[0], sides[1]), picture)

    def _picture(self, node: Any) -> Bytes:
        """Return the grey picture in a node of base64, uint8 [H, W]."""
        coded = "".join(node.value.split()) if isinstance(node, yaml.ScalarNode) else ""
        if len(coded) > PICTURE_BYTES:
            self.fail(node, "the picture is larger than {most} MB.", most=PICTURE_BYTES // 10**6)
        try:
            data = base64.b64decode(coded, validate=True)
            if not data.startswith(b"\x89PNG"):
                raise ValueError
            return np.asarray(open_picture(data).convert("L"))
        except (PictureError, binascii.Error, ValueError):
            self.fail(node, "the picture of the blank form is missing or damaged: make the template anew.")

    def _field(self, node: Any, pages: Sequence[BlankPage]) -> TemplateField:
        parts = self.mapping(node, _KEYS, ("name", "type", "box"))
        name, kind = self._name_of(parts["name"]), self.text(parts["type"])
        if kind not in TYPES:
            self.fail(parts["type"], "there is no type {type}, only {types}.", type=short(kind), types=", ".join(TYPES))
        page = self.whole(parts["page"]) if "page" in parts else 1
        if not 1 <= page <= len(pages):
            self.fail(parts["page"], "there is no page {page}.", page=page)
        size = pages[page - 1].size
        box = self._box(parts["box"], (0, 0, *size), "the page")
        cells = self._cells(parts["cells"], box) if "cells" in parts else ()
        for key, kinds in (("pattern", ("date",)), ("choices", ("choice",)), ("lexicon", ("text", "uppercase"))):
            if key in parts and kind not in kinds:
                self.fail(parts[key], "a field of type {type} has no {key}.", type=kind, key=key)
            if key not in parts and kind in kinds and key != "lexicon":
                self.fail(node, "a field of type {type} needs its {key}.", type=kind, key=key)
        return TemplateField(
            name,
            box,
            kind,
            cells,
            page,
            "required" in parts and self.flag(parts["required"]),
            self._pattern(parts["pattern"]) if "pattern" in parts else "",
            self.texts(parts["choices"]) if "choices" in parts else (),
            self.texts(parts["lexicon"]) if "lexicon" in parts else (),
        )

    def _name_of(self, node: Any) -> str:
        name = self.text(node, LONGEST_NAME)
        if name in TAKEN or name.endswith(SCORE) or ";" in name:
            self.fail(node, "no field may be called {name}: it would be mistaken in the table.", name=name)
        return name

    def _pattern(self, node: Any) -> str:
        pattern = self.text(node, 40)
        written = datetime(2001, 12, 31).strftime(pattern)
        try:
            if "%" not in pattern or datetime.strptime(written, pattern).strftime(pattern) != written:
                raise ValueError
        except (ValueError, re.error):
            self.fail(node, "the pattern {pattern} is no date's: %d.%m.%Y is one.", pattern=pattern)
        return pattern

    def _box(self, node: Any, around: Box, what: str) -> Box:
        places = [self.whole(one) for one in self.items(node, 4)]
        if len(places) != 4:
            self.fail(node, "a box has four numbers: left, top, right and bottom.")
        left, top, right, bottom = places
        if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
            self.fail(node, "the box has no size: its right is right of its left, its bottom below its top.")
        if left < around[0] or top < around[1] or right > around[2] or bottom > around[3]:
            self.fail(node, "the box lies outside of {what}, which is {around}.", what=what, around=list(around))
        return left, top, right, bottom

    def _cells(self, node: Any, box: Box) -> tuple[Box, ...]:
        if isinstance(node, yaml.SequenceNode):
            cells = [self._box(one, box, "the field's box") for one in self.items(node, MOST_CELLS)]
            if not cells:
                self.fail(node, "the list is empty.")
            cells.sort()
            if any(_overlap(before, cell) for before, cell in pairwise(cells)):
                self.fail(node, "the cells overlap.")
            return tuple(cells)
        count = self.whole(node)
        if not 1 <= count <= MOST_CELLS or (box[2] - box[0]) < LEAST_SIDE * count:
            self.fail(
                node, "a field has 1 to {most} cells, each at least {least} wide.", most=MOST_CELLS, least=LEAST_SIDE
            )
        return even_cells(box, count)

    def _check_names(self, fields: Sequence[TemplateField], nodes: Sequence[Any]) -> None:
        seen: set[str] = set()
        for field, node in zip(fields, nodes):
            if field.name in seen:
                self.fail(node, "another field is called {name} too.", name=field.name)
            seen.add(field.name)

    def _check_overlaps(self, fields: Sequence[TemplateField], nodes: Sequence[Any]) -> None:
        boxes, pages = np.array([field.box for field in fields]), np.array([field.page for field in fields])
        areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        for place, (field, node) in enumerate(zip(fields, nodes)):
            low, high = (np.array(side) for side in (field.box[:2], field.box[2:]))
            shared = np.minimum(boxes[:place, 2:], high) - np.maximum(boxes[:place, :2], low)
            over = np.prod(np.maximum(shared, 0), axis=1) > SHARED * np.minimum(areas[:place], areas[place])
            for other in np.flatnonzero(over & (pages[:place] == field.page))[:1].tolist():
                self.fail(node, "the boxes of {name} and {other} overlap.", name=field.name, other=fields[other].name)


def _overlap(a: Box, b: Box) -> bool:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return across > 0 and down > 0 and across * down > SHARED * smaller
