"""The review of filled forms: an HTML page with what is doubtful, to correct without a server or a network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from collections.abc import Sequence
from pathlib import Path
from string import Template as Text
from typing import Any

import cv2
import numpy as np
from PIL import Image

from emnist_hf.cli.batch import Key, key_of
from emnist_hf.cli.form_table import columns, doubt_in, row_of
from emnist_hf.errors import EmnistError
from emnist_hf.forms.template_fields import TemplateField
from emnist_hf.reading.results import FormRecord, FormValue, Record

MOST_CROPS = 600
"""Doubtful fields of one page: more go on the next."""

MARGIN, MOST_WIDTH, MOST_HEIGHT = 0.15, 900, 400
"""What a crop shows around its field, of its height; pixels of a crop at the most."""

_FOLDER = Path(__file__).parent


class ReviewError(EmnistError):
    """The review cannot be written where it was asked for."""


class Review:
    """The review of a table in a folder: crops first, one by one, then the pages that show them."""

    def __init__(self, folder: Path, fields: Sequence[TemplateField], table: Path) -> None:
        """Make the folder. Raises `ReviewError` where nothing can be written."""
        self._crops, self._folder = folder / "crops", folder
        self._fields, self._name = fields, f"{table.stem}.csv"
        try:
            self._crops.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReviewError(f"{folder} cannot be made ({error.strerror}): choose another folder.") from None
        if not os.access(self._crops, os.W_OK):
            raise ReviewError(f"Nothing can be written to {folder}: choose another folder.")

    def keep(self, key: Key, record: FormRecord, pictures: Sequence[Image.Image]) -> None:
        """Keep what the doubtful fields of a form look like."""
        for name in record.doubtful:
            value = record[name]
            if value.page:
                self._crop(key, name).write_bytes(_jpeg(_cropped(pictures[value.page - 1], value)))

    def has(self, record: Record) -> bool:
        """Tell whether what a record has of doubtful fields was kept."""
        doubtful = [f.name for f in self._fields if doubt_in(record.get("fields") or {}, f.name)]
        return all(self._crop(key_of(record), name).is_file() for name in doubtful)

    def _crop(self, key: Key, name: str) -> Path:
        return self._crops / f"{hashlib.sha256(json.dumps([*key, name]).encode()).hexdigest()[:24]}.jpg"

    def write(self, records: Sequence[Record]) -> Path:
        """Write the pages, and return the first; those of an earlier review go away."""
        rows = [row_of(record, self._fields) for record in records]
        marks = [mark for place, record in enumerate(records) for mark in self._marks(place, record)]
        parts = [marks[start : start + MOST_CROPS] for start in range(0, len(marks), MOST_CROPS)] or [[]]
        for old in self._folder.glob("review-*.html"):
            old.unlink()
        names = ["index.html", *(f"review-{number}.html" for number in range(2, len(parts) + 1))]
        table = [[_shown(row[name]) for name in columns(self._fields)] for row in rows]
        errors = [(record["file"], record["error"]) for record in records if record.get("error")]
        for name, part in zip(names, parts):
            (self._folder / name).write_text(self._page(table, part, names, name, errors), encoding="utf-8")
        return self._folder / names[0]

    def _marks(self, place: int, record: Record) -> list[Record]:
        """Return what there is to look at in a record, the one in this place of the table."""
        values = record.get("fields") or {}
        return [
            {
                "row": place,
                "name": field.name,
                "why": why,
                "type": field.type,
                "choices": list(field.choices),
                "crop": self._crop(key_of(record), field.name),
            }
            for field in self._fields
            if (why := doubt_in(values, field.name))
        ]

    def _page(
        self,
        table: list[list[str]],
        marks: list[Record],
        names: list[str],
        name: str,
        errors: list[tuple[str, str]],
    ) -> str:
        style, script = ((_FOLDER / f"review.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
        marks = [mark | {"crop": _address(mark["crop"]), "number": i} for i, mark in enumerate(marks)]
        data = {"name": self._name, "columns": columns(self._fields), "rows": table, "marks": marks}
        links = [
            html.escape(other) if other == name else f'<a href="{html.escape(other)}">{html.escape(other)}</a>'
            for other in names
        ]
        failed = [f"<li>{html.escape(f'{file}: {error}')}</li>" for file, error in errors]
        return Text((_FOLDER / "review.html").read_text(encoding="utf-8")).substitute(
            policy=(
                f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
                "base-uri 'none'; form-action 'none'"
            ),
            style=style,
            script=script,
            pages=f"<p>Pages: {' '.join(links)}. Save on each, and load what you saved on the next.</p>"
            if len(names) > 1
            else "",
            errors=f'<div class="errors"><p>These could not be read:</p><ul>{"".join(failed)}</ul></div>'
            if failed
            else "",
            data=_inert_json(data),
        )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _inert_json(data: Any) -> str:
    """Return JSON that stands in a script element: nothing in it ends that, or begins a comment."""
    text = json.dumps(data, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _address(path: Path) -> str:
    if not path.is_file():
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _cropped(picture: Image.Image, value: FormValue) -> Any:
    """Return a field with a little around it, as the form stands upright, uint8 [h, w, 3]."""
    corners = np.array(value.corners, np.float32)
    ways = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = float(ways[0] + ways[2]) / 2, float(ways[1] + ways[3]) / 2
    margin = MARGIN * height + 4
    scale = min(1.0, MOST_WIDTH / (width + 2 * margin), MOST_HEIGHT / (height + 2 * margin))
    size = max(1, round((width + 2 * margin) * scale)), max(1, round((height + 2 * margin) * scale))
    low, right, bottom = margin * scale, (margin + width) * scale, (margin + height) * scale
    target = np.array([[low, low], [right, low], [right, bottom], [low, bottom]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(np.asarray(picture), matrix, size, borderValue=(255, 255, 255))


def _jpeg(rgb: Any) -> bytes:
    _, data = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])
    return bytes(data)
