"""A template's file written, so that a person can edit it."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Sequence

from PIL import Image

from emnist_hf.forms.template_fields import TYPES, BlankPage, TemplateError, TemplateField, even_cells
from emnist_hf.forms.template_file import PICTURE_BYTES
from emnist_hf.forms.yaml_nodes import MOST_BYTES

_HEAD = """\
# The template of a form, for `python -m emnist_hf form read`. Edit it with any editor; save it as UTF-8.
#
# Each field has
#   name      what its column in the table is called
#   box       [left, top, right, bottom] in pixels of its page, as in the picture that --preview draws
#   page      the page that it is on, from 1
#   cells     how many cells its box has, for one character each, or the list of their boxes;
#             none where people write as they like
#   type      {types}
#   required  true, where it must not be empty
#   lexicon   [words, like, these] that a text is likely to consist of, which correct it
# Take out fields that you do not need. A template is this one file: it names no other, and opens none.

"""


def written(pages: Sequence[BlankPage], fields: Sequence[TemplateField]) -> str:
    """Return the text of a template, which `read_template` reads. Raises `TemplateError` where it is too large."""
    types = "\n#             ".join(f"{name:<10}{said}" for name, said in TYPES.items())
    lines = [_HEAD.format(types=types), "fields:\n"]
    lines += [_field_lines(field) for field in fields]
    lines.append("\npages:\n")
    most = min(PICTURE_BYTES, (MOST_BYTES - 200_000 - sum(map(len, lines))) // len(pages))
    lines += [f"  - size: {list(page.size)}\n    picture: |\n{_picture_lines(page, most)}" for page in pages]
    return "".join(lines)


def _field_lines(field: TemplateField) -> str:
    keys: dict[str, str] = {"name": _quoted(field.name), "page": str(field.page), "type": field.type}
    keys["box"] = str(list(field.box))
    if field.cells:
        even = even_cells(field.box, len(field.cells))
        keys["cells"] = str(len(field.cells)) if field.cells == even else str([list(cell) for cell in field.cells])
    keys |= {"required": "true"} if field.required else {}
    keys |= {"pattern": _quoted(field.pattern)} if field.pattern else {}
    for key, texts in (("choices", field.choices), ("lexicon", field.lexicon)):
        keys |= {key: "[" + ", ".join(map(_quoted, texts)) + "]"} if texts else {}
    first, *others = (f"{key}: {value}" for key, value in keys.items())
    return f"  - {first}\n" + "".join(f"    {line}\n" for line in others)


def _quoted(text: str) -> str:
    """Return a text as YAML has it, in quotes unless it is a plain word; those of JSON are YAML's too."""
    return text if re.fullmatch(r"[A-Za-z]\w*", text, re.ASCII) else json.dumps(text, ensure_ascii=False)


def _picture_lines(page: BlankPage, most: int) -> str:
    """Return the picture as indented base64 of at most so many characters, with fewer pixels where it needs it."""
    picture = Image.fromarray(page.picture)
    while True:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
        coded = base64.b64encode(buffer.getvalue()).decode("ascii")
        if len(coded) * 1.1 < most:
            return "".join(f"      {coded[i : i + 100]}\n" for i in range(0, len(coded), 100))
        if max(picture.size) < 600:
            raise TemplateError("The pages of the blank form are too many for one template: make one of each page.")
        picture = picture.resize((picture.width * 4 // 5, picture.height * 4 // 5), Image.Resampling.LANCZOS)
